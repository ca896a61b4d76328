"""What every figure can be asked for: the file that is written, its width, its names, its panels, and watching."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from command_line import Run
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text
from rich.console import Console
from run_directories import edit, runs_of

from spectral_bench.diagnostics.decay_words import decay_in_words, share_in_words, steadiness
from spectral_bench.errors import InputError
from spectral_bench.figures.draw_gradients import draw_gradients
from spectral_bench.figures.draw_learning import draw_learning
from spectral_bench.figures.gradients import gradient_pictures
from spectral_bench.figures.learning import LearningPictures
from spectral_bench.figures.looks import look_of
from spectral_bench.figures.named_groups import Naming, unnamed_keys
from spectral_bench.figures.page import printable
from spectral_bench.figures.series import over_runs
from spectral_bench.figures.sheet import Sheet
from spectral_bench.figures.traced_gradients import traced
from spectral_bench.records.collection import collect
from spectral_bench.records.grouping import sections
from spectral_bench.records.groups import Group, Section
from spectral_bench.ui.pictures import draw_in_characters
from spectral_bench.ui.text_plot import TextPlot

VERBS = ("grads", "spectrum", "curves")


def written(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix in (".png", ".svg", ".pdf", ".csv"))


@pytest.mark.parametrize("verb", VERBS)
def test_the_file_asked_for_is_the_file_written_and_two_tasks_do_not_fit_in_one(
    command: Run, shared_results: Path, tmp_path: Path, verb: str
) -> None:
    refused = command(verb, str(shared_results), "-o", "a.svg", columns=300)
    assert refused.returncode == 2
    assert "-o a.svg: these runs make 2 figures (addition; copy). Name a folder (-o a/)" in refused.stderr
    assert written(tmp_path) == []
    assert command(verb, str(shared_results), "--where", "task=copy", "-o", "a.svg").returncode == 0
    assert written(tmp_path) == ["a.svg"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("grads", "--layer", "3"), "There is nothing to draw: no file is written."),
        (("curves", "--where", "task=copy", "--panels", "los"), "--panels: Unknown panel 'los'. Did you mean 'loss'?"),
        (("curves", "--label", "svdrn=ours"), "--label: Unknown group 'svdrn'. Did you mean 'svdrnn'?"),
        (("curves", "--label", "ours"), "--label 'ours': expected OLD=NEW."),
        (
            ("curves", "--label", "rnn=a", "--label", "svdrnn=a"),
            "--label 'svdrnn=a': another group is called a already.",
        ),
        (("spectrum", "--order", "lstmm"), "--order: Unknown group 'lstmm'."),
        (("spectrum", "--width", "1mm"), "--width 1mm: expected single, double, or a length such as 12cm or 5in."),
        (("spectrum", "--width", "0.1in"), "--width 0.1in: expected 2in to 40in."),
        (("grads", "--style", "missing.mplstyle"), "--style missing.mplstyle: there is no such file."),
        (("grads", "--by", "task.lenth"), "No run has 'task.lenth'. Did you mean 'task.length'?"),
    ],
)
def test_what_cannot_be_drawn_so_is_said_and_leaves_no_file(
    command: Run, shared_results: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    verb, *options = arguments
    done = command(verb, str(shared_results), *options, "-o", "out/", "--data", "d.csv", columns=300)
    assert done.returncode == 2
    assert said in done.stderr
    assert written(tmp_path) == []
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(("width", "points"), [("single", 8.5 / 2.54 * 72), ("12cm", 12 / 2.54 * 72), ("5in", 360.0)])
def test_a_figure_is_exactly_as_wide_as_it_was_asked_for(
    command: Run, shared_results: Path, tmp_path: Path, verb: str, width: str, points: float
) -> None:
    done = command(verb, str(shared_results), "--where", "task=addition", "--width", width, "-o", "w.svg")
    assert done.returncode == 0, done.stderr
    match = re.search(r'width="([\d.]+)pt"', (tmp_path / "w.svg").read_text())
    assert match is not None
    assert float(match[1]) == pytest.approx(points, abs=0.01)


def test_groups_have_the_names_and_the_order_asked_for_in_pictures_and_data(
    command: Run, shared_results: Path, tmp_path: Path
) -> None:
    done = command(
        "curves", str(shared_results), "--where", "task=copy", "--label", "svdrnn r=0.5=wide", "--label",
        "rnn=Elman", "--order", "wide,Elman", "--data", "c.csv", "-o", "c.svg",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert list(dict.fromkeys(pd.read_csv(tmp_path / "c.csv")["group"])) == ["wide", "Elman", "svdrnn r = 0.01"]


def test_no_text_of_a_dark_style_is_as_dark_as_the_page(shared_results: Path) -> None:
    (section,) = [section for section in sections(collect([shared_results]).runs) if section.task == "copy"]
    with printable(), mpl.rc_context({"text.color": "#ffffff", "axes.facecolor": "#222222"}):
        figure = draw_gradients(gradient_pictures(section, traced(section), 0), Sheet())
        texts = [text for text in figure.findobj(Text) if isinstance(text, Text) and text.get_text()]
        written = [
            text
            for text in texts
            if text.get_text().startswith(("Traced", "vanishing", "level", "halves", "no steady"))
        ]
        assert len(written) > 4
        assert {to_hex(text.get_color()) for text in written} == {"#ffffff"}


@pytest.mark.parametrize("verb", VERBS)
def test_a_name_may_hold_a_dollar_sign_or_a_formula(
    command: Run, shared_results: Path, tmp_path: Path, verb: str
) -> None:
    style = tmp_path / "text.mplstyle"
    style.write_text("svg.fonttype: none\n")  # text stays text
    for name, drawn in (("5$", "5$"), ("a$b \\$c", "a$b $c"), (r"$\sigma$ free", "σ")):
        done = command(
            verb, str(shared_results), "--where", "task=copy", "--label", f"rnn={name}", "--data", "d.csv", "--style",
            str(style), "-o", "d.svg", "--width", "single", columns=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert drawn in (tmp_path / "d.svg").read_text()
        assert name in set(pd.read_csv(tmp_path / "d.csv")["group"])
    wrong = command(verb, str(shared_results), "--where", "task=copy", "--label", r"rnn=$\foo$", "-o", "w.png")
    assert wrong.returncode == 2
    assert "no formula" in wrong.stderr
    assert not (tmp_path / "w.png").exists()


@pytest.mark.parametrize("verb", VERBS)
def test_runs_that_agree_in_a_key_are_put_together_in_pictures_too(
    command: Run, shared_results: Path, tmp_path: Path, verb: str
) -> None:
    done = command(verb, str(shared_results), "--where", "task=copy", "--by", "model", "--data", "b.csv")
    assert done.returncode == 0, done.stderr
    assert set(pd.read_csv(tmp_path / "b.csv")["group"]) == {"rnn", "svdrnn"}


def test_title_and_caption_can_be_left_out_and_panels_chosen(
    command: Run, shared_results: Path, tmp_path: Path
) -> None:
    arguments = ("grads", str(shared_results), "--where", "task=copy")
    style = tmp_path / "text.mplstyle"
    style.write_text("svg.fonttype: none\n")  # text stays text
    assert command(*arguments, "--style", str(style), "-o", "all.svg").returncode == 0
    assert (
        command(*arguments, "--style", str(style), "--no-title", "--panels", "relative", "-o", "one.svg").returncode
        == 0
    )
    whole, one = ((tmp_path / name).read_text() for name in ("all.svg", "one.svg"))
    assert "of the gradient of the last step's loss" in whole
    assert "of the gradient of the last step's loss" not in one
    assert "geometric means" not in one
    assert whole.count('id="axes_') > one.count('id="axes_') == 1
    assert "vanishing" in one  # the thresholds are drawn


def test_a_reader_that_goes_away_does_not_lose_the_picture(shared_results: Path, tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as nobody:
        words = ["grads", str(shared_results), "--where", "task=copy", "-o", "g.png"]
        subprocess.run(
            [sys.executable, "-m", "spectral_bench", *words],
            cwd=tmp_path, stdout=nobody, stderr=subprocess.PIPE, timeout=300, check=False,
        )  # fmt: skip
    assert (tmp_path / "g.png").stat().st_size > 10_000


class Clock:
    """Attributes: ``at``: what happens during which sleep; ``sleeps``: how many there were."""

    def __init__(self) -> None:
        self.now, self.sleeps = 0.0, 0
        self.at: dict[int, Callable[[], object]] = {}

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.sleeps += 1
        self.at.get(self.sleeps, lambda: None)()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time of a watch, which passes while it sleeps."""
    clock = Clock()
    monkeypatch.setattr("spectral_bench.ui.watching.time", clock)
    return clock


@pytest.mark.parametrize("verb", ["curves", "grads"])
def test_watching_draws_again_until_no_run_goes_on_and_no_grid_begins_another(
    command: Run, results: Path, tmp_path: Path, clock: Clock, verb: str
) -> None:
    (run,) = runs_of(results, "addition", "rnn")
    summary = (run / "summary.json").read_text()

    def turn(status: str) -> None:
        edit(run / "manifest.json", status=status)
        if status == "running":
            (run / "summary.json").unlink()
        else:
            (run / "summary.json").write_text(summary)

    turn("running")
    clock.at = {2: lambda: turn("completed"), 3: lambda: turn("running"), 4: lambda: turn("completed")}
    done = command(verb, str(results), "--where", "task=addition", "--watch", "--every", "4", "-o", "w.png")
    assert done.returncode == 0, done.stderr
    assert clock.sleeps == 4 + 3  # 16 seconds after the last look at which it went on
    assert done.stdout.count("1 run going on") == 3
    assert done.stdout.count("running, step 12") >= 3
    assert done.stdout.count("no run goes on, waiting for another") == 1 + 3
    assert done.stdout.rstrip().endswith("no run goes on.")
    assert (tmp_path / "w.png").exists()


@pytest.mark.parametrize("verb", ["curves", "grads"])
def test_a_watch_waits_for_the_first_run_and_control_c_ends_it(
    command: Run, results: Path, clock: Clock, verb: str
) -> None:
    elsewhere = results.parent / "elsewhere"
    (results / "addition").rename(elsewhere)

    def interrupt() -> None:
        raise KeyboardInterrupt

    (results / "copy").rename(results.parent / "copy")
    clock.at = {3: interrupt}
    done = command(verb, str(results), "--watch")
    assert (done.returncode, clock.sleeps) == (0, 3)
    assert done.stdout.count("no run yet, waiting") == 3
    clock.sleeps, clock.at = 0, {2: lambda: elsewhere.rename(results / "addition")}
    done = command(verb, str(results), "--watch")
    assert (done.returncode, clock.sleeps) == (0, 2)  # they have ended: drawn once
    assert "addition" in done.stdout


@pytest.mark.parametrize(("height", "shown"), [(24, 1), (45, 3), (90, 4)])
def test_plots_that_are_watched_fit_the_screen(capsys: pytest.CaptureFixture[str], height: int, shown: int) -> None:
    curve = over_runs("rnn", look_of("rnn"), [(np.arange(9.0), np.arange(9.0))], logarithmic=False)
    plots = [TextPlot(f"loss {at}", "training step", [curve], False) for at in range(4)]
    draw_in_characters(plots, Console(width=80, height=height, force_terminal=True), taken=3)
    printed = capsys.readouterr().out
    assert printed.count("loss ") == shown
    assert ("have no room" in printed) == (shown < 4)
    assert printed.count("\n") + 3 + 1 <= height


def test_a_caption_has_only_the_keys_that_tell_groups_of_a_model_apart(results: Path) -> None:
    for run in runs_of(results, "copy", "rnn"):
        config = run / "config.yaml"
        config.write_text(config.read_text().replace("lr: 0.01", "lr: 0.02"))
    (section,) = [section for section in sections(collect([results]).runs) if section.task == "copy"]
    assert {group.label for group in section.groups} == {"rnn lr=0.02", "svdrnn r=0.01 lr=0.01", "svdrnn r=0.5 lr=0.01"}
    assert [named.caption for named in Naming().of(section)] == ["rnn", "svdrnn r = 0.01", "svdrnn r = 0.5"]
    first, second = (named.look for named in Naming().of(section)[1:])
    assert (first.marker, second.marker) == (look_of("svdrnn").marker,) * 2
    assert first.colour != second.colour


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        (0.0, "0"),
        (1.01, "all"),
        (0.5, "1/2"),
        (1 / 27135, "1/27,000"),
        (1 / 2.1e6, "1/2e6"),
        (12.3, "×12"),
        (1.36, "×1.4"),
    ],
)
def test_what_arrives_is_told_in_words(kept: float, words: str) -> None:
    assert share_in_words(kept) == words


@pytest.mark.parametrize(
    ("rate", "words"),
    [(0.0577, "halves every 12 steps"), (-0.0173, "doubles every 40 steps"), (2e-8, "level"), (0.004, "level")],
)
def test_a_rate_is_told_in_words(rate: float, words: str) -> None:
    assert decay_in_words(rate, steadiness(rate, rate, None, 100, {"level"})) == words


@pytest.mark.parametrize("seconds", ["nan", "inf", "1e300", "0.1"])
def test_a_pause_that_no_process_can_make_is_refused(command: Run, seconds: str) -> None:
    done = command("curves", "--watch", "--every", seconds)
    assert (done.returncode, "--every" in done.stderr, "0.2 to 86,400 seconds" in done.stderr) == (2, True, True)


@pytest.mark.parametrize("rate", [0.0577, -0.0173])
def test_a_rate_whose_interval_covers_zero_is_none_that_a_gradient_keeps_to(rate: float) -> None:
    beside, around = (rate - abs(rate) / 2, rate + abs(rate) / 2), (rate - 2 * abs(rate), rate + 2 * abs(rate))
    assert decay_in_words(rate, steadiness(rate, rate, beside, 100, {"fading"})) != "no steady rate"
    assert decay_in_words(rate, steadiness(rate, rate, around, 100, {"fading"})) == "no steady rate"


def section_of(results: Path, *settings: tuple[str, dict[str, object]]) -> Section:
    """Groups of one finished run each, which differ in these keys."""
    (run, *_) = collect([results]).runs
    groups = [Group(f"{model} {differs}", model, differs, [run]) for model, differs in settings]
    return Section("copy", {}, {}, None, "max", None, None, groups)


def test_names_have_as_few_keys_as_tell_the_drawn_groups_apart_and_the_others_are_said(shared_results: Path) -> None:
    deep = [
        ("svdmlp", {"model.depth": depth, "optimizer.lr": lr, "train.epochs": 5, "train.clip_norm": clip})
        for depth, lr, clip in ((50, 0.001, None), (10, 0.001, 1.0), (100, 0.0003, 1.0))
    ]
    searched = [
        ("gru", {"optimizer.lr": lr, "train.clip_norm": clip, "train.epochs": 5})
        for lr in (0.1, 0.01)
        for clip in (1.0, 10.0)
    ]
    section = section_of(shared_results, *deep, ("mlp", {"model.depth": 10, "train.epochs": 1}), *searched)
    assert [one.caption for one in Naming().of(section)] == [
        "svdmlp depth 10", "svdmlp depth 50", "svdmlp depth 100", "mlp", "gru lr 0.01, clipping at 1",
        "gru lr 0.01, clipping at 10", "gru lr 0.1, clipping at 1", "gru lr 0.1, clipping at 10",
    ]  # fmt: skip
    assert unnamed_keys(section.groups) == [
        "Groups of a model also differ in learning rate and gradient clipping norm."
    ]
    few = [section.groups[1], section.groups[4], section.groups[5]]
    assert [one.caption for one in Naming().of(section, few)] == ["svdmlp", "gru clipping at 1", "gru clipping at 10"]
    assert unnamed_keys(few) == []


def test_a_group_may_be_called_by_its_model_and_some_of_its_keys(shared_results: Path) -> None:
    section = section_of(
        shared_results, *(("gru", {"optimizer.lr": lr, "train.clip_norm": 1.0}) for lr in (0.1, 0.01)), ("rnn", {})
    )
    for name in ("gru clip_norm=1 lr=0.1", "gru lr 0.1", "gru lr 0.1, clipping at 1"):
        naming = Naming({"gru": "gated", name: "fast"}, ["rnn", "gru lr=0.1"])
        naming.check([section])
        assert [one.caption for one in naming.of(section)] == ["rnn", "fast", "gated"]
    with pytest.raises(InputError, match=r"Unknown group 'gru lr=0\.2'"):
        Naming({"gru lr=0.2": "other"}).check([section])


def test_of_several_figures_one_that_fits_no_page_costs_no_other(
    command: Run, shared_results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def draw(pictures: LearningPictures, sheet: Sheet) -> Figure:
        if pictures.title == "addition":
            raise InputError("addition: no page has room for it.")
        return draw_learning(pictures, sheet)

    monkeypatch.setattr("spectral_bench.figures.draw_learning.draw_learning", draw)
    done = command("curves", str(shared_results), "-o", "all/", "--data", "all.csv")
    assert done.returncode == 2
    assert "addition: no page has room for it." in done.stderr
    assert written(tmp_path / "all") == ["copy.png"]
    assert set(pd.read_csv(tmp_path / "all.csv")["task"]) == {"addition", "copy"}
