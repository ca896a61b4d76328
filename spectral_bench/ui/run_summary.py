"""The table at the end of a run."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer
from rich.box import HORIZONTALS
from rich.console import Console
from rich.table import Table
from rich.text import Text

from spectral_bench.records.run_tables import first_look
from spectral_bench.report.numbers import NOTHING, duration, number
from spectral_bench.runs.field_words import field_in_words
from spectral_bench.runs.interruption import exit_code
from spectral_bench.runs.session import SessionResult, resume_command


class StoppedEarly(SystemExit):
    """A run was stopped early: exits with the code of what stopped it."""

    def __init__(self, cause: str) -> None:
        self.cause = cause
        self.exit_code = exit_code(cause)
        super().__init__(self.exit_code)


def show_end(result: SessionResult, console: Console) -> None:
    """Print the result of a run; if it was stopped early, also how to resume it.

    Raises:
        StoppedEarly: it was stopped before its end.
    """
    if result.stopped_by is None:
        show_results(result.summary, result.directory, console, result.centre)
        return
    typer.echo(
        f"Stopped by {result.stopped_by} after {result.summary['steps']:,} updates. "
        f"To go on: {resume_command(result.directory)}",
        err=True,
    )
    raise StoppedEarly(result.stopped_by)


def show_results(
    summary: Mapping[str, Any], directory: Path, console: Console, centre: float | None = 1.0, title: str | None = None
) -> None:
    """Print the result of a run, and where its files are.

    Args:
        summary: the content of ``summary.json``.
        directory: of the run.
        console: where to print.
        centre: what the spectral margin is measured from; None: there is no margin.
        title: what was trained, in a few words; None: model, task and seed.
    """
    heading = Text(title or f"{summary['model']} on {summary['task']}, seed {summary['seed']}", style="bold")
    table = Table(title=heading, title_justify="left", box=HORIZONTALS, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(style="dim")
    for row in _rows(summary, first_look(directory), centre):
        table.add_row(*row)
    console.print(table, highlight=False)
    console.print(Text(str(directory)), soft_wrap=True)


def _rows(summary: Mapping[str, Any], first: int | None, centre: float | None) -> Iterator[tuple[str, str, str]]:
    """Name, value and remark of every line; ``first`` is the step of the first look, ``centre`` the margin's."""
    metric, best_step = summary["metric"], summary["best_step"]
    yield field_in_words("test", metric), number(summary["test"]), _baseline(summary, "metric")
    at_best = "" if best_step is None else f"of step {best_step:,}, best on validation"
    yield "  with best weights", number(summary["test_at_best"]), at_best
    yield field_in_words("validation", metric), number(summary["validation"]), ""
    yield field_in_words("train", metric), number(summary["train"]), ""
    yield "test loss", number(summary["loss_test"]), _baseline(summary, "loss")
    if summary["baseline"] is not None:
        yield "baseline beaten", _step(summary["steps_to_beat_baseline"], first), ""
    if summary["not_finite"]:
        yield "updates not finite", number(summary["not_finite"]), ""
    if summary["solved_at"] is not None:  # many tasks are never called solved
        yield "solved", _step(summary["solved_at"], first), ""
    decay = summary["gradient_decay_rate"]
    remark = "" if decay is None else f"norm ~ exp({decay:.2g} t)"
    yield "gradients", summary["gradient_verdict"] or NOTHING, remark
    reference = "1" if centre == 1 else "centre"
    remark = "" if centre is None else f"largest |sigma - {reference}|"
    yield "spectral margin", number(summary["spectral_margin"]), remark
    yield "parameters", number(summary["num_parameters"]), ""
    per_step = summary["ms_per_step"]
    yield "time", duration(summary["wall_seconds"]), "" if per_step is None else f"{number(per_step)} ms an update"


def _baseline(summary: Mapping[str, Any], of: str) -> str:
    return f"memoryless baseline {number(summary['baseline'])}" if summary["baseline_of"] == of else ""


def _step(step: int | None, first: int | None) -> str:
    """When it was first so; what was so at the first look may have been so before."""
    return "never" if step is None else f"step {'≤' if step == first else ''}{step:,}"
