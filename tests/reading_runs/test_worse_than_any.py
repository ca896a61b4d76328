"""Runs that diverge, or never get there, are worse than any number: in order, best, pairs, ranks and medians."""

import json
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from command_line import Run
from run_directories import edit, fabricate, runs_of

from spectral_bench.compare.criteria import SCORES
from spectral_bench.compare.milestones import milestone
from spectral_bench.compare.ranks import critical_differences, data_set_ranks
from spectral_bench.compare.scores import ranks, scores
from spectral_bench.records.collection import collect
from spectral_bench.records.grouping import sections
from spectral_bench.records.groups import Section
from spectral_bench.report.pairwise import pairwise

FIRST_LOOK = 4  # of the template, which looks every 4 updates


@pytest.fixture
def template(shared_results: Path) -> Path:
    return runs_of(shared_results, "copy", "rnn")[0]


def make(
    template: Path,
    folder: Path,
    model: str,
    field: str,
    values: Sequence[Any],
    statuses: Sequence[str] = (),
    **config: Any,
) -> None:
    """A group of runs with these values of a field, one a seed; those without a status are completed."""
    for seed, value in enumerate(values):
        directory = folder / f"{'-'.join(map(str, config.values()))}{model}-seed{seed}"
        keys = {key.replace("__", "."): changed for key, changed in config.items()}
        fabricate(
            template,
            directory,
            group=f"{model}{keys}",
            config={"model.name": model, "seed": seed, **keys},
            summary={field: value},
        )
        if seed < len(statuses):
            edit(directory / "manifest.json", status=statuses[seed])
        (directory / "metrics.csv").write_text((template / "metrics.csv").read_text())


def section(folder: Path) -> Section:
    (found,) = sections(collect([folder]).runs)
    return found


def compared(command: Run, *arguments: str) -> dict[str, dict[str, Any]]:
    done = command("compare", *arguments, "--format", "json")
    assert done.returncode == 0, done.stderr
    (only,) = json.loads(done.stdout)["sections"]
    return {group["model"]: group for group in only["groups"]}


def test_a_group_that_diverges_in_four_of_five_seeds_is_not_the_best(
    command: Run, template: Path, tmp_path: Path
) -> None:
    make(template, tmp_path / "r", "rnn", "test", [0.99, None, None, None, None], ["completed"] + ["diverged"] * 4)
    make(template, tmp_path / "r", "gru", "test", [0.3, 0.4, 0.35, 0.3, 0.4])
    found = compared(command, str(tmp_path / "r"))
    assert list(found) == ["gru", "rnn"]
    assert [(group["best"], group["worse_than_any"]) for group in found.values()] == [(True, 0), (False, 4)]
    assert found["rnn"]["score"]["mean"] == 0.99
    shown = command("compare", str(tmp_path / "r"), columns=250).stdout
    assert "0.99 (1 of 5)" in shown
    assert "4 seeds diverged, never got there, or came to no finite value: worse than any number" in shown
    (pair,) = json.loads(command("compare", str(tmp_path / "r"), "--pairwise", "--format", "json").stdout)["pairs"]
    assert (pair["a"], pair["b"], pair["seeds"], pair["compared"]) == ("gru", "rnn", 5, 1)
    assert pair["probability_of_improvement"] == pytest.approx(0.8)
    assert pair["p"] == pytest.approx(2 / 32 + 2 / 32)  # four wins and a loss, which no finite difference outweighs


def test_a_seed_that_also_diverged_in_a_pooled_group_is_in_no_mean(
    command: Run, template: Path, tmp_path: Path
) -> None:
    make(template, tmp_path / "r", "rnn", "test", [0.6, 0.7, 0.8], optimizer__lr=0.01)
    make(template, tmp_path / "r", "rnn", "test", [None, 0.7, 0.8], ["diverged"], optimizer__lr=0.003)
    (found,) = compared(command, str(tmp_path / "r"), "--by", "model").values()
    assert (found["score"]["mean"], found["worse_than_any"]) == (pytest.approx(0.75), 1)
    assert "(2 of 3)" in command("compare", str(tmp_path / "r"), "--by", "model", columns=250).stdout


@pytest.mark.parametrize("field", ["steps_to_beat_baseline", "solved_at"])
def test_a_group_that_got_there_once_is_behind_one_that_always_does(
    command: Run, template: Path, tmp_path: Path, field: str
) -> None:
    make(template, tmp_path / "r", "rnn", field, [100, None, None])
    make(template, tmp_path / "r", "gru", field, [900, 800, 700])
    found = compared(command, str(tmp_path / "r"), "--metric", field)
    assert list(found) == ["gru", "rnn"]
    assert [group["best"] for group in found.values()] == [True, False]
    (pair,) = json.loads(
        command("compare", str(tmp_path / "r"), "--pairwise", "--metric", field, "--format", "json").stdout
    )["pairs"]
    assert (pair["a"], pair["compared"], pair["probability_of_improvement"]) == ("gru", 1, pytest.approx(2 / 3))
    rows = json.loads(command("compare", str(tmp_path / "r"), "--diff", "gru", "rnn", "--format", "json").stdout)
    row = next(row for row in rows["metrics"] if row["field"] == field)
    assert (row["a_worse_than_any"], row["b_worse_than_any"], row["difference"]) == (0, 2, 800)


def test_the_median_step_counts_those_that_never_beat_the_baseline(
    command: Run, template: Path, tmp_path: Path
) -> None:
    field = "steps_to_beat_baseline"
    make(template, tmp_path / "r", "rnn", field, [100, 200, 300, None, 400], ["completed"] * 4 + ["diverged"])
    make(template, tmp_path / "r", "gru", field, [100, None, None])
    found = compared(command, str(tmp_path / "r"))
    assert found["rnn"][field] == {"runs": 3, "of": 5, "median": 300, "at_most": False}
    assert found["gru"][field] == {"runs": 1, "of": 3, "median": None, "at_most": False}
    shown = command("compare", str(tmp_path / "r"), columns=250).stdout
    assert "300 (3 of 5)" in shown
    assert "never (1 of 3 did)" in shown


@pytest.mark.parametrize(
    ("steps", "at_most"),
    [
        ([FIRST_LOOK] * 3, True),
        ([FIRST_LOOK, 8, 12], False),  # whenever the first of them was, the median is 8
        ([FIRST_LOOK, FIRST_LOOK, 12], True),
        ([FIRST_LOOK, None, None], False),
        ([8, 8, 12], False),
    ],
)
def test_what_was_so_at_the_first_look_was_so_then_at_the_latest(
    command: Run, template: Path, tmp_path: Path, steps: list[int | None], at_most: bool
) -> None:
    field = "steps_to_beat_baseline"
    make(template, tmp_path / "r", "rnn", field, steps)
    assert compared(command, str(tmp_path / "r"))["rnn"][field]["at_most"] == at_most
    shown = command("compare", str(tmp_path / "r"), columns=250).stdout
    assert ("≤4" in shown) == at_most
    (group,) = section(tmp_path / "r").groups
    assert milestone(section(tmp_path / "r"), group, field).at_most == at_most


def test_sorting_by_a_field_puts_seeds_without_a_number_on_its_worse_side(
    command: Run, template: Path, tmp_path: Path
) -> None:
    make(template, tmp_path / "r", "rnn", "test", [0.99, None], ["completed", "diverged"])
    make(template, tmp_path / "r", "gru", "test", [0.3, 0.4])
    make(template, tmp_path / "r", "lstm", "test", [0.5, 0.6])
    assert list(compared(command, str(tmp_path / "r"), "--sort=-test")) == ["lstm", "gru", "rnn"]
    assert list(compared(command, str(tmp_path / "r"), "--sort=test")) == ["rnn", "gru", "lstm"]


def test_beside_a_published_number_too_the_seeds_without_one_are_said(
    command: Run, template: Path, tmp_path: Path
) -> None:
    setting = {"task__name": "mnist", "task__pixels_per_step": 1, "task__permuted": False, "model__hidden_size": 128}
    make(template, tmp_path / "r", "lstm", "test", [0.97, 0.98, None], ["completed"] * 2 + ["diverged"], **setting)
    rows = json.loads(command("compare", str(tmp_path / "r"), "--against", "paper", "--format", "json").stdout)["rows"]
    (ours,) = [row for row in rows if row["group"] is not None]
    assert (ours["ours_n"], ours["ours_worse_than_any"]) == (2, 1)
    shown = command("compare", str(tmp_path / "r"), "--against", "paper", columns=200).stdout
    assert "(2 of 3)" in shown
    assert "1 seed diverged" in shown


def test_nothing_is_said_of_what_a_task_cannot_have(command: Run, template: Path, tmp_path: Path) -> None:
    make(template, tmp_path / "r", "rnn", "solved_at", [None, None])
    found = section(tmp_path / "r")
    assert not scores(found, found.groups[0], "solved_at").by_seed
    assert scores(found, found.groups[0], "spectral_margin").without == 0
    make(template, tmp_path / "r", "lstm", "spectral_margin", [None, None])
    found = section(tmp_path / "r")
    assert [scores(found, group, "spectral_margin").without for group in found.groups] == [0, 0]


def test_what_a_diverged_run_cost_is_not_infinite(command: Run, template: Path, tmp_path: Path) -> None:
    make(template, tmp_path / "r", "rnn", "ms_per_step", [1.0, 2.0, 3.0], ["completed", "completed", "diverged"])
    found = section(tmp_path / "r")
    for field in ("ms_per_step", "wall_seconds", "num_parameters"):
        assert scores(found, found.groups[0], field).without == 0
    others = {"ms_per_step", "wall_seconds", "num_parameters", "spectral_margin", "solved_at", "steps_to_beat_baseline"}
    for field in SCORES.keys() - others:
        assert scores(found, found.groups[0], field).without == 1, field


def test_a_seed_that_completed_after_all_has_not_diverged(template: Path, tmp_path: Path) -> None:
    make(template, tmp_path / "r", "rnn", "test", [0.5, 0.5])
    make(template, tmp_path / "again", "rnn", "test", [None, None], ["diverged", "diverged"])
    for number, run in enumerate(sorted((tmp_path / "again").iterdir())):
        run.rename(tmp_path / "r" / f"other{number}")
    found = section(tmp_path / "r")
    assert scores(found, found.groups[0], "test").by_seed == {0: 0.5, 1: 0.5}


def test_groups_of_the_same_values_tie_whatever_their_order(command: Run, template: Path, tmp_path: Path) -> None:
    orders = list(permutations([0.1, 0.7, 0.3]))
    for dataset in range(5):
        for model, values in zip(("rnn", "gru", "lstm"), (orders[0], orders[dataset], (0.2, 0.2, 0.2)), strict=True):
            make(template, tmp_path / "r", model, "test", values, task__name="ucr", task__dataset=f"set{dataset}")
    found = sections(collect([tmp_path / "r"]).runs)
    (result,) = critical_differences(data_set_ranks(found, "test"))
    assert result.ranks == {"gru": 1.5, "rnn": 1.5, "lstm": 3.0}
    (only,) = [one for one in found if one.config["task.dataset"] == "set3"]
    assert sorted(ranks([scores(only, group, "test") for group in only.groups])) == [1.5, 1.5, 3.0]
    best = compared(command, str(tmp_path / "r"), "--where", "task.dataset=set3")
    assert {model: group["best"] for model, group in best.items()} == {"rnn": True, "gru": True, "lstm": False}


def test_means_that_differ_by_rounding_tie(template: Path, tmp_path: Path) -> None:
    make(template, tmp_path / "r", "rnn", "test", [0.1, 0.2, 0.3])
    make(template, tmp_path / "r", "gru", "test", [0.2, 0.2, 0.2])
    found = section(tmp_path / "r")
    assert ranks([scores(found, group, "test") for group in found.groups]) == [1.5, 1.5]


def test_lengths_of_one_task_are_no_data_sets(template: Path, tmp_path: Path) -> None:
    for length in range(10, 16):
        for model, value in (("rnn", 0.1), ("gru", 0.2), ("lstm", 0.3)):
            make(template, tmp_path / "r", model, "test", [value] * 2, task__length=length)
    found = sections(collect([tmp_path / "r"]).runs)
    assert len(found) == 6
    report, ranked = pairwise(found)
    assert ranked == []
    assert [note for note in report.notes if "not independent data sets" in note]


def test_a_data_set_in_two_settings_is_one_data_set(template: Path, tmp_path: Path) -> None:
    for dataset in range(3):
        for size in (1, 2):
            for model, value in (("rnn", 0.1), ("gru", 0.2), ("lstm", 0.3)):
                keys = {"task__name": "ucr", "task__dataset": f"set{dataset}", "task__input_size": size}
                make(template, tmp_path / "r", model, "test", [value] * 2, **keys)
    assert critical_differences(data_set_ranks(sections(collect([tmp_path / "r"]).runs), "test")) == []


def test_a_group_is_the_same_where_its_label_is_shorter_for_it_stands_alone(template: Path, tmp_path: Path) -> None:
    for dataset in range(5):
        keys = {"task__name": "ucr", "task__dataset": f"set{dataset}"}
        for model, value in (("rnn", 0.1), ("gru", 0.2)):
            make(template, tmp_path / "r", model, "test", [value] * 2, **keys)
        for lr in (0.1, 0.2)[: 1 + dataset % 2]:
            make(template, tmp_path / "r", "lstm", "test", [0.3 + lr] * 2, optimizer__lr=lr, **keys)
    report, (result,) = pairwise(sections(collect([tmp_path / "r"]).runs))
    assert set(result.ranks) == {"rnn", "gru", "lstm lr=0.1"}
    assert result.left_out == {"lstm lr=0.2": ["set0", "set2", "set4"]}
    assert "No rank: lstm lr=0.2, which has no judged run on set0, set2, set4." in report.tables[-1].notes


def test_a_group_that_is_configured_otherwise_on_some_data_set_is_said(template: Path, tmp_path: Path) -> None:
    for dataset in range(5):
        keys = {"task__name": "ucr", "task__dataset": f"set{dataset}"}
        for model, value in (("rnn", 0.1), ("gru", 0.2)):
            make(template, tmp_path / "r", model, "test", [value] * 2, **keys)
        make(template, tmp_path / "r", "lstm", "test", [0.3] * 2, optimizer__lr=0.1 * (1 + (dataset == 2)), **keys)
    _, (result,) = pairwise(sections(collect([tmp_path / "r"]).runs))
    assert (result.left_out, result.mixed) == ({}, {"lstm": ["optimizer.lr"]})
