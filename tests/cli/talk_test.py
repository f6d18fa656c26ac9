# SPDX-License-Identifier: MIT
"""posthaste talk: commands from arguments and from standard input, and their replies."""
import os
import pty
import subprocess
import unittest

from support import COMMAND, LIMIT, Case, FakeServer, clean_environment


class Talk(Case):
    def setUp(self):
        super().setUp()
        self.server = self.start(FakeServer(VRFY="252 2.1.5 perhaps", HELP="214-one\r\n214 two"))

    def talk(self, *commands, code=0, **rest):
        return self.run_for(code, "talk", "--server", self.server.address, *commands, **rest)


class Commands(Talk):
    def test_from_arguments(self):
        run = self.talk("NOOP", "VRFY someone", "help")
        self.assertEqual(run.out, "250 2.0.0 ok\n252 2.1.5 perhaps\n214-one\n214 two\n")
        self.assertEqual(self.server.lines, ["EHLO localhost", "NOOP", "VRFY someone", "help", "QUIT"])

    def test_from_standard_input(self):
        run = self.talk(text=b"NOOP\r\n\nVRFY x\n")
        self.assertEqual(run.out, "250 2.0.0 ok\n252 2.1.5 perhaps\n")
        self.assertEqual(self.server.lines[1:], ["NOOP", "VRFY x", "QUIT"])

    def test_quit_ends(self):
        run = self.talk("QUIT", "NOOP")
        self.assertEqual(run.out, "221 2.0.0 bye\n")
        self.assertEqual(self.server.lines[1:], ["QUIT"])

    def test_none_is_a_session_too(self):
        self.assertEqual(self.talk().out, "")
        self.assertEqual(self.server.lines, ["EHLO localhost", "QUIT"])

    def test_options_of_the_server(self):
        self.talk("--helo", "client.example.org", "NOOP")
        self.assertEqual(self.server.lines[0], "EHLO client.example.org")

    def test_a_command_may_look_like_an_option(self):
        run = self.talk("--", "--NOOP", code=76)
        self.assertIn("500 5.5.1 what?", run.out)

    def test_trace(self):
        run = self.talk("--trace", "NOOP")
        self.assertIn("<- NOOP\n-> 250 2.0.0 ok\n", run.err)

    def test_control_bytes_of_a_reply_are_escaped(self):
        self.server.replies["NOOP"] = "250 \x1b[31mred"
        self.assertEqual(self.talk("NOOP").out, "250 \\x1b[31mred\n")

    def test_starttls_and_bdat_are_explained(self):
        self.assert_says(self.talk("STARTTLS", code=64), "--starttls always")
        self.assert_says(self.talk("bdat 10 last", code=64), "posthaste send")
        self.assertNotIn("STARTTLS", self.server.lines)

    def test_a_challenge_is_answered_by_the_next_line(self):
        self.server.replies.update({"AUTH": "334 VXNlcm5hbWU6", "DATA": "235 in"})
        run = self.talk("AUTH LOGIN", "DATA")  # as base64 a word like any other
        self.assertEqual(run.out, "334 VXNlcm5hbWU6\n235 in\n")


class ExitCodes(Talk):
    def test_of_the_last_refusal(self):
        self.server.replies.update({"FOUR": "450 4.0.0 later", "FIVE": "550 5.0.0 no", "SIGN": "530 log in"})
        self.talk("FOUR", code=75)
        self.talk("FIVE", code=69)
        self.talk("SIGN", code=77)
        self.talk("WHAT", code=76)
        self.talk("FIVE", "FOUR", "NOOP", code=75)

    def test_of_a_lost_connection(self):
        self.server.replies["NOOP"] = None
        run = self.talk("NOOP", "VRFY x", code=75)
        self.assertNotIn("VRFY x", self.server.lines)
        self.assert_says(run, "posthaste talk: ")

    def test_of_no_session(self):
        self.server.greeting = "554 5.7.1 no"
        self.assert_says(self.talk("NOOP", code=69), "554 5.7.1 no")


CONTENT = ["Subject: talk", "", "..dot", "end", "."]


class Data(Talk):
    def assert_content(self):
        at = self.server.lines.index("DATA")
        self.assertEqual(self.server.lines[at + 1:at + 6], CONTENT)

    def test_from_arguments(self):
        run = self.talk("MAIL FROM:<a@example.org>", "RCPT TO:<b@example.net>", "DATA", *CONTENT, "NOOP")
        self.assertEqual(run.out.splitlines(), ["250 2.1.0 ok", "250 2.1.5 ok", "354 go ahead",
                                                "250 2.0.0 queued", "250 2.0.0 ok"])
        self.assert_content()

    def test_from_standard_input(self):
        lines = ["MAIL FROM:<a@example.org>", "RCPT TO:<b@example.net>", "data ", *CONTENT, "QUIT"]
        run = self.talk(text="\r\n".join(lines).encode())
        self.assertEqual(run.out.splitlines()[2:], ["354 go ahead", "250 2.0.0 queued", "221 2.0.0 bye"])
        self.assert_content()

    def test_long_lines(self):
        line = "x" * 300000
        self.talk(text=f"DATA\n{line}\n.\n".encode())
        self.assertIn(line, self.server.lines)

    def test_a_refused_message(self):
        self.server.replies["."] = "554 5.6.0 no"
        run = self.talk("DATA", *CONTENT, "NOOP", code=69)
        self.assertEqual(run.out.splitlines(), ["354 go ahead", "554 5.6.0 no", "250 2.0.0 ok"])

    def test_content_that_nobody_takes_is_no_command(self):
        self.server.replies["DATA"] = "503 5.5.1 first MAIL"
        run = self.talk("DATA", "NOOP", "RSET", ".", "VRFY x", code=76)
        self.assertEqual(run.out.splitlines(), ["503 5.5.1 first MAIL", "252 2.1.5 perhaps"])
        self.assertNotIn("RSET", self.server.lines)

    def test_without_an_end_is_not_delivered(self):
        run = self.talk("DATA", "Subject: cut", code=65)
        self.assert_says(run, "nothing was delivered")
        self.assertNotIn(".", self.server.lines)


class Typing(Talk):
    """Somebody sits at a terminal."""

    def type(self, lines):
        master, slave = pty.openpty()
        process = subprocess.Popen([COMMAND, "talk", "--server", self.server.address], stdin=slave,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment())
        os.close(slave)
        os.write(master, "".join(line + "\n" for line in lines).encode())
        out, err = process.communicate(timeout=LIMIT)
        os.close(master)
        return process.returncode, out.decode(), err.decode()

    def test_has_a_prompt_and_a_greeting(self):
        code, out, err = self.type(["NOOP", "QUIT"])
        self.assertEqual((code, out), (0, "250 2.0.0 ok\n221 2.0.0 bye\n"))
        self.assertRegex(err, r"connected to 127\.0\.0\.1 port \d+; QUIT ends the session\n> > $")

    def test_goes_on_after_a_mistake(self):
        self.server.replies["DATA"] = "503 5.5.1 first MAIL"
        code, out, _ = self.type(["STARTTLS", "DATA", "NOOP", "QUIT"])
        self.assertEqual((code, out), (76, "503 5.5.1 first MAIL\n250 2.0.0 ok\n221 2.0.0 bye\n"))


if __name__ == "__main__":
    unittest.main()
