"""The line r T = 1 through the cells of a phase diagram of radius and length.

Over T steps a gradient grows by at most (1 + r)^T: by no more than e on the side of small r and T, and by powers of e
on the other.
"""

import math

import numpy as np

from spectral_bench.config.keys import RADIUS
from spectral_bench.figures.value_axis import ValueAxis

#: The key of the lengths.
_LENGTH = "task.length"

#: From the centre of a cell to its end.
_HALF = 0.5

#: Decimal logarithms of the values of an axis, ascending, each with the place of its cell.
_Nodes = list[tuple[float, float]]


def critical_line(x_axis: ValueAxis, y_axis: ValueAxis) -> list[tuple[float, float]]:
    """Corners of the line r T = 1, in cells from the centre of the first; none where the axes are others.

    Cells are of equal size, whatever is between their values: between the centres of two neighbours the line goes by
    logarithms, and half a cell beyond the outermost as between the two before. It has no place in the cells of a radius
    of zero, which is on the side of the small ones, nor in those of a free one, which is on no side.
    """
    if x_axis.key in RADIUS and y_axis.key == _LENGTH:
        return _corners(_nodes(x_axis), _nodes(y_axis))
    if y_axis.key in RADIUS and x_axis.key == _LENGTH:
        return [(across, up) for up, across in _corners(_nodes(y_axis), _nodes(x_axis))]
    return []


def _nodes(axis: ValueAxis) -> _Nodes:
    """The positive numbers of an axis, whose cells are side by side."""
    cells = enumerate(axis.places.items())
    values = [
        (10.0**place if axis.logarithmic else place, float(at)) for at, (text, place) in cells if text in axis.joined
    ]
    return [(math.log10(value), at) for value, at in values if value > 0]


def _corners(radii: _Nodes, lengths: _Nodes) -> list[tuple[float, float]]:
    """Places among the radii and among the lengths, along the line."""
    if len(radii) == 1 or len(lengths) == 1:
        return _through_a_cell(radii, lengths)
    if not radii or not lengths:
        return []
    (log_r, of_radii), (log_t, of_lengths) = (np.transpose(_extended(nodes)) for nodes in (radii, lengths))
    first, last = max(log_r[0], -log_t[-1]), min(log_r[-1], -log_t[0])
    if first >= last:
        return []
    every = np.unique(np.concatenate([log_r, -log_t, [first, last]]))
    along = every[(every >= first) & (every <= last)]
    places = np.interp(along, log_r, of_radii), np.interp(-along, log_t, of_lengths)
    return [(float(one), float(other)) for one, other in zip(*places, strict=True)]


def _through_a_cell(radii: _Nodes, lengths: _Nodes) -> list[tuple[float, float]]:
    """Straight through the cells of the only radius, or of the only length: nothing says how they go on."""
    if len(lengths) != 1:
        return [(one, other) for other, one in _through_a_cell(lengths, radii)]
    ((log_t, at),) = lengths
    if len(radii) < 2:
        return []
    log_r, places = np.transpose(_extended(radii))
    if not log_r[0] <= -log_t <= log_r[-1]:
        return []
    across = float(np.interp(-log_t, log_r, places))
    return [(across, at - _HALF), (across, at + _HALF)]


def _extended(nodes: _Nodes) -> _Nodes:
    """With half a cell more at either end, as wide as that between the two nodes before."""
    (first, at), (second, _), *_rest = nodes
    before, (last, end) = nodes[-2][0], nodes[-1]
    return [
        (first - _HALF * (second - first), at - _HALF), *nodes, (last + _HALF * (last - before), end + _HALF),
    ]  # fmt: skip
