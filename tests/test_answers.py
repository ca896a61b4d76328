"""What the pages and the README say of the runs in results/ is what the commands say."""

import re
import runpy
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import exit_code

from spectral_bench.compare.statistics import estimate
from spectral_bench.records.run_record import Run
from spectral_bench.records.selection import select
from spectral_bench.report.numbers import with_interval

ROOT = Path(__file__).parent.parent
MODELS = ROOT / "docs" / "models.md"

REGENERATE = "python docs/answers.py writes it anew"


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*words: str) -> str:
        assert exit_code(*words) == 0
        return capsys.readouterr().out

    return run


def test_the_page_of_claims_is_that_of_the_runs(printed: Callable[..., str]) -> None:
    page = (ROOT / "docs" / "reproduction.md").read_text(encoding="utf-8")
    assert printed("claims", "results", "--whole", "--format", "markdown") == page, REGENERATE


def test_the_table_of_verdicts_in_the_readme_is_what_its_command_prints(printed: Callable[..., str]) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"^```\n\$ spectral-bench claims results\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE)
    assert printed("claims", "results").rstrip("\n") == table.rstrip("\n"), REGENERATE


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What ``docs/answers.py`` defines."""
    monkeypatch.syspath_prepend(ROOT / "docs")
    monkeypatch.delitem(sys.modules, "measured_models", raising=False)
    return runpy.run_path(str(ROOT / "docs" / "answers.py"))


def test_the_measured_numbers_of_models_are_those_of_the_runs(answers: dict[str, Any]) -> None:
    page = MODELS.read_text(encoding="utf-8")
    for name, table in (("recurrent", answers["recurrent"]()), ("feed-forward", answers["feed_forward"]())):
        (block,) = answers["measured_block"](name).finditer(page)
        assert block[0].endswith(f"-->\n\n{table}\n"), REGENERATE


def test_the_pictures_of_models_are_of_every_run_that_was_measured(answers: dict[str, Any]) -> None:
    page = MODELS.read_text(encoding="utf-8")
    pictures, deciding = answers["GRADIENTS"], answers["deciding"]
    assert set(re.findall(r"!\[.*?\]\(images/(.*?)\)", page)) == set(pictures)
    assert all((answers["IMAGES"] / name).is_file() for name in pictures)
    drawn: Counter[str] = Counter()
    for picture in pictures.values():
        if picture.panel == "decay":
            runs = [run for claim in picture.claims for run in deciding(claim)]
            drawn.update(run.run_id for run in select(runs, picture.where))
    claims = {claim for picture in pictures.values() for claim in picture.claims}
    assert drawn == Counter(run.run_id for claim in claims for run in deciding(claim))


def test_what_models_says_of_gradients_over_depth_is_what_the_runs_say(answers: dict[str, Any]) -> None:
    page = " ".join(MODELS.read_text(encoding="utf-8").split())
    runs = [run for claim in answers["DEEP_CLAIMS"] for run in answers["deciding"](claim)]

    def kept(model: str, depth: int | None = None) -> list[float]:
        chosen = [run for run in runs if run.model == model and depth in (None, run.config["model.depth"])]
        assert len(chosen) == (12 if depth is None else 3)
        return [run.summary["gradient_kept"] for run in chosen]

    low, high = min(kept("svdmlp")), max(kept("svdmlp"))
    assert f"At every depth {low:.2f} to {high:.2f} of it arrives at the first layer of `svdmlp`" in page
    low, high = min(kept("svdresnet")), max(kept("svdresnet"))
    assert f"through `svdresnet` it grows {low:.1f}- to {high:.1f}-fold" in page
    low, high = min(kept("resnet")), max(kept("resnet"))
    assert f"through `resnet` {low:.0f}- to {high:.0f}-fold" in page
    low, high = min(kept("mlp", 100)), max(kept("mlp", 100))
    assert f"Of `mlp` with 100 layers {low:.0e} to {high:.0e} of it arrives" in page
    vanished = [run for run in runs if run.summary["gradient_verdict"] == "vanishing"]
    assert {run.model for run in vanished} == {"mlp"}
    assert sorted(run.config["model.depth"] for run in vanished) == [50, 50, 100, 100, 100]
    assert {round(run.summary["test"], 4) for run in vanished} == {0.1135}


def test_what_the_readme_says_of_radius_and_length_is_what_the_runs_say(answers: dict[str, Any]) -> None:
    page = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    runs = answers["deciding"]("copy-phases")
    assert all(f"](docs/images/{name})" in page and (answers["IMAGES"] / name).is_file() for name in answers["PHASES"])

    def of(field: str, length: int, radius: float | None) -> list[float]:
        chosen = [run for run in runs if run.config["task.length"] == length and radius_of(run) == radius]
        assert len(chosen) == 3
        return [run.summary[field] for run in chosen]

    def radius_of(run: Run) -> float | None:
        return None if run.config["model.map"] == "free" else run.config["r"]

    narrow = (0.0, 0.001, 0.01, 0.1)
    recall = {radius: np.mean(of("best_validation", 500, radius)) for radius in (*narrow, 0.5, None)}
    low, high = min(recall[radius] for radius in narrow), max(recall[radius] for radius in narrow)
    assert f"recall is {low:.2f} to {high:.2f} in the mean within radii up to 0.1" in page
    assert f"{recall[0.5]:.2f} within 0.5, and {recall[None]:.2f}, little above chance" in page
    kept = [share for radius in narrow for share in of("gradient_kept", 1000, radius)]
    free = of("gradient_kept", 1000, None)
    assert f"Over 1,000, {min(kept):.2g} to {max(kept):.2g} of the gradient arrives" in page
    assert f"{min(free):.0e} to {max(free):.0e} of it where they are free" in page

    of_own_rate = [run for run in answers["deciding"]("copy-500-bound") if run.model == "svdrnn"]
    bound, free = (
        [run.summary["test_at_best"] for run in of_own_rate if radius_of(run) == radius] for radius in (0.01, None)
    )
    assert {run.config["optimizer.lr"] for run in of_own_rate} == {0.001}
    assert f"recall over 500 steps is {min(bound):.2f} to {max(bound):.2f} within a radius of 0.01" in page
    assert f"where nothing bounds the singular values {min(free):.2f} to {max(free):.2f}" in page

    slow, fast = (answers["deciding"](name) for name in ("copy-500-slow", "copy-500-fast"))
    held, slowed, at_the_edge = (
        [run for run in runs if (radius_of(run), run.config["optimizer.spectrum_lr_scale"]) == (radius, scale)]
        for runs, radius, scale in ((slow, 0.01, 1.0), (slow, None, 0.005), (fast, 0.01, 200.0))
    )
    assert f"recall as much, {recalled(slowed)} over ten seeds against {recalled(held)}, and" in page
    assert f"they go to its edge and recall {recalled(at_the_edge)} (" in page
    assert 0.0043 < max(run.summary["spectral_margin"] for run in slowed) < 0.0044
    assert min(run.summary["spectral_margin"] for run in at_the_edge) > 0.0098


def recalled(runs: list[Run]) -> str:
    """The mean test recall of ten seeds, with its interval."""
    found = estimate([run.summary["test_at_best"] for run in runs])
    assert found is not None
    assert found.n == 10
    return with_interval(found)


def test_the_shipped_report_is_small_and_has_its_pictures() -> None:
    assert (ROOT / "docs" / "report.html").stat().st_size < 6e6
    pictures = {path.stem for path in (ROOT / "docs" / "images").glob("report-*.png")}
    assert pictures == {f"report-{device}-{scheme}" for device in ("desktop", "phone") for scheme in ("light", "dark")}
