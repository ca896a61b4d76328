"""Completion of overrides, asked for as the shells ask."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from command_line import Run
from small_runs import only_run, small_overrides

from spectral_bench.cli.completion import complete_key, complete_metric, complete_run, complete_where
from spectral_bench.config.complete import candidates

if TYPE_CHECKING:
    import typer

BIN = Path(sys.executable).parent


def asked(environment: dict[str, str], *command: str) -> str:
    settings = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", **environment}
    return subprocess.run(command, env=settings, capture_output=True, text=True, timeout=60, check=True).stdout


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
@pytest.mark.parametrize(
    ("words", "replies"),
    [
        # Bash takes "=" for a word of its own; what is completed is what follows.
        ("spectral-bench run model = svdrn", "svdrnn"),
        ("spectral-bench run task =", "addition copy mnist ptb ucr"),
        ("spectral-bench run optimizer = adam model = lstm model.forg", "model.forget_bias= model.forget_bias=1"),
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
        ("spectral-bench run model=lstm model.forg", "model.forget_bias=1"),
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
    (tmp_path / "model/very_own.yaml").write_text("# My own\nname: very_own\nlayer: gru\n")
    assert candidates("model=very", [], tmp_path) == ["model=very_own"]


@pytest.fixture
def with_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Run) -> Path:
    """An empty folder in which one run was made."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert command("run", "-q", *small_overrides(Path("results"), "r=0.25")).returncode == 0
    return only_run(tmp_path / "results")


def test_runs_complete_conditions_keys_and_their_own_ids(with_a_run: Path, tmp_path: Path) -> None:
    for paths in (None, [Path("results")], [Path(with_a_run.name)]):
        context = cast("typer.Context", SimpleNamespace(params={"paths": paths}))
        assert complete_where(context, "model.hid") == ["model.hidden_size="]
        assert complete_where(context, "model.hidden_size=") == ["model.hidden_size=8"]
        assert complete_where(context, "r=") == ["r=0.25"]
        assert complete_key(context, "-num_p") == ["-num_parameters"]
    nowhere = cast("typer.Context", SimpleNamespace(params={"paths": [Path("nothing")]}))
    assert complete_where(nowhere, "model.") == []
    assert complete_run(with_a_run.name[:3]) == [with_a_run.name]
    assert complete_run("results/") == ["results/copy/"]
    assert complete_metric("test") == ["test", "test_at_best"]


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
@pytest.mark.parametrize(
    ("words", "reply"),
    [
        ("spectral-bench compare --where model.hidden_si", "model.hidden_size="),
        ("spectral-bench compare --sort num_p", "num_parameters"),
        ("spectral-bench compare --metric test_", "test_at_best"),
        ("spectral-bench grads res", "results/"),
    ],
)
def test_bash_completes_what_runs_have(with_a_run: Path, words: str, reply: str) -> None:
    line = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    environment = {**line, "_SPECTRAL_BENCH_COMPLETE": "complete_bash"}
    assert reply in asked(environment, "spectral-bench").split()
