"""The comparison of groups, section by section: judged, sorted and reported."""

from collections.abc import Sequence

from spectral_bench.compare.criteria import SCORES, sense
from spectral_bench.compare.group_results import GroupResult, group_results
from spectral_bench.compare.ranks import data_set_ranks, ranks_over_tasks
from spectral_bench.compare.scores import ACHIEVEMENTS, scores
from spectral_bench.compare.statistics import average
from spectral_bench.config.hints import unknown
from spectral_bench.config.keys import in_order
from spectral_bench.errors import InputError
from spectral_bench.records.groups import Section
from spectral_bench.report.comparison_columns import check_columns, sorting_field
from spectral_bench.report.comparison_records import record, section_document
from spectral_bench.report.comparison_table import comparison_table
from spectral_bench.report.data_set_table import data_set_document, data_set_table
from spectral_bench.report.document import Report
from spectral_bench.report.footnotes import sources


def comparison_report(
    found: Sequence[Section],
    *,
    field: str = "test",
    sort: str | None = None,
    columns: Sequence[str] = (),
    as_asked: bool = False,
    show_runs: bool = False,
    over_tasks: bool = False,
    notes: Sequence[str] = (),
) -> Report:
    """Compare the groups of every section.

    Args:
        found: from ``sections``.
        field: what groups are judged by, one of ``SCORES``.
        sort: a field, configuration key or column to sort rows by, ``-KEY`` for descending; None: the best first.
        columns: of the tables, see ``comparison_columns``; none: those that fit a terminal.
        as_asked: the user named these, see ``comparison_table``.
        show_runs: say which runs each row is of.
        over_tasks: set the groups side by side over all tasks, too.
        notes: about the whole report.

    Raises:
        InputError: the field is not in ``SCORES``, no run has the key to sort by or to show, or there are no tasks that
            groups can be ranked over.
    """
    if field not in SCORES:
        raise InputError(unknown("--metric", field, SCORES))
    if sort is not None:
        sort = "-" * sort.startswith("-") + sorting_field(sort.removeprefix("-"), field, found)
    check_columns(columns, found)
    tables, records, documents = [], [], []
    cited = sources()
    for section in found:
        rows = _sorted(group_results(section, field), section, field, sort)
        tables.append(comparison_table(section, rows, field, cited, columns, as_asked=as_asked, show_runs=show_runs))
        records += [record(section, row, field) for row in rows]
        documents.append(section_document(section, rows, field))
    over_data_sets = data_set_ranks(found, field) + ([ranks_over_tasks(found, field)] if over_tasks else [])
    tables += map(data_set_table, over_data_sets)
    document = {
        "schema": "spectral-bench/compare",
        "version": 2,
        "sections": documents,
        "data_sets": data_set_document(over_data_sets),
    }
    return Report(tables, records, document, [*notes, *_lacking(found, field)])


def _lacking(found: Sequence[Section], field: str) -> list[str]:
    """Notes about completed runs whose summaries do not know the field: earlier versions had fewer."""
    notes = []
    for section in found:
        lacking = sum(field not in run.summary for group in section.groups for run in group.completed)
        if lacking:
            runs = "1 run" if lacking == 1 else f"{lacking} runs"
            notes.append(f"{section.title}: {runs} left out: no {field} in the summary.")
    return notes


def _sorted(rows: list[GroupResult], section: Section, field: str, sort: str | None) -> list[GroupResult]:
    if sort is None:
        direction = -1 if sense(section, field) == "max" else 1

        def position(row: GroupResult) -> tuple[int, float, float]:
            """Of unfinished runs, which are not judged, as far as they came."""
            so_far = 0.0, direction * row.score.mean if row.score else 0.0
            return _rank(row), *(row.scores.order if row.scores.by_seed else so_far)

        return sorted(rows, key=position)
    key = sort.removeprefix("-")

    def value(row: GroupResult) -> tuple[int, float, float, str] | None:
        """Numbers first, then words; of numbers, on the worse side, those of groups with seeds that have none."""
        found = row.group.runs[0].fields().get(key)
        numbers = row.group.values(key)
        if numbers:
            return 0, _worse(section, row, key), average(numbers), ""
        if found is None:
            return None
        kind, size, word = in_order(found)
        return kind, 0.0, size, word

    valued = [(found, row) for row in rows if (found := value(row)) is not None]
    valued.sort(key=lambda pair: pair[0], reverse=sort.startswith("-"))
    return [row for _, row in valued] + [row for row in rows if value(row) is None]


def _worse(section: Section, row: GroupResult, field: str) -> float:
    """The share of seeds that are worse than any number, negative where more is better."""
    if field not in ACHIEVEMENTS:
        return 0.0
    judged = scores(section, row.group, field)
    return judged.order[0] * (-1.0 if judged.higher_is_better else 1.0) if judged.by_seed else 0.0


def _rank(row: GroupResult) -> int:
    """Groups with completed runs first, then those with unfinished ones, then groups without a score."""
    return 2 if row.score is None else 0 if row.group.completed else 1
