# SPDX-License-Identifier: MIT
"""How a sink begins and ends: where it listens, what it complains of, signals, --once."""
import os
import pathlib
import signal
import socket
import subprocess
import unittest

from support import COMMAND, LIMIT, Case, Peer, Sink


def run(*options):
    return subprocess.run([COMMAND, "sink", *options], capture_output=True, timeout=LIMIT, check=False)


class Summary(Case):
    def test_counts_what_was_accepted(self):
        sink = self.start("--quiet", "--summary", "--reject", "nobody@example.org")
        with_two = self.meet_esmtp(sink)
        self.deliver(with_two, b"four\r\n..\r\n")
        self.deliver(with_two, b"")
        self.says(with_two, "MAIL FROM:<a@b>", "250")
        self.says(with_two, "RCPT TO:<nobody@example.org>", "550")
        self.meet(sink)
        sink.process.terminate()
        sink.process.wait(LIMIT)
        self.assertEqual(sink.out().splitlines()[-1], "took 2 messages of 9 bytes for 2 recipients in 2 sessions")


class Places(Case):
    def test_ipv6(self):
        sink = self.start(where="[::1]:PORT")
        self.assertRegex(sink.address, r"^\[::1\]:\d+$")
        self.says(self.meet(sink), "NOOP", "250")

    def test_localhost(self):
        self.says(self.meet(self.start(where="localhost:PORT")), "NOOP", "250")

    def test_port_0_is_any_free_one(self):
        sink = self.start(where="127.0.0.1:0")
        self.assertNotEqual(sink.address, "127.0.0.1:0")
        self.says(self.meet(sink), "NOOP", "250")

    def test_a_unix_socket_is_removed(self):
        sink = Sink()
        sink.start()
        path = sink.address.removeprefix("unix:")
        self.assertTrue(os.path.exists(path))
        sink.process.terminate()
        sink.process.wait(LIMIT)
        self.assertFalse(os.path.exists(path))
        sink.stop()

    def test_a_stale_unix_socket_gives_way_and_nothing_else_does(self):
        sink = self.start()
        for kind, code in (("stale", None), ("file", 69), ("used", 69)):
            path = sink.folder / kind
            with socket.socket(socket.AF_UNIX) as other:
                if kind == "file":
                    path.write_text("important")
                elif kind == "used":
                    path = pathlib.Path(sink.address.removeprefix("unix:"))
                else:
                    other.bind(str(path))
            if code is None:
                with subprocess.Popen([COMMAND, "sink", "--unix", path], stdout=subprocess.PIPE) as process:
                    self.assertEqual(process.stdout.readline(), f"listening on unix:{path}\n".encode())
                    process.terminate()
                self.assertEqual(process.returncode, 0)
            else:
                done = run("--unix", path)
                self.assertEqual((done.returncode, done.stdout), (code, b""))
                self.assertIn(f"cannot listen on unix:{path}", done.stderr.decode())
                self.assertTrue(path.exists())

    def test_what_cannot_be(self):
        folder = self.start().folder
        (folder / "file").write_text("x")
        for options, code, says in (
                (("--listen", "example.org:25"), 64, "--listen example.org:25"), (("--listen", "127.0.0.1"), 64, "--listen"),
                (("--listen", "127.0.0.1:65536"), 64, "--listen"), (("--listen", "127.0.0.1:x"), 64, "--listen"),
                (("--listen", "127.0.0.1:"), 64, "--listen"), (("--unix", "x" * 200), 64, "too long"),
                (("--unix", str(folder / "no" / "x")), 69, "cannot listen"),
                (("--maildir", str(folder / "file")), 73, "--maildir"), (("--maildir", str(folder / "a" / "b")), 73, "--maildir"),
                (("--maildir", "x" * 5000), 73, "--maildir"), (("--cert-out", str(folder / "a" / "b")), 73, "--cert-out"),
                (("--tls-cert", str(folder / "file"), "--tls-key", str(folder / "file")), 78, "--tls-cert"),
                (("--fail", "NOOP"), 64, "--fail"), (("--fail", "X=500 x"), 64, "--fail"), (("--fail", "NOOP=99 x"), 64, "--fail"),
                (("--fail", "NOOP=5x0 x"), 64, "--fail"), (("--delay", "NOOP=-1"), 64, "--delay"), (("--delay", "NOOP"), 64, "--delay"),
                (("--delay", "NOOP=3600001"), 64, "--delay"), (("--drop", "NOOP=1"), 64, "--drop"), (("--drop", "X"), 64, "--drop"),
                (("--auth", "x"), 64, "--auth"), (("--auth", ":x"), 64, "--auth"), (("--auth", "x:"), 64, "--auth"),
                (("--without", "X-NOTHING"), 64, "--without")):
            done = run(*options)
            self.assertEqual((done.returncode, done.stdout), (code, b""), done)
            self.assertIn(says, done.stderr.decode())


class Keeping(Case):
    def test_a_maildir_that_is_gone_is_a_temporary_failure(self):
        sink = Sink()
        sink.options += ("--maildir", str(sink.maildir))
        sink.start()
        try:
            peer = self.meet_esmtp(sink)
            self.deliver(peer)
            (sink.maildir / "tmp").rmdir()
            self.begin_mail(peer)
            self.talk(peer, "DATA", "354", ".", "452 4.3.1")
            self.assertIn("--maildir", sink.err())
            (sink.maildir / "tmp").mkdir()
            self.deliver(peer)
        finally:
            with self.assertRaisesRegex(AssertionError, "ended with 0: posthaste sink: --maildir"):
                sink.stop()

    def test_a_maildir_that_is_there_is_used(self):
        first = self.start_keeping()
        self.deliver(self.meet_esmtp(first))
        second = self.start("--maildir", str(first.maildir))
        self.deliver(self.meet_esmtp(second))
        self.assertEqual(len(first.messages()), 2)
        self.assertEqual(sorted(path.name for path in first.maildir.iterdir()), ["cur", "new", "tmp"])


class Idle(Case):
    def test_who_is_silent_is_sent_away(self):
        sink = self.start("--idle-timeout", "0.3", where="127.0.0.1:PORT")
        silent, halfway = self.meet(sink), self.meet_esmtp(sink)
        self.begin_mail(halfway)
        self.says(halfway, "DATA", "354")
        halfway.send("Subject: half\r\n")
        for peer in (silent, halfway):
            self.assert_code("421 4.4.2", peer.reply())
            self.assertTrue(peer.has_ended())

    def test_who_shakes_no_hands_is_sent_away(self):
        sink = self.start("--idle-timeout", "0.3", "--tls", where="127.0.0.1:PORT")
        peer = Peer(sink.connect())
        self.addCleanup(peer.close)
        self.assertTrue(peer.has_ended())

    def test_a_delay_is_no_silence(self):
        sink = self.start("--idle-timeout", "0.2", "--delay", "NOOP=1000")
        self.says(self.meet_esmtp(sink), "NOOP", "250")


class Ends(Case):
    def test_signals_say_goodbye_to_clients(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            sink = self.start("--delay", "NOOP=100000")
            idle, waits, sends = self.meet(sink), self.meet(sink), self.meet_esmtp(sink)
            waits.send("NOOP\r\n")
            self.begin_mail(sends)
            self.says(sends, "DATA", "354")
            sink.process.send_signal(number)
            for peer in (idle, waits):
                self.assert_code("421 4.3.2", peer.reply())
                self.assertTrue(peer.has_ended())
            self.assertTrue(sends.has_ended())  # a reply in the middle of content would be none
            self.assertEqual(sink.process.wait(LIMIT), 0)

    def test_once(self):
        sink = self.start("--once", "--reject", "no@c")
        other = self.meet(sink)
        without = self.meet_esmtp(sink)
        self.talk(without, "MAIL FROM:<a@b>", "250", "RCPT TO:<no@c>", "550", "QUIT", "221")
        peer = self.meet_esmtp(sink)
        self.deliver(peer)
        self.deliver(peer)
        self.assertIsNone(sink.process.poll())
        self.says(peer, "QUIT", "221")
        self.assertEqual(sink.process.wait(LIMIT), 0)
        self.assert_code("421", other.reply())

    def test_once_and_a_client_that_just_hangs_up(self):
        sink = self.start("--once")
        peer = self.meet_esmtp(sink)
        self.deliver(peer)
        peer.close()
        self.assertEqual(sink.process.wait(LIMIT), 0)

    def test_half_closing_is_no_hurry(self):
        """As of `printf ... | nc`: all is answered before the connection ends."""
        sink = self.start()
        peer = Peer(sink.connect())
        self.addCleanup(peer.close)
        peer.send("EHLO x\r\n" + "NOOP\r\n" * 30000)
        peer.connection.shutdown(socket.SHUT_WR)
        for code in ["220", "250"] + ["250"] * 30000:
            self.assert_code(code, peer.reply())
        self.assertTrue(peer.has_ended())


if __name__ == "__main__":
    unittest.main()
