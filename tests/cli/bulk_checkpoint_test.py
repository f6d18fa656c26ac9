# SPDX-License-Identifier: MIT
"""posthaste bulk with a checkpoint: what it remembers of runs that ended, however they ended."""
import collections
import json
import pathlib
import re
import resource
import signal
import subprocess
import time
import unittest

from bulk_support import WithSink, line, lines
from support import COMMAND, LIMIT, Run, clean_environment


class Checkpoint(WithSink):
    OPTIONS = ("--reject", "u3@example.net")

    def setUp(self):
        super().setUp()
        self.path = str(self.folder / "checkpoint")
        self.list = self.ndjson(*(line(n) for n in range(1000)))
        self.all = [n for n in range(1000) if n != 3]

    def again(self, *options, code=1):
        return self.bulk("--checkpoint", self.path, *options, self.list, code=code)

    def test_what_was_done_is_passed_over(self):
        self.again()
        run = self.again()
        self.assertEqual(self.arrived(), self.all)
        self.assertIn("0 sent", run.out)
        self.assertIn("passed over, from earlier runs: 999 sent, 1 refused", run.out)
        run = self.again("--retry-refused")
        self.assertIn("0 sent, 1 refused", run.out)

    def test_progress_is_told_while_much_is_passed_over(self):
        self.again()
        run = self.again("--progress", "0.001")  # 1000 lines take longer to read
        self.assertIn("posthaste bulk: 0 done, ", run.err, str(run))

    def start_slowly(self, *options, rate="500/s", done=20, **rest):
        """A run that is under way, some messages done, many not."""
        process = subprocess.Popen(
            [COMMAND, "bulk", "--server", self.sink.address, "--checkpoint", self.path, "--rate", rate, *options,
             self.list], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment(), **rest)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.stdout.close)
        begun = time.monotonic()
        while len(self.sink.messages()) < done:
            self.assertLess(time.monotonic() - begun, LIMIT)
            time.sleep(0.01)
        return process

    def test_an_interrupted_run_goes_on(self):
        process = self.start_slowly()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(LIMIT), 75)
        self.assertIn(b"the same command goes on from", process.stderr.read())
        done = self.arrived()
        self.assertLess(len(done), len(self.all))
        run = self.again()
        self.assertEqual(self.arrived(), self.all)  # each of them once
        self.assertIn(f"from earlier runs: {len(done)} sent", run.out)

    def test_a_killed_run_goes_on_and_sends_nothing_twice(self):
        process = self.start_slowly()
        process.kill()
        process.wait(LIMIT)
        run = self.again(code=76)
        arrived = self.arrived()
        self.assertEqual(len(arrived), len(set(arrived)))
        unknown = re.findall(r"^line (\d+): unknown: ", run.out, re.M)
        self.assertTrue(unknown)
        missing = set(self.all) - set(arrived)
        self.assertLessEqual(missing, {int(number) - 1 for number in unknown})
        self.assert_says(run, "--retry-unknown")
        told = [each for each in map(json.loads, self.again("--json", code=76).out.splitlines()) if "message" in each]
        self.assertEqual({each["message"] for each in told}, {f"line {number}" for number in unknown})
        for each in told:
            self.assertEqual((each["outcome"], each["error"]["class"]), ("unknown", "ERR_STATE"))
            self.assertEqual(set(each["error"]), {"class", "phase", "code", "enhanced", "text", "reply", "command",
                                                  "system_errno", "system_error"})
        self.again("--retry-unknown")
        self.assertEqual(sorted(set(self.arrived())), self.all)

    def test_a_crash_leaves_little_unknown(self):
        for rate, most in (("20/s", 20 + 2), ("100000/s", 16 + 8)):
            process = self.start_slowly("--connections", "1", rate=rate, done=len(self.sink.messages()) + 5)
            process.kill()
            process.wait(LIMIT)
            states = [text.split()[0] for text in pathlib.Path(self.path).read_text().splitlines()[2:]]
            ended = sum(state != "begun" for state in states)
            self.assertLessEqual(len(states) - 2 * ended, most)
            pathlib.Path(self.path).unlink()

    def test_a_terminal_that_is_closed_stops_it(self):
        process = self.start_slowly()
        process.send_signal(signal.SIGHUP)
        self.assertEqual(process.wait(LIMIT), 75)
        self.assertIn(b"the same command goes on from", process.stderr.read())

    def test_nohup_is_respected(self):
        process = self.start_slowly(preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(LIMIT), 75)
        self.assertIn(b"goes on", process.stderr.read())  # a second signal would have ended it at once

    def test_two_runs_exclude_each_other(self):
        process = self.start_slowly()
        run = self.again(code=66)
        self.assert_says(run, "another run uses the checkpoint")
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGTERM)
        process.wait(LIMIT)

    def test_another_source_is_refused(self):
        self.again()
        other = self.file("other.ndjson", lines([line(1)]))
        run = self.bulk("--checkpoint", self.path, other, code=66)
        self.assert_says(run, "belongs to another source", "nothing was sent")
        run = self.again("--from", "someone@example.org", code=66)
        self.assert_says(run, "belongs to a run with another sender")

    def test_a_changed_source_is_noticed(self):
        self.again()
        changed = [line(n, **({"body": "Subject: 9\n\nnew\n"} if n == 9 else {})) for n in range(1000)]
        pathlib.Path(self.list).write_bytes(lines(changed))
        run = self.again(code=66)
        self.assert_says(run, "is not what it was when the checkpoint")
        self.assertNotIn("the same command goes on", run.err)
        self.assertEqual(self.arrived(), self.all)


class FullDisk(WithSink):
    """A checkpoint that can grow no further; a limit on the size of files stands for the disk."""

    def limited(self, most, *arguments):
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

        return subprocess.run([COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LIMIT,
                              env=clean_environment(), preexec_fn=limit, check=False)

    def test_the_next_run_goes_on_wherever_it_ended(self):
        self.list = self.ndjson(*(line(n, **({"to": "no address"} if n % 10 == 5 else {})) for n in range(60)))
        good = {n for n in range(60) if n % 10 != 5}
        for most in range(250, 4000, 250):
            arguments = ("bulk", "--server", self.sink.address, "--connections", "1", "--checkpoint",
                         str(self.folder / f"checkpoint-{most}"), self.list)
            before = collections.Counter(self.arrived())
            done = self.limited(most, *arguments)
            if b"cannot be written, so that no more messages are begun: File too large" in done.stderr:
                self.assertEqual(done.returncode, 75, done.stderr)
            else:
                self.assertEqual((done.returncode, done.stderr), (1, b""))
            run = Run(*arguments)
            self.assertIn(run.code, (1, 76), str(run))
            unknown = {int(number) - 1 for number in re.findall(r"^line (\d+): unknown", run.out, re.M)}
            arrived = collections.Counter(self.arrived()) - before
            self.assertEqual(set(arrived.values()), {1}, str(run))
            self.assertLessEqual(good - set(arrived), unknown, str(run))


if __name__ == "__main__":
    unittest.main()
