"""Every model of ``conf/model`` is built from its yaml file as it stands."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from spectral_bench.config.load import load
from spectral_bench.config.typed import typed
from spectral_bench.errors import InputError
from spectral_bench.nn import MODELS, Layer, Signature, build_model
from spectral_bench.nn.init import init_matrix
from spectral_bench.nn.sequence_model import SequenceModel
from spectral_bench.nn.stack import RecurrentStack
from spectral_bench.runs.kinds import KINDS

CONF = Path(__file__).parents[2] / "conf" / "model"
NAMES = sorted(path.stem for path in CONF.glob("*.yaml"))
FEED_FORWARD = ("mlp", "resnet", "svdmlp", "svdresnet")
RECURRENT = [name for name in NAMES if name not in FEED_FORWARD]


def node(model: str) -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load((CONF / f"{model}.yaml").read_text(encoding="utf-8"))
    return values | ({"r": 0.01} if "r" in values else {})


def config(model: str, **changes: Any) -> Any:
    values = node(model)
    return typed(values | changes, MODELS[values["layer"]].Config, "model")


def with_a_trained_start(model: str) -> dict[str, bool]:
    return {"learn_h0": True} if "learn_h0" in node(model) else {}


def build(model: str, **changes: Any) -> Any:
    return build_model(config(model, **changes), Signature(2, 3, length=7, every_step=False))


def test_every_file_is_one_of_a_model_of_its_name() -> None:
    assert [config(model).name for model in NAMES] == NAMES


def test_models_with_bounded_singular_values_read_the_radius() -> None:
    bounded = {model for model in NAMES if hasattr(config(model), "r")}
    assert bounded == {"svdrnn", "svdmlp", "svdresnet", "factorized", "rnn", "irnn"}


@pytest.mark.parametrize(
    ("map_name", "uses"), [("sigmoid", True), ("clip", True), ("sin", True), ("free", False), ("fixed", False)]
)
def test_a_map_without_a_radius_does_not_use_it(map_name: str, uses: bool) -> None:
    assert ("r" in config("svdrnn", map=map_name).ineffective()) == (not uses)


@pytest.mark.parametrize("map_name", ["sigmoid", "tanh", "clip", "free", "fixed"])
def test_an_option_of_one_map_is_idle_for_the_others_and_refuses_none(map_name: str) -> None:
    chosen = config("svdrnn", map=map_name, rescale_sigma_lr=True, penalty=0.1)
    assert ("rescale_sigma_lr" in chosen.ineffective()) == (map_name not in ("sigmoid", "tanh"))
    assert ("penalty" in chosen.ineffective()) == (map_name != "free")
    torch.manual_seed(0)
    both = build("svdrnn", map=map_name, rescale_sigma_lr=True, penalty=0.1)
    torch.manual_seed(0)
    rescaled = {"rescale_sigma_lr": True}
    used = {"sigmoid": rescaled, "tanh": rescaled, "free": {"penalty": 0.1}}.get(map_name, {})
    alone = build("svdrnn", map=map_name, **used)
    assert [group["lr"] for group in both.parameter_groups(1e-2)] == [g["lr"] for g in alone.parameter_groups(1e-2)]
    for a, b in zip(both.parameters(), alone.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)


@pytest.mark.parametrize("name", ["", "../escaped", "a/b", ".hidden", "a b", "-m"])
def test_a_name_that_is_no_folder_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"model\.name="):
        config("rnn", name=name)


@pytest.mark.parametrize("model", RECURRENT)
@pytest.mark.parametrize("every_step", [True, False])
@pytest.mark.parametrize("num_layers", [1, 2])
def test_outputs_and_states_have_their_shapes(model: str, every_step: bool, num_layers: int) -> None:
    built = build_model(
        config(model, num_layers=num_layers, hidden_size=36, **with_a_trained_start(model)),
        Signature(2, 3, length=7, every_step=every_step),
    )
    outputs, state = built(torch.randn(7, 5, 2))
    assert outputs.shape == ((7, 5, 3) if every_step else (5, 3))
    assert len(state) == num_layers
    assert all(part.shape == (5, 36) for layer in state for part in layer)
    assert all(values.shape == (36,) for values in built.singular_values().values())
    assert (built.num_layers, built.hidden_size) == (num_layers, 36)


@pytest.mark.parametrize("model", RECURRENT)
def test_every_parameter_gets_a_gradient_and_an_update_changes_the_recurrent_matrix(model: str) -> None:
    torch.manual_seed(0)
    built = build(model, hidden_size=36, num_layers=1, **with_a_trained_start(model))
    (layer,) = built.stack.layers
    before = {name: matrix.clone() for name, matrix in layer.recurrent_matrices().items()}
    optimizer = torch.optim.Adam(built.parameter_groups(1e-2))
    for _ in range(2):  # IRNN's input weights are small: in the first update hardly anything reaches the states
        optimizer.zero_grad()
        built(torch.randn(7, 5, 2))[0].square().sum().backward()
        optimizer.step()
        built.constrain_()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in built.parameters())
    for name, matrix in layer.recurrent_matrices().items():
        assert (matrix - before[name]).abs().max() > 1e-4


class LayerWithDetachedStates(Layer):
    """Its states take no gradient; its final state does."""

    hidden_size = 4

    def forward(self, x: torch.Tensor, *_: Any) -> tuple[torch.Tensor, tuple[torch.Tensor]]:
        return x.detach(), (x[-1],)


def test_the_gradient_of_a_readout_of_the_last_step_does_not_pass_through_the_states() -> None:
    built = SequenceModel(RecurrentStack([LayerWithDetachedStates()]), 3, every_step=False)
    x = torch.randn(7, 5, 4, requires_grad=True)
    built(x)[0].sum().backward()
    assert x.grad is not None
    assert x.grad[-1].any()


@pytest.mark.parametrize("model", RECURRENT)
def test_a_sequence_in_two_parts_with_the_state_carried_over_is_the_sequence(model: str) -> None:
    built = build(model, hidden_size=36, num_layers=2).eval()
    x = torch.randn(8, 5, 2)
    _, state = built(x[:3])
    torch.testing.assert_close(built(x[3:], state)[0], built(x)[0])


@pytest.mark.parametrize(
    ("model", "n_o", "n_i", "n"),
    [("rnn", 10, 1, 128), ("irnn", 3, 2, 7), ("svdrnn", 10, 1, 128), ("svdrnn", 9, 10, 40)],
)
def test_parameter_counts_are_the_formulas_of_the_paper(model: str, n_o: int, n_i: int, n: int) -> None:
    """Zhang, Lei and Dhillon (2018) do not count the bias of the output."""
    settings = config(model, hidden_size=n)
    built = build_model(settings, Signature(n_i, n_o, length=7, every_step=False))
    if model == "svdrnn":
        m1, m2 = settings.m1, settings.m2
        expected = (n_o + n_i + m1 + m2 + 2) * n - (m1**2 + m2**2 - m1 - m2) // 2
    else:
        expected = (n_o + n_i + n + 1) * n
    assert built.num_parameters() == expected + n_o


def test_with_all_reflectors_the_formula_is_the_short_one() -> None:
    built = build("svdrnn", hidden_size=20, m1=20, m2=20)
    assert built.num_parameters() == (3 + 2 + 20 + 3) * 20 + 3


@pytest.mark.parametrize(
    ("model", "start"),
    [
        *(
            (model, start)
            for model in ("svdrnn", "ornn", "rnn")
            for start in ("identity", "orthogonal", "henaff", "cayley")
        ),
        ("svdrnn", "glorot"),
        ("rnn", "glorot"),
    ],
)
def test_a_configuration_names_the_matrix_to_start_from(model: str, start: str) -> None:
    reflectors = {"svdrnn": {"m1": 9, "m2": 9}, "ornn": {"m": 9}, "rnn": {}}[model]
    radius = {"r": 3.0} if model == "svdrnn" else {}
    settings = config(model, hidden_size=9, start=start, **reflectors, **radius)
    torch.manual_seed(1)
    expected = init_matrix(start, 9)
    torch.manual_seed(1)
    built = build_model(settings, Signature(2, 3, length=7, every_step=False))
    (found,) = built.stack.layers[0].recurrent_matrices().values()
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


def test_tokens_pass_through_an_embedding() -> None:
    built = build_model(config("gru"), Signature(50, 50, length=7, every_step=True, embedding_size=6))
    outputs, _ = built(torch.randint(50, (7, 5)))
    assert outputs.shape == (7, 5, 50)
    with pytest.raises(ValueError, match=r"tokens, got shape \(7, 5, 6\)"):
        built(torch.randn(7, 5, 6))


def test_a_rescaled_sigma_has_its_own_parameter_group() -> None:
    built = build("svdrnn", rescale_sigma_lr=True)
    groups = built.parameter_groups(0.1)
    assert [group["lr"] for group in groups] == pytest.approx([0.1, 0.1 / 0.02])
    (raw,) = groups[1]["params"]
    assert raw is built.stack.layers[0].transition.matrix.raw
    assert sum(len(group["params"]) for group in groups) == len(list(built.parameters()))
    assert len(build("svdrnn").parameter_groups(0.1)) == 1


def test_only_a_free_sigma_with_a_penalty_adds_to_the_loss() -> None:
    assert build("svdrnn").penalty() is None
    built = build("svdrnn", map="free", penalty=0.5, num_layers=2)
    with torch.no_grad():
        built.stack.layers[1].transition.matrix.raw[:3] = 2.0
    penalty = built.penalty()
    assert penalty.item() == pytest.approx(0.5 * 3 * 4.0)
    penalty.backward()
    assert built.stack.layers[1].transition.matrix.raw.grad.any()


@pytest.mark.parametrize(
    ("model", "changes", "message"),
    [
        ("rnn", {"hidden_size": 0}, "model.hidden_size=0: expected at least 1"),
        ("gru", {"num_layers": -1}, "model.num_layers=-1: expected at least 1"),
        ("lstm", {"dropout": 1.0}, "model.dropout=1.0"),
        ("rnn", {"leak": 1.5}, "model.leak=1.5: expected 0 to 1"),
        ("rnn", {"input_scale": -1.0}, "model.input_scale=-1.0"),
        ("svdrnn", {"m1": 129}, "model.m1=129: expected 0 to model.hidden_size=128"),
        ("svdrnn", {"m2": -1}, "model.m2=-1: expected 0 to"),
        (
            "svdrnn",
            {"hidden_size": 8},
            "model.m1=16, model.m2=16: expected 0 to model.hidden_size=8 reflectors; a smaller hidden size needs these",
        ),
        ("ornn", {"m": 200}, "model.m=200"),
        ("svdrnn", {"start": "orthogonal"}, r"model=svdrnn: m1 \+ m2 = 32 reflectors are too few"),
        ("svdrnn", {"start": "glorot", "m1": 128, "m2": 128}, r"singular value .* lies outside \[0.99, 1.01\]"),
        ("svdrnn", {"map": "free", "penalty": -1.0}, "penalty"),
        ("ornn", {"start": "glorot"}, r"lies outside \[1, 1\]"),
        ("svdrnn", {"start": "mirror"}, "mirror"),
    ],
)
def test_values_that_do_not_fit_are_refused(model: str, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        build(model, **changes)


def test_an_unknown_layer_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"householdr.*Did you mean 'householder'"):
        build_model(replace(config("rnn"), layer="householdr"), Signature(1, 1, length=1, every_step=False))


def test_dropout_with_one_layer_draws_a_warning() -> None:
    (said,) = load(["model=gru", "model.dropout=0.5"], KINDS).warnings
    assert said.startswith("model.dropout=0.5 acts between layers, and there is only one")
    assert load(["model=gru", "model.dropout=0.5", "model.num_layers=2"], KINDS).warnings == []


def test_dropout_acts_between_layers_and_only_in_training() -> None:
    built = build("lstm", dropout=0.9, num_layers=2, hidden_size=36)
    x = torch.randn(4, 3, 2)
    assert not torch.equal(built(x)[0], built(x)[0])
    built.eval()
    assert torch.equal(built(x)[0], built(x)[0])
