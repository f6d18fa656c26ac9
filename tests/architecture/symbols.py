#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads what the built libraries define and call.

    symbols.py exported LIBRARY.so HEADER...   exports each PH_API function and nothing else
    symbols.py named LIBRARY.a                 every global name begins with ph_
    symbols.py shared LIBRARY.so               calls nothing that threads must not call at once
    symbols.py pure OBJECT...                  calls nothing but memory and string functions
Prints what is wrong; exit 1 if there is anything.
"""
import pathlib
import re
import subprocess
import sys

COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
DECLARATION = re.compile(r"^PH_API\b[^;]*?\b(ph_\w+)\s*\(", re.M)

# What the instrumentation of compilers adds begins with two underscores.
PURE = re.compile(r"^(ph_\w+|mem\w+|str(?!error|ftime|dup)\w+|bsearch|qsort|to(upper|lower)|is\w+"
                  r"|__\w+|_GLOBAL_OFFSET_TABLE_)$")

# POSIX.1-2008, XSH 2.9.1: functions that need not be thread-safe, and what changes all threads.
SHARED = set("""
    asctime basename catgets crypt ctime dirname dlerror drand48 encrypt endgrent endpwent ftw
    getc_unlocked getchar_unlocked getdate getenv getgrent getgrgid getgrnam gethostbyaddr
    gethostbyname gethostent getlogin getnetbyaddr getnetbyname getnetent getopt getprotobyname
    getprotobynumber getprotoent getpwent getpwnam getpwuid getservbyname getservbyport getservent
    gmtime hcreate hdestroy hsearch inet_ntoa l64a lgamma localeconv localtime lrand48 mrand48 nftw
    nl_langinfo ptsname putc_unlocked putchar_unlocked putenv rand random readdir setenv setgrent
    setkey setlocale setpwent srand srandom strerror strsignal strtok system ttyname tzset umask
    unsetenv wcstombs wctomb""".split())


def nm(*arguments):
    """[(type, name)] of what nm prints, names without their version."""
    text = subprocess.run(["nm", *arguments], check=True, capture_output=True, text=True).stdout
    rows = [line.split() for line in text.splitlines() if line and not line.endswith(":")]
    return [(row[-2], row[-1].split("@")[0]) for row in rows if len(row) >= 2]


def declared_in(headers):
    names = set()
    for header in headers:
        names |= set(DECLARATION.findall(COMMENT.sub("", pathlib.Path(header).read_text("utf-8"))))
    return names


def exported(library, *headers):
    # A is the name of the version node itself.
    has = {name for kind, name in nm("-D", "--defined-only", library) if kind != "A"}
    wants = declared_in(headers)
    problems = [f"{name}: declared PH_API, but the library does not define it"
                for name in sorted(wants - has)]
    problems += [f"{name}: exported, but no public header declares it with PH_API"
                 for name in sorted(has - wants)]
    return problems if wants else ["no PH_API declaration found in the headers"]


def named(library):
    names = [name for kind, name in nm("-g", "--defined-only", library)]
    problems = [f"{name}: a global name must begin with ph_" for name in sorted(set(names))
                if not name.startswith(("ph_", "__"))]
    return problems if names else ["the library defines nothing"]


def shared(library):
    called = {name for _, name in nm("-D", "--undefined-only", library)}
    problems = [f"{name}: need not be thread-safe" for name in sorted(called & SHARED)]
    return problems if called else ["the library calls nothing at all"]


def pure(*objects):
    called = {}
    for path in objects:
        for kind, name in nm("-u", path):
            called.setdefault(name, pathlib.Path(path).name)
    problems = [f"{where}: calls {name}, which protocol must not" for name, where in
                sorted(called.items()) if not PURE.match(name)]
    return problems if called else ["the objects call nothing at all"]


CHECKS = {"exported": exported, "named": named, "shared": shared, "pure": pure}


def main():
    problems = CHECKS[sys.argv[1]](*sys.argv[2:])
    print("\n".join(problems))
    print(f"{sys.argv[1]}: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
