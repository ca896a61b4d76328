"""``spectral-bench claims ID --rerun-one``: make one of the runs behind a verdict again."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import typer

from spectral_bench.claims.measures import measured
from spectral_bench.errors import InputError
from spectral_bench.records.collection import collect
from spectral_bench.report.claim_commands import what_is_missing
from spectral_bench.report.numbers import NOTHING
from spectral_bench.runs.made_again import make_again
from spectral_bench.runs.verification import verify_run
from spectral_bench.ui.run_summary import StoppedEarly
from spectral_bench.ui.verification_result import show_verification, tell_verification

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
        InputError: no run that decides it is complete.
        DataError: a file of the run, or of its data, is missing or damaged.
        typer.Exit: with 1, when a number differs.
        StoppedEarly: a signal came.
    """
    run = verdict.shortest_run
    if run is None:
        missing = what_is_missing(verdict, file)
        raise InputError(f"--rerun-one: no run that decides {verdict.claim.id} is complete. {missing}")
    typer.echo(f"{run.directory}: {_result(verdict, run)}")
    found = verify_run(run.directory, whole=True, data_dir=data_dir)
    if found.difference is None:
        show_verification(found)
        return
    tell_verification(found)
    with TemporaryDirectory() as folder:
        stopped_by = make_again(run.directory, Path(folder), data_dir)
        if stopped_by is not None:
            raise StoppedEarly(stopped_by)
        (again,) = collect([Path(folder)]).runs
    word = verdict.with_repeat(run, again).decision.word
    recorded = "as by" if word is verdict.decision.word else f"{verdict.decision.word.value} by"
    typer.echo(f"Trained to its end here: {_result(verdict, again)}.")
    typer.echo(f"By it the claim is {word.value}, {recorded} the one recorded.")
    raise typer.Exit(1)


def _result(verdict: Verdict, run: Run) -> str:
    value = measured(run, verdict.claim.metric)
    shown = NOTHING if value is None else run.status if run.status == "diverged" else f"{value:.10g}"
    return f"{verdict.claim.metric} {shown}"
