#!/usr/bin/env python3
"""The rules that the deployed system keeps, checked on the expanded template.

    template_rules.py expand TEMPLATE OUT    the template as CloudFormation gets it, as JSON
    template_rules.py check TEMPLATE         every rule on the expanded template; exit 1 if one is broken
    template_rules.py self-test TEMPLATE     plants one fault per rule and more, and sees each one found

The SAM template is expanded first (aws-sam-translator): on the short form a checker sees almost nothing.
A wildcard is broken unless it stands in ALLOWED_WILDCARDS, with its reason.
"""

import copy
import json
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

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


def suffixed(name, suffix):
    """A queue's name, plain or substituted, with something behind it."""
    return {"Fn::Sub": name["Fn::Sub"] + suffix} if isinstance(name, dict) else f"{name}{suffix}"


def alarms_on(template, metric, target):
    for resource in of_type(template, "AWS::CloudWatch::Alarm").values():
        p = properties(resource)
        if p.get("MetricName") == metric and any(pointed(d["Value"]) == target for d in p.get("Dimensions", [])):
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
    """No queue is spoken to in the clear."""
    guarded = set()
    for resource in of_type(t, "AWS::SQS::QueuePolicy").values():
        p = properties(resource)
        for s in listed(p["PolicyDocument"]["Statement"]):
            if s["Effect"] == "Deny" and s.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport") == "false":
                guarded.update(pointed(q) for q in p["Queues"])
    for name in of_type(t, "AWS::SQS::Queue"):
        if name not in guarded:
            yield f"{name}: no policy that denies plain HTTP"


@rule
def api(t):
    """The API is throttled and logged, and its function can be called by this API alone."""
    for name, resource in of_type(t, "AWS::ApiGatewayV2::Stage").items():
        p = properties(resource)
        settings = p.get("DefaultRouteSettings", {})
        if not settings.get("ThrottlingRateLimit") or not settings.get("ThrottlingBurstLimit"):
            yield f"{name}: not throttled"
        if not p.get("AccessLogSettings"):
            yield f"{name}: no access log"
    for name, resource in of_type(t, "AWS::Lambda::Permission").items():
        if not properties(resource).get("SourceArn"):
            yield f"{name}: no SourceArn"


@rule
def alarms(t):
    """Each function, dead-letter queue, read queue and stream has its alarms; each has its topic and its page."""
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
    for name, resource in of_type(t, "AWS::CloudWatch::Alarm").items():
        p = properties(resource)
        if not p.get("AlarmActions"):
            yield f"{name}: tells nobody"
        page = re.search(r"infra/runbooks/[a-z-]+\.md$", p.get("AlarmDescription", ""))
        if not page or not (ROOT / page.group(0)).is_file():
            yield f"{name}: no page that says what to do"


def check(template):
    return [f"{name}: {finding}" for name, test in RULES.items() for finding in test(template)]


# ---------------------------------------------------------------- the self-test


def first(template, kind):
    return next(iter(of_type(template, kind).values()))


def planted(template):
    """(rule that must find it, what is done, how) of every planted fault."""
    queue, table, function = "AWS::SQS::Queue", "AWS::DynamoDB::Table", "AWS::Lambda::Function"
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
        ("api", "an API without a limit", lambda t: of("AWS::ApiGatewayV2::Stage")(t).pop("DefaultRouteSettings")),
        ("api", "a function that any API may call", lambda t: of("AWS::Lambda::Permission")(t).pop("SourceArn")),
        ("alarms", "no alarm on errors", drop_alarms("Errors")),
        ("alarms", "no alarm on throttles", drop_alarms("Throttles")),
        ("alarms", "no alarm on dead letters", drop_alarms("ApproximateNumberOfMessagesVisible")),
        ("alarms", "no alarm on age", drop_alarms("ApproximateAgeOfOldestMessage")),
        ("alarms", "no alarm on the stream", drop_alarms("IteratorAge")),
        ("alarms", "no alarm on silence", drop_alarms("Invocations")),
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
    if len(arguments) < 2 or arguments[0] not in ("expand", "check", "self-test"):
        print(__doc__, file=sys.stderr)
        return 2
    expanded = expand(read_template(arguments[1]))
    if arguments[0] == "expand":
        pathlib.Path(arguments[2]).write_text(json.dumps(expanded, indent=2, sort_keys=True) + "\n")
        print(f"{len(expanded['Resources'])} resources")
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
