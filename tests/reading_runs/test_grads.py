"""``spectral-bench grads``: the numbers behind its pictures and tables."""

import json
import re
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from command_line import Run
from run_directories import edit, runs_of, train, without_end

import spectral_bench
from spectral_bench.compare.statistics import estimate
from spectral_bench.diagnostics.decay_words import steadiness
from spectral_bench.diagnostics.envelope import Envelope, envelope
from spectral_bench.diagnostics.gradient_decay import gradient_decay
from spectral_bench.figures.draw_gradients import draw_gradients
from spectral_bench.figures.gradients import GradientPictures, gradient_pictures
from spectral_bench.figures.sheet import Sheet
from spectral_bench.figures.traced_gradients import Traced, traced
from spectral_bench.records.collection import collect
from spectral_bench.records.grouping import sections
from spectral_bench.records.groups import Section
from spectral_bench.report.gradient_table import decay_table
from spectral_bench.runs.layout import GRADIENTS
from spectral_bench.runs.parted_table import SCHEMAS, PartedTable
from spectral_bench.ui.text_figures import gradients_in_characters


def prepared(results: Path, task: str, layer: int = 0) -> tuple[Section, list[Traced], GradientPictures]:
    (section,) = [section for section in sections(collect([results]).runs) if section.task == task]
    groups = traced(section, layer)
    return section, groups, gradient_pictures(section, groups, layer)


def rewrite(run: Path, norms: np.ndarray, steps: np.ndarray) -> None:
    """Replaces the traced gradients of a run, by the real writer; norms (S, T + 1)."""
    (run / GRADIENTS).unlink()
    table = PartedTable(run / GRADIENTS, SCHEMAS[GRADIENTS])
    count = norms.shape[1]
    table.add(
        {
            "step": np.repeat(steps, count),
            "layer": np.zeros(norms.size, dtype=int),
            "t": np.tile(np.arange(count), len(steps)),
            "norm": norms.ravel(),
        }
    )
    table.join()


def test_the_lines_drawn_are_the_geometric_means_over_seeds_and_the_bands_their_range(shared_results: Path) -> None:
    _, groups, pictures = prepared(shared_results, "copy")
    figure = draw_gradients(pictures, Sheet(panels=("norms",)))
    start, end = figure.axes
    for one in groups:
        frames = [pd.read_parquet(run.directory / "gradients.parquet") for run in one.group.runs]
        for axes, t in ((start, 0), (end, max(frames[0]["t"]))):
            (line,) = [line for line in axes.get_lines() if line.get_label() == one.caption]
            norms = np.stack([frame.loc[frame["t"] == t].sort_values("step")["norm"] for frame in frames])
            drawn = np.isfinite(np.asarray(line.get_xdata(), dtype=float))  # a gap joins nothing
            np.testing.assert_array_equal(np.asarray(line.get_xdata())[drawn], [0, 3, 6, 9, 12])
            np.testing.assert_allclose(np.asarray(line.get_ydata())[drawn], np.exp(np.log(norms).mean(axis=0)))
    rnn = pictures.start[[series.label for series in pictures.start].index("rnn")]
    assert (rnn.low < rnn.high).all()
    assert rnn.runs == 3


def test_data_holds_the_numbers_behind_every_picture(command: Run, shared_results: Path, tmp_path: Path) -> None:
    done = command("grads", str(shared_results), "--where", "task=copy", "--data", "numbers.csv", "--step", "6")
    assert done.returncode == 0, done.stderr
    frame = pd.read_csv(tmp_path / "numbers.csv")
    assert set(frame["picture"]) == {"relative", "decay", "map", "start", "end"}
    assert set(frame["group"]) == {"rnn", "svdrnn r = 0.01", "svdrnn r = 0.5"}
    (run,) = [run for run in runs_of(shared_results, "copy", "svdrnn") if "r: 0.5" in (run / "config.yaml").read_text()]
    written = pd.read_parquet(run / "gradients.parquet")
    at_six = written.loc[written["step"] == 6, "norm"].to_numpy()
    relative = frame[(frame["picture"] == "relative") & (frame["group"] == "svdrnn r = 0.5")]
    np.testing.assert_allclose(relative["mean"], at_six[::-1] / at_six[-1])
    np.testing.assert_array_equal(relative["steps_back"], np.arange(len(at_six)))
    assert set(relative["step"].astype(int)) == {6}
    decay = frame[(frame["picture"] == "decay") & (frame["group"] == "svdrnn r = 0.5")].iloc[0]
    assert decay["kept"] == pytest.approx(at_six[0] / at_six[-1])
    assert decay["verdict"] == "level"
    heat = frame[(frame["picture"] == "map") & (frame["group"] == "svdrnn r = 0.5")]
    shares = written["norm"] / written.groupby("step")["norm"].transform("last")
    np.testing.assert_allclose(np.sort(heat["mean"]), np.sort(shares))
    start = frame[(frame["picture"] == "start") & (frame["group"] == "svdrnn r = 0.5")]
    np.testing.assert_allclose(start["mean"], written.loc[written["t"] == 0, "norm"])


def test_a_step_that_was_not_traced_stands_for_the_nearest_and_is_named_by_it(shared_results: Path) -> None:
    section, groups, _ = prepared(shared_results, "copy")
    pictures = gradient_pictures(section, groups, 0, ["7", "1000"])
    last = int(groups[0].norms[0].steps[-1])
    assert [moment.step for moment in pictures.moments] == [6, last]
    assert [moment.title for moment in pictures.moments] == ["after 6 training steps", f"after {last} training steps"]
    np.testing.assert_allclose(pictures.moments[0].curves[1].x, np.arange(groups[1].norms[0].norms.shape[1]))
    assert {row["step"] for row in pictures.rows() if row["picture"] == "relative"} == {6, last}


def test_the_mean_over_training_is_of_relative_norms(command: Run, shared_results: Path, tmp_path: Path) -> None:
    words = ("grads", str(shared_results), "--where", "task=copy", "--step", "mean", "--data", "g.csv", "-o", "g.png")
    drawn = command(*words)  # a warning, that the layout has collapsed, would be an error
    assert drawn.returncode == 0, drawn.stderr
    frame = pd.read_csv(tmp_path / "g.csv")
    frame = frame[(frame["picture"] == "relative") & (frame["group"] == "rnn")]
    logs = []
    for run in runs_of(shared_results, "copy", "rnn"):
        norms = pd.read_parquet(run / "gradients.parquet").pivot_table(index="step", columns="t", values="norm")
        logs.append(np.log(norms.to_numpy() / norms.to_numpy()[:, -1:]).mean(axis=0))
    np.testing.assert_allclose(frame["mean"], np.exp(np.mean(logs, axis=0))[::-1])
    assert set(frame["step"]) == {"mean over training"}
    refused = command("grads", str(shared_results), "--step", "last")
    assert refused.returncode == 2
    assert "--step last: expected the number of a training step, or mean" in refused.stderr


def test_every_chosen_moment_has_a_table_of_its_own_numbers_and_the_maps_mark_where_verdicts_are_from(
    command: Run, shared_results: Path
) -> None:
    words = ("grads", str(shared_results), "--where", "task=copy", "--step", "6", "--step", "mean")
    shown = command(*words).stdout
    assert "copy: gradients after 6 training steps\n" in shown
    assert "copy: gradients, mean over training\n" in shown
    assert "after 12 training steps" not in shown
    rows = json.loads(command(*words, "--format", "json").stdout)["rows"]
    assert [row["step"] for row in rows] == [6, 6, 6, "mean", "mean", "mean"]
    logs = []
    for run in runs_of(shared_results, "copy", "rnn"):
        norms = pd.read_parquet(run / "gradients.parquet").pivot_table(index="step", columns="t", values="norm")
        logs.append(np.log(norms[0] / norms.iloc[:, -1]))
    assert rows[3]["group"] == "rnn"
    assert rows[3]["kept"] == pytest.approx(np.exp(np.mean(logs)))
    assert rows[0]["kept"] == pytest.approx(np.exp(np.mean([log[6] for log in logs])))
    section, groups, at_the_end = prepared(shared_results, "copy")
    assert {heat.judged for heat in at_the_end.maps} == {(12,)}
    for steps, judged in ((["6", "mean"], (6,)), (["mean"], ())):
        pictures = gradient_pictures(section, groups, 0, steps)
        assert {heat.judged for heat in pictures.maps} == {judged}
        labels = [text.get_text() for part in draw_gradients(pictures, Sheet()).subfigs for text in part.texts]
        assert any("where the verdict is decided" in label for label in labels) == bool(judged)


def test_a_step_beyond_all_numbers_of_the_machine_is_the_last_one(command: Run, shared_results: Path) -> None:
    done = command("grads", str(shared_results), "--where", "task=copy", "--step", "9" * 22, "--format", "json")
    assert done.returncode == 0, done.stderr
    assert {row["step"] for row in json.loads(done.stdout)["rows"]} == {12}


def test_a_step_of_more_digits_than_python_reads_is_refused_in_a_sentence(command: Run, shared_results: Path) -> None:
    done = command("grads", str(shared_results), "--step", "9" * 5000)
    assert done.returncode == 2
    assert "expected the number of a training step, or mean" in " ".join(done.stderr.split())
    assert len(done.stderr) < 500


def test_the_table_fits_80_columns_in_one_piece_and_calls_a_half_life_beyond_the_trace_level(
    command: Run, results: Path
) -> None:
    for run in runs_of(results, "copy", "svdrnn"):
        count = len(np.unique(pd.read_parquet(run / GRADIENTS)["t"]))
        rewrite(run, np.exp(1e-8 * np.arange(count))[None], np.array([12]))
    shown = command("grads", str(results), "--where", "task=copy").stdout
    assert len(re.findall("^model", shown, flags=re.MULTILINE)) == 1
    assert max(map(len, shown.splitlines())) <= 80
    (row,) = [line for line in shown.splitlines() if line.startswith("svdrnn  r=0.5")]
    assert row.split()[-3:] == ["level", "all", "level"]


def test_what_was_traced_stands_in_the_title_and_in_a_sentence(results: Path) -> None:
    for run in runs_of(results, "copy", "rnn"):
        facts = json.loads((run / "manifest.json").read_text())["facts"]
        edit(run / "manifest.json", facts={**facts, "traced": "(h, c)"})
    _, _, pictures = prepared(results, "copy")
    (axes,) = draw_gradients(pictures, Sheet(panels=("relative",))).axes
    assert axes.get_ylabel() == r"$\|\partial L_T/\partial s_t\|\;/\;\|\partial L_T/\partial s_T\|$"
    assert pictures.states == ["The state s whose gradient is traced is (h, c) in rnn; h elsewhere."]
    assert "relative to s_T" in gradients_in_characters(pictures, Sheet())[0].title
    _, _, plain = prepared(results, "addition")
    assert (plain.words.state, plain.states) == ("h", [])


def test_the_table_says_rate_half_life_and_verdict_as_training_does(shared_results: Path) -> None:
    section, groups, _ = prepared(shared_results, "copy")
    _, records = decay_table(section, groups, 0, None)
    for record, one in zip(records, groups, strict=True):
        decays = [gradient_decay(norms.norms[-1]) for norms in one.norms]
        rate = estimate([decay.rate for decay in decays if decay])
        verdicts = {decay.verdict for decay in decays if decay}
        ends = float(np.mean([decay.between_ends for decay in decays if decay]))
        steady = steadiness(rate.mean, ends, rate.interval, len(one.norms[0].norms[-1]) - 1, verdicts) == "steady"
        assert record["decay_rate"] == pytest.approx(rate.mean)
        assert record["half_life"] == (pytest.approx(np.log(2) / rate.mean) if steady else None)
        assert record["verdict"] in {decay.verdict for decay in decays if decay}
        assert [run.summary["gradient_decay_rate"] for run in one.group.runs] == [
            pytest.approx(decay.rate) for decay in decays if decay
        ]


def test_a_rate_that_seeds_share_has_a_half_life(results: Path) -> None:
    rates = (0.9, 0.8, 1.0)
    for rate, run in zip(rates, runs_of(results, "copy", "rnn"), strict=True):
        t = np.arange(len(np.unique(pd.read_parquet(run / GRADIENTS)["t"])))
        rewrite(run, np.exp(rate * t)[None], np.array([12]))
    section, groups, _ = prepared(results, "copy")
    _, records = decay_table(section, groups, 0, None)
    (record,) = [record for record in records if record["group"] == "rnn"]
    assert record["half_life"] == pytest.approx(np.log(2) / np.mean(rates))


def test_a_gradient_keeps_to_the_envelope_of_its_radius(traced_results: Path) -> None:
    _, groups, _ = prepared(traced_results, "addition")
    bounded = [one for one in groups if one.envelope]
    assert {one.group.model for one in bounded} == {"svdrnn"}
    assert [one.first_outside for one in bounded] == [None, None]
    assert sorted(str(one.last_step_only) for one in bounded) == ["False", "True"]  # one has a layer above


def test_the_step_at_which_a_gradient_left_its_envelope_is_found(results: Path) -> None:
    (run,) = runs_of(results, "addition", "svdrnn")  # r = 0.01, leak 0.01
    steps = np.array([0, 10, 20])
    norms = np.full((3, 51), 1e-3)
    norms[0] *= 1.009 ** np.arange(50, -1, -1)
    norms[2] *= 1.02 ** np.arange(50, -1, -1)
    rewrite(run, norms, steps)
    section, groups, _ = prepared(results, "addition")
    _, records = decay_table(section, groups, 0, None)
    record = next(record for record in records if record["group"] == "svdrnn")
    assert record["left_envelope_at"] == 20
    assert record["envelope_binds"]
    assert record["verdict"] == "growing"


def test_where_losses_add_up_on_the_way_nothing_is_judged(tmp_path: Path) -> None:
    train(tmp_path, "svdrnn", "copy", "trace.of=all")
    section, groups, _ = prepared(tmp_path, "copy")
    table, records = decay_table(section, groups, 0, None)
    assert [(record["decay_rate"], record["verdict"]) for record in records] == [(None, None)]
    assert any("No rate and no verdict for svdrnn" in note for note in table.notes)
    assert spectral_bench.load_runs(tmp_path).runs["gradient_verdict"].isna().all()
    assert all(record["left_envelope_at"] is None and record["envelope_binds"] in (None, False) for record in records)
    assert any("does not bind" in note for note in table.notes)


def test_the_gradient_of_the_last_loss_alone_is_judged_on_a_task_with_a_loss_at_every_step(
    shared_results: Path,
) -> None:
    section, groups, _ = prepared(shared_results, "copy")
    _, records = decay_table(section, groups, 0, None)
    assert all(record["verdict"] for record in records)
    assert {record["group"]: record["envelope_binds"] for record in records if "svdrnn" in record["group"]} == {
        "svdrnn r=0.01": True,
        "svdrnn r=0.5": True,
    }


def test_a_picture_says_whose_loss_was_traced(shared_results: Path, tmp_path: Path) -> None:
    for seed, of in enumerate(("last", "all")):
        train(tmp_path / of, "svdrnn", "copy", f"trace.of={of}", f"seed={seed}")
    _, _, last = prepared(shared_results, "copy")
    assert list(last.losses) == ["the loss of the last step alone"]
    _, _, whole = prepared(tmp_path / "all", "copy")
    assert list(whole.losses) == ["the whole loss, of all steps"]
    _, _, both = prepared(tmp_path, "copy")
    assert both.losses == {
        "the loss of the last step alone": ["svdrnn traced loss last"],
        "the whole loss, of all steps": ["svdrnn traced loss all"],
    }
    for pictures, title, told, norm in (
        (
            last,
            "of the gradient of the last step's loss",
            "the gradient of $L_T$, the loss of the last step alone",
            "L_T",
        ),
        (whole, "gradient of the loss", "the gradient of $L$, the whole loss, of all steps", "L"),
        (
            both,
            "of the gradient of the loss",
            "the whole loss, of all steps in svdrnn traced loss all; of the loss of the last step",
            "L",
        ),
    ):
        figure = draw_gradients(pictures, Sheet(width=40.0, panels=("relative", "norms")))
        written = [text.get_text() for text in figure.subfigs[0].texts]
        assert title in written[0]
        assert told in written[1]
        labels = [axes.get_ylabel() for axes in figure.axes if axes.get_ylabel()]
        assert all(rf"\partial {norm}/" in label for label in labels)
    relative = draw_gradients(last, Sheet(title=False, panels=("relative",)))
    assert r"\partial L_T/" in relative.axes[0].get_ylabel()


def test_the_envelope_is_that_of_the_papers() -> None:
    found = envelope((0.9, 1.1), (0.5, 1.0))
    assert found == Envelope((0.9, 1.1), (0.5, 1.0))
    back = np.array([0, 1, 3])
    np.testing.assert_allclose(found.of_radius(back), [[1, 0.9, 0.9**3], [1, 1.1, 1.1**3]])
    np.testing.assert_allclose(found.bounds(back), [[1, 0.45, 0.45**3], [1, 1.1, 1.1**3]])
    assert envelope(None, (0.5, 1.0)) is None
    assert envelope((0.9, 1.1), None) is None


@pytest.mark.parametrize(
    ("sigma", "norms", "outside"),
    [
        # Single precision: a norm that halves stops at the smallest denormal number, its bound does not.
        ((0.0, 0.5), np.maximum(0.5 ** np.arange(400, -1, -1), 1.4e-45), False),
        ((0.0, 0.5), np.maximum(0.6 ** np.arange(400, -1, -1), 1.4e-45), True),
        # The bound underflows in double precision, too; a norm that did not vanish is outside all the same.
        ((0.0, 0.1), np.r_[np.full(2000, 1e-3), 1.0], True),
        ((0.99, 1.01), np.r_[1e-40, 1e-33], False),
        ((0.99, 1.01), np.r_[np.full(10, 1.2), 1.0], True),
    ],
)
def test_a_norm_or_bound_that_underflowed_is_not_held_against_the_other(
    sigma: tuple[float, float], norms: np.ndarray, outside: bool
) -> None:
    found = Envelope(sigma, (1.0, 1.0)).first_outside(np.array([7]), norms[None])
    assert found == (7 if outside else None)


def test_zero_nan_and_infinite_norms_are_drawn_and_said(command: Run, results: Path, tmp_path: Path) -> None:
    (run,) = runs_of(results, "addition", "rnn")
    norms = np.geomspace(1e-60, 1.0, 30)[None].repeat(4, axis=0)
    norms[1] = 0.0
    norms[2] = np.nan
    norms[3, :5] = np.inf
    rewrite(run, norms, np.arange(0, 16, 4))
    done = command("grads", str(results), "--where", "task=addition", "-o", "g.png", "--show")
    assert done.returncode == 0, done.stderr
    assert "exploding" in done.stdout
    assert "rnn: infinite or NaN norms in 1 of 1 runs, in no mean." in done.stdout
    assert (tmp_path / "g.png").stat().st_size > 10_000


def rows_of(command: Run, results: Path, verb: str, *arguments: str) -> dict[str, dict]:
    """The rows of copy, by group."""
    done = command(verb, str(results), "--where", "task=copy", "--format", "json", *arguments)
    return {row["group"]: row for row in json.loads(done.stdout)["rows"]}


@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_a_run_with_norms_that_are_not_finite_is_in_no_mean_and_said(
    command: Run, results: Path, tmp_path: Path, bad: float
) -> None:
    for run, size in zip(runs_of(results, "copy", "rnn"), (bad, 1e-3, 4e-3), strict=True):
        rewrite(run, np.array([[size, 1e-3, 1e-3]] * 2), np.array([0, 12]))
    row = rows_of(command, results, "grads", "--data", "g.csv")["rnn"]
    assert (row["runs"], row["completed"]) == (2, 3)
    assert row["norm_at_0"] == pytest.approx(2e-3)
    assert row["verdict"] == ("1 exploding, 1 growing, 1 level" if bad == np.inf else "1 growing, 1 level")
    shown = command("grads", str(results), "--where", "task=copy", columns=200).stdout
    assert "rnn: infinite or NaN norms in 1 of 3 runs, in no mean." in shown
    assert re.search("^rnn +2 of 3 ", shown, flags=re.MULTILINE)
    data = pd.read_csv(tmp_path / "g.csv")
    assert set(data.loc[(data["picture"] == "start") & (data["group"] == "rnn"), "runs"]) == {2}
    assert set(data.loc[(data["picture"] == "end") & (data["group"] == "rnn"), "runs"]) == {3}


@pytest.mark.parametrize(("verb", "table"), [("grads", "gradients"), ("spectrum", "spectrum")])
def test_a_run_that_lost_the_end_of_its_trace_is_left_out_there_and_named(
    command: Run, results: Path, verb: str, table: str
) -> None:
    short, without, _ = runs_of(results, "copy", "rnn")
    without_end(short, f"{table}.parquet")
    (without / f"{table}.parquet").unlink()
    row = rows_of(command, results, verb)["rnn"]
    assert (row["runs"], row["completed"], row["step"]) == (1, 3, 12)
    shown = " ".join(command(verb, str(results), "--where", "task=copy", columns=250).stdout.split())
    assert f"{short.name} is left out at step 12: the trace of its " in shown
    assert f"{without.name} is left out: it has no trace of its " in shown
    assert "rnn 1 of 3 " in shown
    assert "after 12 training steps" in shown


def test_where_every_run_lost_the_end_of_its_trace_nothing_is_shown_or_marked_as_the_end(
    command: Run, results: Path
) -> None:
    for lost, marked in (("rnn", {"svdrnn r=0.01", "svdrnn r=0.5"}), ("svdrnn", set())):
        for run in runs_of(results, "copy", lost):
            without_end(run, GRADIENTS)
        row = rows_of(command, results, "grads")["rnn"]
        shown = row["runs"], row["step"], row["decay_rate"], row["verdict"], row["norm_at_0"]
        assert shown == (0, 12, None, None, None)
        _, groups, pictures = prepared(results, "copy")
        assert {one.group.label for one, heat in zip(groups, pictures.maps, strict=True) if heat.judged} == marked
    assert "left out at step 12" in command("grads", str(results), "--where", "task=copy", columns=250).stdout


def test_a_norm_of_zero_is_written_as_zero(command: Run, results: Path, tmp_path: Path) -> None:
    for run in runs_of(results, "copy", "rnn"):
        rewrite(run, np.array([[0.0, 1e-3, 1.0]] * 2), np.array([0, 12]))
    assert rows_of(command, results, "grads", "--data", "g.csv")["rnn"]["norm_at_0"] == 0
    data = pd.read_csv(tmp_path / "g.csv")
    data = data[data["group"] == "rnn"]
    zero = data[(data["picture"] == "start") | (data["steps_back"] == 2)]
    assert set(zero["picture"]) == {"start", "relative", "map"}
    assert set(zero["mean"]) == {0.0}
    assert zero["low"].fillna(0).eq(0).all()


def test_two_thousand_time_steps_by_a_thousand_traced_steps_take_seconds_and_few_cells(results: Path) -> None:
    (run,) = runs_of(results, "addition", "rnn")
    rewrite(run, np.exp(np.random.default_rng(0).normal(size=(1000, 2001))), np.arange(1000) * 10)
    began = time.monotonic()
    (section,) = [section for section in sections(collect([run]).runs) if section.task == "addition"]
    groups = traced(section)
    pictures = gradient_pictures(section, groups, 0)
    draw_gradients(pictures, Sheet())
    assert time.monotonic() - began < 20
    assert max(pictures.maps[0].shares.shape) <= 400
    assert pictures.maps[0].steps[-1] == 9990  # what the verdict is on is not averaged with others
    assert pa.total_allocated_bytes() < 500e6


def test_one_file_for_each_task_in_every_format(command: Run, shared_results: Path, tmp_path: Path) -> None:
    for output, names in (("out/", ["addition.png", "copy.png"]), ("of/g-{}.pdf", ["g-addition.pdf", "g-copy.pdf"])):
        done = command("grads", str(shared_results), "-o", output)
        assert done.returncode == 0, done.stderr
        assert sorted(path.name for path in (tmp_path / output.split("/")[0]).iterdir()) == names
    for suffix, magic in (("svg", b"<?xml"), ("pdf", b"%PDF")):
        assert command("grads", str(shared_results), "--where", "task=copy", "-o", f"g.{suffix}").returncode == 0
        assert (tmp_path / f"g.{suffix}").read_bytes().startswith(magic)
    refused = command("grads", str(shared_results), "-o", "g.jpeg")
    assert refused.returncode == 2
    assert ".png, .svg, .pdf" in refused.stderr


def test_the_text_plot_fits_the_terminal_and_needs_no_colour(command: Run, shared_results: Path) -> None:
    shown = command("grads", str(shared_results), "--show").stdout
    assert max(map(len, shown.splitlines())) <= 80
    assert "\x1b" not in shown
    assert "gradient norm relative to h_T after 12 training steps (copy)" in shown
    assert "gradient norm at h_0" in shown
    assert "svdrnn r = 0.5" in shown


def test_a_layer_that_was_not_traced_and_a_folder_without_runs_are_said(
    command: Run, shared_results: Path, tmp_path: Path
) -> None:
    done = command("grads", str(shared_results), "--layer", "3")
    assert done.returncode == 2
    assert "no run traced gradients in layer 3" in done.stderr
    empty = command("grads", str(tmp_path))
    assert empty.returncode == 2
    assert "No runs in" in empty.stderr


def test_a_gradient_that_is_lost_at_an_end_has_no_steady_rate_and_is_not_called_level(
    command: Run, results: Path
) -> None:
    for run in runs_of(results, "copy", "rnn"):
        norms = np.ones(len(np.unique(pd.read_parquet(run / GRADIENTS)["t"])))
        norms[0] = 0.36
        norms[-1] = 1.001
        rewrite(run, norms[None], np.array([12]))
    _, _, pictures = prepared(results, "copy")
    (decay,) = [one for one in pictures.moments[0].decays if one.label == "rnn"]
    assert (decay.verdict, decay.kept_words) == ("fading", "1/2.8 arrives")
    assert decay.steadiness == "none"
    assert decay.rate_words == "no steady rate"
    shown = command("grads", str(results), "--where", "task=copy").stdout
    (row,) = [line for line in shown.splitlines() if "1/2.8" in line]
    assert "no steady" in row
    assert "fading" in row


def test_seeds_that_disagree_about_the_sense_have_no_steady_rate_in_any_table_or_picture(
    command: Run, results: Path, tmp_path: Path
) -> None:
    rates = (0.9, -0.5, -0.9)
    for rate, run in zip(rates, runs_of(results, "copy", "rnn"), strict=True):
        t = np.arange(len(np.unique(pd.read_parquet(run / GRADIENTS)["t"])))
        rewrite(run, np.exp(rate * t)[None], np.array([12]))
    _, _, pictures = prepared(results, "copy")
    (decay,) = [one for one in pictures.moments[0].decays if one.label == "rnn"]
    assert (decay.rate.mean < 0, decay.rate_words) == (True, "no steady rate")
    words = ("grads", str(results), "--where", "task=copy")
    assert "no steady" in command(*words).stdout
    (row,) = [row for row in json.loads(command(*words, "--format", "json").stdout)["rows"] if row["group"] == "rnn"]
    assert (row["half_life"], row["decay_rate"]) == (None, pytest.approx(np.mean(rates)))
    for run in runs_of(results, "copy", "rnn"):
        t = np.arange(len(np.unique(pd.read_parquet(run / GRADIENTS)["t"])))
        rewrite(run, np.exp(-0.5 * t)[None], np.array([12]))
    assert "doubles" in command(*words).stdout


def test_one_seed_is_not_said_to_have_an_interval(shared_results: Path) -> None:
    def titles(task: str) -> list[str]:
        figure = draw_gradients(prepared(shared_results, task)[2], Sheet(panels=("decay",)))
        return [axes.get_title("right") for axes in figure.axes]

    assert titles("copy") == ["decay on the way back, with 95 % interval"]
    assert titles("addition") == ["decay on the way back"]


def test_the_same_numbers_give_the_same_svg(command: Run, shared_results: Path, tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg"):
        assert command("grads", str(shared_results), "--where", "task=copy", "-o", name).returncode == 0
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_runs_of_different_length_share_a_picture(tmp_path: Path) -> None:
    train(tmp_path, "rnn", "copy", "train.steps=6")
    train(tmp_path, "rnn", "copy", "trace.every=4", "seed=1")
    _, groups, pictures = prepared(tmp_path, "copy")
    assert len(groups) == 2
    draw_gradients(pictures, Sheet())


def test_the_many_groups_of_a_search_that_traced_nothing_are_counted(command: Run) -> None:
    done = command("grads", str(Path(__file__).parents[2] / "results" / "claims" / "ucr"))
    told = r"ucr, dataset=CBF: no run of \d+ groups \([a-z, ]*svdrnn\) traced gradients in layer 0\."
    assert re.search(told, " ".join(done.stdout.split()))
