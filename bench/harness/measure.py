# SPDX-License-Identifier: MIT
"""Runs rows: each client in turn, round after round, and looks whether everything arrived."""
import statistics
import sys

from . import clients, content
from .servers import Failure, PostfixSink, Proxy, Sink

SERVERS = {"posthaste": Sink, "postfix": PostfixSink}


def check_arrival(client, job, counted):
    """What the server counted must be what the client was given to send."""
    messages, size, recipients = counted
    wanted = job.count * max(job.size, 2)  # of an empty message an empty line arrives
    if messages != job.count:
        raise Failure(f"{client.name}: {job.count} messages were sent, {messages} arrived")
    if recipients is not None and recipients != job.count * job.recipients:
        raise Failure(f"{client.name}: {recipients} recipients arrived")
    if size is not None and (size < wanted or (size != wanted and not client.adds_headers)):
        raise Failure(f"{client.name}: {wanted} bytes were sent, {size} arrived")


def run_once(row, entry, count):
    """One client, once, against a server of its own. @return what it used"""
    client = clients.CLIENTS[entry.client]
    with SERVERS[row.server](*row.sink) as server:
        job = clients.Job(server.port, entry.mode, count, row.size, row.recipients,
                          content.file_of(row.size, row.has_dots) if row.has_file else None,
                          server.cafile if "tls" in entry.mode.split(",") else None)
        if row.round_trip_ms:
            with Proxy(server.port, row.round_trip_ms) as proxy:
                job.port = proxy.port
                used = clients.run(client, job)
                used["turns"] = proxy.turns()
        else:
            used = clients.run(client, job)
        check_arrival(client, job, server.counted())
    return used


def value_of(row, count, used):
    """The number that the row compares."""
    if row.unit == "s/GB":
        return used["cpu_us"] / 1e6 / (count * row.size / 1e9)
    if row.unit == "trips":
        return used["wall_us"] / 1000 / row.round_trip_ms / count
    if row.unit == "MiB":
        return used["peak_rss_kib"] / 1024
    return used["cpu_us"] / count


def grown_kib(used, name="peak_rss_kib"):
    """By how much the process has grown since the measurement began."""
    return max(0, used[name] - used["base_rss_kib"])


def other_values(row, count, used):
    """What else is worth knowing of a run."""
    if row.unit == "trips":
        return {"turns": used["turns"] / count}
    if row.unit == "session":
        return {"KiB, open": grown_kib(used, "open_rss_kib") / count
                if used.get("open_rss_kib") else None,
                "KiB, sending": grown_kib(used) / count}
    if row.unit == "s/GB":
        return {"wall s/GB": used["wall_us"] / 1e6 / (count * row.size / 1e9)}
    return {"wall": used["wall_us"] / count}


def summary(values, base=None):
    """Median, quartiles, and, if there is a limit, the median ratio to it in the same round."""
    low, middle, high = (statistics.quantiles(values, n=4, method="inclusive")
                         if len(values) > 1 else [values[0]] * 3)
    result = {"median": middle, "low": low, "high": high}
    if base:
        ratios = [value / limit for value, limit in zip(values, base) if limit > 0]
        result["ratio"] = statistics.median(ratios) if ratios else None
    return result


def progress(text):
    print(text, file=sys.stderr, flush=True)


class RowRun:
    """All rounds of one row."""

    def __init__(self, row):
        self.row = row
        self.entries = [entry for entry in row.entries if clients.CLIENTS[entry.client].is_here()]
        self.missing = [entry.name for entry in row.entries if entry not in self.entries]
        self.values = {entry.name: [] for entry in self.entries}
        self.others = {entry.name: [] for entry in self.entries}
        self.failures = {}
        self.rounds = 0

    def count_of(self, entry):
        client = clients.CLIENTS[entry.client]
        share = client.share if entry.share is None else entry.share
        return max(1, round(self.row.count * share))

    def round(self):
        self.rounds += 1
        for entry in self.entries:
            if entry.name in self.failures:
                continue
            count = self.count_of(entry)
            try:
                used = run_once(self.row, entry, count)
            except Failure as failure:
                self.failures[entry.name] = str(failure)
                progress(f"  {failure}")
                continue
            self.values[entry.name].append(value_of(self.row, count, used))
            self.others[entry.name].append(other_values(self.row, count, used))

    def result(self):
        base = self.values.get("raw")
        lines = []
        for entry in self.entries:
            if not self.values[entry.name] or entry.name in self.failures:
                continue
            line = {"name": entry.name, "messages": self.count_of(entry),
                    **summary(self.values[entry.name], base)}
            for name, value in self.others[entry.name][0].items():
                line[name] = None if value is None else statistics.median(
                    other[name] for other in self.others[entry.name])
            lines.append(line)
        return {"name": self.row.name, "title": self.row.title, "unit": self.row.unit,
                "at_most": self.row.at_most, "goal": self.row.goal, "rounds": self.rounds,
                "lines": lines, "missing": self.missing, "failures": self.failures}


def run_row(row, rounds, is_quick):
    progress(f"{row.name}: {row.title}")
    run = RowRun(row.less() if is_quick else row)
    for _ in range(min(rounds, row.rounds_max)):
        run.round()
    return run.result()
