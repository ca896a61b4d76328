"""Every contender does a whole training step, and does what its name says."""

import sys
from collections.abc import Callable

import pytest
import torch
from torch import nn

from spectral_bench.bench import contenders as subject
from spectral_bench.bench import deep_networks as deep
from spectral_bench.bench import recurrences as others
from spectral_bench.bench.ceiling import ceilings
from spectral_bench.bench.contenders import Step, contenders
from spectral_bench.bench.deep_networks import deep_networks
from spectral_bench.bench.peak_memory import peak_memory
from spectral_bench.bench.recurrences import COUNTERPARTS, recurrences
from spectral_bench.bench.setting import DeepSetting, Setting
from spectral_bench.linalg import singular_values, svd_weight

TINY = Setting(hidden_size=6, length=4, batch_size=3, input_size=2, m1=2, m2=1)
TINY_DEEP = DeepSetting(hidden_size=6, length=4, batch_size=3, input_size=6, m1=2, m2=1)


def builders() -> dict[str, Callable[[], Step]]:
    return {**contenders(TINY), **recurrences(TINY), **deep_networks(TINY_DEEP)}


@pytest.mark.parametrize("name", list(builders()))
def test_a_step_leaves_a_gradient_in_every_parameter(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    modules: list[torch.nn.Module] = []
    make_step = subject.training_step
    monkeypatch.setattr(
        subject, "training_step", lambda module, *a, **k: (modules.append(module), make_step(module, *a, **k))[1]
    )
    for room in (others, deep):
        monkeypatch.setattr(room, "training_step", subject.training_step)
    builders()[name]()()
    (module,) = modules
    for parameter_name, parameter in module.named_parameters():
        assert parameter.grad is not None, parameter_name
        assert torch.isfinite(parameter.grad).all(), parameter_name


def test_the_reflector_loop_is_the_parametrization() -> None:
    loop, x = subject._ReflectorLoop(TINY).double(), TINY.inputs().double()
    with torch.no_grad():
        loop.raw.normal_()
        weight = svd_weight(loop.u.triu(), loop.v.triu(), singular_values(loop.raw, 0.01))
        h = torch.zeros(3, 6, dtype=torch.float64)
        for pre in loop.inputs(x):
            h = torch.relu(h @ weight.T + pre)
        torch.testing.assert_close(loop(x), h)


def test_the_ceilings_run() -> None:
    for step in ceilings(TINY).values():
        step()


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_peak_memory_counts_the_states_of_a_long_sequence() -> None:
    setting = Setting(hidden_size=64, length=1000, batch_size=128, m1=2, m2=2)
    states = 1000 * 128 * 64 * 4
    peak = peak_memory("svdrnn", setting, threads=1)
    assert peak is not None
    assert states < peak < 3 * states


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_a_contender_that_fails_in_its_own_process_is_named_with_the_reason() -> None:
    with pytest.raises(RuntimeError, match=r"peak memory of no such network was not measured: KeyError"):
        peak_memory("no such network", TINY, threads=1)


def test_plain_deep_networks_start_near_singular_values_of_1_and_residual_branches_do_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deep, "training_step", lambda module, *_, **__: module)
    found = {name: build() for name, build in deep_networks(TINY_DEEP).items() if name != deep.TORCH_LINEAR}
    values = {
        name: torch.stack([torch.linalg.svdvals(matrix) for matrix in module.network.weights.square()])
        for name, module in found.items()
    }
    for name in ("mlp", "svdmlp", "svdmlp, traced"):
        torch.testing.assert_close(values[name], torch.ones_like(values[name]), rtol=0, atol=0.0101)
    assert values["svdresnet"].max() <= 0.0101
    assert values["resnet"].max() - values["resnet"].min() > 0.1


def test_every_torch_network_starts_orthogonal() -> None:
    """So that no gradient vanishes where another's does not."""
    for module in (nn.RNN(2, 6), nn.LSTM(2, 6), nn.RNNCell(2, 6)):
        weights = dict(subject._norm_preserving(module).named_parameters())
        for name in (name for name in weights if name.startswith("weight_hh")):
            for block in weights[name].split(6):
                torch.testing.assert_close(block @ block.T, torch.eye(6))


@pytest.mark.parametrize("name", ["lru", "mingru"])
def test_a_time_loop_computes_what_the_scan_computes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    modules: list[torch.nn.Module] = []
    monkeypatch.setattr(others, "training_step", lambda module, x: modules.append(module))
    for builder in (name, COUNTERPARTS[name]):
        recurrences(TINY)[builder]()
    scanned, looped = modules
    looped.load_state_dict(scanned.state_dict())
    x = TINY.inputs()
    torch.testing.assert_close(looped(x)[0], scanned(x)[0])
