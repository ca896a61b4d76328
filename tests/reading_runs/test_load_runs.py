"""Frames from run directories, in whatever state those are."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command_line import Run
from run_directories import edit, in_parts, runs_of, train

import spectral_bench
from spectral_bench.errors import InputError
from spectral_bench.records import run_tables
from spectral_bench.records.discovery import named_run


def test_the_frames_hold_what_the_writer_wrote(shared_results: Path) -> None:
    runs = spectral_bench.load_runs(shared_results)
    assert len(runs) == len(runs.runs) == 9
    assert runs.notes == []
    for _, row in runs.runs.iterrows():
        directory = Path(row["path"])
        summary = json.loads((directory / "summary.json").read_text())
        assert (row["test"], row["best_step"], row["num_parameters"]) == (
            summary["test"],
            summary["best_step"],
            summary["num_parameters"],
        )
        metrics = pd.read_csv(directory / "metrics.csv")
        own = runs.metrics[runs.metrics["run_id"] == row["run_id"]]
        np.testing.assert_array_equal(own["value"], metrics[summary["metric"]])
        for frame, name in ((runs.gradients, "gradients.parquet"), (runs.spectrum, "spectrum.parquet")):
            expected = pd.read_parquet(directory / name)
            own = frame[frame["run_id"] == row["run_id"]]
            np.testing.assert_array_equal(own.iloc[:, -1], expected.iloc[:, -1])


def test_the_columns_have_the_documented_types(shared_results: Path) -> None:
    runs = spectral_bench.load_runs(shared_results)
    dtypes = runs.runs.dtypes.astype(str)
    expected = {"seed": "int64", "test": "float64", "best_step": "Int64", "started": "datetime64[us, UTC]"}
    expected |= {"model.hidden_size": "Int64", "r": "float64", "trace.gradients": "boolean", "model.m1": "Int64"}
    expected |= {"train.patience": "Int64", "train.max_minutes": "float64", "train.epochs": "Int64"}  # null in all runs
    assert {name: dtypes[name] for name in expected} == expected
    assert runs.runs.loc[runs.runs["model"] == "rnn", "model.m1"].isna().all()
    assert [str(dtype) for dtype in runs.gradients.dtypes] == ["category", "int64", "int32", "int32", "float64"]
    assert str(runs.metrics["value"].dtype) == "float64"
    assert runs.spectrum["matrix"].dtype == "category"


def test_runs_are_found_at_any_depth_and_each_counts_once(results: Path, tmp_path: Path) -> None:
    (one,) = runs_of(results, "addition", "rnn")
    shutil.copytree(one, tmp_path / "results" / "a copy" / one.name)
    runs = spectral_bench.load_runs(tmp_path, results, one)
    assert len(runs) == 9
    (note,) = runs.notes
    assert "copy of" in note


def test_where_selects_by_configuration_and_by_what_the_run_came_to(shared_results: Path) -> None:
    runs = spectral_bench.load_runs(shared_results)
    assert len(runs.where("model=svdrnn", "task=copy")) == 4
    assert len(runs.where("model=svdrnn", "r>=0.5")) == 1
    assert len(runs.where("seed!=0")) == 4
    assert len(runs.where("trace.gradients=true", "model.m1=null")) == 4
    assert len(runs.where("model.m1!=null")) == 5
    assert len(runs.where("test>1e9")) == 0


@pytest.mark.parametrize(
    ("condition", "seeds"), [("r<0.4", 4), ("r!=0.5", 4), ("r>=0", 5), ("r!=null", 5), ("r=null", 4)]
)
def test_a_run_whose_model_has_no_radius_fulfils_no_condition_on_it(
    shared_results: Path, condition: str, seeds: int
) -> None:
    assert len(spectral_bench.load_runs(shared_results).where(condition)) == seeds


def test_where_no_run_has_a_radius_all_are_free(shared_results: Path) -> None:
    free = spectral_bench.load_runs(shared_results).where("model=rnn").where("r=free")
    assert len(free) == len(free.where("r=null")) == 4
    assert len(free.where("r>=0")) == 0


@pytest.mark.parametrize("condition", ["hidden_size", "model.hidden_sice=8", "r<small"])
def test_a_condition_that_cannot_be_understood_is_refused(shared_results: Path, condition: str) -> None:
    with pytest.raises(InputError, match=r"KEY=VALUE|model\.hidden_size|number"):
        spectral_bench.load_runs(shared_results).where(condition)


def test_a_folder_without_runs_gives_empty_frames_with_all_columns(tmp_path: Path) -> None:
    runs = spectral_bench.load_runs(tmp_path)
    assert len(runs.runs) == len(runs.metrics) == 0
    assert list(runs.gradients.columns) == ["run_id", "step", "layer", "t", "norm"]
    assert "num_parameters" in runs.runs


def test_a_path_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="resluts"):
        spectral_bench.load_runs(tmp_path / "resluts")


def test_a_killed_run_keeps_what_its_tables_tell(results: Path) -> None:
    run = runs_of(results, "copy", "svdrnn")[0]
    finished = json.loads((run / "summary.json").read_text())
    (run / "summary.json").unlink()
    edit(run / "manifest.json", status="running", ended=None)
    with (run / "metrics.csv").open("a") as file:
        file.write("13,,validation,0.12")
    rows = spectral_bench.load_runs(results).runs.set_index("run_id")
    row = rows.loc[run.name]
    assert row["status"] == "running"
    assert row["mode"] == "max"
    for name in ("best_validation", "best_step", "gradient_decay_rate", "gradient_verdict", "spectral_margin"):
        assert row[name] == finished[name], name
    assert np.isnan(row["test"])
    assert row["steps"] == 12


def test_the_sense_of_a_metric_is_known_even_when_no_run_of_the_task_has_ended(results: Path) -> None:
    for run in runs_of(results, "copy", "rnn") + runs_of(results, "copy", "svdrnn"):
        (run / "summary.json").unlink()
    frame = spectral_bench.load_runs(results).runs
    assert set(frame.loc[frame["task"] == "copy", "mode"]) == {"max"}


def test_rows_measured_again_after_a_resume_count_once_and_rows_cut_in_the_middle_not_at_all(results: Path) -> None:
    run = runs_of(results, "copy", "rnn")[0]
    lines = (run / "metrics.csv").read_text().splitlines()
    again = lines[2].split(",")
    again[3] = "0.5"
    (run / "metrics.csv").write_text("\n".join([*lines, "7,,valid", ",".join(again)]) + "\n")
    metrics = spectral_bench.load_runs(run).metrics
    assert len(metrics) == len(lines) - 1
    assert metrics.loc[(metrics["step"] == int(again[0])) & (metrics["split"] == again[2]), "loss"].item() == 0.5


def test_nan_and_infinite_measurements_are_kept_as_such(results: Path) -> None:
    run = runs_of(results, "copy", "rnn")[0]
    with (run / "metrics.csv").open("a") as file:
        file.write("16,,train,nan,0.1,1.0,1.0\n20,,train,inf,nan,1.0,1.0\n")
    metrics = spectral_bench.load_runs(run).metrics
    assert np.isnan(metrics["loss"].iloc[-2])
    assert np.isinf(metrics["loss"].iloc[-1])


def test_what_cannot_be_understood_is_left_out_and_said(results: Path) -> None:
    newer, damaged, *_ = runs_of(results, "copy", "rnn")
    edit(newer / "manifest.json", format=999)
    (damaged / "manifest.json").write_text('{"format": 1, "sta')
    no_config = runs_of(results, "copy", "svdrnn")[0]
    (no_config / "config.yaml").unlink()
    runs = spectral_bench.load_runs(results)
    assert len(runs) == 6
    notes = {Path(note.partition(" is left out")[0]).name: note for note in runs.notes}
    assert "newer version (format 999" in notes[newer.name]
    assert "damaged" in notes[damaged.name]
    assert "config.yaml" in notes[no_config.name]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("summary.json", b'{"test": 0.5, "met'),
        ("metrics.csv", bytes(range(256)) * 4),
        ("metrics.csv", b"\xff\xfe\x01 no newline"),
        ("manifest.json", None),
    ],
)
def test_a_run_with_a_torn_file_is_named_damaged_and_left_out(results: Path, name: str, content: bytes | None) -> None:
    run = runs_of(results, "copy", "rnn")[0]
    if content is None:
        (run / name).unlink()
    else:
        (run / name).write_bytes(content)
    runs = spectral_bench.load_runs(results)
    assert len(runs) == 8
    (note,) = runs.notes
    assert note.startswith(f"{run.resolve()} is left out: {name} ")
    assert "damaged" in note or "No such file" in note


@pytest.mark.parametrize(
    "changed",
    [{"test": "abc"}, {"steps": 3.5}, {"best_step": 10**30}, {"num_parameters": True}, {"mode": ["min"]}],
)
def test_a_summary_with_a_value_of_another_kind_is_damaged_and_costs_no_other_run(
    results: Path, changed: dict[str, object]
) -> None:
    run = runs_of(results, "copy", "rnn")[0]
    edit(run / "summary.json", **changed)
    runs = spectral_bench.load_runs(results)
    assert len(runs.runs) == 8
    (name,) = changed
    assert runs.notes == [
        f"{run.resolve()} is left out: summary.json is damaged: its {name} is '{changed[name]}'.",
    ]


@pytest.mark.parametrize(
    ("key", "was", "now"),
    [
        ("seed", "\nseed: 0\n", "\nseed: abc\n"),
        ("r", "\nr: ", "\nr: abc # "),
        ("train.steps", "\n  steps: ", "\n  steps: abc # "),
        ("train.threads", "\n  threads: ", "\n  threads: abc # "),
    ],
)
def test_a_configuration_with_words_for_numbers_is_damaged(results: Path, key: str, was: str, now: str) -> None:
    run = runs_of(results, "copy", "rnn")[0]
    config = run / "config.yaml"
    assert was in config.read_text()
    config.write_text(config.read_text().replace(was, now))
    runs = spectral_bench.load_runs(results)
    assert len(runs.runs) == 8
    assert runs.notes == [f"{run.resolve()} is left out: config.yaml is damaged: its {key} is 'abc'."]


def test_a_measurement_at_a_step_beyond_all_numbers_is_left_out(results: Path) -> None:
    run = runs_of(results, "addition", "rnn")[0]
    name, rows = run_tables.read_metrics(run)
    with (run / "metrics.csv").open("a") as file:
        file.write("9" * 5000 + ",,validation,1,1,1,1\n")
    assert run_tables.read_metrics(run) == (name, rows)
    assert len(spectral_bench.load_runs(run).metrics) == len(rows)


def test_a_manifest_whose_git_is_a_text_is_damaged(results: Path) -> None:
    run = runs_of(results, "copy", "rnn")[0]
    edit(run / "manifest.json", git="abc")
    assert spectral_bench.load_runs(results).notes == [
        f"{run.resolve()} is left out: manifest.json is damaged: its git is 'abc'."
    ]


def test_paths_may_come_in_a_list(shared_results: Path) -> None:
    one, two = (shared_results / task for task in ("copy", "addition"))
    assert len(spectral_bench.load_runs([one, str(two)])) == len(spectral_bench.load_runs(one, two)) == 9


def test_a_folder_with_a_file_of_the_same_name_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("a: 1")
    assert spectral_bench.load_runs(tmp_path).notes == []


@pytest.mark.parametrize("folder", ["{}.parts", "{}.parquet"], ids=["while a run grows", "before format 3"])
def test_a_trace_in_parts_is_read_like_one_in_one_file(results: Path, folder: str) -> None:
    run = runs_of(results, "copy", "rnn")[0]
    expected = spectral_bench.load_runs(run)
    for name in ("gradients", "spectrum"):
        in_parts(run, f"{name}.parquet")
        (run / f"{name}.parts").rename(run / folder.format(name))
    found = spectral_bench.load_runs(run)
    pd.testing.assert_frame_equal(found.gradients, expected.gradients)
    pd.testing.assert_frame_equal(found.spectrum, expected.spectrum)


def test_parts_that_were_merged_while_they_were_listed_are_read_as_they_are_now(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs_of(results, "copy", "rnn")[0]
    expected = spectral_bench.load_runs(run).gradients
    first, second, *_ = in_parts(run, "gradients.parquet")
    real, calls = run_tables.read_bytes, []

    def merge_first(file: Path) -> bytes:
        if not calls:
            calls.append(file)
            merged = pd.concat([pd.read_parquet(first), pd.read_parquet(second)])
            merged.to_parquet(first.with_name(f"{first.stem[:15]}-{second.stem[-9:]}.parquet"), index=False)
            first.unlink()
            second.unlink()
        return real(file)

    monkeypatch.setattr(run_tables, "read_bytes", merge_first)
    found = spectral_bench.load_runs(run)
    pd.testing.assert_frame_equal(found.gradients, expected)
    assert found.notes == []
    assert calls


def test_a_damaged_part_of_a_trace_is_named_and_leaves_the_others_readable(results: Path) -> None:
    run = runs_of(results, "copy", "rnn")[0]
    first, *others = in_parts(run, "gradients.parquet")
    assert others
    first.write_bytes(b"PAR1 cut off")
    runs = spectral_bench.load_runs(run)
    assert len(runs.gradients)
    assert runs.notes == [f"{first} is left out: damaged."]


@pytest.mark.parametrize(("table", "column"), [("gradients.parquet", "norm"), ("spectrum.parquet", "singular_value")])
@pytest.mark.parametrize("otherwise", ["renamed", "as text"])
def test_a_trace_whose_numbers_are_elsewhere_is_named_and_costs_no_other_run(
    command: Run, results: Path, table: str, column: str, otherwise: str
) -> None:
    file = runs_of(results, "copy", "rnn")[0] / table
    frame = pd.read_parquet(file)
    frame = frame.rename(columns={column: "other"}) if otherwise == "renamed" else frame.astype({column: str})
    frame.to_parquet(file)
    verb = "grads" if table.startswith("g") else "spectrum"
    done = command(verb, str(results), "--where", "task=copy", columns=400)
    assert done.returncode == 0, done.stderr
    assert f"{file} is left out: damaged." in done.stdout + done.stderr


def test_folders_with_spaces_and_unicode_are_read(tmp_path: Path) -> None:
    train(tmp_path / "a", "rnn", "copy")
    (tmp_path / "a").rename(tmp_path / "σ ≤ 1, läuft")
    assert len(spectral_bench.load_runs(tmp_path).runs) == 1


def test_loading_runs_imports_no_torch(shared_results: Path) -> None:
    code = (
        "import sys, spectral_bench; "
        f"assert len(spectral_bench.load_runs({str(shared_results)!r}).gradients); "
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_example_of_the_documentation_runs(
    shared_results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (Path(__file__).parents[2] / "docs" / "analysis.md").read_text(encoding="utf-8")
    example = text.split("```python\n")[1].split("```")[0].replace(".plot(logy=True)", ".pipe(answers.append)")
    shutil.copytree(shared_results, tmp_path / "results")
    monkeypatch.chdir(tmp_path)
    answers: list[pd.DataFrame] = []
    exec(example, {"answers": answers})  # noqa: S102
    (over_time,) = answers
    assert list(over_time.columns) == ["rnn", "svdrnn"]
    assert over_time.index.max() == 26
    assert over_time.notna().all(axis=None)


def test_repeats_of_a_seed_are_marked(results: Path) -> None:
    first = runs_of(results, "copy", "rnn")[0]
    for name, status, started in (("later", "completed", "2100"), ("broken", "failed", "2101")):
        shutil.copytree(first, first.with_name(name))
        edit(first.with_name(name) / "manifest.json", status=status, started=f"{started}-01-01T00:00:00+00:00")
    frame = spectral_bench.load_runs(results).where("task=copy", "model=rnn").runs
    assert frame.loc[frame["repeat"], "run_id"].tolist() == [first.name]
    assert str(frame["repeat"].dtype) == "boolean"


def test_a_runs_id_stands_for_its_path(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(results.parent)
    run, other, *_ = runs_of(results, "copy", "rnn")
    for word in (run.name, run.name[:-1], run.name[-6:]):
        assert spectral_bench.load_runs(word).runs["run_id"].tolist() == [run.name]
    with pytest.raises(InputError, match="fits 9 runs: give more of the id"):
        spectral_bench.load_runs(run.name[:4])
    with pytest.raises(InputError, match="there is no such folder"):
        spectral_bench.load_runs("nothing-like-it")
    assert named_run(Path(other.name), results) == other


def test_a_file_stands_for_the_run_that_it_is_of_and_for_nothing_else(results: Path, tmp_path: Path) -> None:
    run = runs_of(results, "copy", "rnn")[0]
    assert spectral_bench.load_runs(run / "metrics.csv").runs["run_id"].tolist() == [run.name]
    beside = tmp_path / "results" / "notes.txt"
    shutil.copytree(run, tmp_path / "results" / run.name)
    beside.touch()
    with pytest.raises(InputError, match="notes"):
        spectral_bench.load_runs(beside)
