"""``spectral-bench compare``: which model won, by how much, and whether it may be luck."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spectral_bench.cli.plugin_option import Plugins
from spectral_bench.cli.run_options import FormatOption, Paths, Where, chosen_format, read_runs

if TYPE_CHECKING:
    from spectral_bench.compare.ranks import CriticalDifference


class Against(StrEnum):
    """What to compare with."""

    paper = "paper"


def compare(
    paths: Paths = None,
    *,
    metric: Annotated[
        str, typer.Option(help="Judge by this field of the summaries: test, test_at_best, loss_test, ms_per_step, ...")
    ] = "test",
    sort: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Sort by a field or configuration key, --sort=-KEY for descending."),
    ] = None,
    where: Where = None,
    by: Annotated[
        list[str] | None,
        typer.Option("--by", metavar="KEY", help="Put runs together that agree in KEY, whatever else differs."),
    ] = None,
    against: Annotated[
        Against | None, typer.Option(help="Set published numbers beside ours, and say which are comparable.")
    ] = None,
    diff: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="A B", help="Two runs or groups side by side, by path, run id, group id, label or model."),
    ] = None,
    pairwise: Annotated[
        bool, typer.Option("--pairwise", help="Every group against every other, paired by seed; data sets by ranks.")
    ] = False,
    diagram: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With --pairwise over five or more data sets: draw the critical difference."),
    ] = None,
    form: FormatOption = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file.")] = None,
    _plugins: Plugins = None,
) -> None:
    """Compare runs: a row for those that differ in nothing but the seed, a table for every task.

    Means come with 95 % intervals over the seeds (Student's t). A run that diverged is worse than any number.
    """
    from rich.console import Console

    from spectral_bench.records.grouping import sections
    from spectral_bench.ui.delivery import deliver
    from spectral_bench.ui.pictures import check_picture

    _only_one(against=against is not None, diff=diff is not None, pairwise=pairwise)
    wanted = chosen_format(form, output)
    check_picture("--diagram", diagram)
    console = Console()
    found = read_runs(paths, where)
    groups = sections(found.runs, by or [])
    if against is not None:
        from spectral_bench.report.against_papers import against_papers

        report = against_papers(groups, found.notes)
    elif diff is not None:
        from spectral_bench.report.difference import difference_report

        report = difference_report(groups, diff, found.notes)
    elif pairwise:
        from spectral_bench.report import pairwise as pairs

        report, ranked = pairs.pairwise(groups, field=metric, notes=found.notes)
        if diagram is not None:
            _draw(ranked, diagram)
    else:
        from spectral_bench.report import comparison

        report = comparison.comparison_report(groups, field=metric, sort=sort, notes=found.notes)
    deliver(report, console, form=wanted, output=output)


def _only_one(**chosen: bool) -> None:
    """Refuse what cannot be done together.

    Raises:
        InputError: naming the options.
    """
    from spectral_bench.errors import InputError

    named = [f"--{name}" for name, wanted in chosen.items() if wanted]
    if len(named) > 1:
        raise InputError(f"{' and '.join(named)} cannot be shown together: choose one.")


def _draw(ranked: Sequence[CriticalDifference], path: Path) -> None:
    """Draw the diagram of every task that has one.

    Raises:
        InputError: none has.
    """
    from spectral_bench.errors import InputError
    from spectral_bench.figures.draw_ranks import draw_ranks
    from spectral_bench.ui.pictures import draw_all

    if not ranked:
        raise InputError("--diagram: no task has five data sets with three groups in all of them.")
    draw_all([(one.task, one) for one in ranked], draw_ranks, path)
