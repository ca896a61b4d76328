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

from spectral_bench.launch.worker import SETTLED, PointResult
from spectral_bench.report.numbers import NOTHING, counted, duration, number
from spectral_bench.runs.execute import command_line
from spectral_bench.runs.field_words import field_in_words
from spectral_bench.runs.interruption import exit_code
from spectral_bench.runs.layout import SUMMARY
from spectral_bench.runs.safe_reading import LARGEST_TEXT, parse_json, read_bytes
from spectral_bench.ui.grid_display import in_words

#: Ends of a point after which there is nothing left to do for this grid.
_FINISHED = (*SETTLED, "running elsewhere", "submitted")


def show_grid_summary(results: Sequence[PointResult], total: int, console: Console) -> None:
    """Print one row a point, in the order given: what it differs in, how it ended, and its result on the test split."""
    finished = [result.state for result in results if result.state in _FINISHED]
    left = [result.state for result in results if result.state not in _FINISHED]
    title = f"{counted(total, 'point')}: {_counts(finished)}"
    if left:
        title = f"{len(left):,} of {total:,} did not finish: {_counts(left)}"
        title += f"; {_counts(finished)}" if finished else ""
    table = Table(title=Text(title, style="bold"), title_justify="left", box=HORIZONTALS)
    summaries = [_summary(result) for result in results]
    metrics = {str(summary["metric"]) for summary in summaries if summary.get("metric")}
    table.add_column("point", overflow="fold", ratio=3)
    table.add_column(field_in_words("test", metrics.pop()) if len(metrics) == 1 else "test", justify="right")
    table.add_column("trained for", justify="right")
    table.add_column("what happened", overflow="fold", ratio=4)
    for result, summary in zip(results, summaries, strict=True):
        spent = duration(summary["wall_seconds"]) if summary.get("wall_seconds") else NOTHING
        # How long this process had to do with it was said when it ended, and so was all of a failure.
        happened = "done" if result.state == "done" else in_words(result).partition("; ")[0]
        table.add_row(Text(result.point), number(summary.get("test")), spent, Text(happened))
    console.print(table, highlight=False)


def grid_exit_code(results: Sequence[PointResult], stop_cause: str | None) -> int:
    """That of a signal first; then what is left to do; then what diverged, whenever that was.

    Returns:
        That of the signal; else the code that those points share which have neither a result nor an owner, or 1 if they
        share none, so that a script queues the grid again after 75 though a point diverged; else 1 if one diverged;
        else 0.
    """
    if stop_cause is not None:
        return exit_code(stop_cause)
    left = {result.exit_code or 1 for result in results if result.state not in _FINISHED}
    codes = left or {result.exit_code for result in results if result.exit_code}
    return 0 if not codes else codes.pop() if len(codes) == 1 else 1


def say_what_is_left(
    results: Sequence[PointResult], again: str | None, stop_cause: str | None, *, trains_anew: str | None
) -> None:
    """On stderr: how to go on, if there is anything left to do; else what became of points without a finite result.

    A grid that trains everything anew gets its line even when all points wait in a queue: should jobs be lost, no other
    command goes on with its runs.

    Args:
        results: of all points.
        again: the mark of a grid that trains everything anew.
        stop_cause: what asked the grid to stop; None: nothing did.
        trains_anew: the option that trains anew what has a result; None: the command has none.
    """
    states = {result.state for result in results}
    if stop_cause is not None or not states.issubset(_FINISHED) or (again is not None and "submitted" in states):
        say_how_to_go_on(again)
        return
    diverged = sum(result.state in ("diverged", "diverged before") for result in results)
    if diverged:
        otherwise = "" if trains_anew is None else f" ({trains_anew} trains all points anew)"
        typer.echo(
            f"Diverged: {diverged:,} of {counted(len(results), 'point')}. That is their result, and they are not "
            f"trained again{otherwise}.",
            err=True,
        )


def say_how_to_go_on(again: str | None) -> None:
    """The one line that goes on with this grid, on stderr.

    What ``--again`` has trained already must not be trained once more: the line holds the mark of this grid's runs.
    """
    command = [f"--again-from={again}" if word == "--again" else word for word in command_line()]
    typer.echo(f"To go on with this grid: {shlex.join(command)}", err=True)


def _counts(states: Sequence[str]) -> str:
    return ", ".join(f"{count} {state}" for state, count in Counter(states).most_common())


def _summary(result: PointResult) -> dict[str, Any]:
    """The summary of a point's run; empty if there is none."""
    if result.directory is None or result.state not in (*SETTLED, "stopped"):
        return {}
    try:
        return parse_json(read_bytes(Path(result.directory) / SUMMARY, LARGEST_TEXT))
    except (OSError, ValueError):
        return {}
