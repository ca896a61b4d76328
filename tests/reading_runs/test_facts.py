"""What a model and a task say of themselves is what readers go by, whether or not they are known here."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from command_line import Run
from exact_csv import read_exactly
from run_directories import edit, runs_of

import spectral_bench
from spectral_bench.figures.draw_gradients import draw_gradients
from spectral_bench.figures.draw_spectrum import draw_spectrum
from spectral_bench.figures.gradients import gradient_pictures
from spectral_bench.figures.sheet import Sheet
from spectral_bench.figures.spectra import spectrum_pictures, traced_spectra
from spectral_bench.figures.traced_gradients import traced
from spectral_bench.records.collection import collect
from spectral_bench.records.grouping import sections
from spectral_bench.records.recorded_facts import recorded_facts
from spectral_bench.report.gradient_table import decay_table
from spectral_bench.report.spectrum_table import spectrum_table
from spectral_bench.ui.text_figures import gradients_in_characters, spectrum_in_characters

FACTS: dict[str, Any] = {
    "trace_axis": "time",
    "sigma": [0.9, 1.1],
    "centre": 1.0,
    "slopes": [0.0, 1.0],
    "every_step": False,
    "layers": 1,
    "traced": "h",
}


def as_of_a_plugin(run: Path, **facts: Any) -> None:
    """Makes a run of a model and of a task that nothing here knows."""
    config = (run / "config.yaml").read_text()
    config = config.replace("layer: svd", "layer: quaternion").replace("layer: dense", "layer: quaternion")
    (run / "config.yaml").write_text(config.replace("task:\n  name: copy", "task:\n  name: parity"))
    metric = {"name": "bits", "mode": "max"}
    edit(run / "manifest.json", facts={**FACTS, **facts}, metric=metric, ineffective=[])


@pytest.fixture
def foreign(results: Path) -> Path:
    """Three seeds of svdrnn on copy, as if both came from a plugin that is not loaded; nothing else."""
    kept = [run for run in runs_of(results, "copy", "svdrnn") if "\nr: 0.01" in (run / "config.yaml").read_text()]
    folder = results.parent / "foreign"
    for run in kept:
        shutil.copytree(run, folder / run.name)
        as_of_a_plugin(folder / run.name)
    return folder


def test_a_model_that_is_not_loaded_keeps_its_radius_and_its_envelope(command: Run, foreign: Path) -> None:
    assert len(spectral_bench.load_runs(foreign).where("r<0.05")) == 3
    by = command("compare", str(foreign), "--by", "r", "--format", "json")
    (group,) = json.loads(by.stdout)["sections"][0]["groups"]
    assert group["differs"] == {"r": "0.01"}
    rows = json.loads(command("grads", str(foreign), "--format", "json").stdout)["rows"]
    assert [row["envelope_binds"] for row in rows] == [True]
    (bounds,) = json.loads(command("spectrum", str(foreign), "--format", "json").stdout)["rows"]
    assert (bounds["allowed_min"], bounds["allowed_max"]) == (0.9, 1.1)


@pytest.mark.parametrize("mode", ["max", "min"])
def test_a_task_that_is_not_loaded_keeps_the_sense_of_its_metric(foreign: Path, mode: str) -> None:
    for run in foreign.iterdir():
        (run / "summary.json").unlink()
        edit(run / "manifest.json", status="running", metric={"name": "bits", "mode": mode})
    frame = spectral_bench.load_runs(foreign).runs
    assert set(frame["mode"]) == {mode}
    for _, row in frame.iterrows():
        metrics = read_exactly(Path(row["path"]) / "metrics.csv")
        values = metrics.loc[metrics["split"] == "validation", "recall_accuracy"]
        assert row["best_validation"] == (values.max() if mode == "max" else values.min())


def test_a_task_of_which_no_run_says_the_sense_has_no_best_value_and_is_named(foreign: Path) -> None:
    for run in foreign.iterdir():
        (run / "summary.json").unlink()
        edit(run / "manifest.json", status="running", metric=None)
    runs = spectral_bench.load_runs(foreign)
    assert runs.runs["best_validation"].isna().all()
    assert runs.notes == ["task parity: no run says whether more or less of its metric is better; less is taken to be."]


def test_a_key_that_changes_no_number_is_no_property_of_a_run(foreign: Path) -> None:
    for run, lr in zip(sorted(foreign.iterdir()), ("0.01", "0.02", "0.02"), strict=True):
        edit(run / "manifest.json", ineffective=["optimizer.lr"])
        config = (run / "config.yaml").read_text()
        (run / "config.yaml").write_text(config.replace("lr: 0.01", f"lr: {lr}"))
    runs = spectral_bench.load_runs(foreign)
    assert runs.runs["optimizer.lr"].isna().all()
    (section,) = sections(collect([foreign]).runs)
    assert [group.label for group in section.groups] == ["svdrnn"]


def test_a_radius_that_a_model_has_under_its_own_name_is_named_once(foreign: Path) -> None:
    one, *others = sorted(foreign.iterdir())
    for run, r in ((one, "0.5"), *((other, "0.01") for other in others)):
        config = (run / "config.yaml").read_text().replace("\nr: 0.01", f"\nr: {r}")
        (run / "config.yaml").write_text(config.replace("layer: quaternion", f"layer: quaternion\n  r: {r}"))
        edit(run / "manifest.json", config_digest=r * 20)
    (section,) = sections(collect([foreign]).runs)
    assert sorted(group.label for group in section.groups) == ["svdrnn r=0.01", "svdrnn r=0.5"]


def test_the_margin_is_measured_from_the_models_own_centre_and_says_so(command: Run, foreign: Path) -> None:
    for run in foreign.iterdir():
        edit(run / "manifest.json", facts={**FACTS, "centre": 0.0, "sigma": [0.0, 0.1]})
        frame = pd.read_parquet(run / "spectrum.parquet")
        frame["singular_value"] -= frame.groupby("step")["singular_value"].transform("min") - 0.05
        frame.to_parquet(run / "spectrum.parquet", index=False)
    (section,) = sections(collect([foreign]).runs)
    groups = traced_spectra(section)
    table, (record,) = spectrum_table(section, groups)
    assert 0.05 <= record["margin"] < 0.1
    assert "Margin: the largest |sigma - sigma*| of all recurrent matrices; sigma* is 0 for svdrnn." in table.notes
    pictures = spectrum_pictures(section, groups)
    axes = draw_spectrum(pictures, Sheet()).axes[0]
    assert r"\sigma_i - \sigma^*" in axes.get_ylabel()
    limits = [line for line in axes.get_lines() if line.get_linestyle() == "--" and line.get_linewidth() < 1]
    assert [line.get_ydata()[0] for line in limits] == [0.1]
    assert "σ - σ*" in spectrum_in_characters(pictures, Sheet())[0].title
    unfinished = next(foreign.iterdir())
    (unfinished / "summary.json").unlink()
    runs = spectral_bench.load_runs(unfinished).runs
    assert runs["spectral_margin"].item() < 0.1


def test_runs_without_a_recurrent_matrix_have_no_margin_anywhere(command: Run, results: Path) -> None:
    for run in runs_of(results, "addition", "rnn"):
        (run / "spectrum.parquet").unlink()
        edit(run / "summary.json", spectral_margin=None)
        as_of_a_plugin(run, sigma=None, slopes=None)
    only = ("--where", "task=addition")
    shown = command("compare", str(results), *only, "--wide", columns=250)
    assert shown.returncode == 0
    (row,) = [line for line in shown.stdout.splitlines() if line.startswith("rnn")]
    assert row.split()[-1] == "-"
    for verb in ("grads", "curves", "spectrum"):
        done = command(verb, str(results), *only, "-o", f"{verb}.png", "--data", f"{verb}.csv", "--show")
        assert done.returncode == 0, done.stderr
    assert "no run of rnn" in command("spectrum", str(results), *only, columns=250).stdout
    alone = command("spectrum", str(results), *only, "--where", "model=rnn", columns=250)
    assert (alone.returncode, "no run traced singular values" in alone.stdout + alone.stderr) == (2, True)
    frames = spectral_bench.load_runs(results).where("task=addition")
    assert frames.runs.set_index("model").loc["rnn", "spectral_margin"] is not None
    assert np.isnan(frames.runs.set_index("model").loc["rnn", "spectral_margin"])
    judged = command("compare", str(results), *only, "--metric", "spectral_margin", "--pairwise")
    assert judged.returncode == 0, judged.stderr


def test_a_run_that_never_traced_anything_is_compared(command: Run, results: Path) -> None:
    (run,) = runs_of(results, "addition", "rnn")
    for name in ("spectrum.parquet", "gradients.parquet"):
        (run / name).unlink()
    (run / "summary.json").unlink()
    edit(run / "manifest.json", status="running")
    assert command("compare", str(results), "--where", "task=addition").returncode == 0


def test_a_trace_over_depth_counts_layers_in_tables_figures_and_text_plots(command: Run, foreign: Path) -> None:
    for run in foreign.iterdir():
        edit(run / "manifest.json", facts={**FACTS, "trace_axis": "depth", "every_step": True, "layers": 26})
    (section,) = sections(collect([foreign]).runs)
    groups = traced(section)
    table, (record,) = decay_table(section, groups, 0, None)
    assert table.title.startswith("parity: gradients after ")
    assert "per layer" in table.notes[0]
    assert "the norm at l=0 relative to that at l=L" in table.notes[0]
    assert "time" not in table.notes[0]
    assert record["envelope_binds"]  # over depth nothing adds to the gradient on the way
    pictures = gradient_pictures(section, groups, 0)
    labels = " ".join(axes.get_xlabel() for axes in draw_gradients(pictures, Sheet()).axes)
    assert "layers back from $L$" in labels
    assert "rate per layer" in labels
    assert "step back" not in labels
    plots = gradients_in_characters(pictures, Sheet())
    assert plots[0].x_name == "layers back from L"
    assert "relative to h_L" in plots[0].title
    assert "t" in spectral_bench.load_runs(foreign).gradients


def test_tables_say_what_the_states_are_made_of_whose_gradients_they_show(command: Run, foreign: Path) -> None:
    def shown() -> str:
        return " ".join(command("grads", str(foreign), columns=250).stdout.split())

    first, second, third = sorted(foreign.iterdir())
    assert "The state whose gradient is traced" not in shown()
    edit(first / "manifest.json", facts={**FACTS, "traced": "(q, p)"})
    assert "The state whose gradient is traced is (q, p) in svdrnn (1 of 3 runs); h in svdrnn (2 of 3 runs)." in shown()
    for run in (second, third):
        edit(run / "manifest.json", facts={**FACTS, "traced": "(q, p)"})
    said = "The state whose gradient is traced is (q, p) in svdrnn."
    assert said in shown()
    assert said in " ".join(command("compare", str(foreign), columns=250).stdout.split())
    (section,) = sections(collect([foreign]).runs)
    assert decay_table(section, traced(section), 0, None)[1][0]["traced"] == "(q, p)"


def test_traces_over_time_and_over_depth_share_a_table(foreign: Path) -> None:
    one, *_ = sorted(foreign.iterdir())
    edit(one / "manifest.json", facts={**FACTS, "trace_axis": "depth"})
    config = one / "config.yaml"
    config.write_text(config.read_text().replace("hidden_size: 8", "hidden_size: 9"))
    (section,) = sections(collect([foreign]).runs)
    groups = traced(section)
    table, _ = decay_table(section, groups, 0, None)
    assert "per time step or layer" in table.notes[0]
    draw_gradients(gradient_pictures(section, groups, 0), Sheet())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"facts": None}, "does not say its facts"),
        ({"facts": {**FACTS, "trace_axis": "breadth"}}, "is damaged: its facts.trace_axis is 'breadth'"),
        ({"facts": {**FACTS, "sigma": [2, 1]}}, "is damaged: its facts.sigma is '[2, 1]'"),
        ({"facts": {**FACTS, "centre": None}}, "is damaged: its facts.centre is 'None'"),
        ({"facts": {**FACTS, "layers": 0}}, "is damaged: its facts.layers is '0'"),
        ({"facts": {**FACTS, "traced": ""}}, "is damaged: its facts.traced is ''"),
        ({"metric": {"name": "bits", "mode": "most"}}, "is damaged: its metric is"),
        ({"ineffective": "r"}, "is damaged: its ineffective is 'r'"),
    ],
)
def test_facts_of_another_kind_are_damage_and_cost_no_other_run(
    foreign: Path, changes: dict[str, Any], message: str
) -> None:
    run = sorted(foreign.iterdir())[0]
    edit(run / "manifest.json", **changes)
    runs = spectral_bench.load_runs(foreign)
    assert len(runs) == 2
    (note,) = runs.notes
    assert f"manifest.json {message}" in note


def test_a_fact_that_is_lacking_is_named() -> None:
    with pytest.raises(ValueError, match=r"does not say its facts\.slopes"):
        recorded_facts({key: value for key, value in FACTS.items() if key != "slopes"})
