# SPDX-License-Identifier: MIT
"""Large messages as files: lines of text, of which some begin with a dot."""
from . import machine

LINE = b"The quick brown fox jumps over the lazy dog, and over again.\r\n"
BLOCK = LINE * 999 + b"." + LINE[1:]  # one line of a thousand needs a dot more
HEAD = b"Subject: benchmark\r\n\r\n"


STUFFED = ".stuffed"  # is added to the name of a file for its twin


def _write(path, size, block):
    """A message of this size before its dots are doubled, by blocks of which some may have been."""
    with open(path, "wb") as file:
        file.write(HEAD)
        left = size - len(HEAD) - 2
        while left >= len(BLOCK):
            file.write(block)
            left -= len(BLOCK)
        file.write(LINE * (left // len(LINE)) + b"x" * (left % len(LINE)) + b"\r\n")


def file_of(size):
    """The path of a message of exactly this size, and beside it lies a twin as DATA sends it, with
    dots doubled, for the raw writer; made when they are not there yet."""
    path = machine.WORK / f"message-{size}.eml"
    twin = machine.WORK / (path.name + STUFFED)
    if path.exists() and path.stat().st_size == size and twin.exists():
        return str(path)
    machine.WORK.mkdir(parents=True, exist_ok=True)
    _write(path, size, BLOCK)
    _write(twin, size, BLOCK.replace(b"\n.", b"\n.."))
    return str(path)
