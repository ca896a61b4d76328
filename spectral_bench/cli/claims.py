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
    report = claim_report(verdicts[0], found.notes) if len(chosen) == 1 else claims_report(verdicts, found.notes)
    deliver(report, Console(), form=wanted, output=output)


def _sorted(names: list[str], known: Mapping[str, Claim]) -> tuple[list[Claim], list[Path]]:
    """What was named: claims, and folders.

    Raises:
        InputError: a name is neither.
    """
    from spectral_bench.config.hints import unknown
    from spectral_bench.errors import InputError

    chosen, paths = [], []
    for name in names:
        if name in known:
            chosen.append(known[name])
        elif Path(name).exists():
            paths.append(Path(name))
        else:
            raise InputError(unknown("ID", name, known))
    return chosen, paths
