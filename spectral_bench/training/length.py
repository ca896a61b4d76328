"""The number of updates of a training, and the interval between measurements."""

import math

from spectral_bench.config.schema import ExperimentConfig
from spectral_bench.errors import InputError

#: How many measurements a training gets that has ``train.steps`` alone and no ``train.evaluate_every``.
DEFAULT_MEASUREMENTS = 20


def total_steps(config: ExperimentConfig, updates_per_epoch: int | None) -> int:
    """Updates until ``train.steps`` or ``train.epochs``, whichever ends first.

    Raises:
        InputError: ``train.epochs`` is set for a task whose data is generated without end.
    """
    steps, epochs = config.train.steps, config.train.epochs
    if updates_per_epoch is None and epochs is not None:
        raise InputError(
            f"train.epochs={epochs} does not end this training: the data of task {config.task.name} is generated "
            "without end. Set train.steps."
        )
    ends = [] if steps is None else [steps]
    if updates_per_epoch is not None and epochs is not None:
        ends.append(epochs * updates_per_epoch)
    return min(ends)


def measuring_interval(config: ExperimentConfig, updates_per_epoch: int | None) -> int:
    """Updates between measurements: as configured, else one epoch, else a fraction of ``train.steps``."""
    configured = config.train.evaluate_every or updates_per_epoch
    return configured or math.ceil(total_steps(config, None) / DEFAULT_MEASUREMENTS)
