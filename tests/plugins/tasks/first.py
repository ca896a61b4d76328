"""A task from outside the package: name the first of ``task.length`` symbols."""

from dataclasses import dataclass

import torch
from torch.nn.functional import cross_entropy, one_hot

from spectral_bench.nn import Signature
from spectral_bench.tasks import TASKS, Baseline, Batch, Metric
from spectral_bench.tasks.generated import GeneratedTask


@dataclass
class FirstConfig:
    name: str
    length: int
    validation_size: int
    test_size: int


@TASKS.register("first")
class FirstTask(GeneratedTask):
    """Name the first of ``length`` symbols."""

    Config = FirstConfig
    metric = Metric("accuracy", "max")
    baseline = Baseline("metric", 1 / 8, 1 / 8, "a guess among 8")

    def __init__(self, config, data_dir):
        super().__init__(config, data_dir)
        self.signature = Signature(input_size=8, output_size=8, length=config.length, every_step=False)

    def _draw(self, rng, size):
        return rng.integers(0, 8, (self.config.length, size))

    def _render(self, drawn, first, last):
        symbols_TB = torch.from_numpy(drawn[:, first:last])
        return Batch(one_hot(symbols_TB, 8).float(), symbols_TB[0])

    def losses(self, outputs, targets):
        return cross_entropy(outputs, targets, reduction="none")

    def scores(self, outputs, targets):
        return (outputs.argmax(1) == targets).float()
