"""The gradient norms that the groups of a section traced, and what may be asked of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spectral_bench.diagnostics.envelope import Envelope, envelope
from spectral_bench.diagnostics.gradient_decay import FLOOR
from spectral_bench.figures.looks import Look
from spectral_bench.figures.named_groups import Naming
from spectral_bench.figures.series import geometric_mean_of_positive
from spectral_bench.records.groups import Group, Section
from spectral_bench.records.recorded_facts import RecordedFacts
from spectral_bench.records.run_record import Run
from spectral_bench.records.traced_states import state_symbol
from spectral_bench.records.traces import GradientHistory, gradient_norms
from spectral_bench.runs.layout import TRACE_AXES, AxisWords

#: Whose gradient is traced, by whether it is that of the losses at every step.
LAST_LOSS = "the loss of the last step alone"
_LOSSES = {False: LAST_LOSS, True: "the whole loss, of all steps", None: "the loss, of which steps is not recorded"}


@dataclass(frozen=True)
class Traced:
    """A group's gradient norms of one layer.

    Attributes:
        group: the runs.
        caption: what pictures call it.
        look: of the group.
        runs: those that count and traced any, in the order of seeds.
        norms: theirs.
        facts: what their model says of itself.
        layer: the traced one.
    """

    group: Group
    caption: str
    look: Look
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

    @property
    def steps(self) -> NDArray[np.int64]:
        """Every traced step of any run, ascending."""
        return np.unique(np.concatenate([norms.steps for norms in self.norms]))

    def at(self, step: int) -> tuple[int, list[NDArray[np.float64]]]:
        """The traced step nearest to ``step``, and every run's norms there, shape (T + 1,)."""
        at = nearest_step(self.steps, step)
        return at, [norms.norms[norms.steps == at][0] for norms in self.norms if at in norms.steps]

    @property
    def whole(self) -> list[GradientHistory]:
        """The traces of the runs that have not lost the end of theirs."""
        pairs = zip(self.runs, self.norms, strict=True)
        return [norms for run, norms in pairs if not run.lacks_end(int(norms.steps[-1]))]

    @property
    def first_outside(self) -> int | None:
        """The first traced step at which a run left its envelope; None if none did or the envelope does not bind."""
        if self.envelope is None or not self.last_step_only:
            return None
        found = [self.envelope.first_outside(norms.steps, norms.norms) for norms in self.norms]
        return min((step for step in found if step is not None), default=None)


def traced(
    section: Section, layer: int = 0, damaged: list[Path] | None = None, naming: Naming | None = None
) -> list[Traced]:
    """The groups of a section that traced gradients in this layer; ``damaged`` receives unreadable files."""
    tracing: dict[str, list[tuple[Run, GradientHistory]]] = {}
    for group in section.groups:
        by_run = [(run, gradient_norms(run.directory, damaged)) for run in group.counted]
        tracing[group.id] = [(run, by_layer[layer]) for run, by_layer in by_run if layer in by_layer]
    found = []
    for named in (naming or Naming()).of(section, [group for group in section.groups if tracing[group.id]]):
        runs, norms = (list(several) for several in zip(*tracing[named.group.id], strict=True))
        found.append(Traced(named.group, named.caption, named.look, runs, norms, named.group.runs[0].facts, layer))
    return found


def nearest_step(steps: NDArray[np.int64], step: int) -> int:
    """The traced step nearest to ``step``, which may exceed what 64 bits hold; of two as near the earlier."""
    return min(map(int, steps), key=lambda traced_step: abs(traced_step - step))


def relative(norms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Norms over t as shares of the norm at T; NaN where that has underflowed or is not finite.

    Args:
        norms: shape (..., T + 1).
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        last = norms[..., -1:]
        shares = np.where(norms > FLOOR, norms, np.where(np.isnan(norms), np.nan, 0.0)) / last
        return np.where(last > FLOOR, shares, np.nan)


def mean_over_training(history: GradientHistory) -> NDArray[np.float64]:
    """The geometric mean of the norms relative to that at T, over the traced steps, shape (T + 1,).

    Steps at which a norm has underflowed are left out: a start without a gradient says nothing of what training does.
    """
    return geometric_mean_of_positive(relative(history.norms))


def losses_of(groups: Sequence[Traced]) -> dict[str, list[str]]:
    """Whose gradient was traced over time, with the captions of the groups; over depth there is one loss only."""
    found: dict[str, list[str]] = {}
    for one in groups:
        if one.facts.trace_axis == "time":
            for every_step in sorted({run.facts.every_step for run in one.runs}, key=str):
                found.setdefault(_LOSSES[every_step], []).append(one.caption)
    return found


def words_of(groups: Sequence[Traced]) -> AxisWords:
    """How places, states and loss along the traces of these groups are called; of several kinds, both ways."""
    axes = {one.facts.trace_axis: one.facts.axis for one in groups}
    state = state_symbol(one.group for one in groups)
    if len(axes) == 1:
        (axis,) = axes.values()
        return replace(axis, state=state, loss=f"L_{axis.last}" if set(losses_of(groups)) == {LAST_LOSS} else "L")
    time, depth = TRACE_AXES["time"], TRACE_AXES["depth"]
    return replace(
        time,
        state=state,
        position=f"{time.position} or {depth.position}",
        unit=f"{time.unit} or {depth.unit}",
        span=f"{time.span} or {depth.span}",
    )
