"""What the model of a run says of itself, as its manifest holds it.

Readers go by these facts and ask no layer, map or activation by its name: what a model of somebody else's promises is
judged like anything else, also where its file is not loaded.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from spectral_bench.config.hints import short
from spectral_bench.runs.layout import FACTS, TRACE_AXES, AxisWords


@dataclass(frozen=True)
class RecordedFacts:
    """The ``facts`` of a manifest; ``runs/layout.py`` says what they mean."""

    trace_axis: str
    sigma: tuple[float, float] | None
    centre: float
    slopes: tuple[float, float] | None
    every_step: bool | None
    layers: int
    traced: str
    step: tuple[float, float] | None = None

    @property
    def axis(self) -> AxisWords:
        """How the places along a trace are called."""
        return TRACE_AXES[self.trace_axis]

    @property
    def margin_centre(self) -> float | None:
        """What the spectral margin is measured from; None where the matrices are not all of the Jacobian (gates)."""
        return None if self.slopes is None else self.centre

    def only_last_counts(self, layer: int) -> bool | None:
        """Whether all gradient of a layer's trace comes from its last place; None: unknown.

        Over time, a loss at every step and a layer above add to it on the way; over depth nothing does.
        """
        if self.trace_axis == "depth":
            return True
        return None if self.every_step is None else not self.every_step and layer == self.layers - 1


def recorded_facts(content: Any) -> RecordedFacts:
    """Understand the ``facts`` of a manifest.

    Raises:
        ValueError: one is lacking or not of its kind; the message names it.
    """
    if not isinstance(content, Mapping):
        raise ValueError("does not say its facts")
    content = {**_LATER, **content}
    for name in FACTS:
        if name not in content:
            raise ValueError(f"does not say its facts.{name}")
        if not _VALID[name](content[name]):
            raise ValueError(f"is damaged: its facts.{name} is '{short(str(content[name]))}'")
    sigma, slopes, step = (
        None if content[name] is None else _pair(content[name]) for name in ("sigma", "slopes", "step")
    )
    return RecordedFacts(
        content["trace_axis"],
        sigma,
        float(content["centre"]),
        slopes,
        content["every_step"],
        content["layers"],
        content["traced"],
        step,
    )


#: Facts that the first manifests of this format do not have, with what they would have said.
_LATER: Mapping[str, Any] = {"step": None}


def _pair(values: Any) -> tuple[float, float]:
    low, high = values
    return float(low), float(high)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < 1e300 and math.isfinite(value)


def _is_range(value: Any) -> bool:
    """A smallest and a largest number, or None."""
    return value is None or (
        isinstance(value, list) and len(value) == 2 and all(map(_is_number, value)) and value[0] <= value[1]
    )


#: What a model names is at most half as long; a run that went on in another version names both.
_LONGEST = 200

_VALID: Mapping[str, Callable[[Any], bool]] = {
    "trace_axis": lambda value: isinstance(value, str) and value in TRACE_AXES,
    "sigma": _is_range,
    "centre": _is_number,
    "slopes": _is_range,
    "step": _is_range,
    "every_step": lambda value: value is None or isinstance(value, bool),
    "layers": lambda value: type(value) is int and 0 < value < 1 << 63,
    "traced": lambda value: isinstance(value, str) and value.isprintable() and 0 < len(value) <= _LONGEST,
}
