"""A feed-forward network of many layers, which reads a whole sequence at once; its gradient is traced over depth."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from spectral_bench.nn import (
    MODELS,
    Architecture,
    Facts,
    GradientTrace,
    Model,
    ModelConfig,
    Signature,
    State,
    TraceAxis,
    matrix_singular_values,
    trace_states,
)


class DeepModel(Model):
    """h_l = relu(W_l h_{l-1} + b_l) for l = 1..L, h_0 the first hidden layer."""

    def __init__(self, signature: Signature, width: int, depth: int) -> None:
        super().__init__()
        self.first = nn.Linear(signature.length * signature.input_size, width)
        self.hidden = nn.ModuleList([nn.Linear(width, width) for _ in range(depth)])
        self.readout = nn.Linear(width, signature.output_size)
        for layer in self.hidden:
            nn.init.orthogonal_(layer.weight, gain=2**0.5)

    def forward(
        self, inputs: Tensor, state: State | None = None, trace: GradientTrace | None = None
    ) -> tuple[Tensor, State]:
        h = torch.relu(self.first(inputs.transpose(0, 1).flatten(1)))
        visited = [(h,)]
        for layer in self.hidden:
            h = torch.relu(layer(h))
            visited.append((h,))
        if trace is not None:
            trace_states(trace, 0, visited)
        return self.readout(h), []

    def facts(self) -> Facts:
        return Facts(slopes=(0.0, 1.0), trace_axis=TraceAxis.depth)

    def singular_values(self) -> dict[tuple[int, str], Tensor]:
        return {(index, ""): matrix_singular_values(layer.weight.detach()) for index, layer in enumerate(self.hidden)}


@dataclass
class DeepConfig(ModelConfig):
    width: int
    depth: int

    def __post_init__(self) -> None:
        super().__post_init__()
        for key in ("width", "depth"):
            self.check_range(key, 1, None)


@MODELS.register("deep")
class DeepArchitecture(Architecture[DeepConfig]):
    Config = DeepConfig

    @classmethod
    def build(cls, config: DeepConfig, signature: Signature) -> DeepModel:
        if signature.every_step or signature.embedding_size:
            raise ValueError("a feed-forward network reads a whole sequence of numbers and predicts once")
        return DeepModel(signature, config.width, config.depth)
