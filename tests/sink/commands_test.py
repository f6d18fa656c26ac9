# SPDX-License-Identifier: MIT
"""Each verb: its reply, its syntax, its place in the sequence; lines; what EHLO offers."""
import random
import unittest

from support import Case

EXTENSIONS = {"PIPELINING", "CHUNKING", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES",
              "SIZE", "STARTTLS"}


class Verbs(Case):
    def setUp(self):
        self.peer = self.meet(self.start())

    def test_helo(self):
        self.talk(self.peer, "HELO", "501", "HELO client.example.org", "250 ", "helo again", "250 ")

    def test_helo_needs_one_name(self):
        self.talk(self.peer, "HELO a b", "501", "EHLO a b", "501", "MAIL FROM:<a@b>", "503")

    def test_ehlo(self):
        self.says(self.peer, "EHLO", "501")
        reply = self.says(self.peer, "ehlo client.example.org", "250-")
        self.assertEqual(set(line[4:] for line in reply.splitlines()[1:]), EXTENSIONS)

    def test_ehlo_with_an_address_literal(self):
        self.says(self.peer, "EHLO [IPv6:::1]", "250-")

    def test_an_argument_cannot_write_a_reply(self):
        reply = self.says(self.peer, r"EHLO a\nAUTH", "250-")
        self.assertEqual(set(line[4:] for line in reply.splitlines()[1:]), EXTENSIONS)

    def test_noop(self):
        self.talk(self.peer, "NOOP", "250 2.0.0", "NOOP whatever", "250", "NoOp", "250")

    def test_rset(self):
        self.talk(self.peer, "RSET", "250", "RSET now", "501")

    def test_vrfy(self):
        self.talk(self.peer, "VRFY", "501", "VRFY alice", "252 2.")

    def test_expn(self):
        self.says(self.peer, "EXPN list", "502")

    def test_help(self):
        self.says(self.peer, "HELP", "214-")

    def test_quit(self):
        self.talk(self.peer, "QUIT now", "501", "QUIT", "221 2.0.0")
        self.assertTrue(self.peer.has_ended())

    def test_unknown(self):
        for line in ("WHAT", "", "MAILFROM:<a@b>", "STARTTLSX", "QUI", "é"):
            self.says(self.peer, line, "500 5.5.")

    def test_control_bytes_are_no_command(self):
        for line in (b"NOOP\0", b"NO\0OP", b"NOOP \r x", b"NOOP \x1b[2J"):
            self.says(self.peer, line, "500 5.5.2")
        self.says(self.peer, "NOOP", "250")

    def test_too_many_unknown_ones(self):
        for _ in range(49):
            self.says(self.peer, "WHAT", "500")
        self.talk(self.peer, "WHAT", "500")
        self.assert_code("421", self.peer.reply())
        self.assertTrue(self.peer.has_ended())


class Sequence(Case):
    def setUp(self):
        self.peer = self.meet(self.start("--auth", "a:b"))

    def test_before_ehlo(self):
        self.talk(self.peer, "MAIL FROM:<a@b>", "503 5.5.1", "RCPT TO:<a@b>", "503", "DATA", "503",
                  "BDAT 0 LAST", "503", "AUTH PLAIN", "503", "STARTTLS", "503")

    def test_after_helo(self):
        self.talk(self.peer, "HELO x", "250", "AUTH PLAIN", "503", "MAIL FROM:<a@b> SIZE=1", "555",
                  "MAIL FROM:<a@b>", "250")

    def test_of_a_transaction(self):
        self.talk(self.peer, "EHLO x", "250", "RCPT TO:<b@c>", "503", "DATA", "503",
                  "MAIL FROM:<a@b>", "250", "MAIL FROM:<a@b>", "503", "DATA", "503",
                  "AUTH PLAIN", "503", "STARTTLS", "503", "RCPT TO:<b@c>", "250", "DATA", "354",
                  ".", "250", "RCPT TO:<b@c>", "503")

    def test_rset_and_ehlo_end_a_transaction(self):
        self.says(self.peer, "EHLO x", "250")
        for ending in ("RSET", "EHLO y", "HELO z"):
            self.begin_mail(self.peer)
            self.talk(self.peer, ending, "250", "RCPT TO:<b@c>", "503", "DATA", "503")


class Lines(Case):
    def setUp(self):
        self.peer = self.meet(self.start())

    def test_longest(self):
        self.says(self.peer, "NOOP " + "x" * 4091, "250")
        self.says(self.peer, "NOOP " + "x" * 4092, "500 5.5.2")

    def test_endless(self):
        """Skipped to its end, whatever is in it, and answered once."""
        for size in (12288, 12289, 20000, 2000000):
            self.says(self.peer, "x" * size, "500 5.5.2")
            self.says(self.peer, "NOOP", "250 2.0.0")

    def test_split_everywhere(self):
        for line in (b"NOOP\r\n", b"VRFY x\r\n"):
            for byte in line:
                self.peer.send(bytes([byte]))
            self.assert_code("25", self.peer.reply())

    def test_bare_lf_ends_one_too(self):
        self.peer.send("NOOP\nVRFY x\n")
        self.assert_code("250", self.peer.reply())
        self.assert_code("252", self.peer.reply())

    def test_pipelined(self):
        self.peer.send(b"EHLO x\r\n" + b"NOOP\r\nVRFY y\r\n" * 5000)
        self.assert_code("250", self.peer.reply())
        for _ in range(5000):
            self.assert_code("250", self.peer.reply())
            self.assert_code("252", self.peer.reply())

    def test_replies_to_a_batch_leave_together(self):
        self.says(self.peer, "EHLO x", "250")
        self.peer.send(b"MAIL FROM:<a@b>\r\nRCPT TO:<b@c>\r\nDATA\r\n")
        batch = self.peer.connection.recv(65536)
        self.assertEqual([line[:3] for line in batch.splitlines()], [b"250", b"250", b"354"])

    def test_who_reads_nothing_is_not_read(self):
        """Else the sink would keep replies without end."""
        connection = self.peer.connection
        connection.settimeout(1)
        with self.assertRaises(TimeoutError):
            while True:
                connection.sendall(b"HELP\r\n" * 10000)


class Splits(Case):
    """What arrives together and what apart is the network's matter, and changes no reply."""

    CONVERSATION = (b"EHLO x\r\nNOOP\nWHAT\r\nAUTH LOGIN\r\nYQ==\r\nYg==\r\nMAIL FROM:<a@b> SIZE=5\r\n"
                    b"RCPT TO:<c@d>\r\nDATA\r\n.\rx\r\n..\r\n.\n\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<e@f>\r\n"
                    b"BDAT 5\r\na\r\nbcBDAT 2 LAST\r\n\r\nBDAT 6 LAST\r\nQUIT\r\n" + b"x" * 13000 + b"\r\nQUIT\r\n")

    def replies(self, sink, pieces):
        connection = sink.connect()
        for piece in pieces:
            connection.sendall(piece)
        with connection.makefile("rb") as stream:
            replies = stream.read()
        connection.close()
        return replies

    def test_change_nothing(self):
        sink = self.start("--auth", "a:b")
        whole = self.replies(sink, [self.CONVERSATION])
        self.assertEqual([line[:3] for line in whole.splitlines() if line[3:4] == b" "],
                         b"220 250 250 500 334 334 235 250 250 354 250 250 250 250 250 503 500 221".split())
        self.assertEqual(self.replies(sink, [bytes([byte]) for byte in self.CONVERSATION]), whole)
        seed = random.randrange(1 << 32)
        chance = random.Random(seed)
        for _ in range(30):
            cuts = sorted(chance.sample(range(1, 400), chance.randrange(1, 40)))
            pieces = [self.CONVERSATION[i:j] for i, j in zip([0] + cuts, cuts + [None])]
            self.assertEqual(self.replies(sink, pieces), whole, f"seed {seed}")


class Without(Case):
    def keywords(self, *options):
        peer = self.meet(self.start(*options))
        return {line[4:] for line in self.says(peer, "EHLO x", "250").splitlines()[1:]}, peer

    def test_each(self):
        for extension in EXTENSIONS:
            found, _ = self.keywords("--without", extension.lower())
            self.assertEqual(found, EXTENSIONS - {extension})

    def test_all(self):
        options = [word for extension in EXTENSIONS for word in ("--without", extension)]
        found, peer = self.keywords(*options, "--auth", "a:b", "--without", "AUTH")
        self.assertEqual(found, set())
        self.talk(peer, "STARTTLS", "502", "AUTH PLAIN", "502", "BDAT 3 LAST", "502")

    def test_enhanced_codes(self):
        _, peer = self.keywords("--without", "ENHANCEDSTATUSCODES")
        for line in ("NOOP", "WHAT", "MAIL FROM:<a@b>", "RCPT TO:x", "RCPT TO:<b@c>", "QUIT"):
            self.assertNotRegex(peer.say(line), r"^... \d\.\d\.\d", line)

    def test_parameters(self):
        for extension, command in (
                ("SIZE", "MAIL FROM:<a@b> SIZE=1"), ("8BITMIME", "MAIL FROM:<a@b> BODY=8BITMIME"),
                ("SMTPUTF8", "MAIL FROM:<a@b> SMTPUTF8"), ("DSN", "MAIL FROM:<a@b> RET=FULL")):
            _, peer = self.keywords("--without", extension)
            self.talk(peer, command, "555 5.5.4", "MAIL FROM:<a@b>", "250")

    def test_auth_shows_its_mechanisms(self):
        found, _ = self.keywords("--auth", "a:b")
        self.assertEqual(found - EXTENSIONS, {"AUTH PLAIN LOGIN CRAM-MD5"})

    def test_size_shows_its_limit(self):
        found, _ = self.keywords("--size", "12345")
        self.assertIn("SIZE 12345", found)


if __name__ == "__main__":
    unittest.main()
