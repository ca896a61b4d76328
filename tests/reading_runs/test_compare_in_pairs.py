"""``compare --pairwise``, ``--diff`` and ``--against``."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from command_line import Run
from run_directories import edit, fabricate, runs_of, train
from scipy import stats

from spectral_bench.compare.published import published
from spectral_bench.compare.ranks import critical_differences, data_set_ranks
from spectral_bench.figures.draw_ranks import draw_ranks
from spectral_bench.records.collection import collect
from spectral_bench.records.grouping import sections
from spectral_bench.report.footnotes import reasons
from spectral_bench.report.pairwise import pairwise

#: The runs in the repository.
SHIPPED = Path(__file__).parents[2] / "results"

SCORES = {"svdrnn": 0.9, "ornn": 0.85, "lstm": 0.6, "rnn": 0.3}


@pytest.fixture
def many(shared_results: Path, tmp_path: Path) -> Path:
    """Four models with eight seeds on six data sets; the better the model, the better every run, with ties."""
    template = runs_of(shared_results, "copy", "rnn")[0]
    for dataset in range(6):
        for model, score in SCORES.items():
            for seed in range(8):
                fabricate(
                    template,
                    tmp_path / "many" / model / f"{dataset}-{model}-seed{seed}",
                    group=f"{model}{dataset:08d}",
                    config={"task.name": "ucr", "task.dataset": f"set{dataset}", "model.name": model, "seed": seed},
                    summary={"test": score - 0.01 * seed * (model == "rnn") - 0.1 * dataset * (model == "ornn")},
                )
    return tmp_path / "many"


def document(command: Run, *arguments: str) -> dict:
    done = command("compare", *arguments, "--format", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_differences_are_paired_by_seed_and_the_better_comes_first(command: Run, many: Path) -> None:
    found = document(command, str(many), "--pairwise", "--where", "task.dataset=set0")
    pairs = {(pair["a"], pair["b"]): pair for pair in found["pairs"]}
    assert set(pairs) == {
        (a, b) for i, a in enumerate(SCORES) for j, b in enumerate(SCORES) if i < j
    }  # fmt: skip
    lstm_rnn = pairs["lstm", "rnn"]
    gaps = 0.3 + 0.01 * np.arange(8)
    assert lstm_rnn["difference"] == pytest.approx(gaps.mean())
    assert lstm_rnn["low"] < gaps.mean() < lstm_rnn["high"]
    assert (lstm_rnn["seeds"], lstm_rnn["probability_of_improvement"]) == (8, 1.0)
    assert lstm_rnn["p"] == pytest.approx(2 / 2**8)
    assert lstm_rnn["p_holm"] == pytest.approx(6 * 2 / 2**8)


def test_only_seeds_that_both_completed_are_paired(shared_results: Path) -> None:
    report, _ = pairwise([s for s in sections(collect([shared_results]).runs) if s.task == "copy"])
    seeds = {(record["a"], record["b"]): record["seeds"] for record in report.records}
    assert sorted(seeds.values()) == [1, 1, 3]
    notes = [note for note in report.tables[0].notes if "p cannot be below" in note]
    assert [note.partition(":")[0] for note in notes] == [
        "With 3 seeds p cannot be below 0.25, corrected for 3 pairs not below 0.75"
    ]


def test_ranks_over_data_sets_are_those_of_friedman_and_nemenyi(many: Path) -> None:
    found = sections(collect([many]).runs)
    (result,) = critical_differences(data_set_ranks(found, "test"))
    table = np.array([[0.9, 0.85 - 0.1 * d, 0.6, 0.265] for d in range(6)])
    expected = stats.rankdata(-table, axis=1).mean(axis=0)
    assert result.ranks == pytest.approx(dict(zip(SCORES, expected, strict=True)))
    assert result.friedman_p == pytest.approx(stats.friedmanchisquare(*table.T).pvalue)
    assert result.critical_difference == pytest.approx(2.569 * np.sqrt(4 * 5 / (6 * 6)), rel=1e-3)  # Demšar, table 5
    for clique in result.cliques:
        assert result.ranks[clique[-1]] - result.ranks[clique[0]] <= result.critical_difference
    shown = {text.get_text() for text in draw_ranks(result).axes[0].texts}
    assert {f"{label}  {rank:.2f}" for label, rank in result.ranks.items()} <= shown
    assert f"CD = {result.critical_difference:.2f}" in shown


def test_a_group_without_a_judged_run_has_no_rank_and_the_data_sets_are_named(many: Path) -> None:
    for manifest in (many / "lstm").glob("0-*/manifest.json"):
        edit(manifest, status="interrupted")
    report, (result,) = pairwise(sections(collect([many]).runs))
    assert (sorted(result.ranks), result.left_out) == (["ornn", "rnn", "svdrnn"], {"lstm": ["set0"]})
    assert "No rank: lstm, which has no judged run on set0." in report.tables[-1].notes


def test_a_group_that_diverges_on_one_data_set_is_the_last_there(many: Path) -> None:
    (before,) = critical_differences(data_set_ranks(sections(collect([many]).runs), "test"))
    for manifest in (many / "svdrnn").glob("0-*/manifest.json"):
        edit(manifest, status="diverged")
    (after,) = critical_differences(data_set_ranks(sections(collect([many]).runs), "test"))
    assert after.left_out == {}
    assert after.ranks["svdrnn"] == pytest.approx(before.ranks["svdrnn"] + 3 / 6)


def test_the_diagram_is_drawn_where_there_are_data_sets_enough(command: Run, many: Path, tmp_path: Path) -> None:
    done = command("compare", str(many), "--pairwise", "--diagram", "cd.png")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "cd.png").stat().st_size > 5_000
    few = command(
        "compare",
        str(many),
        "--pairwise",
        "--diagram",
        "cd.png",
        "--where",
        "task.dataset!=set0",
        "--where",
        "task.dataset!=set1",
    )
    assert few.returncode == 2
    assert "five data sets" in few.stderr


def test_few_data_sets_have_a_table_with_mean_ranks_and_no_test(command: Run, many: Path) -> None:
    where = ("--where", "task.dataset!=set0", "--where", "task.dataset!=set1", "--where", "task.dataset!=set2")
    (found,) = document(command, str(many), *where)["data_sets"]
    assert (found["data_sets"], found["left_out"]) == (["set3", "set4", "set5"], {})
    assert [group["label"] for group in found["groups"]] == ["svdrnn", "lstm", "ornn", "rnn"]
    lstm = found["groups"][1]
    assert (lstm["ranks"], lstm["mean_rank"], lstm["means"]) == ([2, 2, 2], 2, pytest.approx([0.6] * 3))
    for view in ((), ("--pairwise",)):
        shown = command("compare", str(many), *where, *view).stdout
        assert "ucr: test recall accuracy on 3 data sets" in shown
        assert re.search(r"^mean rank +1\.00 +2\.00 +3\.00 +4\.00", shown, flags=re.MULTILINE)
        assert "Friedman" not in shown


def test_a_diff_shows_every_key_that_differs_and_every_difference(command: Run, shared_results: Path) -> None:
    a, b = [
        run.name
        for r in ("0.01", "0.5")
        for run in runs_of(shared_results, "copy", "svdrnn")
        if f"\nr: {r}\n" in (run / "config.yaml").read_text() and "\nseed: 0\n" in (run / "config.yaml").read_text()
    ]
    found = document(command, str(shared_results), "--diff", a, b)
    keys = [row for row in found["config"] if row["key"] != "commit"]  # there may be one between the two runs
    assert keys == [{"key": "r", "a": 0.01, "b": 0.5}]
    tests = [
        json.loads((shared_results / "copy" / "svdrnn" / name / "summary.json").read_text())["test"] for name in (a, b)
    ]
    row = next(row for row in found["metrics"] if row["field"] == "test")
    assert row["difference"] == pytest.approx(tests[0] - tests[1])
    assert row["low"] is None


def test_a_diff_of_groups_with_the_same_seeds_is_that_of_the_pairs(command: Run, shared_results: Path) -> None:
    where = ("--where", "task=copy")
    (pair,) = [
        pair for pair in document(command, str(shared_results), *where, "--pairwise")["pairs"] if pair["seeds"] == 3
    ]
    metrics = document(command, str(shared_results), *where, "--diff", pair["a"], pair["b"])["metrics"]
    row = next(row for row in metrics if row["field"] == "test")
    assert {key: row[key] for key in ("difference", "low", "high")} == {
        key: pair[key] for key in ("difference", "low", "high")
    }


def test_a_diff_leaves_out_what_changes_no_number(command: Run, results: Path) -> None:
    first, second = runs_of(results, "copy", "rnn")[:2]
    for key, old, new in (("max_minutes", "null", "5.0"), ("data_dir", ".*", "elsewhere")):
        text, found = re.subn(rf"{key}: {old}\n", f"{key}: {new}\n", (second / "config.yaml").read_text())
        assert found == 1
        (second / "config.yaml").write_text(text)
    rows = document(command, "results", "--diff", str(first), str(second))["config"]
    assert {row["key"] for row in rows} - {"commit"} == {"seed"}


def test_a_diff_takes_paths_groups_labels_and_models(command: Run, shared_results: Path) -> None:
    run = runs_of(shared_results, "copy", "rnn")[0]
    groups = next(s for s in document(command, str(shared_results))["sections"] if s["task"] == "copy")["groups"]
    svdrnn = next(group for group in groups if group["differs"] == {"r": 0.5})
    for b in (svdrnn["id"], "svdrnn r=0.5", svdrnn["run_ids"][0]):
        found = document(command, str(shared_results), "--diff", str(run), b)
        assert found["a"]["run_ids"] == [run.name]
        assert found["b"]["run_ids"] == svdrnn["run_ids"]
        assert "model.m1" in {row["key"] for row in found["config"]}
    both = document(command, str(shared_results), "--where", "task=copy", "--diff", "rnn", "svdrnn r=0.01")
    row = next(row for row in both["metrics"] if row["field"] == "test")
    assert row["low"] <= row["difference"] <= row["high"]


@pytest.mark.parametrize(
    ("name", "message"), [("svdrn", "There are"), ("svdrnn", "fits 3 groups"), ("2", "fits 9 runs")]
)
def test_a_name_that_fits_nothing_or_several_is_refused(
    command: Run, shared_results: Path, name: str, message: str
) -> None:
    done = command("compare", str(shared_results), "--diff", name, "rnn")
    assert done.returncode == 2
    assert message in done.stderr.replace("\n", " ")


def test_two_views_at_once_are_refused(command: Run, shared_results: Path) -> None:
    done = command("compare", str(shared_results), "--pairwise", "--against", "paper")
    assert done.returncode == 2
    assert "--against and --pairwise" in done.stderr


def fake_mnist(shared_results: Path, folder: Path, *, permuted: bool, model: str, hidden: int, test: float) -> None:
    setting = {"task.name": "mnist", "task.pixels_per_step": 1, "task.permuted": permuted}
    fabricate(
        runs_of(shared_results, "copy", "rnn")[0],
        folder / f"{model}{hidden}{permuted}",
        group=f"{model}{hidden}{permuted}",
        config={**setting, "model.name": model, "model.hidden_size": hidden},
        summary={"metric": "accuracy", "test": test},
    )


def test_published_numbers_stand_beside_the_group_of_their_model_size_and_setting(
    command: Run, shared_results: Path, tmp_path: Path
) -> None:
    fake_mnist(shared_results, tmp_path / "m", permuted=False, model="svdrnn", hidden=128, test=0.96)
    fake_mnist(shared_results, tmp_path / "m", permuted=False, model="svdrnn", hidden=64, test=0.95)
    fake_mnist(shared_results, tmp_path / "m", permuted=True, model="lstm", hidden=128, test=0.9)
    rows = document(command, str(tmp_path / "m"), "--against", "paper")["rows"]
    ours = {(row["model"], row["hidden"], row["value"]): row for row in rows if row["group"] is not None}
    assert set(ours) == {("svdrnn", 128, 0.977), ("lstm", 128, 0.9262)}
    assert ours["svdrnn", 128, 0.977]["difference"] == pytest.approx(-0.017)
    s4 = [row for row in rows if row["name"] == "S4"]
    assert {row["comparable"]: row["value"] for row in s4} == {True: 0.9963, False: 0.987}
    assert "bit-reversal" in next(row["why"] for row in s4 if not row["comparable"])
    shown = command("compare", str(tmp_path / "m"), "--against", "paper").stdout
    assert "-0.017" in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert re.search(r"0\.977! \[\d\]", command("compare", str(tmp_path / "m"), "--wide").stdout)


def test_a_setting_without_published_numbers_is_said(command: Run, shared_results: Path) -> None:
    done = command("compare", str(shared_results), "--against", "paper")
    assert done.returncode == 0
    assert done.stdout.count("no published numbers") == 2


def test_every_published_number_has_a_source_and_every_exclusion_a_reason() -> None:
    numbers = published()
    assert len(numbers) > 100
    for number in numbers:
        assert number.source
        assert number.comparable or number.why
        assert number.metric in {"accuracy", "loss", "mse", "perplexity"}
        assert number.metric != "accuracy" or 0 < number.value < 1
    assert len(set(numbers)) == len(numbers)


def test_published_settings_are_conditions_on_keys_the_tasks_have(tmp_path: Path) -> None:
    run = train(tmp_path, "rnn", "addition", "task.length=7", "model.hidden_size=10")
    (section,) = sections(collect([run]).runs)
    known = {"task.pixels_per_step", "task.permuted", "task.dataset", "task.recall", *section.config}
    keys = {condition.partition("=")[0] for number in published() for condition in number.setting.split()}
    assert keys <= known


def test_a_mark_stands_for_one_source_in_all_tables_and_there_are_marks_enough(
    command: Run, shared_results: Path, tmp_path: Path
) -> None:
    fake_mnist(shared_results, tmp_path / "m", permuted=False, model="svdrnn", hidden=128, test=0.96)
    fake_mnist(shared_results, tmp_path / "m", permuted=True, model="lstm", hidden=128, test=0.9)
    for arguments in (("--wide",), ("--against", "paper")):
        shown = command("compare", str(tmp_path / "m"), *arguments, columns=200).stdout
        explained = re.findall(r"^(\[\d+\]|\([a-z]+\)) ", shown, flags=re.MULTILINE)
        assert len(explained) == len(set(explained)) >= 2
        assert set(re.findall(r"\[\d+\]", shown)) <= set(explained)
    many = reasons()
    assert [many.cite(str(number)) for number in range(28)][-3:] == ["(z)", "(aa)", "(ab)"]
    assert many.below(["27", "0"]) == ["(a) 0", "(ab) 27"]


def test_numbers_of_another_split_or_of_the_best_test_epoch_are_not_comparable() -> None:
    mnist = [number for number in published() if number.task == "mnist"]
    best_epoch = [number for number in mnist if number.name.startswith(("expRNN", "dtriv", "asRNN"))]
    own = [number for number in mnist if number.model in ("svdrnn", "ornn")]
    assert not any(number.comparable for number in [*own, *best_epoch])
    assert all("70,000" in number.why for number in own)
    assert all("best test accuracy of all epochs" in number.why for number in best_epoch)
    assert [number.comparable for number in mnist if number.name == "LSTM" and number.hidden == 128] == [True, True]


def test_tasks_stand_side_by_side_each_judged_by_its_own_metric(command: Run) -> None:
    paths = str(SHIPPED / "copy"), str(SHIPPED / "mnist")
    assert document(command, *paths)["data_sets"] == []
    (found,) = document(command, *paths, "--over-tasks")["data_sets"]
    assert (found["task"], found["data_sets"], found["left_out"]) == ("copy, mnist", ["copy", "mnist"], {})
    ranks = {group["label"]: (group["ranks"], group["mean_rank"]) for group in found["groups"]}
    assert ranks["lstm"] == ([3.0, 1.0], 2.0)
    assert [ranks[model][0][0] for model in ("ornn", "svdrnn")] == [1.0, 2.0]
    table = command("compare", *paths, "--over-tasks").stdout.partition("copy, mnist: mean ranks over 2 tasks\n")[2]
    assert [len(row.split()) for row in table.splitlines() if row.startswith(("task ", "mean rank "))] == [6, 7]


@pytest.mark.parametrize("over", ["tasks", "data sets"])
def test_a_table_of_ranks_says_whether_they_are_over_tasks_or_data_sets(
    shared_results: Path, tmp_path: Path, over: str
) -> None:
    template = runs_of(shared_results, "copy", "rnn")[0]
    for place in range(5):
        named = {"task.name": f"task{place}"} if over == "tasks" else {"task.dataset": f"set{place}"}
        for model in ("svdrnn", "ornn", "lstm"):
            fabricate(
                template,
                tmp_path / "many" / f"{place}-{model}",
                group=f"{model}{place}",
                config={"model.name": model, **named},
                summary={"test": SCORES[model]},
            )
    report, _ = pairwise(sections(collect([tmp_path / "many"]).runs), over_tasks=over == "tasks")
    assert report.tables[-1].title.partition(": ")[2] == f"ranks over 5 {over}"


@pytest.mark.parametrize(
    ("folders", "said"),
    [(["copy"], "found copy."), (["claims"], "mnist (4)"), (["copy", "claims/ptb/rnn"], "on all of copy, ptb")],
)
def test_ranks_over_tasks_need_two_with_one_setting_each_and_groups_in_all(
    command: Run, folders: list[str], said: str
) -> None:
    done = command("compare", *(str(SHIPPED / folder) for folder in folders), "--over-tasks")
    assert (done.returncode, done.stdout, said in done.stderr) == (2, "", True)
    assert command("compare", str(SHIPPED), "--over-tasks", "--diff", "rnn", "lstm").returncode == 2


@pytest.mark.parametrize("view", [(), ("--pairwise",)])
@pytest.mark.parametrize("form", [("--format", "csv"), ("-o", "ranks.csv")])
def test_ranks_over_tasks_are_refused_where_they_would_be_left_out(
    command: Run, view: tuple[str, ...], form: tuple[str, str]
) -> None:
    done = command("compare", str(SHIPPED / "copy"), str(SHIPPED / "mnist"), "--over-tasks", *view, *form)
    assert (done.returncode, done.stdout, "csv holds no ranks" in done.stderr) == (2, "", True)
