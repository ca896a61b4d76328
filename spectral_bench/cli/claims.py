"""``spectral-bench claims``: what the papers claim, and what the runs say of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from spectral_bench.cli.help_panels import OUTPUT, SHOWN, TRAINING
from spectral_bench.cli.plugin_option import Plugins
from spectral_bench.cli.run_options import TableFormatOption, chosen_format, read_runs
from spectral_bench.errors import InputError
from spectral_bench.runs.interruption import ending_on_signals
from spectral_bench.ui.broken_pipe import outliving_readers

if TYPE_CHECKING:
    from spectral_bench.claims.claim import Claim
    from spectral_bench.claims.protocol import Configure
    from spectral_bench.claims.verdict import Verdict
    from spectral_bench.records.collection import Collection


def claims(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID|PATH|KEY=VALUE]...",
            help="Claims; folders of runs (default: results); with --run, how runs are executed (launcher=local), and "
            "with --rerun-one where the data are (data_dir=DIR).",
            show_default=False,
        ),
    ] = None,
    *,
    file: Annotated[
        Path | None,
        typer.Option(
            "--claims", metavar="FILE", help="Claims of your own, laid out like claims.yaml.", rich_help_panel=SHOWN
        ),
    ] = None,
    whole: Annotated[
        bool,
        typer.Option(
            "--whole",
            help="Every claim in full, below the table; as Markdown (-o FILE.md) a page to read.",
            rich_help_panel=SHOWN,
        ),
    ] = False,
    run: Annotated[
        bool,
        typer.Option(
            "--run",
            help="Train what is missing of the claims named into results/claims, searches first; launcher=local on all "
            "cores.",
            rich_help_panel=TRAINING,
        ),
    ] = False,
    rerun_one: Annotated[
        bool,
        typer.Option(
            "--rerun-one",
            help="With an ID: make the shortest run that decides it again, and compare every number; where one "
            "differs, judge the claim by the new run. Takes data_dir=DIR.",
            rich_help_panel=TRAINING,
        ),
    ] = False,
    form: TableFormatOption = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file.", rich_help_panel=OUTPUT)
    ] = None,
    _plugins: Plugins = None,
) -> None:
    """Show what the papers claim and what the runs say of it: reproduced, beaten, refuted or open.

    A rule written before the runs decides. With the ID of a single claim: its rule, its runs, its numbers, and the
    commands that make them; while runs are missing, it exits with 2.
    """
    from rich.console import Console

    from spectral_bench.report.claims_reports import claim_report, claims_report
    from spectral_bench.report.reproduction_page import reproduction_page
    from spectral_bench.runs.effective_config import EffectiveConfigs
    from spectral_bench.ui.delivery import deliver, write_named

    if rerun_one and (whole or form or output):
        raise InputError("--rerun-one compares one run, and has no use for --whole, --format and --output.")
    wanted = chosen_format(form, output)
    words = _sort(names or [], file)
    _check_overrides(words.overrides, trains=run, reruns=rerun_one)
    if run and not words.named and file is None:
        raise InputError("--run: name the claims to train; there are many, and some take days. `claims` lists them.")
    configure = EffectiveConfigs()
    if run:
        from spectral_bench.ui.run_claims import run_claims, trained_into

        words = replace(words, trained_into=trained_into(words.overrides))
        with outliving_readers(), ending_on_signals():
            run_claims(lambda: _judged(words, configure), words.overrides, _plugins or [], Console())
    verdicts, found = _judged(words, configure)
    if rerun_one:
        _rerun_one(verdicts, words)
    elif whole and wanted == "markdown":
        page = reproduction_page(verdicts, found.notes, file=file)
        typer.echo(page, nl=False) if output is None else write_named(output, page)
    elif words.is_one:
        deliver(claim_report(verdicts[0], found.notes, file=file), Console(), form=wanted, output=output)
    else:
        deliver(claims_report(verdicts, found.notes, whole=whole, file=file), Console(), form=wanted, output=output)
    if words.is_one and not rerun_one:
        _refuse_missing(verdicts[0], file)


@dataclass(frozen=True)
class _Words:
    """What was named.

    Attributes:
        named: the claims that were.
        known: all there are.
        paths: folders of runs.
        overrides: of the runs.
        file: which holds the claims; None: that of this package.
        trained_into: the folder of the runs that are made now.
    """

    named: list[Claim]
    known: list[Claim]
    paths: list[Path]
    overrides: list[str]
    file: Path | None
    trained_into: Path | None = None

    @property
    def claims(self) -> list[Claim]:
        """All of them, where none was named."""
        return self.named or self.known

    @property
    def is_one(self) -> bool:
        """Whether a single one was named."""
        return len(self.named) == 1


def _judged(words: _Words, configure: Configure) -> tuple[list[Verdict], Collection]:
    """The verdicts by the runs that are there now, and these."""
    from spectral_bench.claims.verdict import judge_all
    from spectral_bench.records.discovery import DEFAULT_RESULTS

    paths = words.paths or [path for path in [DEFAULT_RESULTS] if path.exists()]
    if words.trained_into is not None and words.trained_into.exists():
        paths = [*paths, words.trained_into]
    found = read_runs(paths or None, None)
    return judge_all(words.claims, found.runs, configure, words.file), found


def _refuse_missing(verdict: Verdict, file: Path | None) -> None:
    """End with an error where runs of a claim are missing, so that a script need not read the verdict.

    Raises:
        InputError: there are; the message names how many, and the command that trains them.
    """
    from spectral_bench.report.claim_commands import what_is_missing
    from spectral_bench.report.claim_words import runs_there

    if verdict.missing:
        raise InputError(f"{verdict.claim.id}: {runs_there(verdict)} runs are there. {what_is_missing(verdict, file)}")


def _rerun_one(verdicts: list[Verdict], words: _Words) -> None:
    """Make one run behind a verdict again.

    Raises:
        InputError: not exactly one claim was named, or it has no such run.
    """
    from spectral_bench.config.typed import expanded_path
    from spectral_bench.ui.rerun_claim import rerun_one

    if len(verdicts) != 1:
        raise InputError("--rerun-one: name one claim.")
    folders = [word.removeprefix("data_dir=") for word in words.overrides if word.startswith("data_dir=")]
    rerun_one(verdicts[0], words.file, expanded_path(Path(folders[-1]), "data_dir") if folders else None)


def _check_overrides(overrides: list[str], *, trains: bool, reruns: bool) -> None:
    """Refuse what nothing would use.

    Raises:
        InputError: there is an override that has no part in what was asked for.
    """
    for override in overrides:
        if trains or (reruns and override.startswith("data_dir=")):
            continue
        use = "--rerun-one takes data_dir=DIR alone" if reruns else "only --run and --rerun-one have a use for it"
        raise InputError(f"{override}: {use}.")


def _sort(names: list[str], file: Path | None) -> _Words:
    """Tell ids of claims, folders and overrides apart.

    Raises:
        InputError: a word is none of them, or the file holds no claims.
    """
    from spectral_bench.claims.load_claims import load_claims
    from spectral_bench.config.hints import unknown
    from spectral_bench.records.discovery import named_run

    known = load_claims(file)
    named: list[Claim] = []
    paths, overrides = [], []
    for name in names:
        if name in known:
            named += [known[name]] if known[name] not in named else []
        elif Path(name).suffix in (".yaml", ".yml") and Path(name).is_file():
            raise InputError(f"{name}: expected an ID or a folder of runs; --claims {quote(name)} reads claims.")
        elif Path(name).exists() or named_run(Path(name)) is not None:
            paths.append(Path(name))
        elif "=" in name:
            overrides.append(name)
        else:
            raise InputError(unknown("claim or folder", name, known))
    return _Words(named, list(known.values()), paths, overrides, file)
