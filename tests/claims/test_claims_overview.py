"""The table of all claims, where a claim has many entrants."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from spectral_bench.claims.load_claims import load_claims
from spectral_bench.claims.verdict import Verdict, judge
from spectral_bench.compare.scores import Scores
from spectral_bench.report.claim_words import ours, overall_measure
from spectral_bench.runs.effective_config import EffectiveConfigs


def judged(folder: Path, values: dict[str, float | None], rule: dict[str, Any] | None = None) -> Verdict:
    """A claim about these entrants, which came to these values, or have no runs; the first is to be ahead."""
    claim = {
        "statement": "The first is ahead.",
        "source": {"paper": "nobody", "place": "nowhere", "value": None, "certainty": "ours"},
        "base": ["task=copy"],
        "entrants": {name: ["model=rnn", f"train.batch_size={size}"] for size, name in enumerate(values, 1)},
        "search": None,
        "seeds": [1, 2, 3],
        "metric": "loss_test",
        "rule": rule or {"kind": "ahead", "entrant": next(iter(values)), "of": list(values)[1:]},
    }
    file = folder / "claims.yaml"
    file.write_text(yaml.safe_dump({"claims": {"mine": claim}}, sort_keys=False))
    seeds = {name: {} if value is None else dict.fromkeys((1, 2, 3), value) for name, value in values.items()}
    scores = {name: Scores(by_seed, higher_is_better=False) for name, by_seed in seeds.items()}
    return replace(judge(load_claims(file)["mine"], [], EffectiveConfigs()), scores=scores)


def test_of_few_entrants_the_table_shows_each(tmp_path: Path) -> None:
    shown = ours(judged(tmp_path, {"a": 0.3, "b": 0.2}))
    assert shown.split("; ")[0].startswith("a: 0.3")
    assert shown.split("; ")[1].startswith("b: 0.2")


@pytest.mark.parametrize("others", [7, 25])
def test_of_many_entrants_the_table_shows_the_one_that_is_to_be_ahead_and_the_range_of_the_others(
    tmp_path: Path, others: int
) -> None:
    values = {"ours": 0.5} | {f"other{i}": i / 100 for i in range(others, 0, -1)}
    first, rest = ours(judged(tmp_path, values)).split("; ")
    assert first.startswith("ours: 0.5")
    assert rest.startswith(f"of {others} others, other1: 0.01")
    assert f"to other{others}: {others / 100}" in rest
    assert "other2:" not in rest


def test_entrants_that_are_as_bad_as_the_worst_are_counted(tmp_path: Path) -> None:
    values = {"ours": 0.5} | {f"other{i}": min(i, 5) / 100 for i in range(1, 9)}
    assert ours(judged(tmp_path, values)).split(" to ")[1].endswith("(4)")


def test_the_one_that_is_to_be_ahead_is_named_before_it_has_runs(tmp_path: Path) -> None:
    values = {"ours": None} | {f"other{i}": i / 100 for i in range(1, 9)}
    assert ours(judged(tmp_path, values)).startswith("ours: -; of 8 others, other1: 0.01")


def test_where_nobody_is_to_be_ahead_many_entrants_are_a_range(tmp_path: Path) -> None:
    values = {f"net{i}": i / 100 for i in range(1, 9)}
    rule = {"kind": "within", "ranges": {name: {"low": 0.0, "high": 1.0} for name in values}}
    assert ours(judged(tmp_path, values, rule)).startswith("8 entrants, net1: 0.01")


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ("copy-100", "solved at"),
        ("copy-phases", "last length, by solved at"),
        ("ucr-22", "test at best, mean over dataset"),
    ],
)
def test_of_a_claim_across_settings_it_is_said_what_one_number_stands_for_all(claim: str, words: str) -> None:
    assert overall_measure(load_claims()[claim]) == words
