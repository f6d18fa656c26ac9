# SPDX-License-Identifier: MIT
"""The rows: what is sent, to what kind of server, by whom, and what is to be compared."""
import dataclasses

KIB, MIB, GIB = 1024, 1024 ** 2, 1024 ** 3

PLAIN = ("--without", "STARTTLS")
LOCK = (*PLAIN, "--without", "PIPELINING", "--without", "CHUNKING")
DATA = (*PLAIN, "--without", "CHUNKING")
CHUNKING = PLAIN
DATA_TLS = ("--without", "CHUNKING")

PEERS = ("libesmtp", "curl-easy", "go-net-smtp", "python-smtplib", "nodemailer", "ruby-net-smtp")


@dataclasses.dataclass
class Entry:
    """One line of a row: a client, and in which words it gets the job."""
    client: str
    mode: str
    label: str = None
    share: float = None  # of the count, in place of the client's own

    @property
    def name(self):
        return self.label or self.client


@dataclasses.dataclass
class Row:
    name: str
    title: str
    sink: tuple
    count: int
    size: int
    entries: list
    unit: str  # "us", "s/GB", "trips", "session", "MiB"
    recipients: int = 1
    round_trip_ms: int = 0
    at_most: float = None  # posthaste's ratio to the limit
    goal: str = None  # what else posthaste must reach
    has_file: bool = False
    has_dots: bool = True  # the file has lines that begin with one
    server: str = "posthaste"
    rounds_max: int = 100  # fewer than asked for, where a round is long and exact
    quick: float = 0.2  # of the count, where there is little time

    def small(self, count, names):
        """The same with so many messages by these clients, for tests."""
        chosen = [entry for entry in self.entries if entry.client in names]
        return dataclasses.replace(self, count=count, entries=chosen)

    def less(self):
        """The same with less of everything."""
        if self.has_file:
            return dataclasses.replace(self, size=self.size // 8)
        return dataclasses.replace(self, count=max(1, round(self.count * self.quick)))


def entries(mode, *names, **labels):
    """Entries that all have the same mode."""
    return [Entry(name, mode, **labels) for name in names]


def _whole(mode, *names):
    """Entries that each do all of the row's count."""
    return [Entry(name, mode, share=1) for name in names]


def _pooled(mode):
    return Entry("posthaste", mode + ",pool", "posthaste, by its pool")


def _blocking(mode):
    return Entry("posthaste", mode + ",smtp", "posthaste, blocking")


# Who sends by BDAT wherever CHUNKING is offered, and who never does.
_CHUNKING_PEERS = ("libesmtp",)
_DATA_PEERS = tuple(name for name in PEERS if name not in _CHUNKING_PEERS)
# Net::SMTP would take minutes.
_LARGE_PEERS = tuple(name for name in PEERS if name != "ruby-net-smtp")
_LARGE_DATA_PEERS = tuple(name for name in _LARGE_PEERS if name in _DATA_PEERS)

ROWS = [
    Row("lock", "A server without PIPELINING", LOCK, 10000, KIB,
        [*entries("lock", "raw", "posthaste"), _blocking("lock"),
         *entries("lock", "smtp-source", *PEERS)], "us", at_most=1.15),
    Row("pipelining", "PIPELINING, DATA", DATA, 20000, KIB,
        [*entries("data", "raw", "posthaste"), _pooled("data"), _blocking("data"),
         *entries("data", "smtp-source", *PEERS)], "us", at_most=1.3),
    Row("chunking", "CHUNKING, overlapped", CHUNKING, 20000, KIB,
        [*entries("bdat", "raw", "posthaste"), _pooled("bdat"), _blocking("bdat"),
         Entry("libesmtp", "bdat")], "us", at_most=1.3),
    Row("window", "CHUNKING, a relay known to be good, 64 in flight", CHUNKING, 100000, KIB,
        [*entries("window", "raw", "posthaste"), _pooled("window")], "us", at_most=4),
    Row("smtp-sink", "PIPELINING, DATA, to Postfix's smtp-sink", (), 20000, KIB,
        entries("data", "raw", "posthaste", "smtp-source", *PEERS), "us", server="postfix"),
    Row("recipients100", "One message to 100 recipients, PIPELINING", DATA, 5000, KIB,
        entries("data", "raw", "posthaste", "smtp-source", *PEERS), "us", recipients=100,
        at_most=2.5),
    Row("big-data-memory", "256 MiB by DATA from memory", DATA, 1, 256 * MIB,
        _whole("data", "raw", "posthaste", "smtp-source", *_LARGE_PEERS), "s/GB", at_most=1.4,
        has_file=True),
    # The limit reads what it sends, since what is not read cannot be looked through; and it reads
    # the same file, since another may lie in the page cache in other pieces.
    Row("big-data-file", "256 MiB by DATA from a file", DATA, 4, 256 * MIB,
        [Entry("raw", "data,file"), *_whole("data,file", "posthaste", "libesmtp", "curl-easy")],
        "s/GB", at_most=1.4, has_file=True, has_dots=False),
    Row("big-bdat-memory", "256 MiB by BDAT from memory", CHUNKING, 1, 256 * MIB,
        [Entry("raw", "bdat"), Entry("posthaste", "bdat,crlf"),
         Entry("posthaste", "bdat", "posthaste, line ends unknown"),
         Entry("libesmtp", "bdat", share=1)], "s/GB", at_most=1.15, has_file=True),
    Row("big-bdat-file", "256 MiB by BDAT from a file", CHUNKING, 1, 256 * MIB,
        [Entry("raw", "bdat,file"), Entry("posthaste", "bdat,file,crlf"),
         Entry("posthaste", "bdat,file", "posthaste, line ends unknown"),
         Entry("libesmtp", "bdat,file", share=1)], "s/GB", at_most=1.15, has_file=True),
    Row("tls", "TLS 1.3, PIPELINING", DATA_TLS, 10000, KIB,
        entries("data,tls", "raw", "posthaste", *PEERS), "us", at_most=1.3),
    Row("big-tls", "256 MiB over TLS 1.3, from memory", (), 1, 256 * MIB,
        [*_whole("data,tls", "raw"), Entry("posthaste", "bdat,tls"),
         Entry("posthaste", "bdat,tls,crlf", "posthaste, line ends vouched for"),
         Entry("posthaste", "data,tls", "posthaste, by DATA"),
         Entry("posthaste", "bdat,tls,openssl-order", "posthaste, the limit's cipher"),
         *_whole("bdat,tls", *_CHUNKING_PEERS), *_whole("data,tls", *_LARGE_DATA_PEERS)],
        "s/GB", at_most=0.9, has_file=True),
    Row("latency", "200 messages over a round trip of 20 ms", CHUNKING, 200, KIB,
        [*_whole("data", "raw"), *_whole("bdat", "posthaste"),
         Entry("posthaste", "window", "posthaste, relay known to be good"),
         *_whole("bdat", *_CHUNKING_PEERS), *_whole("data", *_DATA_PEERS)], "trips",
        round_trip_ms=20, rounds_max=2,
        goal="at most 1.1 round trips a message; 0.05 with a relay known to be good"),
    Row("sessions5000", "5,000 sessions at once from one process", DATA, 5000, KIB,
        entries("sessions", "raw", "posthaste") + _whole("sessions", "curl-multi", "go-net-smtp"),
        "session", at_most=1.6, goal="at most 2 KiB a session, also while all send"),
    Row("rss", "Peak memory of a send of 1 GiB", DATA, 1, GIB,
        _whole("data,file", "posthaste", "libesmtp", "curl-easy"), "MiB", has_file=True, rounds_max=3,
        goal="at most 8 MiB, whatever the size"),
]
BY_NAME = {row.name: row for row in ROWS}
