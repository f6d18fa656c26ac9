# SPDX-License-Identifier: MIT
"""The row `oneshot`: commands that send one message and end. What they cost is mostly their start:
user instructions, counted by callgrind, and the time from start to end."""
import json
import re
import shutil
import subprocess

from . import content, machine
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


def _instructions(command, message):
    """User instructions in millions, or None without valgrind."""
    if not shutil.which("valgrind"):
        return None
    with open(message, "rb") as text:
        done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                               *command], stdin=text, capture_output=True, check=False,
                              env=machine.postfix_environment(), timeout=120)
    found = re.search(rb"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not found:
        raise Failure(f"{command[0]} failed: {done.stderr.decode(errors='replace')}")
    return int(found.group(1)) / 1e6


def _time(command, message, count):
    done = subprocess.run([*machine.PINNED, machine.built("spawn"), str(count), message, *command],
                          capture_output=True, check=False, env=machine.postfix_environment(),
                          timeout=120)
    if done.returncode != 0:
        raise Failure(f"{command[0]} failed: {done.stderr.decode(errors='replace')}")
    return json.loads(done.stdout)


def _measure(name, message, count, is_counted):
    """@return milliseconds of wall and CPU time of a run, and its instructions"""
    with Sink(*DATA) as sink:
        command = COMMANDS[name](sink.port, message)
        instructions = _instructions(command, message) if is_counted else None
        used = _time(command, message, count)
        arrived = sink.counted()[0]
    wanted = count + (instructions is not None)
    if arrived != wanted:
        raise Failure(f"{name}: {wanted} messages were sent, {arrived} arrived")
    return used["wall_us"] / 1000, used["cpu_us"] / 1000, instructions


def run(rounds, is_quick):
    progress(f"{NAME}: {TITLE}")
    message = content.file_of(KIB)
    names = [name for name in COMMANDS if _is_here(name)]
    measured = {name: [] for name in names}
    failures = {}
    for number in range(rounds):
        for name in names:
            if name in failures:
                continue
            count = 3 if name == "swaks" else 10 if is_quick else 50
            try:
                measured[name].append(_measure(name, message, count, number == 0))
            except Failure as failure:
                failures[name] = str(failure)
                progress(f"  {failure}")
    return {"name": NAME, "title": TITLE, "unit": "ms", "at_most": None, "goal": GOAL,
            "lines": [_line(name, measured) for name in names if name not in failures],
            "missing": [name for name in COMMANDS if name not in names], "failures": failures}


def _line(name, measured):
    walls = [wall for wall, _, _ in measured[name]]
    base = [wall for wall, _, _ in measured["raw"]]
    line = {"name": name, "messages": len(walls), **summary(walls, base)}
    line["CPU, ms"] = summary([cpu for _, cpu, _ in measured[name]])["median"]
    line["million user instructions"] = measured[name][0][2]
    return line
