"""Private names of PyTorch: what each is needed for, and that the kernels are right on a PyTorch that has lost it."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx

import spectral_bench
from spectral_bench.nn import GRULayer, torch_internals

T, B, D, N = 5, 2, 3, 4


@pytest.fixture(params=["as it is", "without the private names"])
def _pytorch(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "without the private names":
        for name in ("transformations_are_active", "_num_modes"):
            monkeypatch.setattr(torch_internals, name, torch_internals._is_possible)


every_pytorch = pytest.mark.usefixtures("_pytorch")


def test_no_other_file_of_the_package_uses_a_private_name() -> None:
    package = Path(spectral_bench.__file__).parent
    private = re.compile(r"\btorch\.(?:\w+\.)*_(?!_)|\bfrom torch(?:\.\w+)*(?:\._\w+| import _)")
    found = {file.name for file in package.rglob("*.py") if private.search(file.read_text(encoding="utf-8"))}
    assert found == {"torch_internals.py"}


def test_this_pytorch_answers_all_questions_itself() -> None:
    assert torch_internals._is_possible not in (torch_internals.transformations_are_active, torch_internals._num_modes)
    assert not torch_internals.transformations_are_active()
    assert not torch_internals.operations_are_watched()
    assert not torch_internals.forward_mode_is_on()
    with torch.autograd.forward_ad.dual_level():
        assert torch_internals.forward_mode_is_on()


def test_training_imports_no_compiler() -> None:
    script = (
        "import sys, torch; from spectral_bench.nn import SpectralRNN\n"
        "SpectralRNN(3, 4)(torch.randn(5, 2, 3))[0].sum().backward()\n"
        "assert 'torch._dynamo' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


@every_pytorch
def test_a_step_has_the_gradients_it_has_through_the_library() -> None:
    layer, x = GRULayer(D, N), torch.randn(T, B, D)
    layer(x)[0].square().sum().backward()
    found = {name: parameter.grad for name, parameter in layer.named_parameters()}
    layer.zero_grad()
    torch.compile(lambda: layer(x)[0].square().sum(), backend="eager")().backward()
    for name, parameter in layer.named_parameters():
        torch.testing.assert_close(found[name], parameter.grad)


@every_pytorch
def test_a_gradient_is_kept_for_a_transformation_further_out() -> None:
    layer, x = GRULayer(D, N).requires_grad_(False), torch.randn(3, T, B, D)

    def of_all(x: Tensor) -> Tensor:
        return torch.func.vmap(lambda x: layer(x)[0].square().sum())(x).sum()

    leaf = x.clone().requires_grad_()
    sum(layer(part)[0].square().sum() for part in leaf).backward()
    torch.testing.assert_close(torch.func.grad(of_all)(x), leaf.grad)


@every_pytorch
def test_a_trace_sees_one_operator_and_not_its_steps() -> None:
    layer = GRULayer(D, N)
    graph = make_fx(lambda x: layer(x)[0])(torch.randn(T, B, D)).graph
    assert [str(node.target) for node in graph.nodes if "gru" in str(node.target)] == ["spectral_bench.gru.default"]
    assert not any("addmm" in str(node.target) for node in graph.nodes)


def test_a_tensor_that_stands_for_others_has_no_values() -> None:
    answers: dict[str, bool] = {}

    def note(name: str) -> Callable[[Tensor], Tensor]:
        def ask(x: Tensor) -> Tensor:
            answers[name] = torch_internals.has_values(x)
            return x.sum()

        return ask

    x = torch.randn(3, requires_grad=True)
    note("plain")(x)
    note("meta")(x.to("meta"))
    torch.func.vmap(note("mapped"))(x.detach())
    torch.func.grad(note("differentiated"))(x.detach())
    squares = x.square()
    squares.register_hook(lambda gradient: (note("batch of gradients")(gradient), None)[1])
    torch.autograd.grad(squares, x, torch.eye(3), is_grads_batched=True)
    assert answers == {
        "plain": True,
        "meta": False,
        "mapped": False,
        "differentiated": False,
        "batch of gradients": False,
    }
