"""A search in parallel coordinates: every run a line through its values, coloured by what it came to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from spectral_bench.compare.criteria import SCORES, more_is_better
from spectral_bench.config.keys import as_typed
from spectral_bench.errors import InputError
from spectral_bench.figures.plotted_runs import Plotted, keys_apart, never_got_there, number_of, value_of
from spectral_bench.figures.value_axis import ValueAxis, shown, value_axis

#: Above this many axes nobody follows a line.
_MOST = 12


@dataclass(frozen=True)
class SearchLine:
    """A run.

    Attributes:
        run_id: which.
        values: of every key.
        result: of the metric; None: worse than any number.
    """

    run_id: str
    values: list[Any]
    result: float | None


@dataclass(frozen=True)
class SearchPictures:
    """Everything the figure of a task shows.

    Attributes:
        title: of the task.
        metric: the task's.
        y: the field of the results.
        judges: whether less or more of it is better.
        rises: whether more of it is.
        axes: of the keys.
        y_axis: of the results.
        lines: the runs.
        notes: what is left out.
    """

    title: str
    metric: str | None
    y: str
    judges: bool
    rises: bool
    axes: list[ValueAxis]
    y_axis: ValueAxis
    lines: list[SearchLine]
    notes: list[str]

    def rows(self) -> Iterator[dict[str, Any]]:
        """The numbers."""
        for line in self.lines:
            values = {one.key: shown(one.key, value) for one, value in zip(self.axes, line.values, strict=True)}
            yield {"run_id": line.run_id, **values, self.y: line.result, "worse_than_any": line.result is None}


def search_pictures(task: Plotted, y: str, keys: Sequence[str]) -> SearchPictures | None:
    """Prepare the figure of a task; None where no run has a number.

    Args:
        task: its runs.
        y: the field of the results.
        keys: of the axes; none: all in which the runs differ.

    Raises:
        InputError: the runs differ in nothing, or in more than can be drawn.
    """
    used = [run for run in task.runs if number_of(run, y) is not None or never_got_there(run, y)]
    results = [number for run in used if (number := number_of(run, y)) is not None]
    if not results:
        return None
    notes = list(task.notes)
    if len(used) < len(task.runs):
        notes.append(f"{task.task}: {len(task.runs) - len(used)} of {len(task.runs)} runs left out: no {y}.")
    chosen = list(keys) or [*(["model"] if len({run.model for run in used}) > 1 else []), *keys_apart(used)]
    if not chosen:
        raise InputError(f"{task.task}: the runs differ in nothing but the seed: there is no search to draw.")
    if len(chosen) > _MOST:
        raise InputError(
            f"{task.task}: the runs differ in {len(chosen)} keys ({', '.join(chosen)}): choose up to {_MOST} by x=A,B."
        )
    lines = [SearchLine(run.run_id, [value_of(run, key) for key in chosen], number_of(run, y)) for run in used]
    axes = [value_axis(key, [line.values[at] for line in lines]) for at, key in enumerate(chosen)]
    ends = sorted({as_typed(result): result for result in results}.values())
    rises = more_is_better(y, task.mode)
    y_axis = value_axis(y, ends, linear=rises)
    return SearchPictures(task.task, task.metric, y, y in SCORES, rises, axes, y_axis, lines, notes)
