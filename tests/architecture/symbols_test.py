#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Shows that symbols.py tells right libraries from wrong ones. Usage: symbols_test.py COMPILER"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

import symbols

COMPILER = sys.argv.pop(1) if len(sys.argv) > 1 else "cc"

HEADER = """
/* PH_API int ph_in_a_comment(void); */
#define PH_API __attribute__((visibility("default")))
PH_API int ph_first(void);
PH_API PH_PRINTF(1, 2) const char *const
    *ph_second(int n, int (*callback)(int));
int ph_not_exported(void);
"""


class SymbolsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.header = self.folder / "api.h"
        self.header.write_text("PH_API int ph_first(void);\nPH_API int ph_second(int n);\n")

    def build(self, source, *flags):
        code, out = self.folder / "code.c", self.folder / "out"
        code.write_text(source)
        subprocess.run([COMPILER, "-w", "-fPIC", *flags, "-o", out, code], check=True)
        return str(out)

    def exported(self, source):
        return symbols.exported(self.build(source, "-shared"), self.header)

    def test_declarations_are_found_and_comments_are_not(self):
        self.header.write_text(HEADER)
        self.assertEqual(symbols.declared_in([self.header]), {"ph_first", "ph_second"})

    def test_exported(self):
        right = "int ph_first(void) { return 1; } int ph_second(int n) { return n; }"
        self.assertEqual(self.exported(right), [])
        self.assertIn("ph_extra: exported", self.exported(right + "int ph_extra(void) {}")[0])
        self.assertIn("ph_second: declared", self.exported("int ph_first(void) {}")[0])

    def test_named(self):
        self.assertEqual(symbols.named(self.build("int ph__a(void) { return 1; }", "-c")), [])
        self.assertIn("helper", symbols.named(self.build("int helper(void) { return 1; }",
                                                         "-c"))[0])

    def test_shared(self):
        right = "#include <string.h>\nint ph_n(char *a) { return strerror_r(2, a, 9) == 0; }"
        wrong = "#include <string.h>\nchar *ph_n(void) { return strerror(2); }"
        self.assertEqual(symbols.shared(self.build(right, "-shared")), [])
        self.assertIn("strerror", symbols.shared(self.build(wrong, "-shared"))[0])

    def test_pure(self):
        right = "#include <string.h>\nint ph_n(char *a) { return (int)strlen(a); }"
        wrong = "#include <time.h>\nlong ph_n(void) { return (long)time(0); }"
        self.assertEqual(symbols.pure(self.build(right, "-c", "-fno-builtin")), [])
        self.assertIn("calls time", symbols.pure(self.build(wrong, "-c"))[0])


if __name__ == "__main__":
    unittest.main()
