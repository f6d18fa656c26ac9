# SPDX-License-Identifier: MIT
"""posthaste bulk, given wrong options and files: each mistake is named, and nothing is sent."""
import json
import os
import unittest

from support import Case, Run

SERVER = ("--server", "127.0.0.1:1")


class Usage(Case):
    def refuse(self, *options, says, code=64):
        run = Run("bulk", *options)
        self.assertEqual((run.code, run.out), (code, ""), str(run))
        self.assert_says(run, says)
        self.assertEqual(run.err.count("\n"), 1, str(run))

    def test_what_is_missing_or_too_much(self):
        self.refuse("x", says="--server is missing")
        self.refuse(*SERVER, says="no messages: give a Maildir")
        self.refuse(*SERVER, "x", "y", says="one source at a time")
        self.refuse(*SERVER, "--template", "t", says="--template and --recipients belong together")
        self.refuse(*SERVER, "--retry-unknown", "x", says="--retry-unknown needs the --checkpoint")
        for number in ("0", "20000", "2000000", "9" * 30, "-1", "1.5", ""):
            self.refuse(*SERVER, f"--connections={number}", "x",
                        says=f'--connections: "{number}" is not a whole number from 1 to 10000 (')
        self.refuse(*SERVER, "--window", "0", "x", says='--window: "0" is not a whole number from 1 to 1000 (')
        self.refuse(*SERVER, "--retries", "x", "x", says='"x" is not a whole number from 0 to 1000000 (')
        self.refuse(*SERVER, "--progress", "soon", "x",
                    says='"soon" is not a number of seconds such as 30 or 2.5, at most 4000000 (posthaste')
        self.refuse(*SERVER, "--rate", "fast", "x", says="a rate above 0 such as 10/s")
        self.refuse(*SERVER, "--conections", "2", "x", says="did you mean --connections?")
        self.refuse(*SERVER, "/nonexistent", says="cannot read /nonexistent: No such file or directory; nothing was sent\n",
                    code=66)
        self.refuse(*SERVER, "--from", "a b", "x", says='"a b" is not an address', code=65)
        self.refuse(*SERVER, "--to", "a\x1b[31mb", "x", says='--to: "a\\x1b[31mb" is not an address', code=65)
        self.refuse(*SERVER, "--retry-refused", "x", says="--retry-refused needs the --checkpoint")
        self.refuse(*SERVER, "", says="no messages: give a Maildir")
        self.refuse(*SERVER, "--port", "25", "x", says="unknown option --port (")
        for rate in ("0/s", "-1/s", "1/d", "1/s/s", ""):
            self.refuse(*SERVER, "--rate", rate, "x", says="a rate above 0 such as 10/s")

    def test_help_names_its_own_page(self):
        self.assertTrue(self.run_ok("bulk", "--help").out.endswith("\nposthaste-bulk(1) says more.\n"))
        self.assertTrue(self.run_ok("send", "--help").out.endswith("\nposthaste(1) says more.\n"))

    def test_what_cannot_be_combined(self):
        self.refuse(*SERVER, "--format", "mbox", "-", says="--format mbox: from standard input come lines of JSON "
                                                           "alone; give the name of the file (")
        self.refuse(*SERVER, "--format", "maildir", "-", says="give the name of the folder")
        mailing = ("--template", "t", "--recipients", "r")
        self.refuse(*SERVER, *mailing, "x", says="x: with --template there is nothing else to send")
        self.refuse(*SERVER, *mailing, "--format", "mbox", says="--format: with --template there is nothing else")
        self.refuse(*SERVER, *mailing, "--to", "a@b.c", says="the recipients are those of --recipients")

    def test_a_login_that_cannot_be(self):
        login = ("--user", "u", "--password-command", "echo pw")
        self.refuse(*SERVER, *login, "--auth", "ROT13", "x", says='--auth: "ROT13" is not a mechanism; known are PLAIN')
        self.refuse(*SERVER, "--user", "a\nb", "--password-command", "echo pw", "x",
                    says="--user or the password is empty, or has control bytes (")

    def test_a_source_of_another_kind(self):
        path = self.file("x", b"Subject: no mbox\n\nhello\n")
        self.refuse(*SERVER, "--format", "maildir", path, code=66,
                    says=f"{path} cannot be read as a Maildir, a folder with new and cur in it: Not a directory; "
                         "nothing was sent\n")
        for form in ("ndjson", "mbox", "mboxo"):
            self.refuse(*SERVER, "--format", form, str(self.folder), code=66,
                        says=f"{self.folder}: Is a directory; nothing was sent\n")
        os.mkdir(self.folder / "empty")
        self.refuse(*SERVER, str(self.folder / "empty"), code=66, says="No such file or directory; nothing was sent")
        self.refuse(*SERVER, "--format", "mbox", "/dev/null", code=66,
                    says="/dev/null: it is a pipe, a device or a socket, and not a file; nothing was sent\n")
        run = Run("bulk", *SERVER, "--format", "mbox", path)
        self.assertEqual((run.code, run.err), (66, f"posthaste bulk: {path} is no mbox: it does not begin with a "
                                                   'line "From ..."; nothing was sent\n'))

    def test_standard_input_is_called_so(self):
        path = self.file("checkpoint", b"")
        text = json.dumps({"from": "a@x.org"}).encode()
        self.assertIn("standard input, line 1: ", Run("bulk", *SERVER, "-", text=text).err)
        Run("bulk", *SERVER, "--checkpoint", path, "-", text=b"")
        self.refuse(*SERVER, "--checkpoint", path, self.file("x", b""), code=66,
                    says="belongs to another source, standard input; nothing was sent")


class Mailings(Case):
    """Mistakes in a template or in the list of its recipients."""

    def refuse(self, template, people, says, code=65, sender=("--from", "me@example.org")):
        run = Run("bulk", *SERVER, *sender, "--template", self.file("t.eml", template), "--recipients",
                  people if isinstance(people, str) else self.file("r.csv", people))
        self.assertEqual((run.code, run.out), (code, ""), str(run))
        self.assert_says(run, says)
        self.assertTrue(run.err.endswith("; nothing was sent\n"), str(run))

    def test_mistakes_are_found_before_anything_is_sent(self):
        good, people = b"Subject: {{name}}\n\nhi\n", b"email,name\na@x.org,Ann\nb@x.org,Bob\n"
        self.refuse(b"Subject: {{nmae}}\n\nhi\n", people,
                    't.eml, line 1, column 10: a field "nmae", which the recipients\' file has no column for (did you '
                    "mean {{name}}?); nothing")
        self.refuse(b"Subject: {{name}}\nhi\n", people, "no empty line stands between its header")
        self.refuse(good, people + b"c@x.org\n", "r.csv, line 4: 1 field, but the first line names 2 columns")
        self.refuse(good, people + b"c@x.org,C,3\n", "r.csv, line 4: 3 fields, but")
        self.refuse(good, people + b"c d,Cy\n", 'r.csv, line 4, column "email": "c d" is not an address;')
        self.refuse(good, people + b" c@x.org,Cy\n", '" c@x.org" is not an address; blanks around it belong to')
        self.refuse(good, people + b",Cy\n", 'column "email": "" is not an address;')
        self.refuse(good, people + b'c@x.org,"C\ny"\n', 'column "name": a line break, which must not get into a header')
        self.refuse(good, b"email;name\n", 'with commas between (the first is "email;name")')

    def test_a_sender_must_be_there(self):
        self.refuse(b"Subject: {{name}}\n\nhi\n", b"email,name\na@x.org,Ann\n", sender=(),
                    says="r.csv, line 2: its header has no Return-Path, Sender or From to take the sender from; --from "
                         "gives one")
        self.refuse(b"From: {{from}}\n\nhi\n", b"to,from\na@x.org,b@x.org\na@x.org,\n", sender=(),
                    says="r.csv, line 3: its header has no")

    def test_a_list_that_cannot_be_read_twice(self):
        good = b"Subject: x\n\nhi\n"
        self.refuse(good, "-", "standard input cannot be the list of recipients: that must be a file", code=66)
        self.refuse(good, "/dev/null", "/dev/null cannot be the list of recipients", code=66)
        self.refuse(good, str(self.folder), "Is a directory", code=66)
        self.refuse(good, "/nonexistent", "cannot read /nonexistent: No such file or directory", code=66)


if __name__ == "__main__":
    unittest.main()
