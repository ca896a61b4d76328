"""Deep networks without a recurrence: what they compute, what they promise, and what is traced of them."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.autograd import forward_ad

from spectral_bench.config.load import load
from spectral_bench.diagnostics.envelope import envelope
from spectral_bench.diagnostics.gradient_decay import gradient_decay
from spectral_bench.errors import InputError
from spectral_bench.linalg import svd_weight
from spectral_bench.nn import GradientTrace, Signature, TraceAxis, build_model, layer_weights
from spectral_bench.runs.kinds import KINDS

NETWORKS = ("mlp", "resnet", "svdmlp", "svdresnet")


def network(model: str, *overrides: str, signature: Signature | None = None) -> Any:
    sizes = ["model.hidden_size=12", "model.depth=6"]
    reflectors = ["model.m1=4", "model.m2=3"] if model.startswith("svd") else []
    words = ["task=mnist", "recipe=none", f"model={model}", *sizes, *reflectors, *overrides]
    return build_model(load(words, KINDS).experiment.model, signature or Signature(2, 3, length=10, every_step=False))


def inputs(batch_size: int = 5, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(10, batch_size, 2, dtype=dtype)


def matrices(net: Any) -> list[torch.Tensor]:
    """Every square matrix, made one by one."""
    weights = net.weights
    if hasattr(weights, "first_matrix") and isinstance(weights.first_matrix, nn.Parameter):
        return list(weights.matrices)
    u, v, raw = weights.matrices.factors()
    sigma = weights.matrices.sigma_map(raw)
    return [svd_weight(*factors) for factors in zip(u, v, sigma, strict=True)]


def by_hand(net: Any, x_TBD: torch.Tensor, residual: bool) -> list[torch.Tensor]:
    """The states, by a plain loop."""

    def leaky(x: torch.Tensor) -> torch.Tensor:
        return torch.where(x > 0, x, 0.01 * x)

    x_BD = torch.stack([x_TBD[:, sample].reshape(-1) for sample in range(x_TBD.shape[1])])
    states = [leaky(x_BD @ net.weights.first().T + net.biases[0])]
    layers = list(zip(matrices(net), net.biases[1:], strict=True))
    if not residual:
        for weight, bias in layers:
            states.append(leaky(states[-1] @ weight.T + bias))
        return states
    for (enter, b1), (leave, b2) in zip(layers[::2], layers[1::2], strict=True):
        states.append(states[-1] + leaky(states[-1] @ enter.T + b1) @ leave.T + b2)
    return states


@pytest.mark.parametrize("model", NETWORKS)
def test_outputs_gradients_and_trace_are_those_of_a_plain_loop(model: str) -> None:
    net = network(model, *(["r=0.4"] if model.startswith("svd") else [])).double()
    with torch.no_grad():
        net.biases.normal_()
    x, target = inputs(dtype=torch.float64), torch.randn(5, 3, dtype=torch.float64)
    trace = GradientTrace()
    outputs, state = net(x, trace=trace)
    assert state == []
    found = torch.autograd.grad((outputs * target).sum(), list(net.parameters()))

    states = by_hand(net, x, model.endswith("resnet"))
    expected = net.readout(states[-1])
    torch.testing.assert_close(outputs, expected)
    loss = (expected * target).sum()
    of_states = torch.autograd.grad(loss, states, retain_graph=True)
    torch.testing.assert_close(trace.norms[0], torch.stack([gradient.norm(dim=1) for gradient in of_states]))
    for one, other in zip(found, torch.autograd.grad(loss, list(net.parameters())), strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("trained", ["weights.matrices.u", "biases"])
def test_the_norm_below_all_layers_is_traced_alike_by_hand_and_by_autograd(
    trained: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where nothing below them trains, so that nobody but the trace wants that gradient."""
    net, x, norms = network("svdmlp", "r=0.4").double().requires_grad_(False), inputs(dtype=torch.float64), []
    parameter = net.get_parameter(trained).requires_grad_()
    for eager in (True, False):
        monkeypatch.setattr(layer_weights, "_trains_eagerly", lambda eager=eager: eager)
        trace = GradientTrace()
        loss = net(x, trace=trace)[0].square().sum()
        torch.autograd.grad(loss, [parameter, *trace.starts])
        norms.append(trace.norms[0])
    torch.testing.assert_close(*norms)
    assert norms[0].all()


@pytest.mark.parametrize("model", NETWORKS)
def test_every_parameter_gets_a_gradient_from_the_start(model: str) -> None:
    net = network(model, *(["r=0.5"] if model.startswith("svd") else []))
    net(inputs())[0].square().sum().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert (parameter.grad.flatten(1) if parameter.grad.ndim > 1 else parameter.grad).any(), name
    stacked = [p for p in net.weights.parameters() if p.ndim == 3]
    assert all(layer.any() for p in stacked for layer in p.grad)


@pytest.mark.parametrize("model", ["svdmlp", "svdresnet"])
@pytest.mark.parametrize("activation", ["identity", "leaky_relu", "tanh"])
def test_the_jacobian_of_every_step_lies_in_the_envelope_that_the_facts_allow(model: str, activation: str) -> None:
    net = network(model, "r=0.3", f"model.activation={activation}", "model.leak=0.2").double()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(2.0 * torch.randn_like(parameter))
    net.constrain_()
    facts = net.facts()
    assert facts.trace_axis is TraceAxis.depth
    allowed = envelope(facts.sigma, facts.slopes, facts.step)
    trace = GradientTrace()
    net(inputs(64, torch.float64), trace=trace)[0].square().sum().backward()
    norms = trace.norms[0].numpy()
    assert allowed.first_outside(np.arange(64), norms.T) is None
    # The bounds are no looser than they have to be: a network of single steps comes near them.
    low, high = allowed.bounds(np.array([1]))
    ratios = norms[:-1] / norms[1:]
    assert ratios.max() > 1.0 or activation != "identity"
    assert (ratios >= low * 0.999).all()
    assert (ratios <= high * 1.001).all()
    for values in net.singular_values().values():
        assert (values >= facts.sigma[0] - 1e-12).all()
        assert (values <= facts.sigma[1] + 1e-12).all()


def test_the_gain_of_a_linear_network_is_bounded_by_the_product_over_its_layers() -> None:
    net = network("svdmlp", "r=0.1", "model.activation=identity", "model.depth=20").double()
    with torch.no_grad():
        net.weights.matrices.raw.normal_(std=4.0)
    product = torch.eye(12, dtype=torch.float64)
    for weight in net.weights.square():
        product = weight @ product
    gains = torch.linalg.svdvals(product)
    assert gains.max() <= 1.1**20
    assert gains.min() >= 0.9**20


def test_a_network_of_200_layers_keeps_its_gradient_and_a_free_one_loses_it() -> None:
    verdicts = {}
    for model, activation in (("svdmlp", "identity"), ("svdresnet", "leaky_relu"), ("mlp", "leaky_relu")):
        net = network(model, "model.depth=200", f"model.activation={activation}")
        trace = GradientTrace()
        net(inputs(32), trace=trace)[0].square().sum().backward()
        norms = trace.norms[0].mean(dim=1).numpy()
        assert len(norms) == (101 if model == "svdresnet" else 201)
        verdicts[model] = gradient_decay(norms).verdict
    assert verdicts["mlp"] == "vanishing"
    assert {verdicts["svdmlp"], verdicts["svdresnet"]} <= {"fading", "level", "growing"}


@pytest.mark.parametrize("model", ["svdmlp", "svdresnet"])
@pytest.mark.parametrize("activation", ["leaky_relu", "modrelu"])
@pytest.mark.parametrize("batch_size", [5, 64])
def test_the_form_that_the_batch_size_decides_changes_nothing(model: str, activation: str, batch_size: int) -> None:
    """Of 64 samples matrices are built; of 5 they are not, nor without gradients and under ``torch.func``."""
    net = network(model, "r=0.4", f"model.activation={activation}").double()
    x = inputs(batch_size, torch.float64)
    expected = net.readout(by_hand(net, x, model == "svdresnet")[-1]) if activation == "leaky_relu" else None
    outputs, _ = net(x)
    parameters = dict(net.named_parameters())
    found = torch.autograd.grad(outputs.square().sum(), list(parameters.values()), materialize_grads=True)

    def loss(values: dict[str, torch.Tensor]) -> torch.Tensor:
        return torch.func.functional_call(net, values, (x,))[0].square().sum()

    by_transformation = torch.func.grad(loss)({name: p.detach() for name, p in parameters.items()})
    for gradient, name in zip(found, parameters, strict=True):
        torch.testing.assert_close(gradient, by_transformation[name], rtol=0, atol=1e-10)
    with torch.no_grad():
        torch.testing.assert_close(net(x)[0], outputs)
    if expected is not None:
        torch.testing.assert_close(outputs, expected)


def test_a_deep_network_has_a_second_derivative() -> None:
    net = network("svdmlp", "model.activation=tanh").double()
    x = inputs(dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradgradcheck(lambda x: net(x)[0], (x,))


@pytest.mark.parametrize("model", ["svdmlp", "svdresnet"])
def test_batches_of_gradients_are_those_one_by_one(model: str) -> None:
    net, x = network(model, "r=0.4").double(), inputs(dtype=torch.float64).requires_grad_()
    outputs, wanted = net(x)[0], [x, *net.parameters()]
    directions = torch.randn(3, *outputs.shape, dtype=torch.float64)
    for create_graph in (False, True):
        options: dict[str, Any] = {"retain_graph": True, "create_graph": create_graph}
        batches = torch.autograd.grad(outputs, wanted, directions, is_grads_batched=True, **options)
        singles = [torch.autograd.grad(outputs, wanted, direction, retain_graph=True) for direction in directions]
        for batch, single in zip(batches, zip(*singles, strict=True), strict=True):
            torch.testing.assert_close(batch, torch.stack(single))


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")  # PyTorch's own
def test_derivatives_in_forward_mode_and_vectorised_hessians_are_those_in_reverse() -> None:
    functional = torch.autograd.functional
    net, x = network("svdmlp", "r=0.4", "model.activation=tanh").double(), inputs(2, torch.float64)

    def outputs(x: torch.Tensor) -> torch.Tensor:
        return net(x)[0]

    jacobian, direction = functional.jacobian(outputs, x), torch.randn_like(x)
    torch.testing.assert_close(functional.jacobian(outputs, x, vectorize=True), jacobian)
    torch.testing.assert_close(functional.jacobian(outputs, x, vectorize=True, strategy="forward-mode"), jacobian)
    with forward_ad.dual_level():
        tangent = forward_ad.unpack_dual(outputs(forward_ad.make_dual(x, direction))).tangent
        torch.testing.assert_close(tangent, torch.tensordot(jacobian, direction, 3))
    expected = functional.hessian(lambda x: outputs(x).square().sum(), x)
    found = functional.hessian(lambda x: outputs(x).square().sum(), x, vectorize=True)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("model", ["svdmlp", "svdresnet"])
@pytest.mark.parametrize("activation", ["leaky_relu", "modrelu"])
@pytest.mark.parametrize("batch_size", [5, 64])
@pytest.mark.parametrize("training", [True, False])
def test_under_autocast_bounded_layers_keep_their_precision(
    model: str, activation: str, batch_size: int, training: bool
) -> None:
    net = network(model, "r=0.4", f"model.activation={activation}")
    h0, *activations = torch.randn(batch_size, 12), *net.activations[1:]

    def last(h0: torch.Tensor) -> torch.Tensor:
        return net.weights.run(h0, net.biases[1:], activations, residual=net.residual, trace=None)

    with torch.set_grad_enabled(training):
        expected = last(h0)
        with torch.autocast("cpu", torch.bfloat16):
            found = last(h0)
            assert last(h0.bfloat16()).dtype is torch.float32
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
    if training:
        gradients = [torch.autograd.grad(h.sum(), net.weights.matrices.u)[0] for h in (found, expected)]
        torch.testing.assert_close(*gradients, rtol=0, atol=1e-5)


def test_parameters_are_counted_without_the_triangles_below_diagonals() -> None:
    n, depth, d, k, m = 128, 30, 784, 10, 16
    signature = Signature(1, k, length=d, every_step=False)
    sizes = [f"model.hidden_size={n}", f"model.depth={depth}"]
    readout, biases = n * k + k, n * (depth + 1)
    free = network("mlp", *sizes, signature=signature).num_parameters()
    assert free == d * n + depth * n * n + biases + readout
    triangle = m * (m - 1) // 2
    bounded = network("svdmlp", *sizes, "model.m1=16", "model.m2=16", signature=signature).num_parameters()
    first = m * n - triangle + m * d - triangle + n
    assert bounded == first + depth * (2 * (m * n - triangle) + n) + biases + readout


def test_a_first_layer_with_fewer_inputs_than_reflectors_takes_as_many_as_there_are() -> None:
    net = network("svdmlp", "model.m2=8", signature=Signature(1, 2, length=5, every_step=False))
    assert net.weights.first_matrix.v.shape == (5, 5)
    values = torch.linalg.svdvals(net.weights.first().double())
    assert ((values - 1).abs() < 0.01 + 1e-6).all()


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["model=mlp", "model.depth=0"], "model.depth=0: expected at least 1"),
        (["model=resnet", "model.depth=7"], "model.depth=7: expected an even number"),
        (["model=svdmlp", "model.m1=200"], "model.m1=200: expected 0 to model.hidden_size=128"),
        (["model=svdmlp", "r=-1"], "r=-1"),
    ],
)
def test_what_makes_no_network_is_refused(overrides: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(["task=mnist", *overrides], KINDS)


@pytest.mark.parametrize(
    ("signature", "why"),
    [
        (Signature(10, 9, length=12, every_step=True), "model=mlp: .*wants a prediction at every step"),
        (Signature(10, 9, length=12, every_step=False, embedding_size=4), "reads tokens"),
    ],
)
def test_a_task_that_is_no_single_prediction_from_numbers_is_refused(signature: Signature, why: str) -> None:
    with pytest.raises(InputError, match=why):
        network("mlp", signature=signature)


def test_a_residual_branch_with_centre_1_draws_a_warning() -> None:
    def warnings(*words: str) -> list[str]:
        return load(["task=mnist", "recipe=none", *words], KINDS).warnings

    (said,) = warnings("model=svdresnet", "model.centre=1")
    assert said.startswith("model.centre=1: ")
    assert said.endswith("0 keeps it near 1.")
    assert warnings("model=svdresnet") == warnings("model=svdmlp", "model.centre=1") == []
