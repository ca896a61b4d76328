"""Axes follow what was measured: an interval that goes on beyond ends in an arrow, in every figure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spectral_bench.compare.statistics import Estimate, estimate
from spectral_bench.figures.axis_limits import Range, leaves, lengthened, limits_of
from spectral_bench.figures.draw_decay import decay_limits, draw_decay
from spectral_bench.figures.intervals import draw_interval
from spectral_bench.figures.looks import look_of
from spectral_bench.figures.relative_gradients import Decay, Moment
from spectral_bench.runs.layout import TRACE_AXES


def estimated(values: Sequence[float]) -> Estimate:
    found = estimate(values)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("values", "possible"),
    [
        ([0.91, 0.97], (0.0, 1.0)),
        ([0.02, 0.11], (0.0, 1.0)),
        ([0.0, 1.0], (0.0, 1.0)),
        ([3.0, 5.0, 4.0], (0.0, None)),
        ([-1.0, 2.0], (None, None)),
    ],
)
def test_measurements_take_half_of_an_axis_or_more_and_it_ends_where_values_do(
    values: list[float], possible: Range
) -> None:
    mean = estimated(values)
    low, high = limits_of(np.array(values), [mean], possible=possible)
    assert low < min(values) < max(values) < high
    assert (max(values) - min(values)) / (high - low) > 0.45
    room = 0.06 * (high - low)
    assert possible[0] is None or low >= possible[0] - room
    assert possible[1] is None or high <= possible[1] + room


def test_an_interval_that_has_room_is_shown_whole() -> None:
    near, far = [0.50, 0.51, 0.49], [0.90, 0.91, 0.89]
    means = [estimated(near), estimated(far)]
    limits = limits_of(np.array([*near, *far]), means)
    assert not any(leaves(mean, limits) for mean in means)


def test_on_a_logarithmic_axis_it_is_decades_that_count() -> None:
    values = [1e-4, 1e-2]
    mean = estimated(values)
    assert mean.low is not None
    assert mean.low < 0
    low, high = np.log10(limits_of(np.array(values), [mean], logarithmic=True))
    assert -5.5 < low < -4
    assert -2 < high < -0.5


def test_equal_measurements_and_a_single_one_have_an_axis() -> None:
    for values in ([0.97, 0.97], [0.97], [0.0]):
        low, high = limits_of(np.array(values), [estimated(values)], possible=(0.0, 1.0))
        assert low < values[0] < high
        assert 0.02 < high - low < 1.1
    assert limits_of(np.array([]), []) == (0.0, 1.0)


def test_room_is_made_at_the_ends_that_need_it() -> None:
    assert lengthened((0.0, 2.0), 0.5, 0.0) == (-1.0, 2.0)
    assert lengthened((1.0, 100.0), 0.0, 0.5, logarithmic=True) == pytest.approx((1.0, 1000.0))


def arrows(axes: Axes) -> list[str]:
    return [str(line.get_marker()) for line in axes.get_lines() if line.get_markerfacecolor() == "white"]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.2, 0.8, []), (-3.0, 0.8, ["v"]), (0.2, 4.0, ["^"]), (-3.0, 4.0, ["v", "^"])],
)
def test_an_end_beyond_the_axis_is_an_arrow_at_its_edge(low: float, high: float, expected: list[str]) -> None:
    axes: Axes = Figure().subplots()
    axes.set_ylim(0.0, 1.0)
    draw_interval(axes, 3.0, Estimate(0.5, low, high, 2), "#000000")
    assert arrows(axes) == expected
    line, *ends = axes.get_lines()
    assert list(np.asarray(line.get_ydata())) == [max(low, 0.0), min(high, 1.0)]
    assert {float(np.asarray(end.get_ydata())[0]) for end in ends} <= {0.0, 1.0}
    assert axes.get_ylim() == (0.0, 1.0)


def decay(values: list[float]) -> Decay:
    return Decay("rnn", look_of("rnn"), estimate(values), values, 0.01, Counter({"vanishing": 2}), "steady", "halves")


def test_the_axis_of_decay_rates_follows_the_seeds_and_always_shows_zero() -> None:
    wide = decay([0.02, 0.10])
    assert wide.rate is not None
    low, high = decay_limits([wide])
    assert low <= 0.0 < 0.10 < high
    assert high < 0.17
    figure = Figure()
    draw_decay(figure.subfigures(), Moment("t", 1, [], [], [wide]), TRACE_AXES["time"], 3.0)
    assert arrows(figure.axes[0]) == ["<", ">"]


def test_a_title_speaks_of_intervals_only_where_there_are_any() -> None:
    for values, told in (
        ([0.02], "decay on the way back"),
        ([0.02, 0.03], "decay on the way back, with 95 % interval"),
    ):
        figure = Figure()
        draw_decay(figure.subfigures(), Moment("t", 1, [], [], [decay(values)]), TRACE_AXES["time"], 3.0)
        assert figure.axes[0].get_title("right").replace("\n", " ") == told
    figure = Figure()
    nothing = replace(decay([0.02]), rate=None, rates=[])
    draw_decay(figure.subfigures(), Moment("t", 1, [], [], [nothing]), TRACE_AXES["time"], 3.0)
    assert figure.axes[0].get_title("right") == "decay on the way back"
