#!/usr/bin/env python3
"""How fast each function starts and how large it is, beside the same calls in Node and Python.

    cargo build --profile lambda --package weir-functions && python3 infra/cold_start.py

Stands in for Lambda's runtime API and for AWS on loopback, starts each binary anew for every run, hands it
its own event of `events/` twice, and prints tables in Markdown. infra/cold-start.md holds a run of it and says
what it does not show. A benchmark and no test: nothing here passes or fails by the clock.

    --runs N              starts of each program (at least 15 to be quoted)
    --binaries DIR        where the binaries are; the target directory's `lambda` unless told
    --variant LABEL=PATH  one more binary that answers `--variant-event`, such as one built otherwise
    --only NAME,...       these alone, besides variants: names of functions, `node`, `python`

Needs openssl, and for the comparison node, npm and pip; what they install lies in the user's cache.
"""

import argparse
import collections
import dataclasses
import hashlib
import io
import json
import os
import pathlib
import platform
import select
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
HANDLERS = ROOT / "infra" / "cold_start"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "weir" / "cold-start"

# What the comparison is made with: AWS's own clients, each bundled or compiled as one would deploy it.
NODE_PACKAGES = [
    "@aws-sdk/client-dynamodb@3.1169.0",
    "@aws-sdk/client-eventbridge@3.1169.0",
    "@aws-sdk/client-secrets-manager@3.1164.0",
    "@aws-sdk/client-sqs@3.1175.0",
    "esbuild@0.28.2",
]
PYTHON_PACKAGES = ["boto3==1.44.8"]

# The function whose calls the Node and the Python handler make.
COMPARED = "dispatcher"

# The share of a core that a Lambda of 256 MB has: a whole one comes with 1,769 MB.
MEMORY_MB, CORE_MB = 256, 1_769
SHARE = MEMORY_MB / CORE_MB
# The share is handed out in slices of this length, in microseconds.
PERIOD_US = 20_000

# How long a program may take for one step before the run is given up, in seconds. Not a measure of anything.
PATIENCE = 120

# How much of a program's log is shown when it fails, in bytes.
LOG_SHOWN = 4_000

FREE, HELD = "free", "held"


# ---------------------------------------------------------------- HTTP, as little as both stand-ins need


class Wire:
    """One connection: whole requests out of what has arrived so far."""

    def __init__(self, stream):
        self.stream = stream
        self.pending = b""

    def take(self):
        """The next whole request as (method, path, headers, body), or None if more has to arrive."""
        head, found, rest = self.pending.partition(b"\r\n\r\n")
        if not found:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if "chunked" in headers.get("transfer-encoding", ""):
            body, rest = unchunk(rest)
            if body is None:
                return None
        else:
            length = int(headers.get("content-length", 0))
            if len(rest) < length:
                return None
            body, rest = rest[:length], rest[length:]
        self.pending = rest
        method, path, _ = first.split(" ", 2)
        return method, path, headers, body

    def read(self):
        """Waits for bytes; False if the other side has closed."""
        arrived = self.stream.recv(65_536)
        self.pending += arrived
        return bool(arrived)

    def answer(self, status, headers, body):
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.stream.sendall(f"HTTP/1.1 {status}\r\n{head}content-length: {len(body)}\r\n\r\n".encode() + body)


def unchunk(rest):
    """The body and what follows it, or (None, rest) if its end has not arrived."""
    body, left = b"", rest
    while True:
        size, found, left = left.partition(b"\r\n")
        if not found:
            return None, rest
        length = int(size.split(b";")[0], 16)
        if len(left) < length + 2:
            return None, rest
        body, left = body + left[:length], left[length + 2 :]
        if length == 0:
            return body, left


def listen():
    door = socket.create_server(("127.0.0.1", 0), backlog=64)
    return door, door.getsockname()[1]


# ---------------------------------------------------------------- AWS: valid answers that hold nothing


def put_events(asked):
    return {"FailedEntryCount": 0, "Entries": [{"EventId": "event"} for _ in asked["Entries"]]}


def send_message_batch(asked):
    def taken(entry):
        digest = hashlib.md5(entry["MessageBody"].encode(), usedforsecurity=False).hexdigest()
        return {"Id": entry["Id"], "MessageId": "message", "MD5OfMessageBody": digest}

    return {"Successful": [taken(entry) for entry in asked["Entries"]], "Failed": []}


ANSWERS = {
    "BatchGetItem": lambda asked: {"Responses": {table: [] for table in asked["RequestItems"]}, "UnprocessedKeys": {}},
    "Query": lambda asked: {"Items": [], "Count": 0, "ScannedCount": 0},
    "PutItem": lambda asked: {},
    "DeleteItem": lambda asked: {},
    "TransactWriteItems": lambda asked: {},
    "PutEvents": put_events,
    "SendMessageBatch": send_message_batch,
}


class Aws:
    """One TLS port per service, as AWS has one host per service, so that each costs its own handshake."""

    SERVICES = ("DYNAMODB", "SQS", "EVENTBRIDGE", "SECRETS_MANAGER")

    def __init__(self, certificate, key):
        self.calls = []
        self.environment = {}
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        for service in self.SERVICES:
            door, port = listen()
            self.environment[f"AWS_ENDPOINT_URL_{service}"] = f"https://127.0.0.1:{port}"
            threading.Thread(target=self.accept, args=(door,), daemon=True).start()

    def accept(self, door):
        while True:
            stream, _ = door.accept()
            threading.Thread(target=self.serve, args=(stream,), daemon=True).start()

    def serve(self, stream):
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with self.context.wrap_socket(stream, server_side=True) as stream:
                wire = Wire(stream)
                while wire.read():
                    while request := wire.take():
                        self.reply(wire, *request[2:])
        except OSError:
            pass  # A program is ended in the middle of its connections.

    def reply(self, wire, headers, body):
        operation = headers.get("x-amz-target", "unknown").rpartition(".")[2]
        self.calls.append(operation)
        answer = ANSWERS.get(operation)
        if answer is None:
            wire.answer("400 Bad Request", {}, b'{"__type":"UnknownOperationException"}')
            return
        kind = {"content-type": headers.get("content-type", "application/x-amz-json-1.0")}
        wire.answer("200 OK", kind, json.dumps(answer(json.loads(body))).encode())


def certificates(folder):
    """An authority of this run alone, and what it signed for 127.0.0.1."""

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, cwd=folder, capture_output=True)

    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    (folder / "leaf.cnf").write_text("subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
    openssl("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=benchmark")
    openssl("req", *curve, "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", "/CN=127.0.0.1")
    signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "leaf.cnf"]
    openssl("x509", "-req", "-in", "leaf.csr", "-out", "leaf.pem", *signed)
    # Beside the system's own roots, so that a program reads as many as it would in Lambda.
    system = pathlib.Path(ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt")
    roots = (system.read_text() if system.exists() else "") + (folder / "ca.pem").read_text()
    (folder / "roots.pem").write_text(roots)
    return roots.count("BEGIN CERTIFICATE")


# ---------------------------------------------------------------- Lambda: the runtime API, and a share of the CPU


class Runtime:
    """The runtime API for one program at a time."""

    def __init__(self):
        self.door, self.port = listen()
        self.wires = {}

    def next(self, process):
        """Waits for the next request and gives it with its connection."""
        deadline = time.monotonic() + PATIENCE
        while True:
            for wire in self.wires.values():
                if request := wire.take():
                    return wire, request
            readable, _, _ = select.select([self.door, *self.wires], [], [], 1)
            for stream in readable:
                self.receive(stream)
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{process.args[0]} ended, or answered nothing for {PATIENCE} s")

    def receive(self, stream):
        if stream is self.door:
            accepted, _ = self.door.accept()
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.wires[accepted] = Wire(accepted)
        elif not self.wires[stream].read():
            del self.wires[stream]

    def forget(self):
        for stream in self.wires:
            stream.close()
        self.wires = {}


class Share:
    """A control group that holds what is in it to a share of one core, if this machine lets us make one."""

    def __init__(self):
        self.folder, self.why_not = None, None
        first = pathlib.Path("/sys/fs/cgroup/cpu")
        parent = first if first.is_dir() else pathlib.Path("/sys/fs/cgroup")
        folder = parent / f"weir-cold-start-{os.getpid()}"
        quota = round(PERIOD_US * SHARE)
        try:
            folder.mkdir()
            self.folder = folder
            if first.is_dir():
                (folder / "cpu.cfs_period_us").write_text(str(PERIOD_US))
                (folder / "cpu.cfs_quota_us").write_text(str(quota))
            else:
                (folder / "cpu.max").write_text(f"{quota} {PERIOD_US}")
        except OSError as error:
            self.why_not = f"no control group of its own here ({error.strerror})"
            self.remove()

    def hold(self, process):
        (self.folder / "cgroup.procs").write_text(str(process))

    def remove(self):
        if self.folder:
            self.folder.rmdir()
            self.folder = None


# ---------------------------------------------------------------- the programs


@dataclasses.dataclass
class Program:
    """What is started, with which event, and how large it is to deploy."""

    label: str
    command: list
    event: str
    bytes: int
    zipped: int
    environment: dict = dataclasses.field(default_factory=dict)


def zipped(paths, base):
    """Bytes of a deployment package of these files."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package:
        for path in paths:
            package.write(path, path.relative_to(base))
    return target.tell()


def binary(label, path, event):
    path = pathlib.Path(path).resolve()
    if not path.exists():
        raise SystemExit(f"{path} is missing: cargo build --profile lambda --package weir-functions")
    return Program(label, [str(path)], event, path.stat().st_size, zipped([path], path.parent))


def functions():
    return sorted(path.stem for path in (ROOT / "functions/src/bin").glob("*.rs"))


def installed(folder, wanted, install):
    """Runs `install` unless exactly this was installed before."""
    note = folder / "installed.json"
    if not note.exists() or json.loads(note.read_text()) != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        install()
        note.write_text(json.dumps(wanted))


def node(environment):
    if not shutil.which("node") or not shutil.which("npm"):
        return []
    folder = CACHE / "node"
    quiet = ["--no-audit", "--no-fund", "--silent"]
    installed(
        folder,
        NODE_PACKAGES,
        lambda: subprocess.run(["npm", "install", *quiet, "--prefix", str(folder), *NODE_PACKAGES], check=True),
    )
    source, bundle = folder / "handler.mjs", folder / "bundle.mjs"
    shutil.copy(HANDLERS / "handler.mjs", source)
    # The clients ask for Node's own modules by `require`, which a module does not have by itself.
    banner = 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);'
    options = ["--bundle", "--minify", "--platform=node", "--target=node20", "--format=esm", f"--banner:js={banner}"]
    esbuild = folder / "node_modules" / ".bin" / "esbuild"
    subprocess.run([esbuild, source, *options, "--log-level=error", f"--outfile={bundle}"], check=True)
    version = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True).stdout.strip("v\n")
    return [
        Program(
            f"Node {version}, bundled",
            [shutil.which("node"), str(bundle)],
            COMPARED,
            bundle.stat().st_size,
            zipped([bundle], folder),
            {"NODE_EXTRA_CA_CERTS": environment["authority"]},
        )
    ]


def python(environment):
    folder = CACHE / "python"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--compile"]
    pip += ["--no-warn-conflicts", "--root-user-action=ignore"]
    wanted = [platform.python_version(), *PYTHON_PACKAGES]
    installed(folder, wanted, lambda: subprocess.run([*pip, "--target", str(folder), *PYTHON_PACKAGES], check=True))
    shutil.copy(HANDLERS / "handler.py", folder / "handler.py")
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "installed.json"]
    return [
        Program(
            f"Python {platform.python_version()}, boto3",
            [os.path.realpath(sys.executable), "-I", "-c", LAUNCH.format(str(folder))],
            COMPARED,
            sum(path.stat().st_size for path in paths),
            zipped(paths, folder),
            {"AWS_CA_BUNDLE": environment["roots"]},
        )
    ]


# Starts the handler with the installed packages and nothing of this machine's.
LAUNCH = "import sys; sys.path.insert(0, {!r}); import handler"


def environment(aws, runtime, folder):
    """What every program gets: what Lambda and template.yaml set, and where the stand-ins are."""
    queue = "https://sqs.eu-west-1.amazonaws.com/123456789012/weir-bench"
    return {
        "PATH": os.defpath,
        "TZ": ":UTC",
        "LANG": "en_US.UTF-8",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
        "AWS_SESSION_TOKEN": "example",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_LAMBDA_FUNCTION_NAME": "weir-bench",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(MEMORY_MB),
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "AWS_LAMBDA_LOG_LEVEL": "INFO",
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{runtime.port}",
        "SSL_CERT_FILE": str(folder / "roots.pem"),
        "WEIR_STAGE": "bench",
        "WEIR_TABLE": "weir-bench",
        "WEIR_BUS": "weir-bench",
        "WEIR_QUEUE_IMPORT_AMAZON": f"{queue}-import-amazon",
        "WEIR_QUEUE_IMPORT_SHOPIFY": f"{queue}-import-shopify",
        "WEIR_QUEUE_PUSH_SHOPIFY": f"{queue}-push-shopify",
        "WEIR_QUEUE_IMPORT_BIGCOMMERCE": f"{queue}-import-bigcommerce",
        "WEIR_QUEUE_PUSH_BIGCOMMERCE": f"{queue}-push-bigcommerce",
        "WEIR_QUEUE_NOTIFICATIONS": f"{queue}-notifications-amazon",
        **aws.environment,
    }


# ---------------------------------------------------------------- one run


@dataclasses.dataclass
class Sample:
    """One life of a process: times in milliseconds, memory in bytes."""

    init: float
    cold: float
    warm: float
    cpu: float
    peak: int
    calls: list


def cpu_ms(process):
    """All CPU time of a process so far, by the kernel's own clock of it."""
    return time.clock_gettime((~process << 3) | 2) * 1_000


def peak_bytes(process):
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    return next(int(line.split()[1]) * 1_024 for line in status.splitlines() if line.startswith("VmHWM"))


def invoke(runtime, process, wire, event):
    """Hands over one event; the milliseconds until its answer."""
    headers = {
        "content-type": "application/json",
        "lambda-runtime-aws-request-id": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
        "lambda-runtime-deadline-ms": str(int(time.time() * 1_000) + PATIENCE * 1_000),
        "lambda-runtime-invoked-function-arn": "arn:aws:lambda:eu-west-1:123456789012:function:weir-bench",
    }
    began = time.perf_counter()
    wire.answer("200 OK", headers, event)
    wire, (_, path, _, answer) = runtime.next(process)
    took = (time.perf_counter() - began) * 1_000
    if not path.endswith("/response"):
        raise SystemExit(f"{process.args[0]} answered {path}: {answer.decode(errors='replace')}")
    wire.answer("202 Accepted", {}, b"")
    return took


def run(program, aws, runtime, variables, share, log):
    event = (ROOT / "events" / f"{program.event}.json").read_bytes()
    aws.calls.clear()
    began = time.perf_counter()
    process = subprocess.Popen(
        program.command,
        env={**variables, **program.environment},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        close_fds=False,
    )
    try:
        wire, _ = runtime.next(process)
        init = (time.perf_counter() - began) * 1_000
        if share:
            share.hold(process.pid)  # Lambda gives a whole core until here
        cold = invoke(runtime, process, wire, event)
        cpu, calls = cpu_ms(process.pid), list(aws.calls)
        wire, _ = runtime.next(process)
        warm = invoke(runtime, process, wire, event)
        runtime.next(process)
        return Sample(init, cold, warm, cpu, peak_bytes(process.pid), calls)
    finally:
        process.kill()
        process.wait()
        runtime.forget()


# ---------------------------------------------------------------- the tables


def middle_and_least(values):
    return f"{statistics.median(values):.1f} ({min(values):.1f})"


def megabytes(count):
    return f"{count / 1e6:.1f}"


def row(cells):
    return "| " + " | ".join(cells) + " |"


def table(programs, samples, mode):
    head = ["program", "init", "cold call", "init + cold call", "warm call", "CPU until the first answer"]
    lines = [row(head), row(["---"] * len(head))]
    for program in programs:
        taken = samples[program.label, mode]
        until = [sample.init + sample.cold for sample in taken]
        columns = [
            [sample.init for sample in taken],
            [sample.cold for sample in taken],
            until,
            [sample.warm for sample in taken],
            [sample.cpu for sample in taken],
        ]
        lines.append(row([program.label, *map(middle_and_least, columns)]))
    return "\n".join(lines)


def sizes(programs, samples):
    head = ["program", "size MB", "zip MB", "peak memory MB", "calls to AWS in the first call"]
    lines = [row(head), row(["---"] * len(head))]
    for program in programs:
        taken = samples[program.label, FREE]
        peak = statistics.median(sample.peak for sample in taken)
        counted = collections.Counter(taken[-1].calls)
        calls = ", ".join(f"{count} {name}" for name, count in counted.items())
        lines.append(row([program.label, megabytes(program.bytes), megabytes(program.zipped), megabytes(peak), calls]))
    return "\n".join(lines)


def processor():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    target = os.environ.get("CARGO_TARGET_DIR") or ROOT / "target"
    parser.add_argument("--runs", type=int, default=21)
    parser.add_argument("--binaries", type=pathlib.Path, default=pathlib.Path(target) / "lambda")
    parser.add_argument("--variant", action="append", default=[], metavar="LABEL=PATH")
    parser.add_argument("--variant-event", default="order-import")
    parser.add_argument("--only", default="", metavar="NAME,...")
    return parser.parse_args()


def chosen(options, places):
    only = set(filter(None, options.only.split(",")))

    def wanted(name):
        return not only or name in only

    programs = [binary(name, options.binaries / name, name) for name in functions() if wanted(name)]
    for variant in options.variant:
        label, _, path = variant.partition("=")
        programs.append(binary(label, path, options.variant_event))
    if wanted("node"):
        programs += node(places)
    if wanted("python"):
        programs += python(places)
    return programs


def main():
    options = arguments()
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as log:
        folder = pathlib.Path(folder)
        roots = certificates(folder)
        places = {"authority": str(folder / "ca.pem"), "roots": str(folder / "roots.pem")}
        programs = chosen(options, places)
        aws, runtime, share = Aws(folder / "leaf.pem", folder / "leaf.key"), Runtime(), Share()
        variables = environment(aws, runtime, folder)
        samples, loads = collections.defaultdict(list), []
        modes = [(FREE, None), *([(HELD, share)] if share.folder else [])]
        try:
            for _ in range(options.runs):
                # In turn, so that what else the machine does falls on all alike.
                for mode, held in modes:
                    for program in programs:
                        samples[program.label, mode].append(run(program, aws, runtime, variables, held, log))
                loads.append(os.getloadavg()[0])
        except SystemExit:
            log.seek(0)
            sys.stderr.write(log.read()[-LOG_SHOWN:].decode(errors="replace"))
            raise
        finally:
            share.remove()
    report(programs, samples, share.why_not, roots, loads, options.runs)


def report(programs, samples, why_not, roots, loads, runs):
    print(f"{processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, {platform.machine()};")
    print(f"{runs} runs of each, in turn; load {min(loads):.1f} to {max(loads):.1f}; {roots} root certificates.")
    print("Milliseconds, median (least).\n")
    print(f"{sizes(programs, samples)}\n\nWith the whole machine:\n\n{table(programs, samples, FREE)}")
    if why_not:
        print(f"\nNot measured at {SHARE:.3f} of a core: {why_not}.")
    else:
        print(f"\nHeld to {SHARE:.3f} of a core from the first event on:\n\n{table(programs, samples, HELD)}")


if __name__ == "__main__":
    main()
