#!/usr/bin/env python3
"""The rules that the deployed system keeps, checked on the expanded template.

    template_rules.py expand TEMPLATE OUT    the template as CloudFormation gets it, as JSON
    template_rules.py check TEMPLATE         every rule on the expanded template; exit 1 if one is broken
    template_rules.py self-test TEMPLATE     plants one fault per rule and more, and sees each one found
    template_rules.py picture TEMPLATE       draws the deployed system anew, between its marks in ARCHITECTURE.md

The SAM template is expanded first (aws-sam-translator): on the short form a checker sees almost nothing.
A wildcard is broken unless it stands in ALLOWED_WILDCARDS, with its reason.
"""

import copy
import json
import os
import pathlib
import re
import sys

import event_shapes
import template_picture

ROOT = pathlib.Path(__file__).resolve().parent.parent
PICTURE_PAGE = "ARCHITECTURE.md"

# What may hold a `*` in an Allow statement: the text after the account, and why.
ALLOWED_WILDCARDS = {
    "secret:weir/${Stage}/connection/*": "one secret per connection, made at run time; the prefix is the stage's own",
}

# Amazon's own account: Selling Partner API notifications are sent by it.
NOTIFICATION_SENDERS = {"437568002678"}

MIN_RECEIVES = 5
VISIBILITY_FACTOR = 6
DEAD_LETTER_RETENTION = 14 * 24 * 3600
DEFAULT_RETENTION = 4 * 24 * 3600
MIN_TOKEN = 40
APP_ID_LIMIT = 50  # of AWS, for the name in a user agent
CANARY = "CodeDeployDefault.LambdaCanary10Percent5Minutes"
# What local emulators do not know: the same template is to work there, so a parameter leaves it out.
NOT_IN_EMULATORS = ("AWS::CodeDeploy::", "AWS::EventSchemas::")
SECRET_LIKE = re.compile(r"SECRET|TOKEN|PASSWORD|PASSWD|CREDENTIAL|PRIVATE|API_?KEY|ACCESS_?KEY", re.I)
POINTER = re.compile(r"_(ARN|NAME|ID|PREFIX|URL)$", re.I)


# ---------------------------------------------------------------- expansion


class NoManagedPolicies:
    """Roles are written out here, so no name of a managed policy is ever looked up."""

    def load(self):
        return {}


def read_template(path):
    from samcli.yamlhelper import yaml_parse

    return yaml_parse(pathlib.Path(path).read_text())


def expand(template):
    """The SAM template as plain CloudFormation. Code stands where `sam deploy` would put it."""
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")
    from samtranslator.translator.transform import transform

    template = json.loads(json.dumps(template))
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://artifacts/" + resource["Properties"]["CodeUri"].strip("/")
    return json.loads(json.dumps(transform(template, {}, NoManagedPolicies())))


# ---------------------------------------------------------------- reading the expanded template


def of_type(template, kind):
    return {name: r for name, r in template["Resources"].items() if r["Type"] == kind}


def properties(resource):
    return resource.get("Properties", {})


def pointed(value):
    """The logical name that a Ref or a GetAtt points at, else None."""
    if isinstance(value, dict):
        if "Ref" in value:
            return value["Ref"]
        if "Fn::GetAtt" in value:
            at = value["Fn::GetAtt"]
            return at[0] if isinstance(at, list) else at.split(".")[0]
    return None


def listed(value):
    return value if isinstance(value, list) else [value]


def functions(template):
    return of_type(template, "AWS::Lambda::Function")


def mappings(template):
    """(name, properties, what it reads, function) of every event source mapping."""
    for name, resource in of_type(template, "AWS::Lambda::EventSourceMapping").items():
        p = properties(resource)
        yield name, p, pointed(p.get("EventSourceArn")), pointed(p.get("FunctionName"))


def queue_mappings(template):
    queues = of_type(template, "AWS::SQS::Queue")
    return [m for m in mappings(template) if m[2] in queues]


def stream_mappings(template):
    tables = of_type(template, "AWS::DynamoDB::Table")
    return [m for m in mappings(template) if m[2] in tables]


def dead_letter_queues(template):
    """The queues that something fails into: by redrive, by a schedule, by an asynchronous or a stream failure."""
    found = set()
    for resource in of_type(template, "AWS::SQS::Queue").values():
        found.add(pointed(properties(resource).get("RedrivePolicy", {}).get("deadLetterTargetArn")))
    for resource in of_type(template, "AWS::Scheduler::Schedule").values():
        found.add(pointed(properties(resource).get("Target", {}).get("DeadLetterConfig", {}).get("Arn")))
    for resource in of_type(template, "AWS::Lambda::EventInvokeConfig").values():
        found.add(pointed(properties(resource).get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")))
    for _, p, _, _ in mappings(template):
        found.add(pointed(p.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")))
    return found - {None}


def scheduled_functions(template):
    for name, resource in of_type(template, "AWS::Scheduler::Schedule").items():
        yield name, properties(resource), pointed(properties(resource).get("Target", {}).get("Arn"))


def called(template, value):
    """The function that a Ref or a GetAtt means: itself, or the one behind its alias."""
    name = pointed(value)
    alias = of_type(template, "AWS::Lambda::Alias").get(name)
    return pointed(properties(alias).get("FunctionName")) if alias else name


def asked_functions(template):
    """Functions that somebody waits for, so that a failure is that caller's answer."""
    found = set()
    for resource in of_type(template, "AWS::ApiGatewayV2::Integration").values():
        found.add(called(template, properties(resource).get("IntegrationUri")))
    return found - {None}


def statements(template):
    """(place, statement, is it the policy of a role) of every policy in the template."""
    for name, resource in template["Resources"].items():
        p = properties(resource)
        if resource["Type"] == "AWS::IAM::Role":
            for policy in p.get("Policies", []):
                for s in listed(policy["PolicyDocument"]["Statement"]):
                    yield name, s, True
            for s in listed(p["AssumeRolePolicyDocument"]["Statement"]):
                yield name, s, False
        elif resource["Type"] in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
            for s in listed(p["PolicyDocument"]["Statement"]):
                yield name, s, True
        elif "PolicyDocument" in p:
            for s in listed(p["PolicyDocument"]["Statement"]):
                yield name, s, False


def allowed(template, role):
    """(actions, logical name of what they are allowed on) of every resource that a role's statements name."""
    for name, s, of_role in statements(template):
        if name == role and of_role and s.get("Effect") == "Allow":
            for resource in listed(s["Resource"]):
                yield set(listed(s["Action"])), pointed(resource)


def suffixed(name, suffix):
    """A queue's name, plain or substituted, with something behind it."""
    return {"Fn::Sub": name["Fn::Sub"] + suffix} if isinstance(name, dict) else f"{name}{suffix}"


def written(value):
    """A value as a substitution writes it."""
    if isinstance(value, dict):
        return "${" + (value["Ref"] if "Ref" in value else ".".join(value["Fn::GetAtt"])) + "}"
    return value


def alarms_on(template, metric, target, index=None):
    """Whether an alarm watches this metric of this resource as a whole, or of this index of it."""
    for resource in of_type(template, "AWS::CloudWatch::Alarm").values():
        p = properties(resource)
        dimensions = {d["Name"]: d["Value"] for d in p.get("Dimensions", [])}
        narrow = "ExecutedVersion" in dimensions or dimensions.get("GlobalSecondaryIndexName") != index
        if p.get("MetricName") == metric and not narrow and target in map(pointed, dimensions.values()):
            return True
    return False


# ---------------------------------------------------------------- the rules

RULES = {}


def rule(check):
    RULES[check.__name__.replace("_", "-")] = check
    return check


@rule
def partial_batches(t):
    """Every mapping answers per message: without it one bad message fails its whole batch."""
    for name, p, _, _ in mappings(t):
        if p.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
            yield f"{name}: FunctionResponseTypes is not [ReportBatchItemFailures]"


@rule
def redrive(t):
    """Every queue that a function reads has dead letters after five receives or more."""
    queues = of_type(t, "AWS::SQS::Queue")
    for _, _, queue, _ in queue_mappings(t):
        policy = properties(queues[queue]).get("RedrivePolicy", {})
        if pointed(policy.get("deadLetterTargetArn")) not in queues:
            yield f"{queue}: no dead-letter queue of this template"
        if int(policy.get("maxReceiveCount", 0)) < MIN_RECEIVES:
            yield f"{queue}: maxReceiveCount is below {MIN_RECEIVES}"
        dead = properties(queues.get(pointed(policy.get("deadLetterTargetArn")), {})).get("QueueName")
        if dead != suffixed(properties(queues[queue]).get("QueueName"), "-dead"):
            yield f"{queue}: its dead letters are not found by its own name and -dead"


@rule
def visibility(t):
    """A message stays hidden for six times the time that its function may take."""
    queues, all_functions = of_type(t, "AWS::SQS::Queue"), functions(t)
    for _, _, queue, function in queue_mappings(t):
        hidden = int(properties(queues[queue]).get("VisibilityTimeout", 30))
        timeout = int(properties(all_functions[function]).get("Timeout", 3))
        if hidden < VISIBILITY_FACTOR * timeout:
            yield f"{queue}: visible again after {hidden} s, below {VISIBILITY_FACTOR} x {timeout} s of {function}"


@rule
def dead_letter_retention(t):
    """Dead letters stay 14 days, and longer than they could have stayed where they came from."""
    queues = of_type(t, "AWS::SQS::Queue")
    for name in sorted(dead_letter_queues(t)):
        kept = int(properties(queues[name]).get("MessageRetentionPeriod", DEFAULT_RETENTION))
        if kept != DEAD_LETTER_RETENTION:
            yield f"{name}: kept for {kept} s, not for 14 days"
        for source, resource in queues.items():
            if pointed(properties(resource).get("RedrivePolicy", {}).get("deadLetterTargetArn")) == name:
                if int(properties(resource).get("MessageRetentionPeriod", DEFAULT_RETENTION)) >= kept:
                    yield f"{name}: kept no longer than its source {source}"


@rule
def table_safety(t):
    """The table outlives mistakes: recovery to any second, protected, kept when the stack goes."""
    for name, resource in of_type(t, "AWS::DynamoDB::Table").items():
        p = properties(resource)
        if p.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled") is not True:
            yield f"{name}: no point-in-time recovery"
        if p.get("DeletionProtectionEnabled") is not True:
            yield f"{name}: no deletion protection"
        if resource.get("DeletionPolicy") != "Retain" or resource.get("UpdateReplacePolicy") != "Retain":
            yield f"{name}: not retained on deletion and on replacement"


@rule
def encryption(t):
    """Tables under KMS, queues under SSE."""
    for name, resource in of_type(t, "AWS::DynamoDB::Table").items():
        sse = properties(resource).get("SSESpecification", {})
        if sse.get("SSEEnabled") is not True or sse.get("SSEType") != "KMS":
            yield f"{name}: not encrypted under KMS"
    for name, resource in of_type(t, "AWS::SQS::Queue").items():
        p = properties(resource)
        if p.get("SqsManagedSseEnabled") is not True and "KmsMasterKeyId" not in p:
            yield f"{name}: not encrypted"


@rule
def no_wildcards(t):
    """No `*` in what is allowed, but the listed ones; nothing allowed by exclusion."""
    for name, s, of_role in statements(t):
        if s.get("Effect") != "Allow":
            continue
        for key in ("NotAction", "NotResource", "NotPrincipal"):
            if key in s:
                yield f"{name}: {key} allows all the rest"
        for action in listed(s.get("Action", [])):
            if "*" in str(action):
                yield f"{name}: action {action}"
        for resource in listed(s.get("Resource", [])):
            text = resource.get("Fn::Sub", resource) if isinstance(resource, dict) else resource
            text = text[0] if isinstance(text, list) else text
            if isinstance(text, str) and "*" in text and not any(text.endswith(":" + a) for a in ALLOWED_WILDCARDS):
                yield f"{name}: resource {text}"
            if isinstance(text, dict) and "*" in json.dumps(text):
                yield f"{name}: resource {json.dumps(text)}"
        if of_role and not s.get("Resource"):
            yield f"{name}: a statement without a resource"


@rule
def no_open_principals(t):
    """Nobody outside this account may do anything, but Amazon send its notifications."""
    for name, s, _ in statements(t):
        if s.get("Effect") != "Allow" or "Principal" not in s:
            continue
        principal = s["Principal"]
        if principal == "*" or (isinstance(principal, dict) and "*" in listed(principal.get("AWS", []))):
            yield f"{name}: everybody"
            continue
        for account in listed(principal.get("AWS", [])):
            found = set(re.findall(r"\d{12}", json.dumps(account)))
            if found - NOTIFICATION_SENDERS:
                yield f"{name}: account {sorted(found - NOTIFICATION_SENDERS)}"


@rule
def own_role(t):
    """One role per function, written out here: AWS's managed policies hold wildcards."""
    seen = {}
    roles = of_type(t, "AWS::IAM::Role")
    for name, resource in functions(t).items():
        role = pointed(properties(resource).get("Role"))
        if role not in roles:
            yield f"{name}: its role is not of this template"
        elif role in seen:
            yield f"{name}: shares {role} with {seen[role]}"
        seen[role] = name
    for name, resource in roles.items():
        if properties(resource).get("ManagedPolicyArns"):
            yield f"{name}: managed policies"


@rule
def logs(t):
    """Every log group has its end; every function logs JSON into a group of this template."""
    groups = of_type(t, "AWS::Logs::LogGroup")
    for name, resource in groups.items():
        if "RetentionInDays" not in properties(resource):
            yield f"{name}: kept for ever"
    for name, resource in functions(t).items():
        config = properties(resource).get("LoggingConfig", {})
        if pointed(config.get("LogGroup")) not in groups:
            yield f"{name}: logs into a group that is not of this template"
        if config.get("LogFormat") != "JSON":
            yield f"{name}: does not log JSON"


@rule
def no_secret_in_the_environment(t):
    """What is secret comes from the secret store; the environment is seen by whoever reads the function."""
    secrets = of_type(t, "AWS::SecretsManager::Secret")
    for name, resource in functions(t).items():
        for key, value in properties(resource).get("Environment", {}).get("Variables", {}).items():
            if SECRET_LIKE.search(key) and not POINTER.search(key) and pointed(value) not in secrets:
                yield f"{name}: {key}"
            if isinstance(value, str) and re.search(r"Atz[ar]\||shp(at|ss|ca)_|AKIA[0-9A-Z]{16}", value):
                yield f"{name}: the value of {key}"
            if isinstance(value, dict) and "resolve:secretsmanager" in json.dumps(value):
                yield f"{name}: {key} is resolved into plain text"


@rule
def function_limits(t):
    """Every function says its time and its memory, and runs on the supported runtime."""
    for name, resource in functions(t).items():
        p = properties(resource)
        for key in ("Timeout", "MemorySize", "Description"):
            if key not in p:
                yield f"{name}: no {key}"
        if p.get("Runtime") != "provided.al2023":
            yield f"{name}: runtime {p.get('Runtime')}"


@rule
def failure_destination(t):
    """What a function fails at goes somewhere: dead letters, a failure destination, or a caller who waits."""
    queues = of_type(t, "AWS::SQS::Queue")
    covered = set(asked_functions(t))
    for _, _, queue, function in queue_mappings(t):
        if properties(queues[queue]).get("RedrivePolicy"):
            covered.add(function)
    for _, p, _, function in stream_mappings(t):
        if pointed(p.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")) in queues:
            covered.add(function)
    for resource in of_type(t, "AWS::Lambda::EventInvokeConfig").values():
        p = properties(resource)
        if pointed(p.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")) in queues:
            covered.add(pointed(p.get("FunctionName")))
    for name in functions(t):
        if name not in covered:
            yield f"{name}: no dead letters, no failure destination"


@rule
def streams(t):
    """A poison record never holds its shard for ever: split, retry a bounded number of times, report, go on."""
    for name, p, _, _ in stream_mappings(t):
        if p.get("BisectBatchOnFunctionError") is not True:
            yield f"{name}: does not split a failing batch"
        if not 0 <= int(p.get("MaximumRetryAttempts", -1)) <= 10:
            yield f"{name}: retries without end"
        if not p.get("FilterCriteria"):
            yield f"{name}: woken by every write"
        if p.get("StartingPosition") != "TRIM_HORIZON":
            yield f"{name}: skips what was written before it was made"


@rule
def schedules(t):
    """Schedules run in UTC and have dead letters; what they start asynchronously has a failure destination."""
    invoke = {
        pointed(properties(r).get("FunctionName")): properties(r)
        for r in of_type(t, "AWS::Lambda::EventInvokeConfig").values()
    }
    for name, p, function in scheduled_functions(t):
        if p.get("ScheduleExpressionTimezone", "UTC") != "UTC":
            yield f"{name}: not in UTC"
        if not p.get("Target", {}).get("DeadLetterConfig", {}).get("Arn"):
            yield f"{name}: no dead letters"
        if not invoke.get(function, {}).get("DestinationConfig", {}).get("OnFailure"):
            yield f"{name}: {function} fails to nowhere"
    if of_type(t, "AWS::Events::Rule"):
        rules = of_type(t, "AWS::Events::Rule")
        for name in rules:
            if "ScheduleExpression" in properties(rules[name]):
                yield f"{name}: a scheduled rule; use a schedule"


@rule
def throttled_workers(t):
    """A worker of a queue has a bound: it calls a channel that throttles, or a table that others need."""
    for name, p, _, _ in queue_mappings(t):
        if not p.get("ScalingConfig", {}).get("MaximumConcurrency"):
            yield f"{name}: no MaximumConcurrency"


@rule
def tls_only(t):
    """No queue and no bucket is spoken to in the clear."""
    guarded = set()
    for resource in (of_type(t, "AWS::SQS::QueuePolicy") | of_type(t, "AWS::S3::BucketPolicy")).values():
        p = properties(resource)
        for s in listed(p["PolicyDocument"]["Statement"]):
            if s["Effect"] == "Deny" and s.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport") == "false":
                guarded.update(pointed(q) for q in p.get("Queues", [p.get("Bucket")]))
    for name in of_type(t, "AWS::SQS::Queue") | of_type(t, "AWS::S3::Bucket"):
        if name not in guarded:
            yield f"{name}: no policy that denies plain HTTP"


@rule
def buckets(t):
    """A bucket is private, encrypted under KMS, outlives its stack, and forgets in time."""
    for name, resource in of_type(t, "AWS::S3::Bucket").items():
        p = properties(resource)
        public = p.get("PublicAccessBlockConfiguration", {})
        for key in ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"):
            if public.get(key) is not True:
                yield f"{name}: {key} is off"
        owners = [o.get("ObjectOwnership") for o in p.get("OwnershipControls", {}).get("Rules", [])]
        if owners != ["BucketOwnerEnforced"]:
            yield f"{name}: what another account writes would be its own"
        keys = p.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", [])
        if [k.get("ServerSideEncryptionByDefault", {}).get("SSEAlgorithm") for k in keys] != ["aws:kms"]:
            yield f"{name}: not encrypted under KMS"
        if not all(k.get("BucketKeyEnabled") is True for k in keys):
            yield f"{name}: asks for a key for each object"
        ends = [r for r in p.get("LifecycleConfiguration", {}).get("Rules", []) if r.get("Status") == "Enabled"]
        if not any("ExpirationInDays" in r for r in ends):
            yield f"{name}: keeps for ever"
        if not any("AbortIncompleteMultipartUpload" in r for r in ends):
            yield f"{name}: keeps halves of uploads"
        if resource.get("DeletionPolicy") != "Retain" or resource.get("UpdateReplacePolicy") != "Retain":
            yield f"{name}: not retained on deletion and on replacement"
        if "BucketName" in p:
            yield f"{name}: named, so that a retained one stands in the way of the next"


@rule
def made_secrets(t):
    """A secret of the template is made by the secret store: nobody chooses it, and no template holds it."""
    for name, resource in of_type(t, "AWS::SecretsManager::Secret").items():
        p = properties(resource)
        made = p.get("GenerateSecretString", {})
        if "SecretString" in p or not made:
            yield f"{name}: its value is in the template"
        if int(made.get("PasswordLength", 32)) < MIN_TOKEN:
            yield f"{name}: shorter than {MIN_TOKEN} characters"
        if made.get("ExcludePunctuation") is not True:
            yield f"{name}: characters that a header or a shell reads otherwise"
        readers = [r for r in of_type(t, "AWS::IAM::Role") for _, target in allowed(t, r) if target == name]
        if len(readers) != 1:
            yield f"{name}: read by {sorted(readers)}, not by one role"


@rule
def events(t):
    """The schemas of the bus say what the code announces, event by event and field by field."""
    registries = of_type(t, "AWS::EventSchemas::Registry")
    described = {}
    for name, resource in of_type(t, "AWS::EventSchemas::Schema").items():
        p = properties(resource)
        if pointed(p.get("RegistryName")) not in registries:
            yield f"{name}: not in a registry of this template"
        try:
            schemas = json.loads(p["Content"])["components"]["schemas"]
            envelope = schemas["AWSEvent"]
            event = envelope["x-amazon-events-detail-type"]
            detail = schemas[event]
            described[event] = {field: of["type"] for field, of in detail["properties"].items()}
            if envelope["properties"]["detail"] != {"$ref": f"#/components/schemas/{event}"}:
                yield f"{name}: its detail is another's"
            if sorted(detail["required"]) != sorted(described[event]):
                yield f"{name}: its required fields are not all of its fields"
            if p.get("SchemaName") != f"{envelope['x-amazon-events-source']}@{event}":
                yield f"{name}: not named after its source and its event"
            if envelope["x-amazon-events-source"] != event_shapes.source():
                yield f"{name}: announced by {event_shapes.source()}"
        except (KeyError, ValueError) as error:
            yield f"{name}: not a schema of an event: {error!r}"
    try:
        announced = event_shapes.shapes()
    except event_shapes.NotUnderstood as error:
        yield f"the events of the code are not understood: {error}"
        return
    for event in sorted(set(announced) | set(described)):
        if announced.get(event) != described.get(event):
            yield f"{event}: announced as {announced.get(event)}, described as {described.get(event)}"


@rule
def own_name(t):
    """Each function says who calls: the user agent of its calls, and so CloudTrail, holds its name."""
    for name, resource in functions(t).items():
        p = properties(resource)
        said = p.get("Environment", {}).get("Variables", {}).get("AWS_SDK_UA_APP_ID")
        if not isinstance(said, str) or p.get("FunctionName") != {"Fn::Sub": said.replace("weir-", "weir-${Stage}-", 1)}:
            yield f"{name}: calls AWS as {said}, not under its own name"
        elif len(said) > APP_ID_LIMIT:
            yield f"{name}: {said} is longer than {APP_ID_LIMIT} characters"


@rule
def emulators(t):
    """What local emulators lack can be left out by a parameter."""
    for name, resource in t["Resources"].items():
        if resource["Type"].startswith(NOT_IN_EMULATORS) and "Condition" not in resource:
            yield f"{name}: always there, and no emulator has an {resource['Type']}"


@rule
def gradual(t):
    """Who waits for an answer meets a new version gradually, and an alarm takes it back."""
    aliases, groups = of_type(t, "AWS::Lambda::Alias"), of_type(t, "AWS::CodeDeploy::DeploymentGroup")
    doors = [(n, properties(r).get("IntegrationUri")) for n, r in of_type(t, "AWS::ApiGatewayV2::Integration").items()]
    doors += [(n, properties(r).get("FunctionName")) for n, r in of_type(t, "AWS::Lambda::Permission").items()]
    for name, value in doors:
        alias = aliases.get(pointed(value))
        if not alias:
            yield f"{name}: calls a function itself, so that each version gets all calls at once"
            continue
        policy = alias.get("UpdatePolicy", {}).get("CodeDeployLambdaAliasUpdate", {})
        policy = policy["Fn::If"][1] if "Fn::If" in policy else policy
        group = properties(groups.get(pointed(policy.get("DeploymentGroupName")), {}))
        if group.get("DeploymentConfigName") != CANARY:
            yield f"{name}: its alias does not change over gradually"
        if "DEPLOYMENT_STOP_ON_ALARM" not in group.get("AutoRollbackConfiguration", {}).get("Events", []):
            yield f"{name}: an alarm takes nothing back"
        watched = [pointed(a["Name"]) for a in group.get("AlarmConfiguration", {}).get("Alarms", [])]
        metrics = [properties(r) for n, r in of_type(t, "AWS::CloudWatch::Alarm").items() if n in watched]
        if not any(d["Name"] == "ExecutedVersion" for p in metrics for d in p["Dimensions"]):
            yield f"{name}: no alarm looks at the new version alone"
        if not {"Errors", "5xx"} <= {p["MetricName"] for p in metrics}:
            yield f"{name}: errors of the function or of the API take nothing back"


@rule
def dashboard(t):
    """What rings can be seen: every metric of every alarm is on the dashboard."""
    shown = set()
    for name, resource in of_type(t, "AWS::CloudWatch::Dashboard").items():
        body = properties(resource).get("DashboardBody", {})
        try:
            for widget in json.loads(body["Fn::Sub"])["widgets"]:
                shown.update(tuple(x for x in metric if isinstance(x, str)) for metric in widget["properties"]["metrics"])
        except (KeyError, TypeError, ValueError) as error:
            yield f"{name}: not a dashboard: {error!r}"
    for name, resource in of_type(t, "AWS::CloudWatch::Alarm").items():
        p = properties(resource)
        # A dashboard would need the version's number; the function's line holds it.
        dimensions = [d for d in p["Dimensions"] if d["Name"] not in ("Resource", "ExecutedVersion")]
        metric = [p["Namespace"], p["MetricName"]] + [x for d in dimensions for x in (d["Name"], written(d["Value"]))]
        if tuple(metric) not in shown:
            yield f"{name}: {' '.join(metric)} is on no dashboard"


@rule
def picture(t):
    """The picture of the deployed system shows this one."""
    page = (ROOT / PICTURE_PAGE).read_text()
    if template_picture.replaced(page, template_picture.draw(t, sys.modules[__name__])) != page:
        yield f"{PICTURE_PAGE}: its picture is another's; draw it anew with infra/template_rules.py picture template.yaml"


@rule
def channel_buses(t):
    """What a channel delivers over a bus reaches a function and no queue, also if it fails: it holds people's data."""
    buses, all_functions = of_type(t, "AWS::Events::EventBus"), functions(t)
    configured = {called(t, properties(r).get("FunctionName")) for r in of_type(t, "AWS::Lambda::EventInvokeConfig").values()}
    for name, resource in of_type(t, "AWS::Events::Rule").items():
        p = properties(resource)
        if "EventSourceName" not in properties(buses.get(pointed(p.get("EventBusName")), {})):
            yield f"{name}: listens to a bus that is no channel's; work goes through queues"
        if "Condition" not in resource:
            yield f"{name}: always there, and no account has the bus before its channel made the source"
        for target in p.get("Targets", []):
            function = called(t, target.get("Arn"))
            if function not in all_functions:
                yield f"{name}: delivers to something that is no function of this template"
            if "DeadLetterConfig" in target or function in configured:
                yield f"{name}: what it could not deliver is kept as it came"


@rule
def api(t):
    """The API and each of its doors is throttled, the API is logged, and its functions can be called by it or by a bus alone."""
    doors = [key for r in of_type(t, "AWS::ApiGatewayV2::Route").values() if (key := properties(r)["RouteKey"]) != "$default"]
    for name, resource in of_type(t, "AWS::ApiGatewayV2::Stage").items():
        p = properties(resource)
        for door in doors:
            limits = p.get("RouteSettings", {}).get(door, {})
            if not limits.get("ThrottlingRateLimit") or not limits.get("ThrottlingBurstLimit"):
                yield f"{name}: {door} has no limit of its own, so that others use it up"
        settings = p.get("DefaultRouteSettings", {})
        if not settings.get("ThrottlingRateLimit") or not settings.get("ThrottlingBurstLimit"):
            yield f"{name}: not throttled"
        if not p.get("AccessLogSettings"):
            yield f"{name}: no access log"
    apis, rules = of_type(t, "AWS::ApiGatewayV2::Api"), of_type(t, "AWS::Events::Rule")
    for name, resource in of_type(t, "AWS::Lambda::Permission").items():
        source = properties(resource).get("SourceArn", {})
        if pointed(source) not in rules and not any("${" + a + "}" in source.get("Fn::Sub", "") for a in apis):
            yield f"{name}: its SourceArn is no API and no rule of this template"


@rule
def alarms(t):
    """All that works, waits, fails or refuses has its alarms; each has its topic and its page, and each page its alarm."""
    for name in functions(t):
        for metric in ("Errors", "Throttles"):
            if not alarms_on(t, metric, name):
                yield f"{name}: no alarm on {metric}"
    for name in sorted(dead_letter_queues(t)):
        if not alarms_on(t, "ApproximateNumberOfMessagesVisible", name):
            yield f"{name}: no alarm on its depth"
    for _, _, queue, _ in queue_mappings(t):
        if not alarms_on(t, "ApproximateAgeOfOldestMessage", queue):
            yield f"{queue}: no alarm on the age of its oldest message"
    for _, _, _, function in stream_mappings(t):
        if not alarms_on(t, "IteratorAge", function):
            yield f"{function}: no alarm on how far it is behind"
    for _, _, function in scheduled_functions(t):
        if not alarms_on(t, "Invocations", function):
            yield f"{function}: no alarm on its silence"
    for name in of_type(t, "AWS::ApiGatewayV2::Api"):
        if not alarms_on(t, "5xx", name):
            yield f"{name}: no alarm on its errors"
    for name, resource in of_type(t, "AWS::DynamoDB::Table").items():
        for metric in ("ReadThrottleEvents", "WriteThrottleEvents"):
            if not alarms_on(t, metric, name):
                yield f"{name}: no alarm on {metric}"
        for index in properties(resource).get("GlobalSecondaryIndexes", []):
            if not alarms_on(t, "WriteThrottleEvents", name, index["IndexName"]):
                yield f"{name}: no alarm on WriteThrottleEvents of {index['IndexName']}"
    named = set()
    for name, resource in of_type(t, "AWS::CloudWatch::Alarm").items():
        p = properties(resource)
        if not p.get("AlarmActions"):
            yield f"{name}: tells nobody"
        page = re.search(r"infra/runbooks/[a-z-]+\.md$", p.get("AlarmDescription", ""))
        if not page or not (ROOT / page.group(0)).is_file():
            yield f"{name}: no page that says what to do"
        else:
            named.add(page.group(0))
    for page in sorted(p.relative_to(ROOT).as_posix() for p in (ROOT / "infra/runbooks").iterdir()):
        if page not in named:
            yield f"{page}: no alarm sends anybody there"


def check(template):
    return [f"{name}: {finding}" for name, test in RULES.items() for finding in test(template)]


# ---------------------------------------------------------------- the self-test


def first(template, kind):
    return next(iter(of_type(template, kind).values()))


def planted(template):
    """(rule that must find it, what is done, how) of every planted fault."""
    queue, table, function = "AWS::SQS::Queue", "AWS::DynamoDB::Table", "AWS::Lambda::Function"
    bucket, secret, schema = "AWS::S3::Bucket", "AWS::SecretsManager::Secret", "AWS::EventSchemas::Schema"
    group, bus_rule = "AWS::CodeDeploy::DeploymentGroup", "AWS::Events::Rule"
    mapping, role, schedule = "AWS::Lambda::EventSourceMapping", "AWS::IAM::Role", "AWS::Scheduler::Schedule"
    read_queue, reader = queue_mappings(template)[0][2:4]
    stream = stream_mappings(template)[0][0]
    dead = sorted(dead_letter_queues(template))[0]
    redriven = pointed(properties(template["Resources"][read_queue])["RedrivePolicy"]["deadLetterTargetArn"])

    def at(name):
        return lambda t: properties(t["Resources"][name])

    def of(kind):
        return lambda t: properties(first(t, kind))

    def role_statement(t):
        return of(role)(t)["Policies"][0]["PolicyDocument"]["Statement"][0]

    def drop_alarms(metric):
        def run(t):
            for name, r in of_type(t, "AWS::CloudWatch::Alarm").items():
                if properties(r)["MetricName"] == metric:
                    del t["Resources"][name]

        return run

    def share_role(t):
        both = list(functions(t).values())
        properties(both[1])["Role"] = properties(both[0])["Role"]

    def forget(kind):
        def run(t):
            for name in list(of_type(t, kind)):
                del t["Resources"][name]

        return run

    def content(t, old, new):
        p = of(schema)(t)
        p["Content"] = p["Content"].replace(old, new)

    def board(t, old, new):
        body = of("AWS::CloudWatch::Dashboard")(t)["DashboardBody"]
        body["Fn::Sub"] = body["Fn::Sub"].replace(old, new)

    def allow_everybody(t):
        for r in of_type(t, "AWS::SQS::QueuePolicy").values():
            properties(r)["PolicyDocument"]["Statement"][0].update(Effect="Allow", Principal="*", Action="sqs:SendMessage")

    return [
        ("partial-batches", "a mapping without partial answers", lambda t: of(mapping)(t).pop("FunctionResponseTypes")),
        ("redrive", "a read queue without dead letters", lambda t: at(read_queue)(t).pop("RedrivePolicy")),
        ("redrive", "dead letters after three receives", lambda t: at(read_queue)(t)["RedrivePolicy"].update(maxReceiveCount=3)),
        ("redrive", "dead letters under another name", lambda t: at(redriven)(t).update(QueueName="elsewhere")),
        ("visibility", "a message visible again too early", lambda t: at(read_queue)(t).update(VisibilityTimeout=60)),
        ("visibility", "a function that may take longer", lambda t: at(reader)(t).update(Timeout=900)),
        ("dead-letter-retention", "dead letters of four days", lambda t: at(dead)(t).pop("MessageRetentionPeriod")),
        ("dead-letter-retention", "a source that keeps as long", lambda t: at(read_queue)(t).update(MessageRetentionPeriod=DEAD_LETTER_RETENTION)),
        ("table-safety", "no point-in-time recovery", lambda t: of(table)(t).pop("PointInTimeRecoverySpecification")),
        ("table-safety", "no deletion protection", lambda t: of(table)(t).update(DeletionProtectionEnabled=False)),
        ("table-safety", "a table deleted with its stack", lambda t: first(t, table).update(DeletionPolicy="Delete")),
        ("encryption", "a table under DynamoDB's own key", lambda t: of(table)(t).pop("SSESpecification")),
        ("encryption", "a queue in the clear", lambda t: at(redriven)(t).pop("SqsManagedSseEnabled")),
        ("no-wildcards", "an action with a star", lambda t: role_statement(t).update(Action=["dynamodb:*"])),
        ("no-wildcards", "every resource", lambda t: role_statement(t).update(Resource="*")),
        ("no-wildcards", "every index", lambda t: role_statement(t).update(Resource={"Fn::Sub": "${Table.Arn}/index/*"})),
        ("no-wildcards", "a prefix wider than the listed one", lambda t: role_statement(t).update(Resource={"Fn::Sub": "arn:aws:secretsmanager:x:1:secret:weir/*"})),
        ("no-wildcards", "allowed by exclusion", lambda t: role_statement(t).update(NotAction="iam:PassRole")),
        ("no-open-principals", "a queue that everybody may send to", allow_everybody),
        ("no-open-principals", "another account may assume a role", lambda t: of(role)(t)["AssumeRolePolicyDocument"]["Statement"][0].update(Principal={"AWS": "arn:aws:iam::123456789012:root"})),
        ("own-role", "two functions with one role", share_role),
        ("own-role", "a managed policy", lambda t: of(role)(t).update(ManagedPolicyArns=["arn:aws:iam::aws:policy/AdministratorAccess"])),
        ("logs", "logs kept for ever", lambda t: of("AWS::Logs::LogGroup")(t).pop("RetentionInDays")),
        ("logs", "a function that logs text", lambda t: of(function)(t)["LoggingConfig"].update(LogFormat="Text")),
        ("logs", "a group that Lambda makes by itself", lambda t: of(function)(t).pop("LoggingConfig")),
        ("no-secret-in-the-environment", "a client secret", lambda t: of(function)(t)["Environment"]["Variables"].update(AMAZON_CLIENT_SECRET="x")),
        ("no-secret-in-the-environment", "a token under an innocent name", lambda t: of(function)(t)["Environment"]["Variables"].update(WEIR_SHOP="shpat_0123")),
        ("no-secret-in-the-environment", "a secret resolved at deployment", lambda t: of(function)(t)["Environment"]["Variables"].update(WEIR_X={"Fn::Sub": "{{resolve:secretsmanager:weir/x}}"})),
        ("function-limits", "no timeout", lambda t: of(function)(t).pop("Timeout")),
        ("function-limits", "no memory", lambda t: of(function)(t).pop("MemorySize")),
        ("function-limits", "an old runtime", lambda t: of(function)(t).update(Runtime="provided.al2")),
        ("failure-destination", "ticks that fail to nowhere", forget("AWS::Lambda::EventInvokeConfig")),
        ("failure-destination", "a stream that fails to nowhere", lambda t: at(stream)(t).pop("DestinationConfig")),
        ("streams", "a batch that is never split", lambda t: at(stream)(t).update(BisectBatchOnFunctionError=False)),
        ("streams", "retries for a day", lambda t: at(stream)(t).pop("MaximumRetryAttempts")),
        ("streams", "woken by every write", lambda t: at(stream)(t).pop("FilterCriteria")),
        ("streams", "a stream read from now on", lambda t: at(stream)(t).update(StartingPosition="LATEST")),
        ("schedules", "a schedule in local time", lambda t: of(schedule)(t).update(ScheduleExpressionTimezone="Europe/Berlin")),
        ("schedules", "a schedule without dead letters", lambda t: of(schedule)(t)["Target"].pop("DeadLetterConfig")),
        ("throttled-workers", "a worker without a bound", lambda t: [p.pop("ScalingConfig", None) for _, p, _, _ in queue_mappings(t)]),
        ("tls-only", "a queue without its policy", forget("AWS::SQS::QueuePolicy")),
        ("tls-only", "a bucket without its policy", forget("AWS::S3::BucketPolicy")),
        ("buckets", "a bucket that may be public", lambda t: of(bucket)(t)["PublicAccessBlockConfiguration"].update(BlockPublicPolicy=False)),
        ("buckets", "objects of another account", lambda t: of(bucket)(t).pop("OwnershipControls")),
        ("buckets", "a bucket under S3's own key", lambda t: of(bucket)(t).pop("BucketEncryption")),
        ("buckets", "a key for each object", lambda t: of(bucket)(t)["BucketEncryption"]["ServerSideEncryptionConfiguration"][0].pop("BucketKeyEnabled")),
        ("buckets", "evidence kept for ever", lambda t: of(bucket)(t)["LifecycleConfiguration"]["Rules"].pop(0)),
        ("buckets", "halves of uploads", lambda t: of(bucket)(t)["LifecycleConfiguration"]["Rules"].pop(1)),
        ("buckets", "a bucket deleted with its stack", lambda t: first(t, bucket).pop("DeletionPolicy")),
        ("buckets", "a bucket with a name", lambda t: of(bucket)(t).update(BucketName="evidence")),
        ("made-secrets", "a secret in the template", lambda t: of(secret)(t).update(SecretString="wt_0123")),
        ("made-secrets", "a short token", lambda t: of(secret)(t)["GenerateSecretString"].update(PasswordLength=16)),
        ("made-secrets", "a token with quotes in it", lambda t: of(secret)(t)["GenerateSecretString"].pop("ExcludePunctuation")),
        ("made-secrets", "another function reads it", lambda t: role_statement(t).update(Resource={"Fn::GetAtt": [next(iter(of_type(t, secret))), "Id"]})),
        ("events", "an event without its shape", lambda t: t["Resources"].pop(next(iter(of_type(t, schema))))),
        ("events", "a field under another name", lambda t: content(t, "order_no", "order_number")),
        ("events", "a field of another type", lambda t: content(t, '"type": "integer"', '"type": "string"')),
        ("events", "a field that may be absent", lambda t: content(t, '"required": ["sales_order_id", ', '"required": [')),
        ("events", "announced by another", lambda t: content(t, '"weir"', '"amazon"')),
        ("events", "the detail of another", lambda t: content(t, "#/components/schemas/", "#/components/schemas/Not")),
        ("events", "a schema that is no JSON", lambda t: content(t, "{", "")),
        ("events", "a schema under another name", lambda t: of(schema)(t).update(SchemaName="orders")),
        ("own-name", "a function that calls under another's name", lambda t: of(function)(t)["Environment"]["Variables"].update(AWS_SDK_UA_APP_ID="weir-other")),
        ("own-name", "a function that calls under no name", lambda t: of(function)(t)["Environment"]["Variables"].pop("AWS_SDK_UA_APP_ID")),
        ("emulators", "a registry that is always there", lambda t: first(t, "AWS::EventSchemas::Registry").pop("Condition")),
        ("emulators", "a deployment that is always there", lambda t: first(t, group).pop("Condition")),
        ("gradual", "an API that calls the function itself", lambda t: of("AWS::ApiGatewayV2::Integration")(t).update(IntegrationUri={"Fn::GetAtt": ["Console", "Arn"]})),
        ("gradual", "a permission for the function itself", lambda t: of("AWS::Lambda::Permission")(t).update(FunctionName={"Ref": "Console"})),
        ("gradual", "an alias that changes at once", lambda t: t["Resources"]["ConsoleLive"].pop("UpdatePolicy")),
        ("gradual", "all calls at once", lambda t: of(group)(t).update(DeploymentConfigName="CodeDeployDefault.LambdaAllAtOnce")),
        ("gradual", "nothing is taken back", lambda t: of(group)(t).pop("AutoRollbackConfiguration")),
        ("gradual", "nobody looks at the new version", lambda t: of(group)(t)["AlarmConfiguration"]["Alarms"].pop(0)),
        ("gradual", "nobody looks at the API", lambda t: of(group)(t)["AlarmConfiguration"]["Alarms"].pop(2)),
        ("dashboard", "no dashboard", forget("AWS::CloudWatch::Dashboard")),
        ("dashboard", "a queue that is not on it", lambda t: board(t, "${TickFailures.QueueName}", "${Other.QueueName}")),
        ("dashboard", "a metric that is not on it", lambda t: board(t, "IteratorAge", "Age")),
        ("dashboard", "a dashboard that is no JSON", lambda t: board(t, "]}}", "]}")),
        ("picture", "a queue that the picture shows", lambda t: t["Resources"].pop(dead)),
        ("picture", "a right that the picture shows", lambda t: at("SweeperRole")(t)["Policies"][0]["PolicyDocument"]["Statement"].pop(4)),
        ("channel-buses", "what a bus could not deliver kept in a queue", lambda t: of(bus_rule)(t)["Targets"][0].update(DeadLetterConfig={"Arn": {"Fn::GetAtt": [dead, "Arn"]}})),
        ("channel-buses", "a bus that delivers into a queue", lambda t: of(bus_rule)(t)["Targets"][0].update(Arn={"Fn::GetAtt": [read_queue, "Arn"]})),
        ("channel-buses", "a bus that is always there", lambda t: first(t, bus_rule).pop("Condition")),
        ("channel-buses", "work that goes over Weir's own bus", lambda t: of(bus_rule)(t).update(EventBusName={"Ref": "Bus"})),
        ("api", "a door without a limit of its own", lambda t: of("AWS::ApiGatewayV2::Stage")(t).pop("RouteSettings")),
        ("api", "an API without a limit", lambda t: of("AWS::ApiGatewayV2::Stage")(t).pop("DefaultRouteSettings")),
        ("api", "a function that another API may call", lambda t: of("AWS::Lambda::Permission")(t).update(SourceArn={"Fn::Sub": "arn:aws:execute-api:x:1:other/*/$default"})),
        ("api", "a function that any API may call", lambda t: of("AWS::Lambda::Permission")(t).pop("SourceArn")),
        ("alarms", "no alarm on errors", drop_alarms("Errors")),
        ("alarms", "no alarm on throttles", drop_alarms("Throttles")),
        ("alarms", "no alarm on dead letters", drop_alarms("ApproximateNumberOfMessagesVisible")),
        ("alarms", "no alarm on age", drop_alarms("ApproximateAgeOfOldestMessage")),
        ("alarms", "no alarm on the stream", drop_alarms("IteratorAge")),
        ("alarms", "no alarm on silence", drop_alarms("Invocations")),
        ("alarms", "no alarm on the API", drop_alarms("5xx")),
        ("alarms", "no alarm on refused reads", drop_alarms("ReadThrottleEvents")),
        ("alarms", "no alarm on the index", lambda t: t["Resources"].pop("IndexThrottledAlarm")),
        ("alarms", "an index without its alarm", lambda t: of(table)(t)["GlobalSecondaryIndexes"].append({"IndexName": "gsi2"})),
        ("alarms", "a page that no alarm names", lambda t: t["Resources"].pop("DispatcherBehindAlarm")),
        ("alarms", "an alarm that tells nobody", lambda t: of("AWS::CloudWatch::Alarm")(t).pop("AlarmActions")),
        ("alarms", "an alarm without a page", lambda t: of("AWS::CloudWatch::Alarm")(t).update(AlarmDescription="It rings.")),
    ]


def self_test(template):
    """(faults planted, those not found): a fault is found if its rule says something that it did not say before."""
    faults, missed = planted(template), []
    for name, what, plant in faults:
        broken = copy.deepcopy(template)
        plant(broken)
        if not set(RULES[name](broken)) - set(RULES[name](template)):
            missed.append(f"{name}: {what}")
    missed += [f"{name}: no fault is planted for it" for name in RULES if name not in {f[0] for f in faults}]
    return len(faults), missed


def main(arguments):
    if len(arguments) < 2 or arguments[0] not in ("expand", "check", "self-test", "picture"):
        print(__doc__, file=sys.stderr)
        return 2
    expanded = expand(read_template(arguments[1]))
    if arguments[0] == "expand":
        pathlib.Path(arguments[2]).write_text(json.dumps(expanded, indent=2, sort_keys=True) + "\n")
        print(f"{len(expanded['Resources'])} resources")
        return 0
    if arguments[0] == "picture":
        page = ROOT / PICTURE_PAGE
        drawn = template_picture.replaced(page.read_text(), template_picture.draw(expanded, sys.modules[__name__]))
        if drawn is None:
            print(f"{PICTURE_PAGE}: not one place between {template_picture.BEGIN} and {template_picture.END}", file=sys.stderr)
            return 1
        page.write_text(drawn)
        return 0
    if arguments[0] == "check":
        findings = check(expanded)
        print("\n".join(findings + [f"{len(RULES)} rules on {len(expanded['Resources'])} resources: {len(findings)} findings"]))
        return 1 if findings else 0
    planted_faults, missed = self_test(expanded)
    print("\n".join([f"not found: {m}" for m in missed] + [f"{planted_faults} planted faults, {len(missed)} of them not found"]))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
