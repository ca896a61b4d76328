"""What each rule makes of the numbers of seeds."""

from math import inf

import numpy as np
import pytest

from spectral_bench.claims.load_claims import load_claims
from spectral_bench.claims.rules import (
    Ahead,
    ExpectedRange,
    Grows,
    NotBehind,
    Reaches,
    Rule,
    Within,
    Word,
    chance_of_a_rival_ahead,
)
from spectral_bench.claims.rules_across import AheadAcross, Frontier
from spectral_bench.compare.scores import Scores


def less(*values: float) -> Scores:
    return Scores(dict(enumerate(values)), higher_is_better=False)


def more(*values: float) -> Scores:
    return Scores(dict(enumerate(values)), higher_is_better=True)


@pytest.mark.parametrize(
    ("ours", "word"),
    [
        (more(0.976, 0.977, 0.979), Word.reproduced),
        (more(0.983, 0.984, 0.985), Word.beaten),
        (more(0.95, 0.951, 0.952), Word.refuted),
        (more(0.99, 0.99, -inf), Word.refuted),
        (less(0.95, 0.951, 0.952), Word.beaten),
    ],
)
def test_a_published_value_is_reached_when_the_interval_contains_it(ours: Scores, word: Word) -> None:
    assert Reaches("a", 0.977).decide({"a": ours}).word is word


@pytest.mark.parametrize(
    ("ours", "theirs", "word"),
    [
        (less(100, 200, 300), less(400, 500, 600), Word.reproduced),
        (less(100, 200, 300), less(inf, inf, inf), Word.reproduced),
        (less(100, 200, 450), less(400, 500, inf), Word.open),
        (less(400, 500, 600), less(100, 200, 400), Word.refuted),
        (less(inf, inf, inf), less(inf, inf, inf), Word.open),
        (more(3, 4, 5), more(0, 1, -inf), Word.reproduced),
        (more(0, 0, -inf), more(1, 1, 1), Word.refuted),
        (more(0.9505000055, 0.96, 0.97), more(0.9504999965, 0.94, 0.93), Word.open),
        (more(0.9504999965, 0.94, 0.93), more(0.9505000055, 0.96, 0.97), Word.refuted),
    ],
)
def test_ahead_means_every_seed_before_every_other(ours: Scores, theirs: Scores, word: Word) -> None:
    behind = less(1e9, 1e9, 1e9) if not ours.higher_is_better else more(-1e9, -1e9, -1e9)
    assert Ahead("a", ["b"]).decide({"a": ours, "b": theirs}).word is word
    if word is Word.reproduced:
        assert Ahead("a", ["b", "c"]).decide({"a": ours, "b": theirs, "c": behind}).word is word


def test_ahead_of_all_is_refuted_by_one_that_is_not_beaten() -> None:
    scores = {"a": less(5, 5, 5), "b": less(9, 9, 9), "c": less(1, 1, 1)}
    decision = Ahead("a", ["b", "c"]).decide(scores)
    assert decision.word is Word.refuted
    assert "c" in decision.why
    assert "b." not in decision.why


@pytest.mark.parametrize("rivals", [1, 2, 4, 24])
def test_the_chance_of_being_behind_some_rival_by_luck_is_that_of_shuffled_seeds(rivals: int) -> None:
    seeds = np.random.default_rng(0).random((20_000, 1 + rivals, 3))
    behind = (seeds[:, 1:].min(axis=2) > seeds[:, :1].max(axis=2)).any(axis=1).mean()
    assert chance_of_a_rival_ahead(rivals) == pytest.approx(behind, abs=0.01)


def test_who_is_ahead_is_told_from_who_has_no_value_either() -> None:
    scores = {"a": less(inf, inf, inf), "fast": less(1, 2, 3), "stuck": less(inf, inf, inf)}
    decision = Ahead("a", ["fast", "stuck"]).decide(scores)
    assert decision.word is Word.refuted
    better, level = decision.why.split(". ")
    assert "fast" in better
    assert "stuck" not in better
    assert "stuck" in level


def test_an_entrant_that_never_has_a_value_is_behind() -> None:
    assert NotBehind("a", "b", 0.02).decide({"a": more(-inf, -inf), "b": more(0.9, 0.9)}).word is Word.refuted


@pytest.mark.parametrize(
    ("ours", "word"),
    [
        (less(100, 100.5, 101), Word.reproduced),
        (less(80, 81, 82), Word.beaten),
        (less(120, 121, 122), Word.refuted),
        (less(90, 102, 114), Word.open),
        (less(100, 100, inf), Word.open),
    ],
)
def test_not_behind_allows_a_share_of_the_other_mean(ours: Scores, word: Word) -> None:
    assert NotBehind("a", "b", 0.02).decide({"a": ours, "b": less(100, 100.5, 101)}).word is word


@pytest.mark.parametrize(
    ("rnn", "word"), [((0.6, 0.7, 0.8), Word.reproduced), ((0.4, 0.7, 0.8), Word.open), ((0.1, 0.2, 0.3), Word.refuted)]
)
def test_within_counts_the_seeds_that_are_where_they_are_expected(rnn: tuple[float, ...], word: Word) -> None:
    rule = Within({"a": ExpectedRange(None, 0.25), "rnn": ExpectedRange(0.5, None)})
    assert rule.decide({"a": less(0.1, 0.2, 0.25), "rnn": less(*rnn)}).word is word


@pytest.mark.parametrize(
    ("last", "word"),
    [
        ((9, 9, 10), Word.reproduced),
        ((3, 9, 10), Word.open),
        ((0, 0, 0.5), Word.refuted),
        ((inf, inf, inf), Word.reproduced),
        ((3.0000000001, 9, 10), Word.open),
    ],
)
def test_growth_needs_every_step_and_separated_ends(last: tuple[float, ...], word: Word) -> None:
    scores = {"a": less(1, 2, 3), "b": less(3, 4, 5), "c": less(*last)}
    assert Grows(["a", "b", "c"]).decide(scores).word is word


def test_growth_is_open_when_the_middle_falls() -> None:
    scores = {"a": less(1, 1, 1), "b": less(0, 0, 0), "c": less(2, 2, 2)}
    decision = Grows(["a", "b", "c"]).decide(scores)
    assert decision.word is Word.open
    assert "a to b" in decision.why


@pytest.mark.parametrize("rule", [claim.rule for claim in load_claims().values()], ids=list(load_claims()))
def test_every_rule_of_the_package_says_what_it_does(rule: Rule) -> None:
    assert all(entrant.partition(", ")[0] in rule.words for entrant in rule.entrants)


SETS = [f"set{number}" for number in range(8)]


def over_sets(ours: float, theirs: float, *, worse: int = 0, diverged: int = 0) -> dict[str, Scores]:
    """Accuracies on eight sets, ours first; on some of them ours is worse, or diverged."""
    scores = {}
    for number, name in enumerate(SETS):
        first = theirs - 0.01 if number < worse else ours
        scores[f"a, {name}"] = more(first, first, -inf if number < diverged else first)
        scores[f"b, {name}"] = more(theirs, theirs, theirs)
    return scores


@pytest.mark.parametrize(
    ("scores", "word"),
    [
        (over_sets(0.8, 0.7), Word.reproduced),
        (over_sets(0.7, 0.8), Word.refuted),
        (over_sets(0.71, 0.7, worse=4), Word.open),
        (over_sets(0.7, 0.7), Word.open),
        (over_sets(0.8, 0.7, diverged=8), Word.refuted),
    ],
)
def test_ahead_across_settings_means_ahead_in_the_mean_by_more_than_chance(
    scores: dict[str, Scores], word: Word
) -> None:
    assert AheadAcross("a", ["b"], SETS).decide(scores).word is word


@pytest.mark.parametrize(("others", "needed"), [(["b"], 6), (["b", "c"], 7), (["b", "c", "d"], 7)])
def test_ahead_across_is_open_below_the_settings_at_which_its_p_can_be_small_enough(
    others: list[str], needed: int
) -> None:
    def decided(settings: int, ours: float) -> Word:
        names = [str(number) for number in range(settings)]
        scores = {f"{one}, {name}": more(*[ours if one == "a" else 0.5] * 3) for one in "abcd" for name in names}
        rule = AheadAcross("a", others, names)
        assert (f"Fewer than {needed} settings" in rule.words) == (settings < needed)
        assert (f"Fewer than {needed} settings" in rule.decide(scores).why) == (settings < needed)
        return rule.decide(scores).word

    assert [decided(needed, ours) for ours in (0.9, 0.1)] == [Word.reproduced, Word.refuted]
    assert [decided(needed - 1, ours) for ours in (0.9, 0.1)] == [Word.open, Word.open]


def test_an_entrant_is_summed_up_over_the_settings_of_seeds_that_ran_in_all() -> None:
    scores = over_sets(0.8, 0.7)
    scores["b, set7"] = Scores({0: 0.1}, higher_is_better=True)
    overall = AheadAcross("a", ["b"], SETS).overall(scores)
    assert overall["a"].by_seed == pytest.approx({0: 0.8, 1: 0.8, 2: 0.8})
    assert overall["b"].by_seed == pytest.approx({0: 0.625})


@pytest.mark.parametrize(
    ("solved_to", "word"),
    [((100, 10), Word.reproduced), ((100, 100), Word.refuted), ((100, 20), Word.open)],
)
def test_a_frontier_counts_the_runs_on_their_side(solved_to: tuple[int, int], word: Word) -> None:
    rule = Frontier({"a": 1000, "b": 10}, [10, 20, 50, 100])
    scores = {
        f"{name}, {length}": less(*([7.0] * 3 if length <= last else [inf] * 3))
        for name, last in zip("ab", solved_to, strict=True)
        for length in (10, 20, 50, 100)
    }
    assert rule.decide(scores).word is word
    assert [list(one.by_seed.values()) for one in rule.overall(scores).values()] == [[last] * 3 for last in solved_to]
