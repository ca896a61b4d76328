"""The independent numerical cases that came with the design."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from spectral_bench.linalg import singular_values, svd_low_rank, svd_weight

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = sorted(path.stem for path in GOLDEN.glob("*.npz") if path.stem != "recurrence")
PRECISIONS = [(torch.float64, 1e-10), (torch.float32, 1e-5)]


def load(name: str, dtype: torch.dtype) -> dict[str, Tensor]:
    with np.load(GOLDEN / f"{name}.npz") as arrays:
        return {key: torch.tensor(arrays[key]).to(dtype) for key in arrays.files}


def close(actual: Tensor, expected: Tensor, tolerance: float) -> bool:
    return torch.allclose(actual, expected, rtol=tolerance, atol=tolerance)


def test_all_golden_cases_are_here() -> None:
    assert len(CASES) == 7


@pytest.mark.parametrize(("dtype", "tolerance"), PRECISIONS, ids=["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_weight_product_and_gradients(name: str, dtype: torch.dtype, tolerance: float) -> None:
    case = load(name, dtype)
    u, v, p, h = (case[key].clone().requires_grad_() for key in "uvph")
    sigma = singular_values(p, case["r"].item(), case["centre"].item())
    assert close(sigma, case["sigma"], tolerance)
    weight = svd_weight(u, v, sigma)
    assert close(weight, case["weight"], tolerance)
    product = h @ weight.T
    assert close(product, case["product"], tolerance)
    loss = (product * case["c"]).sum()
    assert close(loss, case["loss"], tolerance)
    loss.backward()
    for key, parameter in (("u", u), ("v", v), ("p", p), ("h", h)):
        assert parameter.grad is not None
        if f"grad_{key}" in case:
            # The gradients of the cases are central differences, good to 1e-9; test_svd_gradients.py has exact ones.
            assert close(parameter.grad, case[f"grad_{key}"], max(tolerance, 2e-9)), key


@pytest.mark.parametrize(("dtype", "tolerance"), PRECISIONS, ids=["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_low_rank_product(name: str, dtype: torch.dtype, tolerance: float) -> None:
    case = load(name, dtype)
    diagonal, left, right = svd_low_rank(case["u"], case["v"], case["sigma"])
    h, k = case["h"], len(diagonal)
    scaled = torch.zeros(len(h), case["u"].shape[1], dtype=dtype)
    scaled[:, :k] = h[:, :k] * diagonal
    assert close(scaled + (h @ left) @ right, case["product"], tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), PRECISIONS, ids=["float64", "float32"])
def test_recurrence_and_its_gradient_norms(dtype: torch.dtype, tolerance: float) -> None:
    case = load("recurrence", dtype)
    weight = svd_weight(case["u"], case["v"], singular_values(case["p"], case["r"].item()))
    h = torch.zeros(5, 12, dtype=dtype, requires_grad=True)
    states = [h]
    for x in case["x"]:
        h = torch.nn.functional.leaky_relu(h @ weight.T + x @ case["m"].T + case["b"], case["leak"].item())
        h.retain_grad()
        states.append(h)
    assert close(torch.stack(states).detach(), case["states"], tolerance)
    h.square().sum().backward()
    norms = torch.stack([state.grad.norm(dim=1).mean() for state in states if state.grad is not None])
    assert close(norms, case["gradient_norms"], tolerance)
