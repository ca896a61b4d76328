"""``spectral-bench compare``."""

import csv
import io
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from command_line import Run
from rich.console import Console
from run_directories import edit, runs_of, train

from spectral_bench.compare.published import published
from spectral_bench.config.schema import EXECUTION, MEASURING
from spectral_bench.data.datasets import MNIST_FILES, known_files
from spectral_bench.records.collection import collect
from spectral_bench.records.grouping import sections
from spectral_bench.records.groups import Section
from spectral_bench.report.comparison import comparison_report
from spectral_bench.runs.effective_config import EffectiveConfigs
from spectral_bench.ui.table_printer import show_report

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "compare.schema.json").read_text())


def sections_of(results: Path) -> dict[str, Section]:
    return {section.task: section for section in sections(collect([results]).runs)}


def summaries(results: Path, task: str, model: str, field: str) -> list[float]:
    return [json.loads((run / "summary.json").read_text())[field] for run in runs_of(results, task, model)]


def document(command: Run, *arguments: str) -> dict:
    done = command("compare", *arguments, "--format", "json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    jsonschema.validate(found, SCHEMA)
    return found


def group_of(found: dict, task: str, model: str) -> dict:
    (section,) = [section for section in found["sections"] if section["task"] == task]
    return next(group for group in section["groups"] if group["model"] == model)


def test_runs_that_differ_in_the_seed_alone_make_a_row_and_only_differing_keys_are_shown(shared_results: Path) -> None:
    groups = sorted(sections_of(shared_results)["copy"].groups, key=lambda group: group.label)
    assert [(group.model, group.setting, len(group.runs)) for group in groups] == [
        ("rnn", "", 3),
        ("svdrnn", "r=0.01", 3),
        ("svdrnn", "r=0.5", 1),
    ]
    assert [run.seed for run in groups[0].runs] == [0, 1, 2]


def test_a_radius_that_has_no_effect_splits_no_group(tmp_path: Path) -> None:
    for r in ("0.1", "0.2"):
        train(tmp_path, "rnn", "copy", f"r={r}")
    (group,) = sections_of(tmp_path)["copy"].groups
    assert (len(group.runs), group.setting) == (2, "")


def test_the_means_are_those_of_the_summaries(command: Run, shared_results: Path) -> None:
    found = document(command, str(shared_results))
    for task in ("copy", "addition"):
        group = group_of(found, task, "rnn")
        values = summaries(shared_results, task, "rnn", "test")
        assert group["score"]["values"] == values
        assert group["score"]["mean"] == pytest.approx(np.mean(values))
        assert group["run_ids"] == [run.name for run in runs_of(shared_results, task, "rnn")]


def test_the_best_is_the_highest_accuracy_and_the_lowest_error(command: Run, shared_results: Path) -> None:
    found = document(command, str(shared_results))
    for section in found["sections"]:
        scores = [group["score"]["mean"] for group in section["groups"]]
        best = min(scores) if section["task"] == "addition" else max(scores)
        assert section["mode"] == ("min" if section["task"] == "addition" else "max")
        assert [group["best"] for group in section["groups"]] == [score == best for score in scores]
        assert scores == sorted(scores, reverse=section["mode"] == "max")


def test_runs_that_were_interrupted_are_in_the_row_of_their_group_and_split_no_table(
    command: Run, results: Path
) -> None:
    for run in runs_of(results, "copy", "svdrnn")[1:]:
        edit(run / "manifest.json", status="interrupted")
    for run in runs_of(results, "copy", "rnn"):
        edit(run / "manifest.json", status="interrupted")
    shown = command("compare", str(results), "--where", "task=copy").stdout
    assert len(re.findall("^model ", shown, flags=re.MULTILINE)) == 1
    assert max(map(len, shown.splitlines())) <= 80
    assert re.search(r"^rnn +0 \+3 ", shown, re.MULTILINE)
    assert "rnn (3 interrupted)" in " ".join(shown.split())


def test_diverged_and_unfinished_runs_are_counted_and_not_averaged(command: Run, results: Path) -> None:
    first, second, third = runs_of(results, "copy", "rnn")
    edit(first / "manifest.json", status="diverged", reason="loss is nan")
    edit(first / "summary.json", test=None)
    edit(second / "manifest.json", status="running")
    (second / "summary.json").unlink()
    group = group_of(document(command, str(results)), "copy", "rnn")
    assert group["runs"] == {"completed": 1, "diverged": 1, "failed": 0, "interrupted": 0, "unfinished": 1}
    assert group["score"]["values"] == [json.loads((third / "summary.json").read_text())["test"]]
    shown = command("compare", str(results), columns=250).stdout
    assert re.search(r"^rnn +1 \+2 ", shown, re.MULTILINE)
    assert "+: runs that did not complete: rnn (1 diverged, 1 unfinished)." in shown


def test_a_group_without_a_completed_run_shows_how_far_the_others_came(command: Run, results: Path) -> None:
    (run,) = runs_of(results, "addition", "rnn")
    (run / "summary.json").unlink()
    edit(run / "manifest.json", status="running")
    group = group_of(document(command, str(results)), "addition", "rnn")
    assert group["score"] is None
    assert group["best_validation"]["n"] == 1
    assert not group["best"]


def test_a_completed_run_without_a_finite_value_is_said(command: Run, results: Path) -> None:
    edit(runs_of(results, "copy", "rnn")[0] / "summary.json", test=None)
    assert group_of(document(command, str(results)), "copy", "rnn")["score"]["n"] == 2
    shown = command("compare", str(results), columns=250).stdout
    assert "(2 of 3)" in shown
    assert "1 seed diverged, never got there, or came to no finite value: worse than any number" in shown


def test_intervals_are_explained_and_one_seed_has_none(command: Run, shared_results: Path) -> None:
    shown = command("compare", str(shared_results)).stdout
    assert re.search(r"\d ±[\d.]+", shown)
    assert "±: 95 % interval of Student's t" in shown
    assert "One seed: no interval" in shown
    assert group_of(document(command, str(shared_results)), "addition", "rnn")["score"]["low"] is None


def test_one_table_a_task_fits_80_columns_and_the_widest_is_split_behind_what_names_the_rows(
    command: Run, shared_results: Path
) -> None:
    narrow, wide = (command("compare", str(shared_results), *more).stdout for more in ((), ("--wide",)))
    titles = re.compile(r"^model +", flags=re.MULTILINE)
    for shown in (narrow, wide):
        assert max(map(len, shown.splitlines())) <= 80
    assert len(titles.findall(narrow)) == 2
    assert len(re.findall(r"^model +differs in", wide, flags=re.MULTILINE)) >= 2
    assert len(titles.findall(command("compare", str(shared_results), "--wide", columns=300).stdout)) == 2


def test_a_narrow_table_breaks_no_word(command: Run, shared_results: Path) -> None:
    narrow, wide = (command("compare", str(shared_results), columns=columns).stdout for columns in (72, 300))
    assert set(narrow.split()) <= set(wide.split()) | {"─" * n for n in range(73)}


def test_columns_are_chosen_by_name_field_or_key(command: Run, shared_results: Path) -> None:
    where = ("--where", "task=copy")
    chosen = "model,r,score,ms_per_step,num_parameters,model.hidden_size"
    shown = command("compare", str(shared_results), *where, "--columns", chosen, columns=200).stdout
    header = next(line for line in shown.splitlines() if line.startswith("model "))
    assert re.split(r"  +", header)[1:3] == ["r", "test recall accuracy ↑"]
    rnn = next(line for line in shown.splitlines() if line.startswith("rnn "))
    assert re.split(r"  +", rnn)[1] == "free"
    assert re.split(r"  +", rnn)[-1] == "8"
    for wrong in ("model,scor", "model,model", "model,", "model,r,"):
        done = command("compare", str(shared_results), "--columns", wrong)
        assert done.returncode == 2, wrong
    assert "Did you mean 'score'" in command("compare", str(shared_results), "--columns", "scor").stderr


def test_asked_columns_are_all_shown_beside_those_that_name_the_rows(command: Run, shared_results: Path) -> None:
    def header(columns: str) -> list[str]:
        words = ("compare", str(shared_results), "--where", "task=copy", "--columns", columns)
        line = next(line for line in command(*words, columns=200).stdout.splitlines() if line.startswith("model"))
        return re.split(r"  +", line.strip())

    assert header("seed,steps") == ["model", "differs in", "seed", "steps"]  # two groups of svdrnn
    assert header("seed,r") == ["model", "seed", "r"]
    assert header("model,differs,solved,published,tag") == ["model", "differs in", "solved", "published", "tag"]


@pytest.mark.parametrize(
    "words", [("--wide", "--format", "csv"), ("--runs", "--pairwise"), ("--label", "tab:a"), ("--diagram", "a.png")]
)
def test_an_option_that_would_be_ignored_is_refused(command: Run, shared_results: Path, words: tuple[str, ...]) -> None:
    done = command("compare", str(shared_results), *words)
    assert done.returncode == 2
    assert words[0] in done.stderr


def test_the_runs_behind_a_row_are_named_with_paths_that_can_be_given_back(command: Run, results: Path) -> None:
    shown = command("compare", "results", "--runs", "--where", "model=rnn", "--where", "task=copy").stdout
    paths = [word for word in shown.split() if word.startswith("results/")]
    assert sorted(paths) == sorted(f"results/copy/rnn/{run.name}" for run in runs_of(results, "copy", "rnn"))
    assert document(command, *paths)["sections"][0]["groups"][0]["runs"]["completed"] == 3


def test_how_a_run_was_carried_out_makes_no_group_unless_it_is_asked_for(command: Run, tmp_path: Path) -> None:
    otherwise = ("train.threads=2", "train.evaluation_batch_size=7", "train.checkpoint_every=5", "trace.every=5")
    train(tmp_path / "results", "rnn", "copy")
    train(tmp_path / "results", "rnn", "copy", "seed=1", *otherwise, "train.evaluate_every=3")
    (group,) = document(command, "results")["sections"][0]["groups"]
    assert (group["differs"], group["runs"]["completed"]) == ({}, 2)
    by = document(command, "results", "--by", "train.threads")["sections"][0]["groups"]
    assert [one["differs"] for one in by] == [{"train.threads": "1"}, {"train.threads": "2"}]
    train(tmp_path / "results", "rnn", "copy", "train.evaluate_every=3", "train.patience=50")
    assert len(document(command, "results")["sections"][0]["groups"]) == 2  # now it may decide when a run ends


def test_runs_measured_at_other_intervals_are_of_one_row_and_that_is_said(command: Run, tmp_path: Path) -> None:
    train(tmp_path / "results", "rnn", "copy", "seed=0", "train.evaluate_every=3")
    train(tmp_path / "results", "rnn", "copy", "seed=1", "train.evaluations=30", "train.evaluate_every=3")
    assert "different intervals" not in " ".join(command("compare").stdout.split())
    train(tmp_path / "results", "rnn", "copy", "seed=2", "train.evaluate_every=6")
    said = " ".join(command("compare", "--metric", "best_validation").stdout.split())
    assert "measured at different intervals, first after 3 to 6 updates" in said
    (group,) = document(command)["sections"][0]["groups"]
    assert group["runs"]["completed"] == 3


def test_settings_that_differ_from_the_seventh_digit_on_are_two(command: Run, tmp_path: Path) -> None:
    runs = [train(tmp_path / "results", "rnn", "copy", f"optimizer.lr={lr}") for lr in (0.00123456789, 0.0012345671)]
    groups = document(command, "results", "--by", "optimizer.lr")["sections"][0]["groups"]
    assert [one["differs"] for one in groups] == [{"optimizer.lr": "0.00123456789"}, {"optimizer.lr": "0.0012345671"}]
    found = json.loads(command("compare", "--diff", runs[0].name, runs[1].name, "--format", "json").stdout)["config"]
    assert [row["key"] for row in found] == ["optimizer.lr"]


def test_the_evaluation_batch_makes_groups_where_results_depend_on_it(command: Run, tmp_path: Path) -> None:
    directories = [train(tmp_path / "results", "rnn", "copy", f"train.evaluation_batch_size={n}") for n in (5, 7)]
    for continues, sizes in ((False, [None]), (True, [5, 7])):
        for directory in directories:
            edit(directory / "manifest.json", evaluation_continues=continues)
        found = document(command, "results")["sections"][0]["groups"]
        assert sorted(one["differs"].get("train.evaluation_batch_size") for one in found) == sizes


@pytest.mark.parametrize(
    ("folder", "words"), [("copy", ["task=copy"]), ("mnist", ["experiment=row_mnist", "train.epochs=3"])]
)
def test_a_run_of_the_readme_is_of_the_group_of_the_shipped_ones(folder: str, words: list[str]) -> None:
    """Whatever the machine's threads are, and although the shipped ones come from earlier versions."""
    shipped = {run.model: run for run in collect([Path(__file__).parents[2] / "results" / folder]).runs}
    for model, run in shipped.items():
        config = EffectiveConfigs()([*words, f"model={model}"])
        trained = {key: config[key] for key in config if key not in ("seed", *EXECUTION, *MEASURING)}
        assert trained == run.trained


def test_a_radius_that_a_map_has_no_use_for_is_shown_nowhere(command: Run, tmp_path: Path) -> None:
    a, b = (train(tmp_path / "results", "svdrnn", "copy", f"r={r}", "model.map=free") for r in (0.1, 0.2))
    (group,) = document(command, "results")["sections"][0]["groups"]
    assert (group["differs"], group["repeats"]) == ({}, 1)
    rows = json.loads(command("compare", "--diff", str(a), str(b), "--format", "json").stdout)["config"]
    assert {row["key"] for row in rows} <= {"commit"}


def test_csv_has_a_column_for_every_key_that_differs(command: Run, shared_results: Path, tmp_path: Path) -> None:
    train(tmp_path / "more", "rnn", "copy", "task.length=7")
    text = command("compare", str(shared_results), "more", "--format", "csv").stdout
    rows = list(csv.DictReader(io.StringIO(text)))
    told = {(row["model"], row["r"]): row for row in rows if row["task"] == "copy" and row["task.length"] == "6"}
    assert set(told) == {("rnn", ""), ("svdrnn", "0.01"), ("svdrnn", "0.5")}
    assert len(told["rnn", ""]["run_ids"].split()) == 3
    assert {row["task.length"] for row in rows if row["task"] == "copy"} == {"6", "7"}


def test_equal_size_keeps_groups_within_ten_percent_and_names_the_others(command: Run, results: Path) -> None:
    sizes = {("copy", "rnn"): 1000, ("copy", "svdrnn"): 1100, ("addition", "rnn"): 10, ("addition", "svdrnn"): 12}
    for (task, model), size in sizes.items():
        for run in runs_of(results, task, model):
            edit(run / "summary.json", num_parameters=size)
    done = command("compare", "results", "--match", "parameters", columns=200)
    assert "copy, parameters=1,000 to 1,100" in done.stdout
    assert "addition: left out, for no other group is within 10 % of their parameters: rnn (10), svdrnn (12)" in (
        done.stdout.replace("\n", " ")
    )
    assert [section["task"] for section in document(command, "results", "--match", "parameters")["sections"]] == [
        "copy"
    ]


def test_equal_time_judges_by_what_was_measured_until_the_first_was_done(command: Run, results: Path) -> None:
    for model, ms in (("rnn", 1.0), ("svdrnn", 2.0)):
        for run in runs_of(results, "addition", model):
            edit(run / "summary.json", ms_per_step=ms)  # 12 updates of one take as long as 6 of the other
    where = ("--where", "task=addition", "--match", "time")
    (section,) = document(command, "results", *where)["sections"]
    assert section["field"] == "validation"
    for group in section["groups"]:
        (run,) = runs_of(results, "addition", group["model"])
        rows = csv.DictReader((run / "metrics.csv").read_text().splitlines())
        at = {int(row["step"]): float(row["mse"]) for row in rows if row["split"] == "validation"}
        assert group["score"]["values"] == [at[12 if group["model"] == "rnn" else 4]]
    assert "addition, training=0.012 s" in command("compare", "results", *where).stdout
    edit(runs_of(results, "addition", "svdrnn")[0] / "summary.json", ms_per_step=4.0)
    assert "1 run left out: not measured within 0.012 s" in command("compare", "results", *where).stdout
    assert command("compare", "results", *where, "--metric", "test").returncode == 2


def test_runs_without_the_metric_are_left_out_and_counted(command: Run, results: Path) -> None:
    (run,) = runs_of(results, "addition", "rnn")
    summary = json.loads((run / "summary.json").read_text())
    del summary["loss_test"]
    (run / "summary.json").write_text(json.dumps(summary))
    shown = command("compare", "results", "--metric", "loss_test").stdout
    assert "Note: addition: 1 run left out: no loss_test in the summary." in " ".join(shown.split())


def test_a_metric_that_no_run_has_is_refused(command: Run, shared_results: Path) -> None:
    done = command("compare", str(shared_results), "--metric", "solved_at")
    assert done.returncode == 2
    assert "none of 9 runs has a value of it" in done.stderr


def test_best_is_bold_where_there_is_colour_and_nothing_is_lost_without(shared_results: Path) -> None:
    report = comparison_report(sections(collect([shared_results]).runs))
    texts = []
    for terminal in (True, False):
        text = io.StringIO()
        show_report(report, Console(file=text, width=80, force_terminal=terminal))
        texts.append(text.getvalue())
    assert "\x1b[1m" in texts[0]
    assert "\x1b" not in texts[1]
    assert re.sub(r"\x1b\[[\d;]*m", "", texts[0]) == texts[1]


def test_csv_markdown_and_latex_hold_the_same_rows(command: Run, shared_results: Path, tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(command("compare", str(shared_results), "--format", "csv").stdout)))
    assert [row["model"] for row in rows] == ["svdrnn", "rnn"] * 1 + [row["model"] for row in rows[2:]] or len(
        rows
    ) == 5
    assert len(rows) == 5
    assert {row["completed"] for row in rows} == {"3", "1"}
    markdown = command("compare", str(shared_results), "--format", "markdown").stdout
    assert len(re.findall(r"^\| (?:\*\*)?(?:svd)?rnn", markdown, flags=re.MULTILINE)) == 5
    assert len(re.findall(r"\| \*\*", markdown)) >= 4
    assert re.search(r"±[\d.e-]+", markdown)
    latex = command("compare", str(shared_results), "--format", "latex").stdout
    assert latex.count(r"\begin{table}") == latex.count(r"\end{table}") == 2
    assert r"\textbf{" in latex
    assert "test recall" in latex
    for name, beginning in (
        ("t.csv", "task,"),
        ("t.json", "{"),
        ("t.md", "### "),
        ("t.tex", "\\providecommand"),
        ("t.txt", "addition"),
    ):
        assert command("compare", str(shared_results), "-o", f"out/{name}").returncode == 0
        assert (tmp_path / "out" / name).read_text().startswith(beginning)


def test_other_fields_other_order_and_other_groups(command: Run, shared_results: Path) -> None:
    found = document(command, str(shared_results), "--metric", "loss_test", "--where", "task=copy")
    (section,) = found["sections"]
    assert section["mode"] == "min"
    assert section["groups"][0]["score"]["mean"] == min(group["score"]["mean"] for group in section["groups"])
    by_model = document(command, str(shared_results), "--by", "model.name", "--where", "task=copy")
    assert sorted((group["model"], len(group["seeds"])) for group in by_model["sections"][0]["groups"]) == [
        ("rnn", 3),
        ("svdrnn", 4),
    ]
    ascending = document(command, str(shared_results), "--sort", "num_parameters", "--where", "task=copy")
    sizes = [group["num_parameters"] for group in ascending["sections"][0]["groups"]]
    descending = document(command, str(shared_results), "--sort=-num_parameters", "--where", "task=copy")
    assert sizes == sorted(sizes)
    assert [group["num_parameters"] for group in descending["sections"][0]["groups"]] == sizes[::-1]


@pytest.mark.parametrize(
    ("column", "field"), [("parameters", "num_parameters"), ("score", "test"), ("solved", "solved_at")]
)
def test_rows_are_sorted_by_the_names_of_columns_too(
    command: Run, shared_results: Path, column: str, field: str
) -> None:
    def order(key: str) -> list[str]:
        (section,) = document(command, str(shared_results), f"--sort={key}", "--where", "task=copy")["sections"]
        return [group["id"] for group in section["groups"]]

    assert order(column) == order(field)
    assert order(f"-{column}") == order(f"-{field}")


def test_a_group_without_a_completed_run_is_never_the_best(command: Run, results: Path) -> None:
    for run in runs_of(results, "copy", "rnn"):
        edit(run / "manifest.json", status="diverged")
        edit(run / "summary.json", ms_per_step=1e-6)
    (section,) = document(command, str(results), "--metric", "ms_per_step", "--where", "task=copy")["sections"]
    assert [(group["model"], group["best"]) for group in section["groups"]] == [
        ("svdrnn", True),
        ("svdrnn", False),
        ("rnn", False),
    ]


@pytest.mark.parametrize("sort", ["test", "-test"])
def test_what_has_no_value_to_sort_by_comes_last(command: Run, results: Path, sort: str) -> None:
    for run in runs_of(results, "copy", "rnn"):
        edit(run / "summary.json", test=None)
    (section,) = document(command, str(results), f"--sort={sort}", "--where", "task=copy")["sections"]
    assert [group["model"] for group in section["groups"]] == ["svdrnn", "svdrnn", "rnn"]


def test_models_of_several_sizes_put_together_have_neither_one_size_nor_a_published_number(
    command: Run, results: Path
) -> None:
    first, *_ = runs_of(results, "copy", "rnn")
    edit(first / "summary.json", num_parameters=7)
    config = first / "config.yaml"
    config.write_text(config.read_text().replace("hidden_size: 8", "hidden_size: 9"))
    found = document(command, str(results), "--by", "model.name", "--where", "task=copy")
    assert group_of(found, "copy", "rnn")["num_parameters"] is None
    assert group_of(found, "copy", "svdrnn")["num_parameters"] > 0
    (rnn,) = sections(collect([results / "copy" / "rnn"]).runs, ["model.name"])[0].groups
    number = replace(published()[0], model="rnn", hidden=9)
    assert not number.is_of(rnn)
    assert number.is_of(replace(rnn, runs=[run for run in rnn.runs if run.directory == first]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--metric", "tset"), "test"),
        (("--metric", "accuracy"), "Did you mean 'test'?"),
        (("--sort", "recall_accuracy"), "Did you mean 'test'?"),
        (("--sort", "differs"), "--sort differs: expected model, parameters, score"),
        (("--sort", "model.hiddensize"), "model.hidden_size"),
        (("--by", "modle.name"), "model.name"),
        (("--by", "modle"), "Did you mean 'model'?"),
        (("--metirc", "test"), "Did you mean '--metric'?"),
        (("--hel",), "Did you mean '--help'?"),
        (("--diff", "rnn", "svdrn", "--where", "task=copy"), "no run and no group here. Did you mean 'svdrnn'?"),
        (("--where", "r"), "KEY=VALUE"),
        (("-o", "file.csv/x.csv"), "cannot be written"),
    ],
)
def test_what_was_mistyped_is_named(
    command: Run, shared_results: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    (tmp_path / "file.csv").write_text("")
    done = command("compare", str(shared_results), *arguments)
    assert done.returncode == 2
    assert message in done.stderr


def test_an_id_that_no_run_has_is_said_to_be_none(command: Run, results: Path) -> None:
    run = runs_of(results, "copy", "rnn")[0]
    wrong = run.name[:-1] + ("0" if run.name[-1] != "0" else "1")
    for verb in ("compare", "grads", "verify", "resume"):
        done = command(verb, wrong)
        said = " ".join(done.stderr.split())
        assert (done.returncode, "no run in results with such an id. Did you mean" in said) == (2, True), said
    folder = command("compare", "results/cpoy")
    assert (folder.returncode, "Did you mean 'results/copy'?" in folder.stderr) == (2, True)


def test_no_runs_is_said_with_exit_code_2(command: Run, tmp_path: Path) -> None:
    done = command("compare")
    assert done.returncode == 2
    assert "There is no folder 'results'" in done.stderr
    (tmp_path / "results").mkdir()
    done = command("compare", "--format", "json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "No runs in results" in done.stderr
    assert command("compare", "reslts").returncode == 2


def test_none_of_the_runs_fulfilling_a_condition_is_said_and_leaves_no_file(
    command: Run, shared_results: Path, tmp_path: Path
) -> None:
    done = command("compare", str(shared_results), "--where", "seed=77", "-o", "empty.csv")
    assert done.returncode == 2
    assert "None of 9 runs" in done.stderr
    assert not (tmp_path / "empty.csv").exists()


def test_tasks_in_different_settings_are_not_compared_with_each_other(shared_results: Path, tmp_path: Path) -> None:
    train(tmp_path, "rnn", "copy", "task.length=7")
    runs = collect([tmp_path, shared_results]).runs
    titles = [section.title for section in sections(runs)]
    assert titles == ["addition", "copy, length=6", "copy, length=7"]


def test_runs_that_read_other_data_are_no_repetitions_and_stand_in_tables_of_their_own(
    command: Run, results: Path
) -> None:
    (run,) = results.glob("addition/svdrnn/*")
    shutil.copytree(run, run.with_name("other"))
    edit(run.with_name("other") / "manifest.json", data={"ptb/ptb.train.txt": "0"})
    found = document(command, "results", "--where", "task=addition")["sections"]
    assert sorted(len(section["groups"]) for section in found) == [1, 2]
    assert all(sum(group["best"] for group in section["groups"]) == 1 for section in found)
    table = command("compare", "results", "--where", "task=addition").stdout
    assert all(f"addition, data={section['setting']['data']}" in table for section in found)


def test_a_data_set_is_the_same_packed_and_unpacked_and_in_another_folder(command: Run, results: Path) -> None:
    packed = {f"mnist/{name}.gz": known_files()[f"mnist/{name}.gz"].sha256 for name in MNIST_FILES}
    unpacked = {f"MNIST/raw/{name}": known_files()[f"mnist/{name}"].sha256 for name in MNIST_FILES}
    for model, data in (("rnn", packed), ("svdrnn", unpacked)):
        edit(runs_of(results, "addition", model)[0] / "manifest.json", data=data)
    again = results / "addition" / "rnn" / "again"
    shutil.copytree(runs_of(results, "addition", "rnn")[0], again)
    edit(again / "manifest.json", data=unpacked)
    (section,) = document(command, "results", "--where", "task=addition")["sections"]
    assert "data" not in section["setting"]
    assert sorted((group["model"], group["repeats"]) for group in section["groups"]) == [("rnn", 1), ("svdrnn", 0)]


def test_a_data_set_read_from_files_of_two_kinds_is_said(command: Run, results: Path) -> None:
    for model, ending in (("rnn", "ts"), ("svdrnn", "tsv")):
        data = {f"ucr/CBF/CBF_{part}.{ending}": f"{ending}{part}" for part in ("TRAIN", "TEST")}
        edit(runs_of(results, "addition", model)[0] / "manifest.json", data=data)
    (note,) = [note for note in collect([results]).notes if "CBF" in note]
    assert note.startswith("addition CBF: read from .ts and .tsv files.")


def repeat(run: Path, *, seconds_later: int, **summary: float) -> None:
    """A second run of the same configuration and seed."""
    other = run.with_name(f"{run.name}-{seconds_later}")
    shutil.copytree(run, other)
    edit(other / "manifest.json", started=f"2100-01-01T00:00:{seconds_later:02}+00:00")
    edit(other / "summary.json", **summary)


def test_a_seed_that_was_run_again_is_no_second_sample_and_its_newest_run_counts(command: Run, results: Path) -> None:
    first = runs_of(results, "copy", "rnn")[0]
    repeat(first, seconds_later=1, test=0.25)
    repeat(first, seconds_later=2, test=0.75)
    group = group_of(document(command, str(results)), "copy", "rnn")
    others = [json.loads((run / "summary.json").read_text())["test"] for run in runs_of(results, "copy", "rnn")[-2:]]
    assert group["score"]["values"] == [0.75, *others]
    assert (group["runs"]["completed"], group["repeats"], group["score"]["n"]) == (5, 2, 3)
    assert "2 repeats of a seed left out" in command("compare", str(results)).stdout
    pairs = command("compare", str(results), "--pairwise", "--where", "task=copy")
    assert "With 3 seeds p cannot be below 0.25" in pairs.stdout.replace("\n", " ")
    assert "2 repeats of a seed left out" in pairs.stdout


def test_one_seed_in_several_settings_is_one_sample_where_settings_are_put_together(
    command: Run, shared_results: Path
) -> None:
    arguments = (str(shared_results), "--by", "model.name", "--where", "task=copy")
    svdrnn = group_of(document(command, *arguments), "copy", "svdrnn")
    assert (svdrnn["score"]["n"], svdrnn["repeats"], svdrnn["seeds"]) == (3, 0, [0, 0, 1, 2])
    runs = [run.summary["test"] for run in collect([shared_results / "copy" / "svdrnn"]).runs if run.seed == 0]
    assert svdrnn["score"]["values"][0] == pytest.approx(np.mean(runs))
    shown = command("compare", *arguments, columns=250).stdout
    assert re.search(r"^svdrnn +3 +[\d,]+ +[\d.]+ ±[\d.e-]+", shown, flags=re.MULTILINE)
    assert "A seed that was run in several of the settings put together is one sample" in shown


def test_the_verdicts_of_a_group_are_counted_in_csv_and_the_table_names_the_worst(command: Run, results: Path) -> None:
    verdicts = ("vanishing", "level", "level")
    for run, verdict in zip(runs_of(results, "copy", "rnn"), verdicts, strict=True):
        edit(run / "summary.json", gradient_verdict=verdict)
    rows = csv.DictReader(io.StringIO(command("compare", str(results), "--format", "csv").stdout))
    verdict = next(row["gradient_verdict"] for row in rows if (row["task"], row["model"]) == ("copy", "rnn"))
    assert verdict == "1 vanishing, 2 level"
    assert "vanishing in 1 of 3" in command("compare", str(results), columns=250).stdout


def test_what_is_nowhere_finite_keeps_its_column(command: Run, results: Path) -> None:
    for run in runs_of(results, "addition", "rnn") + runs_of(results, "addition", "svdrnn"):
        edit(run / "summary.json", test=None, gradient_decay_rate=None, gradient_verdict=None, spectral_margin=None)
    shown = command("compare", str(results), "--where", "task=addition", "--wide", columns=250).stdout
    for header in ("test mean squared error", "decay rate", "gradients", "margin"):
        assert header in shown
    assert "- (0 of 1)" in shown
    assert "2 seeds diverged, never got there, or came to no finite value" in shown


def test_seeds_that_agree_have_an_interval_of_zero(command: Run, results: Path) -> None:
    for run in runs_of(results, "copy", "rnn"):
        edit(run / "summary.json", test=1.0)
    assert "1 ±0" in command("compare", str(results), "--where", "task=copy").stdout


@pytest.mark.parametrize(
    ("verb", "arguments", "message"),
    [
        ("compare", ("-o", "t.xyz"), ".txt, .csv, .json, .md, .tex"),
        ("compare", ("-o", "t"), "--format"),
        ("compare", ("--pairwise", "--diagram", "d.xyz"), "--diagram d.xyz: expected a name that ends in .png"),
        ("grads", ("-o", "p.xyz"), ".png, .svg, .pdf"),
        ("spectrum", ("-o", "p.xyz"), ".png, .svg, .pdf"),
        ("curves", ("-o", "p.xyz"), ".png, .svg, .pdf"),
    ],
)
def test_a_file_name_that_asks_for_no_format_is_refused_before_any_work(
    command: Run, verb: str, arguments: tuple[str, ...], message: str
) -> None:
    done = command(verb, "no such folder", *arguments)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())


def test_a_terminal_of_few_characters_gets_the_table_in_these_and_programs_get_utf_8(
    command: Run, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = comparison_report(sections(collect([results]).runs), notes=["left out: läuft"])
    poor = io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True)
    show_report(report, Console(file=poor, width=80))
    shown = poor.buffer.getvalue().decode()
    assert "test recall" in shown
    assert "accuracy ^" in shown
    assert re.search(r"\d \+-\d", shown)
    assert "l?uft" in shown
    for arguments in (("compare",), ("grads", "--show"), ("spectrum", "--show"), ("curves",)):
        with monkeypatch.context() as patch:
            patch.setattr("rich.console.Console.encoding", "ascii")
            done = command(*arguments, str(results))
        assert done.returncode == 0, done.stderr
        assert done.stdout.isascii()
    assert "↑" in command("compare", str(results), "--format", "markdown").stdout


def test_every_key_in_which_the_models_are_configured_differently_is_shown(command: Run, shared_results: Path) -> None:
    (section,) = document(command, str(shared_results), "--where", "task=copy")["sections"]
    models = {group["id"]: (group["model"], group["differs"]) for group in section["groups"]}
    found = section["differs_across_models"]
    assert {models[group][0]: value for group, value in found["model.activation"].items()} == {
        "rnn": "tanh",
        "svdrnn": "identity",
    }
    assert {models[group][0] for group in found["model.m1"]} == {"svdrnn"}
    assert "r" not in found  # the two groups of svdrnn are told apart by it
    assert "model.hidden_size" not in found
    shown = command("compare", str(shared_results), "--where", "task=copy").stdout
    (note,) = re.findall(r"Configured differently: [^:]*[.]", " ".join(shown.split()))
    named = re.sub(r" and \d+ more keys[.]", "", note).removeprefix("Configured differently: ").rstrip(".").split(", ")
    assert {f"model.{key}" for key in named} <= found.keys()
    assert named[0] == "activation"  # keys of several values stand first
    assert len(found) == len(named) + int((re.findall(r"and (\d+) more", note) or ["0"])[0])
    assert len(note) < 200
    asked = command("compare", str(shared_results), "--where", "task=copy", "--columns", "score,model.activation")
    assert "identity" in asked.stdout


def test_one_model_alone_is_configured_as_the_column_says(command: Run, shared_results: Path) -> None:
    shown = command("compare", str(shared_results), "--where", "model=svdrnn").stdout
    assert "Configured differently" not in shown


def test_the_documentation_says_the_schema_and_the_keys_of_every_other_view(command: Run, shared_results: Path) -> None:
    page = " ".join((Path(__file__).parents[2] / "docs" / "analysis.md").read_text(encoding="utf-8").split())
    views = {"pairwise": ["--pairwise"], "diff": ["--diff", "rnn", "svdrnn r=0.5"], "against": ["--against", "paper"]}
    for name, words in views.items():
        done = command("compare", str(shared_results), "--where", "task=copy", *words, "--format", "json")
        document = json.loads(done.stdout)
        (said,) = re.findall(rf'`{{"schema": "spectral-bench/{name}", "version": ([^`]*)}}`', page)
        version, *keys = [part.partition(":")[0].strip(' "') for part in said.split(",")]
        assert (document["schema"], str(document["version"])) == (f"spectral-bench/{name}", version)
        assert {*keys, "field", "notes"} == {"field", *document} - {"schema", "version"}
