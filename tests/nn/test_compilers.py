"""Compiled, a training step has the gradients it has without: wherever ``.backward()`` stands, whichever the kernel."""

import shutil
from collections.abc import Callable

import pytest
import torch
from deep_module import Deep
from torch import Tensor, nn

from spectral_bench.nn import (
    DenseTransition,
    GradientTrace,
    GRULayer,
    HouseholderTransition,
    LSTMLayer,
    RecurrentLayer,
    SpectralRNN,
    SVDLinear,
    build_activation,
    svd_parametrize,
)
from spectral_bench.nn.models.lru import LRULayer
from spectral_bench.nn.models.mingru import MinGRULayer

#: Of every kernel and form one; the low-rank form is what 160 units of 12 samples take.
MODULES: dict[str, Callable[[], nn.Module]] = {
    "dense": lambda: SpectralRNN(3, 12, 2, activation="modrelu", learn_h0=True),
    "low rank": lambda: SpectralRNN(3, 160, m1=4, m2=4),
    "low rank, wide inputs": lambda: SpectralRNN(12, 160, m1=4, m2=4, activation="tanh"),
    "free": lambda: RecurrentLayer(3, DenseTransition(12), build_activation("tanh", 12)),
    "orthogonal": lambda: RecurrentLayer(3, HouseholderTransition(12, 4), build_activation("relu", 12)),
    "lstm": lambda: LSTMLayer(3, 12, learn_h0=True),
    "gru": lambda: GRULayer(3, 12),
    "scanned": lambda: MinGRULayer(3, 12),
    "scanned, complex": lambda: LRULayer(3, 12, 12, encode=True, r_min=0.0, r_max=1.0, max_phase=6.0),
    "linear": lambda: SVDLinear(3, 12),
    "deep": lambda: Deep(3),
    "parametrized": lambda: svd_parametrize(nn.Linear(3, 12), r=0.1),
}
needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="inductor needs a C++ compiler")

pytestmark = [
    # Inductor calls parts of PyTorch that PyTorch advises against.
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    # The compilers' own; inductor leaves complex operations as they are.
    pytest.mark.filterwarnings("ignore:Torchinductor does not support code generation:UserWarning"),
    pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning"),
]


def step(module: nn.Module, x: Tensor) -> Callable[[], None]:
    def run() -> None:
        output = module(x)
        states, *rest = output if isinstance(output, tuple) else (output,)
        last = rest[0] if rest else states
        (states.square().mean() + (last[0] if isinstance(last, tuple) else last).sum()).backward()

    return run


def inputs(module: nn.Module, steps: int = 7, batch: int = 12) -> Tensor:
    size = next((size for name in ("input_size", "in_features") if (size := getattr(module, name, None))), 3)
    return torch.randn(steps, batch, size)


def gradients(module: nn.Module, run: Callable[[], object]) -> dict[str, Tensor]:
    module.zero_grad()
    run()
    return {name: parameter.grad.clone() for name, parameter in module.named_parameters() if parameter.grad is not None}


def compare(module: nn.Module, compiled: Callable[[], object], eager: Callable[[], object]) -> None:
    expected, found = gradients(module, eager), gradients(module, compiled)
    assert found.keys() == expected.keys() == dict(module.named_parameters()).keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-5 * value.abs().max().item() + 1e-7, msg=name)


@pytest.fixture(autouse=True)
def _compile_anew() -> None:
    torch.compiler.reset()


@pytest.mark.parametrize("name", MODULES)
def test_backward_inside_a_compiled_function(name: str) -> None:
    module = MODULES[name]()
    run = step(module, inputs(module))
    compare(module, torch.compile(run, backend="aot_eager"), run)


@pytest.mark.parametrize(
    "name", ["dense", "low rank", "lstm", "gru", "scanned", "scanned, complex", "deep", "parametrized"]
)
def test_compiled_autograd(name: str) -> None:
    module = MODULES[name]()
    run = step(module, inputs(module))
    with torch._dynamo.config.patch(compiled_autograd=True):
        compare(module, torch.compile(run, backend="aot_eager"), run)


@pytest.mark.parametrize("name", MODULES)
@needs_compiler
def test_compiled_by_inductor_with_its_backward_pass_inside_and_by_compiled_autograd(name: str) -> None:
    module = MODULES[name]()
    run = step(module, inputs(module))
    compare(module, torch.compile(run), run)
    torch.compiler.reset()
    with torch._dynamo.config.patch(compiled_autograd=True):
        compare(module, torch.compile(run), run)


@pytest.mark.parametrize("name", ["dense", "low rank", "lstm", "gru", "scanned", "scanned, complex"])
def test_a_recurrence_is_one_graph_however_long_and_many_the_sequences(name: str) -> None:
    # A compiler may compute W in another order: over 300 steps that shows in single precision.
    module = MODULES[name]().double()
    compiled = torch.compile(module, backend="aot_eager", fullgraph=True, dynamic=True)
    for steps, batch in ((300, 3), (4, 5)):
        x = inputs(module, steps, batch).double()
        torch.testing.assert_close(compiled(x)[0], module(x)[0])
        compare(module, step(compiled, x), step(module, x))


def test_training_compiled_as_a_whole_is_training() -> None:
    def train(wrap: Callable[[Callable[[], None]], Callable[[], None]]) -> SpectralRNN:
        torch.manual_seed(0)
        module = SpectralRNN(3, 16)
        run, optimizer = wrap(step(module, inputs(module))), torch.optim.Adam(module.parameters(), lr=1e-2)
        for _ in range(5):
            optimizer.zero_grad()
            run()
            optimizer.step()
            module.constrain_()
        return module

    expected, found = train(lambda run: run), train(lambda run: torch.compile(run, backend="aot_eager"))
    for key, value in expected.state_dict().items():
        torch.testing.assert_close(found.state_dict()[key], value)


def test_gradients_are_traced_where_the_rest_is_compiled() -> None:
    module = SpectralRNN(3, 8, 2)
    x, traces = inputs(module), [GradientTrace(), GradientTrace()]

    def run(trace: GradientTrace) -> None:
        module(x, trace=trace)[1].square().sum().backward()

    run(traces[0])
    torch.compile(run, backend="aot_eager")(traces[1])
    for layer, norms in traces[0].norms.items():
        torch.testing.assert_close(traces[1].norms[layer], norms)
