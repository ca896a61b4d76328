"""Run directories by the hundred: what the writer made, with other configurations and results."""

import json
from pathlib import Path
from typing import Any

import yaml


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
