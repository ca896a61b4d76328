"""A figure fits a printed page, and no text of it lies on another: whatever its kind, its width and its groups."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command_line import Run
from drawn_text import boxes, cut_off, overlapping
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from run_directories import edit, runs_of

from spectral_bench.compare.statistics import estimate
from spectral_bench.figures.draw_gradients import draw_gradients
from spectral_bench.figures.draw_learning import draw_learning
from spectral_bench.figures.draw_spectrum import draw_spectrum
from spectral_bench.figures.gradient_maps import Heat
from spectral_bench.figures.gradients import GRADIENT_PANELS, GradientPictures, gradient_pictures
from spectral_bench.figures.learning import LearningPictures, Quantity, learning_pictures
from spectral_bench.figures.looks import palette
from spectral_bench.figures.measured_text import text_width, wrapped
from spectral_bench.figures.named_groups import Naming
from spectral_bench.figures.page import printable
from spectral_bench.figures.relative_gradients import Decay, Moment
from spectral_bench.figures.series import Series, over_runs
from spectral_bench.figures.sheet import PAGE, WIDTHS, NoRoomError, Sheet, Strip, figure_of_strips
from spectral_bench.figures.spectra import SpectrumPictures, spectrum_pictures, traced_spectra
from spectral_bench.figures.traced_gradients import traced
from spectral_bench.records.collection import collect
from spectral_bench.records.grouping import sections
from spectral_bench.runs.layout import TRACE_AXES

#: Draws so many groups on a sheet.
Draw = Callable[[int, Sheet], Figure]


def curves(groups: int) -> list[Series]:
    """Three seeds a group, that decay at rates of their own."""
    x, looks = np.arange(28), palette(groups)
    rates = [0.05 * (at + 1) * np.array([1.0, 1.2, 0.9]) for at in range(groups)]
    return [
        over_runs(f"svdrnn r=0.{at}", looks[at], [(x, np.exp(-rate * x)) for rate in rates[at]], logarithmic=True)
        for at in range(groups)
    ]


def gradients(groups: int, sheet: Sheet) -> Figure:
    drawn = curves(groups)
    rates = [[0.05 * (at + 1), 0.06 * (at + 1), 0.045 * (at + 1)] for at in range(groups)]
    verdicts = Counter({"vanishing": 2, "fading": 1})
    decays = [
        Decay(one.label, one.look, estimate(own), own, 0.01, verdicts, "steady", "halves every 9.3 steps")
        for one, own in zip(drawn, rates, strict=True)
    ]
    maps = [Heat(one.label, np.arange(5.0), one.x, np.tile(one.mean, (5, 1)).T, (4,)) for one in drawn]
    moment = Moment("after 1,000 training steps", 1000, drawn, [], decays)
    pictures = GradientPictures("copy", 0, TRACE_AXES["time"], [moment], maps, drawn, drawn)
    return draw_gradients(pictures, sheet)


def spectrum(groups: int, sheet: Sheet) -> Figure:
    drawn = curves(groups)
    pictures = SpectrumPictures(
        "copy", drawn, [1.0] * groups, [0.1] * groups, [[one] * 5 for one in drawn], [(0.9, 1.1)] * groups
    )
    return draw_spectrum(pictures, sheet)


def learning(groups: int, sheet: Sheet) -> Figure:
    quantities = [Quantity(name, name, curves(groups), 0.2, logarithmic=True) for name in ("loss", "metric")]
    return draw_learning(LearningPictures("copy", "validation", quantities), sheet)


DRAWN: dict[str, Draw] = {"grads": gradients, "spectrum": spectrum, "curves": learning}


@pytest.mark.parametrize("width", ["single", "double"])
@pytest.mark.parametrize("groups", [1, 2, 5, 8])
@pytest.mark.parametrize("verb", DRAWN)
def test_a_figure_is_no_taller_than_a_page(verb: str, groups: int, width: str) -> None:
    with printable():
        figure = DRAWN[verb](groups, Sheet(WIDTHS[width]))
        assert figure.get_size_inches()[0] == WIDTHS[width]
        assert figure.get_size_inches()[1] <= PAGE + 1e-9
        assert overlapping(figure) == []
        assert cut_off(figure) == []


@pytest.mark.parametrize(
    ("page", "said"), [(10.5, "no room for the absolute norms."), (9.0, "no room for the absolute norms and the maps.")]
)
def test_what_a_page_has_no_room_for_is_left_out_where_nobody_chose_and_is_refused_where_somebody_did(
    monkeypatch: pytest.MonkeyPatch, page: float, said: str
) -> None:
    monkeypatch.setattr("spectral_bench.figures.sheet.PAGE", page)
    with printable():
        figure = gradients(8, Sheet(WIDTHS["single"]))
        assert said in " ".join(" ".join(text.get_text() for text in figure.subfigs[0].texts).split())
        with pytest.raises(NoRoomError):
            gradients(8, Sheet(WIDTHS["single"], panels=GRADIENT_PANELS))


def test_a_legend_of_long_names_has_room_for_all_their_lines() -> None:
    drawn = [
        replace(one, label=f"svdrnn hidden_size=128 lr=0.003 steps=null epochs=1{at} batch_size=128 clip_norm=1 r=0.01")
        for at, one in enumerate(curves(8))
    ]
    pictures = LearningPictures("mnist", "validation", [Quantity("metric", "accuracy", drawn, None, logarithmic=False)])
    with printable():
        figure = draw_learning(pictures, Sheet(WIDTHS["single"]))
        assert overlapping(figure) == []
        assert cut_off(figure) == []


def test_a_figure_that_fits_no_page_is_refused_with_what_to_do_and_leaves_no_file(
    command: Run, shared_results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spectral_bench.figures.sheet.PAGE", 6.0)
    arguments = ("grads", str(shared_results), "--width", "single", "-o", "out/")
    done = command(*arguments, "--panels", "relative,decay,map,norms", columns=300)
    assert done.returncode == 2
    assert "at a width of 3.35 in the figure would be" in done.stderr
    assert "a page has 6 in. Choose some panels with --panels" in done.stderr
    assert not list(tmp_path.glob("out/*"))
    assert command(*arguments, "--panels", "relative").returncode == 0
    assert len(list(tmp_path.glob("out/*"))) == 2


@pytest.mark.parametrize("verb", ["grads", "spectrum"])
def test_the_table_is_printed_where_its_picture_fits_no_page_and_no_width_is_named_that_nobody_gave(
    command: Run, shared_results: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    monkeypatch.setattr("spectral_bench.figures.sheet.PAGE", 1.0)
    done = command(verb, str(shared_results), "-o", "out/", columns=300)
    assert done.returncode == 2
    assert re.search(r"^Error: \w+: the figure would be \d", done.stderr, flags=re.MULTILINE), done.stderr
    assert done.stdout == command(verb, str(shared_results), columns=300).stdout


@pytest.mark.parametrize("width", ["single", "double"])
def test_the_text_of_young_runs_lies_on_nothing_and_says_once_how_far_they_are(results: Path, width: str) -> None:
    for run in [*runs_of(results, "copy", "rnn"), *runs_of(results, "copy", "svdrnn")]:
        (run / "summary.json").unlink()
        edit(run / "manifest.json", status="running")
    (section,) = [section for section in sections(collect([results]).runs) if section.task == "copy"]
    learnt = learning_pictures(section, "validation")
    assert learnt is not None
    spectra = spectrum_pictures(section, traced_spectra(section))
    norms = gradient_pictures(section, traced(section), 0)
    sheet = Sheet(WIDTHS[width])
    with printable():
        for pictures, figure in (
            (learnt, draw_learning(learnt, sheet)),
            (spectra, draw_spectrum(spectra, sheet)),
            (norms, draw_gradients(norms, sheet)),
        ):
            assert overlapping(figure) == []
            assert cut_off(figure) == []
            told = " ".join(text for text, _ in boxes(figure))
            assert told.count(" running, step 12 of 12") == 3
            assert told.count("3 running, step 12 of 12") == 2  # that of svdrnn r=0.5 is alone
            assert "rnn (running, n = 3)" in told
            (standing,) = pictures.standings
            assert standing.startswith("rnn: 3 running, step 12 of 12, ")
            assert standing.endswith("ago.")


def test_a_new_name_of_a_group_that_runs_does_not_hide_that_it_runs(results: Path) -> None:
    for run in runs_of(results, "addition", "rnn"):
        (run / "summary.json").unlink()
        edit(run / "manifest.json", status="running")
    (section,) = [section for section in sections(collect([results]).runs) if section.task == "addition"]
    naming = Naming({"rnn": "Elman"}, ["svdrnn", "Elman"])
    assert [named.caption for named in naming.of(section)] == ["svdrnn", "Elman (running)"]


def test_text_is_broken_where_it_would_be_too_wide_and_formulas_stay_whole() -> None:
    text = r"Dotted: $(1 \pm r)^{T - t}$, what the radius allows; shaded: the same, times what the slopes allow."
    lines = wrapped(text, 2.0, 7)
    assert len(lines) > 2
    assert " ".join(lines) == text
    assert all(line.count("$") % 2 == 0 for line in lines)
    assert max(text_width(line, 7) for line in lines) <= 2.0
    assert wrapped("unbreakable", 0.1, 7) == ["unbreakable"]


def with_legend(labels: dict[str, str], width: str) -> Figure:
    """A figure of a panel, with a line for each of these labels."""

    def draw(part: SubFigure) -> list[Axes]:
        axes = part.subplots()
        for label in labels:
            axes.plot([0, 1], [0, 1], label=label)
        return [axes]

    return figure_of_strips(Sheet(WIDTHS[width]), "a figure", [], labels, lambda _: [Strip(1.5, draw, 1.5)])


@pytest.mark.parametrize("width", ["single", "double"])
@pytest.mark.parametrize(
    "name", ["svdrnn lr 0.00{}, clipping at 1", "rnn penalise none, bound normalise, lr 0.0{}", "m{}"]
)
def test_the_legend_of_many_groups_is_set_in_columns_of_small_type_and_every_name_is_whole(
    width: str, name: str
) -> None:
    labels = {f"{at}": name.format(at) for at in range(17, 47)}
    with printable():
        figure = with_legend(labels, width)
        assert overlapping(figure) == []
        assert cut_off(figure) == []
        (legend,) = figure.subfigs[0].legends
        assert [" ".join(text.get_text().split()) for text in legend.get_texts()] == list(labels.values())
        assert min(text.get_fontsize() for text in legend.get_texts()) >= 6
        assert figure.get_figheight() < (6.2 if width == "single" else 4.5)
        (legend,) = with_legend(dict(list(labels.items())[:3]), width).subfigs[0].legends
    assert {text.get_fontsize() for text in legend.get_texts()} == {8.0}
