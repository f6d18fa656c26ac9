# SPDX-License-Identifier: MIT
"""What the tests of the sink share: starting one, and a peer that says to it what it likes.

POSTHASTE names the command. Everything stays on the loopback address, on ports below those that
the system hands out, and on Unix sockets.
"""
import os
import pathlib
import random
import re
import resource
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import unittest

COMMAND = os.environ["POSTHASTE"]
LIMIT = 60  # seconds that nothing here should ever take
USER, PASSWORD = "alice", "open sesame"


class Sink:
    """`posthaste sink` in a process of its own. Its end is looked at, too: exit 0, nothing on
    standard error."""

    def __init__(self, *options, where="unix", descriptors=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="posthaste-sink-"))
        self.options = options
        self.where = where
        self.descriptors = descriptors  # how many it may have; None: as many as we
        self.address = None
        self.process = None

    @property
    def maildir(self):
        return self.folder / "mail"

    def start(self):
        for _ in range(20):
            if self._try(self._place()):
                return
        raise RuntimeError(f"the sink does not start: {self.out()} {self.err()}")

    def _place(self):
        if self.where == "unix":
            return "--unix", str(self.folder / "socket")
        return "--listen", self.where.replace("PORT", str(random.randrange(20000, 32000)))

    def _try(self, place):
        with open(self.folder / "out", "wb") as out, open(self.folder / "err", "wb") as err:
            self.process = subprocess.Popen([COMMAND, "sink", *place, *self.options], stdout=out,
                                            stderr=err, stdin=subprocess.DEVNULL,
                                            preexec_fn=self._limit if self.descriptors else None)
        begun = time.monotonic()
        while time.monotonic() - begun < LIMIT:
            found = re.search(r"listening on (\S+)\n", self.out())
            if found:
                self.address = found.group(1)
                return True
            if self.process.poll() is not None:
                return False
            time.sleep(0.01)
        self.process.kill()
        raise RuntimeError("the sink does not say where it listens")

    def _limit(self):
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.descriptors, self.descriptors))

    def out(self):
        return (self.folder / "out").read_text(errors="replace")

    def err(self):
        return (self.folder / "err").read_text(errors="replace")

    def most_memory(self):
        """Bytes of memory that it has ever held."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s*(\d+) kB", status).group(1)) * 1024

    def messages(self):
        """The files of the Maildir, oldest first."""
        files = sorted((self.maildir / "new").iterdir(), key=lambda path: path.stat().st_mtime_ns)
        return [path.read_bytes() for path in files]

    def connect(self):
        kind, _, rest = self.address.partition(":")
        if kind == "unix":
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(LIMIT)
            connection.connect(rest)
            return connection
        host, _, port = self.address.rpartition(":")
        return socket.create_connection((host.strip("[]"), int(port)), timeout=LIMIT)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        code, complaints = self.process.wait(LIMIT), self.err()
        shutil.rmtree(self.folder)
        if code != 0 or complaints:
            raise AssertionError(f"the sink ended with {code}: {complaints}")


class Peer:
    """A client without manners: sends bytes, reads replies."""

    def __init__(self, connection):
        self.connection = connection
        self.stream = connection.makefile("rb")

    def close(self):
        self.stream.close()
        self.connection.close()

    def send(self, data):
        self.connection.sendall(data if isinstance(data, bytes) else data.encode())

    def reply(self):
        """All lines of one reply, without CRLF, parted by newlines; "" if the sink hung up."""
        lines = []
        while line := self.stream.readline():
            assert line.endswith(b"\r\n"), line
            lines.append(line[:-2].decode())
            if line[3:4] != b"-":
                break
        return "\n".join(lines)

    def say(self, line):
        """Sends a line. Returns the reply."""
        self.send(line + ("\r\n" if isinstance(line, str) else b"\r\n"))
        return self.reply()

    def has_ended(self):
        try:
            return self.stream.read(1) == b""
        except ConnectionError:
            return True

    def start_tls(self, context):
        """The handshake; what was said before is the caller's matter."""
        self.stream.close()
        self.connection = context.wrap_socket(self.connection, server_hostname="localhost")
        self.stream = self.connection.makefile("rb")


class Case(unittest.TestCase):
    longMessage = True

    def start(self, *options, **where):
        sink = Sink(*options, **where)
        sink.start()
        self.addCleanup(sink.stop)
        return sink

    def start_keeping(self, *options, **where):
        """A sink with a Maildir in its folder."""
        sink = Sink(*options, **where)
        sink.options += ("--maildir", str(sink.maildir))
        sink.start()
        self.addCleanup(sink.stop)
        return sink

    def start_with_certificate(self, *options, **where):
        """A sink with a certificate of its own making, and a TLS context that trusts it alone."""
        sink = Sink(*options, **where)
        sink.options += ("--cert-out", str(sink.folder / "cert.pem"))
        sink.start()
        self.addCleanup(sink.stop)
        return sink, ssl.create_default_context(cafile=str(sink.folder / "cert.pem"))

    def meet(self, sink, greeting="220"):
        """A peer that was greeted."""
        peer = Peer(sink.connect())
        self.addCleanup(peer.close)
        self.assert_code(greeting, peer.reply())
        return peer

    def meet_esmtp(self, sink):
        """A peer that has said EHLO."""
        peer = self.meet(sink)
        self.says(peer, "EHLO client.example.org", "250")
        return peer

    def assert_code(self, code, reply):
        self.assertTrue(reply.startswith(code), f"wanted {code}, not {reply!r}")
        return reply

    def says(self, peer, line, code):
        return self.assert_code(code, peer.say(line))

    def talk(self, peer, *lines_and_codes):
        """Line, code, line, code ..."""
        for line, code in zip(lines_and_codes[::2], lines_and_codes[1::2]):
            self.says(peer, line, code)

    def begin_mail(self, peer, *recipients):
        self.says(peer, "MAIL FROM:<a@example.org>", "250")
        for recipient in recipients or ("b@example.net",):
            self.says(peer, f"RCPT TO:<{recipient}>", "250")

    def deliver(self, peer, content=b"hello\r\n"):
        """Sends a message whose content needs no stuffing."""
        self.begin_mail(peer)
        self.says(peer, "DATA", "354")
        peer.send(content + b".\r\n")
        self.assert_code("250", peer.reply())


def split_file(data):
    """A file of the Maildir: the sink's own lines by name, and the content."""
    fields, rest = {}, data
    while True:
        line, _, rest = rest.partition(b"\r\n")
        name, _, value = line.decode().partition(": ")
        fields.setdefault(name, []).append(value)
        if name == "Received":
            return fields, rest
