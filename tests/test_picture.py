"""The picture at the top of the README can be drawn again."""

import runpy
from pathlib import Path

from small_runs import small_overrides

SCRIPT = Path(__file__).parent.parent / "docs" / "picture_of_a_run.py"


def test_the_script_draws_the_display_and_the_results(tmp_path: Path) -> None:
    namespace = runpy.run_path(str(SCRIPT))
    assert namespace["PICTURE"].is_file()
    (_, *command) = small_overrides(tmp_path)
    namespace["draw"](tmp_path / "run.svg", command, halfway=6)
    text = (tmp_path / "run.svg").read_text(encoding="utf-8").replace("&#160;", " ")
    assert "step 6 of 12" in text
    assert "spectral margin" in text


def test_the_script_draws_the_table_of_a_grid(tmp_path: Path) -> None:
    namespace = runpy.run_path(str(SCRIPT))
    assert namespace["GRID_PICTURE"].is_file()
    command = [text for text in small_overrides(tmp_path, "seed=1,2,3") if not text.startswith("results_dir")]
    namespace["draw_grid"](tmp_path / "grid.svg", command, after=1)
    text = (tmp_path / "grid.svg").read_text(encoding="utf-8").replace("&#160;", " ")
    assert " of 3" in text
    assert "3 points: 3 done" in text
