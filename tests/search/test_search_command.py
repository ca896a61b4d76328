"""``run -m --sampler``: what a user sees of a search."""

import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from small_runs import small_overrides

from spectral_bench.cli.app import main

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """``spectral-bench run`` with a small training, in this process: exit code, output and messages."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["spectral-bench", "run", *small_overrides(Path("results")), *words])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        code = ended.value.code
        return code if isinstance(code, int) else 0, captured.out, captured.err

    return run


def test_a_search_ends_with_the_best_trials_and_a_command_that_finds_them_trained(command: Command) -> None:
    search = ("-m", "optimizer.lr=tag(log,interval(1e-4,1e-1))", "seed=1,2", "--sampler", "optuna", "--trials", "3")
    code, said, _ = command(*search)
    assert code == 0
    assert len(re.findall(r"^Trial \d of 3  optimizer\.lr=\S+  validation ", said, re.MULTILINE)) == 3
    assert "3 trials: 3 done" in said
    best = shlex.split(said.splitlines()[-1])
    assert best[:3] == ["spectral-bench", "run", "-m"]
    values = [float(line.split()[1]) for line in said.splitlines() if re.match(r"^ +\d ", line)]
    assert values == sorted(values, reverse=True)  # more of copy's metric is better
    code, again, _ = command("-m", *best[3:], "launcher=serial")
    assert (code, "2 kept" in again) == (0, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-m", "r=0.1,0.2", "--sampler", "optuna", "--metric", "test"), "never on the test split"),
        (("-m", "r=0.1,0.2", "--sampler", "optuna", "--metric", "validatoin"), "Did you mean 'validation'?"),
        (("-m", "--sampler", "random"), "Nothing to search"),
        (("r=0.1,0.2", "--sampler", "random"), "add -m"),
        (("-m", "r=0.1,0.2", "--sampler", "random", "--list-points"), "goes with no other option"),
        (("-m", "optimizer.rate=0.1,0.2", "--sampler", "random"), "optimizer.rate"),
    ],
)
def test_a_search_that_cannot_be_meant_is_refused_before_there_is_a_file(
    command: Command, words: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    code, _, message = command(*words)
    assert code == 2
    assert said in " ".join(message.split())
    assert list(tmp_path.iterdir()) == []


def test_without_optuna_the_command_that_installs_it_is_said(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    code, _, message = command("-m", "r=0.1,0.2", "--sampler", "random")
    assert (code, "pip install 'spectral-bench[search]'" in message) == (2, True)
