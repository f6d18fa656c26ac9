# SPDX-License-Identifier: MIT
"""What the tests of posthaste bulk share: lines of JSON, and a sink that takes what is sent."""
import json
import re
import threading

from support import LIMIT, Case, FakeServer, Sink


def line(number, **fields):
    return {"from": "alice@example.org", "to": f"u{number}@example.net",
            "body": f"Subject: {number}\n\nmessage {number}\n", **fields}


def lines(objects):
    return b"".join(json.dumps(each).encode() + b"\n" for each in objects)


def numbers(messages):
    """The numbers in the subjects of messages."""
    return sorted(int(number) for message in messages
                  for number in re.findall(rb"^Subject: (\d+)\r?$", message, re.M))


class Holding(FakeServer):
    """A server that keeps its answer to the first message until it may give it."""

    def __init__(self):
        super().__init__()
        self.heard = threading.Event()
        self.may_answer = threading.Event()

    def _reply_to(self, verb):
        if verb == ".":
            self.heard.set()
            self.may_answer.wait(LIMIT)
        return super()._reply_to(verb)


class WithSink(Case):
    OPTIONS = ()

    def setUp(self):
        super().setUp()
        self.sink = self.start(Sink("--without", "STARTTLS", *self.OPTIONS))

    def bulk(self, *options, code=0, **rest):
        return self.run_for(code, "bulk", "--server", self.sink.address, *options, **rest)

    def ndjson(self, *objects):
        return self.file("list.ndjson", lines(objects))

    def arrived(self):
        return numbers(self.sink.messages())
