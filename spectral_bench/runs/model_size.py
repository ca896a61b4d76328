"""How many parameters the model of a configuration has."""

import warnings
from functools import lru_cache

import torch

from spectral_bench.config.schema import ExperimentConfig
from spectral_bench.nn import build_model
from spectral_bench.nn.model import Signature
from spectral_bench.runs.capacity import within_capacity
from spectral_bench.tasks import TASKS


def count_parameters(config: ExperimentConfig) -> int:
    """Trainable numbers of a fresh model; the state of random generators stays as it is.

    Raises:
        InputError: the configuration makes no model for its task.
        DataError: a data file of the task is missing or damaged.
    """
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings(), within_capacity(config):
        warnings.simplefilter("ignore")  # they will be told of the model that is run
        return build_model(config.model, _signature(_Task(config))).num_parameters()


class _Task:
    """A task by what is configured of it, so that a search for a size reads its data once."""

    def __init__(self, config: ExperimentConfig) -> None:
        self.config = config
        self._key = repr((config.task, config.data_dir))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Task) and other._key == self._key

    def __hash__(self) -> int:
        return hash(self._key)


@lru_cache(maxsize=8)
def _signature(task: _Task) -> Signature:
    config = task.config
    return TASKS[config.task.name](config.task, config.data_dir).signature
