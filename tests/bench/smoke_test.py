# SPDX-License-Identifier: MIT
"""The benchmarks' rig with a few messages: everything arrives, and what does not is noticed.

BENCH is the folder of the benchmarks, BUILD the folder of the build. No time is looked at.
"""
import dataclasses
import os
import pathlib
import sys
import unittest
import unittest.mock

sys.path.insert(0, os.environ["BENCH"])
from harness import clients, growth, machine, measure, plots, report, rows  # noqa: E402 pylint: disable=wrong-import-position
from harness.servers import Failure  # noqa: E402 pylint: disable=wrong-import-position

OWN = ("raw", "posthaste")
MESSAGES = 10


def small(name):
    """A row with few and small messages, and with the limit and posthaste alone."""
    row = rows.BY_NAME[name]
    return dataclasses.replace(
        row, count=MESSAGES, size=min(row.size, 512 * rows.KIB),
        entries=[entry for entry in row.entries if entry.client in OWN])


class Rig(unittest.TestCase):
    def test_rows_of_each_kind(self):
        for name in ("lock", "pipelining", "chunking", "window", "recipients100", "big-data-memory",
                     "big-bdat-file", "tls", "big-tls", "latency", "sessions5000"):
            with self.subTest(name):
                row = small(name)
                result = measure.run_row(row, 1, False)
                self.assertEqual(result["failures"], {})
                self.assertEqual([line["name"] for line in result["lines"]],
                                 [entry.name for entry in row.entries])
                for entry in row.entries:
                    self.assertIn(entry.name, report.table(result, 1).replace("raw writer", "raw"))

    def test_growth(self):
        for series in growth.SERIES:
            with self.subTest(series.name):
                few = dataclasses.replace(series, steps=series.steps[:2])
                result = growth.run_series(few, 1, False)
                self.assertEqual(result["failures"], {})
                self.assertEqual([point["step"] for point in result["points"]], list(few.steps))
                self.assertTrue(all(point["peak_kib"] > 0 for point in result["points"]))
                self.assertIn(f"memory a {series.unit}, {series.memory_in}",
                              report.growth_table(result))

    def test_a_row_of_fewer_rounds_says_so(self):
        row = dataclasses.replace(small("window"), rounds_max=2)
        result = measure.run_row(row, 3, False)
        self.assertEqual(result["rounds"], 2)
        self.assertIn("medians of 2 rounds", report.table(result, 3))
        self.assertNotIn("rounds", report.table(result, 2))

    def test_what_did_not_arrive_is_noticed(self):
        job = clients.Job(0, "data", MESSAGES, 1024, 2)
        client = clients.CLIENTS["posthaste"]
        measure.check_arrival(client, job, (MESSAGES, MESSAGES * 1024, MESSAGES * 2))
        for counted in ((MESSAGES - 1, MESSAGES * 1024, MESSAGES * 2),
                        (MESSAGES, MESSAGES * 1024 - 1, MESSAGES * 2),
                        (MESSAGES, MESSAGES * 1024, MESSAGES)):
            with self.assertRaises(Failure):
                measure.check_arrival(client, job, counted)

    def test_a_client_that_fails_is_left_out(self):
        row = dataclasses.replace(small("pipelining"), sink=("--fail", "RCPT=550 no"),
                                  entries=[rows.Entry("posthaste", "data")])
        result = measure.run_row(row, 1, False)
        self.assertIn("posthaste", result["failures"])
        self.assertEqual(result["lines"], [])


class Words(unittest.TestCase):
    def test_libesmtp_sends_by_bdat_where_chunking_is_offered(self):
        for row in rows.ROWS:
            for entry in row.entries:
                if entry.client == "libesmtp" and row.server == "posthaste":
                    with self.subTest(row.name):
                        self.assertEqual("bdat" in entry.mode.split(","),
                                         "CHUNKING" not in row.sink)


class Figures(unittest.TestCase):
    def test_memory_is_what_was_added(self):
        used = {"base_rss_kib": 100, "open_rss_kib": 90, "peak_rss_kib": 130}
        self.assertEqual(measure.grown_kib(used), 30)
        self.assertEqual(measure.grown_kib(used, "open_rss_kib"), 0)

    def test_the_overview_says_what_is_reached(self):
        for at_most, reached in ((1.5, "| yes |"), (1.4, "| no |"), (None, "| - | - |")):
            lines = [{"name": "raw", "median": 2}, {"name": "posthaste", "median": 3, "ratio": 1.5}]
            result = {"title": "A row", "unit": "us", "at_most": at_most, "lines": lines}
            self.assertIn(reached, report.overview([result]).splitlines()[-1])

    def test_ratios_are_those_of_one_round(self):
        told = measure.summary([2, 30, 4], base=[1, 10, 4])
        self.assertEqual((told["median"], told["ratio"]), (4, 2))

    def test_numbers_have_three_digits(self):
        values = (12345.6, 12.34, 1.234, 0.12345, 0, None)
        self.assertEqual([report.number(value) for value in values],
                         ["12,346", "12.3", "1.23", "0.123", "0", "-"])

    def test_plots_know_quotes(self):
        line = {"name": "posthaste, the limit's cipher", "median": 1}
        with unittest.mock.patch.object(plots, "_gnuplot") as gnuplot:
            plots.row({"name": "a", "title": "A server's row", "lines": [line]}, "us", pathlib.Path("."))
        script = gnuplot.call_args.args[0]
        self.assertIn("'A server''s row'", script)
        self.assertIn("'posthaste, the limit''s cipher' 0", script)


if __name__ == "__main__":
    machine.use_build(os.environ["BUILD"])
    unittest.main()
