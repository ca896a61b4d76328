"""Models of other people: one file and one yaml each, outside the package, and citizens of every verb."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from command_line import Run

OUTSIDE = Path(__file__).parent / "outside"
EXAMPLE = Path(__file__).parents[2] / "examples" / "plugin_model.py"

#: What each model is, and the facts that its runs record: bounds of σ, trace axis, places along the trace.
MODELS = {
    "skew": ([1.0, 1.0], "time", 13),
    "oscillator": (None, "time", 13),
    "diagonal": ([0.0, 1.0], "time", 13),
    "deep": (None, "depth", 31),
}


def cli(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "spectral_bench", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240)


def file_of(model: str) -> Path:
    return EXAMPLE if model == "oscillator" else OUTSIDE / model / f"{model}.py"


def size(model: str) -> str:
    return "model.width=16" if model == "deep" else "model.hidden_size=16"


def test_no_author_has_to_have_an_initial_state_that_is_trained(tmp_path: Path) -> None:
    done = cli(tmp_path, "run", f"--plugin={EXAMPLE}", "model=oscillator", "model.learn_h0=true", "--print-config")
    assert done.returncode == 2
    assert "Unknown key 'model.learn_h0'" in done.stderr


@pytest.mark.parametrize("model", MODELS)
def test_a_model_outside_the_package_is_run_traced_compared_resumed_and_verified(
    model: str, tmp_path: Path, run: Run
) -> None:
    plugin = f"--plugin={file_of(model)}"
    options = ["task.length=12", "train.steps=6", "trace.every=3", "train.batch_size=16", "optimizer.lr=1e-3"]
    made = cli(tmp_path, "run", plugin, "-q", "task=addition", f"model={model}", size(model), *options)
    assert made.returncode == 0, made.stderr
    (directory,) = (tmp_path / "results" / "addition" / model).iterdir()
    manifest = json.loads((directory / "manifest.json").read_text())
    sigma, axis, places = MODELS[model]
    assert (manifest["facts"]["sigma"], manifest["facts"]["trace_axis"]) == (sigma, axis)
    assert manifest["plugins"][0]["name"] == file_of(model).name

    gradients = pd.read_parquet(directory / "gradients.parquet")
    assert sorted(gradients.step.unique()) == [0, 3, 6]
    assert (gradients.groupby("step").size() == places).all()
    assert (gradients[gradients.step == 0].norm > 0).all()
    spectrum = pd.read_parquet(directory / "spectrum.parquet")
    if sigma is not None:
        assert spectrum.singular_value.between(sigma[0] - 1e-6, sigma[1] + 1e-6).all()
    assert spectrum.layer.nunique() == (30 if model == "deep" else 1)

    more = cli(tmp_path, "resume", plugin, "-q", str(directory), "train.steps=9")
    assert more.returncode == 0, more.stderr
    again = cli(tmp_path, "verify", plugin, "--whole", str(directory))
    assert again.returncode == 0, again.stdout + again.stderr

    # Whoever reads results needs no plugin: everything is in the manifest.
    for verb in ("compare", "grads", "spectrum", "curves"):
        read = run(verb, "results")
        assert read.returncode == 0, read.stderr
        assert model in read.stdout
    assert ("layer" in run("grads", "--show", "results").stdout) is (axis == "depth")
    assert "--plugin" in run("resume", str(directory), "train.steps=12").stderr


def test_a_feed_forward_network_refuses_a_task_with_a_loss_at_every_step(tmp_path: Path) -> None:
    refused = cli(tmp_path, "run", f"--plugin={file_of('deep')}", "task=copy", "model=deep", "recipe=none")
    assert refused.returncode == 2
    assert "reads a whole sequence" in refused.stderr


def test_outside_models_and_those_of_the_package_stand_in_one_table(tmp_path: Path) -> None:
    plugins = [f"--plugin={file_of(model)}" for model in ("skew", "deep")]
    options = ["task=addition", "task.length=8", "train.steps=4", "train.batch_size=8", "train.threads=1"]
    made = cli(tmp_path, "run", *plugins, "-m", "-q", "model=rnn,skew,deep", "seed=1,2", *options)
    assert made.returncode == 0, made.stderr
    document = json.loads(cli(tmp_path, "compare", "--format", "json").stdout)
    (section,) = document["sections"]
    assert {group["model"] for group in section["groups"]} == {"rnn", "skew", "deep"}
