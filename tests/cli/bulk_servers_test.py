# SPDX-License-Identifier: MIT
"""posthaste bulk, against servers that hang up, allow little, and count."""
import collections
import os
import pathlib
import re
import resource
import subprocess
import threading
import time
import unittest

from bulk_support import Holding, line, lines
from support import COMMAND, LIMIT, Case, FakeServer, Sink, clean_environment


class Counting(FakeServer):
    """A server that offers PIPELINING, and notes the number in the subject of what it takes."""

    def __init__(self, **rest):
        super().__init__(**rest)
        self.replies["EHLO"] = "250-fake.example.org\r\n250 PIPELINING"
        self.taken = collections.Counter()

    def take(self, content):
        number = int(re.search(rb"^Subject: (\d+)", content, re.M).group(1))
        self.taken[number] += 1

    def read_content(self, _connection, stream):
        """The content up to its end; None ends the session."""
        content = []
        while (text := stream.readline()) != b".\r\n":
            if not text:
                return None
            content.append(text)
        return b"".join(content)

    def handle_content(self, connection, stream):
        content = self.read_content(connection, stream)
        if content is None:
            return False
        self.take(content)
        self._send(connection, "250 2.0.0 queued")
        return True

    def _converse(self, connection):
        self._send(connection, self.greeting)
        stream = connection.makefile("rb")
        while text := stream.readline():
            verb = text.split()[0].decode().upper()
            self._send(connection, self._reply_to(verb))
            if verb == "QUIT" or (verb == "DATA" and not self.handle_content(connection, stream)):
                return


class Limited(Counting):
    """Refuses content that is larger than 1 MB in the middle of it, and hangs up."""

    MOST = 1024 * 1024

    def __init__(self):
        super().__init__()
        self.refused = 0

    def read_content(self, connection, stream):
        content, length = [], 0
        while (text := stream.readline()) != b".\r\n":
            if not text:
                return None
            content.append(text)
            length += len(text)
            if length > self.MOST:
                self.refused += 1
                self._send(connection, "552 5.3.4 too large")
                return None
        return b"".join(content)


class OneAtATime(Counting):
    """Lets one client in, turns others away, and ends each session after 40 messages."""

    MOST = 40

    def __init__(self):
        super().__init__()
        self.place = threading.Lock()
        self.turned_away = 0
        self.sessions = collections.Counter()

    def _converse(self, connection):
        if not self.place.acquire(blocking=False):
            self.turned_away += 1
            self._send(connection, "421 4.7.0 too many connections")
            return
        try:
            super()._converse(connection)
        finally:
            self.place.release()

    def handle_content(self, connection, stream):
        name = threading.get_ident(), connection.fileno()
        is_taken = super().handle_content(connection, stream)
        self.sessions[name] += is_taken
        if self.sessions[name] < self.MOST:
            return is_taken
        del self.sessions[name]
        return False


class Servers(Case):
    def bulk(self, server, messages, *options, code=0):
        return self.run_for(code, "bulk", "--server", server.address, *options,
                            self.file("list.ndjson", lines(messages)))

    def test_content_refused_in_its_middle_harms_no_other(self):
        for retries in ("0", "3"):
            server = self.start(Limited())
            large = self.file("large.eml", b"Subject: 7\n\n" + b"a line of a large message\n" * 300000)
            messages = [line(n) for n in range(30)]
            messages[7] = {"from": "a@example.org", "to": "b@example.net", "path": large}
            run = self.bulk(server, messages, "--connections", "1", "--retries", retries, "--checkpoint",
                            str(self.folder / f"checkpoint{retries}"), code=1)
            self.assertEqual(server.taken, collections.Counter(n for n in range(30) if n != 7), str(run))
            self.assertEqual(server.refused, 1)
            self.assertIn("line 8: refused: ", run.out)
            self.assertIn("552 5.3.4 too large", run.out)
            self.assertIn("29 sent, 1 refused, 0 failed, 0 unknown", run.out)

    def test_a_server_that_allows_little_gets_all(self):
        server = self.start(OneAtATime())
        run = self.bulk(server, [line(n) for n in range(200)], "--connections", "2")
        self.assertIn("200 sent, 0 refused, 0 failed, 0 unknown", run.out)
        self.assertEqual(server.taken, collections.Counter(range(200)))
        self.assertGreaterEqual(len(server.peers) - server.turned_away, 5)  # sessions of 40

    def test_a_server_that_wants_a_login_first_blames_no_message(self):
        server = self.start(FakeServer(MAIL="530 5.7.0 log in first"))
        run = self.bulk(server, [line(n) for n in range(200)], "--connections", "1", code=77)
        self.assertIn("0 sent, 0 refused, 0 failed, 0 unknown", run.out)
        self.assert_says(run, "530 5.7.0 log in first")
        self.assertLess(sum(text.startswith("MAIL") for text in server.lines), 200)


class Files(Case):
    """Files that cannot be read once their turn has come."""

    def begin(self, *arguments, **rest):
        process = subprocess.Popen([COMMAND, "bulk", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=clean_environment(), **rest)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.stdout.close)
        return process

    def test_one_that_is_gone_is_named_with_the_reason(self):
        server = self.start(Holding())
        self.addCleanup(server.may_answer.set)
        path = self.file("large.eml", b"Subject: 2\n\n" + b"0123456789\n" * 40000)
        source = self.file("list.ndjson", lines([line(1), {"from": "a@x.org", "to": "b@x.org", "path": path}, line(3)]))
        process = self.begin("--server", server.address, "--connections", "1", source)
        self.assertTrue(server.heard.wait(LIMIT))
        os.unlink(path)
        server.may_answer.set()
        self.assertEqual(process.wait(LIMIT), 75)
        out = process.stdout.read().decode()
        self.assertIn(f"line 2: failed: it was not sent, since {path} could not be read when its turn came: "
                      "No such file or directory\n", out)
        self.assertIn("2 sent, 0 refused, 1 failed, 0 unknown", out)

    def test_an_mbox_that_is_cut_off_sends_no_half_message(self):
        server = self.start(Holding())
        self.addCleanup(server.may_answer.set)
        text = b"".join(b"From x Thu Jan  1 00:00:00 1970\nFrom: a@x.org\nTo: b@x.org\nSubject: %d\n\n%s\n" % each
                        for each in ((1, b"x\n"), (2, b"0123456789\n" * 40000)))
        path = self.file("box", text)
        process = self.begin("--server", server.address, "--connections", "1", path)
        self.assertTrue(server.heard.wait(LIMIT))
        os.truncate(path, 1000)
        server.may_answer.set()
        self.assertEqual(process.wait(LIMIT), 75)
        self.assertRegex(process.stdout.read().decode(), r"message 2 \(byte \d+\): failed: it was not sent, since its part "
                         "of the file could not be read when its turn came: it has become shorter\n")
        self.assertEqual(server.lines.count("."), 1)

    @unittest.skipUnless(os.path.exists("/proc/self/limits"), "limits are looked up in /proc")
    def test_many_connections_may_have_many_files(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, 2000))

        for connections, expected in (("100", 364), ("9000", 2000), ("1", 67)):
            process = self.begin("--server", "127.0.0.1:1", "--connections", connections, "-", stdin=subprocess.PIPE,
                                 preexec_fn=limit)
            begun = time.monotonic()
            while self.limit_of(process) != expected:
                self.assertLess(time.monotonic() - begun, LIMIT)
                time.sleep(0.01)
            process.stdin.close()
            self.assertEqual(process.wait(LIMIT), 0)

    @staticmethod
    def limit_of(process):
        found = re.search(r"^Max open files +(\d+)", pathlib.Path(f"/proc/{process.pid}/limits").read_text(), re.M)
        return int(found.group(1))

    def test_too_many_open_files_pass(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (30, 30))

        sink = self.start(Sink("--without", "STARTTLS", "--delay", "BODY=50"))
        large = self.file("large.eml", b"Subject: 1\n\n" + b"0123456789\n" * 30000)
        source = self.file("list.ndjson", lines(
            {"from": "a@x.org", "to": "b@x.org", **({"path": large} if n % 2 else {"body": "Subject: 2\n\nx\n"})}
            for n in range(120)))
        process = self.begin("--server", sink.address, "--connections", "100", "--retries", "1000", source,
                             preexec_fn=limit)
        out, err = process.communicate(timeout=LIMIT)
        self.assertEqual(process.returncode, 0, out + err)
        self.assertIn(b"120 sent, 0 refused, 0 failed, 0 unknown", out)


if __name__ == "__main__":
    unittest.main()
