"""Configurations of runs that take a moment, for the tests of training, runs and faults."""

from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from spectral_bench.config.catalog import options
from spectral_bench.config.engine import Engine
from spectral_bench.config.load import load
from spectral_bench.config.schema import ExperimentConfig
from spectral_bench.runs.kinds import KINDS

SMALL = [
    "model.hidden_size=8",
    "train.batch_size=5",
    "train.steps=12",
    "train.evaluate_every=5",
    "trace.every=4",
]

GENERATED = ["task.length=6", "task.validation_size=20", "task.test_size=20"]

TASK_OPTIONS = {
    "addition": GENERATED,
    "copy": GENERATED,
    "mnist": ["task.pixels_per_step=28"],
    "ptb": ["task.bptt=4", "task.verify=false", "task.embedding_size=4", "train.evaluation_batch_size=2"],
    "ucr": ["task.dataset=Small"],
}

#: Models that read a whole sequence and predict once: for some of the tasks alone.
FEED_FORWARD = ["mlp", "resnet", "svdmlp", "svdresnet"]

#: Every other model of the project, by its yaml file.
MODELS = [model for model in options("model") if model not in FEED_FORWARD]

#: What a model of few units needs besides, and for few updates.
SIZES = {
    "svdrnn": ["model.m1=3", "model.m2=3"],
    "svdmlp": ["model.m1=3", "model.m2=3"],
    "svdresnet": ["model.m1=3", "model.m2=3"],
    "ornn": ["model.m=3"],
    "dtriv": ["model.rebase_every=2"],
}


def small_overrides(results_dir: Path, *overrides: str, model: str = "svdrnn", task: str = "copy") -> list[str]:
    """What to type for a small run; overrides given win."""
    own = [f"results_dir={results_dir}", f"model={model}", f"task={task}"]
    return [*own, *SMALL, *TASK_OPTIONS[task], *SIZES.get(model, []), *overrides]


@cache
def engine() -> Engine:
    """One for all tests of a process: most of the time of composing goes into reading files."""
    return Engine(None)


def small_config(results_dir: Path, *overrides: str, model: str = "svdrnn", task: str = "copy") -> ExperimentConfig:
    """The configuration of a small run; overrides given win."""
    typed = small_overrides(results_dir, *overrides, model=model, task=task)
    return load(typed, KINDS, engine=engine()).experiment


def numbers(directory: Path) -> dict[str, Any]:
    """All that a run must get again bit for bit, as text and bytes: tables without their time columns, and weights."""
    lines = (directory / "metrics.csv").read_text().splitlines()
    checkpoint = torch.load(directory / "checkpoint.pt", map_location="cpu", weights_only=True)["trainer"]
    return {
        "metrics": [line.rsplit(",", 2)[0] for line in lines],
        "gradients": table_bytes(directory / "gradients.parquet"),
        "spectrum": table_bytes(directory / "spectrum.parquet"),
        "weights": {name: weight.numpy().tobytes() for name, weight in checkpoint["model"].items()},
    }


def table_bytes(table: Path) -> dict[str, bytes]:
    """The columns of a trace; none where there is none, as of the spectrum of a model without a matrix."""
    if not table.exists():
        return {}
    frame = pd.read_parquet(table)
    return {name: "\n".join(map(repr, frame[name].tolist())).encode() for name in frame}


def only_run(results: Path) -> Path:
    """The one run in a results folder."""
    (directory,) = runs_in(results)
    return directory


def runs_in(results: Path) -> list[Path]:
    """The runs in a results folder. What a killed process was still filling is hidden, and none of them."""
    return list(results.glob("*/*/[!.]*"))
