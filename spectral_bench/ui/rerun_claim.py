"""``spectral-bench claims ID --rerun-one``: make one of the runs behind a verdict again."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import typer

from spectral_bench.claims.measures import TIMES, measured
from spectral_bench.errors import InputError
from spectral_bench.records.collection import collect
from spectral_bench.report.claim_commands import what_is_missing
from spectral_bench.report.numbers import NOTHING, duration
from spectral_bench.runs.made_again import make_again
from spectral_bench.runs.verification import verify_run
from spectral_bench.ui.run_summary import StoppedEarly
from spectral_bench.ui.verification_result import end_by_verification, show_verification

if TYPE_CHECKING:
    from spectral_bench.claims.verdict import Verdict
    from spectral_bench.records.run_record import Run


def rerun_one(verdict: Verdict, file: Path | None, data_dir: Path | None) -> None:
    """Replay the shortest run that decides a claim; where a number differs, say what it comes to here.

    Another processor or library rounds otherwise, and then the first numbers may differ in their last digits. What
    counts is whether the run comes to the same, and the claim to the same verdict.

    Args:
        verdict: of the claim.
        file: which holds it; None: that of this package.
        data_dir: where its data lies; None: where it lay, or else where it lies for this user.

    Raises:
        InputError: no run that decides it is complete, or the run does not fit this machine.
        DataError: a file of the run, or of its data, is missing or damaged.
        StorageError: there is no room to make it again.
        typer.Exit: with 1, when a number differs.
        StoppedEarly: a signal came.
    """
    run = verdict.shortest_run
    if run is None:
        missing = what_is_missing(verdict, file)
        raise InputError(f"--rerun-one: no run that decides {verdict.claim.id} is complete. {missing}")
    typer.echo(f"{run.directory}: {_result(verdict, run)}")
    found = verify_run(run.directory, whole=True, data_dir=data_dir)
    show_verification(found)
    if found.difference is not None:
        _tell_result_here(verdict, run, data_dir)
    end_by_verification(found)


def _tell_result_here(verdict: Verdict, run: Run, data_dir: Path | None) -> None:
    typer.echo(f"Training it to its end, which took {duration(run.summary.get('wall_seconds') or 0)} when it was made.")
    with TemporaryDirectory() as folder:
        stopped_by = make_again(run.directory, Path(folder), data_dir)
        if stopped_by is not None:
            raise StoppedEarly(stopped_by)
        (again,) = collect([Path(folder)]).runs
    typer.echo(f"Here it comes to {_result(verdict, again)}.")
    if verdict.claim.metric in TIMES:
        typer.echo("By times of two machines no claim is decided.")
        return
    now, recorded = verdict.with_repeat(run, again).decision.word, verdict.decision.word
    compared = ", as with the recorded one" if now is recorded else f"; with the recorded one it is {recorded.value}"
    typer.echo(f"With this result the claim is {now.value}{compared}.")


def _result(verdict: Verdict, run: Run) -> str:
    metric, value = verdict.claim.metric, measured(run, verdict.claim.metric)
    if run.status == "diverged" or value is None:
        return f"{metric} {NOTHING if value is None else 'diverged'}"
    return f"{metric} {value:.10g}" if isfinite(value) else f"{metric} never"
