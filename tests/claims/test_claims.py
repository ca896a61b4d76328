"""From a file of claims and a folder of runs to verdicts."""

import json
import re
from math import inf
from pathlib import Path
from typing import Any

import pytest
import yaml
from command_line import Run as Call

from spectral_bench.claims.claim import Claim
from spectral_bench.claims.load_claims import load_claims
from spectral_bench.claims.measures import measured
from spectral_bench.claims.protocol import Protocol
from spectral_bench.claims.rules import Word
from spectral_bench.claims.run_requests import RunRequest, deciding_requests, search_requests
from spectral_bench.claims.verdict import judge
from spectral_bench.errors import InputError
from spectral_bench.records.run_record import Run
from spectral_bench.report.claim_tables import deciding_table, entrants_in_rows
from spectral_bench.report.claim_words import not_counted, ours
from spectral_bench.runs.effective_config import EffectiveConfigs

pytestmark = pytest.mark.usefixtures("own_cache")

effective_config = EffectiveConfigs()

BASE = [
    "task=copy",
    "model.hidden_size=8",
    "task.length=4",
    "task.validation_size=20",
    "task.test_size=20",
    "train.batch_size=5",
    "train.steps=4",
    "train.evaluate_every=2",
]

CLAIM: dict[str, Any] = {
    "statement": "An svdrnn is ahead of an rnn.",
    "source": {"paper": "nobody", "place": "nowhere", "value": None, "certainty": "ours"},
    "base": BASE,
    "entrants": {"svdrnn": ["model=svdrnn", "model.m1=3", "model.m2=3"], "rnn": ["model=rnn"]},
    "search": {
        "over": {"optimizer.lr": [0.001, 0.01]},
        "seed": 0,
        "choose": ["best_validation"],
        "overrides": ["train.steps=2"],
    },
    "seeds": [1, 2, 3],
    "metric": "loss_test",
    "rule": {"kind": "ahead", "entrant": "svdrnn", "of": ["rnn"]},
}


def written(folder: Path, claim: dict[str, Any]) -> Path:
    file = folder / "claims.yaml"
    file.write_text(yaml.safe_dump({"claims": {"mine": claim}}))
    return file


def test_a_claim_is_open_until_its_runs_are_there_and_then_decided(command: Call, tmp_path: Path) -> None:
    file = written(tmp_path, CLAIM)
    claim = load_claims(file)["mine"]
    (tmp_path / "results").mkdir()

    def verdict() -> str:
        table = command("claims", "--claims", str(file), "--format=csv").stdout
        return table.splitlines()[1].split(",")[1]

    def train(requests: list[Any], *more: str) -> None:
        for request in requests:
            assert command("run", "-q", *request.typed, *more).returncode == 0

    assert verdict() == "open"
    for entrant in claim.entrants:
        train(search_requests(claim, entrant))
    page = command("claims", "mine", "--claims", str(file)).stdout
    assert "0 of 6 runs that decide" in page
    chosen = {entrant: chosen_rate(command, file, entrant) for entrant in claim.entrants}

    (first, *others) = deciding_requests(claim, "svdrnn", {"optimizer.lr": chosen["svdrnn"]})
    train([first], "train.batch_size=6")
    page = command("claims", "mine", "--claims", str(file)).stdout
    assert "another" in page
    assert "train.batch_size=6" in page
    assert "0 of 6 runs that decide" in page

    train([first, *others], "trace.every=1", "train.threads=1")
    train(deciding_requests(claim, "rnn", {"optimizer.lr": chosen["rnn"]}))
    assert (
        verdict() in ("reproduced", "refuted") or "overlap" in command("claims", "mine", "--claims", str(file)).stdout
    )


def chosen_rate(command: Call, file: Path, entrant: str) -> float:
    """The searched rate that the page says the entrant runs with."""
    page = command("claims", "mine", "--claims", str(file)).stdout
    (line,) = [line for line in page.splitlines() if line.startswith(entrant) and "of 2" in line]
    return float(line.split("optimizer.lr=")[1].split()[0])


def test_run_trains_the_search_and_then_what_decides(command: Call, tmp_path: Path) -> None:
    file = written(tmp_path, CLAIM)
    ended = command("claims", "mine", "--claims", str(file), "--run", "train.threads=1", "trace.every=2")
    assert ended.returncode == 0, ended.stderr
    assert "mine: open. 0 of" not in ended.stdout
    runs = sorted(path.parent for path in (tmp_path / "results" / "claims").rglob("manifest.json"))
    assert len(runs) == 2 * (2 + 3)
    searched = [run for run in runs if "-seed0-" in run.name]
    assert len(searched) == 4
    assert not any((run / "gradients.parquet").exists() for run in searched)
    assert all((run / "gradients.parquet").exists() for run in set(runs) - set(searched))
    command("claims", "mine", "--claims", str(file), "--run", "train.threads=1", "trace.every=2")
    assert sorted(path.parent for path in (tmp_path / "results" / "claims").rglob("manifest.json")) == runs
    again = command("claims", "mine", "--claims", str(file), "--rerun-one")
    assert "The same" in again.stdout


def completed(folder: Path, seed: int, **summary: Any) -> Run:
    """A run as the records hold it."""
    status = summary.pop("status", "completed")
    config = {**effective_config([*BASE, "model=rnn"]), "seed": seed}
    known = {"metric": "recall_accuracy", "mode": "max", **summary}
    return Run(folder / f"run{seed}", {"status": status, "ineffective": [], "started": ""}, config, known)


def test_a_trait_that_was_not_measured_is_unknown_and_an_achievement_that_was_missed_is_worst(tmp_path: Path) -> None:
    assert measured(completed(tmp_path, 1, gradient_decay_rate=None), "gradient_decay_rate") is None
    assert measured(completed(tmp_path, 1, gradient_decay_rate=-0.3, status="diverged"), "gradient_decay_rate") is None
    assert measured(completed(tmp_path, 1, solved_at=None), "solved_at") == inf
    assert measured(completed(tmp_path, 1, test=0.9, status="diverged"), "test") == -inf
    assert measured(completed(tmp_path, 1, train=0.9, test=0.8), "generalization_gap") == pytest.approx(0.1)
    assert measured(completed(tmp_path, 1, status="diverged"), "generalization_gap") == inf


@pytest.mark.parametrize(
    ("change", "metric", "counts"),
    [
        ({"train.evaluations": 5}, "test", True),
        ({"train.evaluations": 5}, "test_at_best", False),  # the best of more looks
        ({"train.evaluations": 5}, "train", False),  # the mean since the last look
        ({"train.evaluations": 5}, "generalization_gap", False),
        ({"train.evaluations": 5, "train.patience": 3}, "test", False),  # it ends by them
        ({"train.evaluations": 5, "train.epochs": 5}, "test_at_best", True),  # one an epoch either way
        ({"train.evaluation_batch_size": 7}, "test", True),
        ({"train.evaluation_batch_size": 7, "evaluation_continues": True}, "test", False),
    ],
)
def test_runs_of_a_claim_may_be_looked_at_otherwise_where_no_number_depends_on_it(
    tmp_path: Path, change: dict[str, Any], metric: str, counts: bool
) -> None:
    one = completed(tmp_path, 1, test=0.5)
    same = {"train.evaluate_every": None, "train.evaluations": 0, "train.steps": None, "train.epochs": 4}
    same |= {key: change[key] for key in ("train.patience", "train.epochs") if key in change}
    asked = {**one.config, **same}
    manifest = {**one.manifest, "evaluation_continues": change.get("evaluation_continues", False)}
    config = {**asked, **{key: value for key, value in change.items() if key in asked}}
    run = Run(one.directory, manifest, config, one.summary)
    assert Protocol(RunRequest([], {}, 1), asked, metric).is_kept_by(run) == counts


@pytest.mark.parametrize(
    ("rule", "word"),
    [
        ({"kind": "grows", "along": ["rnn", "faster"]}, Word.open),
        ({"kind": "grows", "along": ["faster", "rnn"]}, Word.open),
        ({"kind": "within", "ranges": {"rnn": {"low": 0, "high": 1}, "faster": {"low": 0, "high": 1}}}, Word.open),
        ({"kind": "ahead", "entrant": "rnn", "of": ["faster"]}, Word.reproduced),
    ],
)
def test_a_gap_does_not_grow_by_diverging_and_who_diverged_is_behind(
    tmp_path: Path, rule: dict[str, Any], word: Word
) -> None:
    entrants = {"rnn": ["model=rnn"], "faster": ["model=rnn", "optimizer.lr=0.5"]}
    change = {"search": None, "metric": "generalization_gap", "entrants": entrants, "rule": rule}
    claim = load_claims(written(tmp_path, {**CLAIM, **change}))["mine"]
    narrow = [completed(tmp_path, seed, train=0.9, test=0.8) for seed in (1, 2, 3)]
    diverged = [
        Run(tmp_path / f"faster{seed}", {**one.manifest, "status": "diverged"}, {**config, "seed": seed}, one.summary)
        for seed, one in enumerate(narrow, 1)
        for config in [effective_config([*BASE, *entrants["faster"]])]
    ]
    decision = judge(claim, [*narrow, *diverged], effective_config).decision
    assert decision.word is word
    assert ("diverged" in decision.why) == (word is Word.open)


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "within", "ranges": {"rnn": {"low": 0, "high": None}, "faster": {"low": 1, "high": None}}},
        {"kind": "grows", "along": ["rnn", "faster"]},
    ],
)
def test_what_runs_that_diverged_would_prove_is_open(tmp_path: Path, rule: dict[str, Any]) -> None:
    entrants = {"rnn": ["model=rnn"], "faster": ["model=rnn", "optimizer.lr=0.5"]}
    claim = load_claims(written(tmp_path, {**CLAIM, "search": None, "entrants": entrants, "rule": rule}))["mine"]
    trained = [completed(tmp_path, seed, loss_test=0.5) for seed in (1, 2, 3)]
    config = effective_config([*BASE, *entrants["faster"]])

    def of_the_other(status: str) -> list[Run]:
        return [
            Run(
                tmp_path / f"{status}{run.seed}", {**run.manifest, "status": status}, config | {"seed": run.seed}, known
            )
            for run in trained
            for known in [{**run.summary, "loss_test": 2.0}]
        ]

    proven = judge(claim, [*trained, *of_the_other("completed")], effective_config).decision
    assert proven.word is Word.reproduced
    decision = judge(claim, [*trained, *of_the_other("diverged")], effective_config).decision
    assert decision.word is Word.open
    assert "faster" in decision.why


@pytest.mark.parametrize("same", [["train.threads=1"], ["train.evaluations=3"], ["trace.of=all"]])
def test_a_run_decides_for_one_entrant(tmp_path: Path, same: list[str]) -> None:
    rule = {"kind": "not_behind", "entrant": "a", "of": "b", "tolerance": 0.1}
    entrants = {"a": ["model=rnn"], "b": ["model=rnn", *same]}
    claim = load_claims(written(tmp_path, {**CLAIM, "search": None, "entrants": entrants, "rule": rule}))["mine"]
    runs = [completed(tmp_path, seed, loss_test=0.5) for seed in (1, 2, 3)]
    with pytest.raises(InputError, match=r"mine: entrants.b: run1 would decide for a as well"):
        judge(claim, runs, effective_config)


def test_a_run_stands_for_one_setting_of_a_search(tmp_path: Path) -> None:
    search = {"over": {"trace.of": ["last", "all"]}, "seed": 0, "choose": ["best_validation"]}
    claim = of_one_entrant(tmp_path, search=search)
    with pytest.raises(InputError, match=r"mine: search.over: run0 would stand for two settings of rnn"):
        judge(claim, [completed(tmp_path, 0, best_validation=0.5)], effective_config)


def test_a_search_may_vary_a_key_on_which_others_depend(tmp_path: Path) -> None:
    over = {"model.activation": ["tanh", "leaky_relu"], "optimizer.lr": [0.001, 0.001000000001]}
    claim = of_one_entrant(tmp_path, search={"over": over, "seed": 0, "choose": ["best_validation"]})
    manifest, known = completed(tmp_path, 0).manifest, {"best_validation": 0.5, "mode": "max"}
    runs = [
        Run(tmp_path / f"run{at}", manifest, dict(effective_config(request.typed)), known)
        for at, request in enumerate(search_requests(claim, "rnn"))
    ]
    found = judge(claim, runs, effective_config).evidence["rnn"].search
    assert [one.run for one in found] == runs
    assert runs[0].config.keys() != runs[2].config.keys()  # the slope below zero is of one activation alone


def test_models_that_were_not_searched_for_are_not_held_against_each_other(tmp_path: Path) -> None:
    entrants = {"rnn": ["model=rnn"], "irnn": ["model=irnn"]}
    rule = {"kind": "ahead", "entrant": "rnn", "of": ["irnn"]}
    claim = load_claims(written(tmp_path, {**CLAIM, "search": None, "entrants": entrants, "rule": rule}))["mine"]
    runs = [completed(tmp_path, seed, loss_test=0.1) for seed in (1, 2, 3)]
    theirs = effective_config([*BASE, "model=irnn"])
    behind = [
        Run(tmp_path / f"irnn{one.seed}", one.manifest, {**theirs, "seed": one.seed}, {**one.summary, "loss_test": 0.9})
        for one in runs
    ]
    decision = judge(claim, [*runs, *behind], effective_config).decision
    assert decision.word is Word.open
    assert "irnn, rnn" in decision.why


def test_a_claim_of_ones_own_needs_no_source(tmp_path: Path) -> None:
    (claim,) = load_claims(written(tmp_path, {key: CLAIM[key] for key in CLAIM if key != "source"})).values()
    assert claim.is_ours


def test_a_source_says_its_one_number_either_way(tmp_path: Path) -> None:
    source = {"paper": "theirs", "place": "figure 1", "certainty": "figure"}
    for said in ({"value": 0.5}, {"values": {"rnn": 0.5}}):
        assert of_one_entrant(tmp_path, source={**source, **said}).published == 0.5
    assert of_one_entrant(tmp_path, source={**source, "values": {"rnn": None}}).published is None


def test_what_a_source_says_of_several_entrants_stands_beside_each(command: Call, tmp_path: Path) -> None:
    source = {"paper": "theirs", "place": "figure 1", "value": None, "certainty": "figure"}
    known = {**source, "values": {"svdrnn": [0.1, 0.2], "rnn": 0.5}}
    file = written(tmp_path, {**CLAIM, "source": known})
    (tmp_path / "results").mkdir()
    (found,) = json.loads(command("claims", "--claims", str(file), "--format=json").stdout)["claims"]
    assert {name: one["published"] for name, one in found["results"].items()} == known["values"]
    assert "rnn: 0.5; svdrnn: 0.1 to 0.2" in command("claims", "--claims", str(file), columns=200).stdout


def test_times_decide_between_runs_of_one_processor(tmp_path: Path) -> None:
    claim = of_one_entrant(tmp_path, metric="ms_per_step")
    runs = [repeated(completed(tmp_path, seed, ms_per_step=0.5), threads=1) for seed in (1, 2)]
    other = repeated(completed(tmp_path, 3, ms_per_step=0.5), threads=2)
    assert judge(claim, [*runs, other], effective_config).decision.why.startswith("2 of 3 runs that decide")


@pytest.mark.parametrize(("metric", "shown"), [("loss_test", "diverged"), ("solved_at", "never (2 diverged)")])
def test_who_diverged_is_told_from_who_never_got_there(tmp_path: Path, metric: str, shown: str) -> None:
    claim = of_one_entrant(tmp_path, metric=metric)
    known = {"loss_test": None, "solved_at": None, "gradient_verdict": "level", "spectral_margin": 0.1}
    statuses = ["diverged", "diverged", "diverged" if metric == "loss_test" else "completed"]
    runs = [completed(tmp_path, seed, status=status, **known) for seed, status in enumerate(statuses, 1)]
    verdict = judge(claim, runs, effective_config)
    assert ours(verdict) == shown
    of_rnn = entrants_in_rows(verdict)[1][0]
    assert any("level" in cell.text for cell in of_rnn) == (metric == "solved_at")  # by the one that was trained
    decided = deciding_table(verdict)
    assert decided is not None
    assert [row[2].text for row in decided.rows] == ["diverged", "diverged", shown.partition(" (")[0]]


def test_no_claim_is_decided_before_all_of_its_runs_are_there(tmp_path: Path) -> None:
    unsearched = {
        **CLAIM,
        "search": None,
        "metric": "loss_test",
        "seeds": [1, 2, 3, 4],
        "entrants": {"rnn": ["model=rnn"]},
    }
    rule = {"kind": "within", "ranges": {"rnn": {"low": 0, "high": 1}}}
    claim = load_claims(written(tmp_path, {**unsearched, "rule": rule}))["mine"]
    runs = [completed(tmp_path, seed, loss_test=0.5) for seed in range(1, 5)]
    assert judge(claim, runs[:3], effective_config).decision.word is Word.open
    assert judge(claim, runs, effective_config).decision.word is Word.reproduced
    without = [*runs[:3], completed(tmp_path, 4, loss_test=None, status="completed")]
    del without[3].summary["loss_test"]  # type: ignore[attr-defined]
    assert "loss_test" in judge(claim, without, effective_config).decision.why


def test_run_trains_once_what_two_claims_ask_for_in_other_words(command: Call, tmp_path: Path) -> None:
    rule = {"kind": "within", "ranges": {"rnn": {"low": 0, "high": 100}}}
    first = {**CLAIM, "search": None, "seeds": [1, 2, 3], "entrants": {"rnn": ["model=rnn"]}, "rule": rule}
    second = {**first, "entrants": {"rnn": ["model=rnn", "model.activation=tanh"]}}
    file = tmp_path / "claims.yaml"
    file.write_text(yaml.safe_dump({"claims": {"first": first, "second": second}}))
    ended = command("claims", "--claims", str(file), "--run", "results_dir=elsewhere", "train.threads=1")
    assert ended.returncode == 0, ended.stderr
    assert len(list((tmp_path / "elsewhere").rglob("manifest.json"))) == 3
    assert "2 reproduced" in ended.stdout


ACROSS: dict[str, Any] = {
    **{key: value for key, value in CLAIM.items() if key != "search"},
    "across": {"task.length": [3, 4]},
    "entrants": {"rnn": ["model=rnn"], "irnn": ["model=irnn"]},
    "metric": "loss_test",
    "rule": {"kind": "ahead_across", "entrant": "rnn", "of": ["irnn"]},
}


def of_length(length: int, model: str, run: Run) -> Run:
    config = {**effective_config([*BASE, f"model={model}", f"task.length={length}"]), "seed": run.seed}
    return Run(run.directory.with_name(f"{model}{length}{run.seed}"), run.manifest, config, run.summary)


def test_a_claim_across_settings_asks_for_every_entrant_in_each_of_them(tmp_path: Path) -> None:
    claim = load_claims(written(tmp_path, ACROSS))["mine"]
    asked = [request.typed for name in claim.entrants for request in deciding_requests(claim, name, {})]
    assert len(asked) == 2 * 2 * 3
    assert sum("task.length=3" in words and "task.length=4" not in words for words in asked) == 6
    runs = [
        of_length(length, model, completed(tmp_path, seed, loss_test=0.1 * length + bonus))
        for length in (3, 4)
        for model, bonus in (("rnn", 0.0), ("irnn", 1.0))
        for seed in (1, 2, 3)
    ]
    verdict = judge(claim, runs, effective_config)
    assert not verdict.missing
    assert verdict.claim.rule.overall(verdict.scores)["rnn"].finite == pytest.approx([0.35] * 3)
    assert len(judge(claim, runs[1:], effective_config).missing) == 1


def repeated(run: Run, **manifest: Any) -> Run:
    """The same training, made again later."""
    later = {**run.manifest, "started": "2026-01-02", **manifest}
    return Run(run.directory.with_name(f"{run.run_id}-again"), later, run.config, run.summary)


def reading(data: str, runs: list[Run]) -> list[Run]:
    return [
        Run(run.directory, {**run.manifest, "data": {"texts/words": data * 64}}, run.config, run.summary)
        for run in runs
    ]


def of_one_entrant(folder: Path, **change: Any) -> Claim:
    rule = {"kind": "within", "ranges": {"rnn": {"low": 0, "high": 1}}}
    one = {**CLAIM, "search": None, "entrants": {"rnn": ["model=rnn"]}, "rule": rule}
    return load_claims(written(folder, {**one, **change}))["mine"]


def test_a_run_that_counts_for_one_entrant_is_not_left_out_for_another(tmp_path: Path) -> None:
    entrants = {"as_it_is": ["model=rnn"], "faster": ["model=rnn", "optimizer.lr=0.5"]}
    rule = {"kind": "ahead", "entrant": "as_it_is", "of": ["faster"]}
    claim = load_claims(written(tmp_path, {**CLAIM, "entrants": entrants, "search": None, "rule": rule}))["mine"]
    runs = [completed(tmp_path, seed, loss_test=1.0) for seed in (1, 2, 3)]
    larger = [
        Run(tmp_path / f"larger{run.seed}", run.manifest, {**run.config, "train.batch_size": 7}, run.summary)
        for run in runs[:2]
    ]
    (told,) = not_counted(judge(claim, [*runs, *larger], effective_config))
    assert told.startswith("Not counted, with another protocol (")
    assert "train.batch_size=7" in told
    assert told.endswith(": larger1, larger2.")


def test_repeats_that_read_other_files_are_named_and_change_no_verdict(tmp_path: Path) -> None:
    claim = of_one_entrant(tmp_path)
    runs = reading("a", [completed(tmp_path, seed, loss_test=0.5) for seed in (1, 2, 3)])
    repeats = reading("b", [repeated(runs[1]), repeated(completed(tmp_path, 3, loss_test=7.0))])
    verdict = judge(claim, [*runs, *repeats], effective_config)
    assert verdict.decision.word is Word.reproduced
    assert [run.run_id for run in verdict.deciding] == ["run1", "run2", "run3"]
    named = " ".join(not_counted(verdict))
    assert "other files of copy" in named
    assert [f"{run.run_id}." in named for run in (*runs, *repeats)] == [False, False, False, True, True]


def test_a_run_that_read_other_files_than_most_is_missing(tmp_path: Path) -> None:
    claim = of_one_entrant(tmp_path)
    runs = [completed(tmp_path, seed, loss_test=0.5) for seed in (1, 2, 3)]
    verdict = judge(claim, [*reading("a", runs[:2]), *reading("b", runs[2:])], effective_config)
    assert verdict.decision.word is Word.open
    assert verdict.decision.why == "2 of 3 runs that decide are there. 1 more cannot be compared with them."
    assert [request.seed for request in verdict.missing] == [3]
    assert [run.run_id for run, _ in verdict.evidence["rnn"].apart] == ["run3"]


def test_of_two_whole_sets_of_runs_on_different_files_the_later_one_decides(tmp_path: Path) -> None:
    claim = of_one_entrant(tmp_path)
    runs = reading("a", [completed(tmp_path, seed, loss_test=0.5) for seed in (1, 2, 3)])
    later = reading("b", [repeated(completed(tmp_path, seed, loss_test=7.0)) for seed in (1, 2, 3)])
    for order in ([*runs, *later], [*later, *runs]):
        assert judge(claim, order, effective_config).decision.word is Word.refuted


def test_repeats_on_another_processor_are_named_where_times_decide(tmp_path: Path) -> None:
    claim = of_one_entrant(tmp_path, metric="seconds_to_solve")
    runs = [repeated(completed(tmp_path, seed, solved_at=100, ms_per_step=2.0), threads=1) for seed in (1, 2, 3)]
    repeat = repeated(completed(tmp_path, 2, solved_at=100, ms_per_step=9.0), threads=2, started="2026-01-03")
    repeat = Run(repeat.directory.with_name("elsewhere"), repeat.manifest, repeat.config, repeat.summary)
    verdict = judge(claim, [*runs, repeat], effective_config)
    assert verdict.decision.word is Word.reproduced
    assert verdict.scores["rnn"].finite == pytest.approx([0.2] * 3)
    (named,) = not_counted(verdict)
    assert "another processor" in named
    assert "elsewhere" in named
    assert "elsewhere" not in " ".join(not_counted(judge(of_one_entrant(tmp_path), [*runs, repeat], effective_config)))


def test_a_run_that_was_not_timed_took_no_number_of_seconds(tmp_path: Path) -> None:
    assert measured(completed(tmp_path, 1, solved_at=100, ms_per_step=None), "seconds_to_solve") is None


def test_the_page_leads_with_verdicts_and_tells_no_finding_without_runs(command: Call, tmp_path: Path) -> None:
    content = {"claims": {"mine": CLAIM}, "findings": {"mine": "It was the learning rate."}}
    file = tmp_path / "claims.yaml"
    file.write_text(yaml.safe_dump(content))
    (tmp_path / "results").mkdir()
    ended = command("claims", "--claims", str(file), "--whole", "-o", "page.md")
    assert ended.returncode == 0, ended.stderr
    page = (tmp_path / "page.md").read_text()
    assert page.index("1 open") < page.index("[mine](#mine)") < page.index("### mine") < page.index("**Open.**")
    assert "It was the learning rate." not in page  # for no run is there
    assert f"claims mine --claims {file} --run" in page
    assert command("claims", "--claims", str(file), "--whole", "--format=markdown").stdout == page


def test_a_statement_has_no_marks_of_code_which_pages_and_terminals_would_show_as_they_are() -> None:
    assert [claim.id for claim in load_claims().values() if "`" in claim.statement] == []


def test_a_finding_of_no_claim_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "claims.yaml"
    file.write_text(yaml.safe_dump({"claims": {"mine": CLAIM}, "findings": {"mime": "It was the learning rate."}}))
    with pytest.raises(InputError, match="mine"):
        load_claims(file)


@pytest.mark.parametrize("override", ["optimizer.lr=1", "seed=4", "train.steps=9", "trace.gradients=false"])
def test_run_refuses_what_would_change_the_protocol(command: Call, tmp_path: Path, override: str) -> None:
    ended = command("claims", "mine", "--claims", str(written(tmp_path, CLAIM)), "--run", override)
    assert ended.returncode == 2
    assert override in ended.stderr
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("name", load_claims())
def test_every_setting_of_the_package_composes_and_its_keys_exist(name: str) -> None:
    claim = load_claims()[name]
    ends = {*claim.across.values[:1], *claim.across.values[-1:]} if claim.across else {None}
    for entrant in claim.entrants:
        if claim.across and claim.placed[entrant][claim.across.key] not in ends:
            continue
        searched = search_requests(claim, entrant)[:1]
        chosen = {key: searched[0].values[key] for key in claim.search.over} if claim.search else {}
        for request in [*searched, *deciding_requests(claim, entrant, chosen)[:1]]:
            assert set(request.values) <= set(effective_config(request.setting))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"metric": "acuracy"}, ["mine.metric", "acuracy"]),
        ({"rule": {"kind": "ahed", "entrant": "rnn", "of": []}}, ["mine.rule.kind", "ahed", "ahead"]),
        ({"rule": {"kind": "ahead", "entrant": "svdrn", "of": ["rnn"]}}, ["mine.rule", "svdrn", "svdrnn"]),
        ({"seeds": [1, 1, 2]}, ["mine.seeds"]),
        ({"source": {**CLAIM["source"], "values": {"irnn": 1}}}, ["mine.source.values", "irnn"]),
        ({"source": {**CLAIM["source"], "values": {"rnn": [2, 1]}}}, ["mine.source.values.rnn", "smaller one first"]),
        ({"source": {**CLAIM["source"], "value": 1}}, ["mine.source.value=1", "several entrants"]),
        ({**ACROSS, "source": {**CLAIM["source"], "values": {"rnn, 3": 1}}}, ["mine.source.values", "across"]),
        ({"search": {**CLAIM["search"], "over": {"model.leak": [0.1, 0.2]}}}, ["model.leak", "no effect"]),
        ({"seeds": [0, 1, 2]}, ["mine.search.seed", "0"]),
        ({"entrants": {}}, ["mine.entrants"]),
        ({"entrants": {"svdrnn": "model=svdrnn", "rnn": ["model=rnn"]}}, ["mine.entrants"]),
        ({"colour": "blue"}, ["mine.colour"]),
        ({"across": {"task.length": []}}, ["mine.across.task.length"]),
        ({"across": {"task.length": [3, 3]}}, ["mine.across.task.length", "once"]),
        ({"across": {"task.length": [3], "r": [1]}}, ["mine.across", "r"]),
        ({"across": {"task.length": [3, 4]}}, ["mine.rule.kind", "ahead_across"]),
        ({"rule": {"kind": "ahead_across", "entrant": "svdrnn", "of": ["rnn"]}}, ["mine.rule.kind", "ahead_across"]),
        ({**ACROSS, "rule": {"kind": "frontier", "until": {"rnn": "far"}}}, ["mine.rule.until", "far"]),
        ({**ACROSS, "rule": {"kind": "frontier", "until": {"rnn": 3, "irnn": 4}}}, ["mine.metric", "solved_at"]),
        ({**ACROSS, "across": {"task.lenght": [3, 4]}}, ["task.lenght", "task.length"]),
        ({"entrants": {**CLAIM["entrants"], "lstm": ["model=lstm"]}}, ["mine.entrants.lstm"]),
        ({"statement": 3}, ["mine.statement", "3"]),
        ({"base": [*BASE, "train.stepz=3"]}, ["claims.yaml: mine: ", "train.stepz", "train.steps"]),
        ({"base": [*BASE, "seed=3"]}, ["mine: seed=3", "seeds"]),
        ({"seeds": []}, ["mine.seeds", "one seed or more"]),
        ({"rule": {"kind": "ahead", "entrant": "svdrnn", "of": []}}, ["mine.rule: of=[]", "other entrants"]),
        ({"rule": {"kind": "ahead", "entrant": "svdrnn", "of": ["rnn", "rnn"]}}, ["mine.rule: of", "once"]),
        ({"rule": {"kind": "grows", "along": ["rnn"]}}, ["mine.rule: along", "two entrants"]),
        ({"rule": {"kind": "within", "ranges": {"rnn": {"low": None, "high": None}}}}, ["ranges.rnn", "bound"]),
        ({"rule": {"kind": "within", "ranges": {"rnn": {"low": 2, "high": 1}}}}, ["ranges.rnn", "smaller"]),
        ({"rule": {"kind": "not_behind", "entrant": "rnn", "of": "rnn", "tolerance": 0}}, ["mine.rule: of=rnn"]),
        ({"rule": {"kind": "not_behind", "entrant": "svdrnn", "of": "rnn", "tolerance": -1}}, ["tolerance=-1"]),
        ({"search": {**CLAIM["search"], "choose": []}}, ["mine.search.choose=[]"]),
        ({"search": {**CLAIM["search"], "choose": ["best_validaton"]}}, ["mine.search.choose", "best_validation"]),
        ({"rule": {"kind": "within", "ranges": {"rnn": {"low": 1, "high": 2}}, "range": 1}}, ["mine.rule", "range"]),
        ({**ACROSS, "rule": {"kind": "frontier", "until": {"rnn": 3}, "til": 4}}, ["mine.rule", "til", "until"]),
        ({"across": {"seed": [4, 5]}}, ["mine.across.seed", "search.seed"]),
        ({"search": {**CLAIM["search"], "over": {"seed": [4, 5]}}}, ["mine.search.over.seed", "search.seed"]),
        ({"search": {**CLAIM["search"], "over": {"optimizer.lr": [0.1, 0.1]}}}, ["over.optimizer.lr", "once"]),
        ({**ACROSS, "search": {**CLAIM["search"], "over": {"task.length": [3]}}}, ["mine.search.over.task.length"]),
        ({"search": {**CLAIM["search"], "choose": ["test"]}}, ["mine.search.choose=test", "without the test data"]),
        # Of these a searched run has none, or neither more nor less is better.
        ({"search": {**CLAIM["search"], "choose": ["spectral_margin"]}}, ["mine.search.choose=spectral_margin"]),
        ({"search": {**CLAIM["search"], "choose": ["gradient_kept"]}}, ["mine.search.choose=gradient_kept"]),
        ({"metric": "gradient_kept"}, ["mine.metric=gradient_kept", "less or more is better"]),
        ({**ACROSS, "metric": "steps"}, ["mine.metric=steps", "less or more is better"]),
        # One run would count several times.
        ({**ACROSS, "across": {"train.threads": [1, 2]}}, ["mine.across.train.threads", "what is learnt"]),
        ({"search": {**CLAIM["search"], "over": {"device": ["cpu", "auto"]}}}, ["mine.search.over.device"]),
        ({**ACROSS, "across": {"train.evaluate_every": [1, 2]}}, ["mine.across.train.evaluate_every"]),
        ({**ACROSS, "across": {"task.length": [4, "4"]}}, ["mine.across.task.length", "once"]),
        ({"search": {**CLAIM["search"], "choose": ["wall_seconds"]}}, ["mine.search.choose=wall_seconds", "times"]),
    ],
)
def test_a_malformed_claim_is_named(command: Call, tmp_path: Path, change: dict[str, Any], said: list[str]) -> None:
    (tmp_path / "results").mkdir()
    ended = command("claims", "--claims", str(written(tmp_path, {**CLAIM, **change})))
    assert ended.returncode == 2
    assert all(word in ended.stderr for word in said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("claims:\n  mine: [\n", "line 3: "),
        ("claims:\n  mine: 1\n  mine: 2\n", "line 3: the key 'mine' stands twice."),
        ("claims:\n  3: {}\nfindings:\n  3: text\n", ": 3.base has no value"),
        ("claims:\n  mine: {}\nfinding: {}\n", "Unknown key 'finding'. Did you mean 'findings'?"),
    ],
)
def test_where_a_file_of_claims_is_wrong_is_said(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "claims.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=re.escape(said)):
        load_claims(file)


@pytest.mark.parametrize("text", ["a: [", "just words", "claims: []", ""])
def test_a_file_that_holds_no_claims_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "claims.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match="claims"):
        load_claims(file)


def test_a_claim_is_called_by_a_word(tmp_path: Path) -> None:
    file = tmp_path / "claims.yaml"
    file.write_text(yaml.safe_dump({"claims": {"my thing/x": CLAIM}}))
    with pytest.raises(InputError, match="my thing/x"):
        load_claims(file)
    file.write_text(yaml.safe_dump({"claims": {"--run": CLAIM}}))
    with pytest.raises(InputError, match="'--run'"):
        load_claims(file)


def test_unknown_claims_and_files_are_refused(command: Call, tmp_path: Path) -> None:
    ended = command("claims", "copy-10")
    assert ended.returncode == 2
    assert "copy-100" in ended.stderr
    ended = command("claims", "--claims", str(tmp_path / "absent.yaml"))
    assert ended.returncode == 2
    assert "absent.yaml" in ended.stderr


def test_a_run_that_cannot_be_read_is_named_where_it_is_missing(command: Call, tmp_path: Path) -> None:
    rule = {"kind": "within", "ranges": {"rnn": {"low": 0, "high": 100}}}
    one = {**CLAIM, "search": None, "entrants": {"rnn": ["model=rnn"]}, "rule": rule}
    words = ("claims", "mine", "--claims", str(written(tmp_path, one)), "--run", "train.threads=1")
    assert command(*words).returncode == 0
    (summary,) = (tmp_path / "results").rglob("*-seed2-*/summary.json")
    summary.write_text(summary.read_text()[:50])
    ended = command(*words)
    assert ended.returncode == 1
    assert f"{summary.parent.name} is left out: summary.json" in ended.stderr
    assert "once its directory is deleted" in ended.stderr
