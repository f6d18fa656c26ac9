# SPDX-License-Identifier: MIT
"""The example programs: each is run as its first comment says, and does what it says."""
import os
import pathlib
import subprocess
import unittest

from support import CA, LIMIT, Case, FakeServer, Sink, certificate, clean_environment, closed_port

FOLDER = pathlib.Path(os.environ["EXAMPLES"])
LOOPS = [path.name.removeprefix("send_with_") for path in sorted(FOLDER.glob("send_with_*"))
         if os.access(path, os.X_OK) and path.is_file()]
FROM, TO = "alice@example.org", "bob@example.org"


class Examples(Case):
    def example(self, name, *arguments, code=0, **environment):
        done = subprocess.run([FOLDER / name, *map(str, arguments)], capture_output=True, timeout=LIMIT,
                              env=clean_environment(**environment), check=False)
        self.assertEqual(done.returncode, code, f"{name} {arguments}: {done.stdout} {done.stderr}")
        return done.stdout.decode(), done.stderr.decode()

    def sink(self, *options):
        sink = self.start(Sink(*options))
        return sink, *sink.address.rsplit(":", 1)

    def plain_sink(self, *options):
        return self.sink("--without", "STARTTLS", *options)

    def test_send(self):
        sink, host, port = self.plain_sink()
        out, _ = self.example("send", host, port, FROM, TO)
        self.assertRegex(out, r"^sent: 250 ")
        self.assertTrue(sink.messages()[0].endswith(
            b"From: Alice <alice@example.org>\r\nTo: Bob <bob@example.org>\r\nSubject: Hello\r\n\r\n"
            b"This is the whole message.\r\n"))
        _, err = self.example("send", host, closed_port(), FROM, TO, code=1)
        self.assertIn("refused", err)

    def test_tls_auth(self):
        sink, _, port = self.sink("--require-tls", "--require-auth", "--auth", "alice:pw", *certificate("server"))
        out, _ = self.example("tls_auth", "localhost", port, CA, "alice", FROM, TO, POSTHASTE_PASSWORD="pw")
        self.assertRegex(out, r"^TLSv1\.3, \w+, verified for localhost\n$")
        self.assertTrue(sink.messages()[0].endswith(b"Nobody on the way reads this.\r\n"))
        _, err = self.example("tls_auth", "localhost", port, CA, "alice", FROM, TO, code=1,
                              POSTHASTE_PASSWORD="wrong")
        self.assertIn("535", err)

    def test_stream(self):
        sink, host, port = self.plain_sink()
        out, _ = self.example("stream", host, port, FROM, TO, 5000)
        self.assertRegex(out, r"^\d+ bytes sent\n$")
        lines = b"".join(b"line %d of 5000\r\n" % i for i in range(1, 5001))
        self.assertTrue(sink.messages()[0].endswith(b"Subject: report\r\n\r\n" + lines))

    def test_recipients(self):
        sink, host, port = self.plain_sink("--reject", "nobody@example.org")
        path = self.file("message", b"Subject: to many\n\n.\n")
        out, _ = self.example("recipients", host, port, path, FROM, TO, "nobody@example.org", "c@example.org")
        self.assertRegex(out, r"^bob@example\.org: accepted: 250 .*\nnobody@example\.org: refused: 550 .*\n"
                              r"c@example\.org: accepted: 250 .*\nmessage: sent\n$")
        self.assertTrue(sink.messages()[0].endswith(b"Subject: to many\r\n\r\n.\r\n"))
        self.example("recipients", host, port, path, FROM, "nobody@example.org", code=1)

    def test_errors(self):
        for replies, code, decision in (({}, 0, "done"), ({"RCPT": "450 4.2.0 later"}, 1, "try later"),
                                        ({"RCPT": "550 5.1.1 no"}, 2, "give up"),
                                        ({".": None}, 3, "ask somebody")):
            server = self.start(FakeServer(**replies))
            out, err = self.example("errors", "127.0.0.1", server.port, FROM, TO, code=code)
            self.assertEqual(out, decision + "\n")
            self.assertEqual("outcome unknown" in err, decision == "ask somebody", err)

    def test_pool(self):
        sink, host, port = self.plain_sink()
        out, err = self.example("pool", host, port)
        self.assertEqual((out, err, len(sink.messages())), ("100 of 100 messages sent\n", "", 100))
        _, err = self.example("pool", host, closed_port(), code=1)
        self.assertEqual(err.count("not-sent, after 0 attempts: cannot connect to"), 100, err[:300])

    def test_threads(self):
        sink, host, port = self.plain_sink()
        out, _ = self.example("threads", host, port, FROM, TO, 20)
        self.assertEqual(out, "20 of 20 sent\n")
        numbers = sorted(int(message.rpartition(b"Subject: number ")[2].split()[0])
                         for message in sink.messages())
        self.assertEqual(numbers, list(range(20)))

    def test_loops(self):
        sink, host, port = self.plain_sink()
        self.assertLessEqual({"epoll", "poll"}, set(LOOPS))
        for loop in LOOPS:
            out, err = self.example("send_with_" + loop, host, port, FROM, TO, 20)
            self.assertEqual((out, err), ("", ""))
        bodies = [message.rpartition(b"Sent by ")[2] for message in sink.messages()]
        self.assertEqual(len(bodies), 20 * len(LOOPS))
        self.assertEqual(len(set(bodies)), len(LOOPS))

    def test_loops_end_with_a_server_that_fails(self):
        for loop in LOOPS:
            _, err = self.example("send_with_" + loop, "127.0.0.1", closed_port(), FROM, TO, 3, code=1)
            self.assertIn("refused", err)
            server = self.start(FakeServer(MAIL=None))
            out, err = self.example("send_with_" + loop, "127.0.0.1", server.port, FROM, TO, 3, code=1)
            self.assertEqual(out, "")
            self.assertIn("closed the connection", err)
            server = self.start(FakeServer(RCPT=["250 2.1.5 ok", "550 5.1.1 no", "250 2.1.5 ok"]))
            _, err = self.example("send_with_" + loop, "127.0.0.1", server.port, FROM, TO, 3, code=1)
            self.assertRegex(err, r"^127\.0\.0\.1 refused the recipient <bob@example\.org>: 550 5\.1\.1 no\n$")
            self.assertEqual(server.lines.count("."), 2)
            _, err = self.example("send_with_" + loop, "127.0.0.1", server.port, FROM, "a b", 3, code=1)
            self.assertEqual(err.count("\n"), 1)

    def test_usage(self):
        for name in ("errors", "recipients", "send", "stream", "threads", "tls_auth",
                     *("send_with_" + loop for loop in LOOPS)):
            _, err = self.example(name, code=64)
            self.assertIn("usage: ", err)


if __name__ == "__main__":
    unittest.main()
