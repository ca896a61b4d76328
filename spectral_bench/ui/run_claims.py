"""``spectral-bench claims ID --run``: train what decides a claim."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from spectral_bench.claims.run_requests import RunRequest, merged
from spectral_bench.claims.verdict import Verdict
from spectral_bench.config.launcher_choice import split_launcher
from spectral_bench.config.overrides import typed_key
from spectral_bench.config.schema import EXECUTION
from spectral_bench.errors import InputError
from spectral_bench.launch.point import compose_points
from spectral_bench.report.claim_commands import RESULTS
from spectral_bench.report.claim_words import not_counted
from spectral_bench.report.numbers import counted
from spectral_bench.ui.grid import GridRequest, chosen_launcher, train_grid

if TYPE_CHECKING:
    from rich.console import Console

    from spectral_bench.records.collection import Collection

#: What belongs to a run of a claim though it says how a run is carried out.
_NOT_TYPED = ("trace.gradients", "trace.spectrum", "train.evaluation_batch_size")

#: What runs of a search need not record: they choose, and show nothing.
_UNTRACED = ("trace.gradients=false", "trace.spectrum=false")


def run_claims(
    judged: Callable[[], tuple[Sequence[Verdict], Collection]],
    overrides: Sequence[str],
    plugins: Sequence[str],
    console: Console,
) -> None:
    """Train everything that is missing: the searches, then the runs that decide with what these chose.

    Args:
        judged: reads the runs, and judges the claims by them, at every call anew.
        overrides: of all runs: launcher, device, threads, folders, traces; nothing that changes what is learnt.
        plugins: what ``--plugin`` named.
        console: where to show progress.

    Raises:
        InputError: an override would change the protocol, or the launcher is wrong.
        typer.Exit: a training failed or was stopped. One that diverged is a result.
    """
    _, common = split_launcher(overrides)
    for override in common:
        key = typed_key(override)
        if key not in EXECUTION or key in _NOT_TYPED:
            raise InputError(
                f"{override}: a claim is decided by its own protocol. What may be set is how its runs are executed and "
                "watched: launcher, device, train.threads, data_dir, results_dir, trace.every."
            )
    request = GridRequest(
        [*overrides], None, [*plugins], [], again=None, retry=0, keep_going=False, quiet=False, wait=True
    )
    launcher = chosen_launcher(request)
    tried: set[tuple[str, ...]] = set()
    while missing := _untried(judged()[0], tried):
        points = {tuple(merged([*_typed(one, searches=searches), RESULTS, *common])) for one, searches in missing}
        tried |= {tuple(one.typed) for one, _ in missing}
        grid = compose_points(sorted(points), plugins=plugins, merge=True)
        if grid.rejected:
            raise grid.rejected[0].error
        code = train_grid(grid, launcher, request, console)
        if code not in (0, 1):
            raise typer.Exit(code)
    verdicts, found = judged()
    lacking = sum(len(verdict.missing) for verdict in verdicts)
    if lacking:
        typer.echo(f"Still missing: {counted(lacking, 'run')}, failed, damaged or under way elsewhere.", err=True)
        reasons = [text for verdict in verdicts for text in not_counted(verdict)]
        for text in dict.fromkeys([*reasons, *found.unreadable]):
            typer.echo(text, err=True)
        if found.unreadable:
            typer.echo("A damaged run is made again once its directory is deleted.", err=True)
        raise typer.Exit(1)


def trained_into(overrides: Sequence[str]) -> Path:
    """Where the runs are made."""
    folders = [word.partition("=")[2] for word in [RESULTS, *overrides] if word.startswith("results_dir=")]
    return Path(folders[-1])


def _untried(verdicts: Sequence[Verdict], tried: set[tuple[str, ...]]) -> list[tuple[RunRequest, bool]]:
    """The runs that are missing and were not tried yet, and whether each belongs to a search."""
    return [
        (request, verdict.claim.search is not None and request.seed == verdict.claim.search.seed)
        for verdict in verdicts
        for request in verdict.missing
        if tuple(request.typed) not in tried
    ]


def _typed(request: RunRequest, *, searches: bool) -> list[str]:
    return [*request.typed, *_UNTRACED] if searches else request.typed
