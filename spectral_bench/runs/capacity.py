"""What is too large for this machine or for single precision, answered in one message."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from spectral_bench.config.schema import ExperimentConfig
from spectral_bench.errors import InputError

#: What PyTorch and NumPy say of numbers that are too large for single precision, and of sizes no machine has.
_BEYOND_PRECISION = ("without overflow", "out of bounds for float", "std::numeric_limits<Float>::max()")
_BEYOND_MEMORY = ("allocate memory", "Maximum allowed dimension", "array is too big")


@contextmanager
def within_capacity(config: ExperimentConfig) -> Iterator[None]:
    """Sizes beyond this machine and numbers beyond single precision are the user's to change.

    PyTorch and NumPy answer both with exceptions of several kinds.

    Raises:
        InputError: in the place of those exceptions.
    """
    try:
        yield
    except InputError:
        raise
    except (MemoryError, RuntimeError, OverflowError, ValueError) as error:
        message = str(error)
        if any(words in message for words in _BEYOND_PRECISION):
            raise InputError("A number in the configuration is beyond single precision.") from error
        too_many = any(words in message for words in _BEYOND_MEMORY)
        if too_many or isinstance(error, MemoryError | OverflowError | torch.OutOfMemoryError):
            raise InputError(
                f"{config.model.name} on {config.task.name} does not fit into memory: lower the batch sizes in train, "
                "or the sizes in task and model."
            ) from error
        raise
