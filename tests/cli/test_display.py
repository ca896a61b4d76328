"""What is shown while a training runs, and at its end."""

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from spectral_bench.launch.point import compose_grid
from spectral_bench.launch.watch import GridWatch
from spectral_bench.report.numbers import duration, number
from spectral_bench.tasks.task import Baseline, Metric
from spectral_bench.training.observer import GradientNorms, Measurement, Observer, Plan, RunIdentity, Spectrum, Update
from spectral_bench.ui import live_display
from spectral_bench.ui.grid_display import GridDisplay
from spectral_bench.ui.live_display import LiveDisplay, PlainDisplay, open_display
from spectral_bench.ui.run_summary import show_results

RUN = RunIdentity(None, None, {})

PLAN = Plan(
    first_step=0,
    total_steps=2000,
    updates_per_epoch=None,
    batch_size=128,
    num_parameters=16777,
    metric=Metric("recall_accuracy", "max"),
    baseline=Baseline("loss", 0.1733, 0.1733, "blanks, then chance"),
)

SUMMARY: dict[str, Any] = {
    "task": "copy",
    "model": "svdrnn",
    "seed": 0,
    "metric": "recall_accuracy",
    "mode": "max",
    "train": 0.998912,
    "validation": 0.99791,
    "test": 0.99771,
    "best_step": 1900,
    "best_validation": 0.9981,
    "test_at_best": 0.99712,
    "loss_test": 0.001234,
    "baseline": 0.17329,
    "baseline_of": "loss",
    "steps": 2000,
    "steps_to_beat_baseline": 300,
    "not_finite": 0,
    "solved_at": 1350,
    "num_parameters": 16777,
    "ms_per_step": 25.123,
    "wall_seconds": 52.3,
    "gradient_decay_rate": -0.0021,
    "gradient_kept": 0.8,
    "gradient_verdict": "level",
    "spectral_margin": 0.0098,
}


def console(*, terminal: bool, colour: bool = False) -> Console:
    return Console(
        file=io.StringIO(),
        width=80,
        force_terminal=terminal,
        color_system="truecolor" if colour else None,
        legacy_windows=False,
    )


def written(to: Console) -> str:
    assert isinstance(to.file, io.StringIO)
    return to.file.getvalue()


def tell(observer: Observer, layers: int = 1) -> None:
    observer.on_start(PLAN, RUN)
    observer.on_gradients(GradientNorms(0, {layer: np.geomspace(1e-4, 1e-2, 121) for layer in range(layers)}))
    observer.on_spectrum(Spectrum(0, {(0, ""): np.array([1.0098, 0.995])}))
    for step in range(1, 501):
        observer.on_update(Update(step, 0.0473, 0.01))
    observer.on_measurement(Measurement(500, None, "train", 0.05, 0.9257, 7000.0, 5.0))
    for step, metric in ((500, 0.95), (501, 0.91)):
        observer.on_measurement(Measurement(step, None, "validation", 0.0463, metric, 7000.0, 5.0))


@pytest.mark.parametrize("layers", [1, 2])
def test_live_display_shows_everything_in_80_columns_without_colour(layers: int) -> None:
    screen = console(terminal=True)
    live = LiveDisplay(screen, "svdrnn on copy")
    tell(live, layers)
    screen.print(live.render())
    text = written(screen)
    assert all(len(line) <= 80 for line in text.splitlines())
    for shown in (
        "svdrnn on copy",
        "step 500 of 2,000",
        "left",
        "0.0473",
        "0.0463",
        "0.9257",
        "0.1733",
        "12,800 samples/s",
    ):
        assert shown in text
    row = next(line for line in text.splitlines() if line.startswith("recall accuracy"))
    assert row.split() == ["recall", "accuracy", "0.9257", "0.91", "0.95"]
    assert text.count("1.00e-04 at t=0, 1.00e-02 at t=T") == layers
    assert "0.0098" in text


def test_live_display_before_the_training_begins_says_what_is_going_on() -> None:
    screen = console(terminal=True)
    screen.print(LiveDisplay(screen, "svdrnn on copy").render())
    assert "svdrnn on copy" in written(screen)


def test_baseline_stands_beside_what_it_is_a_baseline_of() -> None:
    screen = console(terminal=True)
    live = LiveDisplay(screen, "title")
    tell(live)
    screen.print(live.render())
    rows = {line.split()[0]: line for line in written(screen).splitlines() if line.strip()}
    assert "0.1733" in rows["loss"]
    assert "0.1733" not in rows["recall"]


def test_live_display_is_redrawn_by_the_clock_and_not_by_every_update(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(live_display.time, "monotonic", lambda: now)
    drawn = 0

    def refresh() -> None:
        nonlocal drawn
        drawn += 1

    live = LiveDisplay(console(terminal=True), "title")
    monkeypatch.setattr(live._live, "refresh", refresh)
    live.on_start(PLAN, RUN)
    for step in range(1, 1001):
        now += 0.01
        live.on_update(Update(step, 0.1, 0.01))
    assert 15 <= drawn <= 25  # ten seconds, a picture every half second


def test_live_display_leaves_the_screen_after_success_and_stays_after_failure() -> None:
    screen = console(terminal=True)
    with LiveDisplay(screen, "title") as live:
        live.on_start(PLAN, RUN)
    assert live._live.transient
    live = LiveDisplay(screen, "title")
    with pytest.raises(ZeroDivisionError), live:
        raise ZeroDivisionError
    assert not live._live.transient


def test_plain_display_writes_whole_lines_at_growing_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(live_display.time, "monotonic", lambda: now)
    screen = console(terminal=False)
    with PlainDisplay(screen, "rnn on copy") as plain:
        plain.on_start(PLAN, RUN)
        for step in range(1, 2001):
            now += 1.0
            plain.on_update(Update(step, 0.1, 1.0))
    lines = written(screen).splitlines()
    assert 30 <= len(lines) <= 60  # 2,000 seconds
    assert lines[0] == "rnn on copy: validation is recall accuracy, baseline 0.1733 (loss)"
    assert all(line.startswith("step ") for line in lines[1:])
    assert [" left" in line for line in lines[1:4]] == [False, False, True]  # of 5, 10 and 15 updates
    assert "\x1b" not in written(screen)


@pytest.mark.parametrize("layers", [1, 3])
def test_plain_line_holds_what_the_live_display_holds_in_about_100_characters(layers: int) -> None:
    plain = PlainDisplay(console(terminal=False), "svdrnn on copy")
    tell(plain, layers)
    line = plain.line()
    assert len(line) <= 110
    for shown in (
        "step 500/2000",
        "loss 0.0473",
        "validation 0.91",
        "gradient 1e-04 to 1e-02",
        "margin 0.0098",
        "12,800/s",
    ):
        assert shown in line


def test_display_suits_the_console() -> None:
    assert isinstance(open_display(console(terminal=True), "title"), LiveDisplay)
    assert isinstance(open_display(console(terminal=False), "title"), PlainDisplay)
    screen = console(terminal=True)
    with open_display(screen, "title", quiet=True) as observer:
        tell(observer)
    assert written(screen) == ""


@pytest.mark.parametrize(("terminal", "quiet"), [(True, False), (True, True), (False, False)])
def test_the_training_of_a_serial_grid_is_drawn_below_its_table_and_nowhere_else(terminal: bool, quiet: bool) -> None:
    (point,) = compose_grid(["seed=1"]).points
    screen = console(terminal=terminal)
    grid = GridDisplay(screen, GridWatch([point]), quiet=quiet)
    paper = console(terminal=True)
    with grid.training_here(point) as observer:
        tell(observer)
        paper.print(grid.render())
    drawn = terminal and not quiet
    assert ("step 500 of 2,000" in written(paper)) == drawn
    assert written(screen) == ""  # the grid's own clock redraws it
    after = console(terminal=True)
    after.print(grid.render())
    assert "step 500" not in written(after)


def test_time_left_counts_only_this_sitting(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 50.0
    monkeypatch.setattr("spectral_bench.ui.training_state.time.monotonic", lambda: now)
    plain = PlainDisplay(console(terminal=False), "title")
    plain.on_start(Plan(1000, 2000, 10, 128, 1, PLAN.metric, None), RUN)
    assert plain.seconds_left() is None
    now += 5.0  # the first update is slow
    plain.on_update(Update(1001, 0.1, 5.0))
    for step in range(1002, 1012):
        assert plain.seconds_left() is None
        now += 0.5
        plain.on_update(Update(step, 0.1, 0.2))
    assert plain.seconds_left() == pytest.approx(989 * 0.5)
    assert plain.epoch() == 101.1


def test_results_fit_in_80_columns_and_name_every_number() -> None:
    screen = console(terminal=True)
    show_results(SUMMARY, Path("results/copy/svdrnn/run"), screen)
    text = written(screen)
    assert all(len(line) <= 80 for line in text.splitlines())
    for shown in (
        "0.9977",
        "0.9971",
        "0.9979",
        "0.9989",
        "0.001234",
        "0.1733",
        "step 300",
        "step 1,350",
        "level",
        "16,777",
    ):
        assert shown in text
    assert text.splitlines()[-1] == "results/copy/svdrnn/run"


@pytest.mark.parametrize(
    ("centre", "shown"), [(1.0, "largest |sigma - 1|"), (0.0, "largest |sigma - centre|"), (None, "")]
)
def test_the_margin_says_what_it_is_measured_from(centre: float | None, shown: str) -> None:
    screen = console(terminal=False)
    show_results(SUMMARY, Path("run"), screen, centre)
    (row,) = [line for line in written(screen).splitlines() if "spectral margin" in line]
    assert row.split("0.0098")[1].strip() == shown


def test_results_of_a_run_that_came_to_nothing_show_dashes() -> None:
    screen = console(terminal=False)
    kept = {"task", "model", "seed", "metric", "mode"}
    show_results({key: value if key in kept else None for key, value in SUMMARY.items()}, Path("run"), screen)
    assert "None" not in written(screen)
    assert "solved" not in written(screen)


@pytest.mark.parametrize(("first", "shown"), [(300, "step ≤300"), (100, "step 300")])
def test_a_baseline_beaten_at_the_first_look_was_beaten_then_at_the_latest(
    tmp_path: Path, first: int, shown: str
) -> None:
    header = "step,epoch,split,loss,accuracy,samples_per_second,wall_seconds"
    rows = [f"{step},,{split},1,1,1,1" for step in (first, 300) for split in ("train", "validation")]
    (tmp_path / "metrics.csv").write_text("\n".join([header, *rows, ""]))
    screen = console(terminal=False)
    show_results(SUMMARY, tmp_path, screen)
    assert re.search(rf"baseline beaten +{shown}", written(screen))


def test_results_say_when_the_baseline_was_never_beaten() -> None:
    screen = console(terminal=False)
    show_results({**SUMMARY, "steps_to_beat_baseline": None}, Path("run"), screen)
    assert re.search(r"baseline beaten +never", written(screen))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0.123456, "0.1235"),
        (1234567, "1,234,567"),
        (7111.4, "7,111"),
        (1e-9, "1e-09"),
        (float("nan"), "nan"),
    ],
)
def test_numbers_are_short(value: float | None, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "digits", "text"), [(150.0, 2, "150"), (99.6, 2, "100"), (999.7, 3, "1,000"), (99.4, 2, "99")]
)
def test_numbers_of_few_digits_have_no_exponent_before_the_point(value: float, digits: int, text: str) -> None:
    assert number(value, digits) == text


def test_durations_are_hours_minutes_seconds() -> None:
    assert duration(3725.4) == "1:02:05"
    assert duration(None) == "-"
