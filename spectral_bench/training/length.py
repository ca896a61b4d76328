"""How many updates a training makes, and how many from one measurement to the next."""

import math

from spectral_bench.config.schema import ExperimentConfig
from spectral_bench.errors import InputError

#: Measurements of a training whose length is given in steps alone, when ``train.evaluate_every`` is not set.
DEFAULT_MEASUREMENTS = 20


def total_steps(config: ExperimentConfig, updates_per_epoch: int | None) -> int:
    """Updates until ``train.steps`` or ``train.epochs``, whichever ends first.

    Raises:
        InputError: ``train.epochs`` for a task whose data never ends.
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
    """Updates between measurements: as configured, else an epoch, else a part of the length given in steps."""
    configured = config.train.evaluate_every or updates_per_epoch
    return configured or math.ceil(total_steps(config, None) / DEFAULT_MEASUREMENTS)
