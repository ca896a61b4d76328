"""What the pictures promise a reader: limits that fit, lines told apart without colour, nothing invisible."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from spectral_bench.diagnostics.gradient_decay import FLOOR
from spectral_bench.figures.draw_gradients import draw_gradients
from spectral_bench.figures.draw_learning import draw_learning
from spectral_bench.figures.draw_spectrum import draw_spectrum
from spectral_bench.figures.gradients import GradientPictures, Heat
from spectral_bench.figures.learning import LearningPictures, Quantity
from spectral_bench.figures.page import printable, save
from spectral_bench.figures.series import Series, geometric_mean, over_runs
from spectral_bench.figures.spectra import SpectrumPictures
from spectral_bench.figures.style import draw_series
from spectral_bench.runs.layout import TRACE_AXES


def curve(*runs: list[float], style: int = 0, logarithmic: bool = True) -> Series:
    points = [(np.arange(len(run)), np.array(run)) for run in runs]
    return over_runs(f"model {style}", style, points, logarithmic=logarithmic)


def learning(*values: list[float], baseline: float) -> LearningPictures:
    return LearningPictures(
        "t", "validation", [Quantity("accuracy", [curve(*values, logarithmic=False)], baseline, False)]
    )


def test_a_seed_with_a_gradient_of_zero_does_not_make_the_mean_zero() -> None:
    np.testing.assert_allclose(geometric_mean(np.array([[0.0, 0.0], [4.0, 0.0], [9.0, np.nan]])), [6.0, FLOOR])
    assert np.isnan(geometric_mean(np.array([[np.nan]])))
    series = curve([0.0], [4.0], [9.0])
    assert (series.mean, series.low, series.high) == pytest.approx((6.0, FLOOR, 9.0))


def test_zero_gradients_and_tiny_ones_stretch_neither_the_axis_nor_the_colours() -> None:
    one = curve([0.0, 1e-3, 1.0], [1e-30, 1e-2, 1.0])
    norms = np.geomspace(1e-2, 1.0, 200).reshape(10, 20)
    norms[0, :2] = 0.0, 1e-30
    heat = Heat("model 0", np.arange(20.0), np.arange(10.0), norms)
    figure = draw_gradients(GradientPictures("t", 0, TRACE_AXES["time"], [one], [one], {0: [one]}, {0: []}, [heat]))
    for axes in [axes for axes in figure.axes if axes.get_lines()]:
        bottom, top = axes.get_ylim()
        assert top / bottom < 1e13
    (panel,) = [axes for axes in figure.axes if axes.get_title() == "model 0"]
    mesh = panel.collections[0]
    assert mesh.norm.vmin == pytest.approx(1e-2, rel=0.3)
    assert any("leaves below" in text.get_text() for strip in figure.subfigs for text in strip.texts)


@pytest.mark.parametrize("steps", [[0.0, 30.0], [0.0, 100.0, 1000.0], [7.0]])
def test_the_axes_of_a_map_begin_and_end_with_what_was_measured(steps: list[float]) -> None:
    one = curve([1.0, 2.0])
    heat = Heat("map", np.array(steps), np.arange(4.0), np.ones((4, len(steps))))
    figure = draw_gradients(GradientPictures("t", 0, TRACE_AXES["time"], [one], [one], {0: [one]}, {0: []}, [heat]))
    (panel,) = [axes for axes in figure.axes if axes.get_title() == "map"]
    low, high = panel.get_xlim()
    assert (low, high) == ((steps[0], steps[-1]) if len(steps) > 1 else (6.5, 7.5))
    assert panel.get_ylim() == (0, 3)


def test_two_equal_lines_are_both_seen_without_colour() -> None:
    axes: Axes = Figure().subplots()
    draw_series(axes, [curve([1.0] * 11, style=style) for style in (2, 4)])
    below, above = sorted(axes.get_lines(), key=lambda line: line.get_zorder())
    assert (below.get_linestyle(), above.get_linestyle()) == ("-", "--")
    assert below.get_marker() != above.get_marker()
    marked = [
        set(range(11)[slice(start, None, step)]) for start, step in (below.get_markevery(), above.get_markevery())
    ]
    assert not marked[0] & marked[1]


def test_a_single_measurement_is_seen() -> None:
    axes = draw_learning(learning([0.9], baseline=0.8)).axes[0]
    line = axes.get_lines()[0]
    assert line.get_marker() not in ("", "None")
    assert line.get_markevery() == (0, 1)
    point = curve([1.0])
    panel = draw_spectrum(SpectrumPictures("t", [point], [None], {1.0}, [[point] * 5], [None])).axes[1]
    assert any(line.get_marker() == "o" for line in panel.get_lines())


def test_a_baseline_far_from_the_curves_is_named_and_does_not_flatten_them() -> None:
    near = draw_learning(learning([0.90, 0.95], baseline=0.88)).axes[0]
    far = draw_learning(learning([0.90, 0.95], baseline=0.1)).axes[0]
    assert (len(near.get_lines()), len(near.texts)) == (2, 0)
    assert len(far.get_lines()) == 1
    assert far.texts[0].get_text() == "baseline ↓ 0.1"
    assert far.get_ylim()[0] > 0.8


def test_the_spectrum_of_each_model_has_an_axis_of_its_own() -> None:
    wide = [curve([value, value]) for value in (1e-3, 0.5, 1.0, 1.5, 3.0)]
    exact = [curve([value, value], style=1) for value in (1 - 1e-6, 1.0, 1.0, 1.0, 1 + 1e-6)]
    pictures = SpectrumPictures("t", [wide[4], exact[4]], [None, 0.0], {1.0}, [wide, exact], [None, (1.0, 1.0)])
    _, free, bounded = draw_spectrum(pictures).axes
    assert (free.get_yscale(), bounded.get_yscale()) == ("log", "linear")
    low, high = bounded.get_ylim()
    assert high - low == pytest.approx(0.02, rel=0.01)


def test_a_picture_is_a_small_file(tmp_path: Path) -> None:
    with printable():
        save(draw_learning(learning([0.1, 0.2], baseline=0.1)), tmp_path / "p.png")
    with Image.open(tmp_path / "p.png") as picture:
        assert picture.mode == "P"
    assert (tmp_path / "p.png").stat().st_size < 60_000
