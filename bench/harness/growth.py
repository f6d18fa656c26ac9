# SPDX-License-Identifier: MIT
"""How posthaste's cost grows: with messages, recipients, the body, and sessions at once. What a
unit costs, in time and memory, is to stay flat."""
import dataclasses
import statistics

from . import clients, content
from .measure import check_arrival, progress
from .rows import CHUNKING, DATA, GIB, KIB, MIB
from .servers import Failure, Sink


@dataclasses.dataclass
class Series:
    name: str
    title: str
    axis: str  # what grows
    unit: str  # what time is told of
    steps: tuple
    quick_steps: int  # how many of them where there is little time
    sink: tuple
    job: callable  # of a step: mode, count, size, recipients, whether the body is a file
    units: callable  # of a step: how many units of work a run is

    def points(self, is_quick):
        return self.steps[:self.quick_steps] if is_quick else self.steps


def _decades(last):
    return tuple(10 ** power for power in range(last + 1))


SERIES = [
    Series("messages", "Messages over one connection (1 KiB, DATA)", "messages", "message",
           _decades(5), 5, DATA, lambda step: ("data", step, KIB, 1, False), lambda step: step),
    Series("recipients", "Recipients of one message", "recipients", "recipient", _decades(4), 4,
           DATA, lambda step: ("data", max(1, 1000 // step), KIB, step, False),
           lambda step: step * max(1, 1000 // step)),
    Series("body", "The body, from a file by BDAT", "bytes", "MiB",
           (KIB, 64 * KIB, MIB, 16 * MIB, 128 * MIB, GIB), 4, CHUNKING,
           lambda step: ("bdat,file", 1, step, 1, True), lambda step: step / MIB),
    Series("sessions", "Sessions at once from one process", "sessions", "session", _decades(4), 4,
           DATA, lambda step: ("sessions", step, KIB, 1, False), lambda step: step),
]


def _run_once(series, step):
    mode, count, size, recipients, has_file = series.job(step)
    client = clients.CLIENTS["posthaste"]
    with Sink(*series.sink) as sink:
        job = clients.Job(sink.port, mode, count, size, recipients,
                          content.file_of(size) if has_file else None)
        used = clients.run(client, job)
        check_arrival(client, job, sink.counted())
    units = series.units(step)
    return {"cpu": used["cpu_us"] / units, "wall": used["wall_us"] / units,
            "memory": used["peak_rss_kib"]}


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
    return {"step": step, **{name: statistics.median(run[name] for run in runs)
                             for name in runs[0]}}


def run(rounds, is_quick):
    """@return for each series: its name, title, axis, unit and points"""
    results = []
    for series in SERIES:
        progress(f"growth: {series.title}")
        points, failures = _points(series, series.points(is_quick), rounds)
        results.append({"name": series.name, "title": series.title, "axis": series.axis,
                        "unit": series.unit, "points": points, "failures": failures})
    return results
