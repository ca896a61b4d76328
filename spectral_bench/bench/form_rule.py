"""The cost rule against measured times, on both sides of its threshold."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from spectral_bench.bench.contenders import OURS_DENSE, OURS_LOW_RANK
from spectral_bench.bench.setting import Setting
from spectral_bench.bench.suite import Measured
from spectral_bench.bench.timing import Ratio, ratio
from spectral_bench.nn.kernels.form_choice import use_low_rank


@dataclass(frozen=True)
class FormChoice:
    """The choice of the rule at one setting, and how it compares with measured times.

    Attributes:
        setting: the sizes.
        form: the form the rule chooses.
        relative: its time relative to the other form's.
    """

    setting: Setting
    form: str
    relative: Ratio

    @property
    def verdict(self) -> str:
        """``right`` or ``wrong``; ``a tie`` if the interval contains 1."""
        if self.relative.low <= 1.0 <= self.relative.high:
            return "a tie"
        return "right" if self.relative.value < 1.0 else "wrong"


def form_choices(results: Sequence[Measured]) -> Iterator[FormChoice]:
    """The choice at every setting of the sweeps over n and m."""
    for measured in results:
        if measured.part in ("hidden_size", "reflectors"):
            setting = measured.setting
            pair = OURS_LOW_RANK, OURS_DENSE
            low_rank = use_low_rank(setting.hidden_size, setting.m1 + setting.m2, setting.batch_size)
            chosen, other = pair if low_rank else pair[::-1]
            relative = ratio(measured.times[chosen], measured.times[other])
            yield FormChoice(setting, "low rank" if low_rank else "dense", relative)
