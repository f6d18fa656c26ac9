# SPDX-License-Identifier: MIT
"""Many clients at once: nobody waits for another, no message is mixed up with another."""
import threading
import time
import unittest

from support import Case, Peer, split_file


class Many(Case):
    def test_three_hundred_at_once(self):
        """All are connected and in the middle of their content before the first one ends it."""
        sink = self.start_keeping("--quiet", where="127.0.0.1:PORT")
        peers = [self.meet_esmtp(sink) for _ in range(300)]
        for number, peer in enumerate(peers):
            peer.send(f"MAIL FROM:<a{number}@b>\r\nRCPT TO:<c{number}@d>\r\nDATA\r\n")
        for number, peer in enumerate(peers):
            for code in ("250", "250", "354"):
                self.assert_code(code, peer.reply())
            peer.send(f"{number}\r\n")
        for number, peer in enumerate(reversed(peers)):
            peer.send(f"{299 - number}\r\n.\r\nQUIT\r\n")
        for peer in peers:
            self.assert_code("250", peer.reply())
            self.assert_code("221", peer.reply())
            self.assertTrue(peer.has_ended())
        arrived = {}
        for message in sink.messages():
            fields, content = split_file(message)
            arrived[fields["Return-Path"][0], fields["Delivered-To"][0]] = content
        self.assertEqual(arrived, {(f"<a{i}@b>", f"c{i}@d"): f"{i}\r\n{i}\r\n".encode() for i in range(300)})

    def test_all_kinds_at_once(self):
        sink, trust = self.start_with_certificate("--quiet", "--delay", "RSET=50", "--auth", "a:b", where="127.0.0.1:PORT")
        problems = []

        def talk(kind):
            try:
                peer = Peer(sink.connect())
                self.assert_code("220", peer.reply())
                self.says(peer, "EHLO x", "250")
                if kind % 2:
                    self.says(peer, "STARTTLS", "220")
                    peer.start_tls(trust)
                    self.says(peer, "EHLO x", "250")
                if kind % 3:
                    self.says(peer, "AUTH PLAIN AGEAYg==", "235")
                for size in (0, 10, 100000, 3):
                    self.deliver(peer, b"x" * size + b"\r\n")
                    self.says(peer, "RSET", "250")
                peer.close()
            except Exception as problem:  # pylint: disable=broad-except
                problems.append(problem)
        threads = [threading.Thread(target=talk, args=(kind,)) for kind in range(48)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(problems, [])

    def test_thousands_may_idle(self):
        sink = self.start(where="127.0.0.1:PORT")
        idle = [sink.connect() for _ in range(500)]
        for connection in idle:
            self.addCleanup(connection.close)
        self.deliver(self.meet_esmtp(sink))
        for connection in idle:
            self.assertTrue(connection.recv(1000).startswith(b"220 "))

    def test_a_flood_delays_nobody(self):
        sink = self.start("--quiet")
        flood = self.meet_esmtp(sink)
        self.begin_mail(flood)
        self.says(flood, "DATA", "354")
        ends = threading.Event()

        def pour():
            block = b"x" * 998 + b"\r\n"
            while not ends.is_set():
                flood.connection.sendall(block * 1000)
        thread = threading.Thread(target=pour)
        thread.start()
        try:
            peer = self.meet_esmtp(sink)
            begun = time.monotonic()
            for _ in range(50):
                self.says(peer, "NOOP", "250")
            self.assertLess(time.monotonic() - begun, 10)
        finally:
            ends.set()
            thread.join()

    def test_more_than_there_are_descriptors(self):
        """They wait until others have gone."""
        sink = self.start(descriptors=32)
        peers = [Peer(sink.connect()) for _ in range(60)]
        for peer in peers:
            self.addCleanup(peer.close)
        for peer in peers:
            self.assert_code("220", peer.reply())
            self.says(peer, "QUIT", "221")
            peer.close()


if __name__ == "__main__":
    unittest.main()
