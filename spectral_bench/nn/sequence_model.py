"""A recurrent model for a sequence task. Axes: T time, B batch, D input, N hidden size, K outputs."""

from typing import Any, cast

import torch
from torch import Tensor, nn

from spectral_bench.nn.layer_kinds import Layer
from spectral_bench.nn.stack import RecurrentStack, State
from spectral_bench.nn.trace import GradientTrace
from spectral_bench.nn.transitions.transition import Transition


class SequenceModel(nn.Module):
    """An embedding (for tokens), a stack of recurrent layers, and a linear readout.

    The readout starts from the uniform distribution of Glorot and Bengio (2010) with zero bias.

    Args:
        stack: the layers.
        output_size: K.
        every_step: whether there is an output for every time step, or only after the last.
        embedding: turns tokens into inputs of the stack; None for real-valued inputs.
    """

    def __init__(
        self, stack: RecurrentStack, output_size: int, *, every_step: bool, embedding: nn.Embedding | None = None
    ) -> None:
        super().__init__()
        self.embedding = embedding
        self.stack = stack
        self.every_step = every_step
        self.readout = nn.Linear(self.hidden_size, output_size)
        nn.init.xavier_uniform_(self.readout.weight)
        nn.init.zeros_(self.readout.bias)

    @property
    def num_layers(self) -> int:
        """Recurrent layers."""
        return len(self.stack.layers)

    @property
    def hidden_size(self) -> int:
        """N."""
        return self._layers[-1].hidden_size

    def forward(
        self, inputs: Tensor, state: State | None = None, trace: GradientTrace | None = None
    ) -> tuple[Tensor, State]:
        """Run over all time steps.

        Args:
            inputs: (T, B, D) real values, or (T, B) int64 tokens if there is an embedding.
            state: where every layer begins; None: at its own h_0.
            trace: where the backward pass writes ‖∂L/∂h_t‖ of every layer.

        Returns:
            Outputs, shape (T, B, K) or (B, K), and the final state of every layer.

        Raises:
            ValueError: tokens without an embedding or the other way round, or the state is of another depth.
        """
        axes = 3 if self.embedding is None else 2
        if inputs.ndim != axes:
            expected = "(T, B, D) real values" if self.embedding is None else "(T, B) tokens"
            raise ValueError(f"inputs must be {expected}, got shape {tuple(inputs.shape)}")
        x_TBD = inputs if self.embedding is None else self.embedding(inputs)
        states_TBN, final = self.stack(x_TBD, state, trace)
        # From the final state, the gradient of h_T reaches one time step, not a tensor of T mostly empty ones.
        return self.readout(states_TBN if self.every_step else final[-1][0]), final

    def recurrent_matrices(self) -> dict[tuple[int, str], Tensor]:
        """Every recurrent matrix by layer and name in the layer, detached, shape (N, N)."""
        return {
            (index, name): matrix
            for index, layer in enumerate(self._layers)
            for name, matrix in layer.recurrent_matrices().items()
        }

    def constrain_(self) -> None:
        """To be called after each update: every layer brings its parameters back to where they must lie."""
        for layer in self._layers:
            layer.constrain_()

    def penalty(self) -> Tensor | None:
        """What is to be added to the training loss beside the task's own, a scalar; None: nothing."""
        terms = [term for transition in self._transitions if (term := transition.penalty()) is not None]
        return torch.stack(terms).sum() if terms else None

    def num_parameters(self) -> int:
        """Trainable numbers; entries that are zero by construction are not counted."""
        entries = sum(parameter.numel() for parameter in self.parameters() if parameter.requires_grad)
        return entries - sum(transition.structural_zeros for transition in self._transitions)

    def parameter_groups(self, lr: float) -> list[dict[str, Any]]:
        """Groups for a ``torch.optim`` optimizer: parameters that share a learning rate, in a fixed order."""
        scales: dict[nn.Parameter, float] = {}
        for transition in self._transitions:
            scales |= transition.learning_rate_scales()
        by_scale: dict[float, list[nn.Parameter]] = {1.0: []}
        for parameter in self.parameters():
            by_scale.setdefault(scales.get(parameter, 1.0), []).append(parameter)
        return [{"params": parameters, "lr": lr * scale} for scale, parameters in by_scale.items()]

    @property
    def _layers(self) -> list[Layer]:
        return [cast("Layer", layer) for layer in self.stack.layers]

    @property
    def _transitions(self) -> list[Transition]:
        return [module for module in self.modules() if isinstance(module, Transition)]
