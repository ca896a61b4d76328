"""One run from its configuration to its directory."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml

from spectral_bench.config.load import Loaded, digest, resolved
from spectral_bench.config.schema import ExperimentConfig
from spectral_bench.errors import InputError
from spectral_bench.nn.build import build_model
from spectral_bench.nn.layer_kinds import LAYERS
from spectral_bench.nn.sequence_model import SequenceModel
from spectral_bench.runs.atomic import write_json, write_text
from spectral_bench.runs.directory import new_run_directory
from spectral_bench.runs.environment import describe_environment
from spectral_bench.runs.manifest import Manifest, Status
from spectral_bench.runs.recorder import RunRecorder
from spectral_bench.runs.summary import summarise
from spectral_bench.tasks import TASKS
from spectral_bench.tasks.base import Task
from spectral_bench.training.loop import DivergedError, Outcome, Trainer
from spectral_bench.training.observer import Observer


@dataclass(frozen=True)
class Prepared:
    """A run that could start: data read, model built, nothing written."""

    loaded: Loaded
    task: Task
    model: SequenceModel
    trainer: Trainer
    device: torch.device


@dataclass(frozen=True)
class Result:
    """A run that ended."""

    directory: Path
    summary: dict[str, Any]


def prepare(loaded: Loaded) -> Prepared:
    """Read the data and build the model, so that everything wrong with the input shows before a file is made.

    Raises:
        InputError: the configuration does not fit the task, the model or this machine.
        DataError: a data file is missing or damaged.
    """
    config = loaded.experiment
    device = _device(config.device)
    if config.train.threads is not None:
        torch.set_num_threads(config.train.threads)
    torch.manual_seed(config.seed)
    task = TASKS[config.task.name](config.task, config.data_dir)
    model = _build(config, task)
    trainer = Trainer(model, task, config, device)
    task.train_batch(0, config.train.batch_size, config.seed)
    return Prepared(loaded, task, model, trainer, device)


def execute(prepared: Prepared, observers: Sequence[Observer] = ()) -> Result:
    """Train, and keep everything in a new run directory.

    Raises:
        DivergedError: the training diverged; the directory says so and stays readable.
        InputError: the results folder cannot be written.
    """
    loaded, task, trainer = prepared.loaded, prepared.task, prepared.trainer
    config = loaded.experiment

    def fill(new: Path) -> None:
        write_text(new / "config.yaml", yaml.safe_dump(resolved(config), sort_keys=False, allow_unicode=True))
        write_text(new / "overrides.yaml", yaml.safe_dump(loaded.composition.overrides, allow_unicode=True))
        Manifest.create(
            new,
            {
                "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
                "config_digest": digest(config, uses_radius=LAYERS[config.model.layer].uses_radius),
                "every_step": task.signature.every_step,
                "data": dict(task.digests),
                **describe_environment(prepared.device),
            },
        )

    directory = new_run_directory(config.results_dir, config.task.name, config.model.name, config.seed, fill)
    manifest = Manifest.read(directory)
    recorder = RunRecorder(directory, task.metric.name)

    try:
        outcome = trainer.run([recorder, *observers])
    except BaseException as error:
        _conclude(directory, prepared, recorder, None)
        manifest.end(_status_after(error), str(error) or type(error).__name__)
        raise
    summary = _conclude(directory, prepared, recorder, outcome)
    manifest.end("completed", outcome.reason)
    return Result(directory, summary)


def _conclude(directory: Path, prepared: Prepared, recorder: RunRecorder, outcome: Outcome | None) -> dict[str, Any]:
    """Seal the tables and write the summary of whatever was reached."""
    recorder.seal()
    summary = summarise(
        prepared.loaded.experiment,
        prepared.task,
        prepared.model.num_parameters(),
        prepared.trainer.progress,
        recorder,
        outcome,
    )
    write_json(directory / "summary.json", summary)
    return summary


def _status_after(error: BaseException) -> Status:
    if isinstance(error, DivergedError):
        return "diverged"
    return "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"


def _build(config: ExperimentConfig, task: Task) -> SequenceModel:
    signature = task.signature
    return build_model(
        config.model,
        r=config.r,
        input_size=signature.input_size,
        output_size=signature.output_size,
        every_step=signature.every_step,
        embedding_size=signature.embedding_size,
    )


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        available = "cpu" + "".join(f", cuda:{index}" for index in range(torch.cuda.device_count()))
        raise InputError(f"device={name} is not there. Available: {available}.") from error
    return device
