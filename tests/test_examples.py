"""Every file of examples/ runs by itself, in small."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"

#: Scripts, each with arguments that make it quick.
SCRIPTS = {
    "copy_task.py": ["--length=5", "--steps=40", "--hidden-size=16", "--reflectors=8", "--lr=0.01"],
    "spectral_rnn_in_your_training.py": ["--length=20", "--steps=60", "--hidden-size=16", "--batch-size=32"],
}


def run_example(name: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / name), *SCRIPTS[name], *arguments],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def numbers(label: str, output: str) -> list[float]:
    return [float(number) for number in re.findall(rf"{re.escape(label)} +([\d.e+-]+)", output)]


@pytest.mark.parametrize("recurrent", [(), ("--rnn",)], ids=["SpectralRNN", "torch.nn.RNN"])
def test_the_copy_task_trains_in_one_file(recurrent: tuple[str, ...]) -> None:
    losses = numbers("loss", run_example("copy_task.py", *recurrent))[1:]
    assert len(losses) == 10
    assert losses[-1] < 0.6 * losses[0]


def test_a_training_of_ones_own_learns_and_stays_within_the_radius() -> None:
    output = run_example("spectral_rnn_in_your_training.py", "--r=0.05")
    losses, margins = numbers("loss", output), numbers("|sigma - 1|", output)
    assert losses[-1] < losses[0]
    assert 0.0 < max(margins) <= 0.05
    assert min(numbers("at t = T:", output)) > 0.0


def test_every_example_is_run_and_listed() -> None:
    files = {file.name for file in EXAMPLES.glob("*.py")}
    assert files == {*SCRIPTS, "plugin_model.py"}  # which tests/plugins/test_outside_models.py runs
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert [name for name in files if f"({name})" not in readme] == []
