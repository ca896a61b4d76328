"""A run can be looked at while it is young, and is said to be running."""

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from command_line import Run
from run_directories import edit, in_parts, runs_of
from small_runs import only_run, small_config

import spectral_bench
from spectral_bench.records.collection import collect
from spectral_bench.records.grouping import sections
from spectral_bench.records.running_runs import progress_of
from spectral_bench.runs.execute import execute, prepare
from spectral_bench.training.observer import Observer, Update


class Look(Observer):
    """Calls back after every update."""

    def __init__(self, look: Callable[[int], None]) -> None:
        self._look = look

    def on_update(self, update: Update) -> None:
        self._look(update.step)


def test_traces_are_on_the_disk_half_a_minute_after_they_were_made_and_the_first_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a checkpoint: an update takes ten seconds of a clock that the test holds."""
    clock = [1000.0]
    monkeypatch.setattr("spectral_bench.runs.recorder.time.monotonic", lambda: clock[0])
    seen: dict[int, list[int]] = {}

    def look(step: int) -> None:
        gradients = spectral_bench.load_runs(tmp_path / "results").gradients
        seen[step] = sorted(set(gradients["step"]))
        clock[0] += 10

    config = small_config(
        tmp_path / "results", "trace.every=1", "train.checkpoint_every=1000", "train.evaluate_every=100"
    )
    execute(prepare(config), observers=[Look(look)])
    for step, traced in seen.items():
        assert traced[0] == 0
        assert step - 1 - traced[-1] < 4  # three updates of ten seconds, and the one under way
    assert len({len(traced) for traced in seen.values()}) < 6  # not at every update
    written = pd.read_parquet(only_run(tmp_path / "results") / "gradients.parquet")
    assert sorted(set(written["step"])) == list(range(13))


def test_a_young_run_is_shown_as_running_with_its_step_and_age(command: Run, results: Path) -> None:
    (run,) = runs_of(results, "addition", "rnn")
    in_parts(run, "spectrum.parquet")
    for part in in_parts(run, "gradients.parquet")[3:]:
        part.unlink()
    (run / "summary.json").unlink()
    lines = (run / "metrics.csv").read_text().splitlines(keepends=True)
    (run / "metrics.csv").write_text("".join(lines[:3]))
    edit(run / "manifest.json", status="running")
    for name in ("metrics.csv", "manifest.json", "gradients.parts", "spectrum.parts"):
        os.utime(run / name, (time.time() - 3 * 3600,) * 2)
    (section,) = [one for one in sections(collect([results]).runs) if one.task == "addition"]
    (group,) = [one for one in section.groups if one.model == "rnn"]
    assert group.progress == "running, step 12 of 12, 3 h ago"
    assert section.caption(group) == "rnn (running, step 12 of 12, 3 h ago)"
    for verb in ("grads", "spectrum", "curves"):
        done = command(verb, str(results), "--where", "task=addition", "-o", f"{verb}.svg", columns=250)
        assert done.returncode == 0, done.stderr
        assert verb == "curves" or "rnn: running, step 12 of 12, 3 h ago." in done.stdout


def test_runs_that_ended_have_no_progress_and_several_that_go_on_are_told_together(results: Path) -> None:
    runs = collect([results / "copy" / "rnn"]).runs
    assert progress_of(runs) is None
    for run in runs:
        edit(run.directory / "manifest.json", status="running")
    assert (progress_of(collect([results / "copy" / "rnn"]).runs) or "").startswith("3 running, step 12 of 12, ")
    lines = (runs[0].directory / "metrics.csv").read_text().splitlines(keepends=True)
    (runs[0].directory / "metrics.csv").write_text("".join(lines[:2]))
    for name in ("gradients.parquet", "spectrum.parquet", "summary.json"):
        (runs[0].directory / name).unlink()
    young = progress_of(collect([results / "copy" / "rnn"]).runs) or ""
    assert re.match(r"3 running, steps \d to 12 of 12, ", young)
