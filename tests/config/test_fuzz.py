"""Whatever is typed, the answer is a configuration or an InputError of a few lines."""

from collections.abc import Callable

from fuzzing import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_bench.config.grid_points import expand_grid
from spectral_bench.config.load import load
from spectral_bench.errors import InputError
from spectral_bench.runs.kinds import KINDS

KEYS = st.sampled_from(
    [
        "model",
        "task",
        "experiment",
        "recipe",
        "r",
        "seed",
        "train.steps",
        "train",
        "model.m1",
        "task.length",
        "hydra.x",
        "",
    ]
)
VALUES = st.one_of(
    st.text(max_size=20),
    st.text("[]{}(),:=$.'\"\\~+*@ \n\0e1x", max_size=20),
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(
        ["null", "true", "svdrnn", "${r}", "${model}", "${oc.env:HOME}", "range(1,3)", "[[[1]]]", "{a: {b: 1}}", "???"]
    ),
)
OVERRIDES = st.one_of(
    st.text(max_size=20),
    st.tuples(st.sampled_from(["", "", "", "+", "++", "~"]), KEYS, VALUES).map(
        lambda parts: f"{parts[0]}{parts[1]}={parts[2]}"
    ),
)


@settings(max_examples=examples(150))
@given(st.lists(OVERRIDES, max_size=3))
def test_any_overrides_are_understood_or_refused_in_a_few_lines(overrides: list[str]) -> None:
    assert len(refusal(lambda: load(overrides, KINDS))) < 1000
    assert len(refusal(lambda: expand_grid(overrides))) < 1000


def refusal(action: Callable[[], object]) -> str:
    """The message of the InputError an action raises; empty if it does not."""
    try:
        action()
    except InputError as error:
        return str(error)
    return ""
