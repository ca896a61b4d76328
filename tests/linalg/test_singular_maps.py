import pytest
import torch

from spectral_bench.linalg import MapName, random_reflectors, reflectors_to_matrix, singular_map, svd_weight


@pytest.mark.parametrize("name", MapName)
@pytest.mark.parametrize("centre", [1.0, 0.0, -2.0])
def test_raw_zero_is_the_centre(name: str, centre: float) -> None:
    assert torch.equal(singular_map(name, 0.1, centre)(torch.zeros(4)), torch.full((4,), centre))


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "sin", "clip", "free"])
def test_inverse_gives_back_sigma(name: str) -> None:
    sigma = torch.linspace(0.6, 1.4, 9, dtype=torch.float64)
    found = singular_map(name, 0.5)
    torch.testing.assert_close(found(found.raw_of(sigma)), sigma)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-14), (torch.float32, 1e-6)], ids=str)
@pytest.mark.parametrize("name", ["sigmoid", "tanh", "sin", "clip"])
def test_the_edge_of_the_interval_can_be_started_from(name: str, dtype: torch.dtype, tolerance: float) -> None:
    found = singular_map(name, 0.5)
    sigma = torch.tensor([0.5, 1.5], dtype=dtype)
    raw = found.raw_of(sigma)
    assert raw.isfinite().all()
    torch.testing.assert_close(found(raw), sigma, rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "sin", "clip", "fixed"])
def test_what_counts_as_the_edge_depends_on_the_precision(name: str) -> None:
    found = singular_map(name, 0.0, centre=4.0)
    for dtype, off in ((torch.float32, 1e-5), (torch.float64, 1e-12)):
        sigma = torch.tensor([4.0 + off], dtype=dtype)
        torch.testing.assert_close(found(found.raw_of(sigma)), sigma, rtol=0, atol=2 * off)
    with pytest.raises(ValueError, match=r"lies outside \[4, 4\] by 1e-09"):
        found.raw_of(torch.tensor([4.0 + 1e-9], dtype=torch.float64))


@pytest.mark.parametrize(("name", "r"), [("sigmoid", 0.1), ("sigmoid", 0.0), ("clip", 0.1), ("fixed", 0.5)])
def test_a_sigma_out_of_reach_is_refused_by_value(name: str, r: float) -> None:
    with pytest.raises(ValueError, match=r"singular value 1\.25 lies outside"):
        singular_map(name, r).raw_of(torch.tensor([1.0, 1.25]))


def test_clip_is_a_hard_threshold_that_training_can_come_back_from() -> None:
    clip = singular_map("clip", 0.1)
    raw = torch.tensor([-1.0, 0.05, 1.0])
    torch.testing.assert_close(clip(raw), torch.tensor([0.9, 1.05, 1.1]))
    raw = clip.project(raw).requires_grad_()
    clip(raw).sum().backward()
    assert torch.equal(raw.grad, torch.ones(3))


@pytest.mark.parametrize("name", MapName)
def test_other_precisions_are_refused_by_every_map(name: str) -> None:
    for dtype in (torch.int64, torch.float16):
        with pytest.raises(ValueError, match=f"raw must be float32 or float64, got {dtype}"):
            singular_map(name, 0.1)(torch.ones(2, dtype=dtype))
        with pytest.raises(ValueError, match=f"sigma must be float32 or float64, got {dtype}"):
            singular_map(name, 0.1).raw_of(torch.ones(2, dtype=dtype))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sigmoidal", 0.1), "unknown map 'sigmoidal'"),
        (("sigmoid", -1.0), "got -1.0"),
        (("sigmoid", float("nan")), "got nan"),
        (("sigmoid", 0.1, float("inf")), "centre must be a finite number, got inf"),
        (("free", 0.1, 1.0, -2.0), "got -2.0"),
        (("sigmoid", 0.1, 1.0, 2.0), "penalty 2.0 needs map 'free'"),
    ],
)
def test_what_makes_no_map_is_refused(arguments: tuple[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        singular_map(*arguments)


@pytest.mark.parametrize(("name", "theirs"), [("sigmoid", "scaled_sigmoid"), ("tanh", "tanh"), ("sin", "sin")])
def test_of_the_same_factors_the_matrix_is_that_of_geotorch(name: str, theirs: str) -> None:
    geotorch = pytest.importorskip("geotorch")
    u, v = (random_reflectors(6, 6, torch.float64) for _ in range(2))
    raw = torch.linspace(-3.0, 3.0, 6, dtype=torch.float64)
    space = geotorch.AlmostOrthogonal((6, 6), lam=0.3, f=theirs)
    expected = space.submersion(reflectors_to_matrix(u), raw, reflectors_to_matrix(v))
    torch.testing.assert_close(svd_weight(u, v, singular_map(name, 0.3)(raw)), expected)
