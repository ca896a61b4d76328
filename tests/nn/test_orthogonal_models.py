"""The same recurrence with other parametrizations of W: what they are, what they keep, and how they move."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch

from spectral_bench.config.load import digest, load
from spectral_bench.errors import InputError
from spectral_bench.linalg import singular_map
from spectral_bench.nn import Signature, build_model
from spectral_bench.nn.constrained import ParameterKind, constrain_
from spectral_bench.nn.init import orthogonal
from spectral_bench.nn.kernels.operators import Dense
from spectral_bench.nn.transitions import (
    ExponentialTransition,
    FactorizedTransition,
    HouseholderTransition,
    ScaledCayleyTransition,
)
from spectral_bench.nn.transitions.factorized import GeodesicBasis
from spectral_bench.nn.transitions.skew import cayley
from spectral_bench.runs.kinds import KINDS


def model(name: str, *overrides: str, signature: Signature | None = None) -> Any:
    chosen = load(["task=mnist", "recipe=none", f"model={name}", *overrides], KINDS).experiment.model
    return build_model(chosen, signature or Signature(2, 3, length=7, every_step=False))


def skew_of(transition: Any) -> torch.Tensor:
    upper = transition.skew.upper.detach().triu(1)
    return upper - upper.T


def randomised(transition: Any, scale: float = 1.0) -> Any:
    with torch.no_grad():
        for parameter in transition.parameters():
            parameter.normal_(std=scale)
    return transition.double()


def off_orthogonal(matrix: torch.Tensor) -> float:
    wide = matrix.detach().double()
    return float((wide.T @ wide - torch.eye(len(wide), dtype=torch.float64)).abs().max())


@pytest.mark.parametrize(("name", "n", "count"), [("exprnn", 170, 16_415), ("exprnn", 360, 68_950),
                                                  ("exprnn", 512, 136_970), ("cayley", 170, 16_415),
                                                  ("dtriv", 170, 16_415)])  # fmt: skip
def test_pixel_mnist_takes_the_published_number_of_parameters(name: str, n: int, count: int) -> None:
    built = model(name, f"model.hidden_size={n}", signature=Signature(1, 10, length=784, every_step=False))
    assert built.num_parameters() == count


def test_a_factorized_matrix_has_as_many_free_numbers_as_entries() -> None:
    rest = 12 * 2 + 12 + 12 * 3 + 3
    assert model("factorized", "model.hidden_size=12").num_parameters() - rest == 12 * 12


def test_exprnn_is_the_exponential_of_a_skew_matrix_by_its_eigenvalues() -> None:
    transition = randomised(ExponentialTransition(9))
    values, vectors = torch.linalg.eig(skew_of(transition))
    expected = (vectors * values.exp()) @ torch.linalg.inv(vectors)
    torch.testing.assert_close(transition.weight(), expected.real)
    assert off_orthogonal(transition.weight()) < 1e-13
    torch.testing.assert_close(torch.linalg.det(transition.weight()), torch.tensor(1.0, dtype=torch.float64))


def test_exprnn_is_that_of_geotorch_with_the_same_skew_matrix() -> None:
    geotorch = pytest.importorskip("geotorch")
    transition = randomised(ExponentialTransition(7), 0.3)
    space = geotorch.SO((7, 7)).double()
    space.base = torch.eye(7, dtype=torch.float64)
    lower = transition.skew.upper.detach().T.tril(-1)  # theirs is made of the triangle below: A = L - Lᵀ
    torch.testing.assert_close(space(lower), transition.weight().T)


@pytest.mark.parametrize("rho", [0, 3, 8])
def test_scornn_is_a_cayley_transform_with_fixed_signs(rho: int) -> None:
    transition = randomised(ScaledCayleyTransition(8, rho))
    skew, identity = skew_of(transition), torch.eye(8, dtype=torch.float64)
    signs = torch.diag(torch.tensor([1.0] * (8 - rho) + [-1.0] * rho, dtype=torch.float64))
    weight = transition.weight()
    torch.testing.assert_close((identity + skew) @ weight, (identity - skew) @ signs)
    assert off_orthogonal(weight) < 1e-13
    torch.testing.assert_close(torch.linalg.det(weight), torch.tensor((-1.0) ** rho, dtype=torch.float64))
    h = torch.randn(8, dtype=torch.float64)
    torch.testing.assert_close((weight @ h).norm(), h.norm())


def test_the_gradient_of_scornn_is_the_one_its_authors_derive() -> None:
    transition = randomised(ScaledCayleyTransition(6, 2))
    gradient = torch.randn(6, 6, dtype=torch.float64)
    (found,) = torch.autograd.grad((transition.weight() * gradient).sum(), [transition.skew.upper])
    identity = torch.eye(6, dtype=torch.float64)
    v = torch.linalg.inv(identity + skew_of(transition)).T @ gradient @ (
        torch.diag(transition.signs) + transition.weight().detach().T
    )  # fmt: skip
    torch.testing.assert_close(found, (v.T - v).triu(1))


def test_scornn_starts_from_rotations_by_up_to_a_right_angle_and_its_signs() -> None:
    weight = ScaledCayleyTransition(64, 0).weight()
    angles = torch.linalg.eigvals(weight.detach()).angle().abs()
    assert angles.max() <= torch.pi / 2
    assert angles.max() > 1.2
    assert int((ScaledCayleyTransition(9).signs < 0).sum()) == 4


def trained(transition: Any, steps: int, lr: float = 1e-2) -> Any:
    """Updates of the kind that training makes, towards targets that keep changing."""
    optimizer = torch.optim.RMSprop(transition.parameters(), lr=lr)
    torch.manual_seed(1)
    gradients = torch.randn(steps, transition.hidden_size, transition.hidden_size)
    for gradient in gradients:
        optimizer.zero_grad()
        (transition.weight() * gradient).sum().backward()
        optimizer.step()
        constrain_(transition)
    return transition


@pytest.mark.parametrize(
    "transition",
    [
        ExponentialTransition(6),
        ExponentialTransition(6, rebase_every=1),
        ScaledCayleyTransition(6),
        FactorizedTransition(6, singular_map("fixed", 0.0)),
    ],
    ids=["exprnn", "dtriv", "cayley", "factorized"],
)
def test_ten_thousand_updates_in_single_precision_leave_the_matrix_orthogonal(transition: Any) -> None:
    assert off_orthogonal(trained(transition, 10_000).weight()) < 5e-6


def test_a_rebase_changes_no_matrix_and_empties_the_skew_one() -> None:
    transition = ExponentialTransition(8, rebase_every=3).double()
    for update in range(1, 7):
        with torch.no_grad():
            transition.skew.upper.add_(torch.randn(8, 8, dtype=torch.float64).triu(1))
        before = transition.weight().detach()
        transition.constrain_()
        torch.testing.assert_close(transition.weight(), before)
        assert transition.skew.upper.any() == (update % 3 != 0)


def test_training_moves_the_base_of_dtriv_once_in_a_period() -> None:
    built = model("dtriv", "model.hidden_size=6", "model.rebase_every=2")
    (transition,) = [part for part in built.modules() if isinstance(part, ExponentialTransition)]
    bases = []
    for _ in range(4):
        with torch.no_grad():
            transition.skew.upper.add_(torch.randn(6, 6).triu(1))
        built.constrain_()
        bases.append(transition.base.clone())
    assert torch.equal(bases[0], torch.eye(6))
    assert not torch.equal(bases[1], bases[0])
    assert torch.equal(bases[2], bases[1])
    assert not torch.equal(bases[3], bases[2])


def test_every_30th_rebase_projects_the_base_to_an_orthogonal_matrix() -> None:
    transition = ExponentialTransition(8, rebase_every=1).double()
    transition.base.mul_(1.01)
    for _ in range(29):
        transition.constrain_()
    assert off_orthogonal(transition.weight()) > 0.01
    transition.constrain_()
    assert off_orthogonal(transition.weight()) < 1e-13


def test_with_a_period_that_never_comes_dtriv_is_exprnn_step_by_step() -> None:
    weights = []
    for rebase_every in (None, 10**6):
        torch.manual_seed(0)
        weights.append(trained(ExponentialTransition(6, "henaff", rebase_every), 50).weight())
    torch.testing.assert_close(*weights)


def test_what_the_optimizer_learnt_survives_a_rebase() -> None:
    transition = ExponentialTransition(5, rebase_every=1)
    optimizer = torch.optim.RMSprop(transition.parameters(), lr=1e-2)
    (transition.weight() * torch.randn(5, 5)).sum().backward()
    optimizer.step()
    moments = optimizer.state[transition.skew.upper]["square_avg"].clone()
    transition.constrain_()
    assert not transition.skew.upper.any()
    assert torch.equal(optimizer.state[transition.skew.upper]["square_avg"], moments)
    assert moments.any()


def test_a_step_of_a_basis_by_plain_gradient_descent_is_the_geodesic_one() -> None:
    start, gradient, rate = orthogonal(7).double(), torch.randn(7, 7, dtype=torch.float64), 0.05
    basis = GeodesicBasis(start).double()
    optimizer = torch.optim.SGD(basis.parameters(), lr=rate)
    (basis() * gradient).sum().backward()
    optimizer.step()
    basis.constrain_()
    skew, identity = gradient @ start.T - start @ gradient.T, torch.eye(7, dtype=torch.float64)
    expected = torch.linalg.solve(identity + rate / 2 * skew, (identity - rate / 2 * skew) @ start)
    torch.testing.assert_close(basis(), expected)
    assert (expected * gradient).sum() < (start * gradient).sum()  # downhill


def test_the_singular_values_of_a_factorized_matrix_are_those_of_its_map() -> None:
    transition = randomised(FactorizedTransition(8, singular_map("sigmoid", 0.2)))
    found = torch.linalg.svdvals(transition.weight())
    torch.testing.assert_close(found, transition.spectrum().sort(descending=True).values, rtol=0, atol=1e-6)
    assert ((found - 1).abs() <= 0.2).all()
    exact = FactorizedTransition(8, singular_map("free", 0.0), start="glorot")
    assert torch.linalg.svdvals(exact.weight()).max() > 1.2


def test_a_penalty_of_a_free_spectrum_is_part_of_the_loss() -> None:
    built = model("factorized", "model.map=free", "model.penalty=0.5", "model.hidden_size=6")
    (layer,) = built.stack.layers
    with torch.no_grad():
        layer.transition.spectrum.raw.fill_(0.3)
    torch.testing.assert_close(built.penalty(), torch.tensor(0.5 * 6 * 0.09))


@pytest.mark.parametrize("name", ["exprnn", "dtriv", "cayley"])
@pytest.mark.parametrize("length", [1, 50])
def test_an_update_pays_for_the_matrix_once_however_long_the_sequence(
    name: str, length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = model(name, "model.hidden_size=6", signature=Signature(2, 3, length=length, every_step=True))
    (layer,) = built.stack.layers
    made: list[torch.Tensor] = []

    def counted(weight: Callable[[], torch.Tensor]) -> torch.Tensor:
        made.append(weight())
        return made[-1]

    monkeypatch.setattr(layer.transition, "weight", partial(counted, layer.transition.weight))
    built(torch.randn(length, 4, 2))[0].sum().backward()
    assert len(made) == 1
    assert isinstance(layer.transition.operator(4), Dense)


@pytest.mark.parametrize("name", ["exprnn", "dtriv", "cayley", "factorized"])
def test_outputs_and_gradients_are_those_of_a_plain_loop(name: str) -> None:
    built = model(name, "model.hidden_size=6", *(["r=0.3"] if name == "factorized" else [])).double()
    (layer,) = built.stack.layers
    if layer.activation.bias is not None:
        with torch.no_grad():
            layer.activation.bias.normal_(std=0.1)
    x, target = torch.randn(7, 4, 2, dtype=torch.float64), torch.randn(4, 3, dtype=torch.float64)
    outputs, _ = built(x)
    weight, h = layer.transition.weight(), torch.zeros(4, 6, dtype=torch.float64)
    for x_BD in x:
        pre = x_BD @ layer.input_weight.T + h @ weight.T + (0.0 if layer.bias is None else layer.bias)
        h = pre.sign() * (pre.abs() + layer.activation.bias).relu() if name != "factorized" else pre.tanh()
    expected = built.readout(h)
    torch.testing.assert_close(outputs, expected)
    found = torch.autograd.grad((outputs * target).sum(), list(built.parameters()), allow_unused=True)
    for one, other in zip(
        found, torch.autograd.grad((expected * target).sum(), list(built.parameters()), allow_unused=True), strict=True
    ):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["model=dtriv", "model.rebase_every=0"], "model.rebase_every=0: expected at least 1, or null"),
        (["model=cayley", "model.rho=129"], "model.rho=129: expected 0 to model.hidden_size=128"),
        (["model=cayley", "model.rho=-1"], "model.rho=-1"),
        (["model=exprnn", "model.start=glorot"], "Unknown model.start 'glorot'"),
        (["optimizer.orthogonal_lr_scale=-1"], "optimizer.orthogonal_lr_scale=-1.0: expected at least 0"),
    ],
)
def test_what_makes_no_sense_is_refused(words: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(words, KINDS)


def test_a_radius_for_a_model_without_one_draws_a_warning() -> None:
    (warning,) = load(["model=exprnn", "r=0.1"], KINDS).warnings
    assert warning == "r=0.1 has no effect: model 'exprnn' has no sigma radius."


@pytest.mark.parametrize(
    ("name", "orthogonal_parts", "spectral_parts"),
    [
        ("ornn", 1, 0),
        ("svdrnn", 2, 1),
        ("exprnn", 1, 0),
        ("cayley", 1, 0),
        ("factorized", 2, 1),
        ("svdmlp", 4, 2),
        ("rnn", 0, 0),
        ("lstm", 0, 0),
    ],
)
def test_one_key_scales_the_rate_of_all_that_orthogonal_matrices_are_made_of(
    name: str, orthogonal_parts: int, spectral_parts: int
) -> None:
    built = model(name, *(["model.rescale_sigma_lr=false"] if name == "factorized" else []))
    groups = built.parameter_groups(1.0, {ParameterKind.orthogonal: 0.1, ParameterKind.spectrum: 10.0})
    parts = {group["lr"]: len(group["params"]) for group in groups}
    assert (parts.get(0.1, 0), parts.get(10.0, 0)) == (orthogonal_parts, spectral_parts)
    assert sum(parts.values()) == len(list(built.parameters()))


def test_a_rate_that_a_model_asks_for_itself_comes_on_top() -> None:
    built = model("svdrnn", "r=0.05", "model.rescale_sigma_lr=true")
    rates = {group["lr"] for group in built.parameter_groups(1.0, {ParameterKind.spectrum: 0.5})}
    assert sorted(rates) == [1.0, pytest.approx(5.0)]


def test_a_scale_of_parameters_that_a_model_has_not_draws_a_warning_and_makes_no_other_run() -> None:
    typed = load(["model=lstm", "optimizer.orthogonal_lr_scale=0.1"], KINDS)
    assert [warning.partition(" has no effect")[0] for warning in typed.warnings] == [
        "optimizer.orthogonal_lr_scale=0.1"
    ]
    assert digest(typed.experiment) == digest(load(["model=lstm"], KINDS).experiment)
    scaled = load(["model=ornn", "optimizer.orthogonal_lr_scale=0.1"], KINDS)
    assert scaled.warnings == []
    assert digest(scaled.experiment) != digest(load(["model=ornn"], KINDS).experiment)


def test_a_reflector_network_trains_its_reflectors_at_the_scaled_rate() -> None:
    built = model("ornn", "model.hidden_size=8", "model.m=4")
    rates = {
        id(parameter): group["lr"]
        for group in built.parameter_groups(1.0, {ParameterKind.orthogonal: 0.25})
        for parameter in group["params"]
    }
    (layer,) = built.stack.layers
    assert isinstance(layer.transition, HouseholderTransition)
    assert rates[id(layer.transition.reflectors)] == 0.25
    assert rates[id(layer.input_weight)] == 1.0


def test_cayley_and_exponential_agree_to_third_order() -> None:
    skew = 0.01 * torch.randn(8, 8, dtype=torch.float64)
    skew = skew - skew.T
    assert (cayley(skew) - torch.linalg.matrix_exp(-2 * skew)).norm() < 2 * skew.norm() ** 3
