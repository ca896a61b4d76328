"""Diagonal plus low rank of many matrices W_l = U_l diag(σ_l) V_lᵀ at once, differentiated by hand.

Autograd through ``svd_low_rank`` passes over the factors of all layers some sixty times, and a hundred layers of them
fit no cache; the closed form does so some twenty times. With U = I − AᵀP and V = I − BᵀQ (docs/svd.md),

    W_lᵀ = Σ + L R,   L = [Bᵀ, −ΣPᵀ],   R = [K A − E; A],   E = QΣ,   K = E Pᵀ;

docs/kernels.md derives the gradients.

Axes: L layers, M1 and M2 reflectors of U and V, M both together, K = min(out, in).
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd import Function

from spectral_bench.linalg import svd_low_rank
from spectral_bench.linalg.autocast import without_autocast
from spectral_bench.linalg.reflectors import compact_triangle, row_divisors
from spectral_bench.linalg.svd import scale_and_resize
from spectral_bench.nn.kernels.gradients_by_operations import gradients_by_operations, wants_operations


def layer_factors(u: Tensor, v: Tensor, sigma_LK: Tensor) -> tuple[Tensor, Tensor]:
    """Lᵀ and R of every matrix, shapes (L, M, in) and (L, M, out); twice differentiable in what depends on L R alone.

    Args:
        u: reflectors of every U, shape (L, M1, out); what stands below the diagonals is not read.
        v: reflectors of every V, shape (L, M2, in), likewise.
        sigma_LK: the diagonals.
    """
    left, right = _LayerFactors.apply(u, v, sigma_LK)  # type: ignore[no-untyped-call]
    return left, right


class _Reflectors(NamedTuple):
    """Products of reflectors I − AᵀP, P = S⁻¹A; the rows A are the parameters divided by constants."""

    rows: Tensor
    solved: Tensor
    triangle: Tensor
    divisors: Tensor

    @staticmethod
    def of(parameters: Tensor, out: Tensor) -> "_Reflectors":
        """Those of upper triangular parameters; A is written where it will stay."""
        upper = parameters.triu()
        divisors = row_divisors(upper)
        rows = torch.div(upper, divisors, out=out)
        triangle = compact_triangle(rows)
        # The solver wants columns: of the transposed system it has them as they lie.
        transposed = torch.linalg.solve_triangular(triangle.mT, rows.mT, upper=False, left=False)
        return _Reflectors(rows, transposed.mT, triangle, divisors)

    def pull_back(self, grad_rows: Tensor, grad_solved: Tensor) -> Tensor:
        """The gradient of the parameters, given those of A and P; that of A is overwritten."""
        through_solve = torch.linalg.solve_triangular(self.triangle, grad_solved.mT, upper=True, left=False).mT
        of_triangle = (through_solve @ self.solved.mT).triu_()
        symmetric = of_triangle + of_triangle.triu(1).mT
        return grad_rows.add_(through_solve).baddbmm_(symmetric, self.rows, alpha=-1.0).triu_().div_(self.divisors)


class _LayerFactors(Function):
    """L and R, forward and backward."""

    @staticmethod
    def forward(ctx: Any, u: Tensor, v: Tensor, sigma_LK: Tensor) -> tuple[Tensor, Tensor]:
        (depth, m1, out_size), (_, m2, in_size) = u.shape, v.shape
        left, right = (u.new_empty(depth, m2 + m1, size) for size in (in_size, out_size))
        with without_autocast(u):
            of_u, of_v = _Reflectors.of(u, out=right[:, m2:]), _Reflectors.of(v, out=left[:, :m2])
            scaled = scale_and_resize(of_v.solved, sigma_LK, out_size)
            across = scaled @ of_u.solved.mT
            left[:, m2:] = scale_and_resize(of_u.solved, -sigma_LK, in_size)
            # Written by ``out``, which is not contiguous here, it would be a loop over the layers.
            right[:, :m2] = torch.baddbmm(scaled, across, of_u.rows, beta=-1.0)
        # Of A and B the tensors that hold them: autograd forbids to keep a view of an output.
        ctx.save_for_backward(u, v, sigma_LK, left, right, scaled, across, *of_u[1:], *of_v[1:])
        return left, right

    @staticmethod
    def backward(ctx: Any, grad_left: Tensor, grad_right: Tensor) -> tuple[Tensor | None, ...]:
        u, v, sigma_LK, left, right, scaled, across, *kept = ctx.saved_tensors
        if wants_operations(grad_left) or wants_operations(grad_right):
            return gradients_by_operations(_by_autograd, (u, v, sigma_LK), (grad_left, grad_right))
        m2, k, (out_size, in_size) = v.shape[1], sigma_LK.shape[1], (u.shape[2], v.shape[2])
        of_u, of_v = _Reflectors(right[:, m2:], *kept[:3]), _Reflectors(left[:, :m2], *kept[3:])
        of_b, of_weighted = grad_left[:, :m2], grad_left[:, m2:]
        of_difference, of_a = grad_right[:, :m2], grad_right[:, m2:]
        with without_autocast(u):
            of_across = of_difference @ of_u.rows.mT
            of_scaled = torch.baddbmm(of_difference, of_across, of_u.solved, beta=-1.0)
            of_p = torch.baddbmm(scale_and_resize(of_weighted, -sigma_LK, out_size), of_across.mT, scaled)
            of_q = scale_and_resize(of_scaled, sigma_LK, in_size)
            grad_u = of_u.pull_back(torch.baddbmm(of_a, across.mT, of_difference), of_p)
            grad_v = of_v.pull_back(of_b.clone(), of_q)
            by_q, by_p = of_scaled[..., :k] * of_v.solved[..., :k], of_weighted[..., :k] * of_u.solved[..., :k]
        return grad_u, grad_v, by_q.sum(1) - by_p.sum(1)


def _by_autograd(u: Tensor, v: Tensor, sigma_LK: Tensor) -> tuple[Tensor, Tensor]:
    _, left, right = svd_low_rank(u, v, sigma_LK, check=False)
    return left.mT, right
