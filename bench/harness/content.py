# SPDX-License-Identifier: MIT
"""Large messages as files: lines of text, of which some begin with a dot."""
from . import machine

LINE = b"The quick brown fox jumps over the lazy dog, and over again.\r\n"
PLAIN = LINE * 1000
DOTTED = LINE * 999 + b"." + LINE[1:]  # one line of a thousand needs a dot more
HEAD = b"Subject: benchmark\r\n\r\n"


def _write(path, size, block):
    with open(path, "wb") as file:
        if size == 0:
            return
        file.write(HEAD)
        left = size - len(HEAD) - 2
        while left >= len(block):
            file.write(block)
            left -= len(block)
        file.write(LINE * (left // len(LINE)) + b"x" * (left % len(LINE)) + b"\r\n")


def file_of(size, has_dots=True):
    """The path of a message of exactly this size, made when it is not there yet. Without dots it is
    what DATA sends of it."""
    path = machine.WORK / f"message-{'dotted' if has_dots else 'plain'}-{size}.eml"
    if not path.exists() or path.stat().st_size != size:
        machine.WORK.mkdir(parents=True, exist_ok=True)
        _write(path, size, DOTTED if has_dots else PLAIN)
    return str(path)
