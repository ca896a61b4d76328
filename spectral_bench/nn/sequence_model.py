"""A recurrent model for a sequence task. Axes: T time, B batch, D input, N hidden size, K outputs."""

from typing import cast

from torch import Tensor, nn

from spectral_bench.nn.gradient_trace import GradientTrace
from spectral_bench.nn.layer import Layer
from spectral_bench.nn.model import Facts, Interval, Model, State
from spectral_bench.nn.stack import RecurrentStack


class SequenceModel(Model):
    """An embedding (for tokens), a stack of recurrent layers, and a linear readout.

    The readout starts from the uniform distribution of Glorot and Bengio (2010) with zero bias.

    Args:
        stack: the layers.
        output_size: K.
        every_step: whether there is an output for every time step, or only after the last.
        embedding: turns tokens into inputs of the stack; None for real-valued inputs.

    Raises:
        ValueError: layers have different centres. A run records one σ* and one margin, measured from it; of layers
            around different ones it would be wrong for all but one.
    """

    def __init__(
        self, stack: RecurrentStack, output_size: int, *, every_step: bool, embedding: nn.Embedding | None = None
    ) -> None:
        super().__init__()
        centres = dict.fromkeys(cast("Layer", layer).facts().centre for layer in stack.layers)
        if len(centres) > 1:
            raise ValueError(f"all layers must have one centre, got {', '.join(f'{centre:g}' for centre in centres)}")
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
        """N, of the last layer."""
        return self._layers[-1].hidden_size

    def forward(
        self, inputs: Tensor, state: State | None = None, trace: GradientTrace | None = None
    ) -> tuple[Tensor, State]:
        """Run over all time steps.

        Args:
            inputs: (T, B, D) real values, or (T, B) int64 tokens if there is an embedding.
            state: where every layer begins; None: at its own h_0.
            trace: where the backward pass writes the gradient norms of every layer.

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

    def facts(self) -> Facts:
        """Those of the layers together: bounds that hold for each of them, the centre they share, all they trace."""
        layers = [layer.facts() for layer in self._layers]
        return Facts(
            sigma=_hull([facts.sigma for facts in layers]),
            centre=layers[-1].centre,
            slopes=_hull([facts.slopes for facts in layers]),
            every_step=self.every_step,
            layers=len(layers),
            traced=", ".join(dict.fromkeys(facts.traced for facts in layers)),
        )

    def singular_values(self) -> dict[tuple[int, str], Tensor]:
        """Of every recurrent matrix, by layer and name in the layer."""
        return {
            (index, name): values
            for index, layer in enumerate(self._layers)
            for name, values in layer.singular_values().items()
        }

    def evaluation_floats(self, length: int) -> int:
        """The states of a layer and of the one above, which reads them."""
        return length * self.hidden_size * min(self.num_layers, 2)

    @property
    def _layers(self) -> list[Layer]:
        return [cast("Layer", layer) for layer in self.stack.layers]


def _hull(bounds: list[Interval | None]) -> Interval | None:
    known = [pair for pair in bounds if pair is not None]
    if len(known) < len(bounds):
        return None
    return min(low for low, _ in known), max(high for _, high in known)
