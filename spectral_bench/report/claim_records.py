"""Claims and their verdicts as plain values: of the formats csv and json, and of the page of ``report``."""

from pathlib import Path
from typing import Any

from spectral_bench.claims.verdict import Verdict
from spectral_bench.compare.scores import Scores
from spectral_bench.compare.statistics import estimate
from spectral_bench.report.claim_commands import claim_command, commands_again, run_commands
from spectral_bench.report.claim_tables import deciding_table, entrants_in_rows, search_table
from spectral_bench.report.claim_words import (
    CERTAINTY,
    assumptions,
    finding,
    ours,
    overall_measure,
    published_in_words,
    runs_there,
)
from spectral_bench.report.document import Table


def claim_rows(verdict: Verdict) -> list[dict[str, Any]]:
    """The rows of csv: one for every entrant, with its numbers."""
    record = claim_record(verdict)
    return [{**record, "entrant": name, **numbers} for name, numbers in _results_in_numbers(verdict).items()]


def claim_record(verdict: Verdict) -> dict[str, Any]:
    """A claim with its verdict."""
    claim, progress = verdict.claim, runs_there(verdict)
    return {
        "claim": claim.id,
        "verdict": verdict.decision.word.value,
        "why": verdict.decision.why,
        "statement": claim.statement,
        "metric": claim.metric,
        "published": claim.published,
        "certainty": claim.source.certainty.value,
        "paper": claim.source.paper,
        "place": claim.source.place,
        "rule": claim.rule.words,
        "runs": progress.there,
        "runs_asked": progress.asked,
        "hours": verdict.hours,
    }


def claim_record_in_numbers(verdict: Verdict) -> dict[str, Any]:
    """The same with what every entrant came to."""
    return {**claim_record(verdict), "results": _results_in_numbers(verdict)}


def claim_record_in_full(verdict: Verdict) -> dict[str, Any]:
    """The same with all that the claim rests on, and the commands for what it lacks."""
    return {
        **claim_record_in_numbers(verdict),
        "finding": verdict.claim.finding,
        "differences": list(verdict.claim.differences),
        "missing": run_commands(verdict.missing),
        "again": commands_again(verdict),
        "evidence": _runs(verdict),
    }


def claim_details(verdict: Verdict, file: Path | None = None) -> dict[str, Any]:
    """A claim as plain values, with its tables and the commands that work on it now; ``file``: which holds it."""
    claim = verdict.claim
    columns, rows = entrants_in_rows(verdict)
    deciding, searched = deciding_table(verdict), search_table(verdict)
    offered = [[], *([["--rerun-one"]] if verdict.shortest_run else []), *([["--run"]] if verdict.missing else [])]
    return {
        **claim_record(verdict),
        "measure": overall_measure(claim),
        "ours": ours(verdict),
        "published_in_words": published_in_words(claim),
        "is_ours": claim.is_ours,
        "published_as": CERTAINTY[claim.source.certainty],
        "table": _plain(Table("", "", columns, rows)),
        "deciding": None if deciding is None else _plain(deciding),
        "search": None if searched is None else _plain(searched),
        "finding": finding(verdict),
        "assumptions": assumptions(claim),
        "commands": [claim_command(claim.id, file, *words) for words in offered],
        "again": commands_again(verdict),
    }


def claims_document(records: list[dict[str, Any]]) -> dict[str, Any]:
    """The document of ``--format json``."""
    return {"schema": "spectral-bench/claims", "version": 1, "claims": records}


def _plain(table: Table) -> dict[str, Any]:
    shown = table.without_empty_columns()
    return {
        "columns": [{"header": column.header, "right": column.align == "right"} for column in shown.columns],
        "rows": [[cell.text for cell in row] for row in shown.rows],
    }


def _results_in_numbers(verdict: Verdict) -> dict[str, dict[str, Any]]:
    """Of every entrant mean and interval of the seeds that have a value; how many have none, and how many diverged."""
    return {
        name: _result_in_numbers(scores, len(verdict.evidence[name].diverged))
        | {"published": verdict.claim.source.values.get(name)}
        for name, scores in verdict.scores.items()
    }


def _result_in_numbers(scores: Scores, diverged: int) -> dict[str, Any]:
    found = estimate(scores.finite)
    ends = (None, None, None) if found is None else (found.mean, found.low, found.high)
    return dict(zip(("mean", "low", "high"), ends, strict=True)) | {
        "seeds": len(scores.by_seed),
        "without": scores.without,
        "diverged": diverged,
    }


def _runs(verdict: Verdict) -> list[dict[str, Any]]:
    return [
        {
            "entrant": name,
            "search": one in evidence.search,
            "overrides": one.request.typed,
            "run": one.run.run_id,
            "status": one.run.status,
            "value": None if one in evidence.search else verdict.scores[name].by_seed.get(one.run.seed),
        }
        for name, evidence in verdict.evidence.items()
        for one in (*evidence.search, *evidence.deciding)
        if one.run is not None
    ]
