"""The number of updates of a training, and the interval between measurements."""

import math

from spectral_bench.config.schema import ExperimentConfig
from spectral_bench.errors import InputError

#: How many measurements a training on generated data gets where nothing says how many.
_MEASUREMENTS = 20

#: Where ``trace.every`` is null: the most updates between two looks, and the fewest looks.
_TRACE_EVERY = 100
_LOOKS = 20


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
    """Updates between measurements: as configured, else an epoch, or less for ``train.evaluations`` of them."""
    if config.train.evaluate_every is not None:
        return config.train.evaluate_every
    total = total_steps(config, updates_per_epoch)
    if not config.train.evaluations:
        return updates_per_epoch or math.ceil(total / _MEASUREMENTS)
    return max(1, min(updates_per_epoch or total, total // config.train.evaluations))


def tracing_interval(config: ExperimentConfig, updates_per_epoch: int | None) -> int:
    """Updates between two looks at gradients and spectrum: as configured, else 100, or less for twenty looks."""
    if config.trace.every is not None:
        return config.trace.every
    return max(1, min(_TRACE_EVERY, total_steps(config, updates_per_epoch) // _LOOKS))
