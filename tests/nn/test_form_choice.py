"""The cost rule agrees with the times it was fitted to, on both sides of its switch."""

import pytest

from spectral_bench.nn.kernels.form_choice import use_low_rank

#: Microseconds of CPU a time step (forward and backward) took on one core of an AMD EPYC (Zen 4), torch 2.13:
#: n, B, the dense form, and the low-rank form by rank.
MEASURED = [
    (128, 4, 19.4, {8: 22.7, 16: 21.8, 32: 24.4, 48: 25.2, 64: 27.2}),
    (256, 4, 42.7, {16: 27.1, 32: 28.8, 64: 36.9, 96: 44.1, 128: 54.1}),
    (512, 4, 174.6, {32: 54.9, 64: 66.1, 128: 103.7, 192: 146.4, 256: 184.1}),
    (32, 32, 17.2, {2: 25.5, 4: 25.5, 8: 28.1, 12: 26.1, 16: 25.8}),
    (64, 32, 24.9, {4: 30.0, 8: 35.4, 16: 30.2, 24: 32.9, 32: 37.0}),
    (128, 32, 52.4, {8: 43.4, 16: 37.3, 32: 46.4, 48: 55.8, 64: 65.7}),
    (256, 32, 195.3, {16: 71.5, 32: 79.2, 64: 127.7, 96: 167.2, 128: 196.0}),
    (512, 32, 654.7, {32: 152.8, 64: 241.4, 128: 399.2, 192: 541.4, 256: 684.4}),
    (32, 128, 31.3, {2: 39.7, 4: 42.1, 8: 50.6, 12: 46.0, 16: 41.0}),
    (64, 128, 64.1, {4: 68.0, 8: 80.3, 16: 63.2, 24: 80.1, 32: 90.6}),
    (128, 128, 186.8, {8: 131.5, 16: 117.3, 32: 145.0, 48: 191.8, 64: 217.8}),
    (256, 128, 625.0, {16: 199.3, 32: 275.9, 64: 429.1, 96: 589.1, 128: 712.0}),
    (512, 128, 2332.8, {32: 539.9, 64: 820.9, 128: 1371.6, 192: 1956.9, 256: 2478.3}),
]


@pytest.mark.parametrize(("n", "batch_size", "dense", "low_rank"), MEASURED)
def test_the_rule_never_costs_a_fifth_more_than_the_better_form(
    n: int, batch_size: int, dense: float, low_rank: dict[int, float]
) -> None:
    for rank, time in low_rank.items():
        chosen = time if use_low_rank(n, rank, batch_size) else dense
        assert chosen <= 1.2 * min(time, dense), f"rank {rank}"


def test_the_switch_moves_with_each_size() -> None:
    assert use_low_rank(128, 32, 128)
    assert not use_low_rank(128, 64, 128), "too high a rank"
    assert not use_low_rank(64, 32, 128), "too small a matrix"
    assert not use_low_rank(128, 32, 4), "too small a batch to pay for more calls"
