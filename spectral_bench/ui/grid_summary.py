"""What a grid came to: one table at its end, and the exit code."""

import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer
from rich.box import HORIZONTALS
from rich.console import Console
from rich.table import Table
from rich.text import Text

from spectral_bench.launch.worker import PointResult
from spectral_bench.report.numbers import NOTHING, duration, number
from spectral_bench.runs.execute import command_line
from spectral_bench.runs.interruption import exit_code
from spectral_bench.runs.layout import SUMMARY
from spectral_bench.runs.manifest import Manifest
from spectral_bench.runs.safe_reading import LARGEST_TEXT, parse_json, read_bytes
from spectral_bench.ui.grid_display import in_words
from spectral_bench.ui.run_summary import show_results

#: Ends of a point after which there is nothing left to do for this grid.
_FINE = ("done", "kept", "held", "submitted")

#: Options that the command that goes on must not have: what is done would be trained again.
_ONCE = ("--again",)


def show_grid_summary(results: Sequence[PointResult], total: int, console: Console) -> None:
    """Print one row a point, in the order given: what it differs in, how it ended, and its result on the test split."""
    counts = Counter(result.state for result in results)
    ended = ", ".join(f"{count} {state}" for state, count in counts.most_common())
    unfinished = sum(result.state not in _FINE for result in results)
    title = f"{unfinished} of {total} did not finish: {ended}" if unfinished else f"{total} points: {ended}"
    table = Table(title=Text(title, style="bold"), title_justify="left", box=HORIZONTALS)
    summaries = [_summary(result) for result in results]
    metrics = {str(summary["metric"]) for summary in summaries if summary.get("metric")}
    table.add_column("point", overflow="fold", ratio=3)
    table.add_column(f"test {metrics.pop()}" if len(metrics) == 1 else "test", justify="right")
    table.add_column("time", justify="right")
    table.add_column("what happened", overflow="fold", ratio=4)
    for result, summary in zip(results, summaries, strict=True):
        spent = duration(summary["wall_seconds"]) if summary.get("wall_seconds") else NOTHING
        table.add_row(Text(result.point), number(summary.get("test")), spent, Text(in_words(result)))
    console.print(table, highlight=False)


def show_point_card(result: PointResult, console: Console) -> None:
    """Print the result of a point that was trained, as that of a single run."""
    summary = _summary(result)
    if result.state == "done" and result.directory is not None and summary:
        centre = Manifest.read(result.directory).content.get("facts", {}).get("centre")
        show_results(summary, result.directory, console, centre, result.point)


def grid_exit_code(results: Sequence[PointResult], stop_cause: str | None) -> int:
    """0 if every point has its result or its owner; the code that all others share, else 1; that of a signal first."""
    if stop_cause is not None:
        return exit_code(stop_cause)
    codes = {result.exit_code for result in results if result.state not in _FINE}
    return 0 if not codes else codes.pop() if len(codes) == 1 else 1


def say_how_to_go_on() -> None:
    """The one line that goes on with this grid, on stderr."""
    command = [word for word in command_line() if word not in _ONCE]
    typer.echo(f"To go on with this grid: {shlex.join(command)}", err=True)


def _summary(result: PointResult) -> dict[str, Any]:
    """The summary of a point's run; empty if there is none."""
    if result.directory is None or result.state not in ("done", "kept", "diverged", "stopped"):
        return {}
    try:
        return parse_json(read_bytes(Path(result.directory) / SUMMARY, LARGEST_TEXT))
    except (OSError, ValueError):
        return {}
