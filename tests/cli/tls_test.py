# SPDX-License-Identifier: MIT
"""TLS and login against the sink: every option, and the mistakes that people make with ports."""
import pathlib
import subprocess
import unittest

from support import CA, CERTIFICATES, ENVELOPE, MESSAGE, Case, FakeServer, Sink, certificate

STARTTLS = {"EHLO": "250-fake\r\n250 STARTTLS", "STARTTLS": "220 go"}


class Tls(Case):
    def send(self, server, *options, code=0, **rest):
        return self.run_for(code, "send", "--server", server, *ENVELOPE, "--json", *options, text=MESSAGE, **rest)

    def sink(self, *options):
        return self.start(Sink(*options))


class WaysToTls(Tls):
    def test_starttls(self):
        sink = self.sink(*certificate("server"))
        for mode in (), ("--starttls", "auto"), ("--starttls", "always"):
            result = self.send(sink.address, "--cafile", CA, *mode).json()
            self.assertTrue(result["tls"]["verified"])
            self.assertRegex(result["tls"]["version"], r"^TLSv1\.[23]$")
            self.assertRegex(result["tls"]["cipher"], r"^TLS_|-")
        self.assertIsNone(self.send(sink.address, "--starttls", "never").json()["tls"])

    def test_ciphers_that_the_system_chose(self):
        sink = self.sink(*certificate("server"))
        for order in ("TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384"):
            configuration = self.folder / "openssl.cnf"
            configuration.write_text("openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = tls\n"
                                     f"[tls]\nCiphersuites = {order}\n")
            result = self.send(sink.address, "--cafile", CA, OPENSSL_CONF=str(configuration)).json()
            self.assertEqual(result["tls"]["cipher"], order.split(":")[0])

    def test_from_the_first_byte(self):
        sink = self.sink("--tls", *certificate("server"))
        self.assertTrue(self.send(sink.address, "--tls", "--cafile", CA).json()["tls"]["verified"])

    def test_starttls_that_is_missing(self):
        sink = self.sink("--without", "STARTTLS")
        self.assertIsNone(self.send(sink.address).json()["tls"])
        run = self.send(sink.address, "--starttls", "always", code=69)
        self.assertEqual(run.json()["error"]["class"], "ERR_UNSUPPORTED")
        self.assertEqual(len(sink.messages()), 1)

    def test_certificate_that_the_sink_made(self):
        path = str(self.folder / "cert.pem")
        sink = self.sink("--cert-out", path)
        self.assertTrue(self.send(sink.address, "--cafile", path).json()["tls"]["verified"])
        self.assertEqual(self.send(sink.address, code=78).json()["error"]["class"], "ERR_CERTIFICATE")


class WrongPorts(Tls):
    def test_tls_on_a_plain_port(self):
        run = self.send(self.sink("--without", "STARTTLS").address, "--tls", code=76)
        self.assert_says(run, "plain SMTP", "use STARTTLS")

    def test_plain_on_a_tls_port(self):
        run = self.send(self.sink("--tls").address, "--read-timeout", "2", code=75)
        self.assert_says(run, "TLS from the first byte")


class Trust(Tls):
    def test_folder_of_authorities(self):
        folder = self.folder / "authorities"
        folder.mkdir()
        (folder / "ca.pem").write_bytes(pathlib.Path(CA).read_bytes())
        subprocess.run(["openssl", "rehash", folder], check=True)
        sink = self.sink(*certificate("server"))
        self.assertTrue(self.send(sink.address, "--capath", str(folder)).json()["tls"]["verified"])
        (self.folder / "empty").mkdir()
        self.send(sink.address, "--capath", str(self.folder / "empty"), code=78)

    def test_system_authorities_do_not_know_ours(self):
        self.send(self.sink(*certificate("server")).address, code=78)

    def test_system_authorities(self):
        sink = self.sink(*certificate("server"))
        self.assertTrue(self.send(sink.address, SSL_CERT_FILE=CA).json()["tls"]["verified"])

    def test_another_name(self):
        sink = self.sink(*certificate("wrong-host"))
        self.send(sink.address, "--cafile", CA, code=78)
        result = self.send(sink.address, "--cafile", CA, "--tls-hostname", "mx.other.example").json()
        self.assertTrue(result["tls"]["verified"])

    def test_no_verification(self):
        sink = self.sink(*certificate("self-signed"))
        result = self.send(sink.address, "--no-tls-verify").json()
        self.assertEqual(result["outcome"], "sent")
        self.assertFalse(result["tls"]["verified"])

    def test_certificate_of_ours(self):
        server = self.start(FakeServer(certificate_name="server", client_ca=CA, **STARTTLS))
        ours = ("--cert", str(CERTIFICATES / "client.crt"), "--key", str(CERTIFICATES / "client.key"))
        self.send(server.address, "--cafile", CA, *ours)
        both = self.file("both.pem", (CERTIFICATES / "client.crt").read_bytes() +
                         (CERTIFICATES / "client.key").read_bytes())
        self.send(server.address, "--cafile", CA, "--cert", both)
        self.assertEqual(server.lines.count("DATA"), 2)
        self.run_for(78, "send", "--server", server.address, *ENVELOPE, "--cert", "/nonexistent.pem")


class Login(Tls):
    def setUp(self):
        super().setUp()
        self.server = self.sink("--auth", "alice:wonder land", "--require-auth", "--without", "STARTTLS")

    def test_with_each_mechanism(self):
        for mechanism in ("PLAIN", "login", "cram-md5", "CRAM_MD5", "auto"):
            run = self.send(self.server.address, "--user", "alice", "--auth", mechanism, "--trace",
                            POSTHASTE_PASSWORD="wonder land")
            if mechanism != "auto":
                self.assertIn(f"<- AUTH {mechanism.upper().replace('_', '-')}", run.err)
        self.assertEqual(len(self.server.messages()), 5)

    def test_with_the_wrong_password(self):
        for mechanism in ("PLAIN", "LOGIN", "CRAM-MD5"):
            run = self.send(self.server.address, "--user", "alice", "--auth", mechanism, code=77,
                            POSTHASTE_PASSWORD="looking glass")
            self.assert_says(run, mechanism, "535")
            self.assertNotIn("looking glass", run.out + run.err)

    def test_refused_over_tls_still_tells_of_it(self):
        sink = self.sink("--auth", "alice:pw", *certificate("server"))
        run = self.send(sink.address, "--cafile", CA, "--user", "alice", code=77, POSTHASTE_PASSWORD="no")
        self.assertTrue(run.json()["tls"]["verified"])

    def test_without_one(self):
        self.assertEqual(self.send(self.server.address, code=77).json()["error"]["code"], 530)

    def test_of_a_mechanism_that_is_not_offered(self):
        sink = self.sink("--auth", "alice:pw", "--without", "AUTH", "--without", "STARTTLS")
        self.send(sink.address, "--user", "alice", code=77, POSTHASTE_PASSWORD="pw")

    def test_over_tls(self):
        sink = self.sink(*certificate("server"), "--require-tls", "--require-auth", "--auth", "alice:pw")
        result = self.send(sink.address, "--cafile", CA, "--user", "alice", POSTHASTE_PASSWORD="pw").json()
        self.assertTrue(result["tls"]["verified"])

    def test_of_talk(self):
        sink = self.sink(*certificate("server"), "--require-tls", "--require-auth", "--auth", "alice:pw")
        run = self.run_ok("talk", "--server", sink.address, "--cafile", CA, "--user", "alice",
                          "MAIL FROM:<a@example.org>", "RCPT TO:<b@example.net>", "DATA",
                          "Subject: talk", "", "hi", ".", "QUIT", POSTHASTE_PASSWORD="pw")
        self.assertRegex(run.out, r"^250 .*\n250 .*\n354 .*\n250 .*\n221 .*\n$")
        self.assertTrue(sink.messages()[0].endswith(b"Subject: talk\r\n\r\nhi\r\n"))

    def test_of_probe_from_the_first_byte(self):
        sink = self.sink("--tls", *certificate("server"), "--auth", "alice:pw")
        result = self.run_ok("probe", "--server", sink.address, "--tls", "--cafile", CA, "--json").json()
        self.assertIsNone(result["before_tls"])
        self.assertEqual(result["tls"]["mode"], "implicit")
        self.assertIn("CRAM-MD5", result["after_tls"]["mechanisms"])


if __name__ == "__main__":
    unittest.main()
