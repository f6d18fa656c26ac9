# SPDX-License-Identifier: MIT
"""--avoid: what a server offers but gets wrong is not used."""
import unittest

from bulk_support import line, lines
from support import ENVELOPE, MESSAGE, Case, FakeServer

ALL = {"pipelining", "chunking", "overlap"}


class Offering(FakeServer):
    """Offers PIPELINING and CHUNKING, and notes what clients use of them."""

    def __init__(self):
        super().__init__(EHLO="250-fake.example.org\r\n250-PIPELINING\r\n250 CHUNKING", BDAT="250 2.0.0 queued")
        self.used = set()

    @staticmethod
    def size_of_next(data, in_content):
        """The size of the command (with its chunk) or content that data begins with; 0: it is not all there."""
        end = b"\r\n.\r\n" if in_content else b"\r\n"
        if end not in data:
            return 0
        size = data.index(end) + len(end)
        if data.startswith(b"BDAT "):
            size += int(data.split()[1])
        return size if len(data) >= size else 0

    def note(self, verb, behind):
        if verb == "BDAT":
            self.used.add("chunking")
        if verb in (".", "BDAT") and behind.startswith(b"MAIL"):
            self.used.add("overlap")
        elif behind:
            self.used.add("pipelining")

    def _converse(self, connection):
        self._send(connection, self.greeting)
        data, verb = b"", ""
        while more := connection.recv(65536):
            data += more
            while size := self.size_of_next(data, verb == "DATA"):
                verb = "." if verb == "DATA" else data.split()[0].decode().upper()
                data = data[size:]
                self.note(verb, data)
                self._send(connection, self._reply_to(verb))


class Avoid(Case):
    def used_by(self, command, *options, **rest):
        server = self.start(Offering())
        self.run_ok(command, "--server", server.address, *options, **rest)
        return server.used

    def used_by_send(self, *options):
        return self.used_by("send", *ENVELOPE, *options, text=MESSAGE)

    def used_by_bulk(self, *options):
        path = self.file("list.ndjson", lines(line(n) for n in range(20)))
        return self.used_by("bulk", "--connections", "1", *options, path)

    def test_send(self):
        self.assertEqual(self.used_by_send(), {"pipelining", "chunking"})
        self.assertEqual(self.used_by_send("--avoid", "chunking"), {"pipelining"})
        self.assertEqual(self.used_by_send("--avoid", "pipelining"), set())

    def test_bulk(self):
        self.assertEqual(self.used_by_bulk(), ALL)
        self.assertEqual(self.used_by_bulk("--avoid=overlap"), ALL - {"overlap"})
        self.assertEqual(self.used_by_bulk("--avoid", "chunking"), ALL - {"chunking"})
        self.assertEqual(self.used_by_bulk("--avoid", "pipelining"), set())

    def test_several_are_joined_or_repeated(self):
        self.assertEqual(self.used_by_bulk("--avoid", "chunking,overlap"), {"pipelining"})
        self.assertEqual(self.used_by_bulk("--avoid", "chunking", "--avoid", "overlap"), {"pipelining"})

    def test_what_is_no_feature_is_refused(self):
        for value, word in (("bdat", "bdat"), ("chunking,", ""), ("", ""), ("overlap,CHUNKING", "CHUNKING")):
            run = self.run_for(64, "send", "--server", "127.0.0.1:1", *ENVELOPE, f"--avoid={value}")
            self.assert_says(run, f'posthaste send: --avoid: "{word}" is not one of pipelining, chunking, overlap (')


if __name__ == "__main__":
    unittest.main()
