# SPDX-License-Identifier: MIT
"""posthaste bulk, while messages wait for another attempt: what a run that is killed then leaves behind."""
import collections
import json
import pathlib
import re
import signal
import subprocess
import time
import unittest

from bulk_support import line, lines
from support import COMMAND, LIMIT, Case, FakeServer, clean_environment


class Refusing(FakeServer):
    """A server that refuses everything for now, until it is told to take it."""

    def __init__(self, **rest):
        super().__init__(**rest)
        self.tries = collections.Counter()
        self.taken = collections.Counter()

    def _reply_to(self, verb):
        number = re.match(r"Subject: (\d+)$", self.lines[-4]) if verb == "." else None
        if verb == "RCPT":
            self.tries[self.lines[-1]] += 1
        reply = super()._reply_to(verb)
        if number and reply.startswith("2"):
            self.taken[int(number.group(1))] += 1
        return reply

    def take(self):
        self.replies["RCPT"] = "250 2.1.5 ok"
        self.greeting = "220 fake.example.org"


class Waiting(Case):
    COUNT = 40

    def setUp(self):
        super().setUp()
        self.path = self.folder / "checkpoint"
        self.list = self.file("list.ndjson", lines(line(n, body=f"Subject: {n}\n\nx\n") for n in range(self.COUNT)))

    def arguments(self, server, *options):
        return ("bulk", "--server", server.address, "--checkpoint", str(self.path), *options, self.list)

    def begin(self, server):
        process = subprocess.Popen([COMMAND, *self.arguments(server, "--retries", "1000")], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, env=clean_environment())
        self.addCleanup(process.wait, LIMIT)
        self.addCleanup(process.kill)
        return process

    def states(self):
        """The last word of the checkpoint on each message."""
        text = self.path.read_text() if self.path.exists() else ""
        return dict(reversed(each.split()) for each in text.splitlines()[2:])

    def kill_while_all_wait(self, process, condition=lambda: True):
        """Kills the run at a moment when nothing is on its way; it stands still while that is looked up."""
        begun = time.monotonic()
        while True:
            self.assertLess(time.monotonic() - begun, LIMIT, str(self.states()))
            process.send_signal(signal.SIGSTOP)
            states = self.states()
            if condition() and states and set(states.values()) == {"failed"}:
                break
            process.send_signal(signal.SIGCONT)
            time.sleep(0.01)
        process.kill()
        process.wait(LIMIT)
        return states

    def assert_all_are_sent_once(self, server):
        run = self.run_for(0, *self.arguments(server, "--json"))
        *told, last = map(json.loads, run.out.splitlines())
        self.assertEqual({each["state"] for each in told}, {"sent"}, str(run))
        self.assertEqual((last["summary"]["sent"], last["summary"]["before"]["unknown"]), (self.COUNT, 0))
        self.assertEqual(server.taken, collections.Counter(range(self.COUNT)))

    def test_killed_between_attempts_nothing_is_unknown(self):
        server = self.start(Refusing(RCPT="450 4.2.0 later"))
        process = self.begin(server)
        states = self.kill_while_all_wait(process, lambda: len(self.states()) == self.COUNT)
        self.assertEqual(len(states), self.COUNT)
        server.take()
        self.assert_all_are_sent_once(server)

    def test_killed_while_the_server_is_away_nothing_is_unknown(self):
        server = self.start(Refusing(greeting="421 4.3.2 come back later"))
        process = self.begin(server)
        self.kill_while_all_wait(process)
        server.take()
        self.assert_all_are_sent_once(server)

    def test_an_attempt_is_begun_again_before_it_leaves(self):
        server = self.start(Refusing(RCPT="450 4.2.0 later"))
        process = self.begin(server)
        self.kill_while_all_wait(process, lambda: max(server.tries.values(), default=0) >= 2)
        words = collections.Counter(each.split()[0] for each in self.path.read_text().splitlines()[2:])
        self.assertEqual(words["begun"], sum(server.tries.values()))
        self.assertEqual(words["failed"], words["begun"])

    def test_a_server_that_comes_back_gets_all(self):
        server = self.start(Refusing(greeting="421 4.3.2 come back later"))
        process = subprocess.Popen([COMMAND, *self.arguments(server, "--retries", "1000")], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=clean_environment())
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.assertRegex(process.stderr.readline(), rb"^posthaste bulk: [^\n]*421 4.3.2 come back later; [^\n]*trying again\n$")
        server.take()
        self.assertEqual(process.wait(LIMIT), 0)
        self.assertEqual(server.taken, collections.Counter(range(self.COUNT)))
        self.assertIn(b"40 sent, 0 refused, 0 failed, 0 unknown", process.stdout.read())

    def test_a_server_that_does_not_answer_leaves_one_message_unknown(self):
        server = self.start(Refusing(greeting=""))  # it takes connections and says nothing
        process = self.begin(server)
        begun = time.monotonic()
        while not server.peers:
            self.assertLess(time.monotonic() - begun, LIMIT)
            time.sleep(0.01)
        process.kill()
        process.wait(LIMIT)
        self.assertEqual(list(self.states().values()), ["begun"])
        other = self.start(Refusing())
        run = self.run_for(76, *self.arguments(other))
        self.assertIn("39 sent", run.out)
        self.assertIn("1 unknown", run.out)

    def test_a_server_that_stays_away_is_tried_as_often_as_asked(self):
        server = self.start(Refusing(greeting="421 4.3.2 come back later"))
        run = self.run_for(75, *self.arguments(server, "--retries", "2", "--connections", "1"))
        self.assertEqual(len(server.peers), 3)
        self.assertEqual(self.path.read_text().count("\nbegun "), 3)  # a message finds out for all
        self.assertEqual(run.err.count("; trying again\n"), 1)
        self.assert_says(run, "the same command goes on from")
        self.assertIn("0 sent, 0 refused, 0 failed, 0 unknown", run.out)
        pathlib.Path(self.path).unlink()
        run = self.run_for(75, *self.arguments(server, "--retries", "1", "--quiet"))
        self.assertNotIn("trying again", run.err)


if __name__ == "__main__":
    unittest.main()
