"""A free recurrent matrix that is penalised, normalised or clipped."""

from typing import Any

import pytest
import torch
from torch import Tensor

from spectral_bench.config.load import digest, load
from spectral_bench.errors import InputError
from spectral_bench.nn import DenseTransition, Facts, Signature, build_model
from spectral_bench.nn.orthogonality_penalty import OrthogonalityPenalty, orthogonality_penalty
from spectral_bench.nn.transitions import ClippedTransition, NormalisedTransition
from spectral_bench.runs.kinds import KINDS

N = 7
TERMS = [name for name in OrthogonalityPenalty if name is not OrthogonalityPenalty.none]


def loaded(*overrides: str) -> Any:
    return load(["task=copy", "model=rnn", "recipe=none", "model.hidden_size=7", *overrides], KINDS)


def model(*overrides: str) -> Any:
    return build_model(loaded(*overrides).experiment.model, Signature(2, 3, length=7, every_step=False))


def sigma(weight: Tensor) -> Tensor:
    return torch.linalg.svdvals(weight.detach().double())


@pytest.mark.parametrize("name", TERMS)
def test_a_penalty_is_zero_where_the_matrix_is_orthogonal_and_pulls_nowhere(name: OrthogonalityPenalty) -> None:
    weight = torch.nn.init.orthogonal_(torch.empty(N, N, dtype=torch.float64)).requires_grad_()
    value = orthogonality_penalty(name, weight)
    value.backward()
    assert value.item() == pytest.approx(0.0, abs=1e-12)
    assert weight.grad is not None
    assert weight.grad.isfinite().all()


@pytest.mark.parametrize(
    ("name", "expected"),
    [("so", N * 1.25**2), ("dso", 2 * N * 1.25**2), ("mc", 1.25), ("srip", 1.25)],
)
def test_of_a_multiple_of_the_identity_a_penalty_is_known(name: str, expected: float) -> None:
    """W = 1.5 I, of which WᵀW - I is 1.25 I."""
    weight = 1.5 * torch.eye(N, dtype=torch.float64)
    assert orthogonality_penalty(OrthogonalityPenalty(name), weight).item() == pytest.approx(expected)


@pytest.mark.parametrize("name", TERMS)
def test_a_penalty_is_what_its_norm_says_and_its_gradient_that_of_differences(name: OrthogonalityPenalty) -> None:
    weight = torch.randn(N, N, dtype=torch.float64, requires_grad=True)
    defect = weight.detach().T @ weight.detach() - torch.eye(N).double()
    other = weight.detach() @ weight.detach().T - torch.eye(N).double()
    expected = {
        "so": torch.linalg.matrix_norm(defect) ** 2,
        "dso": torch.linalg.matrix_norm(defect) ** 2 + torch.linalg.matrix_norm(other) ** 2,
        "mc": defect.abs().max(),
        "srip": torch.linalg.matrix_norm(defect, 2),
    }[name]
    torch.testing.assert_close(orthogonality_penalty(name, weight), expected)
    assert torch.autograd.gradcheck(lambda w: orthogonality_penalty(name, w), weight)


@pytest.mark.parametrize("name", TERMS)
def test_the_penalty_of_every_layer_is_in_the_loss_and_draws_to_the_orthogonal(name: OrthogonalityPenalty) -> None:
    built = model(f"model.penalise={name}", "model.penalty_weight=0.5", "model.num_layers=2")
    weights = [layer.transition.matrix for layer in built.stack.layers]
    expected = sum(0.5 * orthogonality_penalty(name, weight) for weight in weights)
    torch.testing.assert_close(built.penalty(), expected)
    optimizer = torch.optim.Adam(built.parameters(), lr=1e-2)
    for _ in range(1_500):
        optimizer.zero_grad()
        built.penalty().backward()
        optimizer.step()
    for weight in weights:
        assert (sigma(weight) - 1).abs().max() < 0.1
    assert built.facts().sigma is None  # it draws, and promises nothing


def test_a_normalised_matrix_has_the_largest_singular_value_one_whatever_its_parameters() -> None:
    built = model("model.bound=normalise", "model.activation=identity")
    assert built.facts() == Facts((0.0, 1.0), 1.0, (1.0, 1.0))
    (layer,) = built.stack.layers
    for scale in (1e-3, 1.0, 1e3):
        with torch.no_grad():
            layer.transition.matrix.copy_(scale * torch.randn(N, N))
        (values,) = built.singular_values().values()
        assert values[0].item() == pytest.approx(1.0, abs=1e-5)
    transition = NormalisedTransition(N).double()
    torch.testing.assert_close(transition.weight(), transition.matrix / sigma(transition.matrix)[0])

    def weight(matrix: Tensor) -> Tensor:
        del transition.matrix
        transition.matrix = matrix
        return transition.weight()

    assert torch.autograd.gradcheck(weight, transition.matrix.detach().requires_grad_())


def test_a_clipped_matrix_is_within_its_radius_from_the_start_and_after_every_update() -> None:
    built = model("model.bound=clip", "r=0.1")
    assert built.facts().sigma == pytest.approx((0.9, 1.1))
    (layer,) = built.stack.layers
    for _ in range(3):
        (values,) = built.singular_values().values()
        assert values.min() >= 0.9 - 1e-5
        assert values.max() <= 1.1 + 1e-5
        with torch.no_grad():
            layer.transition.matrix.add_(torch.randn(N, N))
        built.constrain_()


def test_clipping_moves_what_is_outside_to_the_nearest_end_and_nothing_else() -> None:
    transition = ClippedTransition(3, r=0.5).double()
    u, v = (torch.nn.init.orthogonal_(torch.empty(3, 3, dtype=torch.float64)) for _ in range(2))
    with torch.no_grad():
        transition.matrix.copy_(u @ torch.tensor([2.0, 0.8, 0.1]).double().diag() @ v)
    transition.constrain_()
    torch.testing.assert_close(transition.weight(), u @ torch.tensor([1.5, 0.8, 0.5]).double().diag() @ v)


def test_clipping_every_few_updates_leaves_the_others_alone_and_promises_no_bound() -> None:
    transition = ClippedTransition(N, r=0.1, every=3)
    assert transition.sigma_bounds() is None
    inside = []
    for _ in range(7):
        with torch.no_grad():
            transition.matrix.mul_(2.0)
        transition.constrain_()
        inside.append(bool(sigma(transition.matrix).max() < 1.2))
    assert inside == [False, False, True, False, False, True, False]
    other = ClippedTransition(N, r=0.1, every=3)
    other.load_state_dict(transition.state_dict())
    assert int(other.updates) == 1


def test_a_matrix_that_is_not_finite_is_left_for_the_training_to_see() -> None:
    transition = ClippedTransition(N, r=0.1)
    with torch.no_grad():
        transition.matrix[0, 0] = torch.nan
    transition.constrain_()
    assert transition.matrix.isnan().sum() == 1


def test_starting_anew_keeps_the_bound() -> None:
    transition = ClippedTransition(N, r=0.1)
    before = transition.matrix.detach().clone()
    transition.reset_parameters()
    assert not torch.equal(transition.matrix, before)
    assert sigma(transition.matrix).max() <= 1.1 + 1e-5


def test_options_that_are_not_asked_for_change_nothing() -> None:
    torch.manual_seed(0)
    plain = DenseTransition(N)
    torch.manual_seed(0)
    built = model()
    assert built.penalty() is None
    torch.testing.assert_close(plain.matrix, built.stack.layers[0].transition.matrix)
    idle = loaded().experiment.ineffective()
    assert {"r", "model.r", "model.penalty_weight", "model.clip_every"} <= set(idle)
    clipped = loaded("model.bound=clip", "r=0.3").experiment
    assert clipped.model.r == 0.3
    assert not {"r", "model.r", "model.clip_every"} & set(clipped.ineffective())


def test_what_is_idle_is_no_part_of_a_digest_and_what_acts_is() -> None:
    plain = digest(loaded().experiment)
    assert digest(loaded("model.penalty_weight=0.3", "model.clip_every=5", "r=0.2").experiment) == plain
    acting = [["model.penalise=so"], ["model.penalise=mc"], ["model.bound=normalise"], ["model.bound=clip"]]
    acting += [["model.bound=clip", "r=0.2"], ["model.bound=clip", "model.clip_every=5"]]
    acting += [["model.penalise=so", "model.penalty_weight=0.3"]]
    digests = [digest(loaded(*options).experiment) for options in acting]
    assert len({plain, *digests}) == len(acting) + 1


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("model.penalise=soo", r"soo.*Did you mean 'so'"),
        ("model.penalty_weight=0", r"model\.penalty_weight=0(\.0)?: expected more than 0"),
        ("model.penalty_weight=-1", r"model\.penalty_weight=-1(\.0)?: expected more than 0"),
        ("model.bound=clipp", r"clipp.*Did you mean 'clip'"),
        ("model.clip_every=0", r"model\.clip_every=0: expected at least 1"),
    ],
)
def test_values_that_make_no_sense_are_refused_by_key(option: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        loaded(option)
