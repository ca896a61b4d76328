"""A new run, from its configuration to its directory."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch
import yaml

from spectral_bench.config.load import digest, resolved
from spectral_bench.config.schema import ExperimentConfig
from spectral_bench.errors import InputError
from spectral_bench.nn import build_model
from spectral_bench.nn.kernels.gated_by_cudnn import keep_float32
from spectral_bench.plugins.failure import no_exit
from spectral_bench.runs.atomic import write_text
from spectral_bench.runs.capacity import within_capacity
from spectral_bench.runs.cores import DEFAULT_THREADS
from spectral_bench.runs.directory import new_run_directory
from spectral_bench.runs.environment import describe_environment, working_repository
from spectral_bench.runs.interruption import heeding_signals
from spectral_bench.runs.layout import CONFIG, OVERRIDES
from spectral_bench.runs.lock import locked
from spectral_bench.runs.manifest import Manifest
from spectral_bench.runs.owner import Owner
from spectral_bench.runs.plugin_record import plugin_record
from spectral_bench.runs.session import Prepared, SessionResult, run_session
from spectral_bench.tasks import TASKS
from spectral_bench.tasks.task import Split
from spectral_bench.training.denormals import flushing_denormals
from spectral_bench.training.loop import Trainer
from spectral_bench.training.observer import Observer
from spectral_bench.training.stop import Stop


def prepare(config: ExperimentConfig, threads: int | None = None) -> Prepared:
    """Read the data and build the model, so that everything wrong with the input shows before a file is made.

    Args:
        config: what to run.
        threads: as many as this, where ``train.threads`` leaves their number open; None: as many as PyTorch chose.

    Raises:
        InputError: the configuration does not fit the task, the model or this machine.
        DataError: a data file is missing or damaged.
        SpectralBenchError: the model or the task called ``sys.exit``.
    """
    device = device_named(config.device)
    torch.set_num_threads(config.train.threads or threads or DEFAULT_THREADS)
    torch.manual_seed(config.seed)
    if device.type == "cuda":
        keep_float32()
    with flushing_denormals(config.train.flush_denormals), within_capacity(config), no_exit():
        task = TASKS[config.task.name](config.task, config.data_dir)
        model = build_model(config.model, task.signature)
        trainer = Trainer(model, task, config, device)
        task.train_batch(0, config.train.batch_size, config.seed)
        splits: tuple[Split, ...] = "validation", "test"
        for split in splits:
            next(task.batches(split, config.train.evaluation_batch_size), None)
    return Prepared(config, task, model, trainer, device)


def execute(
    prepared: Prepared,
    overrides: Sequence[str] = (),
    observers: Sequence[Observer] = (),
    stop: Stop | None = None,
    again: str | None = None,
) -> SessionResult:
    """Train, and keep everything in a new run directory.

    Args:
        prepared: what to run.
        overrides: what was typed to get its configuration.
        observers: receive every event of the training.
        stop: may be asked to stop the training by others than signals, too.
        again: the mark of a grid that trains everything anew, by which it finds this run again; None: no such grid.

    Raises:
        DivergedError: the training diverged; the directory says so and stays readable.
        InputError: the folder of results is not a folder, or may not be written.
        StorageError: it can no longer be written.
    """
    config = prepared.config

    def fill(new: Path) -> None:
        write_text(new / CONFIG, config_yaml(config))
        write_text(new / OVERRIDES, yaml.safe_dump(list(overrides), allow_unicode=True))
        Manifest.create(
            new,
            {
                "command": command_line(),
                "owner": Owner.this_process().as_dict(),
                "data": dict(prepared.task.digests),
                "plugins": plugin_record(config),
                "facts": prepared.facts.as_dict(),
                "metric": asdict(prepared.task.metric),
                "evaluation_continues": prepared.task.evaluation_continues,
                "ineffective": list(config.without_effect()),
                "config_digest": digest(config),
                "seed": config.seed,  # which the digest leaves out
                **describe_environment(prepared.device, config.train.flush_denormals),
                "repository": working_repository(),
                **({} if again is None else {"again": again}),
            },
        )

    stop = stop or Stop()
    with heeding_signals(stop):  # before there is a directory that a signal could leave without a word
        directory = new_run_directory(
            config.results_dir, config.task.name, config.model.name, digest(config), config.seed, fill
        )
        with locked(directory):
            return run_session(prepared, directory, Manifest.read(directory), observers, stop)


def command_line() -> list[str]:
    """The command line of this process, without the folder the program lies in; as a script, if it is the module."""
    name = Path(sys.argv[0]).name
    return ["spectral-bench" if name == "__main__.py" else name, *sys.argv[1:]]


def config_yaml(config: ExperimentConfig) -> str:
    """What ``config.yaml`` holds."""
    text: str = yaml.safe_dump(resolved(config), sort_keys=False, allow_unicode=True)
    return text


def device_named(name: str) -> torch.device:
    """Where to compute.

    Raises:
        InputError: there is no such device here; the message has those that are.
    """
    available = ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
    if name not in available and not (name == "cuda" and torch.cuda.is_available()):
        raise InputError(f"device={name} is not there. Available: {', '.join(available)}.")
    return torch.device(name)
