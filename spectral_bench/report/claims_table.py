"""Claims and their verdicts."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from spectral_bench.claims.claim import Certainty, Claim
from spectral_bench.claims.evidence import EntrantEvidence, RequestedRun
from spectral_bench.claims.rules import Word
from spectral_bench.claims.run_requests import RunRequest
from spectral_bench.claims.verdict import Verdict
from spectral_bench.compare.scores import Scores
from spectral_bench.compare.statistics import estimate
from spectral_bench.config.keys import as_typed
from spectral_bench.report.document import Cell, Column, Report, Table
from spectral_bench.report.numbers import NOTHING, number, share, with_interval

#: Where the runs of claims are kept.
RESULTS = "results_dir=results/claims"

_COLUMNS = [
    Column("claim", "left", label=True),
    Column("verdict", "left"),
    Column("ours", "left"),
    Column("published"),
    Column("runs"),
    Column("hours"),
]

_ENTRANTS = [
    Column("entrant", "left", label=True),
    Column("chosen", "left", optional=True),
    Column("result"),
    Column("seeds"),
    Column("searched", optional=True),
]

_SEARCH = [Column("entrant", "left", label=True), Column("tried", "left"), Column("result"), Column("run", "left")]


_CERTAINTY = {
    Certainty.printed: "printed",
    Certainty.figure: "read off a figure",
    Certainty.quoted: "quoted by others",
    Certainty.ours: "ours",
}


@dataclass(frozen=True)
class _Progress:
    there: int
    asked: int

    def __str__(self) -> str:
        return f"{self.there} of {self.asked}"


def claims_report(verdicts: Sequence[Verdict], notes: Sequence[str] = (), *, whole: bool = False) -> Report:
    """Every claim in a row; ``whole``: and each of them in full below."""
    rows = [_row(verdict) for verdict in verdicts]
    counts = {word: sum(verdict.decision.word is word for verdict in verdicts) for word in Word}
    told = ", ".join(f"{count} {word.value}" for word, count in counts.items() if count)
    below = ["`spectral-bench claims ID`: the statement, its rule, its runs, and the commands for those missing."]
    table = Table(f"{len(verdicts)} claims: {told}", "", _COLUMNS, rows, below)
    records = [_record(verdict) for verdict in verdicts]
    in_full = [page for verdict in verdicts for page in _tables(verdict)] if whole else []
    return Report([table, *in_full], records, _document(records), list(notes))


def claim_report(verdict: Verdict, notes: Sequence[str] = ()) -> Report:
    """One claim in full, with a command for every run that is missing."""
    (first, *others) = _tables(verdict)
    record = _record(verdict)
    document = _document([{**record, "evidence": _runs(verdict)}])
    return Report([replace(first, notes=[*first.notes, *_commands(verdict)]), *others], [record], document, list(notes))


def _tables(verdict: Verdict) -> list[Table]:
    """A claim with its entrants, and its search as far as it was made."""
    claim = verdict.claim
    below = [
        f"Metric: {claim.metric}. {verdict.hours:.1f} hours of training.",
        f"Rule: {claim.rule.words}",
        *(f"Differs from the source: {text}" for text in claim.differences),
        *_modified(verdict),
    ]
    title = f"{claim.id}: {verdict.decision.word.value}. {verdict.decision.why}"
    entrants = [_entrant_row(name, one, verdict.scores[name], claim) for name, one in verdict.evidence.items()]
    tables = [Table(title, f"{claim.statement} {_source(claim)}", _ENTRANTS, entrants, below)]
    searched = [_search_row(name, one, claim) for name, e in verdict.evidence.items() for one in e.search if one.run]
    if searched:
        tables.append(Table(f"{claim.id}: the search", "", _SEARCH, searched))
    return tables


def _source(claim: Claim) -> str:
    source = claim.source
    return f"({source.paper}; {source.place}; {_CERTAINTY[source.certainty]}.)"


def _row(verdict: Verdict) -> list[Cell]:
    decided = verdict.decision.word is not Word.open
    value = verdict.claim.source.value
    return [
        Cell(verdict.claim.id),
        Cell(verdict.decision.word.value, bold=decided),
        Cell(_ours(verdict)),
        Cell(number(value)),
        Cell(str(_progress(verdict))),
        Cell(f"{verdict.hours:.1f}" if verdict.hours else NOTHING),
    ]


def _ours(verdict: Verdict) -> str:
    """The numbers of those that the rule names."""
    needed = verdict.claim.rule.entrants
    shown = {name: _result(verdict.scores[name]) for name in needed if verdict.scores[name].by_seed}
    if not shown:
        return NOTHING
    return shown[needed[0]] if len(needed) == 1 else "; ".join(f"{name} {text}" for name, text in shown.items())


def _result(scores: Scores) -> str:
    if not scores.by_seed:
        return NOTHING
    if not scores.finite:
        return "no value"
    return with_interval(estimate(scores.finite)) + share(len(scores.finite), len(scores.by_seed))


def _progress(verdict: Verdict) -> _Progress:
    evidence = verdict.evidence.values()
    searched, seeds = sum(len(one.search) for one in evidence), len(verdict.claim.seeds)
    return _Progress(sum(len(one.runs) for one in evidence), searched + len(evidence) * seeds)


def _entrant_row(name: str, evidence: EntrantEvidence, scores: Scores, claim: Claim) -> list[Cell]:
    return [
        Cell(name),
        Cell(_values(evidence.chosen or {})),
        Cell(_result(scores)),
        Cell(f"{len(scores.by_seed)} of {len(claim.seeds)}"),
        Cell(
            str(_Progress(sum(one.run is not None for one in evidence.search), len(evidence.search)))
            if claim.search
            else ""
        ),
    ]


def _search_row(name: str, found: RequestedRun, claim: Claim) -> list[Cell]:
    run, fields = found.run, claim.search.choose if claim.search else ()
    values = [] if run is None else [f"{field} {_shown(run.summary.get(field))}" for field in fields]
    diverged = run is not None and run.status == "diverged"
    return [
        Cell(name),
        Cell(_values(found.request.values)),
        Cell("diverged" if diverged else ", ".join(values)),
        Cell(run.run_id if run else NOTHING),
    ]


def _shown(value: Any) -> str:
    return "never" if value is None else number(value)


def _values(values: Any) -> str:
    return " ".join(f"{key}={as_typed(value)}" for key, value in values.items())


def _modified(verdict: Verdict) -> list[str]:
    found = [pair for evidence in verdict.evidence.values() for pair in evidence.modified]
    return [f"Not counted, its protocol is another: {run.run_id} ({_values(keys)})." for run, keys in found]


def _commands(verdict: Verdict) -> list[str]:
    """A command for everything that can be run next."""
    if not verdict.missing:
        return []
    lines = [f"  {command(request)}" for request in verdict.missing]
    return [f"Missing, {len(lines)} runs (`spectral-bench claims {verdict.claim.id} --run`):", *lines]


def command(request: RunRequest) -> str:
    """The command that makes a run."""
    return shlex.join(["spectral-bench", "run", *request.typed, RESULTS])


def _record(verdict: Verdict) -> dict[str, Any]:
    claim, progress = verdict.claim, _progress(verdict)
    record: dict[str, Any] = {
        "claim": claim.id,
        "verdict": verdict.decision.word.value,
        "why": verdict.decision.why,
        "statement": claim.statement,
        "metric": claim.metric,
        "published": claim.source.value,
        "certainty": claim.source.certainty.value,
        "paper": claim.source.paper,
        "place": claim.source.place,
        "rule": claim.rule.words,
        "runs": progress.there,
        "runs_asked": progress.asked,
        "hours": verdict.hours,
    }
    return record | {f"result_{name}": _result(verdict.scores[name]) for name in claim.entrants}


def claim_details(verdict: Verdict) -> dict[str, Any]:
    """A claim as plain values, with its entrants."""
    claim = verdict.claim
    entrants = [
        {
            "name": name,
            "chosen": _values(evidence.chosen or {}),
            "result": _result(verdict.scores[name]),
            "values": {str(seed): value for seed, value in verdict.scores[name].by_seed.items()},
            "seeds": f"{len(verdict.scores[name].by_seed)} of {len(claim.seeds)}",
        }
        for name, evidence in verdict.evidence.items()
    ]
    return {**_record(verdict), "entrants": entrants, "differences": list(claim.differences)}


def _document(records: list[dict[str, Any]]) -> dict[str, Any]:
    return {"schema": "spectral-bench/claims", "version": 1, "claims": records}


def _runs(verdict: Verdict) -> list[dict[str, Any]]:
    return [
        {"entrant": name, "search": one in evidence.search, "overrides": one.request.typed, "run": one.run.run_id}
        for name, evidence in verdict.evidence.items()
        for one in (*evidence.search, *evidence.deciding)
        if one.run is not None
    ]
