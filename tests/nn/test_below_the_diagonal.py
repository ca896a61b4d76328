"""Entries of reflectors that are zero by construction mean nothing, whatever an optimizer makes of them."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from spectral_bench.nn import HouseholderTransition, SpectralRNN, SVDLinear, SVDTransition, constrain_, svd_parametrize

N = 6


class Transformed(nn.Module):
    """A transition as a layer without memory."""

    def __init__(self, transition: SVDTransition | HouseholderTransition) -> None:
        super().__init__()
        self.transition = transition

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.transition.weight().T


class Last(nn.Module):
    """The last output of a network over two time steps."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = SpectralRNN(N, N, 2, r=0.5)

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(x.expand(2, *x.shape))[0][1]


MODULES: dict[str, Callable[[], nn.Module]] = {
    "linear": lambda: SVDLinear(N, N, r=0.5),
    "network": Last,
    "parametrized": lambda: svd_parametrize(nn.Linear(N, N), r=0.5, start="random"),
    "transition": lambda: Transformed(SVDTransition(N, 5, 4, r=0.5)),
    "orthogonal": lambda: Transformed(HouseholderTransition(N, 4)),
}
X = torch.randn(32, N, generator=torch.Generator().manual_seed(1))
Y = X @ torch.linalg.qr(torch.randn(N, N, generator=torch.Generator().manual_seed(2))).Q


def by_muon(module: nn.Module) -> None:
    optimizer = torch.optim.Muon([p for p in module.parameters() if p.ndim == 2], lr=1e-2)
    for _ in range(5):
        optimizer.zero_grad()
        (module(X) - Y).square().mean().backward()
        optimizer.step()


def by_noise(module: nn.Module) -> None:
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    (module(X) - Y).square().mean().backward()
    for parameter in module.parameters():
        parameter.grad += 1e-3 * torch.randn_like(parameter)
    optimizer.step()


def by_init(module: nn.Module) -> None:
    for parameter in module.parameters():
        if parameter.ndim == 2:
            nn.init.xavier_uniform_(parameter)


def reflectors(module: nn.Module) -> list[Tensor]:
    names = ("u", "v", "reflectors", "original0", "original1")
    return [parameter for name, parameter in module.named_parameters() if name.split(".")[-1] in names]


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("fill", [by_muon, by_noise, by_init])
def test_what_was_filled_loads_and_computes_what_its_upper_triangle_says(name: str, fill: Callable) -> None:
    module, loaded = MODULES[name](), MODULES[name]()
    fill(module)
    assert any(rows.tril(-1).any() for rows in reflectors(module))
    loaded.load_state_dict(module.state_dict())
    before = module(X).detach()
    assert torch.equal(loaded(X), before)
    with torch.no_grad():
        for rows in reflectors(loaded):
            rows.triu_()
    assert torch.equal(loaded(X), before)
    for part in module.modules():
        if hasattr(part, "in_radius"):
            assert part.in_radius()
            assert part.spectral_margin() <= 0.5


@pytest.mark.parametrize("name", [name for name in MODULES if name != "network"])
@pytest.mark.parametrize("fill", [by_muon, by_noise, by_init])
def test_renormalising_counts_the_upper_triangle_alone_and_leaves_the_rest_at_zero(name: str, fill: Callable) -> None:
    module = MODULES[name]()
    fill(module)
    before = module(X).detach()
    constrain_(module)
    if name == "linear":
        module.constrain_()
    for rows in reflectors(module):
        torch.testing.assert_close(rows.norm(dim=1), torch.ones(len(rows)))
        assert not rows.tril(-1).any()
    torch.testing.assert_close(module(X), before)
