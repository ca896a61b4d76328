"""Every model on every task through the command line, on the real data."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

MODELS = ("rnn", "irnn", "ornn", "lstm", "gru", "svdrnn")

TASKS = {
    "addition": [],
    "copy": [],
    "mnist": ["task.pixels_per_step=28"],
    "ptb": ["task.embedding_size=16", "model.hidden_size=32", "train.evaluation_batch_size=200"],
    "ucr": ["task.dataset=CBF,ItalyPowerDemand,FaceAll"],
}

SUMMARY_KEYS = {
    "task", "model", "seed", "metric", "mode", "train", "validation", "test", "best_step", "best_validation",
    "test_at_best", "loss_test", "baseline", "steps_to_beat_baseline", "solved_at", "num_parameters", "ms_per_step",
    "wall_seconds", "gradient_decay_rate", "gradient_verdict", "spectral_margin",
}  # fmt: skip


def spectral_bench(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "spectral_bench", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("task", TASKS)
def test_every_model_runs_on_the_task_and_leaves_a_complete_directory(
    task: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if task in ("mnist", "ptb", "ucr"):
        request.getfixturevalue("real_data")
    few = ["train.steps=3", "train.batch_size=16", "trace.every=2", "train.threads=1"]
    done = spectral_bench(
        "run", "-m", "-q", f"task={task}", f"model={','.join(MODELS)}", *TASKS[task], *few, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr + done.stdout
    directories = sorted((tmp_path / "results" / task).glob("*/*"))
    assert len(directories) == len(MODELS) * (3 if task == "ucr" else 1)
    for directory in directories:
        assert {path.name for path in directory.iterdir()} == {
            "config.yaml", "overrides.yaml", "manifest.json", "metrics.csv", "gradients.parquet", "spectrum.parquet",
            "summary.json", "checkpoint.pt",
        }  # fmt: skip
        manifest = json.loads((directory / "manifest.json").read_text())
        assert manifest["status"] == "completed"
        assert bool(manifest["data"]) == (task in ("mnist", "ptb", "ucr"))
        summary = json.loads((directory / "summary.json").read_text())
        assert summary.keys() >= SUMMARY_KEYS
        assert (summary["task"], summary["model"]) == (task, directory.parent.name)
        assert summary["train"] is not None
        assert summary["gradient_verdict"] is not None
        # PTB is evaluated with a state carried over the whole text: an unbounded ReLU network may overflow.
        assert summary["test"] is not None or (task, summary["model"]) == ("ptb", "irnn")
        gradients = pd.read_parquet(directory / "gradients.parquet")
        assert sorted(set(gradients["step"])) == [0, 2, 3]
        assert set(gradients["t"]) == set(range(gradients["t"].max() + 1))
        assert (gradients["norm"] >= 0).all()
        spectrum = pd.read_parquet(directory / "spectrum.parquet")
        matrices = {"lstm": 4, "gru": 3}.get(summary["model"], 1)
        assert spectrum[["layer", "matrix"]].drop_duplicates().shape[0] == matrices
