# SPDX-License-Identifier: MIT
"""posthaste bulk: what it reads, what arrives, and what it tells."""
import json
import mailbox
import os
import pty
import re
import signal
import subprocess
import threading
import time
import unittest

from bulk_support import WithSink, line, lines, numbers
from support import CA, COMMAND, LIMIT, Case, FakeServer, Sink, certificate, clean_environment, closed_port


class Sources(WithSink):
    def test_lines_of_json(self):
        run = self.bulk(self.ndjson(*(line(n) for n in range(300))))
        self.assertEqual(self.arrived(), list(range(300)))
        self.assertRegex(run.out, r"^300 sent, 0 refused, 0 failed, 0 unknown in \d+\.\d s \(\d+\.\d/s\)\n$")
        self.assertRegex(run.err, r"^(posthaste bulk: note: .*\n)?$")

    def test_lines_of_json_from_a_pipe_are_sent_as_they_come(self):
        process = subprocess.Popen([COMMAND, "bulk", "--server", self.sink.address, "-"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=clean_environment())
        self.addCleanup(process.stdout.close)
        process.stdin.write(lines([line(1)]))
        process.stdin.flush()
        self.wait_for(lambda: self.arrived() == [1])
        process.stdin.write(lines([line(2)]))
        process.stdin.close()
        self.assertEqual(process.wait(LIMIT), 0)
        self.assertEqual(self.arrived(), [1, 2])

    def wait_for(self, condition):
        begun = time.monotonic()
        while not condition():
            self.assertLess(time.monotonic() - begun, LIMIT)
            time.sleep(0.02)

    def test_a_path_and_parameters(self):
        large = b"Subject: 7\r\n\r\n" + b"a line of a large message\r\n" * 40000
        path = self.file("large.eml", large)
        self.bulk(self.ndjson({"from": "a@example.org", "parameters": {"RET": "HDRS"}, "path": path,
                               "to": [{"address": "b@example.net", "parameters": {"NOTIFY": "NEVER"}}]}))
        self.assertTrue(self.sink.messages()[0].endswith(large))

    def test_a_maildir(self):
        box = mailbox.Maildir(self.folder / "box")
        for n in range(20):
            box.add(f"From: a@example.org\nTo: b@example.net\nBcc: hidden@example.net\nSubject: {n}\n\nx\n")
        self.bulk(str(self.folder / "box"))
        self.assertEqual(self.arrived(), list(range(20)))
        self.assertIn(b"hidden@example.net", self.sink.messages()[0].split(b"\r\n\r\n")[0])  # the envelope
        self.assertNotIn(b"\r\nBcc:", self.sink.messages()[0])

    def test_an_mbox(self):
        box = mailbox.mbox(self.folder / "box")
        for n in range(20):
            box.add(f"From: a@example.org\nTo: b@example.net\nSubject: {n}\n\n>From the start\n")
        box.close()
        self.bulk("--from", "x@example.org", "--to", "y@example.net", str(self.folder / "box"))
        self.assertEqual(self.arrived(), list(range(20)))

    def test_a_template(self):
        template = self.file("t.eml", b"To: {{name}} <{{email}}>\nSubject: {{number}}\n\nDear {{name}}\n")
        people = self.file("r.csv", b'email,name,number\na@example.net,Ann,1\nb@example.net,"B, b",2\n')
        self.bulk("--from", "me@example.org", "--template", template, "--recipients", people)
        self.assertEqual(self.arrived(), [1, 2])
        self.assertTrue(any(b"Dear B, b\r\n" in message for message in self.sink.messages()))

    def test_a_line_that_is_no_message_ends_the_reading(self):
        path = self.file("list.ndjson", lines([line(1)]) + b'{"from": "a@example.org", "too": 1}\n' +
                         lines([line(3)]))
        run = self.bulk(path, code=65)
        self.assertEqual(self.arrived(), [1])
        self.assert_says(run, 'line 2: the field "too" is not known (did you mean "to"?);')

    def test_an_address_that_is_none_concerns_its_message_alone(self):
        run = self.bulk(self.ndjson(line(1), line(2, to="a b@example.net"), line(3)), code=1)
        self.assertEqual(self.arrived(), [1, 3])
        self.assertIn('line 2: refused: to: "a b@example.net" is not an address', run.out)


class Outcomes(WithSink):
    OPTIONS = ("--reject", "u2@example.net")

    def test_what_is_refused_is_told(self):
        run = self.bulk(self.ndjson(line(1), line(2), line(3)), code=1)
        self.assertEqual(self.arrived(), [1, 3])
        self.assertIn("line 2: refused: ", run.out)
        self.assertIn("550 5.1.1", run.out)
        self.assertIn("2 sent, 1 refused, 0 failed, 0 unknown", run.out)

    def test_any_recipient_tells_who_got_nothing(self):
        run = self.bulk("--any-recipient", self.ndjson(line(1, to=["u1@example.net", "u2@example.net"])), code=1)
        self.assertEqual(self.arrived(), [1])
        self.assertRegex(run.out, r"line 1: sent, but not to u2@example\.net: 550 ")

    def test_json_is_an_object_a_message(self):
        run = self.bulk("--json", self.ndjson(line(1), line(2), line(3)), code=1)
        told = [json.loads(text) for text in run.out.splitlines()]
        self.assertEqual({each["message"]: each["state"] for each in told[:-1]},
                         {"line 1": "sent", "line 2": "refused", "line 3": "sent"})
        refused = next(each for each in told if each.get("state") == "refused")
        self.assertEqual(refused["recipients"][0]["code"], 550)
        self.assertEqual(refused["error"]["class"], "ERR_FATAL")
        self.assertEqual((told[-1]["summary"]["sent"], told[-1]["summary"]["complete"]), (2, True))
        self.assertIsNone(told[-1]["summary"]["error"])
        self.assertRegex(run.out, r'"seconds":\d+\.\d{1,3},')

    def test_quiet_says_nothing(self):
        run = self.bulk("--quiet", self.ndjson(line(1)))
        self.assertEqual((run.out, run.err), ("", ""))

    def test_a_window_changes_nothing(self):
        run = self.bulk("--window", "50", "--connections", "1", self.ndjson(*(line(n) for n in range(200))), code=1)
        self.assertEqual(self.arrived(), [n for n in range(200) if n != 2])
        self.assertIn("199 sent, 1 refused", run.out)


class Servers(Case):
    def bulk(self, server, *options, code=0):
        return self.run_for(code, "bulk", "--server", server, *options,
                            self.file("list.ndjson", lines(line(n) for n in range(50))))

    def test_nobody_is_there(self):
        run = self.bulk(f"127.0.0.1:{closed_port()}", "--retries", "0", code=69)
        self.assertRegex(run.err, "^posthaste bulk: cannot connect to 127.0.0.1 [^\n]*\n$")

    def test_trouble_with_the_server_is_told_once_and_blames_no_message(self):
        server = self.start(FakeServer(greeting="554 5.3.2 go away"))
        run = self.bulk(server.address, code=69)
        self.assertRegex(run.out, r"^0 sent, 0 refused, 0 failed, 0 unknown in [\d.]+ s\n$")
        self.assertEqual(run.err, "posthaste bulk: 127.0.0.1 refused the session: 554 5.3.2 go away\n")
        run = self.bulk(server.address, "--json", code=69)
        summary = json.loads(run.out)["summary"]
        self.assertEqual((summary["failed"], summary["complete"]), (0, False))
        self.assertEqual((summary["error"]["phase"], summary["error"]["code"]), ("greeting", 554))

    def test_what_was_sent_before_the_trouble_is_told(self):
        server = self.start(FakeServer(**{".": ["250 2.0.0 queued", None], "RSET": None}))
        server.replies["EHLO"] = ["250 fake.example.org", "554 5.3.2 go away"]
        run = self.bulk(server.address, "--connections", "1", code=76)
        self.assert_says(run, "without --checkpoint the same command would send again what was")

    def test_a_certificate_that_is_refused_ends_it(self):
        sink = self.start(Sink(*certificate("expired")))
        run = self.bulk(sink.address, "--cafile", CA, code=78)
        self.assertEqual(sink.messages(), [])
        self.assert_says(run, "the certificate of", "hint: --cafile FILE")
        self.assertIn("0 sent, 0 refused, 0 failed, 0 unknown", run.out)

    def test_a_login_over_tls(self):
        sink = self.start(Sink(*certificate("server"), "--auth", "alice:secret", "--require-auth"))
        password = self.file("password", b"secret\n")
        options = ("--cafile", CA, "--tls-hostname", "localhost", "--user", "alice", "--password-file")
        run = self.bulk(sink.address, *options, password)
        self.assertEqual(numbers(sink.messages()), list(range(50)))
        self.assertNotIn("secret", run.out + run.err)
        run = self.bulk(sink.address, *options, self.file("wrong", b"wr0ng\n"), code=77)
        self.assert_says(run, "refused the login")
        self.assertNotIn("wr0ng", run.out + run.err)

    def test_refused_for_now_is_tried_again(self):
        server = self.start(FakeServer(**{".": ["451 4.3.0 later", "250 2.0.0 queued"]}))
        run = self.bulk(server.address)
        self.assertIn("50 sent", run.out)
        self.assertEqual(sum(text == "." for text in server.lines), 51)

    def test_a_large_file_is_read_again(self):
        server = self.start(FakeServer(**{".": ["451 4.3.0 later", "250 2.0.0 queued"]}))
        large = self.file("large.eml", b"Subject: x\n\n" + b"0123456789\n" * 40000)
        path = self.file("one.ndjson", lines([{"from": "a@example.org", "to": "b@example.net", "path": large}]))
        run = self.run_ok("bulk", "--server", server.address, path)
        self.assertIn("1 sent", run.out)
        self.assertEqual(sum(text == "0123456789" for text in server.lines), 80000)

    def test_what_waits_for_another_attempt_does_not_keep_others_waiting(self):
        class Busy(FakeServer):
            took_one = threading.Event()

            def _reply_to(self, verb):
                if verb == "RCPT" and "u99@" not in self.lines[-1]:
                    return "450 4.2.0 later"
                if verb == ".":
                    self.took_one.set()
                return super()._reply_to(verb)

        server = self.start(Busy())
        path = self.file("list.ndjson", lines([*(line(n) for n in range(40)), line(99)]))
        process = subprocess.Popen([COMMAND, "bulk", "--server", server.address, "--connections", "1", "--retries",
                                    "1000", "--checkpoint", str(self.folder / "checkpoint"), path],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=clean_environment())
        self.assertTrue(server.took_one.wait(LIMIT))
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(LIMIT), 75)

    def test_retries_come_to_an_end(self):
        server = self.start(FakeServer(RCPT="450 4.2.1 later"))
        path = self.file("one.ndjson", lines([line(1)]))
        run = self.run_for(75, "bulk", "--server", server.address, "--retries", "1", path)
        self.assertIn("line 1: failed: ", run.out)
        self.assertEqual(sum(text.startswith("RCPT") for text in server.lines), 2)

    def test_an_unknown_outcome_is_not_tried_again(self):
        server = self.start(FakeServer(**{".": None}))
        path = self.file("one.ndjson", lines([line(1)]))
        run = self.run_for(76, "bulk", "--server", server.address, path)
        self.assertEqual(sum(text.startswith("DATA") for text in server.lines), 1)
        self.assertIn("line 1: unknown: ", run.out)
        self.assert_says(run, "may have been delivered")

    def test_what_should_be_known_of_a_session_is_told_once(self):
        server = self.start(FakeServer(EHLO="502 5.5.1 no"))
        run = self.bulk(server.address)
        self.assertIn("50 sent", run.out)
        self.assertEqual(run.err.count("note: "), 1, run.err)
        self.assertIn("did not understand EHLO", run.err)

    def test_a_second_signal_ends_it_at_once(self):
        class Slow(FakeServer):
            heard = threading.Event()
            may_answer = threading.Event()

            def _reply_to(self, verb):
                if verb == ".":
                    self.heard.set()
                    self.may_answer.wait(LIMIT)
                return super()._reply_to(verb)

        server = self.start(Slow())
        path = self.file("one.ndjson", lines([line(1)]))
        process = subprocess.Popen([COMMAND, "bulk", "--server", server.address, path], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=clean_environment())
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.stdout.close)
        self.assertTrue(server.heard.wait(LIMIT))
        process.send_signal(signal.SIGINT)
        self.assertIn(b"once more ends it at once", process.stderr.readline())
        self.assertIsNone(process.poll())  # it waits for the server's word
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(LIMIT), 76)
        server.may_answer.set()
        self.assertIn(b"line 1: unknown: ", process.stdout.read())

    def test_the_rate_holds(self):
        server = self.start(FakeServer())
        path = self.file("few.ndjson", lines(line(n) for n in range(6)))
        begun = time.monotonic()
        self.run_ok("bulk", "--server", server.address, "--rate", "5/s", path)
        self.assertGreater(time.monotonic() - begun, 0.9)  # never faster; slower is no fault


class Progress(WithSink):
    LINE = re.compile(r"posthaste bulk: \d+ done, \d+ failed, [\d.]+/s, \d+ %(, [\d:]+ left)?\n")

    def test_plain_lines_where_no_terminal_is(self):
        run = self.bulk("--rate", "100/s", "--progress", "0.1", self.ndjson(*(line(n) for n in range(60))))
        self.assertRegex(run.err, self.LINE)
        self.assertNotIn("\r", run.err)
        self.assertEqual(self.LINE.sub("", run.err).count("done,"), 0, run.err)

    def test_none_at_all(self):
        run = self.bulk("--rate", "100/s", "--progress", "0", self.ndjson(*(line(n) for n in range(60))))
        self.assertEqual(run.err, "")

    def test_one_line_on_a_terminal(self):
        master, slave = pty.openpty()
        shown = []

        def read():
            try:
                while data := os.read(master, 65536):
                    shown.append(data)
            except OSError:  # Linux says EIO when the last writer has gone
                pass

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        done = subprocess.run([COMMAND, "bulk", "--server", self.sink.address, "--rate", "100/s",
                               self.ndjson(*(line(n) for n in range(60)))], stdout=subprocess.DEVNULL,
                              stderr=slave, timeout=LIMIT, env=clean_environment(), check=False)
        os.close(slave)
        reader.join(LIMIT)
        os.close(master)
        text = b"".join(shown).decode()
        self.assertEqual(done.returncode, 0, text)
        self.assertRegex(text, r"\x1b\[\?7l\r\d+ done, 0 failed, [\d.]+/s, \d+ %, \d+:\d\d left\x1b\[K\x1b\[\?7h")
        self.assertEqual(text.count("\x1b[?7l"), text.count("\x1b[?7h"))
        self.assertTrue(text.split("posthaste bulk:")[0].endswith("\r\x1b[K"), repr(text))


if __name__ == "__main__":
    unittest.main()
