# SPDX-License-Identifier: MIT
"""MAIL and RCPT: paths, parameters, limits, and what of them the Maildir's files show."""
import unittest

from support import Case, split_file


class Paths(Case):
    def setUp(self):
        self.peer = self.meet_esmtp(self.start())

    def test_good_senders(self):
        for path in ("<>", "<a@b>", "<a>", "<@r1,@r2:a@b>", '<"x> y"@b>', r'<"q\">"@b>', " <a@b>", "<a@[::1]>"):
            self.talk(self.peer, "MAIL FROM:" + path, "250 2.1.0", "RSET", "250")
        self.talk(self.peer, "mail from:<a@b>", "250", "rcpt to:<b@c>", "250")

    def test_bad_senders(self):
        for path in ("", "a@b", "<a@b", "a@b>", "<a b@c>", "<<a@b>>", "<a@b>x", "<@b>", '<"a@b>', "<" + "x" * 1024 + ">"):
            self.says(self.peer, "MAIL FROM:" + path, "501 5.")
        self.talk(self.peer, "MAIL", "501", "MAIL FOR:<a@b>", "501", "MAIL TO:<a@b>", "501")

    def test_bad_recipients(self):
        self.says(self.peer, "MAIL FROM:<a@b>", "250")
        for path in ("", "<>", "a@b", "<a@b", "<a@b>x"):
            self.says(self.peer, "RCPT TO:" + path, "501 5.")
        self.talk(self.peer, "RCPT", "501", "RCPT FROM:<a@b>", "501", "RCPT TO:<postmaster>", "250 2.1.5")


class Parameters(Case):
    def setUp(self):
        self.peer = self.meet_esmtp(self.start("--size", "1000", "--auth", "a:b"))

    def mail(self, parameters, code):
        self.talk(self.peer, "MAIL FROM:<a@b> " + parameters, code, "RSET", "250")

    def rcpt(self, parameters, code):
        self.talk(self.peer, "MAIL FROM:<a@b>", "250", "RCPT TO:<a@b> " + parameters, code, "RSET", "250")

    def test_good_ones_of_mail(self):
        for parameters in ("SIZE=0", "size=1000", "BODY=8BITMIME", "body=7bit", "SMTPUTF8", "RET=HDRS", "RET=FULL",
                           "ENVID=QQ+2B+3D", "AUTH=<>", "AUTH=a+40b", "SIZE=1 BODY=8BITMIME SMTPUTF8 RET=FULL ENVID=x"):
            self.mail(parameters, "250")

    def test_bad_ones_of_mail(self):
        for parameters in ("SIZE", "SIZE=", "SIZE=x", "SIZE=-1", "SIZE=1x", "BODY", "BODY=9BIT", "SMTPUTF8=1", "RET=ALL",
                           "ENVID=", "ENVID=+2", "ENVID=+2b", "ENVID=" + "x" * 101, "ENVID=a=b", "SIZE=1 SIZE=1"):
            self.mail(parameters, "501 5.5.4")

    def test_unknown_ones(self):
        for parameters in ("X", "X=1", "=1", "SIZEX=1", "NOTIFY=NEVER", "SIZE=1 X", "HOLDFOR=1"):
            self.mail(parameters, "555 5.5.4")
        for parameters in ("X=1", "SIZE=1", "RET=FULL"):
            self.rcpt(parameters, "555 5.5.4")

    def test_size(self):
        self.mail("SIZE=1001", "552 5.3.4")
        self.mail("SIZE=99999999999999999999", "552 5.3.4")
        self.mail("SIZE=999999999999999999999", "501")

    def test_of_rcpt(self):
        for parameters in ("NOTIFY=NEVER", "NOTIFY=SUCCESS,FAILURE,DELAY", "notify=delay", "ORCPT=rfc822;b+40c",
                           "ORCPT=utf-8;é@c"):
            self.rcpt(parameters, "250")
        for parameters in ("NOTIFY", "NOTIFY=", "NOTIFY=NEVER,DELAY", "NOTIFY=SUCCESS,", "NOTIFY=,DELAY", "NOTIFY=X",
                           "ORCPT=rfc822", "ORCPT=;x", "ORCPT=rfc822;", "ORCPT=rfc822;+zz", "NOTIFY=DELAY NOTIFY=DELAY"):
            self.rcpt(parameters, "501 5.5.4")

    def test_auth_needs_users(self):
        self.says(self.meet_esmtp(self.start()), "MAIL FROM:<a@b> AUTH=<>", "555")


class Utf8(Case):
    def test_an_address_beyond_ascii_needs_smtputf8(self):
        peer = self.meet_esmtp(self.start())
        self.talk(peer, "MAIL FROM:<é@b>", "553 5.6.7", "MAIL FROM:<a@b>", "250", "RCPT TO:<ü@c>", "553 5.6.7",
                  "RSET", "250", "MAIL FROM:<é@b> SMTPUTF8", "250", "RCPT TO:<ü@c>", "250")


class Limits(Case):
    def test_ten_thousand_recipients(self):
        sink = self.start_keeping()
        peer = self.meet_esmtp(sink)
        peer.send("MAIL FROM:<a@b>\r\n" + "".join(f"RCPT TO:<r{i}@c>\r\n" for i in range(10001)))
        for _ in range(10001):
            self.assert_code("250", peer.reply())
        self.assert_code("452 4.5.3", peer.reply())
        self.talk(peer, "DATA", "354", ".", "250")
        fields, _ = split_file(sink.messages()[0])
        self.assertEqual(fields["Delivered-To"], [f"r{i}@c" for i in range(10000)])


class InFiles(Case):
    def fields(self, *lines):
        sink = self.start_keeping()
        peer = self.meet(sink)
        for line in lines:
            peer.say(line)
        self.talk(peer, "DATA", "354", ".", "250")
        return split_file(sink.messages()[0])[0]

    def test_the_envelope(self):
        fields = self.fields("EHLO me.example.org", "MAIL FROM:<a@b> SIZE=3 BODY=8BITMIME", "RCPT TO:<c@d>",
                             "RCPT TO:<x", "RCPT TO:<E@f> NOTIFY=NEVER")
        self.assertEqual(list(fields), ["Return-Path", "Delivered-To", "X-Posthaste-Envelope", "Received"])
        self.assertEqual(fields["Return-Path"], ["<a@b>"])
        self.assertEqual(fields["Delivered-To"], ["c@d", "E@f"])
        self.assertEqual(fields["X-Posthaste-Envelope"],
                         ["FROM:<a@b> SIZE=3 BODY=8BITMIME; TO:<c@d>; TO:<E@f> NOTIFY=NEVER"])
        self.assertRegex(fields["Received"][0], r"^from me\.example\.org by posthaste-sink with ESMTP; "
                                                r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000$")

    def test_what_was_reset_is_forgotten(self):
        fields = self.fields("EHLO x", "MAIL FROM:<old@b> SIZE=1", "RCPT TO:<old@d>", "RSET", "MAIL FROM:<>", "RCPT TO:<new@d>")
        self.assertEqual((fields["Return-Path"], fields["Delivered-To"]), (["<>"], ["new@d"]))
        self.assertEqual(fields["X-Posthaste-Envelope"], ["FROM:<>; TO:<new@d>"])

    def test_words_of_the_protocol(self):
        for hello, mail, word in (("HELO x", "MAIL FROM:<a@b>", "SMTP"), ("EHLO x", "MAIL FROM:<a@b> SMTPUTF8", "UTF8SMTP")):
            self.assertIn(f"with {word};", self.fields(hello, mail, "RCPT TO:<c@d>")["Received"][0])


if __name__ == "__main__":
    unittest.main()
