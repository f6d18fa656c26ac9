# SPDX-License-Identifier: MIT
"""Where passwords come from, and that they appear nowhere else."""
import base64
import unittest

from support import ENVELOPE, MESSAGE, Case, FakeServer

SECRET = "correct horse=battery/staple"
PLAIN = base64.b64encode(b"\0alice\0" + SECRET.encode()).decode()


class Sources(Case):
    def setUp(self):
        super().setUp()
        self.server = self.start(FakeServer(EHLO="250-fake\r\n250 AUTH PLAIN", AUTH="235 2.7.0 welcome"))

    def send(self, *options, code=0, **rest):
        return self.run_for(code, "send", "--server", self.server.address, *ENVELOPE, "--user", "alice",
                            *options, text=MESSAGE, **rest)

    def assert_logged_in(self):
        self.assertIn(f"AUTH PLAIN {PLAIN}", self.server.lines)

    def assert_not_connected(self):
        self.assertEqual(self.server.lines, [])

    def test_environment(self):
        self.send(POSTHASTE_PASSWORD=SECRET)
        self.assert_logged_in()

    def test_file_and_its_first_line_alone(self):
        for content in (SECRET, SECRET + "\n", SECRET + "\r\nsecond line\n"):
            self.server.lines.clear()
            self.send("--password-file", self.file("password", content.encode()))
            self.assert_logged_in()

    def test_file_wins_over_the_environment(self):
        self.send("--password-file", self.file("password", SECRET.encode()), POSTHASTE_PASSWORD="other")
        self.assert_logged_in()

    def test_command_and_its_first_line_alone(self):
        self.send("--password-command", f"echo '{SECRET}'; seq 100000")
        self.assert_logged_in()

    def test_command_does_not_read_the_message(self):
        self.send("--password-command", f"cat; echo '{SECRET}'")
        self.assert_logged_in()
        self.assertIn("Subject: test", self.server.lines)

    def test_command_that_fails(self):
        run = self.send("--password-command", f"echo '{SECRET}'; exit 3", code=77)
        self.assert_says(run, "the password command failed with exit code 3")
        self.assertNotIn(SECRET, run.err)
        self.assert_not_connected()

    def test_command_that_is_killed(self):
        self.assert_says(self.send("--password-command", "kill -9 $$", code=77), "signal 9")
        self.assert_not_connected()

    def test_command_that_is_none(self):
        self.assert_says(self.send("--password-command", "/nonexistent/command", code=77), "exit code 127")
        self.assert_not_connected()

    def test_nothing_in_it(self):
        self.assert_says(self.send("--password-command", "true", code=77), "first line is empty")
        self.assert_says(self.send("--password-file", self.file("password", b"\nx"), code=77),
                         "first line is empty")
        self.assert_says(self.send(code=77, POSTHASTE_PASSWORD=""), "first line is empty")
        self.assert_not_connected()

    def test_too_much_in_it(self):
        self.assert_says(self.send("--password-file", self.file("password", b"x" * 20000), code=77),
                         "9000 bytes or more")
        self.assert_not_connected()

    def test_no_such_file(self):
        run = self.send("--password-file", str(self.folder / "none"), code=66)
        self.assert_says(run, "password file", "No such file")
        self.assert_not_connected()

    def test_none_at_all(self):
        run = self.send("--json", code=64)
        self.assertEqual(run.json()["error"]["phase"], "auth")
        self.assert_not_connected()

    def test_of_talk(self):
        self.run_ok("talk", "--server", self.server.address, "--user", "alice", "NOOP",
                    POSTHASTE_PASSWORD=SECRET)
        self.assert_logged_in()


class Secrecy(Case):
    WAYS_TO_SAY_IT = (SECRET, PLAIN, base64.b64encode(SECRET.encode()).decode())

    def assert_secret(self, run):
        for word in self.WAYS_TO_SAY_IT:
            self.assertNotIn(word, run.out, str(run))
            self.assertNotIn(word, run.err, str(run))

    def send(self, server, code, *options):
        return self.run_for(code, "send", "--server", server.address, *ENVELOPE, "--user", "alice",
                            "--trace", "--json", *options, text=MESSAGE, POSTHASTE_PASSWORD=SECRET)

    def test_when_it_is_taken(self):
        server = self.start(FakeServer(EHLO="250-fake\r\n250 AUTH PLAIN", AUTH="235 ok"))
        run = self.send(server, 0)
        self.assertIn("redacted", run.err)
        self.assert_secret(run)

    def test_when_it_is_refused(self):
        server = self.start(FakeServer(EHLO="250-fake\r\n250 AUTH PLAIN", AUTH="535 5.7.8 no"))
        run = self.send(server, 77)
        self.assert_says(run, "535 5.7.8 no", "PLAIN")
        self.assertEqual(run.json()["error"]["class"], "ERR_AUTHENTICATION")
        self.assertEqual(run.json()["error"]["code"], 535)
        self.assert_secret(run)

    def test_when_the_mechanism_is_not_offered(self):
        server = self.start(FakeServer(EHLO="250-fake\r\n250 AUTH GSSAPI NTLM"))
        run = self.send(server, 77)
        self.assert_says(run, "GSSAPI NTLM")
        self.assert_secret(run)

    def test_when_a_raw_line_carries_it(self):
        server = self.start(FakeServer(AUTH="235 ok"))
        run = self.run_ok("talk", "--server", server.address, "--trace", f"AUTH PLAIN {PLAIN}")
        self.assertIn(f"AUTH PLAIN {PLAIN}", server.lines)
        self.assert_secret(run)

    def test_it_is_never_asked_for_on_the_command_line(self):
        self.assertNotRegex(self.run_ok("send", "--help").out, r"--pass(word)? ")


if __name__ == "__main__":
    unittest.main()
