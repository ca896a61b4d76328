"""Run directories for the tests: made by the real writer, changed, damaged, or by the hundred."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from command_line import exit_code

from spectral_bench.runs.layout import parts_folder
from spectral_bench.runs.table_files import part_name

TINY = (
    "model.hidden_size=8",
    "task.length=6",
    "task.validation_size=20",
    "task.test_size=20",
    "train.batch_size=5",
    "train.steps=12",
    "train.evaluate_every=4",
    "train.checkpoint_every=6",
    "train.threads=1",
    "train.clip_norm=1",
    "optimizer.lr=0.01",
    "trace.every=3",
)
REFLECTORS = {"svdrnn": ("model.m1=3", "model.m2=3"), "ornn": ("model.m=3",)}


def train(results: Path, model: str, task: str, *overrides: str) -> Path:
    """Trains a moment through the command line, so with the real loop and writer; returns the run directory."""
    folder = results / task / model
    before = set(folder.glob("*"))
    chosen = (f"model={model}", f"task={task}", f"results_dir={results}")
    words = ["run", "-q", *chosen, *TINY, *REFLECTORS.get(model, ()), *overrides]
    assert exit_code(*words) == 0
    (directory,) = set(folder.glob("*")) - before
    return directory


def edit(file: Path, **changes: Any) -> None:
    """Changes fields of a JSON file."""
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def runs_of(results: Path, task: str, model: str) -> list[Path]:
    return sorted((results / task / model).iterdir(), key=lambda path: path.name.partition("seed")[2])


def in_parts(run: Path, table: str) -> list[Path]:
    """Lays a trace of a run down as it lies while the run grows, a part for every step; returns the parts."""
    whole, folder = run / table, run / parts_folder(table)
    folder.mkdir()
    parts = []
    for step, rows in pd.read_parquet(whole).groupby("step"):
        parts.append(folder / part_name(step, step))
        rows.to_parquet(parts[-1], index=False)
    whole.unlink()
    return parts


def without_end(run: Path, table: str) -> None:
    """Removes the last step of a trace."""
    frame = pd.read_parquet(run / table)
    frame[frame["step"] < frame["step"].max()].to_parquet(run / table, index=False)


def fabricate(template: Path, directory: Path, *, group: str, config: dict[str, Any], summary: dict[str, Any]) -> None:
    """A finished run without tables: the template's manifest, configuration and summary, changed.

    Args:
        template: a run directory made by the writer.
        directory: the new one.
        group: its digest.
        config: changed keys, dotted.
        summary: changed fields.
    """
    directory.mkdir(parents=True)
    manifest = json.loads((template / "manifest.json").read_text())
    (directory / "manifest.json").write_text(json.dumps({**manifest, "config_digest": group}))
    content = yaml.safe_load((template / "config.yaml").read_text())
    for key, value in config.items():
        node = content
        *parents, last = key.split(".")
        for parent in parents:
            node = node[parent]
        node[last] = value
    (directory / "config.yaml").write_text(yaml.safe_dump(content))
    known = json.loads((template / "summary.json").read_text())
    (directory / "summary.json").write_text(json.dumps({**known, **summary}))
