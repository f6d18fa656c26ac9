# SPDX-License-Identifier: MIT
"""posthaste bulk --any-recipient: recipients refused for now get the message later, the others once."""
import collections
import json
import pathlib
import re
import signal
import subprocess
import threading
import time
import unittest

from bulk_support import line, lines
from support import COMMAND, LIMIT, Case, FakeServer, clean_environment

LATER = "450 4.2.0 later"
NEVER = "550 5.1.1 nobody"
YES = "250 2.1.5 ok"


class Mailboxes(FakeServer):
    """A server that answers for each recipient as its list says, its last word again and again.

    delivered: the recipients of each message that it took. One client at a time.
    """

    def __init__(self, recipients, **replies):
        super().__init__(**replies)
        self.recipients = recipients
        self.accepted = []
        self.delivered = []
        self.took_one = threading.Event()

    def _reply_to(self, verb):
        if verb == "MAIL":
            self.accepted = []
        if verb == "RCPT":
            return self._reply_to_recipient(re.search("<(.*?)>", self.lines[-1]).group(1))
        reply = super()._reply_to(verb)
        if verb == "." and reply and reply.startswith("2"):
            self.delivered.append(self.accepted)
            self.took_one.set()
        return reply

    def _reply_to_recipient(self, mailbox):
        replies = self.recipients.get(mailbox, [YES])
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        if reply.startswith("2"):
            self.accepted.append(mailbox)
        return reply

    def tries_of(self, mailbox):
        return sum(text == f"RCPT TO:<{mailbox}>" for text in self.lines)

    def counts(self):
        return collections.Counter(mailbox for accepted in self.delivered for mailbox in accepted)


class Recipients(Case):
    TO = ("a@x.org", "b@x.org", "c@x.org")

    def serve(self, recipients=None, **replies):
        return self.start(Mailboxes(recipients or {}, **replies))

    def source(self, *messages):
        return self.file("list.ndjson", lines(messages or [line(1, to=self.TO)]))

    def arguments(self, server, *options):
        return ("bulk", "--server", server.address, "--any-recipient", "--connections", "1", *options)

    def bulk(self, server, *options, code=0, source=None):
        return self.run_for(code, *self.arguments(server, *options), source or self.source())

    def test_a_refusal_for_now_is_tried_again_alone(self):
        server = self.serve({"b@x.org": [LATER, LATER, YES]})
        run = self.bulk(server)
        self.assertEqual(server.delivered, [["a@x.org", "c@x.org"], ["b@x.org"]])
        self.assertEqual(server.tries_of("b@x.org"), 3)
        self.assertRegex(run.out, r"^1 sent, 0 refused, 0 failed, 0 unknown in [^\n]*\n$")

    def test_the_waits_grow(self):
        server = self.serve({"b@x.org": [LATER, LATER, YES], "c@x.org": [LATER, YES]})
        begun = time.monotonic()
        self.bulk(server)
        self.assertGreaterEqual(time.monotonic() - begun, 0.5 + 1.0)  # never less; more is no fault
        self.assertEqual(server.delivered, [["a@x.org"], ["c@x.org"], ["b@x.org"]])

    def test_parameters_and_content_are_sent_again(self):
        server = self.serve({"b@x.org": [LATER, YES]}, EHLO="250-fake.example.org\r\n250 DSN")
        path = self.file("large.eml", b"Subject: x\n\n" + b"0123456789\n" * 40000)
        self.bulk(server, source=self.source({
            "from": "a@example.org", "path": path,
            "to": ["a@x.org", {"address": "b@x.org", "parameters": {"NOTIFY": "NEVER"}}]}))
        self.assertEqual(server.lines.count("RCPT TO:<b@x.org> NOTIFY=NEVER"), 2)
        self.assertEqual(server.lines.count("0123456789"), 80000)

    def test_when_the_retries_are_used_up_it_says_so(self):
        server = self.serve({"b@x.org": [LATER], "c@x.org": [NEVER]})
        run = self.bulk(server, "--retries", "1", code=75)
        self.assertEqual(server.delivered, [["a@x.org"]])
        self.assertEqual((server.tries_of("b@x.org"), server.tries_of("c@x.org")), (2, 1))
        self.assertIn("line 1: sent, but not to c@x.org: 550 5.1.1 nobody\n", run.out)
        self.assertIn("line 1: sent, but not to b@x.org: 450 4.2.0 later\n", run.out)
        self.assertIn("\n1 sent, 0 refused, 0 failed, 0 unknown in", run.out)
        self.assertIn("\nrecipients of messages that others got: 1 refused, 1 failed\n", run.out)

    def test_without_retries_there_are_none(self):
        server = self.serve({"b@x.org": [LATER, YES]})
        self.bulk(server, "--retries", "0", code=75)
        self.assertEqual((server.delivered, server.tries_of("b@x.org")), ([["a@x.org", "c@x.org"]], 1))

    def test_json_tells_of_all_recipients_once(self):
        server = self.serve({"a@x.org": [LATER, YES], "b@x.org": [LATER], "c@x.org": [NEVER]})
        run = self.bulk(server, "--json", "--retries", "2", code=75,
                        source=self.source(line(1, to=[*self.TO, "d@x.org"])))
        message, last = (json.loads(text) for text in run.out.splitlines())
        self.assertEqual((message["state"], message["outcome"], message["message_reply"]["code"]), ("sent", "sent", 250))
        self.assertEqual({each["address"]: (each["accepted"], each["code"]) for each in message["recipients"]},
                         {"a@x.org": (True, 250), "b@x.org": (False, 450), "c@x.org": (False, 550),
                          "d@x.org": (True, 250)})
        self.assertEqual(len(message["recipients"]), 4)
        self.assertEqual(message["error"]["code"], 450)
        summary = last["summary"]
        self.assertEqual((summary["sent"], summary["failed"], summary["refused_recipients"], summary["failed_recipients"]),
                         (1, 0, 1, 1))

    def test_refused_for_good_is_final(self):
        server = self.serve({"b@x.org": [NEVER], "c@x.org": [LATER, NEVER]})
        run = self.bulk(server, code=1)
        self.assertEqual((server.delivered, server.tries_of("b@x.org"), server.tries_of("c@x.org")),
                         ([["a@x.org"]], 1, 2))
        self.assertIn("recipients of messages that others got: 2 refused, 0 failed", run.out)

    def test_refused_for_now_beside_refused_for_good_is_tried_again(self):
        server = self.serve({"a@x.org": [NEVER], "b@x.org": [LATER, YES], "c@x.org": [NEVER]})
        run = self.bulk(server, code=1)
        self.assertEqual((server.delivered, server.tries_of("a@x.org")), ([["b@x.org"]], 1))
        self.assertIn("line 1: sent, but not to a@x.org: 550", run.out)

    def test_an_unknown_outcome_of_the_rest_is_told(self):
        server = self.serve({"b@x.org": [LATER, YES]}, **{".": ["250 2.0.0 queued", None]})
        run = self.bulk(server, code=76)
        self.assertEqual((server.delivered, server.tries_of("b@x.org")), ([["a@x.org", "c@x.org"]], 2))
        self.assertIn("line 1: unknown: ", run.out)

    def test_who_is_named_twice_gets_it_once(self):
        server = self.serve({"a@x.org": [YES, LATER]})
        self.bulk(server, source=self.source(line(1, to=["a@x.org", "a@x.org"])))
        self.assertEqual((server.delivered, server.tries_of("a@x.org")), ([["a@x.org"]], 2))

    def test_a_signal_leaves_nothing_waiting(self):
        server = self.serve({"b@x.org": [LATER]})
        process = subprocess.Popen([COMMAND, *self.arguments(server, "--retries", "1000"), self.source()],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=clean_environment())
        self.addCleanup(process.stdout.close)
        self.assertTrue(server.took_one.wait(LIMIT))
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(LIMIT), 75)
        self.assertIn(b"1 sent, 0 refused, 0 failed", process.stdout.read())


class Remembered(Recipients):
    """The same with a checkpoint, over several runs."""

    def setUp(self):
        super().setUp()
        self.path = self.folder / "checkpoint"

    def arguments(self, server, *options):
        return super().arguments(server, "--checkpoint", str(self.path), *options)

    def test_the_next_run_tries_those_that_are_left(self):
        server = self.serve({"b@x.org": [LATER, LATER, YES], "c@x.org": [NEVER]})
        self.bulk(server, "--retries", "0", code=75)
        self.bulk(server, "--retries", "0", code=75)
        run = self.bulk(server, "--retries", "0", code=1)  # c@x.org was refused for good
        self.assertEqual(server.delivered, [["a@x.org"], ["b@x.org"]])
        self.assertEqual([server.tries_of(each) for each in self.TO], [1, 3, 1])
        self.assertIn("1 sent, 0 refused", run.out)
        run = self.bulk(server, code=1)
        self.assertIn("passed over, from earlier runs: 1 sent, 0 refused", run.out)
        self.assertEqual([server.tries_of(each) for each in self.TO], [1, 3, 1])

    def test_those_refused_for_good_are_tried_if_it_is_asked_for(self):
        server = self.serve({"b@x.org": [NEVER, YES]})
        self.bulk(server, code=1)
        self.bulk(server, "--retry-refused")
        self.assertEqual(server.delivered, [["a@x.org", "c@x.org"], ["b@x.org"]])
        self.bulk(server)
        self.assertEqual(server.counts(), collections.Counter(self.TO))

    def test_the_rest_that_fails_again_is_still_left(self):
        server = self.serve({"b@x.org": [LATER]})
        self.bulk(server, "--retries", "0", code=75)
        gone = self.serve(greeting="554 5.3.2 go away")
        run = self.bulk(gone, "--retries", "0", code=69)
        self.assert_says(run, "the same command goes on from")
        server.recipients["b@x.org"] = [YES]
        self.bulk(server)
        self.assertEqual(server.counts(), collections.Counter(self.TO))

    def test_the_rest_of_unknown_outcome_is_not_sent_unasked(self):
        server = self.serve({"b@x.org": [LATER, YES]}, **{".": ["250 2.0.0 queued", None, "250 2.0.0 queued"]})
        self.bulk(server, code=76)
        self.bulk(server, code=76)
        self.assertEqual(server.counts(), collections.Counter({"a@x.org": 1, "c@x.org": 1}))
        self.bulk(server, "--retry-unknown")
        self.assertEqual(server.counts(), collections.Counter(self.TO))

    def test_killed_while_it_waits_it_goes_on_with_the_rest(self):
        server = self.serve({"b@x.org": [LATER]})
        process = subprocess.Popen([COMMAND, *self.arguments(server, "--retries", "1000"), self.source()],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=clean_environment())
        begun = time.monotonic()
        while not self.is_waiting():
            self.assertLess(time.monotonic() - begun, LIMIT)
            time.sleep(0.002)
        process.kill()
        process.wait(LIMIT)
        server.recipients["b@x.org"] = [YES]
        self.bulk(server)
        self.assertEqual(server.counts(), collections.Counter(self.TO))

    def is_waiting(self):
        return self.path.exists() and "\nsent " in self.path.read_text()

    def test_killed_while_it_sends_to_the_rest_nobody_gets_it_twice(self):
        server = self.serve({"b@x.org": [LATER, YES], "c@x.org": [LATER, LATER, YES]})
        server.replies["."] = ["250 2.0.0 queued", ""]
        server.may_answer = threading.Event()
        answer = server._reply_to

        def wait_at_the_end(verb):
            reply = answer(verb)
            if verb == "." and reply == "":  # it has the message, and does not say so in time
                server.delivered.append(server.accepted)
                server.took_one.set()
                server.may_answer.wait(LIMIT)
                return None
            return reply

        server._reply_to = wait_at_the_end
        process = subprocess.Popen([COMMAND, *self.arguments(server), self.source()], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, env=clean_environment())
        begun = time.monotonic()
        while len(server.delivered) < 2:
            self.assertLess(time.monotonic() - begun, LIMIT)
            time.sleep(0.002)
        process.kill()
        process.wait(LIMIT)
        server.may_answer.set()
        server.replies["."] = "250 2.0.0 queued"
        run = self.bulk(server, code=76)  # b and c were begun: of c nobody knows, either
        self.assertIn("line 1: unknown: ", run.out)
        self.assertEqual(server.counts(), collections.Counter({"a@x.org": 1, "b@x.org": 1}))

    def test_a_crash_that_cuts_the_checkpoint_anywhere_sends_nothing_twice(self):
        server = self.serve({"b@x.org": [LATER], "c@x.org": [NEVER]})
        self.bulk(server, "--retries", "0", code=75)
        whole = self.path.read_bytes()
        begun = whole.index(b"\nbegun") + 1
        for length in range(whole.index(b"\n", begun) + 1, len(whole)):
            self.path.write_bytes(whole[:length])
            again = self.serve()
            self.bulk(again, code=76)  # what became of a@x.org is unknown now
            self.assertIn(again.delivered, ([], [["b@x.org"]]), whole[:length])
            again.delivered.clear()
            self.bulk(again, code=76)
            self.assertEqual(again.delivered, [], whole[:length])

    def test_a_message_that_cannot_be_read_now_keeps_its_rest(self):
        server = self.serve({"b@x.org": [LATER, YES]})
        path = pathlib.Path(self.file("x.eml", b"Subject: x\n\nx\n"))
        source = self.source({"from": "a@example.org", "path": str(path), "to": self.TO})
        self.bulk(server, "--retries", "0", code=75, source=source)
        path.rename(self.folder / "away")
        self.bulk(server, code=75, source=source)
        (self.folder / "away").rename(path)
        self.bulk(server, source=source)
        self.assertEqual(server.counts(), collections.Counter(self.TO))

    def test_many_messages(self):
        server = self.serve({f"b{n}@x.org": [LATER, YES] for n in range(0, 40, 2)})
        source = self.source(*(line(n, to=[f"a{n}@x.org", f"b{n}@x.org"]) for n in range(40)))
        self.bulk(server, "--retries", "0", code=75, source=source)
        self.bulk(server, source=source)
        self.assertEqual(server.counts(), collections.Counter(f"{each}{n}@x.org" for n in range(40) for each in "ab"))


if __name__ == "__main__":
    unittest.main()
