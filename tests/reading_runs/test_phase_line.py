"""The line r T = 1 of a phase diagram, through cells of equal size."""

import math
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_hex
from run_directories import edit, fabricate, train

from spectral_bench.compare.ranks import CriticalDifference
from spectral_bench.figures.critical_line import critical_line
from spectral_bench.figures.draw_phase_map import draw_phase_map
from spectral_bench.figures.draw_ranks import draw_ranks
from spectral_bench.figures.phase_maps import phase_pictures
from spectral_bench.figures.plotted_runs import Plotted, plotted
from spectral_bench.figures.sheet import Sheet
from spectral_bench.figures.sweeps import PlotKeys
from spectral_bench.figures.value_axis import ValueAxis, value_axis
from spectral_bench.records.collection import collect
from spectral_bench.records.grouping import sections

RADII, LENGTHS = [0.0, 0.001, 0.01, 0.1, 0.5, None], [50, 100, 200, 500, 1000]


def axes_of(radii: list[Any], lengths: list[Any]) -> tuple[ValueAxis, ValueAxis]:
    return value_axis("r", radii), value_axis("task.length", lengths)


def at(line: list[tuple[float, float]], up: float) -> float:
    """Where the line is across, at a height."""
    across, heights = zip(*sorted(line, key=lambda corner: corner[1]), strict=True)
    return float(np.interp(up, heights, across))


def test_between_the_centres_of_cells_the_line_goes_by_logarithms() -> None:
    line = critical_line(*axes_of(RADII, LENGTHS))
    # 0 is the cell at 0, 0.001 at 1, 0.01 at 2, 0.1 at 3, 0.5 at 4, free at 5.
    for up, length in enumerate(LENGTHS):
        r = 1 / length
        expected = 1 + math.log10(r / 0.001)
        assert at(line, up) == pytest.approx(expected), length
    # Between T = 200 and T = 500, half a cell up is their geometric mean.
    assert at(line, 2.5) == pytest.approx(1 + math.log10(1 / math.sqrt(200 * 500) / 0.001))
    # It ends with the map, and in no cell of what is no logarithm.
    ends = sorted(line)
    assert (ends[0][1], ends[-1][1]) == (4.5, -0.5)
    assert ends[0][0] >= 0.5
    assert ends[-1][0] <= 4.5


def test_every_corner_is_on_the_line_whatever_the_spacing() -> None:
    radii, lengths = [0.002, 0.003, 0.05, 0.4, 0.5], [3, 10, 30, 700]
    logs = np.log10(radii), np.log10(lengths)
    line = critical_line(*axes_of(radii, lengths))
    inside = [(x, y) for x, y in line if 0 <= x <= 4 and 0 <= y <= 3]
    assert len(inside) > 4
    for x, y in inside:
        r, length = (np.interp(place, range(len(log)), log) for place, log in zip((x, y), logs, strict=True))
        assert r + length == pytest.approx(0.0, abs=1e-9)


def test_the_axes_may_be_exchanged_and_others_have_no_line() -> None:
    r, length = axes_of(RADII, LENGTHS)
    assert sorted(critical_line(length, r)) == sorted((y, x) for x, y in critical_line(r, length))
    assert critical_line(r, value_axis("optimizer.lr", [0.1, 0.01])) == []
    assert critical_line(*axes_of([0.0, None], LENGTHS)) == []
    assert critical_line(*axes_of([0.5, 0.9], [100, 1000])) == []
    assert critical_line(*axes_of([0.1], [100])) == []


def test_through_the_cells_of_an_only_length_it_goes_straight() -> None:
    assert critical_line(*axes_of([0.001, 0.01, 0.1], [100])) == [(1.0, -0.5), (1.0, 0.5)]
    assert critical_line(*axes_of([0.0, 0.01], [50, 100, 200])) == [(0.5, 1.0), (1.5, 1.0)]


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> Plotted:
    """A run at every radius and length; one of them diverged."""
    folder = tmp_path_factory.mktemp("mapped")
    bound, free = (train(folder / "made", "svdrnn", "copy", *words) for words in ((), ("model.map=free",)))
    for radius in RADII:
        for length in LENGTHS:
            keys = {"task.length": length, **({} if radius is None else {"r": radius, "model.r": radius})}
            fabricate(
                free if radius is None else bound, folder / "runs" / f"{radius}-{length}", group=f"{radius}-{length}",
                config=keys, summary={"test": 0.5},
            )  # fmt: skip
    edit(folder / "runs" / "0.1-50" / "manifest.json", status="diverged")
    (task,) = plotted(sections(collect([folder / "runs"]).runs))
    return task


@pytest.mark.parametrize("hue", [None, "test"])
def test_the_line_is_drawn_over_the_cells_and_named(mapped: Plotted, hue: str | None) -> None:
    pictures = phase_pictures(mapped, PlotKeys("r", "task.length", hue=hue))
    assert pictures is not None
    assert [pictures.x_axis.labels[text] for text in pictures.x_axis.places][::5] == ["0", "free"]
    figure = draw_phase_map(pictures, Sheet())
    axes = figure.axes[0]
    (line,) = axes.get_lines()
    assert [tuple(corner) for corner in np.transpose(line.get_data())] == list(pictures.line)
    for up, length in enumerate(LENGTHS):
        labels = dict(enumerate(text.get_text() for text in axes.get_yticklabels()))
        assert labels[up] == f"{length:,}"
    names = [text.get_text() for strip in figure.subfigs for legend in strip.legends for text in legend.get_texts()]
    assert "$r\\,T = 1$" in names


DARK = {
    "text.color": "#fafafa",
    "axes.edgecolor": "#fafafa",
    "axes.facecolor": "#101010",
    "figure.facecolor": "#101010",
}


@pytest.mark.parametrize("hue", [None, "test"])
def test_cells_their_edges_and_the_line_have_the_colours_of_the_style(mapped: Plotted, hue: str | None) -> None:
    pictures = phase_pictures(mapped, PlotKeys("r", "task.length", hue=hue))
    assert pictures is not None
    with mpl.rc_context(DARK):
        axes = draw_phase_map(pictures, Sheet()).axes[0]
        (line,) = axes.get_lines()
    assert {to_hex(patch.get_edgecolor()) for patch in axes.patches} == {"#fafafa"}
    assert {to_hex(patch.get_facecolor()) for patch in axes.patches if patch.get_hatch()} == {"#101010"}
    assert to_hex(line.get_color()) == "#fafafa"


def test_the_diagram_of_ranks_has_the_colours_of_the_style() -> None:
    ranks = {"svdrnn": 1.2, "ornn": 2.0, "rnn": 2.8}
    with mpl.rc_context(DARK):
        figure = draw_ranks(
            CriticalDifference("ucr", 7, ranks, 0.01, 1.1, [["svdrnn", "ornn"]], {}, {}, over_tasks=False)
        )
    colours = {to_hex(line.get_color()) for line in figure.axes[0].get_lines()}
    assert colours == {"#fafafa", "#d55e00"}
    assert {to_hex(text.get_color()) for text in figure.axes[0].texts} == {"#fafafa"}
