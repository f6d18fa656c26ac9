# SPDX-License-Identifier: MIT
"""Large messages as files: lines of text, of which some begin with a dot."""
from . import machine

LINE = b"The quick brown fox jumps over the lazy dog, and over again.\r\n"
BLOCK = LINE * 999 + b"." + LINE[1:]  # one line of a thousand needs a dot more
HEAD = b"Subject: benchmark\r\n\r\n"


def file_of(size):
    """The path of a message of exactly this size; made when it is not there yet."""
    path = machine.WORK / f"message-{size}.eml"
    if path.exists() and path.stat().st_size == size:
        return str(path)
    machine.WORK.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as file:
        file.write(HEAD)
        left = size - len(HEAD) - 2
        while left >= len(BLOCK):
            file.write(BLOCK)
            left -= len(BLOCK)
        file.write(LINE * (left // len(LINE)) + b"x" * (left % len(LINE)) + b"\r\n")
    return str(path)
