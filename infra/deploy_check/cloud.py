"""The deployed system as a person with an account sees it: the stack, its API, its queues, its logs."""

import http.client
import json
import os
import subprocess
import time
import urllib.parse

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from processes import REGION

STAGE = "check"
STACK = "weir-check"

# Where channels reach the doors, they are told. Nothing is there: the check carries what they deliver to the emulator.
PUBLIC_URL = "https://weir-check.example"

# What an emulator has not: a schema registry, and CodeDeploy. Both are left out, and listed as not proved.
PARAMETERS = {
    "Stage": STAGE,
    "Architecture": "x86_64",
    "AllowEndpoints": "on",  # the connections' Amazon and Shopify are sandboxes
    "PublicUrl": PUBLIC_URL,
    "SchemaRegistry": "off",
    "GradualDeploys": "off",
}


def over_tls(request, **_):
    request.headers["X-Forwarded-Proto"] = "https"


# How often a read that is answered with "try again" is tried.
READS = 10


class Cloud:
    def __init__(self, port, sam, folder):
        self.port = port
        self.sam = sam
        self.folder = folder
        self.endpoint = f"http://127.0.0.1:{port}"
        self.environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            "SAM_CLI_TELEMETRY": "0",
        }
        session = boto3.Session("test", "test", region_name=REGION)
        # The queues' policies refuse what does not come over TLS, as it does to AWS.
        session.events.register("before-send", over_tls)
        config = Config(retries={"max_attempts": 4}, read_timeout=60)
        self.client = lambda service: session.client(service, endpoint_url=self.endpoint, config=config)
        self.sqs = self.client("sqs")
        self.logs = self.client("logs")
        self.api_id = None
        self.public_url = PUBLIC_URL
        self.token = None

    # ---- the stack

    def make_artifact_bucket(self):
        place = {"LocationConstraint": REGION}
        self.client("s3").create_bucket(Bucket="weir-artifacts", CreateBucketConfiguration=place)

    def deploy(self, template, **changed):
        """`sam deploy`, as a person runs it."""
        overrides = [f"{name}={value}" for name, value in {**PARAMETERS, **changed}.items()]
        command = [self.sam, "deploy", "--template-file", template, "--stack-name", STACK, "--region", REGION]
        command += ["--s3-bucket", "weir-artifacts", "--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
        command += ["--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar"]
        command += ["--parameter-overrides", *overrides]
        ran = subprocess.run(command, env=self.environment, capture_output=True, text=True, cwd=self.folder)
        if ran.returncode:
            raise RuntimeError(f"sam deploy failed:\n{ran.stdout[-4000:]}\n{ran.stderr[-4000:]}")

    def resources(self):
        found, pages = [], self.client("cloudformation").get_paginator("list_stack_resources")
        for page in pages.paginate(StackName=STACK):
            found += page["StackResourceSummaries"]
        return found

    def outputs(self):
        stack = self.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def delete(self):
        self.client("cloudformation").delete_stack(StackName=STACK)

    def status(self):
        try:
            stacks = self.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
        except ClientError:
            return "gone"
        return stacks[0]["StackStatus"] if stacks else "gone"

    # ---- the API

    def ask(self, method, path, body=None, token=True):
        """A call of the deployed HTTP API: its status and its answer."""
        host = f"{self.api_id}.execute-api.localhost:{self.port}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Host": host, "Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {self.token}"
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        try:
            return answer.status, json.loads(text or b"null")
        except ValueError:
            return answer.status, text.decode(errors="replace")

    def knock(self, path, headers, body):
        """A delivery at a door, byte for byte: the status of its answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            headers = {**headers, "Host": f"{self.api_id}.execute-api.localhost:{self.port}"}
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()

    def get(self, path, **query):
        query = "?" + urllib.parse.urlencode(query) if query else ""
        for _ in range(READS):
            status, answer = self.ask("GET", path + query)
            if status == 200:
                return answer
            if status != 503:
                break
            time.sleep(1)  # as the answer says: try again in a moment
        raise RuntimeError(f"GET {path}: {status} {answer}")

    def post(self, path, body=None):
        status, answer = self.ask("POST", path, {} if body is None else body)
        if status >= 300:
            raise RuntimeError(f"POST {path}: {status} {answer}")
        return answer

    # ---- queues and logs

    def queue_url(self, name):
        return self.sqs.get_queue_url(QueueName=f"weir-{STAGE}-{name}")["QueueUrl"]

    def depth(self, name):
        wanted = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.queue_url(name), AttributeNames=wanted)["Attributes"]
        return sum(int(found.get(attribute, 0)) for attribute in wanted)

    def log_lines(self):
        """Every line that a function logged, by function."""
        lines = {}
        prefix = f"/weir/{STAGE}/"
        for group in self.logs.describe_log_groups(logGroupNamePrefix=prefix)["logGroups"]:
            name = group["logGroupName"]
            found, token = [], None
            while True:
                more = {"nextToken": token} if token else {}
                page = self.logs.filter_log_events(logGroupName=name, **more)
                found += [event["message"].rstrip("\n") for event in page["events"]]
                if not page.get("nextToken") or page["nextToken"] == token:
                    break
                token = page["nextToken"]
            lines[name.removeprefix(prefix)] = found
        return lines


def wait_for(what, seconds, question, pause=1.0):
    """Asks until the answer is truthy; gives it."""
    until = time.monotonic() + seconds
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > until:
            raise RuntimeError(f"not seen within {seconds} s: {what}")
        time.sleep(pause)
