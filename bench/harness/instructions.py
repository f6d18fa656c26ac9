# SPDX-License-Identifier: MIT
"""Counts what the send path executes, by callgrind: exact where times are not."""
import dataclasses
import os
import re
import subprocess

from . import clients, content, machine
from .rows import CHUNKING, DATA, DATA_TLS, KIB, LOCK, MIB
from .servers import Failure, Sink


@dataclasses.dataclass
class Count:
    """What is counted: the difference that so many messages more make, so that the session's
    beginning and end fall out."""
    title: str
    sink: tuple
    mode: str
    few: int = 100
    many: int = 600
    size: int = KIB
    recipients: int = 1
    per_kib: bool = False  # of content, not a message
    has_file: bool = False


COUNTS = [
    Count("a message, lock-step", LOCK, "lock"),
    Count("a message, PIPELINING and DATA", DATA, "data"),
    Count("a message, CHUNKING, overlapped", CHUNKING, "bdat"),
    Count("a message, CHUNKING, relay known to be good", CHUNKING, "window", 128, 640),
    Count("a message over TLS, PIPELINING and DATA (OpenSSL's too)", DATA_TLS, "data,tls"),
    Count("a message to 100 recipients, PIPELINING and DATA", DATA, "data", 20, 120,
          recipients=100),
    Count("a KiB of content by DATA from memory", DATA, "data", 1, 3, 8 * MIB, per_kib=True,
          has_file=True),
    Count("a KiB of content by DATA from a file", DATA, "data,file", 1, 3, 8 * MIB, per_kib=True,
          has_file=True),
    Count("a KiB of content by BDAT from memory, line ends known", CHUNKING, "bdat,crlf", 1, 3,
          8 * MIB, per_kib=True, has_file=True),
    Count("a KiB of content by BDAT from a file, line ends known", CHUNKING, "bdat,file,crlf", 1,
          3, 8 * MIB, per_kib=True, has_file=True),
    Count("a session of one message, from its opening to its end", DATA, "sessions", 20, 120),
]


def executed(command, env, message=os.devnull):
    """@return instructions that a command executes, which may read a message from its standard
    input: in user mode, with all its libraries and their loading"""
    with open(message, "rb") as text:
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command],
            stdin=text, capture_output=True, encoding="utf-8", errors="replace", env=env,
            timeout=clients.LIMIT, check=False)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not found:
        raise Failure(f"{' '.join(command)} failed: {done.stderr}")
    return int(found.group(1))


def _run(counted, messages):
    with Sink(*counted.sink) as sink:
        path = content.file_of(counted.size) if counted.has_file else None
        job = clients.Job(sink.port, counted.mode, messages, counted.size, counted.recipients,
                          path)
        result = executed(clients.CLIENTS["posthaste"].command(job),
                          machine.environment(BENCH_CAFILE=sink.cafile))
        if sink.counted()[0] != messages:
            raise Failure(f"{counted.title}: not every message arrived")
    return result


def count(counted):
    """@return instructions a message, or a KiB of content"""
    more = _run(counted, counted.many) - _run(counted, counted.few)
    units = counted.many - counted.few
    return more / (units * counted.size / KIB if counted.per_kib else units)
