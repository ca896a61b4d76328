"""Tasks whose data is generated: training batches without end, validation and test sets of a fixed size."""

from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np

from spectral_bench.errors import InputError
from spectral_bench.tasks.random_streams import Purpose, fixed_stream, training_stream
from spectral_bench.tasks.task import Batch, Split, Task


class GeneratedConfig(Protocol):
    """The configuration keys that every generated task has."""

    name: str
    length: int
    validation_size: int
    test_size: int


_G = TypeVar("_G", bound=GeneratedConfig)
_Draw = TypeVar("_Draw")


class GeneratedTask(Task[_G], Generic[_G, _Draw]):
    """A task that draws its sequences in a compact form and renders them batch by batch.

    The compact form (``_Draw``: whatever the subclass chooses) makes a whole evaluation set cheap enough to be drawn
    anew at every pass, so nothing is kept in memory between passes.

    Args:
        config: its configuration keys.
        data_dir: not used; there are no files.
    """

    def __init__(self, config: _G, data_dir: Path) -> None:  # noqa: ARG002
        if config.validation_size < 1 or config.test_size < 1:
            raise InputError(
                "task.validation_size and task.test_size must be at least 1, "
                f"not {config.validation_size} and {config.test_size}."
            )
        self.config = config
        self.digests = {}

    @abstractmethod
    def _draw(self, rng: np.random.Generator, size: int) -> _Draw:
        """``size`` random sequences in compact form."""

    @abstractmethod
    def _render(self, drawn: _Draw, first: int, last: int) -> Batch:
        """The drawn sequences ``first`` to ``last - 1`` as a batch."""

    def updates_per_epoch(self, batch_size: int) -> int | None:  # noqa: ARG002
        """None: the data is generated without end."""
        return None

    def train_batch(self, step: int, batch_size: int, seed: int) -> Batch:
        """Fresh sequences for every step."""
        return self._render(self._draw(training_stream(seed, step), batch_size), 0, batch_size)

    def batches(self, split: Split, batch_size: int) -> Iterator[Batch]:
        """The fixed validation or test set.

        Raises:
            InputError: ``split`` is ``train``, which is generated without end.
        """
        if split == "train":
            raise InputError(
                f"task={self.config.name} generates its training data without end; it has no pass over it."
            )
        size = self.config.validation_size if split == "validation" else self.config.test_size
        drawn = self._draw(fixed_stream(Purpose[split]), size)
        for first in range(0, size, batch_size):
            yield self._render(drawn, first, min(first + batch_size, size))
