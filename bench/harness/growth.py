# SPDX-License-Identifier: MIT
"""How posthaste's cost grows: with messages, recipients, the body, and sessions at once. What a
unit costs, in time and memory, is to stay flat."""
import dataclasses
import statistics

from . import clients, content
from .measure import check_arrival, grown_kib, progress
from .rows import CHUNKING, DATA, GIB, KIB, MIB
from .servers import Failure, Sink


@dataclasses.dataclass
class Series:
    name: str
    title: str
    axis: str  # what grows
    unit: str  # what time and memory are told of
    steps: tuple
    quick_steps: int  # how many of them where there is little time
    sink: tuple
    job: callable  # of a step: mode, count, size, recipients, whether the body is a file
    units: callable  # of a step: how many units it is
    runs: callable = lambda step: 1  # of a step: how often these are sent, one after the other
    memory_in: str = "bytes"  # in what memory a unit is told: or in KiB

    def points(self, is_quick):
        return self.steps[:self.quick_steps] if is_quick else self.steps


def _decades(last):
    return tuple(10 ** power for power in range(last + 1))


def _few_recipients(step):
    """A message to few recipients is over too soon to be timed: so many of them are sent."""
    return max(1, 1000 // step)


SERIES = [
    Series("messages", "Messages over one connection (1 KiB, DATA)", "messages", "message",
           _decades(5), 5, DATA, lambda step: ("data", step, KIB, 1, False), lambda step: step),
    Series("recipients", "Recipients of one message", "recipients", "recipient", _decades(4), 4,
           DATA, lambda step: ("data", _few_recipients(step), KIB, step, False),
           lambda step: step, _few_recipients),
    Series("body", "The body, from a file by BDAT", "bytes", "MiB",
           (0, KIB, 64 * KIB, MIB, 16 * MIB, 128 * MIB, GIB), 5, CHUNKING,
           lambda step: ("bdat,file", 1, step, 1, True), lambda step: step / MIB,
           memory_in="KiB"),
    Series("sessions", "Sessions at once from one process", "sessions", "session", _decades(4), 4,
           DATA, lambda step: ("sessions", step, KIB, 1, False), lambda step: step,
           memory_in="KiB"),
]


def _run_once(series, step):
    mode, count, size, recipients, has_file = series.job(step)
    client = clients.CLIENTS["posthaste"]
    with Sink(*series.sink) as sink:
        job = clients.Job(sink.port, mode, count, size, recipients,
                          content.file_of(size) if has_file else None)
        used = clients.run(client, job)
        check_arrival(client, job, sink.counted())
    runs, units = series.runs(step), series.units(step)
    in_all = {"cpu": used["cpu_us"] / runs, "wall": used["wall_us"] / runs,
              "memory": grown_kib(used) * (KIB if series.memory_in == "bytes" else 1)}
    each = {name: value / units if units > 0 else None for name, value in in_all.items()}
    return {**each, "cpu_in_all": in_all["cpu"], "peak_kib": used["peak_rss_kib"]}


def _points(series, steps, rounds):
    """@return points, up to the step that failed if one did, and why it did"""
    points = []
    for step in steps:
        try:
            points.append(_point(series, step, rounds))
        except Failure as failure:
            progress(f"  {failure}")
            return points, {f"{step:,} {series.axis}": str(failure)}
    return points, {}


def _point(series, step, rounds):
    runs = [_run_once(series, step) for _ in range(rounds)]
    return {"step": step, **{name: None if value is None else
                             statistics.median(run[name] for run in runs)
                             for name, value in runs[0].items()}}


def run_series(series, rounds, is_quick):
    """@return its name, title, axis, units, rounds, points and failures"""
    progress(f"growth: {series.title}")
    points, failures = _points(series, series.points(is_quick), rounds)
    return {"name": series.name, "title": series.title, "axis": series.axis, "unit": series.unit,
            "memory_in": series.memory_in, "rounds": rounds, "points": points,
            "failures": failures}


def run(rounds, is_quick):
    """@return the result of each series"""
    return [run_series(series, rounds, is_quick) for series in SERIES]
