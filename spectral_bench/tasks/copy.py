"""The copy task: remember ten symbols over T blank steps, then recite them (Hochreiter & Schmidhuber, 1997).

A sequence of T + 20 steps over ten tokens, 0 the blank, 1..8 the symbols, 9 the delimiter:

    input   s0 s1 ... s9   0 0 ... 0 9   0 0 ... 0        ten symbols, T - 1 blanks and the delimiter, ten blanks
    target   0  0 ...  0   0 0 ... 0 0   s0 s1 ... s9     nine classes: the delimiter is never an answer

``Recall`` names the variants.
"""

import math
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from spectral_bench.errors import InputError
from spectral_bench.nn.model import Signature
from spectral_bench.tasks.generated import GeneratedTask
from spectral_bench.tasks.task import TASKS, Baseline, Batch, Metric

SYMBOLS = 10
ALPHABET = 8
BLANK, DELIMITER = 0, 9


class Recall(Enum):
    """When recall begins, and whether the delimiter stands there alone.

    ``after_delimiter``: at the step after the delimiter, as in the uRNN, Vorontsov's and the nnRNN code;
    ``with_delimiter``: the delimiter comes one step later, at the first step of the recall, as in the expRNN code;
    ``after_delimiters``: as ``after_delimiter``, and the delimiter is repeated through the recall, eleven in all, as in
    the TCN code (Bai et al., 2018); ``with_delimiters``: one delimiter for every recalled symbol, as in the S4 code,
    whose loss, other than here, counts the recalled symbols alone.
    """

    after_delimiter = "after_delimiter"
    with_delimiter = "with_delimiter"
    after_delimiters = "after_delimiters"
    with_delimiters = "with_delimiters"


class Encoding(Enum):
    """How a token enters the model.

    ``one_hot``: ten features; ``scalar``: one feature, the token itself with -1 for the delimiter (Vorontsov's code).
    """

    one_hot = "one_hot"
    scalar = "scalar"


@dataclass
class CopyConfig:
    """Keys of ``task=copy``; see ``conf/task/copy.yaml``."""

    name: str
    length: int
    recall: Recall
    encoding: Encoding
    validation_size: int
    test_size: int


@TASKS.register("copy")
class CopyTask(GeneratedTask[CopyConfig, NDArray[np.int64]]):
    """Copy ten symbols over ``config.length`` blank steps.

    The loss is the mean cross entropy over all T + 20 steps; the metric, ``recall_accuracy``, looks at the last ten
    only, since a model that always answers blank is right everywhere else. No paper names an accuracy from which the
    task counts as solved; 0.99, one symbol wrong in ten sequences, is ours.

    Raises:
        InputError: the length is less than 1.
    """

    Config = CopyConfig
    metric = Metric("recall_accuracy", "max")
    solved_at = 0.99

    def __init__(self, config: CopyConfig, data_dir: Path) -> None:
        super().__init__(config, data_dir)
        if config.length < 1:
            raise InputError(f"task.length must be at least 1, not {config.length}: T is the delay in time steps.")
        self._steps = config.length + 2 * SYMBOLS
        first = config.length + SYMBOLS - (config.recall in (Recall.after_delimiter, Recall.after_delimiters))
        is_repeated = config.recall in (Recall.after_delimiters, Recall.with_delimiters)
        self._delimiters = slice(first, self._steps if is_repeated else first + 1)
        self._one_hot = config.encoding is Encoding.one_hot
        self.signature = Signature(
            input_size=SYMBOLS if self._one_hot else 1,
            output_size=ALPHABET + 1,
            length=self._steps,
            every_step=True,
        )
        memoryless = SYMBOLS * math.log(ALPHABET) / self._steps
        self.baseline = Baseline(
            "loss",
            memoryless,
            memoryless,
            f"blank until the recall, then a guess among {ALPHABET} symbols: 10 ln 8 / (T + 20)",
        )

    def _draw(self, rng: np.random.Generator, size: int) -> NDArray[np.int64]:
        return rng.integers(1, ALPHABET + 1, size=(SYMBOLS, size))

    def _render(self, drawn: NDArray[np.int64], first: int, last: int) -> Batch:
        symbols = torch.from_numpy(drawn[:, first:last])
        size = last - first
        targets_TB = torch.full((self._steps, size), BLANK)
        targets_TB[-SYMBOLS:] = symbols
        inputs_TBD = torch.zeros(self._steps, size, self.signature.input_size)
        if self._one_hot:
            inputs_TBD[:, :, BLANK] = 1.0
            inputs_TBD[:SYMBOLS, :, BLANK] = 0.0
            inputs_TBD[:SYMBOLS].scatter_(2, symbols.unsqueeze(2), 1.0)
            inputs_TBD[self._delimiters, :, BLANK] = 0.0
            inputs_TBD[self._delimiters, :, DELIMITER] = 1.0
        else:
            inputs_TBD[:SYMBOLS, :, 0] = symbols.float()
            inputs_TBD[self._delimiters] = -1.0
        return Batch(inputs_TBD, targets_TB)

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Cross entropy, mean over all T + 20 steps."""
        losses = cross_entropy(outputs.flatten(0, 1), targets.flatten(), reduction="none")
        return losses.view_as(targets).mean(0)

    def scores(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Fraction of the ten symbols recalled."""
        recalled = outputs.detach()[-SYMBOLS:].argmax(-1) == targets[-SYMBOLS:]
        return recalled.float().mean(0)
