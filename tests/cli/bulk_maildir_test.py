# SPDX-License-Identifier: MIT
"""posthaste bulk with a Maildir that other programs use meanwhile."""
import mailbox
import subprocess
import unittest

from bulk_support import Holding
from support import COMMAND, LIMIT, Case, clean_environment


class Maildir(Case):
    COUNT = 300  # more than are read ahead

    def setUp(self):
        super().setUp()
        self.box = mailbox.Maildir(self.folder / "box")
        for n in range(self.COUNT):
            self.box.add(f"From: a@example.org\nTo: u{n}@example.net\nSubject: {n}\n\nx\n")

    def read_all(self):
        """What a mail reader does that shows every message."""
        for path in (self.folder / "box" / "new").iterdir():
            path.rename(self.folder / "box" / "cur" / f"{path.name}:2,S")

    def test_what_a_reader_moves_in_the_middle_of_a_run_arrives(self):
        server = self.start(Holding())
        self.addCleanup(server.may_answer.set)
        process = subprocess.Popen([COMMAND, "bulk", "--server", server.address, "--connections", "1",
                                    str(self.folder / "box")], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=clean_environment())
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.stdout.close)
        self.assertTrue(server.heard.wait(LIMIT))
        self.read_all()
        server.may_answer.set()
        self.assertEqual(process.wait(LIMIT), 0)
        self.assertIn(f"{self.COUNT} sent, 0 refused, 0 failed", process.stdout.read().decode())
        arrived = [text for text in server.lines if text.startswith("Subject: ")]
        self.assertEqual(sorted(arrived), sorted(f"Subject: {n}" for n in range(self.COUNT)))


if __name__ == "__main__":
    unittest.main()
