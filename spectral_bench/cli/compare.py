"""``spectral-bench compare``: which model won, by how much, and whether it may be luck."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spectral_bench.cli.completion import complete_key, complete_metric
from spectral_bench.cli.help_panels import OUTPUT, RUNS, SHOWN
from spectral_bench.cli.plugin_option import Plugins
from spectral_bench.cli.run_options import (
    Best,
    Format,
    FormatOption,
    Paths,
    Where,
    check_judged_by,
    chosen_format,
    read_runs,
)

if TYPE_CHECKING:
    from spectral_bench.compare.ranks import CriticalDifference
    from spectral_bench.errors import InputError
    from spectral_bench.records.groups import Section

#: The group of options that show something else than the plain comparison.
OTHER = "Other views"


class Matched(StrEnum):
    """What has to be equal."""

    parameters = "parameters"
    time = "time"


class Against(StrEnum):
    """What to compare with."""

    paper = "paper"


def compare(
    paths: Paths = None,
    *,
    where: Where = None,
    best: Best = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by",
            metavar="KEY",
            help="Put runs together that agree in KEY, whatever else differs.",
            autocompletion=complete_key,
            rich_help_panel=RUNS,
        ),
    ] = None,
    match: Annotated[
        Matched | None,
        typer.Option(
            metavar="parameters|time",
            help="Only groups of equal size (within 10 %), or the validation metric after equal training time.",
            rich_help_panel=RUNS,
        ),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            metavar="FIELD",
            help="Judge by this field of the summaries: test (the default), test_at_best, loss_test, ms_per_step, ...",
            autocompletion=complete_metric,
            rich_help_panel=SHOWN,
        ),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help="Sort by a column, field or configuration key, --sort=-KEY for descending.",
            autocompletion=complete_key,
            rich_help_panel=SHOWN,
        ),
    ] = None,
    wide: Annotated[
        bool, typer.Option("--wide", help="All columns, in several pieces if need be.", rich_help_panel=SHOWN)
    ] = False,
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,...",
            help="These columns: model, differs, seeds, parameters, score, best_validation, test_at_best, "
            "beats_baseline, solved, ms_per_step, decay_rate, gradients, margin, published, or any field or key.",
            rich_help_panel=SHOWN,
        ),
    ] = None,
    show_runs: Annotated[
        bool, typer.Option("--runs", help="Say which runs each row is of.", rich_help_panel=SHOWN)
    ] = False,
    against: Annotated[
        Against | None,
        typer.Option(
            metavar="paper",
            help="Set published numbers beside ours, and say which are comparable.",
            rich_help_panel=OTHER,
        ),
    ] = None,
    diff: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="A B",
            help="Two runs or groups side by side, by path, run id, group id, label or model.",
            rich_help_panel=OTHER,
        ),
    ] = None,
    pairwise: Annotated[
        bool,
        typer.Option(
            "--pairwise",
            help="Every group against every other, paired by seed; data sets by ranks.",
            rich_help_panel=OTHER,
        ),
    ] = False,
    over_tasks: Annotated[
        bool,
        typer.Option(
            "--over-tasks",
            help="The models of several tasks side by side, with mean ranks; with --pairwise and five tasks, tests.",
            rich_help_panel=OTHER,
        ),
    ] = False,
    diagram: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="With --pairwise over five or more data sets: draw the critical difference.",
            rich_help_panel=OTHER,
        ),
    ] = None,
    form: FormatOption = None,
    label: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="With --format latex: what \\ref calls the table.", rich_help_panel=OUTPUT),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file.", rich_help_panel=OUTPUT)
    ] = None,
    _plugins: Plugins = None,
) -> None:
    """Compare runs: a row for those that differ in nothing but the seed, a table for every task.

    Means come with 95 % intervals over the seeds (Student's t). A run that diverged is worse than any number.
    """
    from rich.console import Console

    from spectral_bench.compare.measuring_intervals import OF_LOOKS, notes_on_looks
    from spectral_bench.records.grouping import sections
    from spectral_bench.report.comparison_columns import WIDE
    from spectral_bench.ui.delivery import deliver
    from spectral_bench.ui.pictures import check_picture

    _only_one(against=against is not None, diff=diff is not None, pairwise=pairwise)
    wanted = chosen_format(form, output)
    asked = _asked_columns(columns, wide=wide)
    chosen = asked or (WIDE if wide else ())
    is_plain = against is None and diff is None and not pairwise
    if (chosen or show_runs) and not (is_plain and wanted not in (Format.csv, Format.json)):
        raise _refused(
            "--wide, --columns and --runs are for the tables of the plain comparison; csv and json hold all."
        )
    if label is not None and wanted is not Format.latex:
        raise _refused("--label is for --format latex.")
    if sort is not None and not is_plain:
        raise _refused("--sort is for the plain comparison.")
    if metric is not None and (against is not None or diff is not None):
        raise _refused("--metric is for the plain comparison and --pairwise.")
    if over_tasks and not (is_plain or pairwise):
        raise _refused("--over-tasks is for the plain comparison and --pairwise.")
    if over_tasks and wanted is Format.csv and diagram is None:
        raise _refused("--over-tasks is for tables, json and --diagram; csv holds no ranks.")
    if diagram is not None and not pairwise:
        raise _refused("--diagram is for --pairwise.")
    if match is Matched.time and (metric not in (None, "validation") or against is not None or diff is not None):
        raise _refused("--match time judges by --metric validation, in the plain comparison and in --pairwise.")
    check_picture("--diagram", diagram)
    console = Console()
    found = read_runs(paths, where, best)
    groups = sections(found.runs, by or [])
    judged_by = metric or "test"
    if match is not None:
        groups, notes = _matched(groups, match)
        found.notes.extend(notes)
    if match is Matched.time:
        judged_by, chosen = "validation", chosen or _COLUMNS_AFTER_TIME
    if not groups:
        raise _refused(f"There is nothing to compare. {' '.join(found.notes)}")
    check_judged_by(metric, found.runs)
    if is_plain or (pairwise and judged_by in OF_LOOKS):
        found.notes.extend(notes_on_looks(groups))
    if is_plain and not best and any(len(section.groups) > _MANY_SETTINGS for section in groups):
        found.notes.append("--best model keeps, of each model's settings, the one that validation chooses.")
    if against is not None:
        from spectral_bench.report.against_papers import against_papers

        report = against_papers(groups, found.notes)
    elif diff is not None:
        from spectral_bench.report.difference import difference_report

        report = difference_report(groups, diff, found.notes)
    elif pairwise:
        from spectral_bench.report import pairwise as pairs

        report, ranked = pairs.pairwise(groups, field=judged_by, over_tasks=over_tasks, notes=found.notes)
        if diagram is not None:
            _draw(ranked, diagram)
    else:
        from spectral_bench.report import comparison

        report = comparison.comparison_report(
            groups,
            field=judged_by,
            sort=sort,
            columns=chosen,
            as_asked=bool(asked),
            show_runs=show_runs,
            over_tasks=over_tasks,
            notes=found.notes,
        )
    deliver(replace(report, label=label), console, form=wanted, output=output)


def _refused(message: str) -> InputError:
    from spectral_bench.errors import InputError

    return InputError(message)


def _asked_columns(text: str | None, *, wide: bool) -> Sequence[str]:
    """The columns of ``--columns``.

    Raises:
        InputError: a name is empty or there twice, or ``--wide`` is there, too.
    """
    if text is None:
        return ()
    names = [name.strip() for name in text.split(",")]
    if wide or not all(names) or len(set(names)) < len(names):
        raise _refused(f"--columns {text}: expected names with commas between them, each once, and no --wide.")
    return names


#: So many rows of one table are a search, of which most readers want the outcome.
_MANY_SETTINGS = 40

#: What is known of a run before its end.
_COLUMNS_AFTER_TIME = ("model", "differs", "seeds", "parameters", "score", "steps", "beats_baseline")


def _matched(groups: Sequence[Section], match: Matched) -> tuple[list[Section], list[str]]:
    from spectral_bench.compare.matching import after_equal_time, of_equal_size

    return of_equal_size(groups) if match is Matched.parameters else after_equal_time(groups)


def _only_one(**chosen: bool) -> None:
    """Refuse what cannot be done together.

    Raises:
        InputError: naming the options.
    """
    named = [f"--{name}" for name, wanted in chosen.items() if wanted]
    if len(named) > 1:
        raise _refused(f"{' and '.join(named)} cannot be shown together: choose one.")


def _draw(ranked: Sequence[CriticalDifference], path: Path) -> None:
    """Draw the diagram of every task that has one.

    Raises:
        InputError: none has.
    """
    from spectral_bench.figures.draw_ranks import draw_ranks
    from spectral_bench.ui.pictures import draw_all

    if not ranked:
        raise _refused("--diagram: no task has five data sets with three groups in all of them.")
    draw_all([(one.task, one) for one in ranked], draw_ranks, path)
