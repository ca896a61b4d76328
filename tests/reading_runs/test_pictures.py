"""What the pictures promise a reader: limits that fit, lines told apart without colour, nothing invisible."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from spectral_bench.config.catalog import options
from spectral_bench.diagnostics.gradient_decay import EXTREME_FACTOR, FLOOR, LEVEL_FACTOR
from spectral_bench.figures.draw_gradients import draw_gradients
from spectral_bench.figures.draw_learning import draw_learning
from spectral_bench.figures.draw_spectrum import draw_spectrum
from spectral_bench.figures.gradient_maps import Heat
from spectral_bench.figures.gradients import GradientPictures
from spectral_bench.figures.learning import LearningPictures, Quantity
from spectral_bench.figures.looks import look_of
from spectral_bench.figures.page import printable, save
from spectral_bench.figures.relative_gradients import Moment
from spectral_bench.figures.series import Series, geometric_mean, over_runs
from spectral_bench.figures.sheet import Sheet
from spectral_bench.figures.spectra import SpectrumPictures
from spectral_bench.figures.style import draw_series
from spectral_bench.runs.layout import TRACE_AXES


def curve(*runs: list[float], model: str = "rnn", logarithmic: bool = True) -> Series:
    points = [(np.arange(len(run)), np.array(run)) for run in runs]
    return over_runs(model, look_of(model), points, logarithmic=logarithmic)


def learning(*values: list[float], baseline: float) -> LearningPictures:
    return LearningPictures(
        "t", "validation", [Quantity("metric", "accuracy", [curve(*values, logarithmic=False)], baseline, False)]
    )


def test_a_seed_with_a_gradient_of_zero_does_not_make_the_mean_zero() -> None:
    np.testing.assert_allclose(geometric_mean(np.array([[0.0, 0.0], [4.0, 0.0], [9.0, np.nan]])), [6.0, FLOOR])
    assert np.isnan(geometric_mean(np.array([[np.nan]])))
    series = curve([0.0], [4.0], [9.0])
    assert (series.mean, series.low, series.high) == pytest.approx((6.0, FLOOR, 9.0))


def gradients(curve: Series, heat: Heat) -> GradientPictures:
    moment = Moment("after 0 training steps", 0, [curve], [], [])
    return GradientPictures("t", 0, TRACE_AXES["time"], [moment], [heat], [curve], [curve])


def test_zero_gradients_and_tiny_ones_do_not_stretch_the_axis_and_the_colours_are_those_of_the_verdicts() -> None:
    one = curve([0.0, 1e-3, 1.0], [1e-30, 1e-2, 1.0])
    shares = np.geomspace(1e-2, 1.0, 200).reshape(10, 20)
    shares[0, :2] = 0.0, 1e-30
    figure = draw_gradients(gradients(one, Heat("map", np.arange(20.0), np.arange(10.0), shares)), Sheet())
    for axes in [axes for axes in figure.axes if axes.get_yscale() == "log" and axes.get_title() != "map"]:
        bottom, top = axes.get_ylim()
        assert top / bottom < 1e14
    (panel,) = [axes for axes in figure.axes if axes.get_title() == "map"]
    norm = panel.collections[0].norm
    assert (norm.vmin, norm.vmax) == (1 / EXTREME_FACTOR, EXTREME_FACTOR)
    assert {1 / LEVEL_FACTOR, LEVEL_FACTOR} <= set(norm.boundaries)
    assert any("leaves below" in text.get_text() for strip in figure.subfigs for text in strip.texts)


@pytest.mark.parametrize(("maps", "width", "rows"), [(5, 7.0, 1), (6, 7.0, 2), (7, 7.0, 2), (3, 3.3, 2), (1, 3.3, 1)])
def test_maps_are_as_many_as_there_are_groups_in_even_rows_without_an_empty_one(
    maps: int, width: float, rows: int
) -> None:
    heats = [Heat(f"map {at}", np.arange(3.0), np.arange(4.0), np.ones((4, 3))) for at in range(maps)]
    pictures = replace(gradients(curve([1.0, 2.0]), heats[0]), maps=heats)
    figure = draw_gradients(pictures, Sheet(width=width, panels=("map",)))
    panels = [axes for axes in figure.axes if axes.get_title().startswith("map")]
    assert len(panels) == maps
    assert len(figure.axes) == maps + 1  # and the colour bar
    assert len({axes.get_subplotspec().rowspan.start for axes in panels if axes.get_subplotspec()}) == rows
    assert figure.get_size_inches()[0] == width


@pytest.mark.parametrize("steps", [[0.0, 30.0], [0.0, 100.0, 1000.0], [7.0]])
def test_the_axes_of_a_map_begin_and_end_with_what_was_measured(steps: list[float]) -> None:
    heat = Heat("map", np.array(steps), np.arange(4.0), np.ones((4, len(steps))))
    figure = draw_gradients(gradients(curve([1.0, 2.0]), heat), Sheet())
    (panel,) = [axes for axes in figure.axes if axes.get_title() == "map"]
    low, high = panel.get_xlim()
    assert (low, high) == ((steps[0], steps[-1]) if len(steps) > 1 else (6.5, 7.5))
    assert panel.get_ylim() == (0, 3)


def test_two_equal_lines_are_both_seen_without_colour() -> None:
    axes: Axes = Figure().subplots()
    first, second = curve([1.0] * 11, model="svdrnn"), curve([1.0] * 11, model="ornn")
    draw_series(axes, [first, replace(second, look=replace(second.look, place=1))])
    below, above = sorted(axes.get_lines(), key=lambda line: line.get_zorder())
    assert (below.get_linestyle(), above.get_linestyle()) == ("-", "--")
    assert below.get_marker() != above.get_marker()
    marked = [
        set(range(11)[slice(start, None, step)]) for start, step in (below.get_markevery(), above.get_markevery())
    ]
    assert not marked[0] & marked[1]


def test_a_single_measurement_is_written_down_and_gets_no_axis() -> None:
    axes = draw_learning(learning([0.9], baseline=0.8), Sheet()).axes[0]
    assert not axes.axison
    assert [text.get_text() for text in axes.texts] == ["measured once, at step 0", "rnn: 0.9"]
    point = curve([1.0])
    panel = draw_spectrum(SpectrumPictures("t", [point], [1.0], [None], [[point] * 5], [None]), Sheet()).axes[1]
    assert any(line.get_marker() == "o" for line in panel.get_lines())


def test_measurements_of_different_magnitude_are_not_joined_over_training_but_each_is_marked() -> None:
    axes: Axes = Figure().subplots()
    axes.set_yscale("log")
    draw_series(axes, [curve([1.0, 0.5, 1e-6, 0.2])], over_training=True)
    (line,) = axes.get_lines()
    np.testing.assert_allclose(np.asarray(line.get_ydata()), [1.0, 0.5, np.nan, 1e-6, np.nan, 0.2])
    assert line.get_markevery() == 1


@pytest.mark.parametrize(("seeds", "thin", "bands"), [(1, 0, 0), (2, 2, 0), (3, 3, 0), (4, 0, 1)])
def test_few_seeds_are_thin_lines_and_many_a_band(seeds: int, thin: int, bands: int) -> None:
    axes: Axes = Figure().subplots()
    draw_series(axes, [curve(*([float(seed), 2.0] for seed in range(seeds)), logarithmic=False)])
    assert (len(axes.get_lines()) - 1, len(axes.collections)) == (thin, bands)


def test_a_baseline_far_from_the_curves_is_named_and_does_not_flatten_them() -> None:
    near = draw_learning(learning([0.90, 0.95], baseline=0.88), Sheet()).axes[0]
    far = draw_learning(learning([0.90, 0.95], baseline=0.1), Sheet()).axes[0]
    assert (len(near.get_lines()), len(near.texts)) == (2, 0)
    assert len(far.get_lines()) == 1
    assert far.texts[0].get_text() == "baseline ↓ 0.1"
    assert far.get_ylim()[0] > 0.8


def test_the_spectrum_of_each_model_has_an_axis_of_its_own() -> None:
    wide = [curve([value, value]) for value in (1e-3, 0.5, 1.0, 1.5, 3.0)]
    exact = [curve([value, value], model="ornn") for value in (1 - 1e-6, 1.0, 1.0, 1.0, 1 + 1e-6)]
    pictures = SpectrumPictures("t", [wide[4], exact[4]], [1.0, 1.0], [None, 0.0], [wide, exact], [None, (1.0, 1.0)])
    _, free, bounded = draw_spectrum(pictures, Sheet()).axes
    assert (free.get_yscale(), bounded.get_yscale()) == ("log", "linear")
    low, high = bounded.get_ylim()
    assert high - low == pytest.approx(0.02, rel=0.01)


def test_a_png_has_the_colours_of_the_models_exactly_and_the_width_that_was_asked_for(tmp_path: Path) -> None:
    with printable():
        save(draw_learning(learning([0.1, 0.2], baseline=0.1), Sheet(width=5.0)), tmp_path / "p.png")
    with Image.open(tmp_path / "p.png") as picture:
        pixels = np.asarray(picture.convert("RGB")).reshape(-1, 3)
        assert picture.width == 1000
    wanted = [int(look_of("rnn").colour[at : at + 2], 16) for at in (1, 3, 5)]
    assert (pixels == wanted).all(axis=1).sum() > 100
    assert (tmp_path / "p.png").stat().st_size < 100_000


def test_every_model_of_the_package_has_a_look_of_its_own_and_others_one_from_their_name() -> None:
    own = [look_of(model) for model in options("model")]
    assert len({look.colour for look in own}) == len({(look.marker, str(look.dashes)) for look in own}) == len(own)
    other = look_of("somebodys")
    assert other == look_of("somebodys")
    assert other.colour not in {look_of(model).colour for model in ("rnn", "irnn", "ornn", "svdrnn", "lstm", "gru")}
