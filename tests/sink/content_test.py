# SPDX-License-Identifier: MIT
"""The content behind DATA: its end, its dots, every byte of it; what is kept and printed of it."""
import os
import unittest

from support import Case, split_file

# What is sent behind 354 up to and with its end, and what must arrive.
CONTENTS = (
    (b".\r\n", b""),
    (b"hello\r\n.\r\n", b"hello\r\n"),
    (b"\r\n\r\n.\r\n", b"\r\n\r\n"),
    (b"..\r\n.\r\n", b".\r\n"),
    (b"...\r\n..a\r\n.b\r\n.\r\n", b"..\r\n.a\r\nb\r\n"),
    (b"a.\r\n.\r\n", b"a.\r\n"),
    (b"bare\n.\nlf\n.\r\n\r\n.\r\n", b"bare\n.\nlf\n.\r\n\r\n"),
    (b"cr\r.\r\n\r.\r\n\r\r\n.\r\n", b"cr\r.\r\n\r.\r\n\r\r\n"),
    (b".\rx\r\n.\n\r\n.\r\n", b"\rx\r\n\n\r\n"),
    (b"\0\xff\x80\x01\r\n.\r\n", b"\0\xff\x80\x01\r\n"),
    (b"lf\n.\r\n\r.\r\n.\r\n", b"lf\n.\r\n\r.\r\n"),
)


class Bytes(Case):
    def setUp(self):
        self.sink = self.start_keeping()
        self.peer = self.meet_esmtp(self.sink)

    def arrives(self, pieces):
        self.begin_mail(self.peer)
        self.says(self.peer, "DATA", "354")
        for piece in pieces:
            self.peer.send(piece)
        self.assert_code("250 2.0.0", self.peer.reply())
        self.says(self.peer, "NOOP", "250")
        (name,) = (self.sink.maildir / "new").iterdir()
        _, content = split_file(name.read_bytes())
        name.unlink()
        return content

    def test_whole(self):
        for sent, wanted in CONTENTS:
            self.assertEqual(self.arrives([sent]), wanted, sent)

    def test_byte_by_byte(self):
        for sent, wanted in CONTENTS:
            self.assertEqual(self.arrives([sent[i:i + 1] for i in range(len(sent))]), wanted, sent)

    def test_split_everywhere(self):
        for sent, wanted in CONTENTS:
            for at in range(1, len(sent)):
                self.assertEqual(self.arrives([sent[:at], sent[at:]]), wanted, (sent, at))

    def test_a_large_one(self):
        lines = os.urandom(3000000).replace(b"\r", b"").replace(b"\n", b"\r\n") + b"\r\n"
        stuffed = lines.replace(b"\r\n.", b"\r\n..")
        stuffed = (b"." + stuffed if lines[:1] == b"." else stuffed) + b".\r\n"
        self.assertEqual(self.arrives([stuffed]), lines)

    def test_a_large_one_is_not_held_in_memory(self):
        """Behind its first mebibyte it goes to a file, whose bytes are those that came."""
        block = bytes(range(65, 91)) * 2521 + b"\r\n"
        before = self.sink.most_memory()
        self.assertEqual(self.arrives([block * 16] * 40 + [b".\r\n"]), block * 640)
        self.assertLess(self.sink.most_memory() - before, 16 * 1024 ** 2)

    def test_commands_pipelined_behind_the_end(self):
        self.begin_mail(self.peer)
        self.says(self.peer, "DATA", "354")
        self.peer.send(b"hello\r\n.\r\nNOOP\r\nMAIL FROM:<a@b>\r\nQUIT\r\n")
        for code in ("250 2.0.0 message", "250 2.0.0", "250 2.1.0", "221"):
            self.assert_code(code, self.peer.reply())

    def test_nothing_is_kept_of_half_a_message(self):
        self.begin_mail(self.peer)
        self.says(self.peer, "DATA", "354")
        self.peer.send(b"half\r\n")
        self.peer.close()
        self.says(self.meet(self.sink), "NOOP", "250")
        self.assertEqual(list((self.sink.maildir / "new").iterdir()), [])
        self.assertEqual(list((self.sink.maildir / "tmp").iterdir()), [])


class Dropped(Case):
    """Content that nobody keeps is scanned all the same."""

    def test_its_end_is_found(self):
        sink = self.start()
        peer = self.meet_esmtp(sink)
        for sent, wanted in CONTENTS:
            self.begin_mail(peer)
            self.says(peer, "DATA", "354")
            peer.send(sent)
            self.assert_code("250", peer.reply())
            self.says(peer, "NOOP", "250")
            self.assertIn(f"message from <a@example.org> to 1, {len(wanted)} bytes\n", sink.out())


class Size(Case):
    def test_the_limit_is_exact_and_counts_no_stuffing(self):
        peer = self.meet_esmtp(self.start_keeping("--size", "10"))
        for content, code in ((b"12345678\r\n", "250"), (b"123456789\r\n", "552 5.3.4"), (b"..234567\r\n", "250"),
                              (b"x" * 100000 + b"\r\n", "552 5.3.4"), (b"\r\n", "250")):
            self.begin_mail(peer)
            self.says(peer, "DATA", "354")
            peer.send(content + b".\r\n")
            self.assert_code(code, peer.reply())


class Print(Case):
    def printed(self, content):
        sink = self.start("--print")
        peer = self.meet_esmtp(sink)
        self.deliver(peer, content)
        self.says(peer, "NOOP", "250")
        return sink.out().partition("\n")[2]

    def test_it_is_readable(self):
        self.assertEqual(self.printed(b"Subject: x\r\n\r\nhello\r\n"),
                         "---- message of 21 bytes by client.example.org ----\n"
                         "FROM:<a@example.org>; TO:<b@example.net>\n"
                         "----\nSubject: x\n\nhello\n---- end ----\n")

    def test_a_large_one(self):
        printed = self.printed(b"0123456789abc\r\n" * 100000)
        self.assertEqual(printed.partition("\n----\n")[2], "0123456789abc\n" * 100000 + "---- end ----\n")

    def test_odd_line_ends(self):
        self.assertIn("----\nno\\x0d\\x0d\nend\n----", self.printed(b"no\r\r\r\nend\r\n"))

    def test_a_terminal_obeys_nothing_of_it(self):
        self.assertIn("----\n\\x1b[2J\\x00\\x0dx\\x7f\t\n----", self.printed(b"\x1b[2J\0\rx\x7f\t\r\n"))


if __name__ == "__main__":
    unittest.main()
