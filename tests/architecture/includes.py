#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads every include line and refuses an arrow that goes up or sideways.

The floors and what each may include are the tables below; docs/architecture.md has the drawing.
Usage: includes.py ROOT   (prints FILE:LINE: reason for each wrong one; exit 1 if there is any)
"""
import pathlib
import re
import sys

# Folder -> the folders that its files may include from, besides itself. "public" stands for
# include/posthaste, which every floor of the library helps to define.
MAY_INCLUDE = {
    "include/posthaste": set(),
    "src/base": {"public"},
    "src/protocol": {"public", "src/base"},
    "src/auth": {"public", "src/base"},
    "src/transport": {"public", "src/base"},
    "src/connection": {"public", "src/base", "src/protocol", "src/auth", "src/transport"},
    "src/client": {"public", "src/base", "src/protocol", "src/auth", "src/transport",
                   "src/connection"},
    "src/pool": {"public", "src/base", "src/protocol", "src/auth", "src/transport",
                 "src/connection"},
    "cli": {"public", "sink"},
    "sink": set(),
}

# The only system headers that protocol may reach, on whatever way: nothing of sockets, time,
# threads, TLS or stdio, so that the same bytes in always give the same bytes out. A public header
# may name FILE; that protocol calls no function of stdio, symbols.py shows.
PURE = {"assert.h", "ctype.h", "errno.h", "inttypes.h", "limits.h", "stdarg.h", "stdbool.h",
        "stddef.h", "stdint.h", "stdlib.h", "string.h",
        "immintrin.h"}  # instructions, not the system

# Header of another library -> the folders (or files) that may include it.
THIRD_PARTY = {
    "openssl/": {"src/transport", "src/connection", "sink", "include/posthaste/openssl.h",
                 "src/base/base64.c", "src/base/secure_wipe.c"},
    "gsasl.h": {"src/auth", "sink"},
    "ares": {"src/transport"},
    "idn2.h": {"src/transport"},
    "jansson.h": {"cli"},
}

# Sockets have no business on these floors.
SOCKETS = re.compile(r"^(sys/socket|sys/un|netinet/.*|arpa/inet|netdb|poll|sys/select)\.h$")
WITHOUT_SOCKETS = {"include/posthaste", "src/base", "src/protocol", "src/auth"}

# But for struct pollfd, the coin in which a program and what never blocks deal.
MAY_POLL = ("include/posthaste/connection.h", "include/posthaste/pool.h",
            "include/posthaste/adapters/")

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:<([^>]+)>|"([^"]+)"|(\S.*))')


def folder_of(path):
    """The row of MAY_INCLUDE that a path (relative to the root) belongs to, or None."""
    for folder in MAY_INCLUDE:
        if path.as_posix().startswith(folder + "/"):
            return folder
    return None


class Tree:
    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.problems = []
        self.system_of = {}   # file -> system headers that it names
        self.project_of = {}  # file -> files of the project that it includes

    def say(self, path, line, text):
        self.problems.append(f"{path}:{line}: {text}")

    def resolve(self, path, name, quoted):
        """The file of the project that an include names, relative to the root, or None."""
        places = [self.root / "src", self.root] if quoted else []
        if quoted and not path.as_posix().startswith("src/"):
            places.insert(0, self.root / path.parent)
        if name.startswith("posthaste/"):
            places = [self.root / "include"]
        for place in places:
            for suffix in ("", ".in"):
                if (place / (name + suffix)).is_file():
                    return (place / (name + suffix)).relative_to(self.root)
        return None

    def check_project(self, path, line, target):
        here, there = folder_of(path), folder_of(target)
        if there == here:
            return
        if there is None:
            self.say(path, line, f"{target} stands on no floor")
        elif ("public" if there == "include/posthaste" else there) not in MAY_INCLUDE[here]:
            self.say(path, line, f"{here} must not include {there} ({target})")

    def check_system(self, path, line, name):
        here = folder_of(path)
        for prefix, allowed in THIRD_PARTY.items():
            if name.startswith(prefix) and here not in allowed and path.as_posix() not in allowed:
                self.say(path, line, f"{here} must not include <{name}>, only "
                         + ", ".join(sorted(allowed)))
        polls = name == "poll.h" and path.as_posix().startswith(MAY_POLL)
        if here in WITHOUT_SOCKETS and SOCKETS.match(name) and not polls:
            self.say(path, line, f"{here} must not include <{name}>: it knows no sockets")

    def check_line(self, path, line, match):
        system, quoted, other = match.groups()
        if other:
            self.say(path, line, "an include by macro hides where it goes")
            return
        name = system or quoted
        if ".." in name.split("/"):
            self.say(path, line, f'"{name}": name the floor instead of going up')
            return
        target = self.resolve(path, name, quoted is not None)
        if target is not None:
            self.project_of[path].append(target)
            self.check_project(path, line, target)
        elif quoted or name.startswith("posthaste/"):
            self.say(path, line, f"{name} is not there; write \"FLOOR/file.h\"")
        else:
            self.system_of[path].append(name)
            self.check_system(path, line, name)

    def read(self, path):
        self.system_of[path], self.project_of[path] = [], []
        text = (self.root / path).read_text(encoding="utf-8")
        for number, line in enumerate(text.splitlines(), 1):
            match = INCLUDE.match(line)
            if match:
                self.check_line(path, number, match)

    def check_purity(self, path):
        """Walks all that a file of protocol includes, and names the way to what it may not."""
        todo, seen = [(path, ())], set()
        while todo:
            file, way = todo.pop()
            if file in seen:
                continue
            seen.add(file)
            allowed = PURE | ({"stdio.h"} if folder_of(file) == "include/posthaste" else set())
            for name in self.system_of.get(file, []):
                if name not in allowed:
                    by = " through " + ", ".join(str(w) for w in way) if way else ""
                    self.say(path, 1, f"src/protocol must not include <{name}>{by}")
            todo += [(target, way + (target,)) for target in self.project_of.get(file, [])]

    def check(self):
        files = [path.relative_to(self.root)
                 for folder in MAY_INCLUDE
                 for path in sorted((self.root / folder).rglob("*"))
                 if path.name.endswith((".c", ".h", ".h.in"))]
        for path in files:
            self.read(path)
        for path in files:
            if folder_of(path) == "src/protocol":
                self.check_purity(path)
        for folder in sorted({p.parent for p in (self.root / "src").rglob("*.[ch]")}):
            if folder_of(folder.relative_to(self.root) / "x") is None:
                self.say(folder.relative_to(self.root), 0, "is no floor; see MAY_INCLUDE")
        return len(files), self.problems


def main():
    count, problems = Tree(sys.argv[1]).check()
    print("\n".join(problems))
    if count == 0:
        print(f"{sys.argv[1]}: no source files")
    print(f"{count} files, {len(problems)} wrong includes")
    return 1 if problems or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
