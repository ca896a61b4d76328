"""h ↦ W h + M x + b over a chunk of time steps, and its share of the gradients, for each form of the matrix W.

Axes: K time steps of a chunk, B batch, D input, N hidden, M inner width of the low-rank form, E numbers that a form
keeps per sample and step besides the state.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from spectral_bench.nn.kernels.operators import Dense, LowRank, inner_width
from spectral_bench.nn.kernels.through_time import product_plus


class Form(ABC):
    """The products of a time loop.

    Args:
        input_weight_ND: M.
        bias_N: b.
    """

    #: E.
    remembered: int = 0
    #: Whether M and b are part of the form's own product, and their gradients of ``input_gradients``.
    takes_inputs: bool = False

    def __init__(self, input_weight_ND: Tensor, bias_N: Tensor) -> None:
        self.input_weight_ND, self.bias_N = input_weight_ND, bias_N

    def run(
        self,
        x_KBD: Tensor,
        h_BN: Tensor,
        states_KBN: Tensor,
        remembered_KBE: Tensor,
        apply_: Callable[[Tensor], object],
    ) -> Tensor:
        """Write the states of a chunk that begins in state ``h_BN``, and what to remember; returns the last state."""
        self.begin(x_KBD, states_KBN, remembered_KBE)
        for k, pre_BN in enumerate(states_KBN.unbind()):
            self.step(h_BN, pre_BN, k)
            apply_(pre_BN)
            h_BN = pre_BN
        return h_BN

    def run_back(self, gradient_BN: Tensor, a_KBN: Tensor, g_KBN: Tensor, direct_KBN: Tensor | None) -> Tensor:
        """Go back through a chunk.

        Args:
            gradient_BN: ∂L/∂h after its last step.
            a_KBN: φ' of every step; becomes a, the gradient of the pre-activations.
            g_KBN: receives ∂L/∂h before every step.
            direct_KBN: the part of each that does not come through the loop; where it is shorter than the chunk, of the
                last steps, and zero before them; None for zero everywhere.

        Returns:
            ∂L/∂h before its first step.
        """
        a, g, known = a_KBN.unbind(), g_KBN.unbind(), () if direct_KBN is None else direct_KBN.unbind()
        direct = (*[None] * (len(a) - len(known)), *known)
        for k in reversed(range(len(a))):
            a[k].mul_(gradient_BN)
            self.pull_back(a[k], direct[k], g[k], k)
            gradient_BN = g[k]
        return gradient_BN

    def begin(self, x_KBD: Tensor, states_KBN: Tensor, remembered_KBE: Tensor) -> None:  # noqa: ARG002
        """Enter the inputs of a chunk: M x + b, where its states will stand."""
        pre_of_chunk = states_KBN.flatten(0, 1)
        torch.addmm(self.bias_N, x_KBD.flatten(0, 1), self.input_weight_ND.t(), out=pre_of_chunk)

    @abstractmethod
    def step(self, h_BN: Tensor, pre_BN: Tensor, k: int) -> None:
        """Complete the pre-activation of step k of a chunk."""

    @abstractmethod
    def begin_backward(self, chunk_size: int, batch_size: int, needed: Sequence[bool]) -> None:
        """Make room for the gradients of those tensors of the operator that need one."""

    @abstractmethod
    def pull_back(self, a_BN: Tensor, direct_BN: Tensor | None, out_BN: Tensor, k: int) -> None:
        """``out = a W + direct``, at step k of a chunk."""

    @abstractmethod
    def accumulate(self, previous_KBN: Tensor, a_KBN: Tensor, remembered_KBE: Tensor) -> None:
        """Add to the gradients what a chunk contributes; ``previous`` is h_{t-1}."""

    @property
    @abstractmethod
    def gradients(self) -> tuple[Tensor | None, ...]:
        """Of the operator's tensors."""

    @property
    def input_gradients(self) -> tuple[Tensor | None, Tensor | None]:
        """Of M and b, where the form takes the inputs."""
        return None, None


class DenseForm(Form):
    """One product a step, h Wᵀ."""

    def __init__(self, operator: Dense, input_weight_ND: Tensor, bias_N: Tensor) -> None:
        super().__init__(input_weight_ND, bias_N)
        self.weight_NN = operator.weight_NN
        self.transposed_NN = operator.weight_NN.t()

    def step(self, h_BN: Tensor, pre_BN: Tensor, k: int) -> None:  # noqa: ARG002
        """``pre += h Wᵀ``."""
        pre_BN.addmm_(h_BN, self.transposed_NN)

    def begin_backward(self, chunk_size: int, batch_size: int, needed: Sequence[bool]) -> None:  # noqa: ARG002
        """Make room."""
        self.grad_weight_NN = torch.zeros_like(self.weight_NN) if needed[0] else None

    def pull_back(self, a_BN: Tensor, direct_BN: Tensor | None, out_BN: Tensor, k: int) -> None:  # noqa: ARG002
        """``out = a W + direct``."""
        product_plus(direct_BN, a_BN, self.weight_NN, out_BN)

    def accumulate(self, previous_KBN: Tensor, a_KBN: Tensor, remembered_KBE: Tensor) -> None:  # noqa: ARG002
        """Add what a chunk contributes."""
        if self.grad_weight_NN is not None:
            self.grad_weight_NN.addmm_(a_KBN.flatten(0, 1).t(), previous_KBN.flatten(0, 1))

    @property
    def gradients(self) -> tuple[Tensor | None]:
        """Of W."""
        return (self.grad_weight_NN,)


class LowRankForm(Form):
    """Two thin products and a scaling a step, h∘diagonal + (h L) R; remembers h L.

    Narrow inputs are taken along: with R' = [R; Mᵀ; b], the second product is [h L, x, 1] R', and its first factor is
    what is remembered. It costs as much as (h L) R, the pass over the states that M x + b would be is saved, and so are
    two products for the gradients of M and b, which are rows of that of R'.
    """

    #: Inputs of up to so many features are taken along.
    narrow = 8

    def __init__(self, operator: LowRank, input_weight_ND: Tensor, bias_N: Tensor) -> None:
        super().__init__(input_weight_ND, bias_N)
        self.operator = operator
        self.inner_width = inner_width(operator)
        self.takes_inputs = input_weight_ND.shape[1] <= self.narrow
        self.right_EN = operator.right_MN
        if self.takes_inputs:
            self.right_EN = torch.cat((operator.right_MN, input_weight_ND.t(), bias_N.unsqueeze(0)))
        self.remembered = self.right_EN.shape[0]
        self.left_transposed_MN = operator.left_NM.t()
        self.right_transposed_NM = operator.right_MN.t()

    def begin(self, x_KBD: Tensor, states_KBN: Tensor, remembered_KBE: Tensor) -> None:
        """Enter the inputs of a chunk."""
        self.into_pre = remembered_KBE.unbind()
        self.inner = remembered_KBE[..., : self.inner_width].unbind()
        if self.takes_inputs:
            remembered_KBE[..., self.inner_width : -1] = x_KBD
            remembered_KBE[..., -1] = 1.0
        else:
            super().begin(x_KBD, states_KBN, remembered_KBE)

    def step(self, h_BN: Tensor, pre_BN: Tensor, k: int) -> None:
        """``pre (+)= h Wᵀ (+ M x + b)``."""
        diagonal_N, left_NM, _ = self.operator
        torch.mm(h_BN, left_NM, out=self.inner[k])
        if self.takes_inputs:
            torch.mul(h_BN, diagonal_N, out=pre_BN)
        else:
            pre_BN.addcmul_(h_BN, diagonal_N)
        pre_BN.addmm_(self.into_pre[k], self.right_EN)

    def begin_backward(self, chunk_size: int, batch_size: int, needed: Sequence[bool]) -> None:
        """Make room."""
        diagonal_N, left_NM, _ = self.operator
        self.grad_diagonal_N = torch.zeros_like(diagonal_N) if needed[0] else None
        self.grad_left_MN = torch.zeros_like(self.left_transposed_MN) if needed[1] else None
        self.grad_right_EN = torch.zeros_like(self.right_EN)
        self.pulled_KBM = left_NM.new_empty(chunk_size, batch_size, self.inner_width)
        self.pulled = self.pulled_KBM.unbind()
        self.terms_KBN = left_NM.new_empty(chunk_size if needed[0] else 0, batch_size, len(diagonal_N))

    def pull_back(self, a_BN: Tensor, direct_BN: Tensor | None, out_BN: Tensor, k: int) -> None:
        """``out = a W + direct``."""
        pulled_BM = self.pulled[k]
        torch.mm(a_BN, self.right_transposed_NM, out=pulled_BM)
        if direct_BN is None:
            torch.mul(a_BN, self.operator.diagonal_N, out=out_BN)
        else:
            torch.addcmul(direct_BN, a_BN, self.operator.diagonal_N, out=out_BN)
        out_BN.addmm_(pulled_BM, self.left_transposed_MN)

    def accumulate(self, previous_KBN: Tensor, a_KBN: Tensor, remembered_KBE: Tensor) -> None:
        """Add what a chunk contributes."""
        size = len(a_KBN)
        self.grad_right_EN.addmm_(remembered_KBE.flatten(0, 1).t(), a_KBN.flatten(0, 1))
        if self.grad_left_MN is not None:
            self.grad_left_MN.addmm_(self.pulled_KBM[:size].flatten(0, 1).t(), previous_KBN.flatten(0, 1))
        if self.grad_diagonal_N is not None:
            self.grad_diagonal_N.add_(torch.mul(previous_KBN, a_KBN, out=self.terms_KBN[:size]).sum((0, 1)))

    @property
    def gradients(self) -> tuple[Tensor | None, Tensor | None, Tensor]:
        """Of the diagonal, L and R."""
        grad_left_NM = None if self.grad_left_MN is None else self.grad_left_MN.t()
        return self.grad_diagonal_N, grad_left_NM, self.grad_right_EN[: self.inner_width]

    @property
    def input_gradients(self) -> tuple[Tensor | None, Tensor | None]:
        """Of M and b; copies, for leaves keep what they get, and would keep all of R' with it."""
        if not self.takes_inputs:
            return None, None
        return self.grad_right_EN[self.inner_width : -1].t().clone(), self.grad_right_EN[-1].clone()
