"""Runs of an LSTM whose norms earlier versions took of h alone: verified and resumed, and said to be of that."""

import json
from pathlib import Path

import pandas as pd
import pytest
from command_line import exit_code
from small_runs import only_run, small_config

import spectral_bench
from spectral_bench.runs.execute import execute, prepare
from spectral_bench.runs.layout import TRACED_BEFORE
from spectral_bench.runs.manifest import Manifest


def run_of_format_3(results: Path) -> Path:
    execute(prepare(small_config(results, model="lstm")))
    run = only_run(results)
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifest["facts"].pop("traced") == "(h, c)"
    (run / "manifest.json").write_text(json.dumps({**manifest, "format": 3}))
    assert Manifest.read(run).traced == TRACED_BEFORE == "h without c"
    return run


def test_all_but_the_norms_is_verified_and_the_reason_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_of_format_3(tmp_path)
    table = pd.read_parquet(run / "gradients.parquet")
    table.assign(norm=table["norm"] * 0.5).to_parquet(run / "gradients.parquet", index=False)
    summary = json.loads((run / "summary.json").read_text())
    (run / "summary.json").write_text(json.dumps({**summary, "gradient_decay_rate": 1.0}))
    for checkpoint in run.glob("checkpoint*"):
        checkpoint.unlink()  # it holds digests of the tables
    capsys.readouterr()
    assert exit_code("verify", str(run)) == 0
    said = "gradient norms are those of (h, c) now, were those of h without c, and are not compared"
    assert said in capsys.readouterr().out
    (record,) = spectral_bench.load_runs(run).runs.to_dict("records")
    assert record["gradient_decay_rate"] == 1.0  # what was recorded of h, and is said to be of h
    (run / "gradients.parquet").unlink()
    assert exit_code("verify", str(run)) == 1  # they still have to be there


def test_resumed_it_says_from_where_on_both_parts_are_traced(tmp_path: Path) -> None:
    run = run_of_format_3(tmp_path)
    for steps in (18, 24):
        assert exit_code("resume", "-q", str(run), f"train.steps={steps}") == 0
        assert Manifest.read(run).traced == "h without c before step 12, then (h, c)"
        assert exit_code("verify", str(run)) == 0
