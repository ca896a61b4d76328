"""A deep network without a recurrence, whose gradient is traced over its layers.

Axes: T time, B batch, D input, N hidden, L layers, K outputs.
"""

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

import torch
from torch import Tensor, nn

from spectral_bench.errors import InputError
from spectral_bench.nn.activations import Activation, ActivationName, build_activation
from spectral_bench.nn.architecture import Architecture, SizedConfig
from spectral_bench.nn.gradient_trace import GradientTrace
from spectral_bench.nn.kernels.layer_loop import BRANCH
from spectral_bench.nn.layer_weights import LayerWeights
from spectral_bench.nn.model import Facts, Interval, Model, Signature, State, TraceAxis
from spectral_bench.nn.singular_values import matrix_singular_values


class FeedForward(Model):
    """h_0 = φ(W_0 x + b_0), L layers of one width above it, and a linear readout; x is a whole sequence as one vector.

    A plain network has h_l = φ(W_l h_{l-1} + b_l). A residual one has two layers a block beside an identity connection,
    h' = h + W_2 φ(W_1 h + b_1) + b_2. The states that are traced are h_0 and those after every layer, or block.

    Args:
        signature: the problem it is for.
        weights: W_0 to W_L.
        activation: φ, one of ``ActivationName``.
        leak: slope of ``leaky_relu`` for negative values.
        residual: whether layers form blocks.

    Raises:
        ValueError: the task wants a prediction at every step, or reads tokens.
    """

    def __init__(
        self, signature: Signature, weights: LayerWeights, *, activation: str, leak: float, residual: bool
    ) -> None:
        super().__init__()
        check_single_prediction(signature)
        self.weights, self.residual = weights, residual
        size, depth = weights.first().shape[0], len(weights.square())
        self.biases = nn.Parameter(torch.zeros(depth + 1, size))
        nonlinear = 1 + (depth // BRANCH if residual else depth)
        self.activations = nn.ModuleList([build_activation(activation, size, leak) for _ in range(nonlinear)])
        self.readout = nn.Linear(size, signature.output_size)
        nn.init.xavier_uniform_(self.readout.weight)
        nn.init.zeros_(self.readout.bias)

    def forward(
        self,
        inputs: Tensor,
        state: State | None = None,  # noqa: ARG002
        trace: GradientTrace | None = None,
    ) -> tuple[Tensor, State]:
        """As ``Model.forward``: (T, B, D) real values to (B, K); there is no state."""
        first, *activations = cast("Iterable[Activation]", self.activations)
        x_BD = inputs.transpose(0, 1).flatten(1)
        h0_BN = first(nn.functional.linear(x_BD, self.weights.first(), self.biases[0]))
        h_BN = self.weights.run(h0_BN, self.biases[1:], activations, residual=self.residual, trace=trace)
        return self.readout(h_BN), []

    def facts(self) -> Facts:
        """The bounds of the square matrices, and of a block, 1 ± what its branch can add."""
        sigma, slopes = self.weights.sigma_bounds(), cast("Activation", self.activations[0]).slopes
        return Facts(
            sigma=sigma,
            centre=self.weights.centre,
            slopes=slopes,
            step=_of_block(sigma, slopes) if self.residual else None,
            trace_axis=TraceAxis.depth,
        )

    @torch.no_grad()
    def singular_values(self) -> dict[tuple[int, str], Tensor]:
        """Of every square matrix, by its layer from 0 on; in a residual network by block, ``first`` and ``second``."""
        found = [matrix_singular_values(matrix.detach()) for matrix in self.weights.square()]
        if not self.residual:
            return {(layer, ""): values for layer, values in enumerate(found)}
        names = ("first", "second")
        return {(index // BRANCH, names[index % BRANCH]): values for index, values in enumerate(found)}

    def evaluation_floats(self, length: int) -> int:  # noqa: ARG002
        """The state of a layer and of the one it is computed from."""
        return 2 * self.biases.shape[1]


def check_single_prediction(signature: Signature) -> None:
    """Refuse problems that a network without a recurrence cannot be for.

    Raises:
        ValueError: the task wants a prediction at every step, or reads tokens.
    """
    if not signature.last_step_alone or signature.embedding_size:
        raise ValueError(
            "a feed-forward network reads a whole sequence of numbers and predicts once; this task "
            + ("reads tokens" if signature.embedding_size else "wants a prediction at every step")
        )


def _of_block(sigma: Interval | None, slopes: Interval) -> Interval | None:
    """|σ_i(I + W_2 D W_1) − 1| is at most ‖W_2‖ ‖D‖ ‖W_1‖ (Weyl)."""
    if sigma is None:
        return None
    branch = sigma[1] ** BRANCH * slopes[1]
    return max(0.0, 1.0 - branch), 1.0 + branch


@dataclass
class FeedForwardConfig(SizedConfig):
    """What all feed-forward networks have."""

    depth: int
    residual: bool
    activation: ActivationName
    leak: float

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_range("depth", 1, None)
        self.check_range("leak", 0, 1)
        if self.residual and self.depth % BRANCH:
            raise InputError(f"model.depth={self.depth}: expected an even number; a residual block has two layers.")

    def ineffective(self) -> tuple[str, ...]:
        """The leak of another activation."""
        leaks = self.activation == ActivationName.leaky_relu
        return super().ineffective() if leaks else (*super().ineffective(), "leak")


_F = TypeVar("_F", bound=FeedForwardConfig)


class FeedForwardArchitecture(Architecture[_F], Generic[_F]):
    """Feed-forward networks; a subclass says what their matrices are."""

    @classmethod
    @abstractmethod
    def build_weights(cls, config: _F, input_size: int) -> LayerWeights:
        """Fresh matrices.

        Raises:
            ValueError: values do not fit together.
        """

    @classmethod
    def build(cls, config: _F, signature: Signature) -> FeedForward:
        """A network that reads all values of a sequence at once."""
        check_single_prediction(signature)  # before matrices are made
        return FeedForward(
            signature,
            cls.build_weights(config, signature.length * signature.input_size),
            activation=config.activation,
            leak=config.leak,
            residual=config.residual,
        )
