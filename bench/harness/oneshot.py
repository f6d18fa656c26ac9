# SPDX-License-Identifier: MIT
"""The row `oneshot`: commands that send one message and end. What they cost is mostly their start:
user instructions, counted by callgrind, and the time from start to end."""
import json
import shutil
import subprocess

from . import content, instructions, machine
from .measure import progress, summary
from .rows import DATA, KIB
from .servers import Failure, Sink

NAME = "oneshot"
TITLE = "One message by a command: start, send, end"
GOAL = "at most 5 million user instructions, and less time than every other client"
FROM, TO = "sender@example.org", "recipient@example.org"


def _posthaste(port, message):
    return [machine.posthaste(), "send", "--quiet", "--starttls", "never", "--server",
            f"127.0.0.1:{port}", "--from", FROM, "--to", TO, message]


def _raw(port, _):
    return [machine.built("raw_plain"), str(port), "data", "1", str(KIB), "1"]


def _smtp_source(port, _):
    return [str(machine.POSTFIX / "usr/sbin/smtp-source"), "-l", str(KIB), "-f", FROM, "-t", TO,
            "-M", "client.example.org", f"127.0.0.1:{port}"]


def _curl(port, message):
    return ["curl", "--silent", "--url", f"smtp://127.0.0.1:{port}", "--mail-from", FROM,
            "--mail-rcpt", TO, "--upload-file", message]


def _msmtp(port, _):
    return ["msmtp", "--file=/dev/null", "--host=127.0.0.1", f"--port={port}", f"--from={FROM}",
            "--domain=client.example.org", TO]


def _swaks(port, message):
    return ["swaks", "--silent", "3", "--server", "127.0.0.1", "--port", str(port), "--from", FROM,
            "--to", TO, "--data", f"@{message}"]


COMMANDS = {"raw": _raw, "posthaste": _posthaste, "smtp-source": _smtp_source, "curl": _curl,
            "msmtp": _msmtp, "swaks": _swaks}


def _is_here(name):
    program = COMMANDS[name](0, "")[0]
    return program is not None and shutil.which(program) is not None


def _time(command, message, count):
    done = subprocess.run([*machine.PINNED, machine.built("spawn"), str(count), message, *command],
                          capture_output=True, check=False, env=machine.postfix_environment(),
                          timeout=120)
    if done.returncode != 0:
        raise Failure(f"{command[0]} failed: {done.stderr.decode(errors='replace')}")
    return json.loads(done.stdout)


def _check_arrival(name, sink, wanted):
    arrived = sink.counted()[0]
    if arrived != wanted:
        raise Failure(f"{name}: {wanted} messages were sent, {arrived} arrived")


def executed(name):
    """@return the user instructions of one run of a command"""
    message = content.file_of(KIB)
    with Sink(*DATA) as sink:
        result = instructions.executed(COMMANDS[name](sink.port, message),
                                       machine.postfix_environment(), message)
        _check_arrival(name, sink, 1)
    return result


def _measure(name, count):
    """@return milliseconds of wall and CPU time of a run"""
    message = content.file_of(KIB)
    with Sink(*DATA) as sink:
        used = _time(COMMANDS[name](sink.port, message), message, count)
        _check_arrival(name, sink, count)
    return used["wall_us"] / 1000, used["cpu_us"] / 1000


def _count_of(name, is_quick):
    """How often a command runs in each round."""
    return 3 if name == "swaks" else 10 if is_quick else 50


class _Run:
    """All rounds of the row."""

    def __init__(self, is_quick):
        self.counts = {name: _count_of(name, is_quick) for name in COMMANDS if _is_here(name)}
        self.measured = {name: [] for name in self.counts}
        self.executed = {}
        self.failures = {}

    def count_instructions(self):
        for name in self.counts:
            self._try(name, self._execute)

    def round(self):
        for name in self.counts:
            self._try(name, lambda name: self.measured[name].append(
                _measure(name, self.counts[name])))

    def _execute(self, name):
        self.executed[name] = executed(name)

    def _try(self, name, act):
        if name in self.failures:
            return
        try:
            act(name)
        except Failure as failure:
            self.failures[name] = str(failure)
            progress(f"  {failure}")

    def line(self, name):
        walls, cpus = zip(*self.measured[name])
        base = [wall for wall, _ in self.measured.get("raw", [])]
        millions = self.executed[name] / 1e6 if name in self.executed else None
        return {"name": name, "messages": self.counts[name], **summary(walls, base),
                "CPU, ms": summary(cpus)["median"], "million user instructions": millions}

    def lines(self):
        return [self.line(name) for name in self.counts if name not in self.failures]


def run(rounds, is_quick):
    progress(f"{NAME}: {TITLE}")
    row = _Run(is_quick)
    if shutil.which("valgrind"):
        row.count_instructions()
    for _ in range(rounds):
        row.round()
    return {"name": NAME, "title": TITLE, "unit": "ms", "at_most": None, "goal": GOAL,
            "rounds": rounds, "lines": row.lines(),
            "missing": [name for name in COMMANDS if name not in row.counts],
            "failures": row.failures}
