# SPDX-License-Identifier: MIT
"""The progress bar: only on a terminal, only for large messages, and gone at the end."""
import os
import pty
import re
import subprocess
import threading
import unittest

from support import COMMAND, ENVELOPE, LIMIT, Case, FakeServer, clean_environment

LARGE = b"Subject: large\n\n" + b"0123456789abcdef" * 4 * 60000 + b"\n"
SMALL = b"Subject: small\n\nhello\n"
BAR = re.compile(r"\r\[(=*)>? *\] +(\d+) %  [\d.]+ MiB of [\d.]+ MiB")


class Terminal(Case):
    """A run whose stderr is a terminal."""

    def setUp(self):
        super().setUp()
        self.server = self.start(FakeServer())

    def run_on_terminal(self, *options, text=None):
        master, slave = pty.openpty()
        shown = []

        def read():
            while True:
                try:
                    data = os.read(master, 65536)
                except OSError:  # Linux says EIO when the last writer has gone
                    return
                if not data:
                    return
                shown.append(data)

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        arguments = [COMMAND, "send", "--server", self.server.address, *ENVELOPE, *options]
        try:
            done = subprocess.run(arguments, input=text or b"", stdout=subprocess.PIPE, stderr=slave,
                                  timeout=LIMIT, env=clean_environment(), check=False)
        finally:
            os.close(slave)
            reader.join(LIMIT)
            os.close(master)
        return done.returncode, done.stdout.decode(), b"".join(shown).decode()

    def test_a_large_file_has_a_bar(self):
        code, out, shown = self.run_on_terminal(self.file("large.eml", LARGE))
        self.assertEqual(code, 0, shown)
        self.assertIn("message: sent", out)
        bars = BAR.findall(shown)
        self.assertTrue(bars, repr(shown))
        percents = [int(percent) for _, percent in bars]
        self.assertEqual(percents, sorted(percents))
        for filled, percent in bars:
            self.assertAlmostEqual(len(filled), int(percent) * 30 / 100, delta=1)
        self.assertTrue(shown.endswith("\r\x1b[K"), repr(shown[-40:]))

    def test_standard_input_has_no_percentage(self):
        code, _, shown = self.run_on_terminal(text=LARGE)
        self.assertEqual(code, 0)
        self.assertRegex(shown, r"\r[\d.]+ MiB")
        self.assertNotIn("%", shown)
        self.assertTrue(shown.endswith("\r\x1b[K"))

    def test_a_small_message_has_none(self):
        for options, text in (((self.file("small.eml", SMALL),), None), ((), SMALL)):
            code, _, shown = self.run_on_terminal(*options, text=text)
            self.assertEqual((code, shown), (0, ""))

    def test_quiet_and_trace_have_none(self):
        path = self.file("large.eml", LARGE)
        self.assertEqual(self.run_on_terminal("--quiet", path), (0, "", ""))
        self.assertNotIn("MiB", self.run_on_terminal("--trace", path)[2])

    def test_an_error_stands_behind_it_on_a_line_of_its_own(self):
        self.server.replies["."] = "554 5.6.0 no"
        code, _, shown = self.run_on_terminal(self.file("large.eml", LARGE))
        self.assertEqual(code, 69)
        self.assertRegex(shown, r"\r\x1b\[Kposthaste send: .*554 5\.6\.0 no\r\n$")

    def test_without_a_terminal_there_is_none(self):
        run = self.run_ok("send", "--server", self.server.address, *ENVELOPE, self.file("large.eml", LARGE))
        self.assertEqual(run.err, "")


if __name__ == "__main__":
    unittest.main()
