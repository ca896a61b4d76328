"""``spectral-bench claims``: what the papers claim, and what the runs say of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spectral_bench.cli.plugin_option import Plugins
from spectral_bench.cli.run_options import TableFormatOption, chosen_format, read_runs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectral_bench.claims.claim import Claim
    from spectral_bench.claims.verdict import Verdict


def claims(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID|PATH]...",
            help="A claim to show whole; folders of runs (default: results).",
            show_default=False,
        ),
    ] = None,
    *,
    file: Annotated[
        Path | None, typer.Option("--claims", metavar="FILE", help="Claims of your own, laid out like claims.yaml.")
    ] = None,
    whole: Annotated[bool, typer.Option("--whole", help="Every claim in full, below the table.")] = False,
    rerun_one: Annotated[
        bool,
        typer.Option(
            "--rerun-one", help="With an ID: train the shortest run that decides it again, and compare every number."
        ),
    ] = False,
    form: TableFormatOption = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file.")] = None,
    _plugins: Plugins = None,
) -> None:
    """Show what the papers claim and what the runs say of it: reproduced, beaten, refuted or open.

    A rule written before the runs decides. With the ID of a claim: its rule, its runs, its numbers, and the commands
    for the runs that are missing.
    """
    from rich.console import Console

    from spectral_bench.claims.load_claims import load_claims
    from spectral_bench.claims.verdict import judge
    from spectral_bench.report.claims_table import claim_report, claims_report
    from spectral_bench.runs.effective_config import effective_config
    from spectral_bench.ui.delivery import deliver

    wanted = chosen_format(form, output)
    known = load_claims(file)
    chosen, paths = _sorted(names or [], known)
    found = read_runs(paths or None, None)
    verdicts = [judge(claim, found.runs, effective_config) for claim in chosen or known.values()]
    if rerun_one:
        _rerun_one(verdicts if chosen else [])
        return
    if len(chosen) == 1:
        report = claim_report(verdicts[0], found.notes)
    else:
        report = claims_report(verdicts, found.notes, whole=whole)
    deliver(report, Console(), form=wanted, output=output)


def _rerun_one(verdicts: list[Verdict]) -> None:
    """Replay the shortest run that decides a claim.

    Raises:
        InputError: not exactly one claim was named, or it has no such run.
    """
    from spectral_bench.errors import InputError
    from spectral_bench.runs.verification import verify_run
    from spectral_bench.ui.verification_result import show_verification

    if len(verdicts) != 1:
        raise InputError("--rerun-one: name one claim.")
    run = verdicts[0].shortest_run
    if run is None:
        raise InputError(f"--rerun-one: no run that decides {verdicts[0].claim.id} is complete.")
    typer.echo(f"{run.directory}: {verdicts[0].claim.metric} {run.summary.get(verdicts[0].claim.metric)}")
    show_verification(verify_run(run.directory, whole=True))


def _sorted(names: list[str], known: Mapping[str, Claim]) -> tuple[list[Claim], list[Path]]:
    """What was named: claims, and folders.

    Raises:
        InputError: a name is neither.
    """
    from spectral_bench.config.hints import unknown
    from spectral_bench.errors import InputError
    from spectral_bench.records.discovery import named_run

    chosen, paths = [], []
    for name in names:
        if name in known:
            chosen.append(known[name])
        elif Path(name).exists() or named_run(Path(name)) is not None:
            paths.append(Path(name))
        else:
            raise InputError(unknown("ID", name, known))
    return chosen, paths
