"""``run -m --sampler``: what a user sees of a search."""

import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from small_runs import small_overrides

from spectral_bench.cli.app import main
from spectral_bench.launch.launchers.serial import SerialLauncher
from spectral_bench.launch.point import Point
from spectral_bench.launch.worker import PointResult

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
    lines = re.findall(r"^Trial (\d): optimizer\.lr=\S+: validation \S+ \((\d) of 3 ended\)$", said, re.MULTILINE)
    assert lines == [("1", "1"), ("2", "2"), ("3", "3")]
    assert "3 trials: 3 done" in said
    best = shlex.split(said.splitlines()[-1])
    assert best[:3] == ["spectral-bench", "run", "-m"]
    values = [float(line.split()[1]) for line in said.splitlines() if re.match(r"^ +\d ", line)]
    assert values == sorted(values, reverse=True)  # more of copy's metric is better
    code, again, _ = command("-m", *best[3:], "launcher=serial")
    assert (code, "2 done before" in again) == (0, True)


@pytest.mark.parametrize("name", [b"q?x%20", b"no\xfftext"])
def test_the_study_lies_with_its_runs_whatever_the_folder_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command, name: bytes
) -> None:
    folder = tmp_path / os.fsdecode(name)
    folder.mkdir()
    monkeypatch.chdir(folder)
    code, _, _ = command("-q", "-m", "optimizer.lr=interval(1e-4,1e-1)", "--sampler", "random", "--trials", "1")
    assert code == 0
    assert len(list(folder.glob("results/searches/*.sqlite3"))) == 1
    assert list(tmp_path.iterdir()) == [folder]


def test_an_edited_preset_is_another_search(tmp_path: Path, command: Command) -> None:
    preset = tmp_path / "own" / "experiment" / "mine.yaml"
    preset.parent.mkdir(parents=True)
    words = ("-m", "--config-dir", "own", "experiment=mine", "optimizer.lr=1e-3,1e-2", "--sampler", "random")
    studies = []
    for beta1, trials in ((0.9, 1), (0.9, 2), (0.8, 2)):
        preset.write_text(f"# @package _global_\n# Mine.\noptimizer:\n  beta1: {beta1}\n")
        code, said, _ = command(*words, "--trials", str(trials))
        assert code == 0
        studies.append(
            (re.findall(r"^Study: (.*)$", said, re.MULTILINE)[0], len(re.findall("^Trial ", said, re.MULTILINE)))
        )
    (first, _), (second, went_on), (third, anew) = studies
    assert (first == second, went_on) == (True, 1)
    assert (first == third, anew) == (False, 2)


@pytest.mark.parametrize("edited", ["first", "second"])
def test_an_edit_of_any_of_several_presets_makes_another_search(tmp_path: Path, command: Command, edited: str) -> None:
    folder = tmp_path / "own" / "experiment"
    folder.mkdir(parents=True)
    words = ("-m", "--config-dir", "own", "experiment=first,second,broken", "optimizer.lr=interval(1e-3,1e-2)")

    def study() -> str:
        _, said, _ = command(*words, "--sampler", "random", "--trials", "1")
        return re.findall(r"^Study: (.*)$", said, re.MULTILINE)[0]

    def write(name: str, beta1: float | str) -> None:
        (folder / f"{name}.yaml").write_text(f"# @package _global_\n# Mine.\noptimizer:\n  beta1: {beta1}\n")

    for name, beta1 in (("first", 0.7), ("second", 0.9), ("broken", "no number")):
        write(name, beta1)
    before = study()
    assert study() == before
    write(edited, 0.8)
    assert study() != before


def test_of_trials_that_tie_the_first_is_taken_and_all_are_named(command: Command) -> None:
    # When a checkpoint is written changes no number.
    search = ("-m", "train.checkpoint_every=2,3,4", "--sampler", "random", "--trials", "6")
    code, said, _ = command(*search)
    assert code == 0
    chosen = re.findall(r"^Trial (\d): (train\.checkpoint_every=\d):", said, re.MULTILINE)
    firsts: dict[str, str] = {}
    for number, override in chosen:
        firsts.setdefault(override, number)
    assert len(firsts) > 1
    assert f"Equally good by validation: trials {', '.join(firsts.values())}. The first of them is taken" in said
    assert said.splitlines()[-1].endswith(chosen[0][1])
    _, said, _ = command("-m", "train.checkpoint_every=2,3", "--sampler", "random", "--trials", "1")
    assert "Equally good" not in said


def test_counts_of_steps_are_not_rounded_into_a_tie(monkeypatch: pytest.MonkeyPatch, command: Command) -> None:
    values = iter([1_234_568.0, 1_234_567.0])
    monkeypatch.setattr("spectral_bench.search.trials._value", lambda *_: next(values))
    words = ("--metric", "steps_to_beat_baseline", "--sampler", "random", "--trials", "2")
    code, said, _ = command("-m", "optimizer.lr=interval(1e-4,1e-2)", *words)
    assert (code, "Equally good" in said) == (0, False)
    assert said.splitlines()[-1].endswith(re.findall(r"^Trial 2: (\S+):", said, re.MULTILINE)[0])


def test_a_typing_error_shows_before_there_is_a_study(command: Command, tmp_path: Path) -> None:
    code, _, said = command("-m", "optimizer.lrr=0.1,0.2", "--sampler", "random", "--trials", "2")
    assert (code, "optimizer.lr" in said) == (2, True)
    assert not (tmp_path / "results").exists()


def test_trials_that_differ_by_rounding_are_equally_good(monkeypatch: pytest.MonkeyPatch, command: Command) -> None:
    values = iter([0.0949999988079071, 0.09500000178813934])
    monkeypatch.setattr("spectral_bench.search.trials.fmean", lambda _: next(values))
    code, said, _ = command("-m", "optimizer.lr=interval(1e-4,1e-2)", "--sampler", "random", "--trials", "2")
    assert (code, "Equally good by validation: trials 1, 2." in said) == (0, True)
    assert said.splitlines()[-1].endswith(re.findall(r"^Trial 1: (\S+):", said, re.MULTILINE)[0])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-m", "r=0.1,0.2", "--sampler", "optuna", "--metric", "test"), "never on the test split"),
        (("-m", "r=0.1,0.2", "--sampler", "optuna", "--metric", "validatoin"), "Did you mean 'validation'?"),
        (("-m", "--sampler", "random"), "Nothing to search"),
        (("r=0.1,0.2", "--sampler", "random"), "add -m"),
        (("--metric", "validation"), "--metric is about a search"),
        (("--no-prune",), "--no-prune is about a search"),
        (("-m", "r=0.1,0.2", "--trials", "3"), "--trials is about a search"),
        (("-m", "r=0.1,0.2", "--at-once", "1"), "--at-once is about a search"),
        (("-m", "r=0.1,0.2", "--sampler-seed", "0"), "--sampler-seed is about a search"),
        *(
            (("-m", "r=0.1,0.2", "--sampler", "random", *option), f"{option[0]} does not go with --sampler")
            for option in (
                ("--list-points",),
                ("--print-config",),
                ("--dry-run",),
                ("--again",),
                ("--again-from", "0123456789abcdef"),
                ("--keep-going",),
            )
        ),
        (("-m", "r=0.1,0.2", "--sampler", "random", "--metric", "solved_at", "--prune"), "--prune has no effect"),
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


def test_the_command_of_the_best_trial_holds_the_options_and_the_seeds_of_its_preset(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "mine" / "experiment").mkdir(parents=True)
    (tmp_path / "mine" / "experiment" / "seeds.yaml").write_text("# @package _global_\n# Seeds\ngrid: ['seed=1,2']\n")
    search = ("-m", "experiment=seeds", "optimizer.lr=1e-3,1e-2", "--config-dir", "mine", "--sampler", "random")
    code, said, message = command(*search, "--trials", "1")
    assert (code, message) == (0, "")
    best = shlex.split(said.splitlines()[-1])
    assert best[2:5] == ["-m", "--config-dir", "mine"]
    code, again, _ = command(*best[2:])
    assert (code, "2 done before" in again) == (0, True)


def test_warnings_of_a_searched_configuration_are_said_once(command: Command) -> None:
    code, _, message = command(
        "-m", "train.evaluations=7", "r=interval(0.1,0.2)", "--sampler", "random", "--trials", "2"
    )
    assert code == 0
    assert message.count("has no effect") == 1


def test_warnings_of_trainings_and_retries_are_said(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[str] = []

    def run(_: object, points: Sequence[Point], *__: object) -> Iterator[PointResult]:
        for point in points:
            tries.append(point.name)
            yield PointResult(point.name, "failed", message="no such disk", exit_code=1, warnings=("a sink is gone",))

    monkeypatch.setattr(SerialLauncher, "run", run)
    code, _, message = command("-m", "r=0.1,0.2", "--sampler", "random", "--trials", "1", "--retry", "1")
    assert (code, len(tries)) == (1, 2)
    assert "no such disk; it will be tried again" in message
    assert "a sink is gone" in message


def test_a_search_whose_worker_alone_was_stopped_does_not_pass_for_a_whole_one(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(_: object, points: Sequence[Point], *__: object) -> Iterator[PointResult]:
        yield from (PointResult(point.name, "stopped", stop_cause="SIGTERM") for point in points)

    monkeypatch.setattr(SerialLauncher, "run", run)
    code, _, message = command("-m", "r=0.1,0.2", "--sampler", "random", "--trials", "3")
    assert (code, "To go on with this search: " in message) == (1, True)


def test_without_optuna_the_command_that_installs_it_is_said(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    code, _, message = command("-m", "r=0.1,0.2", "--sampler", "random")
    assert (code, "pip install 'spectral-bench[search]'" in message) == (2, True)
