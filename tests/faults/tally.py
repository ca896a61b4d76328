"""Counts what the fault tests tried and what was survived, over all processes of a test run."""

from collections.abc import Callable
from typing import Any

import pytest

TITLES = {
    "interruptions": "interruptions survived / tried",
    "damaged": "damaged files detected / tried",
    "inputs": "bad inputs answered / tried",
}


class Tally:
    """Of one test; what it counts is shown at the end of the test run."""

    def __init__(self, record: Callable[[str, object], None]) -> None:
        self._record = record
        self._counts = {kind: [0, 0] for kind in TITLES}

    def tried(self, kind: str) -> None:
        """Before it is known how it goes."""
        self._counts[kind][1] += 1

    def survived(self, kind: str) -> None:
        """It went well."""
        self._counts[kind][0] += 1

    def hand_in(self) -> None:
        """At the end of the test, whether it passed or not."""
        for kind, (good, tried) in self._counts.items():
            if tried:
                self._record(f"faults {kind}", (good, tried))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Three lines, if fault tests were run."""
    # What a fixture records while it is torn down stands in the report of that phase alone.
    recorded = [
        pair
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "teardown"
        for pair in report.user_properties
    ]
    for kind, title in TITLES.items():
        counts = [count for name, count in recorded if name == f"faults {kind}"]
        if counts:
            good, tried = (sum(count[index] for count in counts) for index in (0, 1))
            terminalreporter.write_line(f"{title}: {good} / {tried}")
