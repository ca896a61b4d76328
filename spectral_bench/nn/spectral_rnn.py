"""The recurrent network with bounded singular values, in the place of ``torch.nn.RNN``.

Axes: T time, B batch, D input, N hidden size, L layers.
"""

from typing import Any, Never, cast, overload

import torch
import torch.fx
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from spectral_bench.linalg import MapName
from spectral_bench.linalg.checks import check_dtype, check_finite_in_passing, check_flag, check_input, check_size
from spectral_bench.nn.activations import ActivationName, build_activation
from spectral_bench.nn.bidirectional import BidirectionalLayer
from spectral_bench.nn.constrained import constrain_
from spectral_bench.nn.gradient_trace import GradientTrace
from spectral_bench.nn.kernels.packing import Packing
from spectral_bench.nn.layer import Layer
from spectral_bench.nn.model import State
from spectral_bench.nn.plain_rnn import TwoSidedRNN, plain_rnn
from spectral_bench.nn.recurrent import InputInit, RecurrentLayer
from spectral_bench.nn.stack import RecurrentStack
from spectral_bench.nn.svd_init import FactoredInit
from spectral_bench.nn.svd_matrix import check_when_loaded
from spectral_bench.nn.transitions.svd_transition import SVDTransition

#: What ``torch.nn.RNN`` takes and this layer does not, and what to do instead.
_NOT_HERE = {
    "nonlinearity": "it is called activation here, and is leaky_relu by default",
    "proj_size": "states are not projected; leave this out",
}


class SpectralRNN(nn.Module):
    """h_t = φ(W h_{t-1} + M x_t + b), the singular values of W within r of 1 (Zhang, Lei and Dhillon 2018).

    Shapes of input, h_0, output and h_n are those of ``torch.nn.RNN``, unbatched input included:

        >>> rnn = SpectralRNN(10, 32, num_layers=2)
        >>> output, h_n = rnn(torch.randn(100, 8, 10))
        >>> output.shape, h_n.shape
        (torch.Size([100, 8, 32]), torch.Size([2, 8, 32]))

    What differs: there is one bias a layer (``torch.nn.RNN`` has two, whose sum is all that counts); ``activation``
    stands for ``nonlinearity``, and is leaky ReLU by default; all after ``num_layers`` is keyword-only; parameters have
    other names and starts (``start`` takes a trained ``weight_hh``). What is not here is refused, never ignored. The
    output is what the backward pass reads: changed in place before it (``nn.ReLU(inplace=True)``), it makes autograd
    refuse.

    Packed sequences are taken as ``torch.nn.RNN`` takes them, and computed without padding, in as many stretches as
    there are different lengths. A bidirectional network has twice the layers: P = 2 directions below, else 1.

    After each update of an optimizer, ``constrain_`` should be called (see there).

    Args:
        input_size: D.
        hidden_size: N, of every layer.
        num_layers: L.
        m1: reflectors of U, 0..N; None: 16, or N if that is less.
        m2: reflectors of V, 0..N; None: likewise.
        r: the sigma radius.
        activation: φ, one of ``ActivationName``.
        leak: slope of ``leaky_relu`` for negative values.
        bias: whether there is a b.
        batch_first: input and output have shape (B, T, ·) instead of (T, B, ·); h_0 and h_n never do.
        dropout: probability with which a state is dropped on its way to the next layer.
        bidirectional: every layer runs over the sequence in both directions, each with weights of its own.
        learn_h0: whether the initial state is trained; it starts at zero.
        map: how σ is parametrized, one of ``MapName``.
        centre: σ*.
        penalty: λ of ``penalty()``, for the map ``free``.
        start: what W starts from, one of ``FactoredInit``, or a matrix of shape (N, N), for every layer
            and direction.
        input_start: how M starts, one of ``InputInit``.
        input_scale: its standard deviation, or gain.
        device: where the parameters live.
        dtype: float32 or float64.

    Raises:
        ValueError: a size, a number or a name is out of range.
        TypeError: an argument of ``torch.nn.RNN`` that is not here, or text where True or False belongs.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        m1: int | None = None,
        m2: int | None = None,
        r: float = 0.01,
        activation: str = ActivationName.leaky_relu,
        leak: float = 0.01,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        learn_h0: bool = False,
        map: str = MapName.sigmoid,  # noqa: A002 (the word of the configuration)
        centre: float = 1.0,
        penalty: float = 0.0,
        start: str | Tensor = FactoredInit.random,
        input_start: str = InputInit.glorot,
        input_scale: float = 1.0,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        **not_here: Never,
    ) -> None:
        super().__init__()
        for name in not_here:
            raise TypeError(f"SpectralRNN has no argument '{name}': {_NOT_HERE.get(name, 'see its docstring')}")
        for name, size in (("input_size", input_size), ("hidden_size", hidden_size), ("num_layers", num_layers)):
            check_size(name, size)
        check_flag("bias", bias)
        check_flag("batch_first", batch_first)
        check_flag("bidirectional", bidirectional)
        dtype = dtype or torch.get_default_dtype()
        check_dtype("dtype", dtype)
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.bidirectional = bias, batch_first, bidirectional
        most = min(16, hidden_size)

        def direction(index: int) -> RecurrentLayer:
            return RecurrentLayer(
                hidden_size * self._num_directions if index else input_size,
                SVDTransition(
                    hidden_size,
                    most if m1 is None else m1,
                    most if m2 is None else m2,
                    r=r,
                    map=map,
                    centre=centre,
                    penalty=penalty,
                    start=start,
                ),
                build_activation(activation, hidden_size, leak),
                bias=bias,
                learn_h0=learn_h0,
                input_start=input_start,
                input_scale=input_scale,
            )

        def layer(index: int) -> Layer:
            return BidirectionalLayer(direction(index), direction(index)) if bidirectional else direction(index)

        self.stack = RecurrentStack([layer(index) for index in range(num_layers)], dropout)
        if device is not None or any(
            parameter.dtype != dtype for parameter in self.parameters()
        ):  # fake tensors cannot be moved
            self.to(device, dtype)
        check_when_loaded(self)

    @overload
    def forward(
        self, input: Tensor, hx: Tensor | None = None, *, trace: GradientTrace | None = None
    ) -> tuple[Tensor, Tensor]: ...

    @overload
    def forward(
        self, input: PackedSequence, hx: Tensor | None = None, *, trace: GradientTrace | None = None
    ) -> tuple[PackedSequence, Tensor]: ...

    def forward(
        self,
        input: Tensor | PackedSequence,  # noqa: A002 (the word of torch.nn.RNN)
        hx: Tensor | None = None,
        *,
        trace: GradientTrace | None = None,
    ) -> tuple[Tensor | PackedSequence, Tensor]:
        """Run over all time steps.

        Args:
            input: (T, B, D), with ``batch_first`` (B, T, D), (T, D) for one sequence, or packed sequences.
            hx: initial states h_0, shape (L·P, B, N), or (L·P, N) for one sequence, the directions of a layer one after
                the other; None: the layers' own.
            trace: where the backward pass writes ‖∂L/∂h_t‖ of every layer, its directions numbered as in ``hx``. In the
                reverse direction t counts from the end of the sequence.

        Returns:
            The states of the last layer at every time step, shape (T, B, N·P), (B, T, N·P) or (T, N·P), or packed as
            the input; and the last state of every layer, each sequence's own, shape (L·P, B, N) or (L·P, N).

        Raises:
            ValueError: shapes that do not fit, no time steps, or (outside autocast) another dtype than the parameters;
                or a parameter holds NaN or infinity. That is looked at on the CPU only, where nothing has to wait for
                it, and not under ``torch.compile`` or ``torch.export``: there, NaN comes out as NaN.
            TypeError: the input is neither a tensor nor packed sequences.
        """
        x: Any = input
        if isinstance(x, torch.fx.Proxy):  # a leaf to torch.fx, as all layers of torch.nn are
            tracer: Any = x.tracer
            leaf: tuple[Tensor, Tensor] = tracer.create_proxy("call_module", tracer.path_of_module(self), (x, hx), {})
            return leaf
        if isinstance(x, PackedSequence):
            return self._forward_packed(x, hx, trace)
        if not isinstance(x, Tensor):
            raise TypeError(f"SpectralRNN takes a tensor or packed sequences, got {type(x).__name__}")
        check_input(x, self._transitions[0].matrix.u)
        batched = x.ndim == 3
        if x.ndim not in (2, 3) or x.shape[-1] != self.input_size:
            raise ValueError(
                f"expected input with 2 or 3 axes, the last of size {self.input_size}, got {tuple(x.shape)}"
            )
        self._check_finite()
        time_first = x.transpose(0, 1) if batched and self.batch_first else x
        x_TBD = time_first if batched else x.unsqueeze(1)
        states_TBN, final = self.stack(x_TBD, self._state(hx, x_TBD.shape[1], batched), trace)
        h_n = torch.stack([h_BN for layer in final for h_BN in layer])
        if not batched:
            return states_TBN.squeeze(1), h_n.squeeze(1)
        return (states_TBN.transpose(0, 1) if self.batch_first else states_TBN), h_n

    def _forward_packed(
        self, packed: PackedSequence, hx: Tensor | None, trace: GradientTrace | None
    ) -> tuple[PackedSequence, Tensor]:
        x_SD, packing = packed.data, Packing.of(packed)
        check_input(x_SD, self._transitions[0].matrix.u)
        if x_SD.ndim != 2 or x_SD.shape[1] != self.input_size:
            raise ValueError(f"expected packed rows of {self.input_size} features, got shape {tuple(x_SD.shape)}")
        self._check_finite()
        state = self._state(hx, packing.blocks[0][1], batched=True)
        if state is not None and packed.sorted_indices is not None:
            order = packed.sorted_indices
            state = [tuple(h_BN.index_select(0, order) for h_BN in layer) for layer in state]
        states_SN, final = self.stack(x_SD, state, trace, packing)
        h_n = torch.stack([h_BN for layer in final for h_BN in layer])
        if packed.unsorted_indices is not None:
            h_n = h_n.index_select(1, packed.unsorted_indices)
        return packed._replace(data=states_SN), h_n

    def _check_finite(self) -> None:
        for name, parameter in self.named_parameters():
            check_finite_in_passing(name, parameter)

    @property
    def dropout(self) -> float:
        """Probability with which a state is dropped on its way to the next layer, while training; may be set.

        Raises:
            ValueError: what is assigned is not in [0, 1].
        """
        return self.stack.dropout

    @dropout.setter
    def dropout(self, probability: float) -> None:
        self.stack.dropout = probability

    def reset_parameters(self) -> None:
        """Start anew, from torch's global generator, as when the network was made."""
        for layer in self._recurrences:
            layer.reset_parameters()

    def to_rnn(self) -> nn.RNN | TwoSidedRNN:
        """The ``torch.nn.RNN`` that computes the same: for ONNX, or code that knows no other layer.

        It shares nothing with this network. ``torch.nn.RNN`` knows tanh and ReLU; leaky ReLU and identity become
        one with ReLU and twice the units (see ``TwoSidedRNN``), called in the same way.

        Raises:
            ValueError: the activation is modReLU, or the initial state has been trained.
        """
        shared = {"batch_first": self.batch_first, "bidirectional": self.bidirectional}
        return plain_rnn(self._recurrences, dropout=self.dropout, **shared).train(self.training)

    def check_loaded(self) -> None:
        """Refuse parameters that describe no matrix."""
        for transition in self._transitions:
            transition.matrix.check_parameters()

    def flatten_parameters(self) -> None:
        """Nothing to do: the kernels take parameters wherever they lie; here for code made for ``torch.nn.RNN``."""

    def sigma(self) -> Tensor:
        """σ of every layer and direction, in the order of h_n, shape (L·P, N), differentiable."""
        return torch.stack([transition.matrix.sigma() for transition in self._transitions])

    def penalty(self) -> Tensor:
        """λ Σ ‖σ − centre‖² over the layers, a scalar to be added to the training loss (Vorontsov et al. 2017)."""
        return torch.stack([transition.matrix.penalty() for transition in self._transitions]).sum()

    def spectral_margin(self) -> float:
        """The largest | s − |σ*| | of the singular values s = |σ| of all layers.

        Raises:
            ValueError: a parameter holds NaN or infinity.
        """
        return max(transition.matrix.spectral_margin() for transition in self._transitions)

    def in_radius(self, eps: float = 1e-4) -> bool:
        """Whether the singular values of every W itself lie within the radius, give or take ``eps``.

        Raises:
            ValueError: a parameter holds NaN or infinity.
        """
        return all(transition.matrix.in_radius(eps) for transition in self._transitions)

    def constrain_(self) -> None:
        """To be called after an update: reflectors back to norm 1, and for map ``clip`` σ back to its edge.

        Without it every W is as exact; but the norm of a reflector grows with every update, and the angle of the next
        falls.
        """
        constrain_(self)

    def _state(self, hx: Tensor | None, batch_size: int, batched: bool) -> State | None:
        if hx is None:
            return None
        rows, directions = self.num_layers * self._num_directions, self._num_directions
        expected = (rows, batch_size, self.hidden_size) if batched else (rows, self.hidden_size)
        got = tuple(hx.shape) if isinstance(hx, Tensor) else type(hx).__name__
        if got != expected:
            raise ValueError(f"expected hx of shape {expected}, got {got}")
        parts = tuple(hx if batched else hx.unsqueeze(1))
        return [parts[first : first + directions] for first in range(0, rows, directions)]

    def extra_repr(self) -> str:
        """Shown in the printed model, above its layers."""
        return (
            f"{self.input_size}, {self.hidden_size}, num_layers={self.num_layers}, bias={self.bias}, "
            f"batch_first={self.batch_first}, dropout={self.stack.dropout}, bidirectional={self.bidirectional}"
        )

    @property
    def _transitions(self) -> list[SVDTransition]:
        return [cast("SVDTransition", layer.transition) for layer in self._recurrences]

    @property
    def _recurrences(self) -> list[RecurrentLayer]:
        """Of every layer and direction, in the order of h_n."""
        layers = [layer.directions if isinstance(layer, BidirectionalLayer) else [layer] for layer in self.stack.layers]
        return [cast("RecurrentLayer", direction) for layer in layers for direction in layer]

    @property
    def _num_directions(self) -> int:
        return 1 + self.bidirectional
