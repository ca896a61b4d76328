"""Every model on every task through the command line, and two of them on the real data."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_runs import FEED_FORWARD, MODELS, TASK_OPTIONS
from tasks.fabricate import ucr_text, write_mnist, write_ptb, write_ucr

from spectral_bench.config.load import load
from spectral_bench.nn import Signature, build_model
from spectral_bench.runs.kinds import KINDS

REAL = {
    "mnist": ["task.pixels_per_step=28"],
    "ptb": ["task.embedding_size=16", "model.hidden_size=32", "train.evaluation_batch_size=200"],
    "ucr": ["task.dataset=CBF,ItalyPowerDemand,FaceAll"],
}

SUMMARY_KEYS = {
    "task", "model", "seed", "metric", "mode", "train", "validation", "test", "best_step", "best_validation",
    "test_at_best", "loss_test", "baseline", "steps_to_beat_baseline", "solved_at", "num_parameters", "ms_per_step",
    "wall_seconds", "gradient_decay_rate", "gradient_kept", "gradient_verdict", "spectral_margin",
}  # fmt: skip


def spectral_bench(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "spectral_bench", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)


def matrices_of(model: str) -> int:
    built = build_model(load([f"model={model}"], KINDS).experiment.model, Signature(1, 1, length=1, every_step=False))
    return len(built.singular_values())


def check_runs(results: Path, task: str, models: list[str], data_sets: int) -> None:
    """Every run has left a complete directory."""
    directories = sorted((results / task).glob("*/*"))
    assert len(directories) == len(models) * data_sets
    for directory in directories:
        matrices = matrices_of(directory.parent.name)
        assert {path.name for path in directory.iterdir()} == {
            "config.yaml", "overrides.yaml", "manifest.json", "metrics.csv", "gradients.parquet", "summary.json",
            "checkpoint.pt", *(["spectrum.parquet"] if matrices else []),
        }  # fmt: skip
        manifest = json.loads((directory / "manifest.json").read_text())
        assert manifest["status"] == "completed"
        assert bool(manifest["data"]) == (task in REAL)
        summary = json.loads((directory / "summary.json").read_text())
        assert summary.keys() >= SUMMARY_KEYS
        assert (summary["task"], summary["model"]) == (task, directory.parent.name)
        assert summary["train"] is not None
        assert summary["gradient_verdict"] is not None
        # PTB is evaluated with a state carried over the whole text: an unbounded ReLU network may overflow.
        assert summary["test"] is not None or (task == "ptb" and summary["model"] in ("irnn", "indrnn"))
        gradients = pd.read_parquet(directory / "gradients.parquet")
        assert sorted(set(gradients["step"])) == [0, 2, 3]
        assert set(gradients["t"]) == set(range(gradients["t"].max() + 1))
        assert (gradients["norm"] >= 0).all()
        if matrices:
            spectrum = pd.read_parquet(directory / "spectrum.parquet")
            assert spectrum[["layer", "matrix"]].drop_duplicates().shape[0] == matrices


FEW = ["train.steps=3", "train.batch_size=4", "train.evaluate_every=3", "trace.every=2", "train.threads=1"]


@pytest.mark.parametrize("task", TASK_OPTIONS)
def test_every_model_runs_on_the_task_and_leaves_a_complete_directory(task: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    match task:
        case "mnist":
            write_mnist(data)
        case "ptb":
            write_ptb(data, "a b c d\n" * 20 + "a a e\n" * 5, "a b c e\n" * 7, "d a b\n" * 8)
        case "ucr":
            write_ucr(data, "Small", ucr_text(["10", "-1", "2"] * 10, 12), ucr_text(["2", "-1", "10"] * 5, 12))
    done = spectral_bench(
        "run", "-m", "-q", f"task={task}", f"model={','.join(MODELS)}", "data_dir=data", *TASK_OPTIONS[task], *FEW,
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    check_runs(tmp_path / "results", task, MODELS, 1)


@pytest.mark.parametrize("task", REAL)
def test_the_real_data_is_learnt_from_as_well(task: str, tmp_path: Path, real_data: Path) -> None:
    few = [*FEW, "train.batch_size=16"]
    done = spectral_bench("run", "-m", "-q", f"task={task}", "model=svdrnn,lstm", *REAL[task], *few, cwd=tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout
    check_runs(tmp_path / "results", task, ["svdrnn", "lstm"], 3 if task == "ucr" else 1)


@pytest.mark.parametrize("task", ["addition", "mnist", "ucr"])
def test_every_feed_forward_model_is_traced_over_depth(
    task: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if task in ("mnist", "ucr"):
        request.getfixturevalue("real_data")
    few = ["train.steps=3", "train.batch_size=16", "trace.every=2", "train.threads=1", "model.depth=6"]
    # All pixels at once; series shorter than there are reflectors.
    of_task = {"mnist": ["task.pixels_per_step=784"], "ucr": ["task.dataset=ItalyPowerDemand,CBF"]}.get(task, [])
    words = [f"task={task}", f"model={','.join(FEED_FORWARD)}", *of_task, *few]
    done = spectral_bench("run", "-m", "-q", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout
    directories = sorted((tmp_path / "results" / task).glob("*/*"))
    assert len(directories) == len(FEED_FORWARD) * (2 if task == "ucr" else 1)
    for directory in directories:
        model = directory.parent.name
        facts = json.loads((directory / "manifest.json").read_text())["facts"]
        assert (facts["trace_axis"], facts["layers"]) == ("depth", 1)
        assert (facts["step"] is not None) == (model == "svdresnet")
        gradients = pd.read_parquet(directory / "gradients.parquet")
        assert gradients["t"].max() == (3 if model.endswith("resnet") else 6)
        assert (gradients["norm"] > 0).all()
        spectrum = pd.read_parquet(directory / "spectrum.parquet")
        assert spectrum[["layer", "matrix"]].drop_duplicates().shape[0] == 6
        summary = json.loads((directory / "summary.json").read_text())
        assert summary["spectral_margin"] is not None
        assert summary["gradient_verdict"] is not None
    shown = spectral_bench("grads", "--format", "json", "results", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    rows = json.loads(shown.stdout)["rows"]
    held = [row for row in rows if row["envelope_binds"]]
    assert {row["group"].split()[0] for row in held} == {"svdmlp", "svdresnet"}
    assert all(row["left_envelope_at"] is None for row in held)


def test_every_model_trains_on_series_of_unequal_lengths_and_three_dimensions(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)

    def series(count: int) -> str:
        rows = (rng.normal(size=(3, rng.integers(5, 20))) for _ in range(count))
        lines = (":".join(",".join(map(str, one)) for one in row) + f":{place % 3}" for place, row in enumerate(rows))
        return "@data\n" + "\n".join(lines) + "\n"

    write_ucr(tmp_path / "data", "Ragged", series(30), series(30), ending=".ts")
    chosen = ["task=ucr", "task.dataset=Ragged", "data_dir=data", f"model={','.join(MODELS)}"]
    done = spectral_bench("run", "-m", "-q", *chosen, "train.steps=1", "train.threads=1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout
    directories = sorted((tmp_path / "results" / "ucr").glob("*/*"))
    assert len(directories) == len(MODELS)
    for directory in directories:
        summary = json.loads((directory / "summary.json").read_text())
        assert summary["test"] is not None
        assert summary["gradient_verdict"] is not None
        assert json.loads((directory / "manifest.json").read_text())["facts"]["every_step"] is False
        gradients = pd.read_parquet(directory / "gradients.parquet")
        assert set(gradients["t"]) == set(range(20))
        assert (gradients.loc[gradients["t"] == 19, "norm"] > 0).all()
        assert (gradients["norm"] >= 0).all()  # all ReLUs of a short way may be off, and nothing comes back
