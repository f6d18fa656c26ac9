# SPDX-License-Identifier: MIT
"""posthaste probe: what a server offers before and after TLS, and what its certificate is worth."""
import subprocess
import unittest

from support import CA, CERTIFICATES, Case, FakeServer, closed_port

BEFORE = "250-mx.example.org\r\n250-SIZE 1048576\r\n250-PIPELINING\r\n250 STARTTLS"
AFTER = "250-mx.example.org\r\n250-SIZE 0\r\n250 AUTH PLAIN LOGIN"


class Probe(Case):
    def fake(self, certificate_name="server", **replies):
        # One session without TLS, one with, and one to refuse the certificate.
        table = {"EHLO": [BEFORE, BEFORE, AFTER, BEFORE], "STARTTLS": "220 go", **replies}
        return self.start(FakeServer(certificate_name=certificate_name, **table))

    def probe(self, server, *options, code=0, host="localhost"):
        return self.run_for(code, "probe", "--server", f"{host}:{server.port}", "--cafile", CA, *options)


class BeforeAndAfter(Probe):
    def test_in_lines(self):
        run = self.probe(self.fake())
        before, tls, after = run.out.partition("TLS (by STARTTLS)")[0], run.out, run.out.partition("after TLS:")[2]
        self.assertIn("  calls itself: mx.example.org\n  SIZE 1048576\n  PIPELINING\n  STARTTLS\n", before)
        self.assertIn("  AUTH PLAIN LOGIN\n", after)
        self.assertRegex(tls, r"TLS \(by STARTTLS\): TLSv1\.3, TLS_\w+")
        self.assertIn("mechanisms before TLS: none\nmechanisms after TLS: PLAIN, LOGIN\n", after)
        self.assertIn("message size limit: none that is fixed\n", after)
        self.assertEqual(run.err, "")

    def test_as_json(self):
        server = self.fake()
        result = self.probe(server, "--json").json()
        self.assertEqual(result["server"], f"localhost:{server.port}")
        self.assertTrue(result["reachable"])
        self.assertIsNone(result["error"])
        self.assertEqual(result["before_tls"], {
            "name": "mx.example.org", "mechanisms": [], "size_limit": 1048576,
            "capabilities": {"SIZE": "1048576", "PIPELINING": "", "STARTTLS": ""}})
        self.assertEqual(result["after_tls"]["mechanisms"], ["PLAIN", "LOGIN"])
        self.assertEqual(result["after_tls"]["capabilities"], {"SIZE": "0", "AUTH": "PLAIN LOGIN"})
        self.assertEqual(result["tls"]["mode"], "starttls")
        self.assertEqual(result["tls"]["version"], "TLSv1.3")

    def test_two_sessions_and_a_quit_each(self):
        server = self.fake()
        self.probe(server)
        self.assertEqual(sorted(server.lines), ["EHLO localhost"] * 3 + ["QUIT"] * 2 + ["STARTTLS"])

    def test_without_starttls(self):
        server = self.fake(EHLO=AFTER)
        run = self.probe(server)
        self.assertIn("TLS: STARTTLS is not offered\n", run.out)
        self.assertIsNone(self.probe(server, "--json").json()["tls"])
        run = self.probe(server, "--starttls", "always", code=69)
        self.assert_says(run, "STARTTLS is not supported")

    def test_with_starttls_never(self):
        run = self.probe(self.fake(), "--starttls", "never")
        self.assertIn("was not tried", run.out)

    def test_without_esmtp(self):
        run = self.probe(self.fake(EHLO="500 what?"))
        self.assertIn("  no extensions\n", run.out)
        self.assertIn("message size limit: not said\n", run.out)


class Certificates(Probe):
    def test_chain(self):
        result = self.probe(self.fake("chained"), "--json").json()["tls"]
        self.assertTrue(result["acceptable"])
        self.assertIsNone(result["refusal"])
        self.assertEqual(result["hostname"], "localhost")
        self.assertEqual([entry["subject"] for entry in result["chain"]],
                         ["CN=localhost", "CN=posthaste test intermediate"])
        self.assertEqual(result["chain"][0]["issuer"], "CN=posthaste test intermediate")
        self.assertIn("localhost", result["chain"][0]["names"])
        self.assertRegex(result["chain"][0]["not_after"], r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$")
        self.assertEqual(result["chain"][0]["sha256"].lower(), self.fingerprint("chained"))

    @staticmethod
    def fingerprint(name):
        printed = subprocess.run(["openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in",
                                  CERTIFICATES / f"{name}.crt"], check=True, capture_output=True)
        return printed.stdout.decode().partition("=")[2].strip().replace(":", "").lower()

    def test_good_one_in_lines(self):
        out = self.probe(self.fake()).out
        self.assertIn("certificate 1 of 1:\n  subject: CN=localhost\n", out)
        self.assertRegex(out, r"  valid: \d{4}-.* UTC to \d{4}-.* UTC \(\d+ days left\)\n")
        self.assertIn("verdict: the certificate is good for localhost\n", out)

    def check_refused(self, name, verdict, *words, host="localhost"):
        """Shown in full, and refused in so many words; unless it does not matter."""
        run = self.probe(self.fake(name), code=78, host=host)
        self.assertRegex(run.out, rf"verdict: the certificate is REFUSED \({verdict}.*\) for {host}")
        self.assert_says(run, "the certificate of", "was refused", *words)
        result = self.probe(self.fake(name), "--json", code=78, host=host).json()
        self.assertFalse(result["tls"]["acceptable"])
        self.assertRegex(result["tls"]["refusal"], verdict)
        self.assertEqual(result["after_tls"]["mechanisms"], ["PLAIN", "LOGIN"])
        run = self.probe(self.fake(name), "--no-tls-verify", host=host)
        self.assertEqual(run.err, "")
        return run

    def test_of_another_host(self):
        self.check_refused("wrong-host", "hostname mismatch", "localhost", "mx.other.example")

    def test_of_another_address(self):
        self.check_refused("wrong-host", "IP address mismatch", "127.0.0.1", host="127.0.0.1")

    def test_that_expired(self):
        run = self.check_refused("expired", "certificate has expired")
        self.assertRegex(run.out, r"2020-01-01 00:00:00 UTC \(EXPIRED \d+ days ago\)")

    def test_that_is_for_the_future(self):
        self.assertIn("(NOT YET VALID)", self.check_refused("not-yet-valid", "certificate is not yet valid").out)

    def test_that_nobody_signed(self):
        self.check_refused("self-signed", "self-signed certificate")
        self.check_refused("unknown-ca", "unable to get local issuer certificate")

    def test_of_the_name_that_was_asked_for(self):
        self.probe(self.fake("wrong-host"), "--tls-hostname", "mx.other.example")


class Failures(Probe):
    def test_nobody_listens(self):
        run = self.run_for(69, "probe", "--server", f"127.0.0.1:{closed_port()}", "--json")
        self.assertFalse(run.json()["reachable"])
        self.assertEqual(run.json()["error"]["phase"], "connect")
        self.assert_says(run, "posthaste probe: ")

    def test_tls_that_fails_leaves_what_was_seen_before(self):
        server = self.fake(None, STARTTLS="454 4.7.0 no TLS today")
        run = self.probe(server, code=75)
        self.assertIn("  PIPELINING\n", run.out)
        self.assert_says(run, "454 4.7.0 no TLS today")
        server = self.fake(None, STARTTLS="454 4.7.0 no TLS today")
        self.assertEqual(self.probe(server, "--json", code=75).json()["error"]["phase"], "starttls")

    def test_hostile_words_are_escaped(self):
        run = self.probe(self.fake(EHLO="250-\x1b[2Jboo\r\n250-SIZE 99999999999999999999999\r\n250 X-\x07 a"))
        self.assertNotIn("\x1b", run.out)
        self.assertIn("\\x1b[2Jboo", run.out)
        self.assertIn("message size limit: not said\n", run.out)


if __name__ == "__main__":
    unittest.main()
