"""Recurrences of other papers against plain loops of their equations, published counts, and what they promise."""

from collections.abc import Callable
from math import pi
from typing import Any

import pytest
import torch
from torch import Tensor

from spectral_bench.config.load import load
from spectral_bench.errors import InputError
from spectral_bench.nn import Facts, GradientTrace, Signature, build_model
from spectral_bench.runs.kinds import KINDS

T, B, D, N = 9, 4, 3, 6


def model(name: str, *overrides: str, signature: Signature | None = None) -> Any:
    experiment = load(["task=copy", f"model={name}", "recipe=none", *overrides], KINDS).experiment
    return build_model(experiment.model, signature or Signature(D, 3, length=T, every_step=False))


def layer_of(name: str, *overrides: str) -> Any:
    built = model(name, f"model.hidden_size={N}", "model.num_layers=1", *overrides).double()
    (layer,) = built.stack.layers
    with torch.no_grad():  # away from starts so small that a wrong sign would not be seen
        for parameter in layer.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return layer


#: What an equation says of one time step: the next state, of the layer's parameters, x_t and the state.
Equation = Callable[[Any, Tensor, list[Tensor]], list[Tensor]]


def cornn(layer: Any, x: Tensor, state: list[Tensor]) -> list[Tensor]:
    y, z = state
    pull = torch.tanh(torch.cat((x, z, y), dim=1) @ layer.force.weight.T + layer.force.bias)
    z = z + layer.dt * (pull - layer.gamma * y - layer.epsilon * z)
    y = y + layer.dt * z
    return [y, z]


def mingru(layer: Any, x: Tensor, state: list[Tensor]) -> list[Tensor]:
    candidate, gate = (x @ layer.inputs.weight.T + layer.inputs.bias).chunk(2, dim=1)
    z = torch.sigmoid(gate)
    g = torch.where(candidate >= 0, candidate + 0.5, torch.sigmoid(candidate))
    return [(1 - z) * state[0] + z * g]


def indrnn(layer: Any, x: Tensor, state: list[Tensor]) -> list[Tensor]:
    return [torch.relu(x @ layer.input_weight.T + layer.transition.diagonal * state[0] + layer.bias)]


def lem(layer: Any, x: Tensor, state: list[Tensor]) -> list[Tensor]:
    y, z = state
    a1, a2, az, ay = layer.inputs(x).chunk(4, dim=1)
    c1, c2, cz = layer.from_y(y).chunk(3, dim=1)
    d1, d2 = layer.dt * torch.sigmoid(a1 + c1), layer.dt * torch.sigmoid(a2 + c2)
    z = (1 - d2) * z + d2 * torch.tanh(az + cz)
    return [(1 - d1) * y + d1 * torch.tanh(ay + layer.from_z(z)), z]


def skew(layer: Any) -> Tensor:
    """Filled in entry by entry."""
    matrix = torch.zeros(N, N).double()
    places = [(i, j) for i in range(N) for j in range(i + 1, N)]
    for (i, j), value in zip(places, layer.above, strict=True):
        one = torch.zeros(N, N).double()
        one[i, j], one[j, i] = 1.0, -1.0
        matrix = matrix + value * one
    return matrix - layer.gamma * torch.eye(N).double()


def antisymmetric(layer: Any, x: Tensor, state: list[Tensor]) -> list[Tensor]:
    return [state[0] + layer.epsilon * torch.tanh(state[0] @ skew(layer).T + layer.inputs(x))]


def gated_antisymmetric(layer: Any, x: Tensor, state: list[Tensor]) -> list[Tensor]:
    turned = state[0] @ skew(layer).T
    candidate, gate = layer.inputs(x).chunk(2, dim=1)
    return [state[0] + layer.epsilon * torch.sigmoid(turned + gate) * torch.tanh(turned + candidate)]


def lipschitz(layer: Any, x: Tensor, state: list[Tensor]) -> list[Tensor]:
    beta, identity = layer.beta, torch.eye(N).double()
    a, w = (
        beta * (m - m.T) + (1 - beta) * (m + m.T) - layer.gamma * identity
        for m in (layer.linear_part, layer.inner_part)
    )
    return [state[0] + layer.epsilon * (state[0] @ a.T + torch.tanh(state[0] @ w.T + layer.inputs(x)))]


def lru(layer: Any, x: Tensor, state: list[Tensor]) -> list[Tensor]:
    unit = layer.unit
    lam = torch.exp(torch.complex(-unit.log_decay.exp(), unit.log_phase.exp()))
    b = torch.complex(*unit.into.unbind(1))
    return [lam * state[0] + unit.log_scale.exp() * (layer.norm(layer.encoder(x)).to(b.dtype) @ b.T)]


def block_of_lru(layer: Any, x: Tensor, state: list[Tensor]) -> Tensor:
    unit, below = layer.unit, layer.encoder(x)
    c = torch.complex(*unit.out_of.unbind(2))
    v = torch.nn.functional.gelu((state[0] @ c.T).real + unit.direct * layer.norm(below))
    a, gate = layer.gated(v).chunk(2, dim=1)
    return below + a * torch.sigmoid(gate)


#: The equation of a model, how many parts its state has, and what to configure.
EQUATIONS: dict[str, tuple[Equation, int, list[str]]] = {
    "cornn": (cornn, 2, ["model.dt=0.3", "model.gamma=2.0", "model.epsilon=1.5"]),
    "mingru": (mingru, 1, []),
    "indrnn": (indrnn, 1, []),
    "lru": (lru, 1, []),
    "lem": (lem, 2, ["model.dt=0.7"]),
    "antisymmetric": (antisymmetric, 1, ["model.epsilon=0.3", "model.gamma=0.2"]),
    "antisymmetric, gated": (gated_antisymmetric, 1, ["model.epsilon=0.3", "model.gated=true"]),
    "lipschitz": (lipschitz, 1, ["model.epsilon=0.3", "model.gamma=0.2"]),
}


@pytest.mark.parametrize("name", EQUATIONS)
def test_values_gradients_and_trace_are_those_of_the_equation(name: str) -> None:
    equation, num_parts, options = EQUATIONS[name]
    name = name.partition(",")[0]
    layer = layer_of(name, *options)
    x, target = torch.randn(T, B, D).double(), torch.randn(T, B, N).double()
    dtype = torch.complex128 if name == "lru" else torch.float64

    def loss(outputs: Tensor, last: Tensor) -> Tensor:
        return (outputs * target).sin().sum() + last.square().sum()

    trace = GradientTrace()
    outputs, final = layer(x, None, trace)
    value = loss(outputs, final[0])
    gradients = torch.autograd.grad(value, [*layer.parameters(), *trace.starts])[: len(list(layer.parameters()))]

    visited = [[torch.zeros(B, N, dtype=dtype, requires_grad=True) for _ in range(num_parts)]]
    found = []
    for x_t in x:
        state = [part.view_as(part) for part in equation(layer, x_t, visited[-1])]
        visited.append(state)
        found.append(block_of_lru(layer, x_t, state) if name == "lru" else state[0])
    expected = loss(torch.stack(found), found[-1])
    torch.testing.assert_close(outputs, torch.stack(found))
    torch.testing.assert_close(final[0], found[-1])
    torch.testing.assert_close(gradients, torch.autograd.grad(expected, list(layer.parameters()), retain_graph=True))

    every_part = [part for state in visited for part in state]
    squares = [g.abs().square().sum(1) for g in torch.autograd.grad(expected, every_part, materialize_grads=True)]
    norms = torch.stack(squares).view(T + 1, num_parts, B).sum(1).sqrt()
    torch.testing.assert_close(trace.norms[0], norms)


@pytest.mark.parametrize(
    ("name", "options", "published"),
    [
        ("cornn", [], 34_314),
        ("lem", [], 68_362),
        ("lipschitz", [], 34_314),
        ("antisymmetric", [], 9_674),
        # Of the parts: 3N + 4NH + H of the unit, GLU 2H² + 2H, layer norm 2H; encoder and readout.
        (
            "lru",
            ["model.state_size=64"],
            3 * 64 + 4 * 64 * 128 + 128 + 2 * 128**2 + 2 * 128 + 2 * 128 + 2 * 128 + 1_290,
        ),
        ("indrnn", [], (1 + 2) * 128 + (128 + 2) * 128 + 1_290),
        ("mingru", ["model.num_layers=1"], 2 * 128 + 2 * 128 + 1_290),
    ],
)
def test_pixel_mnist_takes_as_many_parameters_as_published(name: str, options: list[str], published: int) -> None:
    pixels = Signature(1, 10, length=784, every_step=False)
    assert model(name, "model.hidden_size=128", *options, signature=pixels).num_parameters() == published


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["model=cornn", "model.dt=0"], r"model\.dt=0(\.0)?: expected more than 0"),
        (["model=cornn", "model.dt=-0.1"], r"model\.dt=-0\.1: expected more than 0"),
        (["model=cornn", "model.gamma=-1"], r"model\.gamma=-1(\.0)?: expected at least 0"),
        (["model=cornn", "model.dt=0.5", "model.gamma=20.0"], r"model\.dt=0\.5, .*of at most 4, got 9\.7"),
        (["model=cornn", "model.r=0.1"], r"model\.r"),
        (["model=lru", "model.r_min=0.9", "model.r_max=0.5"], r"model\.r_min=0\.9: .*less than model\.r_max=0\.5"),
        (["model=lru", "model.r_max=1.5"], r"model\.r_max=1\.5: expected 0 to 1"),
        (["model=lru", "model.max_phase=0"], r"model\.max_phase=0(\.0)?: expected more than 0"),
        (["model=lru", "model.max_phase=7"], r"model\.max_phase=7(\.0)?: expected at most 2 pi"),
        (["model=lru", "model.state_size=0"], r"model\.state_size=0: expected at least 1"),
        (["model=lru", "model.activation=relu"], r"model\.activation"),
        (["model=mingru", "model.learn_h0=true"], r"model\.learn_h0"),
        (["model=lem", "model.dt=0"], r"model\.dt=0(\.0)?: expected more than 0"),
        (["model=antisymmetric", "model.epsilon=0"], r"model\.epsilon=0(\.0)?: expected more than 0"),
        (["model=antisymmetric", "model.gamma=-1"], r"model\.gamma=-1(\.0)?: expected at least 0"),
        (["model=lipschitz", "model.epsilon=-0.1"], r"model\.epsilon=-0\.1: expected more than 0"),
        (["model=lipschitz", "model.beta=1.5"], r"model\.beta=1\.5: expected 0 to 1"),
        (["model=indrnn", "model.max_gain=0.5"], r"model\.max_gain=0\.5: expected at least 1"),
    ],
)
def test_what_makes_no_sense_is_refused_by_key_and_value(options: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(["task=copy", "recipe=none", *options], KINDS)


def test_an_oscillator_left_alone_is_a_matrix_of_two_by_two() -> None:
    dt, gamma, epsilon = 0.2, 3.0, 0.7
    layer = layer_of("cornn", f"model.dt={dt}", f"model.gamma={gamma}", f"model.epsilon={epsilon}")
    with torch.no_grad():
        layer.force.weight.zero_()
        layer.force.bias.zero_()
    rows = [[1 - dt**2 * gamma, dt * (1 - dt * epsilon)], [-dt * gamma, 1 - dt * epsilon]]
    matrix = torch.tensor(rows, dtype=torch.float64)
    assert float(torch.linalg.det(matrix)) == pytest.approx(1 - dt * epsilon)
    start = torch.randn(2, B, N).double()
    _, final = layer(torch.zeros(T, B, D).double(), tuple(start))
    expected = torch.einsum("ij,jbn->ibn", torch.linalg.matrix_power(matrix, T), start)
    torch.testing.assert_close(torch.stack(final), expected)


def test_oscillators_stay_bounded_however_long_and_hard_they_are_driven() -> None:
    layer = layer_of("cornn")
    states, _ = layer(10.0 * torch.randn(3_000, B, D).double())
    # A force of at most 1 against a spring of gamma: overdamped, y never passes 1 / gamma by much.
    assert states.abs().max() < 1.0
    assert states[1_000:].abs().max() < 1.05 * states[:1_000].abs().max() + 0.1


def test_a_positive_map_is_the_gated_state_of_mingru() -> None:
    states, _ = layer_of("mingru")(10.0 * torch.randn(50, B, D).double())
    assert (states > 0).all()


def test_states_of_mingru_are_averages_of_its_candidates() -> None:
    layer = layer_of("mingru")
    x = torch.randn(50, B, D).double()
    candidate = layer.inputs(x).chunk(2, dim=2)[0]
    largest = torch.where(candidate >= 0, candidate + 0.5, torch.sigmoid(candidate)).amax(0)
    assert (layer(x)[0] <= largest).all()


def test_eigenvalues_of_lru_lie_inside_the_unit_circle_whatever_the_parameters() -> None:
    built = model("lru")
    with torch.no_grad():
        for parameter in built.stack.parameters():
            parameter.add_(3.0 * torch.randn_like(parameter))
    (values,) = built.singular_values().values()
    assert values.shape == (128,)
    assert (values <= 1.0).all()
    assert built.facts() == Facts(sigma=(0.0, 1.0), slopes=(1.0, 1.0), traced="x")


def test_lru_starts_in_its_ring_with_states_of_unit_variance() -> None:
    """E|λ|² = (r_min² + r_max²) / 2, and E|x|² = 1 under white inputs of variance 1."""
    built = model("lru", "model.r_min=0.5", "model.r_max=0.9", "model.state_size=4000", f"model.max_phase={pi / 4}")
    unit = built.stack.layers[0].unit
    lam = unit.eigenvalues().detach()
    assert lam.abs().min() >= 0.5 - 1e-6
    assert lam.abs().max() <= 0.9 + 1e-6
    assert lam.angle().min() >= 0.0
    assert lam.angle().max() <= pi / 4 + 1e-6
    assert lam.abs().square().mean().item() == pytest.approx((0.25 + 0.81) / 2, abs=0.01)
    with torch.no_grad():
        driven = unit.drive(torch.randn(200, 2, 128))
        x = torch.zeros(2, 4000, dtype=torch.complex64)
        for drive in driven:
            x = lam * x + drive
    assert x.abs().square().mean().item() == pytest.approx(1.0, abs=0.1)


def test_indrnn_is_clipped_to_what_its_sequence_allows_and_starts_with_a_memory_of_it() -> None:
    built = model(
        "indrnn", "model.num_layers=3", "model.max_gain=4.0", signature=Signature(D, 3, 100, every_step=False)
    )
    bound = 4.0 ** (1 / 100)
    diagonals = [layer.transition.diagonal for layer in built.stack.layers]
    assert all(diagonal.min() < 0.2 for diagonal in diagonals[:2])
    assert diagonals[2].min() >= 1 / bound
    with torch.no_grad():
        for diagonal in diagonals:
            diagonal.mul_(10.0)
            diagonal[0] = -3.0
    built.constrain_()
    assert all(diagonal.abs().max().item() == pytest.approx(bound) for diagonal in diagonals)
    assert built.facts().sigma == pytest.approx((0.0, bound))
    every_step = model("indrnn", signature=Signature(D, 3, 100, every_step=True))
    assert every_step.stack.layers[-1].transition.diagonal.min() < 0.2


def test_states_of_lem_stay_where_tanh_is_while_its_rates_are_at_most_one() -> None:
    layer = layer_of("lem", "model.dt=1.0")
    _, (y, z) = layer(10.0 * torch.randn(200, B, D).double())
    states, _ = layer(10.0 * torch.randn(200, B, D).double())
    assert max(states.abs().max(), y.abs().max(), z.abs().max()) <= 1.0


def test_eigenvalues_of_an_antisymmetric_matrix_have_the_real_part_of_the_diffusion() -> None:
    layer = layer_of("antisymmetric", "model.gamma=0.3")
    eigenvalues = torch.linalg.eigvals(layer.matrix())
    torch.testing.assert_close(eigenvalues.real, torch.full((N,), -0.3).double())
    # Euler's method: stable if ε ω² <= 2 γ - ε γ² for the largest frequency ω.
    frequency = eigenvalues.imag.abs().max()
    for epsilon in (0.9, 1.1):
        scaled = epsilon * 2 * 0.3 / (frequency**2 + 0.3**2)
        assert bool((1 + scaled * eigenvalues).abs().max() <= 1.0) == (epsilon < 1.0)


def test_the_skew_share_of_a_lipschitz_network_bounds_its_real_parts() -> None:
    layer = layer_of("lipschitz", "model.beta=1.0", "model.gamma=0.2")
    for matrix in layer.recurrent_matrices().values():
        torch.testing.assert_close(torch.linalg.eigvals(matrix).real, torch.full((N,), -0.2).double())
    layer = layer_of("lipschitz", "model.beta=0.6", "model.gamma=0.2")
    symmetric = torch.linalg.eigvalsh(layer.linear_part + layer.linear_part.T).max()
    assert torch.linalg.eigvals(layer.recurrent_matrices()["A"]).real.max() <= 0.4 * symmetric - 0.2 + 1e-9


@pytest.mark.parametrize(("name", "part"), [("antisymmetric", "above"), ("lipschitz", "inner_part")])
def test_matrices_start_as_small_as_their_authors_say(name: str, part: str) -> None:
    built = model(name, "model.hidden_size=200")
    spread = getattr(built.stack.layers[0], part).std().item()
    assert spread == pytest.approx({"antisymmetric": 2**0.5 / 200, "lipschitz": 0.1 / 200}[name], rel=0.05)


def test_the_layers_of_torchrecurrent_agree() -> None:
    """Implementations by somebody else, given our weights. Their LEM is another: y is moved by the last step's z."""
    theirs = pytest.importorskip("torchrecurrent")
    x = torch.randn(T, B, D).double()

    ours = layer_of("cornn", "model.dt=0.3", "model.gamma=2.0", "model.epsilon=1.5")
    other = theirs.coRNN(D, N, dt=0.3, gamma=2.0, epsilon=1.5, recurrent_bias=False, cell_bias=False).double()
    inputs, of_z, of_y = ours.force.weight.detach().split((D, N, N), dim=1)
    fill(other, weight_ih=inputs, weight_hh=of_y, weight_ch=of_z, bias_ih=ours.force.bias)
    torch.testing.assert_close(ours(x)[0], other(x)[0])

    ours = layer_of("antisymmetric", "model.epsilon=0.3", "model.gamma=0.2")
    other = theirs.AntisymmetricRNN(D, N, epsilon=0.3, gamma=0.2, recurrent_bias=False).double()
    upper = (ours.matrix() + 0.2 * torch.eye(N).double()).triu(1)
    fill(other, weight_ih=ours.inputs.weight, bias_ih=ours.inputs.bias, weight_hh=upper)
    torch.testing.assert_close(ours(x)[0], other(x)[0])

    ours = layer_of("indrnn")
    other = theirs.IndRNN(D, N, recurrent_bias=False, nonlinearity="relu").double()
    fill(other, weight_ih=ours.input_weight, vector_u=ours.transition.diagonal, bias_ih=ours.bias)
    torch.testing.assert_close(ours(x)[0], other(x)[0])


@torch.no_grad()
def fill(network: torch.nn.Module, **values: Tensor) -> None:
    own = {name.rsplit(".", 1)[-1]: parameter for name, parameter in network.named_parameters()}
    assert own.keys() == values.keys()
    for name, value in values.items():
        own[name].copy_(value.detach().reshape(own[name].shape))
