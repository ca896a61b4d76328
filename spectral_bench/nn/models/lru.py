"""The linear recurrent unit: ``lru`` (Orvieto et al., 2023)."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi

import torch
from torch import Tensor, nn

from spectral_bench.errors import InputError
from spectral_bench.linalg.checks import check_size
from spectral_bench.nn.architecture import MODELS
from spectral_bench.nn.gradient_trace import GradientTrace
from spectral_bench.nn.kernels.linear_scan import linear_scan
from spectral_bench.nn.layer import Layer, LayerFacts
from spectral_bench.nn.layer_architecture import LayerArchitecture, LayerConfig, input_sizes
from spectral_bench.nn.model import Signature


class LinearRecurrentUnit(nn.Module):
    """x_t = λ ∘ x_{t-1} + γ ∘ (B u_t),  v_t = Re(C x_t) + d ∘ u_t, with complex states x.

    λ = exp(-exp(ν) + i exp(θ)) lies inside the unit circle whatever the parameters. It starts uniformly distributed
    over a part of a ring, γ at √(1 - |λ|²), which gives x_t unit variance for white inputs, and is free from there.

    Args:
        width: H, of u and v.
        state_size: N, of x.
        r_min, r_max: the radii of the ring.
        max_phase: the largest angle.

    Attributes:
        log_decay, log_phase, log_scale: ν, θ and the logarithm of γ, shape (N,).
        into: B, real and imaginary parts, shape (N, 2, H).
        out_of: C, likewise, shape (H, N, 2).
        direct: d, shape (H,).
    """

    def __init__(self, width: int, state_size: int, *, r_min: float, r_max: float, max_phase: float) -> None:
        super().__init__()
        squared = torch.empty(state_size).uniform_(r_min**2, r_max**2).clamp(1e-12, 1.0 - 1e-6)
        self.log_decay = nn.Parameter((-0.5 * squared.log()).log())
        self.log_phase = nn.Parameter((max_phase * torch.rand(state_size).clamp(min=1e-6)).log())
        self.log_scale = nn.Parameter(0.5 * (1.0 - squared).log())
        self.into = nn.Parameter(torch.randn(state_size, 2, width) / (2 * width) ** 0.5)
        self.out_of = nn.Parameter(torch.randn(width, state_size, 2) / state_size**0.5)
        self.direct = nn.Parameter(torch.randn(width))

    def eigenvalues(self) -> Tensor:
        """λ, complex, shape (N,)."""
        return torch.polar(torch.exp(-self.log_decay.exp()), self.log_phase.exp())

    def drive(self, u_TBH: Tensor) -> Tensor:
        """γ ∘ (B u_t), complex, shape (T, B, N)."""
        weight = (self.into * self.log_scale.exp()[:, None, None]).flatten(0, 1)
        pairs = nn.functional.linear(u_TBH, weight).to(self.into.dtype)
        return torch.view_as_complex(pairs.unflatten(-1, (-1, 2)))  # type: ignore[no-untyped-call]

    def read(self, x: Tensor, u: Tensor) -> Tensor:
        """Re(C x_t) + d ∘ u_t, shape (..., H)."""
        sign = self.out_of.new_tensor((1.0, -1.0))
        return (
            nn.functional.linear(torch.view_as_real(x).flatten(-2), (self.out_of * sign).flatten(1)) + self.direct * u
        )


class LRULayer(Layer):
    """A residual block: u + GLU(GELU(LRU(LayerNorm(u)))), the bottom one on top of a linear encoder.

    The block of the paper, without dropout inside. The traced state is x, complex.

    Args:
        input_size: D.
        hidden_size: H, the width of inputs and outputs of the unit.
        state_size: N.
        encode: whether inputs are mapped to H features first; without, D must be H.
        r_min, r_max, max_phase: of the unit.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        state_size: int,
        *,
        encode: bool,
        r_min: float,
        r_max: float,
        max_phase: float,
    ) -> None:
        super().__init__()
        check_size("input_size", input_size)
        check_size("hidden_size", hidden_size)
        check_size("state_size", state_size)
        self.hidden_size, self.state_size = hidden_size, state_size
        self.encoder = nn.Linear(input_size, hidden_size) if encode else nn.Identity()
        self.norm = nn.LayerNorm(hidden_size)
        self.unit = LinearRecurrentUnit(hidden_size, state_size, r_min=r_min, r_max=r_max, max_phase=max_phase)
        self.gated = nn.Linear(hidden_size, 2 * hidden_size)

    def forward(
        self,
        x_TBD: Tensor,
        state: tuple[Tensor, ...] | None = None,
        trace: GradientTrace | None = None,
        index: int = 0,
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """As ``Layer.forward``, with state (last output, x); the recurrence goes on from x alone."""
        below_TBH = self.encoder(x_TBD)
        u_TBH = self.norm(below_TBH)
        driven_TBN = self.unit.drive(u_TBH)
        x0_BN = driven_TBN.new_zeros(driven_TBN.shape[1:]) if state is None else state[1]
        x_TBN, x_BN = self.recurrence(self.unit.eigenvalues(), driven_TBN, x0_BN, trace, index)
        outputs_TBH = self._block(below_TBH, u_TBH, x_TBN)
        return outputs_TBH, (self._block(below_TBH[-1], u_TBH[-1], x_BN), x_BN)

    def recurrence(
        self, decay: Tensor, driven_TBN: Tensor, x0_BN: Tensor, trace: GradientTrace | None, index: int
    ) -> tuple[Tensor, Tensor]:
        """What ``linear_scan`` is given, and returns."""
        return linear_scan(decay, driven_TBN, x0_BN, trace, index)

    def _block(self, below: Tensor, u: Tensor, x: Tensor) -> Tensor:
        """What stands above the recurrence, for any number of time steps."""
        read = nn.functional.gelu(self.unit.read(x, u))
        result: Tensor = below + nn.functional.glu(self.gated(read), dim=-1)
        return result

    def recurrent_matrices(self) -> dict[str, Tensor]:
        """diag(λ), complex, shape (N, N)."""
        return {"": self.unit.eigenvalues().detach().diag()}

    def facts(self) -> LayerFacts:
        """|λ| < 1, and nothing but λ between one state and the next."""
        return LayerFacts(sigma=(0.0, 1.0), slopes=(1.0, 1.0), traced="x")


@dataclass
class LRUConfig(LayerConfig):
    """What ``lru`` can be configured with."""

    parameter_kinds = ()

    state_size: int | None
    r_min: float
    r_max: float
    max_phase: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.state_size is not None:
            self.check_range("state_size", 1, None)
        self.check_range("r_max", 0, 1)
        if not 0 <= self.r_min < self.r_max:
            raise InputError(f"model.r_min={self.r_min}: expected at least 0 and less than model.r_max={self.r_max}.")
        self.check_positive("max_phase")
        if self.max_phase > 2 * pi:
            raise InputError(f"model.max_phase={self.max_phase}: expected at most 2 pi, a whole turn.")


@MODELS.register("lru")
class LRUArchitecture(LayerArchitecture[LRUConfig]):
    """Residual blocks around linear recurrent units."""

    Config = LRUConfig

    @classmethod
    def build_layers(cls, config: LRUConfig, signature: Signature) -> Sequence[Layer]:
        """Blocks, the bottom one with an encoder."""
        return [
            LRULayer(
                size,
                config.hidden_size,
                config.state_size or config.hidden_size,
                encode=place == 0,
                r_min=config.r_min,
                r_max=config.r_max,
                max_phase=config.max_phase,
            )
            for place, size in enumerate(input_sizes(config, signature))
        ]
