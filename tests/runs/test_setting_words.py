"""Settings in words, as legends and tables have them."""

import pytest

from spectral_bench.runs.setting_words import settings_in_words


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("svdrnn train.steps=null", "svdrnn steps=null"),
        ("svdrnn epochs=null patience=null", "svdrnn epochs=null, patience=null"),
        ("trace.every=null", "every=null"),
        ("evaluate_every=null", "evaluate_every=null"),
        ("clip_norm=null", "no clipping"),
        ("model.r=null", "r = free"),
    ],
)
def test_a_setting_without_a_value_is_not_said_to_be_none_of_its_key(typed: str, words: str) -> None:
    assert settings_in_words(typed) == words
    assert settings_in_words(words) == words  # what is in words already stays
