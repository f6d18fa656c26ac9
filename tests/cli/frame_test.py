# SPDX-License-Identifier: MIT
"""Options, help, and what is said of a command line that is wrong."""
import unittest

from support import ENVELOPE, Case

SEND = ("send", "--server", "localhost", *ENVELOPE)


class Help(Case):
    def test_lists_the_commands(self):
        run = self.run_ok("--help")
        for name in ("send", "talk", "probe", "sink"):
            self.assertRegex(run.out, rf"(?m)^  {name} +\S")
        self.assertEqual(run.err, "")

    def test_of_each_command_lists_its_options(self):
        expected = {
            "send": ["server", "tls", "starttls", "helo", "user", "password-file",
                     "password-command", "auth", "allow-plaintext-auth", "cafile", "capath", "cert",
                     "key", "tls-hostname", "no-tls-verify", "no-kernel-tls", "open-timeout", "avoid",
                     "read-timeout", "bind",
                     "any-recipient", "from", "to", "trace", "json", "quiet"],
            "talk": ["server", "user", "cafile", "trace"],
            "probe": ["server", "cafile", "json"],
            "sink": ["listen", "unix", "maildir", "tls-cert", "tls-key", "auth", "reject", "fail",
                     "delay", "drop", "without", "once", "print", "tls", "cert-out", "size",
                     "require-auth", "require-tls", "quiet"],
        }
        for name, options in expected.items():
            for arguments in ((name, "--help"), (name, "-h"), ("help", name)):
                run = self.run_ok(*arguments)
                for option in options:
                    self.assertRegex(run.out, rf"(?m)^  --{option}( |$)", str(run))

    def test_wins_over_what_else_is_missing(self):
        self.assertIn("usage: posthaste send", self.run_ok("send", "--json", "--help").out)

    def test_fits_eighty_columns(self):
        for arguments in ("send", "--help"), ("talk", "-h"), ("probe", "--help"), ("sink", "-h"), ("-h",):
            for line in self.run_ok(*arguments).out.splitlines():
                self.assertLessEqual(len(line), 80, line)

    def test_version(self):
        self.assertRegex(self.run_ok("--version").out, r"^posthaste \d+\.\d+\.\d+\n$")


class WrongNames(Case):
    def check(self, arguments, *words):
        run = self.run_for(64, *arguments)
        self.assertEqual(run.out, "")
        self.assert_says(run, *words)
        self.assertEqual(run.err.count("\n"), 1, str(run))

    def test_of_a_command(self):
        self.check(("sned",), "posthaste: unknown command sned; did you mean send?",
                   "(posthaste --help lists all)")
        self.check(("prob",), "did you mean probe?")
        self.check(("xyzzy",), "unknown command xyzzy (")
        self.check((), "no command given")
        self.check(("help", "tlak"), "did you mean talk?")

    def test_of_an_option_before_the_command(self):
        self.check(("--hepl",), "unknown option --hepl; did you mean --help?")
        self.check(("--versoin",), "did you mean --version?")

    def test_of_an_option(self):
        for typed, meant in (("--sever", "--server"), ("--form", "--from"),
                             ("--starttsl", "--starttls"), ("--cafiel=x", "--cafile"),
                             ("--password", "--password-file"), ("--password-comand", "--password-command"),
                             ("-server", "--server"), ("--jsno", "--json"), ("---to", "--to"),
                             ("--no-tls-verfy", "--no-tls-verify"), ("--hlep", "--help")):
            self.check(("send", typed), f"posthaste send: unknown option {typed.split('=')[0]}; "
                                        f"did you mean {meant}? (posthaste send --help lists all)")
        self.check(("send", "--zyx"), "unknown option --zyx (")
        self.check(("send", "-z"), "unknown option -z")
        self.check(("sink", "--mialdir"), "posthaste sink: unknown option --mialdir; did you mean --maildir?")

    def test_an_unknown_option_does_not_show_its_value(self):
        run = self.run_for(64, "send", "--password=secret-word")
        self.assertNotIn("secret-word", run.err)


class WrongValues(Case):
    def check(self, arguments, *words):
        run = self.run_for(64, *arguments)
        self.assert_says(run, *words)

    def test_missing(self):
        self.check(("send", "--server"), "--server needs a value: --server HOST[:PORT]")
        self.check(("send", "--server", "--json"), "--server needs a value", "behind =")

    def test_of_a_flag(self):
        self.check(("send", "--json=yes"), "--json takes no value")

    def test_of_a_choice(self):
        self.check((*SEND, "--starttls", "maybe"),
                   '--starttls: "maybe" is not one of auto, always, never')

    def test_of_seconds(self):
        for value in ("fast", "-1", "1e3", "", "1.2.3", "0x10", "5000000", "inf"):
            self.check((*SEND, f"--open-timeout={value}"),
                       f'--open-timeout: "{value}" is not a number of seconds')

    def test_of_the_server(self):
        for value in ("localhost:", "localhost:0", "localhost:65536", "localhost:smtp", "[::1]:99999"):
            self.check(("send", "--server", value, *ENVELOPE), "is not a port", "1 to 65535")
        self.check(("send", "--server", "", *ENVELOPE), '--server: "" is not a server')
        self.check(("send", "--server", "unix:", *ENVELOPE), "the path of a Unix socket")

    def test_of_the_local_address(self):
        self.check((*SEND, "--bind", "here"), '--bind: "here" is not an IPv4 or IPv6 address')

    def test_of_the_helo_name(self):
        self.check((*SEND, "--helo", "two words"), '--helo: "two words" is not a name to introduce oneself by')

    def test_of_the_mechanism(self):
        run = self.run_for(64, *SEND, "--user", "u", "--auth", "ROT13", POSTHASTE_PASSWORD="pw")
        self.assert_says(run, "ROT13")


class WrongCombinations(Case):
    def check(self, arguments, *words):
        self.assert_says(self.run_for(64, *arguments), *words)

    def test_of_what_is_needed(self):
        self.check(("send", *ENVELOPE), "--server is missing")
        self.check(("send", "--server", "localhost", "--to", "b@example.net"), "--from is missing")
        self.check(("send", "--server", "localhost", "--from", "a@example.net"), "--to is missing")
        self.check(("talk",), "--server is missing")
        self.check(("probe",), "--server is missing")

    def test_of_what_excludes_the_other(self):
        self.check((*SEND, "--tls", "--starttls", "always"), "exclude each other")
        self.check((*SEND, "--user", "u", "--password-file", "a", "--password-command", "b"),
                   "exclude each other")

    def test_of_what_goes_together(self):
        self.check((*SEND, "--key", "k.pem"), "--cert")
        self.check((*SEND, "--password-file", "f"), "needs --user")
        self.check((*SEND, "--auth", "plain"), "needs --user")
        self.check((*SEND, "--user", "u"), "--password-file", "--password-command",
                   "POSTHASTE_PASSWORD")

    def test_of_operands(self):
        self.check((*SEND, "one", "two"), "one message at a time", "--to")
        self.check(("probe", "--server", "localhost", "example.org"), "--server")


if __name__ == "__main__":
    unittest.main()
