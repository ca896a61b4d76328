"""One message for sizes too large for this machine and numbers too large for single precision."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from spectral_bench.config.schema import ExperimentConfig
from spectral_bench.errors import InputError

#: Parts of PyTorch's and NumPy's messages about numbers too large for single precision, and about impossible sizes.
_BEYOND_PRECISION = ("without overflow", "out of bounds for float", "std::numeric_limits<Float>::max()")
_BEYOND_MEMORY = ("allocate memory", "Maximum allowed dimension", "array is too big")


@contextmanager
def within_capacity(config: ExperimentConfig) -> Iterator[None]:
    """Turn what PyTorch and NumPy raise for sizes and numbers that are too large into one error for the user.

    Both raise exceptions of several kinds.

    Raises:
        InputError: in place of those exceptions.
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
