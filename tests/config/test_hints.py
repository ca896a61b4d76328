"""The valid word that is suggested in place of a mistyped one."""

import pytest

from spectral_bench.config.hints import nearest, nearest_key, unknown, unknown_key

KEYS = [
    "device", "mode", "model", "model.activation", "model.hidden_size", "model.layer", "model.name", "model.num_layers",
    "optimizer", "optimizer.lr", "optimizer.name", "r", "recipe", "results_dir", "seed", "solved_at", "task",
    "task.length", "task.name", "test", "train.batch_size", "train.clip_norm", "train.epochs", "train.steps",
]  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("modle", "model"),
        ("taks", "task"),
        ("tset", "test"),
        ("seeds", "seed"),
        ("solved", "solved_at"),
        ("lr", "optimizer.lr"),
        ("train.lr", "optimizer.lr"),
        ("optimzer.lr", "optimizer.lr"),
        ("train.step", "train.steps"),
        ("lerning_rate", "optimizer.lr"),
        ("optimizer.learning_rate", "optimizer.lr"),
        ("lenght", "task.length"),
        ("model.lenght", "task.length"),
        ("tsk.name", "task.name"),
        ("modle.hiden_size", "model.hidden_size"),
        ("clip", "train.clip_norm"),
        ("layers", "model.num_layers"),
        ("radius", "r"),
        ("zzz", None),
        ("model.zzz", None),
    ],
)
def test_the_key_that_was_meant_is_suggested(typed: str, meant: str | None) -> None:
    assert nearest_key(typed, KEYS) == meant
    assert ("Did you mean" in unknown_key(typed, KEYS)) == (meant is not None)


@pytest.mark.parametrize(
    ("typed", "valid", "meant"),
    [
        ("modle", ["mode", "model"], "model"),
        ("RNN", ["rnn", "irnn"], "rnn"),
        ("svdrn", ["rnn", "svdrnn"], "svdrnn"),
        ("best", ["best_step", "test"], "best_step"),
        ("qqq", ["rnn"], None),
    ],
)
def test_a_swap_of_letters_is_a_smaller_slip_than_a_wrong_one(typed: str, valid: list[str], meant: str | None) -> None:
    assert nearest(typed, valid) == meant


def test_of_many_valid_words_the_nearest_are_named() -> None:
    words = [f"word{number}" for number in range(20)] + ["something", "else"]
    said = unknown("kind", "word2x", words)
    assert "Unknown kind 'word2x'. Did you mean 'word2'? The nearest of 22: word2, " in said
    assert said.count("word") == 2 + 5
    assert unknown("kind", "zzz", words) == "Unknown kind 'zzz'. None of 22 is near."
    assert unknown("kind", "zzz", words, {"zzzz": "else"}) == "Unknown kind 'zzz'. Did you mean 'else'?"
    roots = [f"{letter * 9}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    assert unknown_key("learning_rate", [*roots, "optimizer.lr"]) == (
        "Unknown key 'learning_rate'. Did you mean 'optimizer.lr'?"
    )
    assert unknown("kind", "x", words[:2]) == "Unknown kind 'x'. Valid: word0, word1."
