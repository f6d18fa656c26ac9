# SPDX-License-Identifier: MIT
"""The clients: how each is called, and how much of a row's work it gets (the slow ones less)."""
import dataclasses
import json
import os
import subprocess
import threading
import time

from . import machine
from .servers import Failure


@dataclasses.dataclass
class Job:
    """What a client is to send."""
    port: int
    mode: str
    count: int
    size: int
    recipients: int
    file: str = None
    cafile: str = None


@dataclasses.dataclass
class Client:
    name: str
    command: callable  # of a job; None if it is not on this machine
    share: float = 1.0  # of the row's count
    adds_headers: bool = False  # what arrives is larger than what it was given
    tells: bool = True  # a line of JSON; else its whole process is measured from outside
    env: callable = machine.environment

    def is_here(self):
        return self.command(Job(0, "", 0, 0, 0)) is not None

    def count(self, job_count):
        return max(1, round(job_count * self.share))


def _arguments(job):
    return [str(job.port), job.mode, str(job.count), str(job.size), str(job.recipients),
            *([job.file] if job.file else [])]


def _program(name):
    def command(job):
        path = machine.built(name)
        return [path, *_arguments(job)] if path else None
    return command


def _script(interpreter, name, needs=None):
    def command(job):
        path = machine.packaged(interpreter)
        is_here = path and (needs is None or needs.exists())
        return [path, str(machine.SCRIPTS / name), *_arguments(job)] if is_here else None
    return command


def _smtp_source(job):
    path = machine.POSTFIX / "usr/sbin/smtp-source"
    return [str(path), "-d", "-m", str(job.count), "-l", str(job.size), "-r", str(job.recipients),
            "-M", "client.example.org", "-f", "sender@example.org", "-t", "recipient@example.org",
            f"127.0.0.1:{job.port}"] if path.exists() else None


_ALL = [
    Client("raw", _program("raw")),
    Client("posthaste", _program("posthaste")),
    Client("libesmtp", _program("libesmtp"), 0.25, adds_headers=True),
    Client("curl-easy", _program("curl_easy"), 0.25),
    Client("curl-multi", _program("curl_multi")),
    Client("smtp-source", _smtp_source, 0.25, adds_headers=True, tells=False,
           env=machine.postfix_environment),
    Client("go-net-smtp", _program("net_smtp_go"), 0.25),
    Client("python-smtplib", _script("python3", "python_smtplib.py"), 0.1),
    Client("nodemailer", _script("node", "nodemailer.js", machine.NODE_MODULES / "nodemailer"),
           0.1),
    # It waits for delayed acknowledgements, 40 ms a message.
    Client("ruby-net-smtp", _script("ruby", "net_smtp.rb"), 0.002),
]
CLIENTS = {client.name: client for client in _ALL}
LIMIT = 120  # seconds that no run should ever take


def run(client, job):
    """Has a client do a job. @return what it used: cpu_us, wall_us, peak_rss_kib, ..."""
    env = dict(client.env())
    if job.cafile:
        env["BENCH_CAFILE"] = job.cafile
    begun = time.monotonic()
    with subprocess.Popen([*machine.PINNED, *client.command(job)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env) as process:
        end = threading.Timer(LIMIT, process.kill)
        end.start()
        out, err = process.stdout.read(), process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        end.cancel()
    if process.returncode != 0:
        raise Failure(f"{client.name} ended with {process.returncode}: {err.decode(errors='replace').strip()}")
    if client.tells:
        return json.loads(out)
    return {"cpu_us": (used.ru_utime + used.ru_stime) * 1e6, "user_us": used.ru_utime * 1e6,
            "wall_us": (time.monotonic() - begun) * 1e6, "messages": job.count}


