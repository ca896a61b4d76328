"""The README does what it says."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from spectral_bench.cli.app import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
COMMANDS = [
    line.partition("  #")[0]
    for language, text in BLOCKS
    for line in text.splitlines()
    if line.startswith("spectral-bench run ")
]
WITH_PLUGINS = [command for command in COMMANDS if "--plugin" in command]


def code(language: str, containing: str) -> str:
    (found,) = [text for name, text in BLOCKS if name == language and containing in text]
    return found


def test_the_first_two_blocks_are_commands_of_one_line_that_run_the_copy_task_and_the_tests() -> None:
    (first, second) = BLOCKS[:2]
    assert len(first[1].splitlines()) == len(second[1].splitlines()) == 1
    assert first[1].rstrip().endswith("spectral-bench run task=copy model=svdrnn")
    assert "pytest" in second[1]


@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in WITH_PLUGINS])
def test_every_run_command_is_one_that_could_be_typed(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [word for word in shlex.split(command)[1:] if word not in ("--dry-run", "--print-config")]
    show = [] if "--list-points" in words else ["--list-points" if "--sink" in words else "--print-config"]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["spectral-bench", *words, *show])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code, capsys.readouterr().err


def test_the_library_example_runs() -> None:
    example = code("python", "from_linear(trained)")
    setup = "import torch\nx = torch.randn(7, 3, 10)\ntrained = torch.nn.Linear(10, 10)\nlengths = [7, 2, 5]\n"
    check = (
        "assert output.shape == (7, 3, 128) and h_n.shape == (1, 3, 128) and layer(x).shape == (7, 3, 10)\n"
        "assert packed_output.data.shape == (14, 256) and last.shape == (4, 3, 128)\n"
    )
    done = subprocess.run([sys.executable, "-c", setup + example + check], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_the_new_model_learns_the_new_task(tmp_path: Path) -> None:
    """The files of both "Adding" sections, and nothing else, make a model and a task that work together."""
    for group, name in (("model", "diagrnn"), ("task", "first")):
        (tmp_path / "conf" / group).mkdir(parents=True)
        (tmp_path / "conf" / group / f"{name}.yaml").write_text(code("yaml", f"name: {name}"))
    (tmp_path / "diagonal.py").write_text(code("python", 'register("diagonal")'))
    (tmp_path / "first.py").write_text(code("python", 'register("first")'))
    (model_alone, together) = WITH_PLUGINS
    small = ["train.steps=60", "optimizer.lr=0.01", "model.hidden_size=32", "-q"]
    for command, options in (
        (model_alone, ["task.length=5", "task.validation_size=20", "task.test_size=20", "train.steps=2"]),
        (together, ["task.length=5"]),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "spectral_bench", *shlex.split(command)[1:], *small, *options],
            cwd=tmp_path, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    accuracy = re.search(r"test accuracy\s+([\d.]+)", done.stdout)
    assert accuracy is not None
    assert float(accuracy[1]) > 0.25


def test_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", README)
    assert targets
    missing = [target for target in targets if "://" not in target and not (ROOT / target).exists()]
    assert missing == []
