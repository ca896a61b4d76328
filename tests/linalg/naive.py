"""The definitions, written with loops over reflectors: slow, obvious, and independent of the package."""

import torch
from torch import Tensor


def product(rows: Tensor) -> Tensor:
    """H(row 0) H(row 1) .. as a matrix."""
    size = rows.shape[-1]
    result = torch.eye(size, dtype=rows.dtype)
    for row in rows:
        if row.any():
            result = result @ (torch.eye(size, dtype=rows.dtype) - 2.0 * torch.outer(row, row) / row.dot(row))
    return result


def weight(u: Tensor, v: Tensor, sigma: Tensor) -> Tensor:
    """U diag(sigma) V^T."""
    middle = torch.zeros(u.shape[-1], v.shape[-1], dtype=u.dtype)
    middle.diagonal().copy_(sigma)
    return product(u) @ middle @ product(v).T


def rows(m: int, n: int, dtype: torch.dtype = torch.float64, seed: int = 0) -> Tensor:
    """Upper triangular normal rows."""
    generator = torch.Generator().manual_seed(1000 * m + n + 100_000 * seed)
    return torch.randn(m, n, dtype=torch.float64, generator=generator).triu().to(dtype)
