# SPDX-License-Identifier: MIT
"""What the tests of the command share: running it, servers to run it against, certificates.

POSTHASTE names the command, CERTIFICATES the folder that tests/tls/make-certificates filled.
Everything stays on the loopback address, on ports below those that the system hands out.
"""
import json
import os
import pathlib
import random
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

COMMAND = os.environ["POSTHASTE"]
CERTIFICATES = pathlib.Path(os.environ.get("CERTIFICATES", "."))
LIMIT = 60  # seconds that nothing here should ever take


def certificate(name):
    """The two files of a certificate, as options of the sink."""
    return ("--tls-cert", str(CERTIFICATES / f"{name}.crt"),
            "--tls-key", str(CERTIFICATES / f"{name}.key"))


CA = str(CERTIFICATES / "ca.crt")


def clean_environment(**changes):
    """The environment without what could change a result."""
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("POSTHASTE_PASSWORD", "SSL_CERT_FILE", "SSL_CERT_DIR")}
    environment.update(changes)
    return environment


class Run:
    """One run of the command: exit code, and what it printed."""

    def __init__(self, *arguments, text=b"", **environment):
        done = subprocess.run([COMMAND, *arguments], input=text, capture_output=True,
                              timeout=LIMIT, env=clean_environment(**environment), check=False)
        self.arguments = arguments
        self.code = done.returncode
        self.out = done.stdout.decode()
        self.err = done.stderr.decode()

    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return f"{self.arguments}\nexit {self.code}\nstdout:\n{self.out}\nstderr:\n{self.err}"


class Case(unittest.TestCase):
    """A test case that shows the whole run when an expectation fails."""

    longMessage = True

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="posthaste-cli-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def file(self, name, content):
        path = self.folder / name
        path.write_bytes(content)
        return str(path)

    def run_ok(self, *arguments, **rest):
        return self.run_for(0, *arguments, **rest)

    def run_for(self, code, *arguments, **rest):
        run = Run(*arguments, **rest)
        self.assertEqual(run.code, code, str(run))
        self.assertNotIn("ERROR: ", run.err, str(run))  # of a sanitizer
        return run

    def assert_says(self, run, *words):
        for word in words:
            self.assertIn(word, run.err, str(run))

    def start(self, server):
        server.start()
        self.addCleanup(server.stop)
        return server


def bind_somewhere():
    """A listening socket on a free port."""
    for _ in range(200):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", random.randrange(20000, 32000)))
            listener.listen(16)
            return listener
        except OSError:
            listener.close()
    raise RuntimeError("no free port between 20000 and 32000")


def closed_port():
    """A port that nobody listens on."""
    listener = bind_somewhere()
    port = listener.getsockname()[1]
    listener.close()
    return port


class Sink:
    """`posthaste sink` in a process of its own, keeping what it gets in a Maildir."""

    def __init__(self, *options, host="127.0.0.1"):
        self.options = options
        self.host = host
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="posthaste-sink-"))
        self.address = None

    def start(self):
        for _ in range(20):
            if self._try(closed_port()):
                return
        raise RuntimeError(f"the sink does not start: {self.log()}")

    def _arguments(self, port):
        where = [] if "--unix" in self.options else ["--listen", f"{self.host}:{port}"]
        return [COMMAND, "sink", *where, "--maildir", str(self.folder / "mail"), *self.options]

    def _try(self, port):
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(self._arguments(port), stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, env=clean_environment())
        begun = time.monotonic()
        while time.monotonic() - begun < LIMIT:
            found = re.search(r"listening on (\S+)", self.log())
            if found:
                self.address = found.group(1)
                return True
            if self.process.poll() is not None:
                return False
            time.sleep(0.02)
        self.stop_process()
        raise RuntimeError("the sink does not say where it listens")

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def messages(self):
        """The messages that arrived, in their order of arrival."""
        files = sorted((self.folder / "mail" / "new").glob("*"), key=lambda path: path.stat().st_mtime_ns)
        return [path.read_bytes() for path in files]

    def stop_process(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(LIMIT)

    def stop(self):
        self.stop_process()
        shutil.rmtree(self.folder)


class FakeServer:
    """A server that answers as a table says, for what no honest server does.

    replies: verb -> reply, with or without CRLF; None closes the connection; a list gives one
    reply after the other, the last of them again and again; "." is the end of the content.
    greeting: None hangs up, "" says nothing. client_ca: who must have signed the client.
    """

    def __init__(self, greeting="220 fake.example.org", certificate_name=None, client_ca=None, **replies):
        self.greeting = greeting
        self.client_ca = client_ca
        self.peers = []
        self.replies = {"EHLO": "250 fake.example.org", "HELO": "250 fake.example.org",
                        "MAIL": "250 2.1.0 ok", "RCPT": "250 2.1.5 ok", "DATA": "354 go ahead",
                        ".": "250 2.0.0 queued", "QUIT": "221 2.0.0 bye", "RSET": "250 2.0.0 ok",
                        "NOOP": "250 2.0.0 ok", **replies}
        self.certificate_name = certificate_name
        self.lines = []  # what clients said, content included
        self.threads = []

    def start(self):
        self.listener = bind_somewhere()
        self.port = self.listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(LIMIT)
        for thread in self.threads:
            thread.join(LIMIT)

    def _accept(self):
        while True:
            try:
                connection, peer = self.listener.accept()
            except OSError:
                return
            self.peers.append(peer[0])
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            thread.start()
            self.threads.append(thread)

    def _serve(self, connection):
        connection.settimeout(LIMIT)
        try:
            with connection:
                self._converse(connection)
        except (OSError, ssl.SSLError):
            pass  # clients go away as they like here

    @staticmethod
    def _send(connection, reply):
        data = reply if isinstance(reply, bytes) else reply.encode()
        connection.sendall(data if data.endswith(b"\n") else data + b"\r\n")

    def _reply_to(self, verb):
        reply = self.replies.get(verb, "500 5.5.1 what?")
        if isinstance(reply, list):
            reply = reply.pop(0) if len(reply) > 1 else reply[0]
        return reply

    def _converse(self, connection):
        if self.greeting is None:
            return
        if self.greeting:
            self._send(connection, self.greeting)
        stream = connection.makefile("rb")
        in_content = False
        while line := stream.readline():
            self.lines.append(line.rstrip(b"\r\n").decode(errors="replace"))
            if in_content and line != b".\r\n":
                continue
            verb = "." if in_content else line.split()[0].decode().upper()
            in_content = False
            reply = self._reply_to(verb)
            if reply is None:
                return
            self._send(connection, reply)
            in_content = verb == "DATA" and reply.startswith("354")
            if verb == "STARTTLS" and self.certificate_name:
                connection = self._start_tls(connection)
                stream = connection.makefile("rb")
        connection.close()

    def _start_tls(self, connection):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATES / f"{self.certificate_name}.crt",
                                CERTIFICATES / f"{self.certificate_name}.key")
        if self.client_ca:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.client_ca)
        return context.wrap_socket(connection, server_side=True)


ENVELOPE = ("--from", "alice@example.org", "--to", "bob@example.net")
MESSAGE = b"Subject: test\n\nhello\n"
