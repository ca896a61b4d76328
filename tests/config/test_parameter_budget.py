"""``model.parameters``: as many parameters as a budget allows, for every model."""

from pathlib import Path

import pytest

from spectral_bench.config.budget import fit_hidden_size
from spectral_bench.config.catalog import options
from spectral_bench.config.compose import compose
from spectral_bench.config.engine import Engine
from spectral_bench.config.load import digest, load
from spectral_bench.errors import InputError
from spectral_bench.runs.kinds import KINDS
from spectral_bench.runs.model_size import count_parameters

FEED_FORWARD = ("mlp", "resnet", "svdmlp", "svdresnet")


def task_of(model: str) -> list[str]:
    of_kind = ["task=addition", "model.depth=4"] if model in FEED_FORWARD else ["task=copy"]
    return [*of_kind, "task.length=10", f"model={model}"]


@pytest.mark.parametrize("model", options("model"))
def test_the_hidden_size_is_the_largest_that_the_budget_pays_for(model: str) -> None:
    budget = 25_000
    found = load([*task_of(model), f"model.parameters={budget}"], KINDS)
    (sized,) = found.notes
    size = found.experiment.model.hidden_size
    assert sized.startswith(f"model.parameters={budget}: model.hidden_size={size}, which makes ")
    assert count_parameters(found.experiment) <= budget
    assert f"{count_parameters(found.experiment):,}" in sized
    larger = load([*task_of(model), f"model.hidden_size={size + 1}"], KINDS)
    assert count_parameters(larger.experiment) > budget


def test_a_published_count_leads_to_the_published_size() -> None:
    words = ["task=addition", "model=cayley"]
    exact = count_parameters(load([*words, "model.hidden_size=170"], KINDS).experiment)
    for budget, size in ((exact, 170), (exact + 100, 170), (exact - 1, 169)):
        assert load([*words, f"model.parameters={budget}"], KINDS).experiment.model.hidden_size == size


def test_what_depends_on_the_hidden_size_follows_it() -> None:
    words = ["experiment=scornn_copy", "model=ornn", "model.parameters=5000"]  # its recipe: as many reflectors as units
    model = load(words, KINDS).experiment.model
    assert 20 < model.m == model.hidden_size < 190


def test_the_run_is_that_of_the_size_typed_out() -> None:
    solved = load(["task=copy", "model=rnn", "model.parameters=6000"], KINDS)
    size = solved.experiment.model.hidden_size
    typed = load(["task=copy", "model=rnn", f"model.hidden_size={size}"], KINDS)
    assert solved.experiment == typed.experiment
    assert digest(solved.experiment) == digest(typed.experiment)
    assert solved.composition.origins["model.hidden_size"] == "model.parameters=6000"
    assert typed.notes == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["model=rnn", "model.parameters=0"], "model.parameters=0: expected a whole number of at least 1"),
        (["model=rnn", "model.parameters=6e3"], "model.parameters=6000.0: expected a whole number"),
        (["model=rnn", "model.parameters=many"], "model.parameters=many: expected a whole number"),
        (["model=rnn", "model.parameters=3"], r"model.parameters=3: too few; with model.hidden_size=1 there are \d"),
        (["model=svdrnn", "model.parameters=100"], r"model.parameters=100: too few; with model.hidden_size=64 there"),
        (["model=svdmlp", "model.parameters=6000"], "no hidden size will do. .*wants a prediction at every step"),
        (["model=rnn", "model.parameters=6000", "model.hidden_size=32"], "model.hidden_size=32: .*leave one of them"),
    ],
)
def test_a_budget_that_cannot_be_kept_is_refused(words: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(["task=copy", *words], KINDS)


def test_a_model_without_a_hidden_size_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "wide.yaml").write_text("# of a plugin\nname: wide\nlayer: dense\nwidth: 3\n")
    with pytest.raises(InputError, match=r"model\.parameters=6000: model 'wide' has no key hidden_size"):
        load(["model=wide", "model.parameters=6000"], KINDS, tmp_path)


def test_a_composition_knows_nothing_of_an_earlier_one_by_the_same_engine() -> None:
    engine = Engine(None)
    compose(["task=ptb", "model=svdrnn", "optimizer=rmsprop"], engine=engine)
    after = compose(["task=copy", "model=gru", "optimizer=sgd"], engine=engine)
    assert after.config == compose(["task=copy", "model=gru", "optimizer=sgd"]).config
    assert after.config["train"]["clip_norm"] is None  # not that of ptb


def test_sizes_that_are_impossible_are_passed_over() -> None:
    def only_even(size: int) -> int:
        if size % 2:
            raise InputError("odd")
        return size * size

    assert fit_hidden_size(130, only_even).hidden_size == 10
    with pytest.raises(InputError, match=r"too many; with model\.hidden_size=65536 there are 7"):
        fit_hidden_size(10, lambda size: 7)
