"""Each function's role against what the function was seen to ask: nothing missing, nothing spare.

What Lambda itself does with a role (reading the function's queue or stream, writing its log, handing over what
failed) is not asked by the function; it is told apart by what the function is wired to."""

import fnmatch
import json

from cloud import STAGE


# What a role allows for a day that a check does not see.
SELDOM = {
    # Whoever gets an access token may be given the next refresh token with it, and has to keep it. The console is seen to.
    "secretsmanager:PutSecretValue": "the shop of this check has no refresh token",
}

# The inline policy that `allow_batches` adds.
BATCHES = "check-batches"


def allow_batches(cloud, names):
    """On AWS the right to send a message is the right to send ten. The emulator wants a right of the batch's own,
    which AWS does not know, so each role that may do the one is given the other here."""
    iam, functions = cloud.client("iam"), cloud.client("lambda")
    for name in names:
        role = functions.get_function_configuration(FunctionName=name)["Role"].rsplit("/", 1)[-1]
        found = [
            {"Effect": "Allow", "Action": f"{action}Batch", "Resource": statement["Resource"]}
            for statement in statements(iam, role)
            for action in listed(statement["Action"])
            if action in ("sqs:SendMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility")
        ]
        if found:
            document = json.dumps({"Version": "2012-10-17", "Statement": found})
            iam.put_role_policy(RoleName=role, PolicyName=BATCHES, PolicyDocument=document)


def name_of(arn):
    """What a call names of a resource: the table with its index, the queue, the bus, the secret."""
    service, rest = arn.split(":")[2], arn.split(":", 5)[5]
    if service == "dynamodb":
        return rest.removeprefix("table/")
    if service == "events":
        return rest.removeprefix("event-bus/")
    if service == "secretsmanager":
        return rest.removeprefix("secret:")
    return rest


def listed(value):
    return value if isinstance(value, list) else [value]


class Function:
    def __init__(self, cloud, name):
        self.name = name
        functions = cloud.client("lambda")
        role = functions.get_function_configuration(FunctionName=name)["Role"].rsplit("/", 1)[-1]
        self.allowed = set(allowed(cloud.client("iam"), role))
        self.sources, self.destinations = wiring(cloud, functions, name)

    def is_lambdas_own(self, action, resource):
        service = action.split(":")[0]
        return (
            service == "logs"
            or resource in self.sources
            or (action == "sqs:SendMessage" and resource in self.destinations)
        )

    def spare(self, seen):
        """What the role allows and nobody asked for."""
        unused = set()
        for action, resource in self.allowed:
            asked = any(fnmatch.fnmatch(name, resource) for what, name in seen if what == action)
            if not asked and action not in SELDOM and not self.is_lambdas_own(action, resource):
                unused.add((action, resource))
        return unused

    def missing(self, seen):
        """What was asked for and the role does not allow."""
        return {
            (action, name)
            for action, name in seen
            if not any(action == what and fnmatch.fnmatch(name, resource) for what, resource in self.allowed)
        }


def statements(iam, role):
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        if policy != BATCHES:
            document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
            document = json.loads(document) if isinstance(document, str) else document
            yield from listed(document["Statement"])


def allowed(iam, role):
    for statement in statements(iam, role):
        for action in listed(statement["Action"]):
            for resource in listed(statement["Resource"]):
                yield action, name_of(resource)


def wiring(cloud, functions, name):
    """The queue or stream that the function reads, and where its failures go."""
    sources, destinations = set(), set()
    for mapping in functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]:
        sources.add(name_of(mapping["EventSourceArn"]))
        failed = mapping.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        destinations |= {name_of(failed)} if failed else set()
    for config in functions.list_function_event_invoke_configs(FunctionName=name)["FunctionEventInvokeConfigs"]:
        failed = config.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        destinations |= {name_of(failed)} if failed else set()
    return sources, destinations


def normalized(seen):
    """What was seen, by function. A secret may be named by its ARN."""
    by_function = {}
    for caller, action, resource in seen:
        resource = name_of(resource) if resource.startswith("arn:") else resource
        by_function.setdefault(caller.replace("weir-", f"weir-{STAGE}-", 1), set()).add((action, resource))
    return by_function


def compare(cloud, seen, names):
    """A sentence for each difference."""
    differences, by_function = [], normalized(seen)
    for name in names:
        function = Function(cloud, name)
        asked = by_function.get(name, set())
        for action, resource in sorted(function.missing(asked)):
            differences.append(f"{name} asks for {action} on {resource}, which its role does not allow")
        for action, resource in sorted(function.spare(asked)):
            differences.append(f"{name} may {action} on {resource}, and never does")
    return differences
