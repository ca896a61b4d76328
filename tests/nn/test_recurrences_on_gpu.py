"""The recurrences compute on an NVIDIA GPU what they do on a CPU; where there is none, all of this is skipped."""

import fused_against_loop
import pytest
import torch
from torch import Tensor, nn

from spectral_bench.nn.activations import ActivationName, build_activation
from spectral_bench.nn.gated import GRULayer, LSTMLayer
from spectral_bench.nn.gradient_trace import GradientTrace
from spectral_bench.nn.kernels import buffers, fused
from spectral_bench.nn.kernels.gated_by_cudnn import keep_float32
from spectral_bench.nn.recurrent import RecurrentLayer
from spectral_bench.nn.transitions import DenseTransition, HouseholderTransition, SVDTransition

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU is here")


def recurrent(transition: nn.Module) -> RecurrentLayer:
    return RecurrentLayer(3, transition, build_activation("tanh", transition.hidden_size, 0.0))


LAYERS = {
    "low rank": (lambda: recurrent(SVDTransition(128, 16, 16, r=0.01)), True),
    "low rank, wide": (lambda: recurrent(SVDTransition(512, 16, 16, r=0.01)), True),
    "low rank, too wide": (lambda: recurrent(SVDTransition(512, 32, 32, r=0.01)), False),
    "dense": (lambda: recurrent(DenseTransition(128, "orthogonal")), True),
    "dense, too wide": (lambda: recurrent(DenseTransition(200, "orthogonal")), False),
    "householder": (lambda: recurrent(HouseholderTransition(128, 16)), True),
    "lstm": (lambda: LSTMLayer(3, 128), False),
    "gru": (lambda: GRULayer(3, 128), False),
}


@pytest.mark.parametrize("form", ["dense", "low rank"])
@pytest.mark.parametrize("activation", ActivationName)
def test_the_fused_kernels_compute_what_the_plain_loop_does(
    form: str, activation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buffers, "_CHUNK_ELEMENTS_GPU", 1)
    monkeypatch.setattr(buffers, "_CHUNK_ROWS", 8)
    torch.manual_seed(1)
    fused_against_loop.compare(form, activation, "cuda")


def trained_step(layer: nn.Module, x_TBD: Tensor) -> dict[str, Tensor]:
    """The states, all gradients and the traced norms, in double precision on the CPU."""
    x_TBD.requires_grad_()
    trace = GradientTrace()
    states_TBN, final = layer(x_TBD, trace=trace)
    (states_TBN.sin().sum() + final[0].square().sum()).backward()
    gradients = {name: parameter.grad for name, parameter in layer.named_parameters()}
    found = {"states": states_TBN.detach(), "x": x_TBD.grad, "norms": trace.norms[0], **gradients}
    return {name: value.cpu().double() for name, value in found.items()}


@pytest.mark.parametrize(("build", "is_fused"), LAYERS.values(), ids=LAYERS)
def test_layers_of_real_sizes_compute_what_they_do_on_a_cpu(
    build: object, is_fused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(2)
    layer, x_TBD = build(), torch.randn(150, 300, 3)
    launches = []
    run = fused._FusedForm.run
    monkeypatch.setattr(fused._FusedForm, "run", lambda *arguments: launches.append(1) or run(*arguments))
    expected = trained_step(layer.double(), x_TBD.double())
    layer.zero_grad()
    actual = trained_step(layer.float().to("cuda"), x_TBD.to("cuda"))
    assert len(launches) == (len(buffers.chunks(150, 300, layer.hidden_size, on_gpu=True)) if is_fused else 0)
    for name, value in expected.items():
        error = float((actual[name] - value).norm() / value.norm())
        assert error < 5e-5, f"{name}: off by {error:.1e} of its norm"


@pytest.mark.parametrize("layer_type", [LSTMLayer, GRULayer])
def test_gated_layers_untraced_are_what_they_are_traced(
    layer_type: type[nn.Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)  # restored after the test
    keep_float32()
    torch.manual_seed(3)
    layer, x_TBD = layer_type(3, 128).to("cuda"), torch.randn(150, 300, 3, device="cuda")
    outcomes = []
    for trace in (None, GradientTrace()):
        layer.zero_grad()
        states_TBN, final = layer(x_TBD, trace=trace)
        (states_TBN.sin().sum() + final[-1].square().sum()).backward()
        outcomes.append([states_TBN.detach(), *(parameter.grad.clone() for parameter in layer.parameters())])
    for untraced, traced in zip(*outcomes, strict=True):
        error = float((untraced - traced).norm() / traced.norm())
        assert 0.0 < error < 5e-5  # 0 would be the same kernel
