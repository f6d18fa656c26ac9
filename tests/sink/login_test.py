# SPDX-License-Identifier: MIT
"""AUTH: each mechanism, good and bad, with the response at once or asked for."""
import base64
import hmac
import smtplib
import unittest

from support import PASSWORD, USER, Case, split_file


def b64(text):
    return base64.b64encode(text.encode()).decode()


def plain(user=USER, password=PASSWORD, identity=""):
    return b64(f"{identity}\0{user}\0{password}")


def cram(challenge, user=USER, password=PASSWORD):
    """The response to a line "334 ..."."""
    digest = hmac.new(password.encode(), base64.b64decode(challenge[4:]), "md5").hexdigest()
    return b64(f"{user} {digest}")


class Mechanisms(Case):
    def setUp(self):
        self.sink = self.start("--auth", "other:word", "--auth", f"{USER}:{PASSWORD}", "--auth", "c:o:l:o:n")
        self.peer = self.meet_esmtp(self.sink)

    def test_plain(self):
        self.says(self.peer, "AUTH PLAIN " + plain(), "235 2.7.0")

    def test_plain_asked_for(self):
        self.assertEqual(self.peer.say("auth plain"), "334 ")
        self.says(self.peer, plain("c", "o:l:o:n"), "235")

    def test_plain_bad(self):
        for response in (plain(password="x"), plain("nobody"), plain(USER[:-1]), plain("", ""), plain("c:o", "l:o:n"), "=", b64("x")):
            self.says(self.peer, "AUTH PLAIN " + response, "535 5.7.8")
        self.says(self.peer, "AUTH PLAIN " + plain("other", "word"), "235")

    def test_login(self):
        self.assertEqual(base64.b64decode(self.says(self.peer, "AUTH LOGIN", "334 ")[4:]), b"User Name")
        self.assertEqual(base64.b64decode(self.says(self.peer, b64(USER), "334 ")[4:]), b"Password")
        self.says(self.peer, b64(PASSWORD), "235")

    def test_login_with_the_user_at_once(self):
        self.assertEqual(base64.b64decode(self.says(self.peer, "AUTH LOGIN " + b64(USER), "334 ")[4:]), b"Password")
        self.says(self.peer, b64(PASSWORD), "235")

    def test_login_bad(self):
        for user, password in ((USER, "x"), ("nobody", PASSWORD), ("other", PASSWORD)):
            self.talk(self.peer, "AUTH LOGIN", "334", b64(user), "334", b64(password), "535")

    def test_cram_md5(self):
        self.says(self.peer, cram(self.says(self.peer, "AUTH CRAM-MD5", "334 ")), "235")

    def test_cram_md5_bad(self):
        for wrong in ({"password": "x"}, {"user": "nobody"}, {"user": "other"}):
            self.says(self.peer, cram(self.says(self.peer, "AUTH CRAM-MD5", "334 "), **wrong), "535")
        self.says(self.peer, "AUTH CRAM-MD5 " + b64("x"), "501")  # RFC 4954 section 4

    def test_challenges_differ(self):
        first = self.peer.say("AUTH CRAM-MD5")
        self.says(self.peer, "*", "501")
        self.assertNotEqual(first, self.peer.say("AUTH CRAM-MD5"))

    def test_unknown(self):
        for mechanism in ("XOAUTH2", "ANONYMOUS", "DIGEST-MD5", "PLAI", "PLAINX", "EXTERNAL"):
            self.says(self.peer, "AUTH " + mechanism, "504 5.5.4")
        self.says(self.peer, "AUTH", "501")

    def test_no_base64(self):
        self.says(self.peer, "AUTH PLAIN ****", "501 5.5.2")
        self.talk(self.peer, "AUTH PLAIN", "334", "a", "501", "AUTH LOGIN", "334", "not base64", "501", "NOOP", "250")

    def test_cancelled(self):
        self.talk(self.peer, "AUTH PLAIN", "334", "*", "501 5.7.0", "NOOP", "250")
        self.says(self.peer, "AUTH PLAIN " + plain(), "235")

    def test_a_response_may_be_long(self):
        self.says(self.peer, "AUTH PLAIN " + b64("x" * 9000), "535")
        self.talk(self.peer, "AUTH PLAIN", "334", "x" * 12288, "535", "AUTH PLAIN", "334", "x" * 12289, "500 5.5.2",
                  "NOOP", "250", "AUTH PLAIN", "334", "x" * 100000, "500 5.5.2", "NOOP", "250")

    def test_only_once(self):
        self.says(self.peer, "AUTH PLAIN " + plain(), "235")
        self.says(self.peer, "AUTH PLAIN " + plain(), "503")

    def test_smtplib(self):
        """Somebody else's client, with each mechanism."""
        for method in ("auth_plain", "auth_login", "auth_cram_md5"):
            for at_once in (True, False):
                client = smtplib.SMTP()
                client.sock = self.sink.connect()
                self.assertEqual(client.getreply()[0], 220)
                client.ehlo()
                client.user, client.password = USER, PASSWORD
                code, _ = client.auth(method[5:].upper().replace("_", "-"), getattr(client, method),
                                      initial_response_ok=at_once and method != "auth_cram_md5")
                self.assertEqual(code, 235, method)
                client.quit()


class Rules(Case):
    def test_require_auth(self):
        peer = self.meet_esmtp(self.start("--auth", "a:b", "--require-auth"))
        self.talk(peer, "MAIL FROM:<a@b>", "530 5.7.0", "AUTH PLAIN " + plain("a", "b"), "235", "MAIL FROM:<a@b>", "250")

    def test_a_rule_holds_at_the_end(self):
        peer = self.meet_esmtp(self.start("--auth", "a:b", "--fail", "AUTH=454 4.7.0 later", "--require-auth"))
        self.talk(peer, "AUTH PLAIN " + plain("a", "b"), "454 4.7.0 later", "AUTH LOGIN", "334", b64("a"), "334", b64("b"), "454",
                  "MAIL FROM:<a@b>", "530")

    def test_after_starttls_nobody_is_logged_in(self):
        sink, trust = self.start_with_certificate("--auth", "a:b")
        peer = self.meet_esmtp(sink)
        self.talk(peer, "AUTH PLAIN " + plain("a", "b"), "235", "STARTTLS", "220")
        peer.start_tls(trust)
        self.talk(peer, "EHLO x", "250", "AUTH PLAIN " + plain("a", "b"), "235")

    def test_the_user_is_noted(self):
        sink = self.start_keeping("--auth", "a:b")
        peer = self.meet_esmtp(sink)
        self.says(peer, "AUTH PLAIN " + plain("a", "b"), "235")
        self.deliver(peer)
        self.assertRegex(split_file(sink.messages()[0])[0]["Received"][0], r"with ESMTPA \(user a\);")


if __name__ == "__main__":
    unittest.main()
