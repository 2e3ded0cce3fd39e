"""The processes of the check, each on a free port of this machine. Only those that were started here are ended."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

REGION = "eu-west-1"

# How long a process may take to answer for the first time, in seconds: a loaded machine imports slowly.
START = 120

# How long a process may take to end by itself, in seconds.
END = 10


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Processes:
    """What was started here."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.running = []

    def start(self, name, command, environment=None):
        log = open(self.folder / f"{name}.log", "wb")
        env = {**os.environ, **(environment or {})}
        # A group of its own: what it starts (each Lambda is a process) ends with it.
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=env, start_new_session=True)
        self.running.append((name, process, log))
        return process

    def end(self):
        for _, process, _ in reversed(self.running):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        for _, process, log in reversed(self.running):
            try:
                process.wait(END)
            except subprocess.TimeoutExpired:
                pass
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            log.close()
        self.running.clear()

    def log_of(self, name):
        return (self.folder / f"{name}.log").read_text(errors="replace")


def wait_until_answered(url, process):
    until = time.monotonic() + START
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args[0]} ended with {process.returncode}")
        try:
            return urllib.request.urlopen(url, timeout=2).read()
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"{url} does not answer")


def start_emulator(processes, program, port, lambdas_call):
    """The emulator. It enforces each function's role; `lambdas_call` is the endpoint that the functions get."""
    environment = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "EDGE_PORT": str(port),
        "MINISTACK_HOST": "localhost",
        "MINISTACK_REGION": REGION,
        "AWS_ENDPOINT_URL": lambdas_call,
        "IOT_MTLS_ENABLED": "0",  # else it listens beyond this machine
        "AUTH": "true",
        "NO_PROXY": "*",
        "TMPDIR": str(processes.folder),  # where it lays out the functions' code
    }
    process = processes.start("emulator", [program], environment)
    wait_until_answered(f"http://127.0.0.1:{port}/_ministack/health", process)


def start_faults(processes, program, port, upstream):
    """The proxy that fails as AWS does, when it is told to."""
    process = processes.start("faults", [program, "--upstream", upstream, "--port", str(port), "--host", "127.0.0.1"])
    wait_until_answered(f"http://127.0.0.1:{port}/_microburst/health", process)


def start_sandbox(processes, name, program):
    """A sandboxed channel; gives its address."""
    process = processes.start(name, [program])
    until = time.monotonic() + START
    while time.monotonic() < until:
        for line in processes.log_of(name).splitlines():
            if line.startswith("listening on "):
                return line.removeprefix("listening on ")
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(f"the sandboxed {name} did not start: {processes.log_of(name)}")
