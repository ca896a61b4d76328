"""Where the values of a key lie on an axis: numbers to scale, and what is no number honestly beside them."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from spectral_bench.config.keys import absent, as_typed

#: Numbers whose largest is more than this times the smallest go on a logarithmic axis.
_SPAN = 10.0

#: Characters that fit below an axis, and the share of it that a label takes which is turned.
_CHARACTERS, _TURNED = 45, 0.03

#: Up to so many numbers each has a tick of its own.
_TICKS = 7

#: Whole numbers from here to there have their thousands parted.
_PARTED, _LARGE = 1e3, 1e7

#: Share of the numbers' stretch that lies between it and what is beside it, and at least so much of a decade.
_GAP, _DECADE = 0.15, 0.4


def is_number(value: Any) -> bool:
    """Whether it is a finite number, and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def spans_decades(values: Iterable[float]) -> bool:
    """Whether positive numbers belong on a logarithmic axis."""
    found = list(values)
    return bool(found) and min(found) > 0 and max(found) >= _SPAN * min(found)


def shown(key: str, value: Any) -> str:
    """A value in words: ``free`` for a radius that does not exist."""
    return absent(key) if value is None else as_typed(value)


@dataclass(frozen=True)
class ValueAxis:
    """The places of values on an axis that is linear in them.

    Attributes:
        key: whose values.
        places: of every value, by ``as_typed``.
        labels: of every value.
        joined: the values among which a line may be drawn: numbers, without a zero beside a logarithmic stretch.
        logarithmic: places of numbers are their decimal logarithms.
        breaks: places where the axis is interrupted.
    """

    key: str
    places: dict[str, float]
    labels: dict[str, str]
    joined: frozenset[str]
    logarithmic: bool
    breaks: tuple[float, ...]

    def place(self, value: Any) -> float:
        """Where a value lies."""
        return self.places[as_typed(value)]

    def joins(self, value: Any) -> bool:
        """Whether a line may go through it."""
        return as_typed(value) in self.joined

    def ticks(self) -> tuple[list[float], list[str]]:
        """Places and labels of ticks: every value, or round numbers where there are many."""
        apart = {text: place for text, place in self.places.items() if text not in self.joined}
        if len(self.joined) <= _TICKS:
            return list(self.places.values()), [self.labels[text] for text in self.places]
        inner = [place for text, place in self.places.items() if text in self.joined]
        low, high = min(inner), max(inner)
        if self.logarithmic:
            digits = (1,) if high - low >= 2 else (1, 2, 5)
            decades = range(math.floor(low), math.ceil(high) + 1)
            rounds = [
                tick for decade in decades for digit in digits if low <= (tick := decade + math.log10(digit)) <= high
            ]
        else:
            rounds = [float(tick) for tick in MaxNLocator(6).tick_values(low, high) if low <= tick <= high]
        labels = [_parted(value, f"{value:g}") for value in (10**tick if self.logarithmic else tick for tick in rounds)]
        return [*rounds, *apart.values()], [*labels, *(self.labels[text] for text in apart)]

    def put(self, axes: Axes, side: str = "x") -> None:
        """Give an axis of a panel these ticks, limits and interruptions."""
        ticks, labels = self.ticks()
        axis = axes.xaxis if side == "x" else axes.yaxis
        low, high = min(self.places.values()), max(self.places.values())
        if side == "x":
            ordered = sorted(zip(ticks, labels, strict=True))
            if any(
                (right - left) * _CHARACTERS < (high - low) * (len(one) + len(other)) / 2
                for (left, one), (right, other) in pairwise(ordered)
            ):
                axes.tick_params(axis="x", rotation=45)
            ticks, labels = _apart(ordered, (high - low) * _TURNED)
        axis.set_ticks(ticks, labels)
        room = 0.06 * (high - low) or 0.5
        (axes.set_xlim if side == "x" else axes.set_ylim)(low - room, high + room)
        for place in self.breaks:
            where = (place, 0.0) if side == "x" else (0.0, place)
            across = axes.get_xaxis_transform() if side == "x" else axes.get_yaxis_transform()
            axes.text(
                *where, "//", transform=across, ha="center", va="center", fontsize=7, rotation=0 if side == "x" else 90,
                bbox={"facecolor": mpl.rcParams["axes.facecolor"], "edgecolor": "none", "pad": 0.4},
            )  # fmt: skip


def value_axis(key: str, values: Sequence[Any], *, linear: bool = False) -> ValueAxis:
    """Place the distinct values of a key: numbers in order, a zero left of a logarithmic stretch, the others right.

    Args:
        key: whose values.
        values: any, once or often.
        linear: the stretch is not logarithmic, whatever the numbers span.
    """
    distinct = {as_typed(value): value for value in values}
    numbers = dict(sorted(((text, float(value)) for text, value in distinct.items() if is_number(value)), key=_second))
    others = [text for text in distinct if text not in numbers]
    labels = {
        text: _parted(numbers.get(text, 0.0), f"{value:g}" if isinstance(value, float) else shown(key, value))
        for text in [*numbers, *sorted(others, key=_none_last)]
        for value in [distinct[text]]
    }
    positive = {text: value for text, value in numbers.items() if value > 0}
    logarithmic = len(positive) >= len(numbers) - 1 and min(numbers.values(), default=-1.0) >= 0
    logarithmic = logarithmic and not linear and spans_decades(positive.values())
    joined = positive if logarithmic else numbers
    places = {text: math.log10(value) if logarithmic else value for text, value in joined.items()}
    if not places:
        return ValueAxis(key, {text: float(at) for at, text in enumerate(labels)}, labels, frozenset(), False, ())
    low, high = min(places.values()), max(places.values())
    gap = max(_GAP * (high - low), _DECADE if logarithmic else 0.0) or max(abs(high), 1.0) * _GAP
    breaks = []
    if logarithmic and len(positive) < len(numbers):
        (zero,) = set(numbers) - set(positive)
        places[zero] = low - gap
        breaks.append(low - gap / 2)
    beside = [text for text in labels if text not in numbers]
    places |= {text: high + gap * (at + 1) for at, text in enumerate(beside)}
    if beside:
        breaks.append(high + gap / 2)
    ordered = dict(sorted(places.items(), key=_second))
    return ValueAxis(key, ordered, labels, frozenset(joined), logarithmic, tuple(breaks))


def _apart(ordered: Sequence[tuple[float, str]], least: float) -> tuple[list[float], list[str]]:
    """Places and labels of ticks, without the labels of those that are too near to the one before."""
    labels: list[str] = []
    before = -math.inf
    for place, label in ordered:
        labels.append(label if place - before >= least else "")
        before = place if labels[-1] else before
    return [place for place, _ in ordered], labels


def _parted(value: float, otherwise: str) -> str:
    """A large whole number with its thousands parted, as in tables."""
    is_large = _PARTED <= abs(value) < _LARGE and math.isclose(value, round(value))
    return f"{value:,.0f}" if is_large else otherwise


def _second(pair: tuple[str, float]) -> float:
    return pair[1]


def _none_last(text: str) -> tuple[bool, str]:
    return text == "null", text
