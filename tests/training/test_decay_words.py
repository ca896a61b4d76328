"""What is said of decay, in tables and pictures alike."""

import math

import pytest

from spectral_bench.diagnostics.decay_words import decay_in_words, steadiness, verdict_in_words
from spectral_bench.diagnostics.gradient_decay import verdict_on


@pytest.mark.parametrize(
    ("rate", "between_ends", "words"),
    [
        (-0.058, -0.103, "no steady rate"),  # ×5 by the rate, ×18 arrives
        (0.022, 0.030, "no steady rate"),  # 1/9 by the rate, 1/20 arrives
        (0.22, 0.225, "halves every 3.2 steps"),  # ten orders of magnitude, and a factor of 1.6
        (0.004, 0.006, "halves every 173 steps"),
    ],
)
def test_a_rate_that_does_not_lead_to_what_arrives_is_not_told(rate: float, between_ends: float, words: str) -> None:
    verdict = verdict_on(math.exp(-100 * between_ends))
    assert decay_in_words(rate, steadiness(rate, between_ends, None, 100, {verdict})) == words


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        ({"fading": 2, "vanishing": 1}, "vanishing in 1 of 3"),
        ({"level": 3}, "level"),
        ({"level": 2, "unknown": 1}, "level in 2 of 3, not judged in 1"),
        ({"unknown": 2}, ""),
        ({"growing": 1, "level": 1, "vanishing": 1, "fading": 2}, "vanishing in 1 of 5, growing in 1 of 5"),
        ({"fading": 2, "exploding": 1}, "exploding in 1 of 3, fading in 2 of 3"),
    ],
)
def test_where_seeds_differ_the_worst_verdict_is_told(verdicts: dict[str, int], words: str) -> None:
    assert verdict_in_words(verdicts) == words
