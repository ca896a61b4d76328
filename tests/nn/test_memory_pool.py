"""Memory is leased for as long as anybody can see it, and found again by the next who asks."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from spectral_bench.nn.activations import build_activation
from spectral_bench.nn.kernels import buffers
from spectral_bench.nn.kernels.memory_pool import Pool
from spectral_bench.nn.recurrent import RecurrentLayer
from spectral_bench.nn.transitions import DenseTransition


def test_the_next_tensor_of_that_size_finds_the_memory_of_the_last() -> None:
    pool = Pool()
    tensor = pool.empty((64, 1024), torch.float32)
    place = tensor.data_ptr()
    del tensor
    assert pool.empty((1024, 64), torch.float32).data_ptr() == place


@pytest.mark.parametrize("keep", [lambda t: t[3:5], lambda t: t.untyped_storage(), lambda t: t.numpy()])
def test_memory_that_somebody_still_sees_is_not_given_to_another(keep: object) -> None:
    pool = Pool()
    tensor = pool.empty((64, 1024), torch.float32).fill_(1.0)
    place = tensor.data_ptr()
    seen = keep(tensor)  # type: ignore[operator]
    del tensor
    other = pool.empty((64, 1024), torch.float32).fill_(2.0)
    assert other.data_ptr() != place
    del seen
    assert pool.empty((64, 1024), torch.float32).data_ptr() == place


def test_leased_and_free_blocks_are_never_more_than_was_leased_at_once() -> None:
    pool = Pool()

    def held() -> int:
        return pool._leased + sum(len(free.block) for free in pool._free)

    first, second, third = (pool.empty((size,), torch.uint8) for size in (1000, 3000, 9000))
    del first, second, third  # in this order
    assert held() == 13000
    small = pool.empty((400,), torch.uint8)  # no block of more than twice the size is held for it
    assert held() == 12400
    large = pool.empty((12000,), torch.uint8)
    assert held() == 12400
    larger = pool.empty((20000,), torch.uint8)
    assert held() == 32400
    del small, large, larger
    assert held() == 32400
    assert not pool._leased


def test_a_block_that_nobody_wants_for_long_goes_back() -> None:
    pool = Pool()
    del [pool.empty((2048,), torch.float64) for _ in range(5)][:]
    assert len(pool._free) == 5
    for _ in range(257):
        pool.empty((2048,), torch.float64)
    assert len(pool._free) == 1


def test_a_tensor_from_the_pool_is_no_view() -> None:
    tensor = Pool().empty((3, 5), torch.float64)
    assert tensor._base is None
    assert tensor.is_contiguous()
    assert tensor.dtype == torch.float64


def test_a_default_device_elsewhere_changes_nothing() -> None:
    with torch.device("meta"):
        assert Pool().empty((4, 5), torch.float32).device.type == "cpu"


def test_threads_never_share_a_block() -> None:
    pool = Pool()

    def lease(number: int) -> bool:
        return all(bool((pool.empty((5000,), torch.float32).fill_(number) == number).all()) for _ in range(200))

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(lease, range(4)))


def test_more_than_the_system_has_is_a_memory_error() -> None:
    with pytest.raises(MemoryError, match="cannot allocate memory: 4611686018427387904 bytes"):
        Pool().empty((2**60,), torch.float32)


def test_updates_of_a_layer_reuse_memory_and_states_kept_from_one_survive_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pool = Pool()
    monkeypatch.setattr(buffers, "_POOL", pool)
    monkeypatch.setattr(buffers, "_POOLED_FROM", 1)
    layer = RecurrentLayer(2, DenseTransition(6), build_activation("tanh", 6))
    x = torch.randn(9, 4, 2)
    kept, _ = layer(x)
    before = kept.detach().clone()
    blocks = []
    for _ in range(5):
        layer(torch.randn(9, 4, 2))[0].sum().backward()
        blocks.append({id(free.block) for free in pool._free})
    assert blocks == blocks[:1] * 5
    assert torch.equal(kept.detach(), before)


def test_states_from_the_pool_can_be_changed_in_place_like_any_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buffers, "_POOL", Pool())
    monkeypatch.setattr(buffers, "_POOLED_FROM", 1)
    layer = RecurrentLayer(2, DenseTransition(6), build_activation("tanh", 6))
    states, _ = layer(torch.randn(9, 4, 2))
    states.detach_()
    scale = torch.ones((), requires_grad=True)
    states *= scale
    states.sum().backward()
    assert scale.grad is not None
