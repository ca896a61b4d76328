"""The products of one time step, and their share of the gradient, for each form of the recurrent matrix.

Axes: T time, K time steps of a chunk, B batch, N hidden, M inner width of the low-rank form (0 for the dense one).
"""

import torch
from torch import Tensor

from spectral_bench.nn.kernels.operators import Dense, LowRank, Operator
from spectral_bench.nn.kernels.through_time import product_plus


class DenseForm:
    """One product a step, h Wᵀ.

    Args:
        operator: the matrix.
        inner_TBM: what the form keeps of the forward pass besides the states; M = 0 here.
    """

    def __init__(self, operator: Dense, inner_TBM: Tensor) -> None:  # noqa: ARG002
        self.weight_NN = operator.weight_NN
        self.transposed_NN = operator.weight_NN.t()

    def add_(self, pre_BN: Tensor, h_BN: Tensor, t: int) -> None:  # noqa: ARG002
        """``pre += h Wᵀ``, at time step t."""
        pre_BN.addmm_(h_BN, self.transposed_NN)

    def begin_backward(self, chunk_size: int) -> None:  # noqa: ARG002
        """Make room for the gradients, and for the intermediates of ``chunk_size`` steps."""
        self.gradients = (torch.zeros_like(self.weight_NN),)

    def pull_back(self, a_BN: Tensor, direct_BN: Tensor | None, out_BN: Tensor, k: int) -> None:  # noqa: ARG002
        """``out = a W + direct`` at step k of a chunk; ``direct`` is the gradient that comes from outside the loop."""
        product_plus(direct_BN, a_BN, self.weight_NN, out_BN)

    def accumulate(self, previous_KBN: Tensor, a_KBN: Tensor, first: int) -> None:  # noqa: ARG002
        """Add to the gradients what the chunk that begins at step ``first`` contributes; ``previous`` is h_{t-1}."""
        self.gradients[0].addmm_(a_KBN.flatten(0, 1).t(), previous_KBN.flatten(0, 1))


class LowRankForm:
    """Two thin products and a scaling a step, h∘diagonal + (h L) R; keeps h L. See ``DenseForm``."""

    def __init__(self, operator: LowRank, inner_TBM: Tensor) -> None:
        self.operator = operator
        self.left_transposed_MN = operator.left_NM.t()
        self.right_transposed_NM = operator.right_MN.t()
        self.inner_TBM = inner_TBM
        self.inner = inner_TBM.unbind()

    def add_(self, pre_BN: Tensor, h_BN: Tensor, t: int) -> None:
        """``pre += h Wᵀ``."""
        diagonal_N, left_NM, right_MN = self.operator
        inner_BM = self.inner[t]
        torch.mm(h_BN, left_NM, out=inner_BM)
        pre_BN.addcmul_(h_BN, diagonal_N).addmm_(inner_BM, right_MN)

    def begin_backward(self, chunk_size: int) -> None:
        """Make room."""
        self.gradients = tuple(torch.zeros_like(tensor) for tensor in self.operator)
        self.pulled_KBM = self.inner_TBM.new_empty(chunk_size, *self.inner_TBM.shape[1:])
        self.pulled = self.pulled_KBM.unbind()
        self.terms_KBN = self.inner_TBM.new_empty(
            chunk_size, self.inner_TBM.shape[1], self.operator.diagonal_N.shape[0]
        )

    def pull_back(self, a_BN: Tensor, direct_BN: Tensor | None, out_BN: Tensor, k: int) -> None:
        """``out = a W + direct``."""
        pulled_BM = self.pulled[k]
        torch.mm(a_BN, self.right_transposed_NM, out=pulled_BM)
        if direct_BN is None:
            torch.mul(a_BN, self.operator.diagonal_N, out=out_BN)
        else:
            torch.addcmul(direct_BN, a_BN, self.operator.diagonal_N, out=out_BN)
        out_BN.addmm_(pulled_BM, self.left_transposed_MN)

    def accumulate(self, previous_KBN: Tensor, a_KBN: Tensor, first: int) -> None:
        """Add what a chunk contributes."""
        grad_diagonal_N, grad_left_NM, grad_right_MN = self.gradients
        size = a_KBN.shape[0]
        grad_right_MN.addmm_(self.inner_TBM[first : first + size].flatten(0, 1).t(), a_KBN.flatten(0, 1))
        grad_left_NM.addmm_(previous_KBN.flatten(0, 1).t(), self.pulled_KBM[:size].flatten(0, 1))
        grad_diagonal_N.add_(torch.mul(previous_KBN, a_KBN, out=self.terms_KBN[:size]).sum((0, 1)))


Form = DenseForm | LowRankForm


def form_of(operator: Operator, inner_TBM: Tensor) -> Form:
    """The operator, ready for a time loop."""
    if isinstance(operator, Dense):
        return DenseForm(operator, inner_TBM)
    return LowRankForm(operator, inner_TBM)
