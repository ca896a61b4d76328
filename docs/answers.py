"""Writes what the runs in results/ answer: docs/reproduction.md, docs/report.html, its pictures, tables in other pages.

These are the table of verdicts and the phase diagrams in the README, and the measured numbers and gradients in
docs/models.md. Run as ``python docs/answers.py`` after runs were added to results/. The pictures need Playwright, and a
Chromium on the PATH. Tests hold the page and the tables to the runs.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from measured_models import DEEP_CLAIMS, deciding, feed_forward, recurrent

ROOT = Path(__file__).parent.parent

PAGE, REPORT, IMAGES = ROOT / "docs" / "reproduction.md", ROOT / "docs" / "report.html", ROOT / "docs" / "images"

#: The block of the README that holds the table, below the command.
TABLE = re.compile(r"^(```\n\$ spectral-bench claims results\n).*?^(```)$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Gradients:
    """A picture by ``spectral-bench grads``.

    Attributes:
        claims: whose deciding runs are drawn.
        where: which of them.
        panel: of the figure.
    """

    claims: tuple[str, ...]
    where: tuple[str, ...] = ()
    panel: str = "decay"


#: Pictures of docs/models.md: what arrives of the gradient in the networks of claims, by the runs that decide them.
GRADIENTS = {
    "rivals_copy.png": Gradients(("rivals-copy",), ("model!=rnn",)),
    "rivals_copy_rnn.png": Gradients(("rivals-copy",), ("model=rnn",)),
    "rivals_rows.png": Gradients(("rivals-rows",), ("model!=rnn",)),
    "rivals_rows_rnn.png": Gradients(("rivals-rows",), ("model=rnn",)),
    "depth.png": Gradients(DEEP_CLAIMS),
    "depth_100.png": Gradients(DEEP_CLAIMS, ("model.depth=100",), panel="relative"),
}

#: Phase diagrams of the README, of every radius and length that was copied over: the file, and what gives the colour.
PHASES = {"phases.png": "best_validation", "phases_gradients.png": "gradient_kept"}

#: Width and height of the pictures of the report.
SIZES = {"desktop": (1400, 1750), "phone": (390, 844)}


def spectral_bench(*words: str) -> str:
    """What a command prints, 80 columns wide."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "spectral_bench", *words],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "80", "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        check=True,
    )
    return done.stdout


def update_readme() -> None:
    """Put the table of verdicts into the README."""
    readme = ROOT / "README.md"
    table = spectral_bench("claims", "results").rstrip("\n") + "\n"
    text, times = TABLE.subn(lambda block: block[1] + table + block[2], readme.read_text(encoding="utf-8"))
    if times != 1:
        raise SystemExit(f"README.md: expected one block that begins with the command, found {times}.")
    readme.write_text(text, encoding="utf-8")


def update_models() -> None:
    """Put the measured numbers into docs/models.md, each table below the comment that names it."""
    page = ROOT / "docs" / "models.md"
    text = page.read_text(encoding="utf-8")
    for name, table in (("recurrent", recurrent()), ("feed-forward", feed_forward())):
        blocks = list(measured_block(name).finditer(text))
        if len(blocks) != 1:
            raise SystemExit(f"models.md: expected one table below <!-- measured: {name} -->, found {len(blocks)}.")
        text = text[: blocks[0].end(1)] + table + "\n" + text[blocks[0].end() :]
    page.write_text(text, encoding="utf-8")


def measured_block(name: str) -> re.Pattern[str]:
    """The comment that names a table of docs/models.md, and the lines below it."""
    return re.compile(rf"^(<!-- measured: {name} -->\n\n)(?:.+\n)*", re.MULTILINE)


def draw_gradients() -> None:
    """Draw the pictures of docs/models.md."""
    for name, picture in GRADIENTS.items():
        where = [word for condition in picture.where for word in ("--where", condition)]
        runs = [run.run_id for claim in picture.claims for run in deciding(claim)]
        spectral_bench("grads", *runs, *where, "--panels", picture.panel, "-o", str(IMAGES / name))


def draw_phases() -> None:
    """Draw the phase diagrams of the README."""
    runs = [run.run_id for run in deciding("copy-phases")]
    for name, measure in PHASES.items():
        words = ["x=r", "y=task.length", f"hue={measure}", "--kind", "map"]
        spectral_bench("plot", *words, *runs, "-o", str(IMAGES / name))


def photograph() -> None:
    """Save the report as a desktop and a phone show it, in light and in dark colours."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for device, (width, height) in SIZES.items():
            for scheme in ("light", "dark"):
                view = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
                view.goto(REPORT.as_uri())
                view.wait_for_selector("html[data-ready]", timeout=60_000)
                view.wait_for_timeout(1000)
                view.screenshot(path=IMAGES / f"report-{device}-{scheme}.png")
                view.close()
        browser.close()


if __name__ == "__main__":
    spectral_bench("claims", "results", "--whole", "-o", str(PAGE.relative_to(ROOT)))
    spectral_bench("report", "results", "-o", str(REPORT.relative_to(ROOT)))
    update_readme()
    update_models()
    draw_gradients()
    draw_phases()
    photograph()
    print(f"{PAGE.name}, {REPORT.name} ({REPORT.stat().st_size / 1e6:.1f} MB), tables, pictures")
