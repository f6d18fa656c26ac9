# SPDX-License-Identifier: MIT
"""posthaste sink as a command: that its options reach it. What it does then, tests/sink tests."""
import re
import signal
import subprocess
import time
import unittest

from support import (CA, COMMAND, ENVELOPE, LIMIT, MESSAGE, Case, Sink, certificate, clean_environment,
                     closed_port)


class Options(Case):
    def send(self, sink, *options, code=0, **rest):
        return self.run_for(code, "send", "--server", sink.address, *ENVELOPE, *options, text=MESSAGE, **rest)

    def plain(self, *options):
        return self.start(Sink("--without", "STARTTLS", *options))

    def test_fail(self):
        self.assert_says(self.send(self.plain("--without", "CHUNKING", "--fail", "DATA=451 4.3.0 not now"), code=75), "451 4.3.0 not now")

    def test_delay(self):
        sink = self.plain("--delay", "MAIL=400")
        begun = time.monotonic()
        self.send(sink)
        self.assertGreaterEqual(time.monotonic() - begun, 0.4)

    def test_drop(self):
        run = self.send(self.plain("--drop", "BODY"), "--json", code=76)
        self.assertEqual(run.json()["outcome"], "unknown")

    def test_reject(self):
        self.send(self.plain("--reject", "bob@example.net"), code=67)

    def test_size(self):
        path = self.file("large", b"x" * 3000)
        self.send(self.plain("--size", "1K"), path, code=69)
        self.send(self.plain("--size=1M"), path)

    def test_require_tls_and_auth(self):
        self.send(self.start(Sink("--require-tls", *certificate("server"))), "--starttls", "never", code=77)
        self.send(self.plain("--require-auth", "--auth", "a:b"), code=77)
        self.send(self.plain("--require-auth", "--auth", "a:b"), "--user", "a", POSTHASTE_PASSWORD="b")

    def test_tls(self):
        self.send(self.start(Sink("--tls", *certificate("server"))), "--tls", "--cafile", CA)

    def run_once(self, *options):
        """A sink that ends after one client; returns what it printed."""
        port = closed_port()
        sink = subprocess.Popen([COMMAND, "sink", "--listen", f"127.0.0.1:{port}", "--without", "STARTTLS",
                                 "--once", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env=clean_environment())
        self.addCleanup(sink.kill)
        first = sink.stdout.readline()
        self.assertIn(f"listening on 127.0.0.1:{port}".encode(), first)
        self.run_ok("send", "--server", f"127.0.0.1:{port}", *ENVELOPE, text=MESSAGE)
        out, err = sink.communicate(timeout=LIMIT)
        self.assertEqual(sink.returncode, 0, err)
        return (first + out).decode(), err.decode()

    def test_once_and_print(self):
        out, _ = self.run_once("--print")
        self.assertRegex(out, r"(?s)alice@example\.org.*bob@example\.net.*Subject: test\r?\n\r?\nhello")

    def test_quiet(self):
        noisy, quiet = self.run_once(), self.run_once("--quiet")
        self.assertEqual((quiet[0].count("\n"), quiet[1]), (1, ""))
        self.assertGreater(noisy[0].count("\n"), 1)

    def test_signals_end_it_well(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            sink = self.plain()
            sink.process.send_signal(number)
            self.assertEqual(sink.process.wait(LIMIT), 0)


class Mistakes(Case):
    def check(self, code, *options, says):
        run = self.run_for(code, "sink", *options)
        self.assert_says(run, says)

    def test_in_values(self):
        for options in (("--fail", "DATA"), ("--fail", "DATA=nonsense"), ("--delay", "MAIL=soon"), ("--drop", "NONSENSE"), ("--listen", "nowhere")):
            run = self.run_for(64, "sink", *options)
            self.assert_says(run, options[0])

    def test_in_secrets(self):
        run = self.run_for(64, "sink", "--auth", "no-colon-in-it")
        self.assert_says(run, "USER:PASSWORD")
        self.assertNotIn("no-colon-in-it", run.err)  # it may be a password

    def test_in_combinations(self):
        self.check(64, "--listen", "127.0.0.1:2525", "--unix", "/tmp/x", says="exclude each other")
        self.check(64, "--tls-cert", "x", says="belong together")
        self.check(64, "--size", "much", says="not a number of bytes")
        self.check(64, "operand", says="options alone")

    def test_in_files(self):
        self.check(78, "--tls", "--tls-cert", "/nonexistent", "--tls-key", "/nonexistent", says="/nonexistent")

    def test_an_address_in_use(self):
        sink = self.start(Sink())
        run = self.run_for(69, "sink", "--listen", sink.address)
        self.assertTrue(re.search(r"in use", run.err), str(run))


if __name__ == "__main__":
    unittest.main()
