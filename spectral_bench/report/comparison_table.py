"""The table of a comparison, for people."""

from collections.abc import Sequence
from pathlib import Path

from spectral_bench.compare.group_results import GroupResult
from spectral_bench.compare.recipes import across_models
from spectral_bench.config.keys import as_typed
from spectral_bench.records.groups import Section
from spectral_bench.records.run_record import Run
from spectral_bench.records.traced_states import traced_notes
from spectral_bench.report.comparison_columns import RowContext, named_column, narrow, with_names
from spectral_bench.report.document import Table
from spectral_bench.report.exclusions import left_out_notes
from spectral_bench.report.footnotes import Footnotes
from spectral_bench.report.numbers import counted, interval_notes, number, worse_notes
from spectral_bench.runs.field_words import metric_in_words

#: So many keys are named in which models are configured differently, first those of which there are several values.
_KEYS_NAMED = 8


def comparison_table(
    section: Section,
    rows: Sequence[GroupResult],
    field: str,
    cited: Footnotes,
    columns: Sequence[str] = (),
    *,
    as_asked: bool = False,
    show_runs: bool = False,
) -> Table:
    """A row for every group; the best in bold.

    Args:
        section: the groups' section.
        rows: theirs.
        field: what they are judged by.
        cited: the sources of published numbers, of all tables of the report.
        columns: names of columns, or fields or keys of runs; none: those that fit a terminal.
        as_asked: these are what the user named: each is shown, and if it is empty, beside those that name a row.
        show_runs: say below which runs each row is of.
    """
    names = with_names(columns, rows) if as_asked else columns or narrow(section)
    context = RowContext(section, field, cited)
    chosen = [named_column(name) for name in names]
    shown = [[one.cell(row, context) for one in chosen] for row in rows]
    notes = _warnings(rows, names)
    if {"decay_rate", "gradients"} & set(names):
        notes += traced_notes([(section.name(row.group), row.group) for row in rows if row.decay])
    if "published" in names:
        if any(not number.comparable for row in rows for number in row.published):
            notes.append("! Not comparable: --against paper says why.")
        notes += cited.below(number.source for row in rows for number in row.published)
    configured, remarks = _configured(section)
    notes += configured
    if show_runs:
        remarks += [f"{section.name(row.group)}: {' '.join(map(_path, row.group.runs))}" for row in rows]
    titles = [one.titled(context) for one in chosen]
    table = Table(section.title, describe(section), titles, shown, notes, remarks)
    return table if as_asked else table.without_empty_columns()


def describe(section: Section) -> str:
    """The setting of a section, as far as its title leaves it open, and its baseline, in a line."""
    settings = {key: value for key, value in section.config.items() if key not in section.differs and value is not None}
    keys = " ".join(f"{key.removeprefix('task.')}={as_typed(value)}" for key, value in settings.items())
    if section.baseline is None:
        return keys
    of = "loss" if section.baseline_of == "loss" else metric_in_words(section.metric or "metric")
    return "; ".join(filter(None, [keys, f"baseline: {of} {number(section.baseline)}"]))


def _warnings(rows: Sequence[GroupResult], columns: Sequence[str]) -> list[str]:
    notes = [*interval_notes([row.score for row in rows]), *left_out_notes([row.group for row in rows])]
    notes += worse_notes(sum(row.scores.without for row in rows))
    reached = [row.beaten for row in rows] if "beats_baseline" in columns else []
    reached += [row.solved for row in rows] if "solved" in columns else []
    if any(one.steps and len(one.steps) < one.seeds for one in reached):
        notes.append("Updates are medians over all seeds; one that never got there, or diverged, is later than any.")
    if any(one.at_most and one.median is not None for one in reached):
        notes.append("≤: it was so for a seed at the first look already.")
    return notes


def _configured(section: Section) -> tuple[list[str], list[str]]:
    """In what the models differ by their configurations, so that nobody takes it for what they differ in by nature.

    Returns:
        What belongs to the table wherever it is printed, and what helps only a reader at a terminal.
    """
    found = across_models(section)
    if not found:
        return [], []
    chosen_first = sorted(found, key=lambda key: len(set(map(as_typed, found[key].values()))) == 1)
    named = [key.removeprefix("model.") for key in chosen_first[:_KEYS_NAMED]]
    more = f" and {counted(len(found) - len(named), 'more key')}" if len(found) > len(named) else ""
    return [f"Configured differently: {', '.join(named)}{more}."], [
        f"Values of what is configured differently: --columns score,{chosen_first[0]}, or all by --format json."
    ]


def _path(run: Run) -> str:
    """Its directory, from here where it lies below."""
    here = Path.cwd()
    return str(run.directory.relative_to(here) if run.directory.is_relative_to(here) else run.directory)
