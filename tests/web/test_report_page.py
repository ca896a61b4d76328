"""The page without a browser: what it holds, and what it refuses."""

import base64
import gzip
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from command_line import Run

from spectral_bench.web.run_payload import Detail


def payload(page: Path) -> dict[str, Any]:
    packed = re.search(r'id="payload">([^<]+)<', page.read_text("utf-8"))
    assert packed is not None
    content: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(packed[1])))
    return content


def report(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "spectral_bench", "report", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_page_needs_no_other_file_and_is_small(page: Path) -> None:
    text = page.read_text("utf-8")
    assert not re.search(r'(?:src|href)="(?!#)', text)
    assert len(text) < 6e6


def test_the_page_holds_the_numbers_of_the_runs(page: Path) -> None:
    (section,) = payload(page)["sections"]
    groups = {group["label"]: group for group in section["groups"]}
    assert {group["model"] for group in groups.values()} == {"rnn", "svdrnn"}
    assert sorted(len(group["runs"]) for group in groups.values()) == [1, 1, 3]
    for group in groups.values():
        for run in group["runs"]:
            directory = page.parent / "results" / "copy" / group["model"] / run["id"]
            metrics = pd.read_csv(directory / "metrics.csv").query("split == 'validation'")
            assert run["curves"]["validation"]["step"] == list(metrics["step"])
            assert run["curves"]["validation"]["loss"] == pytest.approx(list(metrics["loss"]), rel=1e-3)
            norms = pd.read_parquet(directory / "gradients.parquet").pivot_table("norm", "step", "t")
            assert run["norms"][0]["step"] == list(norms.index)
            assert run["norms"][0]["norm"] == pytest.approx(norms.to_numpy(), rel=1e-3)
            sigma = pd.read_parquet(directory / "spectrum.parquet").groupby("step")["singular_value"]
            assert [q[4] for q in run["sigma"]["quantiles"]] == pytest.approx(list(sigma.max()), rel=1e-3)
            typed = yaml.safe_load((directory / "overrides.yaml").read_text())
            kept = [word for word in typed if not word.startswith(("data_dir=", "results_dir="))]
            assert shlex.split(run["command"]) == ["spectral-bench", "run", *kept]


def test_every_row_of_a_table_belongs_to_its_group(page: Path) -> None:
    (section,) = payload(page)["sections"]
    for row in section["table"]["rows"]:
        assert row["cells"][0]["text"] == section["groups"][row["group"]]["model"]


def test_a_group_with_a_bound_says_what_a_step_back_may_do(page: Path) -> None:
    (section,) = payload(page)["sections"]
    for group in section["groups"]:
        if group["model"] == "rnn":
            assert group["perStep"] is None
            assert group["r"] is None
        else:
            radius = float(group["r"])
            assert group["perStep"]["high"] == pytest.approx(1 + radius)
            assert group["sigma"] == pytest.approx([1 - radius, 1 + radius])


def test_the_page_shows_every_claim(page: Path) -> None:
    claims = {claim["claim"]: claim for claim in payload(page)["claims"]}
    assert claims["copy-100"]["verdict"] == "open"
    assert [row[0] for row in claims["copy-100"]["table"]["rows"]] == ["svdrnn", "rnn", "irnn", "ornn", "lstm"]


def test_a_claim_offers_the_commands_that_work_on_it_now(page: Path) -> None:
    claims = {claim["claim"]: claim for claim in payload(page)["claims"]}
    shown = "spectral-bench claims copy-100"
    assert claims["copy-100"]["commands"] == [shown, f"{shown} --run"]
    assert all(text.startswith("To know: ") for text in claims["rivals-copy"]["assumptions"])


def test_a_page_of_many_runs_shows_less_of_each() -> None:
    assert Detail.for_runs(10) == Detail.for_runs(300) == Detail()
    many, more = Detail.for_runs(1000), Detail.for_runs(4000)
    assert Detail().points > many.points > more.points
    assert Detail().steps > many.steps > more.steps
    assert Detail().places > many.places > more.places


def test_runs_of_searches_stand_with_the_claims(page: Path) -> None:
    (rnn,) = (page.parent / "results" / "copy" / "rnn").iterdir()
    rate = yaml.safe_load((rnn / "config.yaml").read_text())["optimizer"]["lr"]
    claim = {
        "statement": "One learning rate is better.",
        "source": {"paper": "nobody", "place": "nowhere", "value": None, "certainty": "ours"},
        "base": yaml.safe_load((rnn / "overrides.yaml").read_text()),
        "entrants": {"rnn": ["model=rnn"]},
        "search": {"over": {"optimizer.lr": [rate]}, "seed": 0, "choose": ["best_validation"]},
        "seeds": [1, 2, 3],
        "metric": "test",
        "rule": {"kind": "within", "ranges": {"rnn": {"low": 0.0, "high": None}}},
    }
    file = page.parent / "claims.yaml"
    file.write_text(yaml.safe_dump({"claims": {"rate": claim}}))
    ended = report(page.parent, "--claims", str(file), "-o", "searched.html")
    assert ended.returncode == 0, ended.stderr
    content = payload(page.with_name("searched.html"))
    (shown,) = content["claims"]
    assert [row[0] for row in shown["search"]["rows"]] == ["rnn"]
    assert shown["commands"][-1] == f"spectral-bench claims rate --claims {file} --run"
    assert {group["model"] for group in content["sections"][0]["groups"]} == {"svdrnn"}
    assert any("1 run of searches" in note for note in content["notes"])


@pytest.mark.parametrize(
    ("words", "said"), [(["results", "-o", "page.pdf"], "page.pdf"), (["empty"], "empty"), (["absent"], "absent")]
)
def test_nothing_to_report_leaves_no_page(tmp_path: Path, words: list[str], said: str) -> None:
    for name in ("empty", "results"):
        (tmp_path / name).mkdir()
    ended = report(tmp_path, *words)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert not list(tmp_path.glob("*.html"))


def test_without_the_plotting_library_it_says_so_before_it_looks_for_runs(
    command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("plotly", "plotly.offline"):
        monkeypatch.setitem(sys.modules, name, None)
    done = command("report", "absent", columns=None)
    assert done.returncode == 2
    assert "pip install 'spectral-bench[report]'" in done.stderr
    assert "absent" not in done.stderr


def test_help_names_the_extra_it_needs(command: Run) -> None:
    assert "spectral-bench[report]" in command("report", "--help").stdout
