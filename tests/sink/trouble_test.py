# SPDX-License-Identifier: MIT
"""What the sink does when it is told to: reject, fail, delay, drop."""
import time
import unittest

from support import Case, split_file


class Reject(Case):
    def test_recipients_and_senders(self):
        sink = self.start_keeping("--reject", "no@c", "--reject", "Bad@B")
        peer = self.meet_esmtp(sink)
        self.talk(peer, "MAIL FROM:<bad@b>", "550 5.1.0", "MAIL FROM:<a@b>", "250", "RCPT TO:<NO@c>", "550 5.1.1",
                  "RCPT TO:<no@cc>", "250", "RCPT TO:<bad@b>", "550", "DATA", "354", ".", "250")
        self.assertEqual(split_file(sink.messages()[0])[0]["Delivered-To"], ["no@cc"])


class Fail(Case):
    def meet_failing(self, rule, *options):
        return self.meet_esmtp(self.start_keeping("--fail", rule, *options))

    def test_connect(self):
        peer = self.meet(self.start("--fail", "CONNECT=554 5.3.2 not today"), greeting="554 5.3.2 not today")
        self.assertTrue(peer.has_ended())

    def test_a_greeting_of_another_kind(self):
        peer = self.meet(self.start("--fail", r"CONNECT=220-hello\n220 world"))
        self.says(peer, "NOOP", "250")

    def test_ehlo(self):
        peer = self.meet(self.start("--fail", "EHLO=502 5.5.1 what?"))
        self.talk(peer, "EHLO x", "502", "MAIL FROM:<a@b>", "503", "HELO x", "250", "MAIL FROM:<a@b>", "250")

    def test_ehlo_that_offers_something_else(self):
        peer = self.meet(self.start("--fail", r"EHLO=250 me\nXCLIENT NAME\nSIZE 5"))
        self.assertEqual(peer.say("EHLO x"), "250-me\n250-XCLIENT NAME\n250 SIZE 5")
        self.says(peer, "MAIL FROM:<a@b>", "250")

    def test_helo(self):
        peer = self.meet(self.start("--fail", "helo=550 no"))
        self.talk(peer, "HELO x", "550 no", "MAIL FROM:<a@b>", "503")

    def test_mail(self):
        peer = self.meet_failing("MAIL=450 4.2.0 later")
        self.talk(peer, "MAIL FROM:<a@b>", "450 4.2.0 later", "RCPT TO:<b@c>", "503", "MAIL FROM:", "501")

    def test_rcpt(self):
        peer = self.meet_failing("RCPT=450 4.2.0 later")
        self.talk(peer, "MAIL FROM:<a@b>", "250", "RCPT TO:<b@c>", "450 4.2.0 later", "DATA", "503")

    def test_data(self):
        peer = self.meet_failing("DATA=451 4.3.0 later")
        self.begin_mail(peer)
        self.talk(peer, "DATA", "451 4.3.0 later", "NOOP", "250", "RSET", "250")

    def test_a_success_that_is_none_of_data(self):
        peer = self.meet_failing("DATA=250 ok?")
        self.begin_mail(peer)
        self.talk(peer, "DATA", "250 ok?", "NOOP", "250 2.0.0")

    def test_body(self):
        sink = self.start_keeping("--fail", "BODY=554 5.6.0 spam")
        peer = self.meet_esmtp(sink)
        for lines in (("DATA", "354", ".", "554 5.6.0 spam"), ("BDAT 2\r\nab", "250", "BDAT 2 LAST\r\n\r\n", "554")):
            self.begin_mail(peer)
            for line, code in zip(lines[::2], lines[1::2]):
                peer.send(line + ("" if "BDAT" in line else "\r\n"))
                self.assert_code(code, peer.reply())
        self.begin_mail(peer)
        self.assertEqual(list((sink.maildir / "new").iterdir()), [])

    def test_body_with_another_success(self):
        sink = self.start_keeping("--fail", "BODY=250 2.0.0 queued as 42")
        peer = self.meet_esmtp(sink)
        self.begin_mail(peer)
        self.talk(peer, "DATA", "354", ".", "250 2.0.0 queued as 42")
        self.assertEqual(len(sink.messages()), 1)

    def test_bdat(self):
        peer = self.meet_failing("BDAT=451 4.3.0 no chunks")
        for last in ("", " LAST"):
            self.begin_mail(peer)
            peer.send(f"BDAT 6{last}\r\nQUIT\r\n")
            self.assert_code("451 4.3.0 no chunks", peer.reply())
            self.says(peer, "RSET", "250")

    def test_commands_of_no_consequence(self):
        for verb in ("RSET", "NOOP", "VRFY x", "HELP", "EXPN x"):
            peer = self.meet_failing(f"{verb.split()[0]}=450 4.0.0 busy")
            self.talk(peer, verb, "450 4.0.0 busy", "MAIL FROM:<a@b>", "250")

    def test_quit(self):
        peer = self.meet_failing("QUIT=500 stay")
        self.says(peer, "QUIT", "500 stay")
        self.assertTrue(peer.has_ended())

    def test_421_ends_it(self):
        for verb in ("NOOP", "MAIL FROM:<a@b>"):
            peer = self.meet_failing(f"{verb.split()[0]}=421 4.3.2 shutting down")
            peer.send(verb + "\r\n" + "NOOP\r\n" * 1000)
            self.assert_code("421 4.3.2 shutting down", peer.reply())
            self.assertTrue(peer.has_ended())

    def test_lines(self):
        for rule, wanted in ((r"NOOP=450 4.2.0 one\ntwo", "450-4.2.0 one\n450 two"),
                             ("NOOP=450 one\ntwo\\nthree", "450-one\n450-two\n450 three"),
                             (r"NOOP=450-one\n450-two\n450 three", "450-one\n450-two\n450 three"),
                             (r"NOOP=450 one\n451 two", "450-one\n450 451 two"),
                             (r"NOOP=450 one\n", "450-one\n450 "), ("NOOP=450", "450 ")):
            self.assertEqual(self.meet_failing(rule).say("NOOP"), wanted)

    def test_the_first_rule_counts(self):
        peer = self.meet_failing("NOOP=450 first", "--fail", "NOOP=450 second", "--fail", "VRFY=450 other")
        self.talk(peer, "NOOP", "450 first", "VRFY x", "450 other")

    def test_without_enhanced_codes_rules_are_kept_as_they_are(self):
        peer = self.meet_failing("NOOP=450 4.2.0 x", "--without", "ENHANCEDSTATUSCODES")
        self.talk(peer, "NOOP", "450 4.2.0 x", "RSET", "250 ok")


class Delay(Case):
    def takes(self, function):
        begun = time.monotonic()
        function()
        return time.monotonic() - begun

    def test_each_command(self):
        for command, lines in (("CONNECT", ()), ("EHLO", ("EHLO x",)), ("NOOP", ("NOOP",)), ("QUIT", ("QUIT",)),
                               ("DATA", ("EHLO x", "MAIL FROM:<a@b>", "RCPT TO:<a@b>", "DATA")),
                               ("BODY", ("EHLO x", "MAIL FROM:<a@b>", "RCPT TO:<a@b>", "DATA", ".")),
                               ("BDAT", ("EHLO x", "MAIL FROM:<a@b>", "RCPT TO:<a@b>", "BDAT 0 LAST")),
                               ("BODY", ("EHLO x", "MAIL FROM:<a@b>", "RCPT TO:<a@b>", "BDAT 0 LAST"))):
            sink = self.start("--delay", f"{command}=300")

            def talk():
                peer = self.meet(sink)
                for line in lines:
                    self.assertRegex(peer.say(line), "^[23]")
            self.assertTrue(0.3 <= self.takes(talk) < 5, command)

    def test_what_came_before_is_answered_at_once(self):
        peer = self.meet_esmtp(self.start("--delay", "RCPT=500"))
        peer.send(b"MAIL FROM:<a@b>\r\nRCPT TO:<b@c>\r\nRCPT TO:<b@c>\r\nDATA\r\n")
        self.assertLess(self.takes(peer.reply), 0.45)
        self.assertGreater(self.takes(peer.reply), 0.3)
        self.assertGreater(self.takes(peer.reply), 0.3)
        self.assert_code("354", peer.reply())

    def test_others_do_not_wait(self):
        sink = self.start("--delay", "NOOP=1500")
        slow, quick = self.meet_esmtp(sink), self.meet_esmtp(sink)
        slow.send("NOOP\r\n")
        self.assertLess(self.takes(lambda: [self.says(quick, "RSET", "250") for _ in range(100)]), 1)
        self.assert_code("250", slow.reply())

    def test_many_wait_side_by_side(self):
        sink = self.start("--delay", "NOOP=500", "--delay", "RSET=200")
        peers = [self.meet_esmtp(sink) for _ in range(100)]

        def wait():
            for number, peer in enumerate(peers):
                peer.send("RSET\r\nNOOP\r\n" if number % 3 else "NOOP\r\n")
            for number, peer in enumerate(peers):
                for _ in range(2 if number % 3 else 1):
                    self.assert_code("250", peer.reply())
        self.assertTrue(0.7 <= self.takes(wait) < 5)

    def test_hanging_up_meanwhile(self):
        sink = self.start("--delay", "NOOP=100000")
        for _ in range(20):
            peer = self.meet_esmtp(sink)
            peer.send("NOOP\r\n" * 1000)
            peer.close()
        self.says(self.meet_esmtp(sink), "RSET", "250")

    def test_half_closed_meanwhile(self):
        peer = self.meet_esmtp(self.start("--delay", "NOOP=200"))
        peer.send("NOOP\r\nNOOP\r\n")
        peer.connection.shutdown(1)
        self.assert_code("250", peer.reply())
        self.assert_code("250", peer.reply())
        self.assertTrue(peer.has_ended())


class Drop(Case):
    def test_each_command(self):
        opening = ("EHLO x", "MAIL FROM:<a@b>", "RCPT TO:<b@c>")
        for command, lines in (("EHLO", ("EHLO x",)), ("HELO", ("HELO x",)), ("MAIL", opening[:2]), ("RCPT", opening),
                               ("DATA", opening + ("DATA",)), ("BODY", opening + ("DATA", "half")),
                               ("BODY", opening + ("BDAT 100 LAST", "half")), ("BDAT", opening + ("BDAT 0 LAST",)),
                               ("BODY", opening + ("BDAT 0 LAST",)), ("AUTH", ("EHLO x", "AUTH PLAIN")), ("RSET", ("RSET",)),
                               ("STARTTLS", ("EHLO x", "STARTTLS")), ("NOOP", ("NOOP",)), ("VRFY", ("VRFY x",)),
                               ("HELP", ("HELP",)), ("QUIT", ("QUIT",))):
            sink = self.start("--drop", command, "--auth", "a:b")
            peer = self.meet(sink)
            for line in lines[:-1]:
                if "BDAT 100" in line:
                    peer.send(line + "\r\n")
                else:
                    self.assertRegex(peer.say(line), "^[23]", command)
            peer.send(lines[-1] + "\r\n")
            self.assertTrue(peer.has_ended(), command)

    def test_connect(self):
        peer = self.meet(self.start("--drop", "CONNECT"), greeting="")
        self.assertTrue(peer.has_ended())

    def test_what_came_before_is_answered(self):
        peer = self.meet_esmtp(self.start("--drop", "DATA"))
        peer.send(b"MAIL FROM:<a@b>\r\nRCPT TO:<b@c>\r\nDATA\r\n")
        self.assert_code("250 2.1.0", peer.reply())
        self.assert_code("250 2.1.5", peer.reply())
        self.assertTrue(peer.has_ended())

    def test_after_a_delay(self):
        peer = self.meet_esmtp(self.start("--drop", "NOOP", "--delay", "NOOP=200"))
        begun = time.monotonic()
        peer.send("NOOP\r\n")
        self.assertTrue(peer.has_ended())
        self.assertGreaterEqual(time.monotonic() - begun, 0.2)

    def test_in_the_middle_of_a_large_message(self):
        peer = self.meet_esmtp(self.start("--drop", "BODY"))
        self.begin_mail(peer)
        self.says(peer, "DATA", "354")
        with self.assertRaises(ConnectionError):
            for _ in range(1000):
                peer.send(b"x" * 998 + b"\r\n" + b"y" * 100000)

    def test_others_stay(self):
        sink = self.start("--drop", "NOOP")
        stays = self.meet_esmtp(sink)
        gone = self.meet_esmtp(sink)
        gone.send("NOOP\r\n")
        self.assertTrue(gone.has_ended())
        self.says(stays, "RSET", "250")


if __name__ == "__main__":
    unittest.main()
