"""Which runs ``--where`` keeps."""

from typing import Any

import pytest

from spectral_bench.records.selection import parse_condition


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ("model=rnn", ["rnn"]),
        ("model=rnn,lstm", ["rnn", "lstm"]),
        ("model=RNN, gru", ["rnn"]),
        ("model!=rnn,lstm", ["svdrnn"]),
        ("model!=rnn", ["lstm", "svdrnn"]),
    ],
)
def test_several_words_stand_for_any_of_them(condition: str, kept: list[str]) -> None:
    parsed = parse_condition(condition)
    assert [model for model in ("rnn", "lstm", "svdrnn") if parsed.holds(model)] == kept


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ("r=0.1,free", [0.1, None]),
        ("r=0.1,0.2", [0.1, 0.2]),
        ("r!=0.1", [0.2]),
        ("r!=free,0.1", [0.2]),
        ("r!=null", [0.1, 0.2]),
        ("r=null", [None]),
        ("r<0.15", [0.1]),
    ],
)
def test_nothing_is_equal_to_null_alone(condition: str, kept: list[Any]) -> None:
    parsed = parse_condition(condition)
    assert [r for r in (0.1, 0.2, None) if parsed.holds(r)] == kept


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ("tag=paper,old", [("paper", "new"), ("old",)]),
        ("tag!=old,new", [(), ("a,b",)]),
        ("tag=a,b", [("a,b",)]),
    ],
)
def test_of_several_values_one_must_be_equal_and_a_comma_may_be_their_own(
    condition: str, kept: list[tuple[str, ...]]
) -> None:
    parsed = parse_condition(condition)
    every: list[tuple[str, ...]] = [("paper", "new"), ("old",), (), ("a,b",)]
    assert [tags for tags in every if parsed.holds(tags)] == kept
