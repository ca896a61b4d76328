"""Maps of gradient norms over training and over the steps back, each training step relative to its own norm at T."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectral_bench.figures.series import between_neighbours, geometric_mean, unfloored
from spectral_bench.figures.traced_gradients import Traced, relative

#: A map has at most this many rows and columns: neither screen nor print resolves more.
_CELLS = 400


@dataclass(frozen=True)
class Heat:
    """Relative gradient norms by step and steps back, the geometric mean over runs.

    Attributes:
        label: of the group.
        steps: shape (S,).
        back: shape (P,).
        shares: shape (P, S); the smallest number of single precision where all runs have zero.
        judged: the training steps that verdicts are on.
    """

    label: str
    steps: NDArray[np.float64]
    back: NDArray[np.float64]
    shares: NDArray[np.float64]
    judged: tuple[int, ...] = ()

    def rows(self) -> Iterator[dict[str, Any]]:
        """The numbers."""
        for position, step in enumerate(self.steps):
            for row, back in enumerate(self.back):
                share = unfloored(self.shares[row, position])
                yield {
                    "picture": "map",
                    "group": self.label,
                    "step": float(step),
                    "steps_back": float(back),
                    "mean": share,
                }


def heat_of(one: Traced, judged: Collection[int]) -> Heat:
    """The map of a group, and the steps that verdicts are on."""
    steps = one.steps
    length = max(norms.norms.shape[1] for norms in one.norms)
    shares = np.full((len(one.norms), len(steps), length), np.nan)
    for of_run, norms in zip(shares, one.norms, strict=True):
        for back, values in enumerate(relative(norms.norms)[:, ::-1].T):
            of_run[:, back] = between_neighbours(steps, norms.steps, values, logarithmic=True)
    mean = np.log(geometric_mean(shares))
    mean, steps_shown = _coarser(mean, steps.astype(np.float64))
    transposed, back_shown = _coarser(mean.T, np.arange(length, dtype=np.float64))
    return Heat(one.caption, steps_shown, back_shown, np.exp(transposed), tuple(sorted(judged)))


def _coarser(
    values: NDArray[np.float64], positions: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Average neighbouring rows, so that no more remain than can be drawn; the last stays as it is.

    It is what the verdict is about, in a map over training, and what arrives, in one over the steps back.
    """
    factor = -(-(len(values) - 1) // (_CELLS - 1))
    if factor <= 1:
        return values, positions
    starts = np.arange(0, len(values) - 1, factor)
    sizes = np.diff([*starts, len(values) - 1])
    means = np.add.reduceat(values[:-1], starts) / sizes[:, None]
    places = np.add.reduceat(positions[:-1], starts) / sizes
    return np.vstack([means, values[-1:]]), np.append(places, positions[-1])
