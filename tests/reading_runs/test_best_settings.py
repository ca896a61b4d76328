"""``--best``: of many settings, those that validation chooses."""

import csv
import json
from pathlib import Path

import pytest
from command_line import Run
from run_directories import edit, fabricate, runs_of


@pytest.fixture
def searched(shared_results: Path, tmp_path: Path) -> Path:
    """Copy, learnt by rnn with three learning rates and by svdrnn with two radii; more is better."""
    results = tmp_path / "results"

    def add(model: str, name: str, seed: int, config: dict, validation: float, test: float, solved: int | None) -> None:
        fabricate(
            runs_of(shared_results, "copy", model)[0],
            results / "copy" / model / f"{name}-seed{seed}",
            group=name,
            config={**config, "seed": seed},
            summary={"best_validation": validation, "test": test, "solved_at": solved},
        )

    for seed in (1, 2):
        add("rnn", "chosen", seed, {"optimizer.lr": 0.02}, 0.8, 0.1, None)
        add("rnn", "good_on_test", seed, {"optimizer.lr": 0.03}, 0.7, 0.9, None)
        add("svdrnn", "late", seed, {"r": 0.1}, 1.0, 0.9, 500)
        add("svdrnn", "early", seed, {"r": 0.2}, 1.0, 0.8, 300)
    add("rnn", "lucky", 0, {"optimizer.lr": 0.04}, 0.9, 0.9, None)
    return results


def kept(command: Run, *arguments: str) -> set[str]:
    done = command("compare", *arguments, "--format", "json")
    assert done.returncode == 0, done.stderr
    return {
        Path(run).name.partition("-seed")[0]
        for section in json.loads(done.stdout)["sections"]
        for group in section["groups"]
        for run in group["paths"]
    }


def test_validation_chooses_among_the_settings_with_most_seeds_and_of_equals_the_first_to_solve(
    command: Run, searched: Path
) -> None:
    assert kept(command, str(searched)) == {"chosen", "good_on_test", "lucky", "late", "early"}
    assert kept(command, str(searched), "--best", "model") == {"chosen", "early"}


def test_each_value_of_several_keys_keeps_its_best(command: Run, searched: Path) -> None:
    assert kept(command, str(searched), "--best", "model", "--best", "r") == {"chosen", "late", "early"}


def test_conditions_hold_before_the_best_is_chosen(command: Run, searched: Path) -> None:
    assert kept(command, str(searched), "--where", "optimizer.lr!=0.02", "--best", "model") == {"good_on_test", "early"}


def test_what_was_chosen_is_said_though_the_table_need_not_show_it(command: Run, searched: Path) -> None:
    table = command("compare", str(searched), "--where", "model=rnn", "--best", "model").stdout
    rows, _, notes = table.partition("Note: ")
    assert "0.02" not in rows
    assert "--best model keeps 1 of 3 settings, by validation: rnn lr=0.02." in " ".join(notes.split())
    assert "keeps" not in command("compare", str(searched), "--best", "optimizer.lr", "--best", "r").stdout


def test_an_unknown_key_is_refused_with_the_nearest(command: Run, searched: Path) -> None:
    done = command("compare", str(searched), "--best", "modle")
    assert done.returncode == 2
    assert "modle" in done.stderr
    assert "'model'" in done.stderr


@pytest.mark.parametrize("verb", [("curves",), ("grads",), ("spectrum",), ("plot", "x=r", "y=test")])
def test_pictures_are_of_the_best(command: Run, shared_results: Path, tmp_path: Path, verb: tuple[str, ...]) -> None:
    def drawn(*words: str) -> set[str]:
        file = tmp_path / "numbers.csv"
        done = command(*verb, str(shared_results), "--where", "task=copy", *words, "--data", str(file))
        assert done.returncode == 0, done.stderr
        with file.open(newline="") as stream:
            return {row.get("r") or row["group"] for row in csv.DictReader(stream)}

    every, best = drawn(), drawn("--best", "model")
    assert any("0.5" in one for one in every)
    assert not any("0.5" in one for one in best)
    assert best


def test_a_setting_that_only_diverges_is_not_chosen(command: Run, searched: Path, shared_results: Path) -> None:
    for seed in range(3):
        directory = searched / "copy" / "rnn" / f"diverging-seed{seed}"
        fabricate(
            runs_of(shared_results, "copy", "rnn")[0],
            directory,
            group="diverging",
            config={"optimizer.lr": 1.0, "seed": seed},
            summary={"best_validation": 1.0},
        )
        edit(directory / "manifest.json", status="diverged")
    assert kept(command, str(searched), "--best", "model") == {"chosen", "early"}


@pytest.mark.parametrize("key", ["seed", "test", "status", "train.threads"])
def test_what_runs_of_one_setting_may_differ_in_is_refused(command: Run, searched: Path, key: str) -> None:
    done = command("compare", str(searched), "--best", key)
    assert done.returncode == 2
    assert f"--best {key}" in done.stderr


def test_a_table_of_many_settings_says_how_to_see_the_best(command: Run, shared_results: Path, tmp_path: Path) -> None:
    (template, *_) = runs_of(shared_results, "copy", "rnn")
    for number in range(41):
        name = f"{number:064x}"
        fabricate(template, tmp_path / name, group=name, config={"optimizer.lr": 0.01 + number}, summary={})
    assert "--best model keeps, of each" in command("compare", str(tmp_path)).stdout
    assert "--best model keeps 1 of 41" in command("compare", str(tmp_path), "--best", "model").stdout


def test_where_no_group_has_a_match_there_is_nothing_to_compare(command: Run, shared_results: Path) -> None:
    done = command("compare", str(shared_results), "--where", "model=rnn", "--match", "parameters")
    assert done.returncode == 2
    assert "no other group is within 10 %" in " ".join(done.stderr.split())
