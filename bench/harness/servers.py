# SPDX-License-Identifier: MIT
"""What the clients send to: posthaste's sink, Postfix's smtp-sink, and the proxy that delays.

Each is started for one run of one client, so that what it counted is what that client sent.
"""
import json
import os
import pathlib
import re
import socket
import subprocess
import tempfile
import time

from . import machine

LIMIT = 20  # seconds for a server to begin, and to end


class Failure(Exception):
    """A benchmark that cannot be counted."""


class Server:
    """A process that says when it listens; `with` ends it."""

    def __init__(self, command, env=None, pinned=True):
        prefix = machine.PINNED if pinned else []
        self.output = tempfile.TemporaryFile()  # pylint: disable=consider-using-with
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            [*prefix, *command], stdin=subprocess.DEVNULL, stdout=self.output,
            stderr=subprocess.STDOUT, env=env or machine.environment())

    def said(self):
        self.output.seek(0)
        return self.output.read().decode(errors="replace")

    def await_output(self, pattern):
        """Waits until it has said this. @return the match"""
        begun = time.monotonic()
        while time.monotonic() - begun < LIMIT:
            found = re.search(pattern, self.said())
            if found:
                return found
            if self.process.poll() is not None:
                break
            time.sleep(0.002)
        raise Failure(f"{self.process.args} does not start: {self.said()}")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(LIMIT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        self.output.close()


class Sink(Server):
    """posthaste's own: offers what it is not told to leave out, and counts what it takes."""

    def __init__(self, *options):
        self.folder = tempfile.TemporaryDirectory(prefix="posthaste-bench-")
        self.cafile = str(pathlib.Path(self.folder.name) / "sink.pem")
        tls = [] if "STARTTLS" in options else ["--cert-out", self.cafile]
        super().__init__([machine.posthaste(), "sink", "--quiet", "--summary", "--listen",
                          "127.0.0.1:0", *options, *tls])
        self.port = int(self.await_output(r"listening on 127\.0\.0\.1:(\d+)\n").group(1))

    def counted(self):
        """Ends it. @return messages, bytes of content and recipients that arrived"""
        self.stop()
        found = re.search(r"took (\d+) messages of (\d+) bytes for (\d+) recipients", self.said())
        if not found:
            raise Failure(f"the sink does not say what it took: {self.said()}")
        return tuple(int(number) for number in found.groups())

    def __exit__(self, *rest):
        super().__exit__(*rest)
        self.folder.cleanup()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class PostfixSink(Server):
    """Postfix's smtp-sink, which counts messages alone."""

    cafile = None

    def __init__(self, *_):
        self.port = free_port()
        # Root must give its rights up; whoever else runs this has none to give.
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        super().__init__([str(machine.POSTFIX / "usr/sbin/smtp-sink"), "-c", *user,
                          f"127.0.0.1:{self.port}", "1000"], machine.postfix_environment())
        self._await_listening()

    def _await_listening(self):
        begun = time.monotonic()
        while time.monotonic() - begun < LIMIT and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.01)
        raise Failure(f"smtp-sink does not start: {self.said()}")

    def counted(self):
        """@return messages; of the rest it does not tell"""
        self.stop()
        counters = re.findall(r"mesg=(\d+)", self.said())
        return (int(counters[-1]) if counters else 0), None, None


class Proxy(Server):
    """A long link to a server on this machine."""

    def __init__(self, server_port, round_trip_ms):
        # On another core where there is one: it is the network, not a part of either side.
        super().__init__([machine.built("proxy"), "0", str(server_port), str(round_trip_ms)],
                         pinned=False)
        self.port = int(self.await_output(r"listening on (\d+)\n").group(1))

    def turns(self):
        """How often the client spoke after it had been spoken to, in its one session."""
        return json.loads(self.await_output(r'\{"turns".*\}').group(0))["turns"]
