# SPDX-License-Identifier: MIT
"""What went wrong, told three ways: by an exit code, in a sentence, as JSON."""
import os
import unittest

from support import CERTIFICATES, ENVELOPE, MESSAGE, Case, FakeServer, closed_port


class Failures(Case):
    def check(self, code, error_class, phase, server, *options, envelope=ENVELOPE, says=(),
              outcome="not-sent", text=MESSAGE, **rest):
        """Runs send once for people and once for programs."""
        arguments = ("send", "--server", server, *envelope, *options)
        run = self.run_for(code, *arguments, text=text, **rest)
        self.assert_says(run, "posthaste send: ", *says)
        self.assertIn(f"message: {outcome}", run.out, str(run))
        run = self.run_for(code, *arguments, "--json", text=text, **rest)
        result = run.json()
        self.assertEqual(result["outcome"], outcome, str(run))
        self.assertEqual(result["error"]["class"], error_class, str(run))
        self.assertEqual(result["error"]["phase"], phase, str(run))
        self.assertIn(result["error"]["text"], run.err, str(run))
        for recipient in result["recipients"]:
            self.assertEqual(set(recipient), {"address", "accepted", "code", "enhanced", "text"})
        return result

    def fake(self, **replies):
        return self.start(FakeServer(**replies))


class Reaching(Failures):
    def test_nobody_listens(self):
        port = closed_port()
        result = self.check(69, "ERR_IO", "connect", f"127.0.0.1:{port}",
                            says=("127.0.0.1", str(port), "refused"))
        self.assertEqual(result["error"]["system_error"], "Connection refused")
        self.assertEqual(result["server"], f"127.0.0.1:{port}")
        self.assertIsNone(result["tls"])
        self.assertIsNone(result["message_reply"])
        self.assertEqual(result["recipients"][0]["address"], "bob@example.net")
        self.assertFalse(result["recipients"][0]["accepted"])

    def test_no_unix_socket(self):
        path = str(self.folder / "none")
        self.check(69, "ERR_IO", "connect", f"unix:{path}", says=(path,))

    def test_the_name_is_unknown(self):
        # RFC 7686: names below .onion are never asked for, so this needs no name server.
        self.check(68, "ERR_HOST_UNKNOWN", "resolve", "posthaste-test.onion:25",
                   says=("posthaste-test.onion",))

    def test_nobody_answers_in_time(self):
        server = self.fake(EHLO="250 hi")
        server.greeting = b"220-wait\n"  # and then nothing
        result = self.check(75, "ERR_READ_TIMEOUT", "greeting", server.address,
                            "--read-timeout", "0.2", says=("hint: --read-timeout",))
        self.assertIsNone(result["error"]["code"])

    def test_the_server_hangs_up(self):
        self.check(75, "ERR_CLOSED", "greeting", self.fake(greeting=None).address)
        self.check(75, "ERR_CLOSED", "mail", self.fake(MAIL=None).address)

    def test_something_else_answers(self):
        self.check(76, "ERR_PROTOCOL", "greeting", self.fake(greeting="SSH-2.0-OpenSSH_9").address)


class Refusals(Failures):
    def test_of_the_session(self):
        self.check(75, "ERR_SERVER_BUSY", "greeting", self.fake(greeting="421 4.3.2 busy").address,
                   says=("421 4.3.2 busy",))
        self.check(69, "ERR_FATAL", "greeting", self.fake(greeting="554 5.7.1 go away").address,
                   says=("554 5.7.1 go away",))

    def test_of_the_sender(self):
        result = self.check(69, "ERR_FATAL", "mail", self.fake(MAIL="550 5.7.1 not you").address,
                            says=("alice@example.org", "550 5.7.1 not you"))
        self.assertEqual(result["error"]["code"], 550)
        self.assertEqual(result["error"]["enhanced"], "5.7.1")
        self.assertEqual(result["error"]["command"], "MAIL FROM:<alice@example.org>")
        self.check(75, "ERR_SERVER_BUSY", "mail", self.fake(MAIL="451 4.7.1 later").address)
        self.check(77, "ERR_AUTHENTICATION", "mail", self.fake(MAIL="530 5.7.0 log in").address,
                   says=("log in",))
        self.check(76, "ERR_UNKNOWN", "mail", self.fake(MAIL="354 what").address)

    def test_of_a_recipient(self):
        result = self.check(67, "ERR_FATAL", "rcpt", self.fake(RCPT="550 5.1.1 no such user").address,
                            says=("bob@example.net", "550 5.1.1 no such user"))
        self.assertEqual(result["recipients"], [
            {"address": "bob@example.net", "accepted": False, "code": 550, "enhanced": "5.1.1",
             "text": "5.1.1 no such user"}])
        self.check(67, "ERR_SYNTAX", "rcpt", self.fake(RCPT="501 5.1.3 bad address").address)
        self.check(75, "ERR_SERVER_BUSY", "rcpt", self.fake(RCPT="450 4.2.0 greylisted").address,
                   says=("450 4.2.0 greylisted", "try again later"))

    def test_of_the_message(self):
        self.check(69, "ERR_FATAL", "data", self.fake(DATA="554 5.5.1 no").address)
        result = self.check(69, "ERR_FATAL", "body", self.fake(**{".": "554 5.6.0 spam"}).address,
                            says=("554 5.6.0 spam",))
        self.assertEqual(result["message_reply"],
                         {"code": 554, "enhanced": "5.6.0", "text": "5.6.0 spam"})
        self.assertTrue(result["recipients"][0]["accepted"])
        self.check(75, "ERR_SERVER_BUSY", "body", self.fake(**{".": "452 4.3.1 disk full"}).address)

    def test_of_ehlo_and_helo(self):
        self.check(76, "ERR_SYNTAX", "helo",
                   self.fake(EHLO="502 5.5.1 no", HELO="502 5.5.1 no").address)

    def test_that_says_nothing_is_not_tried_again(self):
        # 75 invites a script to send once more; without an answer that might deliver twice.
        result = self.check(76, "ERR_CLOSED", "body", self.fake(**{".": None}).address,
                            outcome="unknown", says=("twice",))
        self.assertIsNone(result["message_reply"])


class OurOwnSide(Failures):
    def test_no_such_file(self):
        path = str(self.folder / "none.eml")
        result = self.check(66, "ERR_SOURCE", "none", f"127.0.0.1:{closed_port()}", path,
                            says=(path, "No such file", "nothing was sent"))
        self.assertEqual(result["error"]["system_error"], "No such file or directory")

    def test_a_folder_is_no_message(self):
        self.check(66, "ERR_SOURCE", "none", f"127.0.0.1:{closed_port()}", str(self.folder),
                   says=("directory",))

    def test_reading_fails_in_the_middle(self):
        # Its first page is not mapped, so that open succeeds and read does not.
        server = self.fake()
        self.check(66, "ERR_SOURCE", "body", server.address, "/proc/self/mem",
                   says=("/proc/self/mem", "not delivered"))
        self.assertNotIn(".", server.lines)

    def test_an_address_that_is_none(self):
        server = self.fake()
        for wrong in ("bob smith@example.net", "bob@example.net\r\nRCPT TO:<x@example.net>", "<", "a" * 2000):
            self.check(65, "ERR_ARGUMENT", "rcpt", server.address,
                       envelope=("--from", "a@example.net", "--to", wrong), says=("--to", "not an address"))
        self.check(65, "ERR_ARGUMENT", "mail", server.address,
                   envelope=("--from", "a b", "--to", "b@example.net"), says=("--from", "not an address"))
        self.assertEqual(server.lines, [])

    def test_an_international_address_that_the_server_cannot_take(self):
        self.check(69, "ERR_UNSUPPORTED", "mail", self.fake().address,
                   envelope=("--from", "a@example.net", "--to", "j\u00f6rg@example.net"),
                   says=("SMTPUTF8",))

    def test_usage(self):
        self.run_for(64, "send", "--server", "localhost")

    def test_certificate_files_of_ours(self):
        self.check(78, "ERR_CONFIGURATION", "tls", self.fake(EHLO="250-hi\r\n250 STARTTLS",
                                                              STARTTLS="220 go").address,
                   "--cafile", "/nonexistent/ca.pem", says=("/nonexistent/ca.pem",))


class Certificates(Failures):
    def check_certificate(self, name, *words, server="localhost"):
        fake = self.fake(EHLO="250-hi\r\n250 STARTTLS", STARTTLS="220 go", certificate_name=name)
        result = self.check(78, "ERR_CERTIFICATE", "tls", f"{server}:{fake.port}",
                            "--cafile", str(CERTIFICATES / "ca.crt"), says=(*words, "hint: --cafile"))
        self.assertNotIn("MAIL", " ".join(fake.lines))
        return result

    def test_of_another_host(self):
        self.check_certificate("wrong-host", "localhost", "mx.other.example")

    def test_that_expired(self):
        self.check_certificate("expired", "2020")

    def test_signed_by_nobody_known(self):
        self.check_certificate("unknown-ca")
        self.check_certificate("self-signed")

    @unittest.skipIf(not os.path.exists("/etc/hosts"), "localhost is looked up in /etc/hosts")
    def test_good_after_all(self):
        fake = self.fake(EHLO="250-hi\r\n250 STARTTLS", STARTTLS="220 go", certificate_name="server")
        run = self.run_ok("send", "--server", f"localhost:{fake.port}", *ENVELOPE, "--json",
                          "--cafile", str(CERTIFICATES / "ca.crt"), text=MESSAGE)
        self.assertEqual(run.json()["tls"]["verified"], True)


if __name__ == "__main__":
    unittest.main()
