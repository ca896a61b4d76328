"""Times how long headless Chromium takes to open a report of 500 runs.

Run as ``python docs/report_opening.py`` on a quiet machine. The runs are those of results/copy, many times over, each
copy with a seed and noise of its own, for equal numbers would be packed into nothing. It needs Playwright, and a
Chromium on the PATH.
"""

import json
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from playwright.sync_api import sync_playwright

from spectral_bench.claims.load_claims import load_claims
from spectral_bench.claims.verdict import judge
from spectral_bench.records.collection import collect
from spectral_bench.records.grouping import sections
from spectral_bench.runs.effective_config import EffectiveConfigs
from spectral_bench.web.page_file import page_text
from spectral_bench.web.report_payload import report_payload

RUNS = 500

NOISY = {
    "metrics.csv": ["loss", "recall_accuracy"],
    "gradients.parquet": ["norm"],
    "spectrum.parquet": ["singular_value"],
}

RESULTS = Path(__file__).parent.parent / "results" / "copy"


def multiply(runs: list[Path], folder: Path) -> None:
    """Copy run directories until there are enough."""
    for number in range(RUNS):
        source = runs[number % len(runs)]
        copy = folder / "copy" / source.parent.name / f"20260101-000000-seed{number}-{number:06x}"
        shutil.copytree(source, copy)
        config = (copy / "config.yaml").read_text(encoding="utf-8").splitlines()
        changed = [f"seed: {number}" if line.startswith("seed:") else line for line in config]
        (copy / "config.yaml").write_text("\n".join(changed) + "\n", encoding="utf-8")
        for name in ("manifest.json", "summary.json"):
            content = json.loads((copy / name).read_text(encoding="utf-8"))
            (copy / name).write_text(json.dumps({**content, "seed": number}), encoding="utf-8")
        for table, columns in NOISY.items():
            if (copy / table).exists():
                add_noise(copy / table, columns, np.random.default_rng(number))


def add_noise(file: Path, columns: list[str], rng: np.random.Generator) -> None:
    """Multiply measured numbers by random factors near 1."""
    is_csv = file.suffix == ".csv"
    rows = pd.read_csv(file) if is_csv else pd.read_parquet(file)
    for column in columns:
        rows[column] *= rng.lognormal(0.0, 0.1, len(rows))
    if file.is_dir():  # before format 3
        shutil.rmtree(file)
    rows.to_csv(file, index=False) if is_csv else rows.to_parquet(file)


def write_page(folder: Path) -> Path:
    """Write the report of a folder, and print what it took."""
    began = time.perf_counter()
    found = collect([folder])
    configure = EffectiveConfigs()
    verdicts = [judge(claim, found.runs, configure) for claim in load_claims().values()]
    page = folder / "report.html"
    page.write_text(page_text(report_payload(sections(found.runs), verdicts, found.notes, "")), encoding="utf-8")
    seconds = time.perf_counter() - began
    print(f"{len(found.runs)} runs: {page.stat().st_size / 1e6:.1f} MB, written in {seconds:.1f} s")
    return page


def open_page(page: Path) -> None:
    """Open it three times, and print the seconds until it can be read, is ready, and has drawn its first figures."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(3):
            view = browser.new_page(viewport={"width": 1400, "height": 1000})
            began = time.perf_counter()
            view.goto(page.as_uri())
            view.wait_for_selector("#sections > section", timeout=60_000, state="attached")
            readable = time.perf_counter() - began
            view.wait_for_selector("html[data-ready]", timeout=60_000)
            ready = time.perf_counter() - began
            view.locator(".plot").first.scroll_into_view_if_needed()
            view.wait_for_selector(".plot .scatterlayer .trace", timeout=60_000, state="attached")
            drawn = time.perf_counter() - began
            print(
                f"readable after {readable:.2f} s, ready after {ready:.2f} s, first figures drawn after {drawn:.2f} s"
            )
            view.close()
        browser.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        multiply(sorted(path.parent for path in RESULTS.rglob("manifest.json")), Path(temporary))
        open_page(write_page(Path(temporary)))
