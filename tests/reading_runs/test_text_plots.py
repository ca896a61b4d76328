"""Plots of characters: axes that can be read, lines told apart without colour, nothing hidden."""

import re
from pathlib import Path

import numpy as np
import pytest
from command_line import Run
from run_directories import fabricate, runs_of

from spectral_bench.figures.looks import Look
from spectral_bench.figures.series import Series, over_runs
from spectral_bench.records.collection import collect
from spectral_bench.records.grouping import sections
from spectral_bench.ui.text_plot import Limit, TextPlot, text_plot

LOOKS = [Look("#0072B2", "o", character="x"), Look("#D55E00", "s", character="o"), Look("#000000", "X", character="+")]


def curve(values: list[float], style: int = 0, *, logarithmic: bool = True) -> Series:
    return over_runs(
        f"model {style}", LOOKS[style], [(np.arange(len(values)), np.array(values))], logarithmic=logarithmic
    )


def test_a_text_plot_labels_its_decades_and_draws_the_radius_and_no_zero_stretches_it() -> None:
    radius = Limit("model 0: radius 0.01", "#0072B2", np.array([0.01]))
    plot = TextPlot("margin", "training step", [curve([0.0, 1e-3, 1e-1])], True, [radius])
    lines = text_plot(plot, 80, colour=False).splitlines()
    ticks = [line.split("┤")[0].strip() for line in lines if "┤" in line]
    assert ticks == ["1e-1", "1e-2", "1e-3"]
    (level,) = [line for line in lines if line.strip().startswith("1e-2")]
    assert level.count(".") > 60
    assert lines[-1] == ". model 0: radius 0.01"
    tiny = text_plot(TextPlot("t", "x", [curve([1e-30, 1.0])], True), 80, colour=False)
    exponents = [int(found) for found in re.findall(r"1e(-?\d+)┤", tiny)]
    assert min(exponents) >= -12


def test_the_names_of_a_text_plot_stand_below_it_each_with_its_own_marker() -> None:
    curves = [curve([0.2, 0.5, 0.4], style=style, logarithmic=False) for style in range(3)]
    lines = text_plot(TextPlot("accuracy", "training step", curves, False), 80, colour=False).splitlines()
    assert lines[-3:] == ["x model 0", "o model 1", "+ model 2"]
    assert not [line for line in lines[:-3] if "model" in line]
    coloured = text_plot(TextPlot("accuracy", "training step", curves, False), 80, colour=True)
    marks = [line.removesuffix(f" model {style}") for style, line in enumerate(coloured.splitlines()[-3:])]
    assert len(set(marks)) == 3
    assert all("\x1b[38;5;" in mark for mark in marks)


def test_a_text_plot_draws_a_level_only_near_its_curves() -> None:
    def drawn(level: float) -> list[str]:
        limits = [Limit("baseline", None, np.array([level]))]
        plot = TextPlot("t", "x", [curve([0.9, 0.95], logarithmic=False)], False, limits)
        return text_plot(plot, 80, colour=False).splitlines()

    assert any(line.count(".") > 40 for line in drawn(0.88))
    assert not any(line.count(".") > 40 for line in drawn(0.1))
    assert drawn(0.1)[-1] == ". baseline"


@pytest.mark.parametrize("values", [[0.0, 0.0], [0.5, 0.5], [0.12, 0.17], [0.03, 0.9], [1e-38, 1e300]])
def test_every_range_of_a_text_plot_has_ticks_and_fits(values: list[float]) -> None:
    text = text_plot(TextPlot("t", "x", [curve(values)], True), 80, colour=False)
    assert text.count("┤") >= 2
    assert max(map(len, text.splitlines())) <= 80


def test_time_runs_backwards_in_a_text_plot_and_an_endless_bound_is_cut_off() -> None:
    bound = Limit("bound", "#0072B2", np.array([np.inf, 1e300, 1.0, 0.0]), np.arange(4.0))
    plot = TextPlot("t", "time step t", [curve([1.0, 2.0, 3.0, 20.0])], True, [bound], backwards=True)
    lines = text_plot(plot, 80, colour=False).splitlines()
    (axis,) = [line for line in lines if re.fullmatch(r"[\s\d]+", line)]
    assert axis.split() == ["3", "2", "1", "0"]


def test_the_text_plots_show_time_at_the_last_step_or_at_those_chosen_with_the_envelope(
    command: Run, traced_results: Path
) -> None:
    last = command("grads", str(traced_results), "--show").stdout
    assert re.findall(r"relative to s_T after (\d+)", last) == ["12"]
    assert last.count("svdrnn layers 1: what the radius allows") == 1
    assert ". vanishing below 1/1000" in last
    chosen = command("grads", str(traced_results), "--show", "--step", "3", "--step", "8", "--step", "mean").stdout
    assert re.findall(r"relative to s_T after (\d+)", chosen) == ["3", "9"]
    assert "relative to s_T mean over training" in chosen


def test_the_text_plots_have_the_radius_and_the_baseline(command: Run, shared_results: Path) -> None:
    shown = command("spectrum", str(shared_results), "--show", "--where", "task=copy").stdout
    assert "spectral margin (copy)" in shown
    assert ". svdrnn r = 0.5: radius 0.5" in shown
    assert ". baseline 0.1667" in command("curves", str(shared_results), "--where", "task=addition").stdout


def test_a_title_names_the_data_set_even_if_it_is_the_only_one(shared_results: Path, tmp_path: Path) -> None:
    template = runs_of(shared_results, "addition", "rnn")[0]
    config = {"task.name": "ucr", "task.dataset": "CBF"}
    fabricate(template, tmp_path / "rnn" / "run-seed0", group="0" * 64, config=config, summary={})
    assert [section.title for section in sections(collect([tmp_path]).runs)] == ["ucr, dataset=CBF"]
