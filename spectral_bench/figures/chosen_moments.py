"""The moments of training at which gradients are looked at: the last traced step, chosen ones, or the mean over all."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spectral_bench.config.hints import short
from spectral_bench.errors import InputError
from spectral_bench.figures.traced_gradients import Traced, mean_over_training, nearest_step
from spectral_bench.figures.words import after

#: What ``--step`` calls the mean over all traced steps.
MEAN = "mean"

#: More digits no step has; with thousands of them Python refuses to read a number at all.
_DIGITS = 100


@dataclass(frozen=True)
class ChosenMoment:
    """The gradient norms of all groups at a moment.

    Attributes:
        title: which moment.
        step: the traced one; None: several.
        norms: of every group those of each run, shape (T + 1,); in a mean over training relative to that at T.
        steps: of every group those that its runs are shown at; none in a mean over training.
        is_mean: whether it is the mean over all traced steps.
    """

    title: str
    step: int | None
    norms: list[list[NDArray[np.float64]]]
    steps: list[list[int]]
    is_mean: bool = False


def chosen_moments(groups: Sequence[Traced], steps: Sequence[str]) -> list[ChosenMoment]:
    """The moments that the user chose: numbers of steps, or ``mean``; by default the last traced step of every run.

    Raises:
        InputError: a step is neither a number nor ``mean``.
    """
    check_steps(steps)
    if not steps:
        return [at_the_end(groups)]
    every = np.unique(np.concatenate([one.steps for one in groups]))
    numbers = sorted({nearest_step(every, int(step)) for step in steps if step != MEAN})
    found = [_at(groups, step) for step in numbers]
    return [*found, _over_training(groups)] if MEAN in steps else found


def check_steps(steps: Sequence[str]) -> None:
    """Refuse what is neither the number of a step nor ``mean``.

    Raises:
        InputError: naming it.
    """
    for step in steps:
        if step != MEAN and not (step.isdecimal() and len(step) <= _DIGITS):
            raise InputError(f"--step {short(step)}: expected the number of a training step, or {MEAN}.")


def at_the_end(groups: Sequence[Traced]) -> ChosenMoment:
    """The last traced step of every run that has not lost it."""
    ends = {int(norms.steps[-1]) for one in groups for norms in one.whole}
    step = ends.pop() if len(ends) == 1 else None
    title = "at the last traced step of each run" if step is None else after(step)
    return ChosenMoment(
        title,
        step,
        [[history.norms[-1] for history in one.whole] for one in groups],
        [[int(history.steps[-1]) for history in one.whole] for one in groups],
    )


def _at(groups: Sequence[Traced], step: int) -> ChosenMoment:
    norms = [one.at(step)[1] if step in one.steps else [] for one in groups]
    return ChosenMoment(after(step), step, norms, [[step] if runs else [] for runs in norms])


def _over_training(groups: Sequence[Traced]) -> ChosenMoment:
    norms = [[mean_over_training(history) for history in one.norms] for one in groups]
    return ChosenMoment("mean over training", None, norms, [[] for _ in groups], is_mean=True)
