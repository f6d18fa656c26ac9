# SPDX-License-Identifier: MIT
"""BDAT (RFC 3030): chunks of any size, together with other commands, refused ones."""
import unittest

from support import Case, split_file


class Chunks(Case):
    def setUp(self):
        self.sink = self.start_keeping("--reject", "no@c", "--size", "5000")
        self.peer = self.meet_esmtp(self.sink)

    def content(self):
        return split_file(self.sink.messages()[-1])[1]

    def bdat(self, data, code, last=""):
        self.peer.send(f"BDAT {len(data)}{last}\r\n".encode() + data)
        return self.assert_code(code, self.peer.reply())

    def test_one(self):
        self.begin_mail(self.peer)
        self.bdat(b".\r\n..\r\nno end of line", "250 2.0.0", " LAST")
        self.assertEqual(self.content(), b".\r\n..\r\nno end of line")

    def test_several(self):
        self.begin_mail(self.peer)
        for data, last in ((b"a\r", ""), (b"\n.\r", ""), (b"\n", ""), (b"", ""), (b"QUIT\r\n", " last")):
            self.bdat(data, "250", last)
        self.assertEqual(self.content(), b"a\r\n.\r\nQUIT\r\n")

    def test_an_empty_last_one(self):
        self.begin_mail(self.peer)
        self.bdat(b"all\r\n", "250")
        self.bdat(b"", "250", " LAST")
        self.assertEqual(self.content(), b"all\r\n")

    def test_all_in_one_write(self):
        self.peer.send(b"MAIL FROM:<a@b>\r\nRCPT TO:<no@c>\r\nRCPT TO:<yes@c>\r\nBDAT 3\r\nabcBDAT 2 LAST\r\n\r\nNOOP\r\n")
        for code in ("250", "550 5.1.1", "250", "250", "250", "250"):
            self.assert_code(code, self.peer.reply())
        self.assertEqual(self.content(), b"abc\r\n")

    def test_byte_by_byte(self):
        self.begin_mail(self.peer)
        for byte in b"BDAT 4\r\nab\r\nBDAT 2 LAST\r\n.\n":
            self.peer.send(bytes([byte]))
        for _ in range(2):
            self.assert_code("250", self.peer.reply())
        self.assertEqual(self.content(), b"ab\r\n.\n")

    def test_refused_without_recipients(self):
        """The chunk must be read all the same: its octets are no commands."""
        self.bdat(b"NOOP\r\nNOOP\r\n", "503", " LAST")
        self.talk(self.peer, "NOOP", "250", "MAIL FROM:<a@b>", "250", "RCPT TO:<no@c>", "550")
        self.bdat(b"QUIT\r\n", "503")
        self.bdat(b"QUIT\r\n", "503", " LAST")
        self.talk(self.peer, "MAIL FROM:<a@b>", "250", "RCPT TO:<yes@c>", "250")
        self.bdat(b"x\r\n", "250", " LAST")
        self.assertEqual(self.content(), b"x\r\n")

    def test_does_not_mix_with_data(self):
        self.begin_mail(self.peer)
        self.bdat(b"a", "250")
        self.talk(self.peer, "DATA", "503", "RCPT TO:<late@c>", "503", "MAIL FROM:<a@b>", "503")
        self.bdat(b"b", "250", " LAST")
        self.assertEqual(self.content(), b"ab")

    def test_rset_ends_it(self):
        self.begin_mail(self.peer)
        self.bdat(b"gone", "250")
        self.says(self.peer, "RSET", "250")
        self.begin_mail(self.peer)
        self.says(self.peer, "DATA", "354")
        self.peer.send(b"kept\r\n.\r\n")
        self.assert_code("250", self.peer.reply())
        self.assertEqual(self.content(), b"kept\r\n")

    def test_too_large(self):
        self.begin_mail(self.peer)
        self.bdat(b"x" * 3000, "250")
        self.bdat(b"x" * 3000, "552 5.3.4")
        self.bdat(b"x" * 3000, "552 5.3.4")
        self.bdat(b"x", "552 5.3.4", " LAST")
        self.begin_mail(self.peer)
        self.bdat(b"x" * 5001, "552 5.3.4", " LAST")
        self.begin_mail(self.peer)
        self.bdat(b"x" * 5000, "250", " LAST")
        self.assertEqual(len(self.sink.messages()), 1)

    def test_malformed(self):
        """How long such a chunk is, nobody knows: the connection ends."""
        for argument in ("", "x", "-1", "+1", "1 2", "1 LASTLY", "1LAST", "1 LAST 2", "99999999999999999999999"):
            peer = self.meet_esmtp(self.sink)
            self.begin_mail(peer)
            self.says(peer, f"BDAT {argument}".rstrip(), "501 5.5.4")
            self.assertTrue(peer.has_ended(), argument)


if __name__ == "__main__":
    unittest.main()
