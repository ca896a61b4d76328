"""``spectral-bench plot``: the numbers behind its figures, what is left out, and what is refused."""

import json
import re
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from command_line import Run
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from run_directories import edit, fabricate, train

from spectral_bench import load_runs
from spectral_bench.compare.statistics import estimate
from spectral_bench.config.keys import as_typed
from spectral_bench.diagnostics.gradient_decay import FLOOR
from spectral_bench.figures.dodging import sidesteps
from spectral_bench.figures.draw_phase_map import draw_phase_map
from spectral_bench.figures.draw_searches import draw_searches
from spectral_bench.figures.draw_sweeps import draw_sweep
from spectral_bench.figures.looks import look_of, sequential
from spectral_bench.figures.named_groups import Naming
from spectral_bench.figures.page import printable
from spectral_bench.figures.phase_maps import phase_pictures
from spectral_bench.figures.plotted_runs import plotted
from spectral_bench.figures.samples import about_pools
from spectral_bench.figures.searches import search_pictures
from spectral_bench.figures.sheet import Sheet, inches
from spectral_bench.figures.sweeps import PlotKeys, SweepPictures, sweep_pictures
from spectral_bench.figures.value_axis import value_axis
from spectral_bench.records.collection import collect
from spectral_bench.records.grouping import sections


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A run of a bounded and of a free model."""
    results = tmp_path_factory.mktemp("templates")
    return {model: train(results, model, "copy") for model in ("svdrnn", "rnn")}


def make(
    templates: dict[str, Path], folder: Path, model: str, config: dict[str, Any], summary: dict[str, Any], seed: int
) -> Path:
    """A finished run of these keys."""
    directory = folder / f"{model}-{len(list(folder.glob('*')))}-seed{seed}"
    group = json.dumps([model, config])
    keys = {**config, **({"model.r": config["r"]} if "r" in config else {}), "seed": seed}
    fabricate(templates[model], directory, group=group, config=keys, summary={**summary, "seed": seed})
    return directory


@pytest.fixture
def radii(templates: dict[str, Path], tmp_path: Path) -> Path:
    """svdrnn at five radii, zero among them, three seeds each; two of the largest diverged; rnn has no radius."""
    folder = tmp_path / "radii"
    folder.mkdir()
    for r, test in ((0.0, 0.9), (0.001, 0.8), (0.01, 0.7), (0.1, 0.6), (1.0, 0.2)):
        for seed in range(3):
            run = make(templates, folder, "svdrnn", {"r": r}, {"test": test + 0.01 * seed}, seed)
            if r == 1.0 and seed:
                edit(run / "manifest.json", status="diverged")
    for seed in range(2):
        make(templates, folder, "rnn", {}, {"test": 0.1}, seed)
    return folder


def test_a_radius_sweep_has_means_with_intervals_and_counts_what_diverged(
    command: Run, radii: Path, tmp_path: Path
) -> None:
    done = command("plot", "x=r", "y=test", str(radii), "-o", "p.png", "--data", "p.csv")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "p.png").stat().st_size > 10_000
    data = pd.read_csv(tmp_path / "p.csv", dtype={"r": str})
    bounded = data[data["group"] == "svdrnn"]
    assert list(bounded["r"]) == ["0", "0.001", "0.01", "0.1", "1"]
    np.testing.assert_allclose(bounded["mean"], [0.91, 0.81, 0.71, 0.61, 0.2])
    expected = estimate([0.9, 0.91, 0.92])
    assert expected is not None
    assert (bounded.iloc[0]["low"], bounded.iloc[0]["high"]) == pytest.approx((expected.low, expected.high))
    assert list(bounded["worse_than_any"]) == [0, 0, 0, 0, 2]
    (free,) = data[data["group"] == "rnn"].to_dict("records")
    assert (free["r"], free["mean"], free["runs"]) == ("free", pytest.approx(0.1), 2)


def test_zero_and_free_lie_beside_a_logarithmic_axis_and_no_line_goes_there() -> None:
    axis = value_axis("r", [0.1, None, 0.0, 0.001, 0.01])
    assert axis.logarithmic
    assert [axis.labels[text] for text in axis.places] == ["0", "0.001", "0.01", "0.1", "free"]
    assert [axis.place(value) for value in (0.001, 0.01, 0.1)] == pytest.approx([-3, -2, -1])
    assert axis.place(0.0) < -3
    assert axis.place(None) > -1
    assert [axis.joins(value) for value in (0.0, 0.001, None)] == [False, True, False]
    assert len(axis.breaks) == 2
    assert not value_axis("task.length", [100, 120]).logarithmic
    assert list(value_axis("optimizer.name", ["sgd", "adam"]).places.values()) == [0.0, 1.0]


def test_lines_are_models_in_their_own_colours_and_other_hues_have_others(command: Run, radii: Path) -> None:
    def colours(*words: str) -> set[str]:
        assert command("plot", *words, str(radii), "-o", "p.svg").returncode == 0
        return set(re.findall(r"#[0-9a-f]{6}", Path("p.svg").read_text()))

    own = {look_of(model).colour.lower() for model in ("rnn", "svdrnn")}
    assert own <= colours("x=r", "y=test")
    assert not own & colours("x=model", "y=test", "hue=r")


def test_what_points_put_together_is_said_and_told_apart_by_by(
    command: Run, templates: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "rates"
    folder.mkdir()
    for lr in (0.01, 0.1):
        for r in (0.01, 0.1):
            make(templates, folder, "svdrnn", {"r": r, "optimizer.lr": lr}, {"test": lr}, 0)
    mixed = command("plot", "x=r", "y=test", str(folder), "--data", "p.csv")
    assert "points put runs together that differ in optimizer.lr" in mixed.stderr
    apart = command("plot", "x=r", "y=test", str(folder), "--by", "optimizer.lr", "--data", "p.csv")
    assert "put runs together" not in apart.stderr
    assert set(pd.read_csv(tmp_path / "p.csv")["group"]) == {"lr 0.01", "lr 0.1"}
    named = command(
        "plot", "x=r", "y=test", str(folder), "hue=optimizer.lr", "--label", "lr=0.1=fast", "--order", "fast", "--data",
        "p.csv",
    )  # fmt: skip
    assert named.returncode == 0, named.stderr
    assert list(dict.fromkeys(pd.read_csv(tmp_path / "p.csv")["group"])) == ["fast", "lr 0.01"]


def written_below(figure: Figure) -> str:
    """The note below the panels."""
    return " ".join(text.get_text() for text in figure.subfigs[-1].texts)


@pytest.mark.parametrize("title", [True, False])
def test_a_figure_says_itself_what_it_puts_together(templates: dict[str, Path], tmp_path: Path, title: bool) -> None:
    folder = tmp_path / "rates"
    folder.mkdir()
    for lr in (0.01, 0.1, 0.3):
        for r in (0.01, 0.1):
            for seed in range(2):
                make(
                    templates, folder, "svdrnn", {"r": r, "optimizer.lr": lr, "train.threads": seed}, {"test": lr}, seed
                )
    (task,) = plotted(sections(collect([folder]).runs))
    sheet = Sheet(title=title)
    keys = PlotKeys("r", "test")
    pictures = sweep_pictures(task, keys, Naming())
    assert pictures is not None
    assert pictures.pooled == {"optimizer.lr": 3}
    told = "Put together: runs that differ in learning rate (3 values)."
    assert written_below(draw_sweep(pictures, sheet)) == told
    apart = sweep_pictures(task, replace(keys, hue="optimizer.lr"), Naming())
    assert apart is not None
    assert apart.pooled == {}
    assert written_below(draw_sweep(apart, sheet)) == ""
    cells = phase_pictures(task, PlotKeys("r", "model", "test"))
    assert cells is not None
    assert cells.pooled == {"optimizer.lr": 3}
    assert written_below(draw_phase_map(cells, sheet)) == told


@pytest.mark.parametrize(
    ("every_step", "pooled", "told"),
    [(False, {}, ""), (True, {"trace.of": 2}, "Put together: runs that differ in traced loss (2 values).")],
)
def test_a_figure_does_not_put_together_what_is_one_group(
    templates: dict[str, Path], tmp_path: Path, every_step: bool, pooled: dict[str, int], told: str
) -> None:
    folder = tmp_path / "measured"
    folder.mkdir()
    for seed, (of, evaluations) in enumerate([("last", 20), ("all", 20), ("last", 10)]):
        keys = {"trace.of": of, "train.evaluations": evaluations, "train.evaluate_every": 3 + seed}
        run = make(templates, folder, "rnn", keys, {"test": 0.5}, seed)
        facts = json.loads((run / "manifest.json").read_text())["facts"]
        edit(run / "manifest.json", facts={**facts, "every_step": every_step}, ineffective=[])
    runs = collect([folder]).runs
    assert len({run.group for run in runs}) == 1 + every_step
    (task,) = plotted(sections(runs))
    pictures = sweep_pictures(task, PlotKeys("optimizer.lr", "test"), Naming())
    assert pictures is not None
    assert pictures.pooled == pooled
    assert written_below(draw_sweep(pictures, Sheet())) == told


def test_a_figure_says_of_how_many_seeds_its_points_are(radii: Path) -> None:
    (task,) = plotted(sections(collect([radii]).runs))
    several = sweep_pictures(task, PlotKeys("r", "test"), Naming())
    assert several is not None
    figure = draw_sweep(several, Sheet())
    (legend,) = figure.subfigs[0].legends
    assert [text.get_text() for text in legend.get_texts()] == ["rnn (n = 2)", "svdrnn (n = 1 to 3)"]
    assert "means over n seeds" in figure.subfigs[0].texts[1].get_text()
    kept = [run for run in task.runs if run.model == "svdrnn" and run.status != "diverged" and run.config["r"] != 1.0]
    alike = sweep_pictures(replace(task, runs=kept), PlotKeys("r", "test"), Naming())
    assert alike is not None
    assert "means over 3 seeds" in draw_sweep(alike, Sheet()).subfigs[0].texts[1].get_text()


def test_a_figure_without_a_legend_says_the_range_of_its_seeds(radii: Path) -> None:
    (task,) = plotted(sections(collect([radii]).runs))
    below = sweep_pictures(task, PlotKeys("model", "test", hue="model"), Naming())
    assert below is not None
    figure = draw_sweep(below, Sheet())
    assert figure.subfigs[0].legends == []
    assert "means over 2 to 3 seeds" in figure.subfigs[0].texts[1].get_text()


def test_a_legend_says_how_many_seeds_a_line_has_in_all_panels(radii: Path) -> None:
    (task,) = plotted(sections(collect([radii]).runs))
    bounded = replace(task, runs=[run for run in task.runs if run.model == "svdrnn"])
    pictures = sweep_pictures(bounded, PlotKeys("optimizer.lr", "test", col="r"), Naming())
    assert pictures is not None
    figure = draw_sweep(pictures, Sheet())
    (legend,) = figure.subfigs[0].legends
    assert [text.get_text() for text in legend.get_texts()] == ["svdrnn (n = 1 to 3)"]
    assert "means over n seeds" in figure.subfigs[0].texts[1].get_text()


def test_a_cell_of_a_map_says_how_many_runs_it_holds_where_they_are_not_equally_many(radii: Path) -> None:
    (task,) = plotted(sections(collect([radii]).runs))
    for runs, caption, told in (
        (task.runs, "Means over 2 to 3 runs.", ["n = 2", "n = 3", "× 2/3"]),
        ([run for run in task.runs if run.model == "svdrnn"], "Means over 3 runs.", ["× 2/3"]),
    ):
        cells = phase_pictures(replace(task, runs=runs), PlotKeys("r", "model", "test"))
        assert cells is not None
        figure = draw_phase_map(cells, Sheet())
        assert caption in figure.subfigs[0].texts[1].get_text()
        assert sorted({text.get_text() for text in figure.axes[0].texts}) == sorted(told)


def test_runs_without_the_metric_and_unfinished_ones_are_left_out_and_counted(command: Run, radii: Path) -> None:
    runs = sorted(radii.glob("svdrnn-*-seed0"))
    edit(runs[0] / "summary.json", spectral_margin=None)
    edit(runs[1] / "manifest.json", status="interrupted")
    done = command("plot", "x=r", "y=spectral_margin", str(radii), "--data", "p.csv")
    assert "copy: 1 of 17 runs left out: not completed." in done.stderr
    assert "copy: 1 of 16 runs left out: no spectral_margin." in done.stderr


def test_a_phase_diagram_counts_every_outcome_for_itself(
    command: Run, templates: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "phases"
    folder.mkdir()
    ends: list[dict[str, Any]] = [
        {"solved_at": 8, "steps_to_beat_baseline": 4, "test": 1.0},
        {"solved_at": None, "steps_to_beat_baseline": 4, "test": 0.5},
        {"solved_at": None, "steps_to_beat_baseline": None, "test": 0.1},
    ]
    for seed, summary in enumerate([*ends, ends[2]]):
        run = make(templates, folder, "svdrnn", {"r": 0.1}, summary, seed)
        if seed == 3:
            edit(run / "manifest.json", status="diverged")
    make(templates, folder, "svdrnn", {"r": 0.01}, ends[0], 0)
    words = ("plot", "x=r", "y=optimizer.lr", str(folder), "--kind", "map")
    assert command(*words, "-o", "m.pdf", "--data", "m.csv").returncode == 0
    cells = pd.read_csv(tmp_path / "m.csv").set_index("r")
    assert list(cells.loc[0.1, ["solved", "better than baseline", "at baseline", "diverged"]]) == [1, 1, 1, 1]
    assert cells.loc[0.01, "solved"] == 1
    assert "Sb.x" in command(*words).stdout
    assert command(*words, "hue=test", "-o", "t.png", "--data", "t.csv").returncode == 0
    assert pd.read_csv(tmp_path / "t.csv").set_index("r").loc[
        0.1, ["mean", "worse_than_any"]
    ].tolist() == pytest.approx([(1.0 + 0.5 + 0.1) / 3, 1])


def test_parallel_coordinates_are_the_keys_that_differ_and_a_line_a_run(
    command: Run, radii: Path, tmp_path: Path
) -> None:
    done = command("plot", "y=test", str(radii), "--kind", "parallel", "-o", "s.png", "--data", "s.csv")
    assert done.returncode == 0, done.stderr
    data = pd.read_csv(tmp_path / "s.csv")
    assert len(data) == 17
    assert {"model", "r"} <= set(data.columns)
    assert "seed" not in data.columns
    assert data["worse_than_any"].sum() == 2
    chosen = command("plot", "y=test", "x=r,optimizer.lr", str(radii), "--kind", "parallel", "--data", "s.csv")
    assert chosen.returncode == 0, chosen.stderr
    assert list(pd.read_csv(tmp_path / "s.csv").columns)[2:4] == ["r", "optimizer.lr"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("x=rr", "y=test"), "No run has 'rr'. Did you mean 'r'?"),
        (("x=r", "y=tset"), "No run has 'tset'. Did you mean 'test'?"),
        (("x=r", "y=recall_accuracy"), "No run has 'recall_accuracy'. Did you mean 'test'?"),
        (("x=r", "y=accuracy"), "No run has 'accuracy'. Did you mean 'test'?"),
        (("x=r",), "y=METRIC is lacking"),
        (("x=r", "x=seed", "y=test"), "x= is given twice"),
        (("z=r", "y=test"), "'z=r': expected x=KEY, y=KEY, hue=KEY, col=KEY, or a path."),
        (("x=r", "y=gradient_verdict"), "There is nothing to draw: no file is written."),
        (("x=r", "y=test", "--order", "svdrn"), "--order: Unknown group 'svdrn'. Did you mean 'svdrnn'?"),
        (("x=r", "y=test", "--label", "foo=bar"), "--label: Unknown group 'foo'."),
        (("x=r", "y=test", "--panels", "a"), "--panels: there are none to choose from without col=KEY."),
        (("x=r", "y=test", "--width", "3 feet"), "--width 3 feet: expected single, double"),
        (("x=r", "y=test", "--style", "no.mplstyle"), "--style no.mplstyle: there is no such file"),
    ],
)
def test_what_cannot_be_drawn_is_said_and_leaves_no_file(
    command: Run, radii: Path, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    done = command("plot", *words, str(radii), "-o", "p.png", columns=300)
    assert done.returncode == 2, done.stdout
    assert said in done.stderr
    assert not (tmp_path / "p.png").exists()


def test_a_panel_for_every_value_of_col_or_only_those_chosen(command: Run, radii: Path) -> None:
    assert command("plot", "x=seed", "y=test", "col=r", str(radii), "-o", "all.svg").returncode == 0
    done = command("plot", "x=seed", "y=test", "col=r", str(radii), "--panels", "free,0.1", "-o", "two.svg")
    assert done.returncode == 0, done.stderr
    assert [Path(name).read_text().count('id="axes_') for name in ("all.svg", "two.svg")] == [6, 2]


def test_a_plot_of_characters_shows_what_lies_beside_its_axis(command: Run, radii: Path) -> None:
    shown = command("plot", "x=r", "y=test", str(radii)).stdout
    assert max(map(len, shown.splitlines())) <= 80
    assert "test recall accuracy against sigma radius r (copy)" in shown
    assert "rnn at free: 0.1" in shown
    assert "svdrnn at 1: × 2 of 3" in shown


@pytest.mark.parametrize("option", [("--label", "svdrnn=ours"), ("--order", "svdrnn,rnn")])
@pytest.mark.parametrize("kind", ["map", "parallel"])
def test_names_and_order_of_lines_are_refused_where_there_are_none(
    command: Run, radii: Path, kind: str, option: tuple[str, str]
) -> None:
    done = command("plot", "x=r", "y=optimizer.lr", str(radii), "--kind", kind, *option, "-o", "a.png")
    assert done.returncode == 2
    assert option[0] in done.stderr
    assert kind in done.stderr
    assert not Path("a.png").exists()


def test_models_on_the_axis_have_their_own_looks_and_names(command: Run, radii: Path) -> None:
    done = command("plot", "x=model", "y=test", str(radii), "-o", "p.svg", "--data", "p.csv", "--show")
    assert done.returncode == 0, done.stderr
    data = pd.read_csv("p.csv")
    assert list(data["group"]) == list(data["model"]) == ["rnn", "svdrnn"]
    assert {look_of(model).colour.lower() for model in ("rnn", "svdrnn")} <= set(
        re.findall(r"#[0-9a-f]{6}", Path("p.svg").read_text())
    )
    assert "svdrnn at svdrnn: " in done.stdout


def test_models_of_panels_have_their_own_names(command: Run, radii: Path) -> None:
    assert command("plot", "x=r", "y=test", "col=model", str(radii), "--data", "p.csv").returncode == 0
    data = pd.read_csv("p.csv")
    assert list(data["group"]) == list(data["col"])


@pytest.mark.parametrize(
    ("axis", "key", "said"),
    [
        ("hue", "train.clip_norm", ["clipping at 1", "no clipping"]),
        ("col", "train.clip_norm", ["clipping at 1", "no clipping"]),
        ("hue", "optimizer.lr", ["lr 0.01", "lr 0.1"]),
    ],
)
def test_lines_and_panels_are_called_by_settings_in_words(
    command: Run, templates: dict[str, Path], tmp_path: Path, axis: str, key: str, said: list[str]
) -> None:
    for clip in (None, 1.0):
        for lr in (0.01, 0.1):
            make(templates, tmp_path / "runs", "rnn", {"train.clip_norm": clip, "optimizer.lr": lr}, {"test": lr}, 0)
    x = "train.clip_norm" if key == "optimizer.lr" else "optimizer.lr"
    words = ("plot", f"x={x}", "y=test", f"{axis}={key}", "runs", "--data", "p.csv")
    assert command(*words).returncode == 0
    column = "group" if axis == "hue" else "col"
    assert sorted(set(pd.read_csv("p.csv")[column])) == said
    if axis == "col":  # a panel may be called by its title, by the setting as it is typed, or by its value
        for name in ("no clipping", "clip_norm = none", "none", "null"):
            assert command(*words, "-o", "p.svg", "--panels", name).returncode == 0, name
            assert said[0] not in (tmp_path / "p.svg").read_text()
    else:
        for name in (said[1], f"{key.rpartition('.')[2]}={'null' if axis == 'hue' and 'clip' in key else 0.1}"):
            assert command(*words, "--label", f"{name}=mine", "--order", "mine").returncode == 0, name
            assert next(iter(pd.read_csv("p.csv")["group"])) == "mine"


def pictures_of(folder: Path, keys: PlotKeys) -> SweepPictures:
    (task,) = plotted(sections(collect([folder]).runs))
    pictures = sweep_pictures(task, keys, Naming())
    assert pictures is not None
    return pictures


def whiskers(axes: Axes) -> list[tuple[Any, np.ndarray]]:
    """Lines straight up, with two ends."""
    lines = [(line, np.asarray(line.get_ydata(), dtype=float)) for line in axes.get_lines()]
    return [(line, y) for line, y in lines if len(y) == 2 and len(set(np.asarray(line.get_xdata()))) == 1]


def test_a_whisker_on_a_logarithmic_axis_ends_where_its_interval_does_or_in_an_arrow(
    templates: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "wide"
    folder.mkdir()
    losses = {0.01: (0.10, 0.11, 0.24), 0.1: (1.0, 1.0, 9.0), 1.0: (2.0, 2.01, 2.02)}
    for r, values in losses.items():
        for seed, loss in enumerate(values):
            make(templates, folder, "svdrnn", {"r": r}, {"loss_test": loss}, seed)
    pictures = pictures_of(folder, PlotKeys("r", "loss_test"))
    assert pictures.logarithmic
    (line,) = pictures.panels[""]
    axes = draw_sweep(pictures, Sheet()).axes[0]
    bottom, top = axes.get_ylim()
    for point in line.points:
        assert point.mean is not None
        low, high = point.mean.low, point.mean.high
        assert low is not None
        assert high is not None
        assert high <= top
        drawn = [(one, y) for one, y in whiskers(axes) if one.get_xdata()[0] == point.place]
        arrows = [
            float(np.asarray(one.get_ydata())[0])
            for one in axes.get_lines()
            if one.get_marker() == "v" and list(one.get_xdata()) == [point.place]
        ]
        ends = min(y.min() for _, y in drawn)
        assert arrows == ([] if low > bottom else [bottom])
        assert ends == pytest.approx(max(low, bottom))
    assert sum((point.mean.low or 0) <= 0 for point in line.points if point.mean) == 2
    caption = " ".join(text.get_text() for text in draw_sweep(pictures, Sheet()).subfigs[0].texts)
    assert "the interval goes on beyond the axis" in caption


def test_accuracies_of_two_seeds_keep_their_axis_within_what_an_accuracy_can_be(
    templates: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "two"
    folder.mkdir()
    for r, values in {0.01: (0.95, 0.99), 0.1: (0.50, 0.80), 1.0: (0.2, 0.3)}.items():
        for seed, test in enumerate(values):
            make(templates, folder, "svdrnn", {"r": r}, {"test": test}, seed)
    pictures = pictures_of(folder, PlotKeys("r", "test"))
    (line,) = pictures.panels[""]
    ends = [end for point in line.points if point.mean for end in (point.mean.low, point.mean.high) if end is not None]
    assert min(ends) < -0.8  # of Student's t with one degree of freedom
    assert max(ends) > 2.0
    low, high = draw_sweep(pictures, Sheet()).axes[0].get_ylim()
    assert -0.1 < low < 0.2
    assert 0.99 < high < 1.1


def test_a_ratio_has_the_geometric_mean_and_its_interval_on_logarithms(
    command: Run, templates: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "ratios"
    folder.mkdir()
    kept = (1e-8, 1e-4, 0.6)
    for seed, ratio in enumerate(kept):
        make(templates, folder, "rnn", {}, {"gradient_kept": ratio}, seed)
    assert command("plot", "x=model", "y=gradient_kept", str(folder), "--data", "k.csv").returncode == 0
    (row,) = pd.read_csv("k.csv").to_dict("records")
    logs = estimate(np.log(kept))
    assert logs is not None
    assert logs.low is not None
    assert logs.high is not None
    assert (row["mean"], row["low"], row["high"]) == pytest.approx(
        (np.exp(logs.mean), np.exp(logs.low), np.exp(logs.high))
    )
    assert (row["mean_is"], row["runs"]) == ("geometric", 3)
    figure = draw_sweep(pictures_of(folder, PlotKeys("model", "gradient_kept")), Sheet())
    assert "geometric means" in " ".join(text.get_text() for text in figure.subfigs[0].texts)


def test_a_share_that_underflows_is_in_the_mean_as_the_smallest_number_and_leaves_no_interval(
    command: Run, templates: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "underflows"
    folder.mkdir()
    for r, kept in {0.1: (0.0, 1e-4, 0.01), 0.2: (0.0,), 0.3: (0.0, 0.0)}.items():
        for seed, share in enumerate(kept):
            make(templates, folder, "svdrnn", {"r": r}, {"gradient_kept": share}, seed)
    done = command("plot", "x=r", "y=gradient_kept", str(folder), "--data", "k.csv")
    assert "gradient_kept underflows in 4 of 6 runs, and counts as 1.2e-38 in means." in done.stderr
    data = pd.read_csv("k.csv").set_index("r")
    assert list(data["mean"]) == pytest.approx([(FLOOR * 1e-6) ** (1 / 3), 0.0, 0.0], rel=1e-9, abs=0.0)
    assert data[["low", "high"]].isna().all(axis=None)
    figure = draw_sweep(pictures_of(folder, PlotKeys("r", "gradient_kept")), Sheet())
    caption = " ".join(text.get_text() for text in figure.subfigs[0].texts)
    assert "What underflows counts as 1.2e-38, and there is no interval." in caption


def test_the_only_radius_is_told_as_it_is(command: Run, templates: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "one"
    folder.mkdir()
    make(templates, folder, "svdrnn", {"r": 0.01}, {"test": 1.0}, 0)
    assert "measured once, at sigma radius r 0.01:" in command("plot", "x=r", "y=test", str(folder)).stdout


def test_a_model_that_is_orthogonal_by_nature_lies_at_radius_zero_and_one_bounded_otherwise_at_none(
    command: Run, templates: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "exact"
    folder.mkdir()
    make(templates, folder, "svdrnn", {"r": 0.1}, {"test": 0.9}, 0)
    make(templates, folder, "rnn", {}, {"test": 0.1}, 0)
    for seed, (lowest, test) in enumerate(((1.0, 1.0), (0.0, 0.2)), start=1):
        run = make(templates, folder, "rnn", {}, {"test": test}, seed)
        facts = json.loads((run / "manifest.json").read_text())["facts"]
        edit(run / "manifest.json", facts={**facts, "sigma": [lowest, 1.0], "centre": 1.0})
    assert command("plot", "x=r", "y=test", str(folder), "--data", "p.csv").returncode == 0
    data = pd.read_csv("p.csv", dtype={"r": str})
    assert dict(zip(data["r"], data["mean"], strict=True)) == {"0": 1.0, "0.1": 0.9, "free": pytest.approx(0.15)}
    # Tables and conditions mean the same by a radius.
    table = command("runs", str(folder), "--columns", "seed,test,r", "--sort", "test").stdout.splitlines()
    assert [line.split()[-1] for line in table[3:] if line] == ["free", "free", "0.1", "0"]
    by = json.loads(command("compare", str(folder), "--by", "r", "--format", "json").stdout)["sections"][0]["groups"]
    assert {group["differs"]["r"]: group["score"]["n"] for group in by} == {"0": 1, "0.1": 1, "free": 2}
    for condition, count in (("r=0", 1), ("r<0.05", 1), ("r=free", 2), ("r!=free", 2), ("r=null", 2)):
        assert len(load_runs(folder).where(condition)) == count, condition


def test_numbers_have_shades_of_a_map_and_a_free_radius_is_grey(radii: Path) -> None:
    (lines,) = pictures_of(radii, PlotKeys("model", "test", hue="r")).panels.values()
    colours = {line.label: line.look.colour for line in lines}
    assert list(colours.values())[:-1] == sequential(5)
    assert colours["r = free"] == "#AAAAAA"


def test_a_legend_says_which_group_of_a_model_has_no_radius(templates: dict[str, Path], radii: Path) -> None:
    make(templates, radii, "svdrnn", {"r": None, "model.map": "free"}, {"test": 0.5}, 0)
    (section,) = sections(collect([radii]).runs)
    captions = [one.caption for one in Naming().of(section) if one.group.model == "svdrnn"]
    assert captions[0].endswith("r = free")
    assert sum("free" in caption for caption in captions) == 1


@pytest.mark.parametrize("words", [("spectrum",), ("curves",), ("compare",), ("grads",), ("plot", "x=r", "y=test")])
def test_nothing_to_show_is_exit_code_2_without_a_file_too(command: Run, radii: Path, words: tuple[str, ...]) -> None:
    verb, *rest = words
    done = command(verb, *rest, str(radii), "--where", "model=gru", columns=300)
    assert done.returncode == 2, done.stdout
    assert "None of 17 runs fulfils model=gru" in done.stderr


def test_a_caption_says_what_a_baseline_far_off_is(radii: Path) -> None:
    figure = draw_sweep(replace(pictures_of(radii, PlotKeys("r", "test")), baseline=1e9), Sheet())
    assert "baseline ↑ 1e+09" in [text.get_text() for text in figure.axes[0].texts]
    caption = " ".join(text.get_text() for text in figure.subfigs[0].texts)
    assert "Baseline: what a memoryless predictor scores." in caption
    assert "Dotted" not in caption


def drawn_texts(figure: Figure) -> list[Bbox]:
    """Where every text lies that a figure shows, but for the titles above it."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return [text.get_window_extent() for axes in figure.axes for text in axes.texts if text.get_text()]


@pytest.mark.parametrize(
    ("field", "best"), [("test", "better"), ("loss_test", "better"), ("gradient_decay_rate", "smaller")]
)
def test_a_search_says_better_only_of_what_runs_are_judged_by(radii: Path, field: str, best: str) -> None:
    (task,) = plotted(sections(collect([radii]).runs))
    pictures = search_pictures(task, field, ["r"])
    assert pictures is not None
    drawn = draw_searches(pictures, Sheet())
    captions = [text.get_text() for part in (drawn, *drawn.subfigs) for text in part.texts]
    assert [text for text in captions if f"the lighter, the {best}." in text]


def test_the_best_runs_of_a_search_are_the_lightest(templates: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "light"
    folder.mkdir()
    for seed, r in enumerate((0.01, 0.1)):
        make(templates, folder, "svdrnn", {"r": r}, {"test": 0.1 + seed, "loss_test": 0.1 + seed}, seed)
    (task,) = plotted(sections(collect([folder]).runs))
    for field, best in (("test", "seed1"), ("loss_test", "seed0")):
        pictures = search_pictures(task, field, ["r"])
        assert pictures is not None
        runs = [line for line in draw_searches(pictures, Sheet()).axes[0].get_lines() if line.get_zorder() == 3]
        at = {line.run_id: pictures.axes[0].places[as_typed(line.values[0])] for line in pictures.lines}
        low, high = min(at.values()), max(at.values())
        light = {(at[name] - low) / (high - low): name for name in at}
        lightness = {light[float(np.asarray(run.get_ydata())[0])]: sum(to_rgb(run.get_color())) for run in runs}
        assert max(lightness, key=lambda name: lightness[name]).endswith(best)


def test_runs_of_a_search_that_agree_in_every_key_are_all_seen(templates: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "hidden"
    folder.mkdir()
    for r in (0.01, 0.1, 1.0):
        for seed in range(4):
            make(templates, folder, "svdrnn", {"r": r}, {"test": 0.5}, seed)
    (task,) = plotted(sections(collect([folder]).runs))
    pictures = search_pictures(task, "test", ["r", "model.name"])
    assert pictures is not None
    figure = draw_searches(pictures, Sheet())
    lines = [np.asarray(line.get_ydata()) for line in figure.axes[0].get_lines() if line.get_zorder() == 3]
    for axis in range(2):
        heights = sorted(float(line[axis]) for line in lines)
        assert min(np.diff(heights)) > 0.003
    starts = np.array([line[0] for line in lines])
    assert all(np.abs(starts - place).min() < 0.03 for place in (0.0, 0.5, 1.0))
    assert all(min(abs(start - place) for place in (0.0, 0.5, 1.0)) < 0.03 for start in starts)
    assert "Runs of one value stand side by side." in figure.subfigs[0].texts[1].get_text()


@pytest.mark.parametrize("width", ["single", "double"])
def test_no_two_labels_of_a_search_lie_on_each_other(templates: dict[str, Path], tmp_path: Path, width: str) -> None:
    folder = tmp_path / "search"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for seed in range(12):
        lr, clip = (float(f"{value:.3g}") for value in 10 ** rng.uniform(-4, 0, 2))
        keys = {"r": (0.01, 0.1)[seed % 2], "optimizer.lr": lr, "train.clip_norm": clip, "train.batch_size": 20 + seed}
        make(templates, folder, "svdrnn" if seed % 3 else "rnn", keys, {"test": float(rng.uniform(0.1, 1))}, seed)
    (task,) = plotted(sections(collect([folder]).runs))
    pictures = search_pictures(task, "test", [])
    assert pictures is not None
    assert len(pictures.axes) >= 5
    with printable():
        boxes = drawn_texts(draw_searches(pictures, Sheet(inches(width))))
    assert len(boxes) > 20
    assert not [(one, other) for one, other in combinations(boxes, 2) if one.overlaps(other)]


def test_shares_lie_on_a_linear_axis_and_losses_that_span_decades_on_a_logarithmic_one(
    templates: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "scales"
    folder.mkdir()
    for seed, value in enumerate((0.01, 0.1, 1.0)):
        make(templates, folder, "svdrnn", {"r": 0.1}, {"test": value, "loss_test": value}, seed)
    assert not pictures_of(folder, PlotKeys("r", "test")).logarithmic
    assert pictures_of(folder, PlotKeys("r", "loss_test")).logarithmic
    assert not pictures_of(folder, PlotKeys("test", "loss_test")).x_axis.logarithmic
    (task,) = plotted(sections(collect([folder]).runs))
    for field, logarithmic in (("test", False), ("loss_test", True)):
        cells = phase_pictures(task, PlotKeys("r", "seed", hue=field))
        search = search_pictures(task, field, ["r"])
        assert cells is not None
        assert search is not None
        assert (cells.logarithmic, search.y_axis.logarithmic) == (logarithmic, logarithmic)


def test_points_that_would_hide_one_another_stand_side_by_side_and_others_where_they_belong(
    templates: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "crowd"
    folder.mkdir()
    for r in (0.01, 0.1):
        for lr, test in ((0.001, 0.5), (0.01, 0.5), (0.1, 0.9)):
            for seed in range(3):
                make(templates, folder, "svdrnn", {"r": r, "optimizer.lr": lr}, {"test": test + 0.01 * seed}, seed)
    pictures = pictures_of(folder, PlotKeys("r", "test", hue="optimizer.lr"))
    assert sidesteps(pictures.panels[""], logarithmic=False) == [[-1.0, -1.0], [0.0, 0.0], [1.0, 1.0]]
    axes = draw_sweep(pictures, Sheet()).axes[0]
    places = {float(line.get_xdata()[0]) for line, _ in whiskers(axes)}
    assert len(places) == 6
    assert all(min(abs(place - true) for true in (-2, -1)) < 0.1 for place in places)
    apart = pictures_of(folder, PlotKeys("optimizer.lr", "test", hue="seed"))
    line = apart.panels[""][0]
    low, as_low, high = ([replace(line, points=[replace(point, place=0.0)])] for point in line.points)
    assert sidesteps(low + as_low, logarithmic=False) == [[-0.5], [0.5]]
    assert sidesteps(low + high, logarithmic=False) == [[0.0], [0.0]]


def test_what_never_got_there_is_counted_in_runs_where_they_are_no_seeds_and_bears_the_marker_of_its_line(
    templates: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "clipped"
    folder.mkdir()
    for model in ("rnn", "svdrnn"):
        for clip, solved in ((1.0, 200), (2.0, 100), (None, None)):
            make(templates, folder, model, {"train.clip_norm": clip}, {"solved_at": solved}, 0)
    pictures = pictures_of(folder, PlotKeys("optimizer.lr", "solved_at"))
    figure = draw_sweep(pictures, Sheet())
    caption = figure.subfigs[0].texts[1].get_text()
    assert caption.startswith("Points: one seed each, the mean of its runs.")
    assert "×: how many runs of a line diverged" in " ".join(text.get_text() for text in figure.subfigs[0].texts)
    (axes,) = figure.axes
    counts = [text for text in axes.texts if "×" in text.get_text()]
    assert [text.get_text() for text in counts] == ["× 1/3", "× 1/3"]
    for line, text in zip(pictures.panels[""], counts, strict=True):
        (marker,) = [
            one
            for one in axes.get_lines()
            if one.get_marker() == line.look.marker and list(one.get_ydata()) == [text.xy[1]]
        ]
        box, place = text.get_window_extent(), marker.get_transform().transform(marker.get_xydata())[0]
        assert box.x0 - 12 < place[0] < box.x0
        assert box.y0 < place[1] < box.y1


def test_a_map_whose_cells_hold_several_models_says_so_first_and_lists_none_of_their_own_keys(
    command: Run, templates: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    for model, own in (("rnn", {"model.bound": 1.0}), ("svdrnn", {"model.bound": 2.0, "model.m1": 3})):
        for clip in (1.0, 2.0):
            keys = {**own, "train.clip_norm": clip, "r": None}
            make(templates, folder, model, keys, {"test": 0.5}, 0)
    done = command("plot", "--kind", "map", "x=optimizer.lr", "y=task.length", str(folder), "-o", "m.png", columns=300)
    assert "cells hold runs that differ in model, train.clip_norm: name one" in done.stderr
    assert about_pools({"model": 2, **{f"train.key{at}": 2 for at in range(5)}}) == [
        "Put together: runs that differ in model (2 values), key0 (2 values), key1 (2 values), key2 (2 values), "
        "key3 (2 values) and 1 more key."
    ]


def test_ticks_part_the_thousands_as_tables_do() -> None:
    few = value_axis("num_parameters", [875, 10825, 2500.5, None])
    assert list(few.labels.values()) == ["875", "2500.5", "10,825", "none"]
    many = value_axis("num_parameters", [10 ** (at / 3) for at in range(20)])
    assert many.ticks()[1] == ["1", "10", "100", "1,000", "10,000", "100,000", "1,000,000"]


def test_the_state_whose_gradient_is_drawn_is_said(templates: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "pairs"
    folder.mkdir()
    for model in ("svdrnn", "rnn"):
        run = make(templates, folder, model, {}, {"gradient_kept": 0.1}, 0)
        if model == "rnn":
            facts = json.loads((run / "manifest.json").read_text())["facts"]
            edit(run / "manifest.json", facts={**facts, "traced": "(h, c)"})
    said = ["The state whose gradient is traced is (h, c) in rnn; h elsewhere."]
    assert pictures_of(folder, PlotKeys("model", "gradient_kept")).states == said
    assert pictures_of(folder, PlotKeys("model", "test")).states == []
