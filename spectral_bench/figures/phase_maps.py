"""A phase diagram of two keys: how runs came out, each for itself, or a metric."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spectral_bench.compare.criteria import more_is_better
from spectral_bench.config.keys import as_typed
from spectral_bench.figures.critical_line import critical_line
from spectral_bench.figures.plotted_runs import (
    PHASES,
    Phase,
    Plotted,
    mean_of,
    never_got_there,
    number_of,
    phase_of,
    value_of,
)
from spectral_bench.figures.samples import keys_pooled
from spectral_bench.figures.sweeps import PlotKeys
from spectral_bench.figures.value_axis import ValueAxis, spans_decades, value_axis
from spectral_bench.records.run_record import Run
from spectral_bench.runs.setting_words import setting_in_words


@dataclass(frozen=True)
class PhaseCell:
    """The runs at a value of x and a value of y.

    Attributes:
        x, y: the values.
        outcomes: of every run, the best first.
        mean: of the metric, over the runs that have a number; None without metric or number.
        without: how many runs did worse than any number of the metric.
    """

    x: Any
    y: Any
    outcomes: list[Phase]
    mean: float | None
    without: int


@dataclass(frozen=True)
class PhasePictures:
    """Everything the figure of a task shows.

    Attributes:
        title: of the task.
        keys: of the axes; ``hue`` is the metric, None: how runs came out.
        metric: the task's.
        x_axis, y_axis: the values, in order.
        logarithmic: the scale of colours.
        panels: cells, by the title of the panel.
        notes: what is left out or put together.
        pooled: the keys in which the runs of a cell differ, with the number of their values.
        line: corners of r T = 1, in cells from the centre of the first, across and up; none where the axes are others.
    """

    title: str
    keys: PlotKeys
    metric: str | None
    x_axis: ValueAxis
    y_axis: ValueAxis
    logarithmic: bool
    panels: dict[str, list[PhaseCell]]
    notes: list[str]
    pooled: Mapping[str, int]
    line: Sequence[tuple[float, float]] = ()

    def rows(self) -> Iterator[dict[str, Any]]:
        """The numbers."""
        for panel, cells in self.panels.items():
            for cell in cells:
                by_metric = {"metric": self.keys.hue, "mean": cell.mean, "worse_than_any": cell.without}
                yield {
                    **({"col": panel} if self.keys.col else {}),
                    self.keys.x: as_typed(cell.x),
                    self.keys.y: as_typed(cell.y),
                    "runs": len(cell.outcomes),
                    **{name: cell.outcomes.count(name) for name in PHASES},
                    **(by_metric if self.keys.hue else {}),
                }


def phase_pictures(task: Plotted, keys: PlotKeys) -> PhasePictures | None:
    """Prepare the figure of a task; None where there is no run to draw."""
    runs = task.runs
    notes = list(task.notes)
    if keys.hue is not None:
        runs = [run for run in runs if number_of(run, keys.hue) is not None or never_got_there(run, keys.hue)]
        if len(runs) < len(task.runs):
            notes.append(f"{task.task}: {len(task.runs) - len(runs)} of {len(task.runs)} runs left out: no {keys.hue}.")
    if not runs:
        return None
    x_axis, y_axis = (
        value_axis(key, [value_of(run, key) for run in runs], linear=more_is_better(key, task.mode))
        for key in (keys.x, keys.y)
    )
    columns = {"": runs}
    if keys.col is not None:
        order = value_axis(keys.col, [value_of(run, keys.col) for run in runs])
        columns = {
            setting_in_words(keys.col, text): [run for run in runs if as_typed(value_of(run, keys.col)) == text]
            for text in order.places
        }
    panels = {title: _cells(members, keys) for title, members in columns.items()}
    pools = (members for column in columns.values() for members in _by_cell(column, keys).values())
    apart = keys_pooled(pools)
    if apart:
        notes.append(
            f"{task.task}: cells hold runs that differ in {', '.join(apart)}: name one as col, or choose with --where."
        )
    numbers = [number for run in runs if keys.hue and (number := number_of(run, keys.hue)) is not None]
    logarithmic = not more_is_better(keys.hue or "", task.mode) and spans_decades(numbers)
    line = critical_line(x_axis, y_axis)
    return PhasePictures(task.task, keys, task.metric, x_axis, y_axis, logarithmic, panels, notes, apart, line)


def _by_cell(runs: list[Run], keys: PlotKeys) -> dict[tuple[str, str], list[Run]]:
    found: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        found.setdefault((as_typed(value_of(run, keys.x)), as_typed(value_of(run, keys.y))), []).append(run)
    return found


def _cells(runs: list[Run], keys: PlotKeys) -> list[PhaseCell]:
    cells = []
    for members in _by_cell(runs, keys).values():
        outcomes = sorted((phase_of(run) for run in members), key=PHASES.index)
        numbers = [number for run in members if keys.hue and (number := number_of(run, keys.hue)) is not None]
        without = sum(never_got_there(run, keys.hue) for run in members) if keys.hue else 0
        mean = mean_of(keys.hue, numbers) if keys.hue else None
        value = mean.mean if mean else None
        cells.append(PhaseCell(value_of(members[0], keys.x), value_of(members[0], keys.y), outcomes, value, without))
    return cells
