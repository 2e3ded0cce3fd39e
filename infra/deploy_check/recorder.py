"""What each function asks of AWS: a proxy between the functions and the emulator that passes every call on and
notes who asked for what. Which role a call needs is told by the same words that IAM uses."""

import http.client
import http.server
import json
import re
import threading
import urllib.parse

# The functions name themselves in the user agent of their calls (AWS_SDK_UA_APP_ID in the template).
CALLER = re.compile(r"\bapp/(weir-[a-z-]+)")

# What a part of a transaction needs; TransactWriteItems is no action of its own.
TRANSACTION_ACTIONS = {
    "Put": "dynamodb:PutItem",
    "Delete": "dynamodb:DeleteItem",
    "Update": "dynamodb:UpdateItem",
    "ConditionCheck": "dynamodb:ConditionCheckItem",
}

SERVICES = {
    "DynamoDB_20120810": "dynamodb",
    "AmazonSQS": "sqs",
    "AWSEvents": "events",
    "secretsmanager": "secretsmanager",
}

# How long one call may take, in seconds: more than any function waits.
PATIENCE = 30


def actions(target, body):
    """The IAM actions, each with the resource's name, that a call needs."""
    service, _, operation = target.partition(".")
    service = SERVICES.get(service, service)
    if service == "dynamodb":
        if operation == "TransactWriteItems":
            for part in body["TransactItems"]:
                (kind, write), = part.items()
                yield TRANSACTION_ACTIONS[kind], write["TableName"]
            return
        if operation in ("BatchGetItem", "BatchWriteItem"):
            for table in body["RequestItems"]:
                yield f"dynamodb:{operation}", table
            return
        index = f"/index/{body['IndexName']}" if "IndexName" in body else ""
        yield f"dynamodb:{operation}", body["TableName"] + index
    elif service == "sqs":
        operation = operation.removesuffix("Batch")
        yield f"sqs:{operation}", body.get("QueueUrl", body.get("QueueName", "")).rsplit("/", 1)[-1]
    elif service == "events":
        for entry in body["Entries"]:
            yield f"events:{operation}", entry["EventBusName"].rsplit("/", 1)[-1]
    elif service == "secretsmanager":
        yield f"secretsmanager:{operation}", body.get("SecretId", body.get("Name", ""))
    else:
        yield f"{service}:{operation}", ""


# The header that carries the host which a caller signed for, past a proxy that writes its own.
SIGNED_HOST = "X-Signed-Host"

# Headers that belong to one connection.
HOP_BY_HOP = ("connection", "content-length", "transfer-encoding")


def serve(port, answer):
    """A server in threads of this process. `answer(method, path, headers, body)` gives status, headers and body; if
    it fails, the caller's connection is cut."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                status, headers, text = answer(self.command, self.path, self.headers, body)
            except (OSError, http.client.HTTPException):
                self.close_connection = True
                self.connection.close()
                return
            self.send_response_only(status)
            for name, value in headers:
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_DELETE = do

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_):
            pass  # a caller that went away

    server = Server(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def forward(upstream, method, path, headers, body):
    upstream = urllib.parse.urlsplit(upstream)
    connection = http.client.HTTPConnection(upstream.hostname, upstream.port, timeout=PATIENCE)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.getheaders(), answer.read()
    finally:
        connection.close()


def passed(headers):
    return {name: value for name, value in headers.items() if name.lower() not in HOP_BY_HOP}


class Recorder:
    """What the functions call, on `port`. `upstream` may be changed at any time: to the emulator, or to a proxy in
    front of `behind`, which gives each call the host back that it was signed for and passes it to the emulator."""

    def __init__(self, port, emulator, behind):
        self.upstream = self.emulator = emulator
        self.lock = threading.Lock()
        self.seen = set()
        self.denied = []
        self.unnamed = []
        self.servers = [serve(port, self.record), serve(behind, self.restore)]

    def record(self, method, path, headers, body):
        # Over TLS, as to AWS: the queues refuse anything else.
        extra = {SIGNED_HOST: headers.get("Host", ""), "X-Forwarded-Proto": "https"}
        answer = forward(self.upstream, method, path, {**passed(headers), **extra}, body)
        self.note(headers, body, answer)
        return answer

    def restore(self, method, path, headers, body):
        host = {"Host": headers.get(SIGNED_HOST, "")}
        kept = {name: value for name, value in passed(headers).items() if name.lower() != "host"}
        return forward(self.emulator, method, path, {**kept, **host}, body)

    def note(self, headers, body, answer):
        caller = CALLER.search(headers.get("User-Agent", "") + " " + headers.get("X-Amz-User-Agent", ""))
        target = headers.get("X-Amz-Target", "")
        status, _, text = answer
        with self.lock:
            if caller is None:
                self.unnamed.append(f"{target} by {headers.get('User-Agent')}")
                return
            for action, resource in actions(target, json.loads(body or b"{}")):
                self.seen.add((caller.group(1), action, resource))
                if status in (400, 403) and b"AccessDenied" in text:
                    self.denied.append(f"{caller.group(1)}: {action} on {resource}")

    def close(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()
