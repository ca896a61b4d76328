"""A metric against a key: points with intervals and lines, as numbers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from spectral_bench.compare.criteria import more_is_better
from spectral_bench.compare.statistics import Estimate
from spectral_bench.config.keys import as_typed
from spectral_bench.diagnostics.gradient_decay import FLOOR
from spectral_bench.figures.axis_limits import Range
from spectral_bench.figures.looks import DASHES, Look, look_of, palette, sequential
from spectral_bench.figures.named_groups import Naming
from spectral_bench.figures.plotted_runs import Plotted, mean_of, never_got_there, number_of, value_of
from spectral_bench.figures.samples import keys_pooled
from spectral_bench.figures.series import unfloored
from spectral_bench.figures.value_axis import ValueAxis, is_number, shown, spans_decades, value_axis
from spectral_bench.records.run_record import Run
from spectral_bench.runs.layout import OF_NORMS, RATIOS
from spectral_bench.runs.setting_words import setting_in_words

#: Names of the model in ``Run.fields``.
_MODEL = ("model", "model.name")

#: The colour of a line without a number, among those that have one.
_NO_NUMBER = "#AAAAAA"


@dataclass(frozen=True)
class PlotKeys:
    """What is drawn against what.

    Attributes:
        x, y: keys of the axes.
        hue: of the lines; None: no line is told from another.
        col: of the panels; None: one panel.
        by: further keys of the lines.
    """

    x: str
    y: str
    hue: str | None = None
    col: str | None = None
    by: tuple[str, ...] = ()

    @property
    def named(self) -> list[str]:
        """All of them."""
        return [key for key in (self.x, self.y, self.hue, self.col, *self.by) if key is not None]


@dataclass(frozen=True)
class SweepPoint:
    """The runs of a line at a value of x.

    Attributes:
        x: the value.
        place: where it lies on the axis.
        values: the number of each seed, the mean of its runs.
        mean: with its interval; None where no run has a number.
        runs: how many runs there are.
        without: how many of them did worse than any number: diverged, or never got there.
    """

    x: Any
    place: float
    values: list[float]
    mean: Estimate | None
    runs: int
    without: int


@dataclass(frozen=True)
class SweepLine:
    """Points that belong together, in the order of x."""

    label: str
    look: Look
    points: list[SweepPoint]


@dataclass(frozen=True)
class SweepPictures:
    """Everything the figure of a task shows.

    Attributes:
        title: of the task.
        keys: what is drawn against what.
        metric: the task's.
        higher_is_better: the sense of y.
        x_axis: where values of x lie.
        logarithmic: the y axis.
        possible: the smallest and the largest number there can be, as far as those measured tell.
        geometric: whether means are geometric ones.
        baseline: what a memoryless predictor scores in y; None: unknown.
        panels: lines, by the title of the panel.
        notes: what is left out or put together.
        pooled: the keys in which the runs of a point differ, with the number of their values.
        states: whose gradient was traced, in a sentence, where y is about it and they are not all h.
    """

    title: str
    keys: PlotKeys
    metric: str | None
    higher_is_better: bool
    x_axis: ValueAxis
    logarithmic: bool
    possible: Range
    geometric: bool
    baseline: float | None
    panels: dict[str, list[SweepLine]]
    notes: list[str]
    pooled: Mapping[str, int]
    states: list[str]

    def rows(self) -> Iterator[dict[str, Any]]:
        """The numbers."""
        for panel, lines in self.panels.items():
            for line in lines:
                for point in line.points:
                    mean = point.mean
                    yield {
                        **({"col": panel} if self.keys.col else {}), "group": line.label,
                        self.keys.x: shown(self.keys.x, point.x), "metric": self.keys.y,
                        **({"mean_is": "geometric"} if self.geometric else {}),
                        "mean": unfloored(mean.mean) if mean else None, "low": mean.low if mean else None,
                        "high": mean.high if mean else None, "runs": len(point.values),
                        "worse_than_any": point.without,
                    }  # fmt: skip


def sweep_pictures(task: Plotted, keys: PlotKeys, naming: Naming) -> SweepPictures | None:
    """Prepare the figure of a task; None where no run has a number to draw."""
    keys = _with_models(keys, task.runs)
    used = [run for run in task.runs if number_of(run, keys.y) is not None or never_got_there(run, keys.y)]
    numbers = [number for run in used if (number := number_of(run, keys.y)) is not None]
    if not numbers:
        return None
    notes = list(task.notes)
    if len(used) < len(task.runs):
        notes.append(f"{task.task}: {len(task.runs) - len(used)} of {len(task.runs)} runs left out: no {keys.y}.")
    x_values = [value_of(run, keys.x) for run in used]
    x_axis = value_axis(keys.x, x_values, linear=more_is_better(keys.x, task.mode))
    line_keys = [key for key in (keys.hue, *keys.by) if key is not None]
    labels = _labels(used, line_keys, naming)
    looks = _looks(used, line_keys)
    panels: dict[str, list[SweepLine]] = {}
    for title, members in _sorted_by(used, keys.col).items():
        by_line: dict[tuple[str, ...], list[Run]] = {}
        for run in members:
            by_line.setdefault(_values(run, line_keys), []).append(run)
        lines = [
            SweepLine(labels[line], looks[line], _points(by_line[line], keys, x_axis))
            for line in labels
            if line in by_line
        ]
        panels[title] = lines
    apart = _pooled(used, keys)
    if apart:
        notes.append(
            f"{task.task}: points put runs together that differ in {', '.join(apart)}: name one as hue or col, choose "
            "with --where, or tell them apart with --by."
        )
    of = {"loss_test": "loss", "test": "metric", "validation": "metric", "best_validation": "metric"}.get(keys.y)
    zeros = sum(number <= 0 for number in numbers) if keys.y in RATIOS else 0
    if zeros:
        notes.append(
            f"{task.task}: {keys.y} underflows in {zeros} of {len(numbers)} runs, and counts as {FLOOR:.1e} in means."
        )
    rises = more_is_better(keys.y, task.mode)
    logarithmic = not rises and spans_decades(number for number in numbers if number > 0 or not zeros)
    states = task.states if keys.y in OF_NORMS else []
    return SweepPictures(
        task.task, keys, task.metric, rises, x_axis, logarithmic, _possible(numbers, rises=rises),
        keys.y in RATIOS, task.baseline.get(of) if of else None, panels, notes, apart, states,
    )  # fmt: skip


def _possible(numbers: Sequence[float], *, rises: bool) -> Range:
    """Losses and times are not negative, and shares not more than 1: nor is their mean, whatever its interval."""
    return 0.0 if min(numbers) >= 0 else None, 1.0 if rises and min(numbers) >= 0 and max(numbers) <= 1 else None


def line_names(task: Plotted, keys: PlotKeys) -> set[str]:
    """What lines may be called by: their labels, the parts of these, and the values."""
    keys = _with_models(keys, task.runs)
    line_keys = [key for key in (keys.hue, *keys.by) if key is not None]
    return {name for run in task.runs for name in _names_of(_values(run, line_keys), line_keys, task.runs)}


def _with_models(keys: PlotKeys, runs: Sequence[Run]) -> PlotKeys:
    """A line a model, each with its own look, unless another key tells lines apart: models are not to be averaged."""
    several = len({run.model for run in runs}) > 1
    free = keys.hue is None and not any(key in _MODEL for key in keys.by)
    return replace(keys, hue="model") if several and free else keys


def _sorted_by(runs: Sequence[Run], key: str | None) -> dict[str, list[Run]]:
    """The runs by the value of a key, in its order; all of them where there is no key."""
    if key is None:
        return {"": list(runs)}
    order = value_axis(key, [value_of(run, key) for run in runs])
    found: dict[str, list[Run]] = {text: [] for text in order.places}
    for run in runs:
        found[as_typed(value_of(run, key))].append(run)
    return {setting_in_words(key, text): members for text, members in found.items()}


def _values(run: Run, keys: Sequence[str]) -> tuple[str, ...]:
    return tuple(as_typed(value_of(run, key)) for key in keys)


def _labels(runs: Sequence[Run], keys: Sequence[str], naming: Naming) -> dict[tuple[str, ...], str]:
    """What every line is called, in the order of the lines."""
    orders = [value_axis(key, [value_of(run, key) for run in runs]) for key in keys]
    found = sorted(
        {_values(run, keys) for run in runs},
        key=lambda line: [order.places[text] for order, text in zip(orders, line, strict=True)],
    )
    labels = {}
    for line in found:
        names = _names_of(line, keys, runs)
        labels[line] = next((naming.labels[name] for name in names if name in naming.labels), names[0])
    place: Callable[[tuple[str, ...]], int] = lambda line: next(  # noqa: E731
        (at for at, name in enumerate(naming.order) if name in (labels[line], *_names_of(line, keys, runs))),
        len(naming.order),
    )
    return {line: labels[line] for line in sorted(labels, key=place)}


def _names_of(line: tuple[str, ...], keys: Sequence[str], runs: Sequence[Run]) -> list[str]:
    """What a line may be called: what pictures call it, then settings as words or as typed, and values."""
    words: list[str] = []
    typed: list[str] = []
    models: list[str] = []
    others: list[str] = []
    for key, text in zip(keys, line, strict=True):
        words.append(setting_in_words(key, text))
        typed.append(text if key in _MODEL else f"{key.rpartition('.')[2]}={text}")
        (models if key in _MODEL else others).append(words[-1])
    label = " ".join(filter(None, [*models, ", ".join(others)])) or runs[0].model
    return [label, " ".join(typed), *words, *typed, *line]


def _looks(runs: Sequence[Run], keys: Sequence[str]) -> dict[tuple[str, ...], Look]:
    """The looks of lines: a model's own, shades where the first key is a number, else colours in turn."""
    lines = {_values(run, keys): run for run in runs}
    if not keys:
        return {line: look_of(run.model) for line, run in lines.items()}
    order = value_axis(keys[0], [value_of(run, keys[0]) for run in runs])
    if keys[0] in _MODEL:
        own = {text: look_of(text) for text in order.places}
    else:
        own = dict(zip(order.places, palette(len(order.places)), strict=True))
        values = [value_of(run, keys[0]) for run in runs]
        numbers = {as_typed(value) for value in values if is_number(value)}
        if all(is_number(value) or value is None for value in values):
            shaded = [text for text in order.places if text in numbers]
            for text, shade in zip(shaded, sequential(len(shaded)), strict=True):
                own[text] = replace(own[text], colour=shade)
            # What has no number, a free radius, is no end of the map.
            own |= {text: replace(look, colour=_NO_NUMBER) for text, look in own.items() if text not in numbers}
    found = {}
    for first, look in own.items():
        members = sorted(line for line in lines if line[0] == first)
        for at, line in enumerate(members):
            found[line] = look if len(members) == 1 else replace(look, dashes=DASHES[at % len(DASHES)])
    return found


def _points(runs: Sequence[Run], keys: PlotKeys, x_axis: ValueAxis) -> list[SweepPoint]:
    by_x: dict[str, list[Run]] = {}
    for run in runs:
        by_x.setdefault(as_typed(value_of(run, keys.x)), []).append(run)
    points = []
    for members in by_x.values():
        x = value_of(members[0], keys.x)
        by_seed: dict[int, list[float]] = {}
        for run in members:
            number = number_of(run, keys.y)
            if number is not None:
                by_seed.setdefault(run.seed, []).append(number)
        of_seeds = [mean_of(keys.y, several) for several in by_seed.values()]
        values = [mean.mean for mean in of_seeds if mean is not None]
        without = sum(never_got_there(run, keys.y) for run in members)
        points.append(SweepPoint(x, x_axis.place(x), values, mean_of(keys.y, values), len(members), without))
    return sorted(points, key=lambda point: point.place)


def _pooled(runs: Sequence[Run], keys: PlotKeys) -> dict[str, int]:
    """The keys in which runs of one point differ."""
    points: dict[tuple[str, ...], list[Run]] = {}
    named = [key for key in keys.named if key != keys.y]
    for run in runs:
        points.setdefault(_values(run, named), []).append(run)
    return {key: count for key, count in keys_pooled(points.values()).items() if key not in named}
