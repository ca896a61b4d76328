"""Seeded random streams: the random numbers a task draws depend only on their purpose and the seed.

NumPy gives the same numbers for a seed on every machine, and in every version unless it announces a change; the tests
record the first numbers of the evaluation sets.
"""

from enum import IntEnum

import numpy as np

#: Entropy of everything that must not change with the seed of a run: evaluation sets and splits.
_FIXED = 20180710


class Purpose(IntEnum):
    """What random numbers are for; two purposes never share a stream, whatever the seed."""

    train = 0
    validation = 1
    test = 2
    split = 3


def training_stream(seed: int, index: int) -> np.random.Generator:
    """Random numbers of one training batch (or epoch) ``index`` of the run with this seed."""
    return _stream(seed, Purpose.train, index)


def fixed_stream(purpose: Purpose) -> np.random.Generator:
    """Random numbers that are the same for every run."""
    return _stream(_FIXED, purpose, 0)


def _stream(entropy: int, purpose: Purpose, index: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(purpose, index)))
