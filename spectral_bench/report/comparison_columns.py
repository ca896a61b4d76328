"""The columns that a comparison may have: those with a name of their own, and every field or key of a run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from spectral_bench.compare.criteria import score_name, sense
from spectral_bench.compare.group_results import GroupResult
from spectral_bench.compare.milestones import Milestone
from spectral_bench.compare.statistics import estimate
from spectral_bench.config.hints import unknown
from spectral_bench.config.keys import absent, as_typed
from spectral_bench.diagnostics.decay_words import verdict_in_words
from spectral_bench.errors import InputError
from spectral_bench.records.groups import Group, Section
from spectral_bench.records.selection import EVERY_FIELD, check_field, spoken_fields
from spectral_bench.report.document import Cell, Column
from spectral_bench.report.footnotes import Footnotes
from spectral_bench.report.numbers import NOTHING, number, share, when, with_interval
from spectral_bench.runs.layout import SUMMARY_FIELDS


@dataclass(frozen=True)
class RowContext:
    """What a cell is made from, beside the results of its row.

    Attributes:
        section: of the row.
        field: what groups are judged by.
        cited: the sources of published numbers.
    """

    section: Section
    field: str
    cited: Footnotes


@dataclass(frozen=True)
class ComparisonColumn:
    """A column, whatever the section.

    Attributes:
        column: its title and form; ``{score}`` in the title stands for what groups are judged by.
        cell: the cell of a row.
        field: of a run, by which rows are sorted that are sorted by the column; None: they cannot be, ``{score}``: what
            groups are judged by.
    """

    column: Column
    cell: Callable[[GroupResult, RowContext], Cell]
    field: str | None = None

    def titled(self, context: RowContext) -> Column:
        """The column in the table of a section."""
        if self.column.header != "{score}":
            return self.column
        arrow = "↑" if sense(context.section, context.field) == "max" else "↓"
        return replace(self.column, header=f"{score_name(context.section, context.field)} {arrow}")


def _mean(field: str, digits: int = 4) -> Callable[[GroupResult, RowContext], Cell]:
    return lambda row, _: Cell(number(row.mean(field), digits))


def _score(row: GroupResult, _: RowContext) -> Cell:
    text = with_interval(row.score)
    if row.group.completed:
        text += share(len(row.scores.finite), len(row.scores.by_seed))
    return Cell(text, row.best)


def _reached(row: GroupResult, milestone: Milestone, *, possible: bool) -> Cell:
    known = milestone.steps or (row.group.judged and possible)
    return Cell(when(milestone) if known else NOTHING)


def _verdict(row: GroupResult, _: RowContext) -> Cell:
    return Cell(verdict_in_words(row.verdicts) or NOTHING)


def _published(row: GroupResult, context: RowContext) -> Cell:
    shown = (
        f"{number(one.value)}{'' if one.comparable else '!'} {context.cited.cite(one.source)}" for one in row.published
    )
    return Cell(", ".join(shown))


#: The columns with names of their own, in the order of the widest table.
COLUMNS: dict[str, ComparisonColumn] = {
    "model": ComparisonColumn(
        Column("model", "left", label=True), lambda row, _: Cell(row.group.model, row.best), "model"
    ),
    "differs": ComparisonColumn(
        Column("differs in", "left", label=True, optional=True), lambda row, _: Cell(row.group.setting)
    ),
    "seeds": ComparisonColumn(Column("seeds", wraps=True, shared=True), lambda row, _: Cell(row.group.standing)),
    "parameters": ComparisonColumn(
        Column("parameters"), lambda row, _: Cell(number(row.group.num_parameters)), "num_parameters"
    ),
    "score": ComparisonColumn(Column("{score}", wraps=True), _score, "{score}"),
    "best_validation": ComparisonColumn(Column("best valid."), _mean("best_validation"), "best_validation"),
    "test_at_best": ComparisonColumn(Column("its test"), _mean("test_at_best"), "test_at_best"),
    "beats_baseline": ComparisonColumn(
        Column("beats baseline", optional=True, wraps=True),
        lambda row, context: _reached(row, row.beaten, possible=context.section.baseline is not None),
        "steps_to_beat_baseline",
    ),
    "solved": ComparisonColumn(
        Column("solved", optional=True, wraps=True),
        lambda row, context: _reached(row, row.solved, possible=can_be_solved(context.section)),
        "solved_at",
    ),
    "ms_per_step": ComparisonColumn(Column("ms/update"), _mean("ms_per_step", 3), "ms_per_step"),
    "decay_rate": ComparisonColumn(
        Column("decay rate"), lambda row, _: Cell(with_interval(row.decay)), "gradient_decay_rate"
    ),
    "gradients": ComparisonColumn(Column("gradients", "left", wraps=True), _verdict, "gradient_verdict"),
    "margin": ComparisonColumn(Column("margin"), _mean("spectral_margin", 2), "spectral_margin"),
    "published": ComparisonColumn(Column("published", optional=True, wraps=True), _published),
}

#: All of them.
WIDE = tuple(COLUMNS)


#: Columns that tell rows apart, beside those of dotted keys.
_NAMING = ("model", "r", "group", "run_id")


def narrow(section: Section) -> tuple[str, ...]:
    """Those that tell who won, and that fit a terminal: of tasks that nobody solved, when the baseline was beaten."""
    reached = "solved" if can_be_solved(section) else "beats_baseline"
    return ("model", "differs", "seeds", "parameters", "score", reached, "gradients")


def with_names(asked: Sequence[str], rows: Sequence[GroupResult]) -> list[str]:
    """The columns asked for, with the model, and with what differs where they would leave two rows alike."""
    names = list(asked) if "model" in asked else ["model", *asked]
    labels = [tuple(_values(row.group, name) for name in names if name in _NAMING or "." in name) for row in rows]
    if "differs" not in names and len(set(labels)) < len(labels):
        names.insert(names.index("model") + 1, "differs")
    return names


def can_be_solved(section: Section) -> bool:
    """Whether some run solved it: many tasks are never called solved."""
    return any(group.finite("solved_at") for group in section.groups)


def check_columns(names: Sequence[str], found: Sequence[Section]) -> None:
    """Refuse a name that is neither a column nor a field or key of any run.

    Raises:
        InputError: with the nearest name.
    """
    known = {*COLUMNS, *(key for one in found for group in one.groups for run in group.runs for key in run.fields())}
    for name in names:
        if found and name not in known:
            runs = [run.summary for one in found for group in one.groups for run in group.runs]
            raise InputError(
                f"{unknown('column', name, known, spoken_fields(runs))} Columns of the table are {', '.join(COLUMNS)}; "
                f"beside them there is {EVERY_FIELD}."
            )


def sorting_field(name: str, judged_by: str, found: Sequence[Section]) -> str:
    """The field or configuration key by which rows are sorted, from the name of one or of a column.

    Raises:
        InputError: it is neither, or a column that says nothing to sort by.
    """
    column = COLUMNS.get(name)
    if column is None:
        check_field(name, [run.fields() for one in found for group in one.groups for run in group.runs])
        return name
    if column.field is None:
        able = [name for name, column in COLUMNS.items() if column.field is not None]
        raise InputError(f"--sort {name}: expected {', '.join(able)}, or a field or key of runs.")
    return judged_by if column.field == "{score}" else column.field


def named_column(name: str) -> ComparisonColumn:
    """A column by its name, or by the field or configuration key that it shows."""
    if name in COLUMNS:
        return COLUMNS[name]
    if name in _MEASURED:
        return ComparisonColumn(Column(name), lambda row, _: Cell(_measured(row.group.values(name))))

    return ComparisonColumn(Column(name, wraps=True), lambda row, _: Cell(_values(row.group, name)))


def _values(group: Group, key: str) -> str:
    """Every value that a run of a group has of a key."""
    found = (run.fields().get(key) for run in group.counted)
    return ", ".join(dict.fromkeys(absent(key, NOTHING) if value is None else as_typed(value) for value in found))


def _measured(values: Sequence[float]) -> str:
    """The mean with its interval; the value itself where all seeds agree in it, as they do in counts."""
    return number(values[0]) if len(set(values)) == 1 else with_interval(estimate(values))


_MEASURED = {field.name for field in SUMMARY_FIELDS if field.type != "text" and field.name != "seed"}
