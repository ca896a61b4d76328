"""Compares the fused kernels with the plain loop; as a script on a CPU, with TRITON_INTERPRET=1."""

import copy
import itertools

import torch
from test_recurrence_kernel import arguments, make_activation, make_operator
from torch import Tensor

from spectral_bench.nn.activations import ActivationName, ReLU
from spectral_bench.nn.gradient_trace import GradientTrace
from spectral_bench.nn.kernels import buffers, fused, reference
from spectral_bench.nn.kernels.forms import DenseForm, LowRankForm
from spectral_bench.nn.kernels.recurrence import recurrence

#: Which gradients come from outside: of h_T; of every state, in strides that are not the states' own, or in none.
LOSSES = {
    "last": lambda states_TBN, last_BN, weights_BN: (last_BN * weights_BN).sum(),
    "states, batch first": lambda states_TBN, last_BN, weights_BN: (
        (states_TBN.transpose(0, 1) * weights_BN.unsqueeze(1)).sum() + (last_BN * weights_BN).sum()
    ),
    "their sum": lambda states_TBN, last_BN, weights_BN: states_TBN.sum(),
}


#: Of steps, batch, inputs, hidden size and rank.
RANGES = (1, 9), (1, 4), (1, 9), (1, 40), (0, 10)


def results(function, tensors, operator, activation, weights_BN, loss: str, traced: bool) -> dict[str, Tensor]:
    """Outputs, gradients and gradient norms of one forward and backward pass."""
    trace = GradientTrace() if traced else None
    states_TBN, last_BN = function(*tensors, operator, activation, trace)
    leaves = [*tensors, *operator, *activation.parameters()]
    gradients = torch.autograd.grad(LOSSES[loss](states_TBN, last_BN, weights_BN), leaves)
    named = {f"gradient {i}": gradient for i, gradient in enumerate(gradients)}
    return {"states": states_TBN, "last": last_BN} | named | ({} if trace is None else {"norms": trace.norms[0]})


def moved(tensors, operator, activation, weights_BN, device: str, dtype: torch.dtype) -> tuple:
    """Copies of a case, elsewhere and in another precision."""

    def leaves(given) -> list[Tensor]:
        return [tensor.detach().to(device, dtype).requires_grad_() for tensor in given]

    of_type = type(operator)(*leaves(operator))
    return leaves(tensors), of_type, copy.deepcopy(activation).to(device, dtype), weights_BN.to(device, dtype)


def pretend_to_be_a_gpu() -> None:
    """Every tensor says that it is on a GPU; Triton's interpreter takes those of a CPU."""
    torch.Tensor.is_cuda = property(lambda _: True)
    fused.available = lambda: True
    buffers._CHUNK_ELEMENTS_GPU, buffers._CHUNK_ROWS = 1, 8  # chunks of 8 // b steps


def compare(form: str, activation_name: str, device: str = "cpu") -> None:
    """Every loss and tracing, each of a random shape; the reference computes in double precision."""
    for loss, traced in itertools.product(LOSSES, [False, True]):
        t, b, d, n, rank = (int(torch.randint(least, most + 1, ())) for least, most in RANGES)
        tensors = arguments(t, b, d, n, torch.float32)
        operator, activation = (
            make_operator(form, n, rank, torch.float32),
            make_activation(activation_name, n, torch.float32),
        )
        weights_BN = torch.randn(b, n)
        here = moved(tensors, operator, activation, weights_BN, device, torch.float32)
        actual = results(recurrence, *here, loss, traced)
        in_double = moved(tensors, operator, activation, weights_BN, "cpu", torch.float64)
        expected = results(reference.reference_recurrence, *in_double, loss, traced)
        case = f"{form}, {activation_name}, {loss}, {traced=}, {t=}, {b=}, {d=}, {n=}, {rank=}"
        assert actual.keys() == expected.keys(), case
        for key, value in expected.items():
            if value.numel():
                error, size = (actual[key].to("cpu") - value).abs().max(), value.abs().max()
                assert error <= 1e-5 * max(1.0, size), f"{case}: {key} of size {size} off by {error}"


def choose() -> None:
    """What fits the registers of a program is fused, in single precision."""
    for form, n, rank, dtype, expected in [
        ("dense", 128, 0, torch.float32, fused.FusedDenseForm),
        ("dense", 129, 0, torch.float32, DenseForm),
        ("dense", 128, 0, torch.float64, DenseForm),
        ("low rank", 512, 32, torch.float32, fused.FusedLowRankForm),
        ("low rank", 513, 32, torch.float32, LowRankForm),
        ("low rank", 512, 33, torch.float32, LowRankForm),
        ("low rank", 512, 32, torch.float64, LowRankForm),
    ]:
        *_, input_weight_ND, bias_N = arguments(1, 1, 1, n, dtype)
        activation = make_activation("relu", n, dtype)
        chosen = type(fused.form_of(make_operator(form, n, rank, dtype), input_weight_ND, bias_N, activation))
        assert chosen is expected, f"{chosen} for a {form} W of {n=}, {rank=}, {dtype}"


class Sine(ReLU):
    name = "sine"
    """An activation of somebody else, which inherits a name that the kernels know."""


def leave_alone() -> None:
    """What the kernels do not know is not theirs to compute."""
    *_, input_weight_ND, bias_N = arguments(1, 1, 1, 8, torch.float32)
    for form, expected in (("dense", DenseForm), ("low rank", LowRankForm)):
        operator = make_operator(form, 8, 2, torch.float32)
        assert type(fused.form_of(operator, input_weight_ND, bias_N, Sine())) is expected


if __name__ == "__main__":
    torch.manual_seed(1)
    pretend_to_be_a_gpu()
    choose()
    leave_alone()
    for case in itertools.product(["dense", "low rank"], ActivationName):
        compare(*case)
