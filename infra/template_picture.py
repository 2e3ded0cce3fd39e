"""Draws the expanded template as a Mermaid flowchart: what calls, feeds, reads and fails into what.

Arrows come from what is deployed: event sources, schedules, the API's integration, the roles' rights, failure
destinations. Whole arrows are the way through; dotted ones are where failures go.
"""

import re

BEGIN = "<!-- the deployed picture: made by infra/template_rules.py, not by hand -->"
END = "<!-- end of the deployed picture -->"
DOOR = re.compile(r"^POST /webhooks/([a-z]+)/")
# What a channel is called, where that is more than its name with a capital letter.
TITLES = {"bigcommerce": "BigCommerce"}
STAGE = re.compile(r"^weir-\$\{Stage\}-?")
WRITES = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}


def words(properties, *keys):
    """The name that people see, without the stage."""
    for key in keys:
        value = properties.get(key)
        text = value.get("Fn::Sub") if isinstance(value, dict) else value
        if text:
            return STAGE.sub("", text) or "weir"
    return None


class Picture:
    """Nodes and arrows, each once, in the order of their names."""

    def __init__(self, template, reading):
        self.template, self.reading = template, reading
        self.nodes, self.arrows = {}, set()

    def node(self, name, before, text, after, kind):
        self.nodes[name] = f'    {name}{before}"{text}"{after}:::{kind}'

    def arrow(self, source, target, text="", dotted=False):
        if text:
            way = f"-. {text} .->" if dotted else f"-- {text} -->"
        else:
            way = "-.->" if dotted else "-->"
        self.arrows.add(f"    {source} {way} {target}")

    def parts(self):
        r, t = self.reading, self.template
        dead = r.dead_letter_queues(t)
        for name, resource in r.functions(t).items():
            self.node(name, "[", words(r.properties(resource), "FunctionName"), "]", "work")
        for name, resource in r.of_type(t, "AWS::SQS::Queue").items():
            text = words(r.properties(resource), "QueueName")
            self.node(name, "[/", text, "/]", "dead" if name in dead else "queue")
        for name in r.of_type(t, "AWS::DynamoDB::Table"):
            self.node(name, "[(", "table", ")]", "store")
        for name, resource in r.of_type(t, "AWS::Events::EventBus").items():
            partners = "EventSourceName" in r.properties(resource)
            self.node(name, "((", "partner bus" if partners else "bus", "))", "store")
        for name in r.of_type(t, "AWS::ApiGatewayV2::Api"):
            self.node(name, "{{", "HTTP API", "}}", "outside")
            self.node("People", "([", "people, programs", "])", "outside")
            self.arrow("People", name)

    def ways(self):
        r, t = self.reading, self.template
        for resource in r.of_type(t, "AWS::ApiGatewayV2::Route").values():
            if door := DOOR.match(r.properties(resource)["RouteKey"]):
                channel = TITLES.get(door.group(1), door.group(1).capitalize())
                self.node(channel, "([", channel, "])", "outside")
                self.arrow(channel, r.pointed(r.properties(resource)["ApiId"]), "webhooks")
        for resource in r.of_type(t, "AWS::Events::Rule").values():
            p = r.properties(resource)
            for target in p["Targets"]:
                self.arrow(r.pointed(p["EventBusName"]), r.called(t, target["Arn"]), "if wanted")
        for resource in r.of_type(t, "AWS::ApiGatewayV2::Integration").values():
            uri = r.properties(resource).get("IntegrationUri")
            alias = t["Resources"].get(r.pointed(uri), {})
            text = f"alias {alias['Properties']['Name']}" if alias.get("Type") == "AWS::Lambda::Alias" else ""
            self.arrow(r.pointed(r.properties(resource).get("ApiId")), r.called(t, uri), text)
        for name, p, function in r.scheduled_functions(t):
            self.node(name, "([", p["ScheduleExpression"], "])", "clock")
            self.arrow(name, function)
            self.failure(name, p["Target"].get("DeadLetterConfig", {}).get("Arn"), "not handed over")
        for _, p, origin, function in r.mappings(t):
            stream = origin in r.of_type(t, "AWS::DynamoDB::Table")
            self.arrow(origin, function, "stream" if stream else "")
            self.failure(function, p.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"), "given up")

    def failures(self):
        r, t = self.reading, self.template
        for name, resource in r.of_type(t, "AWS::SQS::Queue").items():
            policy = r.properties(resource).get("RedrivePolicy", {})
            self.failure(name, policy.get("deadLetterTargetArn"), f"{policy.get('maxReceiveCount')} times")
        for resource in r.of_type(t, "AWS::Lambda::EventInvokeConfig").values():
            p = r.properties(resource)
            self.failure(r.called(t, p["FunctionName"]), p.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"), "failed")

    def failure(self, source, destination, text):
        if destination is not None:
            self.arrow(source, self.reading.pointed(destination), text, dotted=True)

    def rights(self):
        """What a function may do: queues and the bus it sends to, tables it reads or writes, dead letters it takes out."""
        r, t = self.reading, self.template
        sources = {(origin, function) for _, _, origin, function in r.mappings(t)}
        for function, resource in r.functions(t).items():
            for actions, target in r.allowed(t, r.pointed(r.properties(resource).get("Role"))):
                kind, dead = t["Resources"].get(target, {}).get("Type"), target in r.dead_letter_queues(t)
                if "sqs:SendMessage" in actions and not dead:
                    self.arrow(function, target)
                if "sqs:ReceiveMessage" in actions and (target, function) not in sources:
                    self.arrow(target, function, "replay" if dead else "")
                if "events:PutEvents" in actions:
                    self.arrow(function, target)
                if kind == "AWS::DynamoDB::Table" and any(a.startswith("dynamodb:") and "Stream" not in a for a in actions):
                    self.table(function, target, actions)
        for resource in r.of_type(t, "AWS::SQS::QueuePolicy").values():
            p = r.properties(resource)
            for s in p["PolicyDocument"]["Statement"]:
                if s["Effect"] == "Allow":
                    self.node("Amazon", "([", "Amazon", "])", "outside")
                    self.arrow("Amazon", r.pointed(p["Queues"][0]))

    def table(self, function, table, actions):
        if actions & {"dynamodb:GetShardIterator"}:
            return
        reads = actions & {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"}
        if actions & WRITES and reads:
            self.arrows.add(f"    {function} <--> {table}")
        elif reads:
            self.arrow(table, function, "reads")
        elif "dynamodb:PutItem" not in actions:
            self.arrow(function, table, "removes")
        else:
            self.arrow(function, table)


def draw(template, reading):
    """The lines of the flowchart. `reading` is the module that reads expanded templates."""
    picture = Picture(template, reading)
    picture.parts()
    picture.ways()
    picture.failures()
    picture.rights()
    return "\n".join(
        ["```mermaid", "flowchart LR"]
        + [picture.nodes[name] for name in sorted(picture.nodes)]
        + sorted(picture.arrows)
        + [
            "    classDef work fill:#dbeafe,stroke:#1d4ed8,color:#111",
            "    classDef queue fill:#dcfce7,stroke:#15803d,color:#111",
            "    classDef dead fill:#fee2e2,stroke:#b91c1c,color:#111",
            "    classDef store fill:#fef9c3,stroke:#a16207,color:#111",
            "    classDef clock fill:#f3f4f6,stroke:#6b7280,color:#111",
            "    classDef outside fill:#ffffff,stroke:#6b7280,color:#111",
            "```",
        ]
    )


def replaced(page, drawn):
    """The page with the picture between its marks; None if the page has no such marks."""
    if page.count(BEGIN) != 1 or page.count(END) != 1 or page.index(BEGIN) > page.index(END):
        return None
    return page[: page.index(BEGIN) + len(BEGIN)] + "\n" + drawn + "\n" + page[page.index(END) :]
