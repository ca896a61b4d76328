"""The table of a comparison, for people."""

from collections.abc import Sequence

from spectral_bench.compare.criteria import score_name, sense
from spectral_bench.compare.group_results import GroupResult
from spectral_bench.compare.recipes import across_models
from spectral_bench.config.keys import as_typed
from spectral_bench.records.groups import Section
from spectral_bench.report.document import Cell, Column, Table
from spectral_bench.report.exclusions import left_out_notes
from spectral_bench.report.footnotes import Footnotes
from spectral_bench.report.numbers import (
    NOTHING,
    interval_notes,
    number,
    share,
    tally,
    when,
    with_interval,
    worse_notes,
)


def comparison_table(section: Section, rows: Sequence[GroupResult], field: str, cited: Footnotes) -> Table:
    """A row for every group; the best in bold.

    Args:
        section: the groups' section.
        rows: theirs.
        field: what they are judged by.
        cited: the sources of published numbers, of all tables of the report.
    """
    arrow = "↑" if sense(section, field) == "max" else "↓"
    columns = [
        Column("model", "left", label=True),
        Column("differs in", "left", label=True, optional=True),
        Column("runs"),
        Column("parameters"),
        Column(f"{score_name(section, field)} {arrow}"),
        Column("best valid."),
        Column("its test"),
        Column("beats baseline", optional=True),
        Column("ms/update"),
        Column("decay rate"),
        Column("gradients", "left"),
        Column("margin"),
        Column("published", optional=True),
    ]
    shown = [[*_cells(row, has_baseline=section.baseline is not None), _published_cell(row, cited)] for row in rows]
    notes = [*_warnings(rows), *_configured(section)]
    if any(not number.comparable for row in rows for number in row.published):
        notes.append("! Not comparable: --against paper says why.")
    notes += cited.below(number.source for row in rows for number in row.published)
    return Table(section.title, describe(section), columns, shown, notes).without_empty_columns()


def describe(section: Section) -> str:
    """The setting of a section and its baseline, in a line."""
    keys = " ".join(f"{key.removeprefix('task.')}={as_typed(value)}" for key, value in section.config.items())
    if section.baseline is None:
        return keys
    of = "loss" if section.baseline_of == "loss" else section.metric
    return f"{keys}; baseline: {of} {number(section.baseline)}"


def _cells(row: GroupResult, *, has_baseline: bool) -> list[Cell]:
    group = row.group
    verdict = NOTHING if set(row.verdicts) == {"unknown"} else tally(row.verdicts)
    known = row.beaten.steps or (group.judged and has_baseline)
    score = with_interval(row.score)
    if group.completed:
        score += share(len(row.scores.finite), len(row.scores.by_seed))
    return [
        Cell(group.model, row.best),
        Cell(group.setting),
        Cell(group.standing),
        Cell(number(row.num_parameters)),
        Cell(score, row.best),
        Cell(number(row.best_validation.mean if row.best_validation else None)),
        Cell(number(row.test_at_best.mean if row.test_at_best else None)),
        Cell(when(row.beaten) if known else NOTHING),
        Cell(number(row.mean("ms_per_step"), 3)),
        Cell(number(row.decay.mean if row.decay else None, 2)),
        Cell(verdict),
        Cell(number(row.mean("spectral_margin"), 2)),
    ]


def _warnings(rows: Sequence[GroupResult]) -> list[str]:
    notes = [*interval_notes([row.score for row in rows]), *left_out_notes([row.group for row in rows])]
    notes += worse_notes(sum(row.scores.without for row in rows))
    beaten = [row.beaten for row in rows]
    if any(one.steps and len(one.steps) < one.seeds for one in beaten):
        notes.append("Beats baseline: the median over all seeds; one that never did, or diverged, is later than any.")
    if any(one.at_most and one.median is not None for one in beaten):
        notes.append("≤: a seed beat it at the first look already.")
    return notes


def _configured(section: Section) -> list[str]:
    """In what the models differ by their configurations, so that nobody takes it for what they differ in by nature."""
    names = {group.id: section.name(group) for group in section.groups}
    said = []
    for key, values in across_models(section).items():
        having: dict[str, list[str]] = {}
        for group, value in values.items():
            having.setdefault(as_typed(value), []).append(names[group])
        said.append(f"{key} " + ", ".join(f"{value} ({', '.join(groups)})" for value, groups in having.items()))
    return [f"Configured differently: {'; '.join(said)}.".replace("model.", "")] if said else []


def _published_cell(row: GroupResult, cited: Footnotes) -> Cell:
    return Cell(
        ", ".join(
            f"{number(one.value)}{'' if one.comparable else '!'} {cited.cite(one.source)}" for one in row.published
        )
    )
