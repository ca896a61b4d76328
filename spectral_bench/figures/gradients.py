"""The pictures of gradient norms, as numbers: over training, over time, and both."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectral_bench.diagnostics.envelope import Envelope, envelope
from spectral_bench.diagnostics.gradient_decay import FLOOR
from spectral_bench.figures.series import Series, over_runs, unfloored
from spectral_bench.records.groups import Group, Section
from spectral_bench.records.recorded_facts import RecordedFacts
from spectral_bench.records.run_record import Run
from spectral_bench.records.traces import GradientHistory, gradient_norms
from spectral_bench.runs.layout import TRACE_AXES, AxisWords

#: A map has at most this many rows and columns: neither screen nor print resolves more.
_CELLS = 400


@dataclass(frozen=True)
class Traced:
    """A group's gradient norms of one layer.

    Attributes:
        group: the runs.
        caption: what pictures call it.
        style: position of the group in its section.
        runs: those that count and traced any, in the order of seeds.
        norms: theirs.
        facts: what their model says of itself.
        layer: the traced one.
    """

    group: Group
    caption: str
    style: int
    runs: list[Run]
    norms: list[GradientHistory]
    facts: RecordedFacts
    layer: int

    @property
    def envelope(self) -> Envelope | None:
        """What the model's singular values allow; None if they are free."""
        return envelope(self.facts.sigma, self.facts.slopes, self.facts.step)

    @property
    def last_step_only(self) -> bool | None:
        """Whether all gradient comes from the last place of the trace, so that the envelope binds; None: unknown."""
        return self.facts.only_last_counts(self.layer)

    def at(self, step: int) -> tuple[int, list[NDArray[np.float64]]]:
        """The traced step nearest to ``step``, and every run's norms there, shape (T + 1,)."""
        steps = np.unique(np.concatenate([norms.steps for norms in self.norms]))
        nearest = _nearest(steps, step)
        return nearest, [norms.norms[norms.steps == nearest][0] for norms in self.norms if nearest in norms.steps]

    @property
    def first_outside(self) -> int | None:
        """The first traced step at which a run left its envelope; None if none did or the envelope does not bind."""
        if self.envelope is None or not self.last_step_only:
            return None
        found = [self.envelope.first_outside(norms.steps, norms.norms) for norms in self.norms]
        return min((step for step in found if step is not None), default=None)


@dataclass(frozen=True)
class Bounds:
    """An envelope to be drawn behind a curve over time; arrays of shape (P,).

    Attributes:
        style: position of the group.
        binding: whether a gradient cannot leave them.
        centre: what the singular values are near to.
        t: time steps, from 0 to where the envelope starts.
        radius: lower and upper bound from the singular values.
        slopes: lower and upper bound with the activation's slopes.
    """

    style: int
    binding: bool
    centre: float
    t: NDArray[np.float64]
    radius: tuple[NDArray[np.float64], NDArray[np.float64]]
    slopes: tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True)
class Heat:
    """Gradient norms by step and time, the geometric mean over runs.

    Attributes:
        label: of the group.
        steps: shape (S,).
        t: shape (P,).
        norms: shape (P, S); the smallest number of single precision where all runs have zero.
    """

    label: str
    steps: NDArray[np.float64]
    t: NDArray[np.float64]
    norms: NDArray[np.float64]


@dataclass(frozen=True)
class GradientPictures:
    """Everything the figure of a section shows.

    Attributes:
        title: of the section.
        layer: which layer, from 0.
        words: how the places along the traces are called.
        start, end: norm at t = 0 and at t = T over training.
        over_time: for each chosen step, the norm over t.
        envelopes: for each chosen step, what is drawn behind.
        maps: one for each group.
    """

    title: str
    layer: int
    words: AxisWords
    start: list[Series]
    end: list[Series]
    over_time: dict[int, list[Series]]
    envelopes: dict[int, list[Bounds]]
    maps: list[Heat]

    def rows(self) -> Iterator[dict[str, Any]]:
        """The numbers behind every picture."""
        for name, curves in (("start", self.start), ("end", self.end)):
            for series in curves:
                yield from series.rows(name, "step")
        for step, curves in self.over_time.items():
            for series in curves:
                yield from ({**row, "step": step} for row in series.rows("over_time", "t"))
        for heat in self.maps:
            for position, step in enumerate(heat.steps):
                for row, t in enumerate(heat.t):
                    norm = unfloored(heat.norms[row, position])
                    yield {"picture": "map", "group": heat.label, "step": float(step), "t": float(t), "mean": norm}


def traced(section: Section, layer: int = 0, damaged: list[Path] | None = None) -> list[Traced]:
    """The groups of a section that traced gradients in this layer; ``damaged`` receives unreadable files."""
    found = []
    for style, group in enumerate(section.groups):
        by_run = [(run, gradient_norms(run.directory, damaged)) for run in group.counted]
        tracing = [(run, by_layer[layer]) for run, by_layer in by_run if layer in by_layer]
        if tracing:
            runs, norms = [run for run, _ in tracing], [norms for _, norms in tracing]
            facts = group.runs[0].facts
            found.append(Traced(group, section.caption(group), style, runs, norms, facts, layer))
    return found


def words_of(groups: Sequence[Traced]) -> AxisWords:
    """How the places along the traces of these groups are called; of several kinds, both ways."""
    axes = {one.facts.trace_axis: one.facts.axis for one in groups}
    if len(axes) == 1:
        return next(iter(axes.values()))
    time, depth = TRACE_AXES["time"], TRACE_AXES["depth"]
    return replace(
        time,
        position=f"{time.position} or {depth.position}",
        unit=f"{time.unit} or {depth.unit}",
        span=f"{time.span} or {depth.span}",
    )


def gradient_pictures(
    section: Section, groups: Sequence[Traced], layer: int, steps: Sequence[int] | None
) -> GradientPictures:
    """Prepare the pictures of a section.

    Args:
        section: the runs.
        groups: from ``traced``, at least one.
        layer: the layer they are of.
        steps: for the pictures over time, the nearest traced ones; None: the first, a middle one and the last.
    """
    chosen = _chosen_steps(groups, steps)
    start = [_over_training(one, 0) for one in groups]
    end = [_over_training(one, -1) for one in groups]
    over_time: dict[int, list[Series]] = {step: [] for step in chosen}
    envelopes: dict[int, list[Bounds]] = {step: [] for step in chosen}
    for one in groups:
        for step in chosen:
            _, runs = one.at(step)
            series = over_runs(
                one.caption, one.style, [(np.arange(len(norms)), norms) for norms in runs], logarithmic=True
            )
            if len(series.x):
                over_time[step].append(series)
                if one.envelope is not None:
                    envelopes[step].append(_bounds(one, one.envelope, series))
    maps = [_heat(one) for one in groups]
    return GradientPictures(section.title, layer, words_of(groups), start, end, over_time, envelopes, maps)


def _chosen_steps(groups: Sequence[Traced], steps: Sequence[int] | None) -> list[int]:
    """The traced steps nearest to the chosen ones, so that each picture is named for what it shows."""
    every = np.unique(np.concatenate([norms.steps for one in groups for norms in one.norms]))
    if steps:
        return sorted({_nearest(every, step) for step in steps})
    return sorted({int(every[0]), int(every[len(every) // 2]), int(every[-1])})


def _nearest(steps: NDArray[np.int64], step: int) -> int:
    return int(steps[np.abs(steps - step).argmin()])


def _over_training(one: Traced, t: int) -> Series:
    curves = [(norms.steps, norms.norms[:, t]) for norms in one.norms]
    return over_runs(one.caption, one.style, curves, logarithmic=True)


def _bounds(one: Traced, allowed: Envelope, series: Series) -> Bounds:
    """Anchored at T; where losses add up on the way, at the largest norm of the second half of the sequence."""
    half = len(series.x) // 2
    anchor = len(series.x) - 1 if one.last_step_only else half + int(series.mean[half:].argmax())
    t = series.x[: anchor + 1]
    steps_back = np.arange(anchor, -1, -1)
    scale = series.mean[anchor]
    radius, slopes = allowed.of_radius(steps_back), allowed.bounds(steps_back)
    return Bounds(
        one.style,
        bool(one.last_step_only),
        one.facts.centre,
        t,
        (scale * radius[0], scale * radius[1]),
        (np.maximum(scale * slopes[0], FLOOR), scale * slopes[1]),
    )


def _heat(one: Traced) -> Heat:
    steps = np.unique(np.concatenate([norms.steps for norms in one.norms]))
    length = max(norms.norms.shape[1] for norms in one.norms)
    shape = len(steps), length
    total, count, zero = np.zeros(shape), np.zeros(shape), np.zeros(shape, dtype=bool)
    for norms in one.norms:
        rows = np.searchsorted(steps, norms.steps)
        finite = np.isfinite(norms.norms)
        known = finite & (norms.norms > FLOOR)
        total[rows, : norms.norms.shape[1]] += np.log(np.where(known, norms.norms, 1.0))
        count[rows, : norms.norms.shape[1]] += known
        zero[rows, : norms.norms.shape[1]] |= finite & ~known
    mean = np.where(count > 0, total / np.maximum(count, 1), np.where(zero, np.log(FLOOR), np.nan))
    mean, steps_shown = _coarser(mean, steps.astype(np.float64))
    transposed, t_shown = _coarser(mean.T, np.arange(length, dtype=np.float64))
    return Heat(one.caption, steps_shown, t_shown, np.exp(transposed))


def _coarser(
    values: NDArray[np.float64], positions: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Average neighbouring rows, so that no more remain than can be drawn."""
    factor = -(-len(values) // _CELLS)
    if factor == 1:
        return values, positions
    starts = np.arange(0, len(values), factor)
    sizes = np.diff([*starts, len(values)])
    return np.add.reduceat(values, starts) / sizes[:, None], np.add.reduceat(positions, starts) / sizes
