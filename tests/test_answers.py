"""What the pages and the README say of the runs in results/ is what the commands say."""

import re
import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import exit_code

ROOT = Path(__file__).parent.parent

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


def test_the_measured_numbers_of_models_are_those_of_the_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "docs")
    monkeypatch.delitem(sys.modules, "measured_models", raising=False)
    answers = runpy.run_path(str(ROOT / "docs" / "answers.py"))
    page = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    for name, table in (("recurrent", answers["recurrent"]()), ("feed-forward", answers["feed_forward"]())):
        (block,) = answers["measured_block"](name).finditer(page)
        assert block[0].endswith(f"-->\n\n{table}\n"), REGENERATE


def test_the_shipped_report_is_small_and_has_its_pictures() -> None:
    assert (ROOT / "docs" / "report.html").stat().st_size < 6e6
    pictures = {path.stem for path in (ROOT / "docs" / "images").glob("report-*.png")}
    assert pictures == {f"report-{device}-{scheme}" for device in ("desktop", "phone") for scheme in ("light", "dark")}
