"""What the pictures promise a reader: limits that fit, lines told apart without colour, nothing invisible."""

from collections import Counter
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from drawn_text import cut_off, overlapping
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from spectral_bench.compare.statistics import estimate
from spectral_bench.config.catalog import options
from spectral_bench.diagnostics.gradient_decay import EXTREME_FACTOR, FLOOR, LEVEL_FACTOR
from spectral_bench.figures.draw_decay import draw_decay
from spectral_bench.figures.draw_gradients import draw_gradients
from spectral_bench.figures.draw_learning import draw_learning
from spectral_bench.figures.draw_spectrum import draw_spectrum
from spectral_bench.figures.gradient_maps import Heat
from spectral_bench.figures.gradients import GradientPictures
from spectral_bench.figures.learning import LearningPictures, Quantity
from spectral_bench.figures.looks import Look, look_of, palette
from spectral_bench.figures.page import printable, save
from spectral_bench.figures.relative_gradients import Decay, Moment
from spectral_bench.figures.series import Series, geometric_mean, geometric_mean_of_positive, over_runs
from spectral_bench.figures.sheet import Sheet
from spectral_bench.figures.spectra import SpectrumPictures
from spectral_bench.figures.style import draw_series
from spectral_bench.figures.traced_gradients import mean_over_training
from spectral_bench.figures.words import after
from spectral_bench.records.traces import GradientHistory
from spectral_bench.runs.layout import TRACE_AXES


def curve(*runs: list[float], model: str = "rnn", logarithmic: bool = True) -> Series:
    points = [(np.arange(len(run)), np.array(run)) for run in runs]
    return over_runs(model, look_of(model), points, logarithmic=logarithmic)


def learning(*values: list[float], baseline: float) -> LearningPictures:
    return LearningPictures(
        "t", "validation", [Quantity("metric", "accuracy", [curve(*values, logarithmic=False)], baseline, False)]
    )


def test_a_gradient_that_underflows_is_in_the_mean_as_the_smallest_number() -> None:
    one_of_three = FLOOR ** (1 / 3) * 36.0 ** (1 / 3)
    np.testing.assert_allclose(geometric_mean(np.array([[0.0, 0.0], [4.0, 0.0], [9.0, np.nan]])), [one_of_three, FLOOR])
    assert np.isnan(geometric_mean(np.array([[np.nan]])))
    series = curve([0.0], [4.0], [9.0])
    assert (series.mean, series.low, series.high) == pytest.approx((one_of_three, FLOOR, 9.0))


def test_a_traced_step_whose_gradient_underflows_is_left_out_of_the_mean_over_training() -> None:
    norms = np.ones((21, 4))
    norms[0, :3] = 0.0
    np.testing.assert_allclose(mean_over_training(GradientHistory(np.arange(21), norms)), np.ones(4))


def test_a_margin_of_zero_is_left_out_of_the_mean_of_margins() -> None:
    np.testing.assert_allclose(
        geometric_mean_of_positive(np.array([[0.0, 0.0], [1e-7, 0.0], [1e-7, np.nan]])), [1e-7, FLOOR]
    )


@pytest.mark.parametrize("logarithmic", [False, True])
def test_a_mean_does_not_jump_with_which_seeds_were_measured_where(logarithmic: bool) -> None:
    rare, often = (np.array([0, 4, 8]), np.array([1.0, 16.0, 256.0])), (np.arange(9), np.full(9, 4.0))
    series = over_runs("rnn", look_of("rnn"), [rare, often], logarithmic=logarithmic)
    line = 2.0 ** np.arange(9) if logarithmic else np.interp(np.arange(9), *rare)
    for drawn, measured in zip(series.each, (rare, often), strict=True):
        np.testing.assert_allclose(drawn, measured)
    np.testing.assert_allclose(series.mean, np.sqrt(line * 4.0) if logarithmic else (line + 4.0) / 2)
    assert series.counts.tolist() == [2] * 9


def test_a_line_is_not_drawn_beyond_its_ends_nor_across_what_is_not_finite() -> None:
    short, long = (np.array([2, 3, 4]), np.array([1.0, np.inf, 1.0])), (np.arange(0, 8, 2), np.ones(4))
    series = over_runs("rnn", look_of("rnn"), [short, long], logarithmic=False)
    assert series.x.tolist() == [0, 2, 3, 4, 6]
    assert series.counts.tolist() == [1, 2, 1, 2, 1]


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


#: Pixels to an inch of the print in which markers are told apart, and the share of its ink in which one differs.
_PRINT, _APART = 200, 0.2


def printed_in_grey(look: Look) -> np.ndarray:
    """How much ink a marker takes of each pixel, whatever its colour."""
    figure = Figure(figsize=(0.12, 0.12), dpi=_PRINT)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(0.0, 1.0), ylim=(0.0, 1.0))
    axes.set_axis_off()
    axes.plot([0.5], [0.5], **replace(look, colour="#000000").marked(4.5))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return 1.0 - np.asarray(canvas.buffer_rgba())[..., 0] / 255.0


def test_every_two_models_of_the_package_are_told_apart_by_colour_and_in_grey_by_their_markers() -> None:
    looks = {model: look_of(model) for model in options("model")}
    assert len({look.colour for look in looks.values()}) == len(looks)
    ink = {model: printed_in_grey(look) for model, look in looks.items()}
    for one, other in combinations(looks, 2):
        difference = np.abs(ink[one] - ink[other]).sum() / max(ink[one].sum(), ink[other].sum())
        assert difference > _APART, f"{one} and {other} look alike"


def test_a_model_from_elsewhere_has_the_look_of_its_name_and_no_marker_of_the_package() -> None:
    own = [look_of(model) for model in options("model")]
    for name in ("somebodys", *(f"model{at}" for at in range(20))):
        other = look_of(name)
        assert other == look_of(name)
        assert (other.marker, other.hollow) not in {(look.marker, look.hollow) for look in own}
        assert other.colour not in {look.colour for look in own}
        assert printed_in_grey(other).sum() > 10
    assert all(printed_in_grey(look).sum() > 10 for look in palette(6))
    assert len({look.marker for look in palette(6)}) == 6


def decay(label: str, verdict: str) -> Decay:
    found = estimate([0.01, 0.02, 0.03])
    verdicts = Counter({verdict: 2, "fading": 1})
    return Decay(label, look_of("rnn"), found, [0.01], 0.01, verdicts, "steady", "halves every 9.3 steps")


@pytest.mark.parametrize("width", [2.4, 3.35, 7.0])
def test_a_decay_rate_stands_beside_what_is_told_of_its_group(width: float) -> None:
    decays = [
        decay("rnn", "vanishing"),
        decay("svdrnn r=0.001 hidden_size=128 lr=0.003", "level"),
        decay("gru", "level"),
    ]
    figure = Figure(figsize=(width, 2.5), layout="constrained")
    with printable():
        draw_decay(figure.subfigures(), Moment("t", 1, [], [], decays), TRACE_AXES["time"], width)
        FigureCanvasAgg(figure).draw()
    (axes,) = figure.axes
    markers = [line.get_xydata()[0] for line in axes.get_lines() if line.get_marker() == look_of("rnn").marker]
    heights = [axes.transData.transform(place)[1] for place in markers]
    texts = [(text, text.get_window_extent()) for text in axes.texts]
    starts = [0, *[at for at, (text, _) in enumerate(texts) if text.get_text().startswith(("svdrnn", "gru"))]]
    for row, (first, last) in enumerate(pairwise([*starts, len(texts)])):
        boxes = [box for _, box in texts[first:last]]
        assert heights[row] == pytest.approx((max(box.y1 for box in boxes) + min(box.y0 for box in boxes)) / 2, abs=3.0)
    assert max(box.x1 for _, box in texts) < axes.get_window_extent().x0
    assert overlapping(figure) == []
    assert cut_off(figure) == []


def test_the_words_of_a_single_group_stay_together_however_much_room_there_is() -> None:
    figure = Figure(figsize=(6.0, 2.6), layout="constrained")
    with printable():
        draw_decay(figure.subfigures(), Moment("t", 1, [], [], [decay("rnn", "level")]), TRACE_AXES["time"], 6.0)
        FigureCanvasAgg(figure).draw()
    (axes,) = figure.axes
    name, verdict, *others = [text.get_window_extent() for text in axes.texts]
    assert 0 < verdict.x0 - name.x1 < 0.35 * figure.dpi
    lowest = min(box.y0 for box in others)
    assert name.y1 - lowest < 0.2 * figure.dpi * (1 + len(others))
    middle = axes.get_window_extent()
    assert (name.y1 + lowest) / 2 == pytest.approx((middle.y0 + middle.y1) / 2, abs=0.05 * figure.dpi)


def test_a_moment_after_one_step_is_told_in_the_singular() -> None:
    assert (after(1), after(1000)) == ("after 1 training step", "after 1,000 training steps")


def test_a_figure_says_of_how_many_seeds_its_lines_are_and_each_where_they_differ() -> None:
    two, three = curve([0.1, 0.2], [0.2, 0.3], model="lstm"), curve([0.1, 0.2], [0.3, 0.4], [0.5, 0.6])
    for curves, caption, names in (
        ([three, replace(three, label="other")], "means over 3 seeds; thin: each seed", ["rnn", "other"]),
        ([two, three], "means over n seeds; thin: each seed", ["lstm (n = 2)", "rnn (n = 3)"]),
        ([replace(two, label="rnn"), three], "means over n seeds; thin: each seed", ["rnn (n = 2 to 3)"]),
        ([curve([0.1, 0.2])], "Lines: one seed each.", ["rnn"]),
    ):
        quantity = Quantity("metric", "accuracy", curves, None, False)
        figure = draw_learning(LearningPictures("t", "validation", [quantity]), Sheet())
        assert caption in figure.subfigs[0].texts[1].get_text()
        (legend,) = figure.subfigs[0].legends
        assert [text.get_text() for text in legend.get_texts()] == names


def test_runs_put_together_are_no_seeds_and_the_figure_says_in_what_they_differ() -> None:
    curves = [curve([0.1, 0.2], [0.2, 0.3])]
    pictures = LearningPictures("t", "validation", [Quantity("metric", "accuracy", curves, None, False)])
    figure = draw_learning(replace(pictures, pooled={"optimizer.lr": 2, "model.margin": 3}), Sheet(title=False))
    assert [text.get_text() for text in figure.subfigs[-1].texts] == [
        "Put together: runs that differ in learning rate (2 values) and margin (3 values)."
    ]
    captioned = draw_learning(replace(pictures, pooled={"optimizer.lr": 2}), Sheet())
    assert "means over 2 runs; thin: each run" in captioned.subfigs[0].texts[1].get_text()


def test_an_axis_says_whether_it_is_logarithmic_where_panels_are_of_both_kinds() -> None:
    wide = [curve([value, value]) for value in (1e-3, 0.5, 1.0, 1.5, 3.0)]
    exact = [curve([value, value], model="ornn") for value in (1 - 1e-6, 1.0, 1.0, 1.0, 1 + 1e-6)]

    def scales(*quantiles: list[Series]) -> list[str]:
        margins: list[float | None] = [None] * len(quantiles)
        pictures = SpectrumPictures(
            "t",
            [one[4] for one in quantiles],
            [1.0] * len(quantiles),
            margins,
            list(quantiles),
            [None] * len(quantiles),
        )
        margin, *panels = draw_spectrum(pictures, Sheet()).axes
        assert "(log)" in margin.get_ylabel()
        return [axes.get_ylabel().rpartition("\n")[2] for axes in panels]

    assert scales(wide, exact) == ["$\\sigma_i$ (log)", "linear"]
    assert scales(exact, wide, exact) == ["$\\sigma_i$ (linear)", "log", "linear"]
    assert scales(exact, exact) == ["$\\sigma_i$ (linear)", ""]
    losses = Quantity("loss", "loss", [curve([0.1, 0.2])], None, True)
    metric = Quantity("metric", "accuracy", [curve([0.1, 0.2])], None, False)
    loss, accuracy = draw_learning(LearningPictures("t", "validation", [losses, metric]), Sheet()).axes
    assert (loss.get_ylabel(), accuracy.get_ylabel()) == ("validation loss (log)", "validation accuracy")


def test_a_figure_of_maps_alone_leaves_no_room_for_a_legend_and_no_cell_empty() -> None:
    heats = [Heat(f"map {at}", np.arange(3.0), np.arange(4.0), np.ones((4, 3))) for at in range(5)]
    pictures = replace(gradients(curve([1.0, 2.0]), heats[0]), maps=heats)
    figure = draw_gradients(pictures, Sheet(width=3.35, panels=("map",)))
    text, maps = (part.bbox.height / figure.dpi for part in figure.subfigs)
    lines = len(figure.subfigs[0].texts)
    assert text < 0.2 * lines + 0.15
    assert figure.subfigs[0].legends == []
    assert maps > 4.0
    FigureCanvasAgg(figure).draw()
    panels = [axes for axes in figure.axes if axes.get_title().startswith("map")]
    (bar,) = [inset for axes in figure.axes for inset in axes.child_axes if inset.get_ylabel() == "what arrives"]
    last, above = panels[4].get_window_extent(), panels[3].get_window_extent()
    assert (above.x0, last.y0) < (bar.get_window_extent().x0, bar.get_window_extent().y1)
    assert bar.get_window_extent().y1 < above.y0
