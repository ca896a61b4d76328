"""Completion of overrides, asked for as the shells ask."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from spectral_bench.config.complete import candidates

BIN = Path(sys.executable).parent


def asked(environment: dict[str, str], *command: str) -> str:
    settings = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", **environment}
    return subprocess.run(command, env=settings, capture_output=True, text=True, timeout=60, check=True).stdout


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
@pytest.mark.parametrize(
    ("words", "replies"),
    [
        # Bash takes "=" for a word of its own; what is completed is what follows.
        ("spectral-bench run model = sv", "svdrnn"),
        ("spectral-bench run task =", "addition copy mnist ptb ucr"),
        ("spectral-bench run optimizer = adam model = lstm model.forg", "model.forget_bias= model.forget_bias=1.0"),
        ("spectral-bench run --quiet experiment = pixel", "pixel_mnist"),
        (
            "spectral-bench run task = ucr task.dataset = GunP",
            "GunPoint GunPointAgeSpan GunPointMaleVersusFemale GunPointOldVersusYoung",
        ),
        ("spectral-bench data download mn", "mnist"),
        ("spectral-bench data status CB", "CBF"),
    ],
)
def test_bash_completes_overrides(words: str, replies: str) -> None:
    script = f"""
        eval "$(spectral-bench --show-completion bash)"
        COMP_WORDS=({words}); COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
        _spectral_bench_completion spectral-bench
        echo "${{COMPREPLY[@]}}"
    """
    assert asked({}, "bash", "-c", script).strip() == replies


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("spectral-bench run model=sv", "model=svdrnn"),
        ("spectral-bench run task=ucr task.dataset=CB", "task.dataset=CBF"),
        ("spectral-bench run model=lstm model.forg", "model.forget_bias=1.0"),
    ],
)
def test_zsh_completes_overrides(line: str, reply: str) -> None:
    answer = asked({"_SPECTRAL_BENCH_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": line}, "spectral-bench")
    assert f'"{reply}"' in answer
    assert answer.startswith("_arguments")


def test_words_that_do_not_compose_complete_to_nothing() -> None:
    environment = {"COMP_WORDS": "spectral-bench run model=nothing model.", "COMP_CWORD": "3"}
    assert asked({"_SPECTRAL_BENCH_COMPLETE": "complete_bash", **environment}, "spectral-bench").strip() == ""


def test_verbs_and_options_are_completed() -> None:
    environment = {
        "_SPECTRAL_BENCH_COMPLETE": "complete_bash",
        "COMP_WORDS": "spectral-bench run --print",
        "COMP_CWORD": "2",
    }
    assert asked(environment, "spectral-bench").split() == ["--print-config"]


def test_keys_are_offered_a_level_at_a_time() -> None:
    first = candidates("", [])
    assert {"model=", "model.", "experiment=", "train.", "seed="} <= set(first)
    assert not any(word.startswith("train.s") for word in first)
    assert "train.steps=" in candidates("train.", [])
    assert candidates("trai", []) == candidates("train.", [])


def test_key_that_is_certain_comes_with_its_value() -> None:
    assert candidates("train.st", ["task=copy", "train.steps=5"]) == ["train.steps=", "train.steps=5"]
    assert candidates("trace.grad", []) == ["trace.gradients=", "trace.gradients=true"]
    assert candidates("train.thr", []) == ["train.threads=", "train.threads=null"]


def test_files_of_the_user_are_completed(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model/mine.yaml").write_text("# My own\nname: mine\nlayer: gru\n")
    assert candidates("model=mi", [], tmp_path) == ["model=mine"]
