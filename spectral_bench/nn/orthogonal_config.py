"""The configuration keys of recurrent layers whose matrix comes from a skew-symmetric one."""

from dataclasses import dataclass
from typing import ClassVar

from spectral_bench.nn.init import SkewInit
from spectral_bench.nn.layer_architecture import RecurrentConfig


@dataclass
class SkewConfig(RecurrentConfig):
    """What ``exprnn``, ``dtriv`` and ``cayley`` have."""

    parameter_kinds: ClassVar[tuple[str, ...]] = ("orthogonal",)

    input_bias: bool
    start: SkewInit

    def has_input_bias(self) -> bool:
        """As configured: the authors' networks have none."""
        return self.input_bias
