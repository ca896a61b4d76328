"""Everything the page shows, as plain values."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from spectral_bench.claims.verdict import Verdict
from spectral_bench.config.grid_points import OpenKeys
from spectral_bench.config.keys import as_typed
from spectral_bench.diagnostics.envelope import envelope
from spectral_bench.figures.named_groups import NamedGroup, Naming
from spectral_bench.records.groups import Section
from spectral_bench.report.claim_records import claim_details
from spectral_bench.report.claim_words import verdicts_counted
from spectral_bench.report.comparison import comparison_report
from spectral_bench.report.document import Table
from spectral_bench.version import __version__
from spectral_bench.web.run_payload import Detail, run_payload


def report_payload(
    found: Sequence[Section],
    verdicts: Sequence[Verdict],
    notes: Sequence[str],
    command: str,
    claims_file: Path | None = None,
) -> dict[str, Any]:
    """The content of the page.

    Args:
        found: from ``sections``.
        verdicts: of all claims.
        notes: about runs that were left out.
        command: that made the page.
        claims_file: which holds the claims; None: that of this package.
    """
    open_keys = OpenKeys()
    detail = Detail.for_runs(sum(len(group.runs) for section in found for group in section.groups))
    return {
        "made": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "version": __version__,
        "command": command,
        "notes": list(notes),
        "verdicts": verdicts_counted(verdicts),
        "claims": [claim_details(verdict, claims_file) for verdict in verdicts],
        "sections": [_section(section, detail, open_keys) for section in found],
    }


def _section(section: Section, detail: Detail, open_keys: OpenKeys) -> dict[str, Any]:
    report = comparison_report([section])
    (table,) = report.tables
    named = {one.group.id: one for one in Naming().of(section)}
    places = {group.id: place for place, group in enumerate(section.groups)}
    return {
        "title": section.title,
        "subtitle": table.subtitle,
        "metric": section.metric or "metric",
        "mode": section.mode,
        "baseline": section.baseline,
        "baselineOf": section.baseline_of,
        "table": _table(table, [places[record["group"]] for record in report.records]),
        "groups": [_group(named[group.id], detail, open_keys) for group in section.groups],
    }


def _table(table: Table, groups: Sequence[int]) -> dict[str, Any]:
    return {
        "columns": [{"header": column.header, "right": column.align == "right"} for column in table.columns],
        "rows": [
            {"group": group, "cells": [{"text": cell.text, "bold": cell.bold} for cell in row]}
            for group, row in zip(groups, table.rows, strict=True)
        ],
        "notes": list(table.notes),
    }


def _group(named: NamedGroup, detail: Detail, open_keys: OpenKeys) -> dict[str, Any]:
    run, look = named.group.runs[0], named.look
    radius = run.effective_config.get("r")
    facts = run.facts
    allowed = envelope(facts.sigma, facts.slopes, facts.step)
    bounds: Mapping[str, Any] = {}
    if allowed is not None and facts.only_last_counts(facts.layers - 1):
        low, high = allowed.bounds(np.array([1]))
        bounds = {"low": float(low[0]), "high": float(high[0])}
    return {
        "label": named.caption,
        "whole": named.group.label,
        "model": named.group.model,
        "r": None if radius is None or facts.sigma is None else as_typed(radius),
        "colour": look.colour,
        "dash": "solid" if isinstance(look.dashes, str) else ",".join(f"{2 * length:g}px" for length in look.dashes[1]),
        "axis": facts.axis.unit,
        "perStep": bounds or None,
        "sigma": facts.sigma,
        "runs": [run_payload(one, detail, open_keys) for one in named.group.counted],
    }
