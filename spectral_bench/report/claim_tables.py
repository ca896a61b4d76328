"""One claim in full: what its entrants came to, the runs that decide, and its search."""

from dataclasses import replace
from typing import Any

from spectral_bench.claims.claim import Across, Claim
from spectral_bench.claims.evidence import RequestedRun
from spectral_bench.claims.verdict import Verdict
from spectral_bench.compare.statistics import average
from spectral_bench.records.run_record import Run
from spectral_bench.report.claim_words import (
    RunsThere,
    assumptions,
    finding,
    gradients_of,
    not_counted,
    published_of,
    result,
    results,
    settings,
    source,
)
from spectral_bench.report.document import Cell, Column, Table
from spectral_bench.report.numbers import NOTHING, number
from spectral_bench.runs.field_words import metric_in_words

_SEARCH = [
    Column("entrant", "left", label=True),
    Column("tried", "left", label=True),
    Column("result"),
    Column("run", "left"),
]

#: What two columns hold.
_OF_GRADIENTS = (
    "gradients: whether ‖∂L/∂h‖ keeps its size on its way back to h_0; margin: the largest |sigma - 1|, in the mean "
    "over seeds; both at the end of training."
)


def claim_tables(verdict: Verdict) -> list[Table]:
    """A claim with its entrants, the runs that decide, and its search as far as it was made."""
    claim = verdict.claim
    below = [
        f"Metric: {claim.metric}. ±: 95 % interval of the mean over seeds. {verdict.hours:.1f} hours of training.",
        *([_OF_GRADIENTS] if any(gradients_of(one) for one in verdict.evidence.values()) else []),
        f"Rule: {claim.rule.words}",
        *([found] if (found := finding(verdict)) else []),
        *assumptions(claim),
        *not_counted(verdict),
    ]
    title = f"{claim.id}: {verdict.decision.word.value}. {verdict.decision.why}"
    columns, rows = entrants_in_rows(verdict)
    entrants = Table(title, f"{claim.statement} ({source(claim)}.)", columns, rows, below)
    runs = (deciding_table(verdict), search_table(verdict))
    return [entrants.without_empty_columns(), *(table for table in runs if table is not None)]


def deciding_table(verdict: Verdict) -> Table | None:
    """Every run that decides with its number; None while there is none."""
    claim = verdict.claim
    rows = [
        [Cell(name), Cell(str(run.seed)), Cell(_seed_result(verdict, name, run)), Cell(run.run_id)]
        for name, evidence in verdict.evidence.items()
        for run in (one.run for one in evidence.deciding)
        if run is not None
    ]
    columns = [
        Column("entrant", "left", label=True),
        Column("seed", label=True),
        Column(metric_in_words(claim.metric)),
        Column("run", "left"),
    ]
    return Table(f"{claim.id}: the runs that decide", "", columns, rows) if rows else None


def search_table(verdict: Verdict) -> Table | None:
    """Every run of the searches, in the order in which it was tried; None while there is none."""
    claim = verdict.claim
    rows = [_search_row(name, one, claim) for name, e in verdict.evidence.items() for one in e.search if one.run]
    return Table(f"{claim.id}: the search", "", _SEARCH, rows) if rows else None


def entrants_in_rows(verdict: Verdict) -> tuple[list[Column], list[list[Cell]]]:
    """What the entrants came to; of a claim across several settings a row a setting, and a column an entrant."""
    claim = verdict.claim
    if claim.across is None:
        rows = [_entrant_row(verdict, name) for name in verdict.evidence]
        return _entrant_columns(claim), rows
    names = list(dict.fromkeys(name.rpartition(", ")[0] for name in claim.entrants))
    columns = [Column(claim.across.short_key, "left", label=True), *(Column(name) for name in names)]
    each = results(verdict)
    rows = [
        [Cell(str(value)), *(Cell(each[Across.name(name, value)]) for name in names)] for value in claim.across.values
    ]
    overall = {name: scores for name, scores in claim.rule.overall(verdict.scores).items() if scores.by_seed}
    if overall:
        rows.append(
            [
                Cell(claim.rule.overall_name),
                *(Cell(result(claim, overall[n]) if n in overall else NOTHING) for n in names),
            ]
        )
    return columns, rows


def _seed_result(verdict: Verdict, name: str, run: Run) -> str:
    scores = verdict.scores[name]
    known = {run.seed: scores.by_seed[run.seed]} if run.seed in scores.by_seed else {}
    return result(verdict.claim, replace(scores, by_seed=known), int(run.status == "diverged"))


def _entrant_columns(claim: Claim) -> list[Column]:
    return [
        Column("entrant", "left", label=True),
        Column("chosen", "left", optional=True),
        Column(metric_in_words(claim.metric)),
        Column("published", optional=True),
        Column("seeds"),
        Column("searched", optional=True),
        Column("gradients", "left", optional=True),
        Column("margin", optional=True),
    ]


def _entrant_row(verdict: Verdict, name: str) -> list[Cell]:
    claim, evidence, scores = verdict.claim, verdict.evidence[name], verdict.scores[name]
    searched = RunsThere(sum(one.run is not None for one in evidence.search), len(evidence.search))
    margins = [margin for run in evidence.completed if (margin := run.summary.get("spectral_margin")) is not None]
    return [
        Cell(name),
        Cell(settings(evidence.chosen or {})),
        Cell(result(claim, scores, len(evidence.diverged))),
        Cell(published_of(claim, name)),
        Cell(f"{len(scores.by_seed)} of {len(claim.seeds)}"),
        Cell(str(searched) if claim.search else ""),
        Cell(gradients_of(evidence)),
        Cell(number(average(margins), 2) if margins and claim.metric != "spectral_margin" else ""),
    ]


def _search_row(name: str, found: RequestedRun, claim: Claim) -> list[Cell]:
    run, fields = found.run, claim.search.choose if claim.search else ()
    tried = {key: found.request.values[key] for key in claim.search.over} if claim.search else {}
    values = [] if run is None else [f"{field} {_shown(run.summary.get(field))}" for field in fields]
    diverged = run is not None and run.status == "diverged"
    return [
        Cell(name),
        Cell(settings(tried)),
        Cell("diverged" if diverged else ", ".join(values)),
        Cell(run.run_id if run else NOTHING),
    ]


def _shown(value: Any) -> str:
    return "never" if value is None else number(value)
