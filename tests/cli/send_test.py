# SPDX-License-Identifier: MIT
"""posthaste send: its options, what arrives at a server, and what it prints."""
import os
import subprocess
import unittest

from support import (COMMAND, ENVELOPE, LIMIT, MESSAGE, Case, FakeServer, Sink, bind_somewhere,
                     clean_environment)


class WithSink(Case):
    OPTIONS = ()

    def setUp(self):
        super().setUp()
        self.sink = self.start(Sink("--without", "STARTTLS", *self.OPTIONS))

    def send(self, *options, code=0, envelope=ENVELOPE, **rest):
        return self.run_for(code, "send", "--server", self.sink.address, *envelope, *options, **rest)

    def assert_arrived(self, content, count=1):
        messages = self.sink.messages()
        self.assertEqual(len(messages), count, self.sink.log())
        self.assertTrue(messages[-1].endswith(content), repr(messages[-1][-300:]))


class Content(WithSink):
    WRITTEN = b"Subject: x\n\n.\n..two\n\xe4\xf6 8-bit\r\nlone\rend"
    ARRIVED = b"Subject: x\r\n\r\n.\r\n..two\r\n\xe4\xf6 8-bit\r\nlone\r\nend\r\n"

    def test_of_standard_input(self):
        run = self.send(text=self.WRITTEN)
        self.assert_arrived(self.ARRIVED)
        self.assertRegex(run.out, r"^bob@example\.net: accepted: 250 .*\nmessage: sent: 250 .*\n$")
        self.assertEqual(run.err, "")

    def test_of_standard_input_by_name(self):
        self.send("-", text=self.WRITTEN)
        self.assert_arrived(self.ARRIVED)

    def test_of_a_file(self):
        self.send(self.file("message.eml", self.WRITTEN))
        self.assert_arrived(self.ARRIVED)

    def test_of_a_file_whose_name_is_like_an_option(self):
        path = self.file("--message", self.WRITTEN)
        done = subprocess.run([COMMAND, "send", "--server", self.sink.address, *ENVELOPE, "--", "--message"],
                              cwd=os.path.dirname(path), timeout=LIMIT, env=clean_environment(), check=False,
                              stdout=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0)
        self.assert_arrived(self.ARRIVED)

    def test_empty(self):
        self.send(text=b"")
        self.assertEqual(len(self.sink.messages()), 1)

    def test_large(self):
        content = b"Subject: large\r\n\r\n" + b"x" * 70 + b"\r\n" + b".dots\r\n" * 400000
        self.send(text=content)
        self.assert_arrived(content)

    def test_from_the_middle_of_an_open_file(self):
        path = self.file("mbox", b"From somebody\nSubject: rest\n\nhi\n")
        with open(path, "rb", buffering=0) as file:
            file.seek(14)
            done = subprocess.run([COMMAND, "send", "--server", self.sink.address, *ENVELOPE], stdin=file,
                                  timeout=LIMIT, env=clean_environment(), check=False,
                                  stdout=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0)
        self.assert_arrived(b"Subject: rest\r\n\r\nhi\r\n")


class Envelope(WithSink):
    OPTIONS = ("--reject", "nobody@example.net", "--reject", "no-one@example.net")

    def test_of_several(self):
        run = self.send("--to", "carol@example.net", "--to=dave@example.net", text=MESSAGE)
        self.assertEqual([line.partition(":")[0] for line in run.out.splitlines()],
                         ["bob@example.net", "carol@example.net", "dave@example.net", "message"])
        message = self.sink.messages()[0]
        for address in (b"alice@example.org", b"bob@example.net", b"carol@example.net", b"dave@example.net"):
            self.assertIn(address, message)

    def test_null_sender(self):
        self.send(envelope=("--from", "", "--to", "bob@example.net"), text=MESSAGE)
        self.assertNotIn(b"alice@example.org", self.sink.messages()[0])

    def test_refused_stops_all(self):
        run = self.send("--to", "nobody@example.net", code=67, text=MESSAGE)
        self.assertRegex(run.out, r"(?m)^bob@example\.net: accepted: 250 ")
        self.assertRegex(run.out, r"(?m)^nobody@example\.net: refused: 550 5\.1\.1 ")
        self.assertIn("message: not-sent\n", run.out)
        self.assert_says(run, "posthaste send: ", "nobody@example.net", "550 5.1.1",
                         "hint: --any-recipient")
        self.assertEqual(self.sink.messages(), [])

    def test_refused_does_not_stop_others(self):
        run = self.send("--to", "nobody@example.net", "--any-recipient", text=MESSAGE)
        self.assertIn("message: sent: 250", run.out)
        self.assert_says(run, "note: 1 of 2 recipients was refused")
        self.assert_arrived(b"hello\r\n")
        result = self.send("--to", "nobody@example.net", "--any-recipient", "--json", text=MESSAGE).json()
        self.assertEqual([entry["accepted"] for entry in result["recipients"]], [True, False])
        self.assertEqual(result["recipients"][1]["code"], 550)
        self.assertEqual(result["recipients"][1]["enhanced"], "5.1.1")
        self.assertIsNone(result["error"])

    def test_all_refused(self):
        run = self.send("--any-recipient", code=67, text=MESSAGE,
                        envelope=("--from", "a@example.org", "--to", "nobody@example.net",
                                  "--to", "no-one@example.net"))
        self.assertIn("message: not-sent", run.out)


class Reports(WithSink):
    def test_json(self):
        run = self.send("--json", text=MESSAGE)
        result = run.json()
        self.assertEqual(list(result), ["outcome", "server", "tls", "message_reply", "recipients",
                                        "error", "notice"])
        self.assertEqual(result["outcome"], "sent")
        self.assertEqual(result["server"], self.sink.address)
        self.assertEqual(result["message_reply"]["code"], 250)
        self.assertEqual(result["recipients"][0]["address"], "bob@example.net")
        self.assertTrue(result["recipients"][0]["accepted"])
        self.assertIsNone(result["error"])
        self.assertIsNone(result["notice"])

    def test_quiet(self):
        run = self.send("--quiet", text=MESSAGE)
        self.assertEqual((run.out, run.err), ("", ""))

    def test_trace_goes_to_stderr(self):
        run = self.send("--trace", "--json", text=MESSAGE)
        self.assertIn("<- MAIL FROM:<alice@example.org>", run.err)
        self.assertNotIn("hello", run.err)
        self.assertEqual(run.json()["outcome"], "sent")

    def test_reader_that_goes_away(self):
        script = f'"$0" send --server {self.sink.address} {" ".join(ENVELOPE)} </dev/null | exec true; ' \
                 'exit "${PIPESTATUS[0]}"'
        done = subprocess.run(["bash", "-c", script, COMMAND], capture_output=True, timeout=LIMIT,
                              env=clean_environment(), check=False)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(len(self.sink.messages()), 1)

    @unittest.skipUnless(os.path.exists("/dev/full"), "needs /dev/full")
    def test_output_that_is_full(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([COMMAND, "send", "--server", self.sink.address, *ENVELOPE], input=MESSAGE,
                                  stdout=full, stderr=subprocess.PIPE, timeout=LIMIT,
                                  env=clean_environment(), check=False)
        self.assertEqual(done.returncode, 74)
        self.assertIn(b"No space left on device; what was asked for has been done", done.stderr)
        self.assertEqual(len(self.sink.messages()), 1)


class Hostile(Case):
    def test_words_are_escaped(self):
        server = self.start(FakeServer(**{".": "250-\x1b]0;title\x07\r\n250 caf\u00e9"}))
        run = self.run_ok("send", "--server", server.address, *ENVELOPE, text=MESSAGE)
        self.assertIn("message: sent: 250 \\x1b]0;title\\x07 / caf\u00e9\n", run.out)
        server = self.start(FakeServer(**{".": b"554 \xff\xfe\r\n".decode("latin-1")}))
        run = self.run_for(69, "send", "--server", server.address, *ENVELOPE, "--json", text=MESSAGE)
        self.assertEqual(run.json()["message_reply"]["code"], 554)

    def test_bytes_that_are_not_utf8_are_escaped(self):
        server = self.start(FakeServer(greeting=b"554 caf\xe9 \xc0\x80 \xed\xa0\x80\r\n"))
        run = self.run_for(69, "send", "--server", server.address, *ENVELOPE, "--json", text=MESSAGE)
        self.assertIn("caf\\xe9", run.json()["error"]["text"])


class Session(Case):
    def send(self, server, *options, code=0, **rest):
        return self.run_for(code, "send", "--server", getattr(server, "address", server), *ENVELOPE,
                            *options, text=MESSAGE, **rest)

    def test_helo(self):
        server = self.start(FakeServer())
        self.send(server, "--helo", "client.example.org")
        self.assertEqual(server.lines[0], "EHLO client.example.org")

    def test_bind(self):
        server = self.start(FakeServer())
        self.send(server, "--bind", "127.0.0.5")
        self.assertEqual(server.peers, ["127.0.0.5"])
        self.send(server, "--bind", "192.0.2.1", code=69)

    def test_default_ports(self):
        # Nothing is connected to: the local address is nobody's.
        for options, port in (((), 25), (("--tls",), 465), (("--user", "u"), 587),
                              (("--tls", "--user", "u"), 465)):
            run = self.send("127.0.0.1", "--bind", "192.0.2.1", "--json", *options, code=69,
                            POSTHASTE_PASSWORD="pw")
            self.assertEqual(run.json()["server"], f"127.0.0.1:{port}")
        run = self.send("::1", "--bind", "2001:db8::1", "--json", code=69)
        self.assertEqual(run.json()["server"], "[::1]:25")

    def test_read_timeout_is_not_reached_by_default(self):
        server = self.start(FakeServer(greeting=""))
        run = self.send(server, "--read-timeout", "0.3", code=75)
        self.assert_says(run, "0.3")

    def test_open_timeout(self):
        listener = bind_somewhere()  # the system takes the connection, and nobody answers
        self.addCleanup(listener.close)
        run = self.send(f"127.0.0.1:{listener.getsockname()[1]}", "--tls", "--open-timeout", "0.3",
                        "--json", code=75)
        self.assertEqual(run.json()["error"]["class"], "ERR_OPEN_TIMEOUT")

    def test_fall_back_to_helo_is_noted(self):
        server = self.start(FakeServer(EHLO="502 5.5.1 what?"))
        run = self.send(server)
        self.assert_says(run, "posthaste send: note: ", "not encrypted")
        self.assertIn("not encrypted", self.send(server, "--json").json()["notice"])
        self.assertEqual(self.send(server, "--quiet").err, "")

    def test_a_bad_end_of_the_session_is_noted(self):
        server = self.start(FakeServer(QUIT=None))
        run = self.send(server, "--json")
        self.assertEqual(run.json()["outcome"], "sent")
        self.assertIn("QUIT", run.json()["notice"])

    def test_plaintext_login_is_allowed_by_option(self):
        server = self.start(FakeServer(EHLO="250-x\r\n250 AUTH LOGIN PLAIN", AUTH="235 ok"))
        self.send(server, "--user", "alice", "--allow-plaintext-auth", POSTHASTE_PASSWORD="pw")
        self.assertIn("AUTH PLAIN AGFsaWNlAHB3", server.lines)

    def test_ipv6(self):
        sink = self.start(Sink("--without", "STARTTLS", host="[::1]"))
        self.send(sink.address)
        self.send(sink.address, "--bind", "::1")
        self.assertEqual(len(sink.messages()), 2)

    def test_unix_socket(self):
        path = str(self.folder / "socket")
        sink = self.start(Sink("--without", "STARTTLS", "--unix", path))
        run = self.send(f"unix:{path}", "--json")
        self.assertEqual(run.json()["server"], f"unix:{path}")
        self.assertEqual(len(sink.messages()), 1)


if __name__ == "__main__":
    unittest.main()
