# SPDX-License-Identifier: MIT
"""STARTTLS and TLS from the first byte, with the sink's own certificate and with a given one."""
import smtplib
import ssl
import subprocess
import unittest

from support import COMMAND, LIMIT, Case, Peer, split_file


class Starttls(Case):
    def setUp(self):
        self.sink, self.trust = self.start_with_certificate()
        self.peer = self.meet_esmtp(self.sink)

    def secure(self):
        self.says(self.peer, "STARTTLS", "220 2.0.0")
        self.peer.start_tls(self.trust)

    def test_it_begins_anew(self):
        self.secure()
        self.talk(self.peer, "MAIL FROM:<a@b>", "503", "STARTTLS", "503")
        self.assertNotIn("STARTTLS", self.says(self.peer, "EHLO x", "250"))
        self.deliver(self.peer)
        self.says(self.peer, "QUIT", "221")
        self.assertTrue(self.peer.has_ended())

    def test_syntax(self):
        self.says(self.peer, "STARTTLS now", "501")

    def test_what_is_pipelined_behind_it_is_thrown_away(self):
        self.peer.send(b"STARTTLS\r\nMAIL FROM:<injected@example.org>\r\nRSET\r\n")
        self.assert_code("220", self.peer.reply())
        self.peer.start_tls(self.trust)
        self.assert_code("250-", self.says(self.peer, "EHLO x", "250"))
        self.says(self.peer, "RCPT TO:<b@c>", "503")

    def test_what_was_said_before_is_forgotten(self):
        self.says(self.peer, "RSET", "250")
        self.secure()
        self.talk(self.peer, "BDAT 0 LAST", "503", "EHLO y", "250")

    def test_a_large_message(self):
        self.secure()
        self.says(self.peer, "EHLO x", "250")
        self.deliver(self.peer, b"x" * 76 + b"\r\n" + (b"y" * 998 + b"\r\n") * 5000)

    def test_pipelining_within(self):
        self.secure()
        self.peer.send(b"EHLO x\r\n" + b"NOOP\r\n" * 20000 + b"QUIT\r\n")
        for _ in range(20001):
            self.assert_code("250", self.peer.reply())
        self.assert_code("221", self.peer.reply())

    def test_garbage_in_place_of_a_handshake(self):
        self.talk(self.peer, "STARTTLS", "220")
        self.peer.send(b"EHLO x\r\n" * 10)
        self.peer.stream.read()  # an alert, perhaps
        self.says(self.meet(self.sink), "NOOP", "250")

    def test_a_client_that_does_not_trust(self):
        self.says(self.peer, "STARTTLS", "220")
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.peer.start_tls(ssl.create_default_context())
        self.says(self.meet(self.sink), "NOOP", "250")


class FromTheFirstByte(Case):
    def test_a_message(self):
        sink, trust = self.start_with_certificate("--tls")
        sink_peer = Peer(trust.wrap_socket(sink.connect(), server_hostname="localhost"))
        self.addCleanup(sink_peer.close)
        self.assert_code("220", sink_peer.reply())
        self.assertNotIn("STARTTLS", self.says(sink_peer, "EHLO x", "250"))
        self.deliver(sink_peer)

    def test_smtplib(self):
        sink, trust = self.start_with_certificate("--tls", where="127.0.0.1:PORT")
        with smtplib.SMTP_SSL("127.0.0.1", int(sink.address.split(":")[1]), context=trust, timeout=LIMIT) as client:
            client.sendmail("a@b", ["c@d"], b"Subject: x\r\n\r\n.dot\r\n")

    def test_plain_text_in_place_of_a_handshake(self):
        sink = self.start("--tls")
        peer = Peer(sink.connect())
        self.addCleanup(peer.close)
        peer.send(b"EHLO x\r\n")
        self.assertNotIn(b"220", peer.stream.read())

    def test_a_client_that_says_nothing_delays_nobody(self):
        sink, trust = self.start_with_certificate("--tls")
        silent = sink.connect()
        self.addCleanup(silent.close)
        peer = Peer(trust.wrap_socket(sink.connect(), server_hostname="localhost"))
        self.addCleanup(peer.close)
        self.assert_code("220", peer.reply())


class Certificates(Case):
    def test_its_own_is_for_localhost_by_every_name(self):
        sink, trust = self.start_with_certificate("--tls")
        for name in ("localhost", "127.0.0.1", "::1"):
            with trust.wrap_socket(sink.connect(), server_hostname=name) as connection:
                self.assertIn("TLSv1", connection.version())
        with self.assertRaises(ssl.SSLCertVerificationError), sink.connect() as connection:
            trust.wrap_socket(connection, server_hostname="example.org")

    def test_its_own_passes_strict_checks(self):
        sink, trust = self.start_with_certificate("--tls")
        trust.verify_flags |= ssl.VERIFY_X509_STRICT
        with trust.wrap_socket(sink.connect(), server_hostname="localhost") as connection:
            self.assertEqual(connection.getpeercert()["subject"], ((("commonName", "posthaste sink"),),))

    def test_each_run_makes_another(self):
        numbers = set()
        for _ in range(2):
            sink, trust = self.start_with_certificate("--tls")
            with trust.wrap_socket(sink.connect(), server_hostname="localhost") as connection:
                numbers.add(connection.getpeercert()["serialNumber"])
        self.assertEqual(len(numbers), 2)

    def test_a_given_one_is_used(self):
        folder = self.start().folder
        made = subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
             "-subj", "/CN=given", "-addext", "subjectAltName=DNS:given.example.org", "-keyout", folder / "key", "-out",
             folder / "cert"], capture_output=True, check=False)
        self.assertEqual(made.returncode, 0, made.stderr)
        sink = self.start("--tls", "--tls-cert", str(folder / "cert"), "--tls-key", str(folder / "key"))
        trust = ssl.create_default_context(cafile=str(folder / "cert"))
        with trust.wrap_socket(sink.connect(), server_hostname="given.example.org") as connection:
            self.assertEqual(connection.getpeercert()["subjectAltName"], (("DNS", "given.example.org"),))


class Rules(Case):
    def test_require_tls(self):
        sink, trust = self.start_with_certificate("--require-tls")
        peer = self.meet_esmtp(sink)
        self.talk(peer, "MAIL FROM:<a@b>", "530 5.7.0", "STARTTLS", "220")
        peer.start_tls(trust)
        self.talk(peer, "EHLO x", "250", "MAIL FROM:<a@b>", "250")

    def test_refused(self):
        peer = self.meet_esmtp(self.start("--fail", "STARTTLS=454 4.7.0 TLS not available"))
        self.talk(peer, "STARTTLS", "454 4.7.0", "MAIL FROM:<a@b>", "250")

    def test_the_version_is_noted(self):
        sink = self.start_keeping("--tls")
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
        for version, name in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
            trust.minimum_version = trust.maximum_version = version
            peer = Peer(trust.wrap_socket(sink.connect()))
            self.addCleanup(peer.close)
            self.assert_code("220", peer.reply())
            self.says(peer, "EHLO x", "250")
            self.deliver(peer)
            self.assertIn(f"with ESMTPS ({name});", split_file(sink.messages()[-1])[0]["Received"][0])

    def test_what_cannot_be(self):
        for options, says in ((("--without", "STARTTLS", "--require-tls"), "--require-tls"),
                              (("--without", "STARTTLS", "--cert-out", "x"), "--cert-out"),
                              (("--require-auth",), "--require-auth")):
            done = subprocess.run([COMMAND, "sink", *options], capture_output=True, timeout=LIMIT, check=False)
            self.assertEqual(done.returncode, 64, done.stderr)
            self.assertIn(says, done.stderr.decode())


if __name__ == "__main__":
    unittest.main()
