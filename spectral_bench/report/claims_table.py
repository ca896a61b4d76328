"""Claims and their verdicts."""

import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from spectral_bench.claims.claim import Across, Certainty, Claim
from spectral_bench.claims.evidence import EntrantEvidence, RequestedRun
from spectral_bench.claims.measures import MEASURES_OF_WHEN
from spectral_bench.claims.rules import Ahead, Word
from spectral_bench.claims.run_requests import RunRequest
from spectral_bench.claims.verdict import Verdict
from spectral_bench.compare.scores import Scores
from spectral_bench.compare.statistics import average, estimate
from spectral_bench.config.keys import as_typed
from spectral_bench.diagnostics.decay_words import verdict_in_words
from spectral_bench.report.document import GLUE, Cell, Column, Report, Table
from spectral_bench.report.numbers import NOTHING, counted, number, share, with_interval

#: Of more entrants than this, the table of all claims shows but three.
_MOST_SHOWN = 6

#: Where the runs of claims are kept.
RESULTS = "results_dir=results/claims"

_COLUMNS = [
    Column("claim", "left", label=True),
    Column("verdict", "left"),
    Column("ours", "left", wraps=True),
    Column("published"),
    Column("runs"),
    Column("hours"),
]

_SEARCH = [
    Column("entrant", "left", label=True),
    Column("tried", "left", label=True),
    Column("result"),
    Column("run", "left"),
]

CERTAINTY = {
    Certainty.printed: "printed",
    Certainty.figure: "read off a figure",
    Certainty.quoted: "quoted by others",
    Certainty.ours: "ours",
}


@dataclass(frozen=True)
class RunsThere:
    """How many of the runs asked for are there."""

    there: int
    asked: int

    def __str__(self) -> str:
        return f"{self.there} of {self.asked}"


def claims_report(
    verdicts: Sequence[Verdict], notes: Sequence[str] = (), *, whole: bool = False, file: Path | None = None
) -> Report:
    """Every claim in a row; ``whole``: and each of them in full below; ``file``: which holds them."""
    rows = [_row(verdict) for verdict in verdicts]
    counts = {word: sum(verdict.decision.word is word for verdict in verdicts) for word in Word}
    told = ", ".join(f"{count} {word.value}" for word, count in counts.items() if count)
    one = claim_command("ID", file)
    below = [f"`{one}`: the statement, its rule, its runs, and the commands for those missing."]
    table = Table(f"{counted(len(verdicts), 'claim')}: {told}", "", _COLUMNS, rows, below)
    records = [_record(verdict) for verdict in verdicts]
    in_full = [page for verdict in verdicts for page in _tables(verdict)] if whole else []
    return Report([table, *in_full], records, _document(records), list(notes))


def claim_report(verdict: Verdict, notes: Sequence[str] = (), *, file: Path | None = None) -> Report:
    """One claim in full, with every run that decides, and a command for every one that is missing."""
    (first, *others) = _tables(verdict)
    record = _record(verdict)
    missing = [command(request) for request in verdict.missing]
    more = {
        "results": {name: _result_in_numbers(scores) for name, scores in verdict.scores.items()},
        "finding": verdict.claim.finding,
        "differences": list(verdict.claim.differences),
        "missing": missing,
        "evidence": _runs(verdict),
    }
    told = [what_is_missing(verdict, file)] if missing else []
    first = replace(first, remarks=told, commands=[f"  {line}" for line in missing])
    return Report([first, *_deciding_table(verdict), *others], [record], _document([{**record, **more}]), list(notes))


def claim_command(claim: str, file: Path | None, *words: str) -> str:
    """The command that shows a claim, of a file of claims of the user's own where there is one."""
    return shlex.join(["spectral-bench", "claims", claim, *(["--claims", str(file)] if file else []), *words])


def what_is_missing(verdict: Verdict, file: Path | None) -> str:
    """How many runs are missing, and what trains them."""
    progress, now = runs_there(verdict), len(verdict.missing)
    later = progress.asked - progress.there - now
    told = counted(now, "run") + (f", and {later} that decide, with what these choose" if later else "")
    return f"Missing: {told} (`{claim_command(verdict.claim.id, file, '--run')}`)."


def _tables(verdict: Verdict) -> list[Table]:
    """A claim with its entrants, and its search as far as it was made."""
    claim = verdict.claim
    below = [
        f"Metric: {claim.metric}. {verdict.hours:.1f} hours of training.",
        f"Rule: {claim.rule.words}",
        *([f"What was found: {claim.finding}"] if claim.finding else []),
        *assumptions(claim),
        *not_counted(verdict),
    ]
    title = f"{claim.id}: {verdict.decision.word.value}. {verdict.decision.why}"
    columns, rows = entrants_in_rows(verdict)
    entrants = Table(title, f"{claim.statement} ({source(claim)}.)", columns, rows, below)
    tables = [entrants.without_empty_columns()]
    searched = search_table(verdict)
    return tables if searched is None else [*tables, searched]


def search_table(verdict: Verdict) -> Table | None:
    """Every run of the searches, in the order in which it was tried; None while there is none."""
    claim = verdict.claim
    rows = [_search_row(name, one, claim) for name, e in verdict.evidence.items() for one in e.search if one.run]
    return Table(f"{claim.id}: the search", "", _SEARCH, rows) if rows else None


def _deciding_table(verdict: Verdict) -> list[Table]:
    """Every run that decides with its number; no table while there is none."""
    claim = verdict.claim
    rows = [
        [Cell(name), Cell(str(run.seed)), Cell(_seed_result(verdict, name, run.seed)), Cell(run.run_id)]
        for name, evidence in verdict.evidence.items()
        for run in (one.run for one in evidence.deciding)
        if run is not None
    ]
    columns = [
        Column("entrant", "left", label=True),
        Column("seed", label=True),
        Column(claim.metric.replace("_", " ")),
        Column("run", "left"),
    ]
    return [Table(f"{claim.id}: the runs that decide", "", columns, rows)] if rows else []


def _seed_result(verdict: Verdict, name: str, seed: int) -> str:
    scores = verdict.scores[name]
    known = {seed: scores.by_seed[seed]} if seed in scores.by_seed else {}
    return result(verdict.claim, replace(scores, by_seed=known))


def assumptions(claim: Claim) -> list[str]:
    """In what its runs differ from those of the source; of a claim of our own, what has to be known of them."""
    told = "To know" if claim.source.certainty is Certainty.ours else "Differs from the source"
    return [f"{told}: {text}" for text in claim.differences]


def entrants_in_rows(verdict: Verdict) -> tuple[list[Column], list[list[Cell]]]:
    """What the entrants came to; of a claim across several settings a row a setting, and a column an entrant."""
    claim = verdict.claim
    if claim.across is None:
        rows = [_entrant_row(verdict, name) for name in verdict.evidence]
        return _entrant_columns(claim), rows
    names = list(dict.fromkeys(name.rpartition(", ")[0] for name in claim.entrants))
    columns = [Column(claim.across.key.rpartition(".")[2], "left", label=True), *(Column(name) for name in names)]
    rows = [
        [Cell(str(value)), *(Cell(result(claim, verdict.scores[Across.name(name, value)])) for name in names)]
        for value in claim.across.values
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


def source(claim: Claim) -> str:
    """Who says so, where, and how sure that is."""
    said = claim.source
    return f"{said.paper}; {said.place}; {CERTAINTY[said.certainty]}"


def _row(verdict: Verdict) -> list[Cell]:
    decided = verdict.decision.word is not Word.open
    value, runs = verdict.claim.source.value, runs_there(verdict)
    return [
        Cell(verdict.claim.id),
        Cell(verdict.decision.word.value, bold=decided),
        Cell(ours(verdict, GLUE)),
        Cell(number(value)),
        Cell(f"{runs.there}/{runs.asked}"),
        Cell(f"{verdict.hours:.1f}" if verdict.hours else NOTHING),
    ]


def ours(verdict: Verdict, glue: str = " ") -> str:
    """The numbers of those that the rule names; of many, the best and the worst, beside the one that is to be ahead.

    Of several that are as bad, how many they are.

    Args:
        verdict: of a claim.
        glue: stands within a name and between it and its number.
    """
    overall = verdict.claim.rule.overall(verdict.scores)
    known = {name: scores for name, scores in overall.items() if scores.by_seed}
    numbers = {name: result(verdict.claim, scores) for name, scores in known.items()}
    told = {name: f"{name.replace(' ', glue)}{glue}{numbers.get(name, NOTHING)}" for name in overall}
    if not numbers:
        return NOTHING
    if len(overall) == 1:
        return next(iter(numbers.values()))
    if len(known) > _MOST_SHOWN:
        ahead = verdict.claim.rule.entrant if isinstance(verdict.claim.rule, Ahead) else None
        ranked = sorted((name for name in known if name != ahead), key=lambda name: known[name].order)
        best, worst = ranked[0], ranked[-1]
        as_bad = sum(numbers[name] == numbers[worst] for name in ranked)
        between = f"{told[best]} to {f'{numbers[worst]} ({as_bad})' if as_bad > 1 else told[worst]}"
        if ahead is None:
            return f"{len(ranked)}{glue}entrants, {between}"
        return f"{told[ahead]}; of{glue}{len(ranked)}{glue}others, {between}"
    return "; ".join(told[name] for name in known)


def result(claim: Claim, scores: Scores) -> str:
    """The mean of an entrant with its interval, or that it has none."""
    if not scores.by_seed:
        return NOTHING
    if not scores.finite:
        return "never" if claim.metric in MEASURES_OF_WHEN else "diverged"
    return with_interval(estimate(scores.finite)) + share(len(scores.finite), len(scores.by_seed))


def runs_there(verdict: Verdict) -> RunsThere:
    """How many of the runs it asks for are there, those of searches among them."""
    evidence = verdict.evidence.values()
    searched, seeds = sum(len(one.search) for one in evidence), len(verdict.claim.seeds)
    return RunsThere(sum(len(one.runs) for one in evidence), searched + len(evidence) * seeds)


def _entrant_columns(claim: Claim) -> list[Column]:
    return [
        Column("entrant", "left", label=True),
        Column("chosen", "left", optional=True),
        Column(claim.metric.replace("_", " ")),
        Column("seeds"),
        Column("searched", optional=True),
        Column("gradients", "left", optional=True),
        Column("margin", optional=True),
    ]


def _entrant_row(verdict: Verdict, name: str) -> list[Cell]:
    claim, evidence, scores = verdict.claim, verdict.evidence[name], verdict.scores[name]
    searched = RunsThere(sum(one.run is not None for one in evidence.search), len(evidence.search))
    runs = [one.run.summary for one in evidence.deciding if one.run is not None]
    margins = [margin for summary in runs if (margin := summary.get("spectral_margin")) is not None]
    return [
        Cell(name),
        Cell(_values(evidence.chosen or {})),
        Cell(result(claim, scores)),
        Cell(f"{len(scores.by_seed)} of {len(claim.seeds)}"),
        Cell(str(searched) if claim.search else ""),
        Cell(gradients_of(evidence)),
        Cell(number(average(margins), 2) if margins and claim.metric != "spectral_margin" else ""),
    ]


def gradients_of(evidence: EntrantEvidence) -> str:
    """The verdict on the gradients of an entrant's deciding runs, in words; empty where there is none."""
    runs = [one.run.summary for one in evidence.deciding if one.run is not None]
    return verdict_in_words(Counter(str(words) for run in runs if (words := run.get("gradient_verdict"))))


def _search_row(name: str, found: RequestedRun, claim: Claim) -> list[Cell]:
    run, fields = found.run, claim.search.choose if claim.search else ()
    tried = {key: found.request.values[key] for key in claim.search.over} if claim.search else {}
    values = [] if run is None else [f"{field} {_shown(run.summary.get(field))}" for field in fields]
    diverged = run is not None and run.status == "diverged"
    return [
        Cell(name),
        Cell(_values(tried)),
        Cell("diverged" if diverged else ", ".join(values)),
        Cell(run.run_id if run else NOTHING),
    ]


def _shown(value: Any) -> str:
    return "never" if value is None else number(value)


def _values(values: Any) -> str:
    return " ".join(f"{key}={as_typed(value)}" for key, value in values.items())


def not_counted(verdict: Verdict) -> list[str]:
    """Runs with a modified protocol by what is modified, and those that stand apart, each with the reason.

    A run that is nearly what one entrant lacks may be the very run of another, and counts.
    """
    evidence = verdict.evidence.values()
    counting = {run.run_id for one in evidence for run in one.runs}
    modified: dict[str, dict[str, None]] = {}
    for run, keys in (pair for one in evidence for pair in one.modified):
        if run.run_id not in counting:
            modified.setdefault(_values(keys), {})[run.run_id] = None
    return [
        *(f"Not counted, with another protocol ({keys}): {', '.join(runs)}." for keys, runs in modified.items()),
        *(f"Not counted, {why}: {run.run_id}." for run, why in (pair for one in evidence for pair in one.apart)),
    ]


def command(request: RunRequest) -> str:
    """The command that makes a run."""
    return shlex.join(["spectral-bench", "run", *request.typed, RESULTS])


def _record(verdict: Verdict) -> dict[str, Any]:
    claim, progress = verdict.claim, runs_there(verdict)
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
    return record | {f"result_{name}": result(claim, verdict.scores[name]) for name in claim.entrants}


def claim_details(verdict: Verdict, file: Path | None = None) -> dict[str, Any]:
    """A claim as plain values, with its tables and the commands that work on it now; ``file``: which holds it."""
    claim = verdict.claim
    columns, rows = entrants_in_rows(verdict)
    searched = search_table(verdict)
    offered = [[], *([["--rerun-one"]] if verdict.shortest_run else []), *([["--run"]] if verdict.missing else [])]
    return {
        **_record(verdict),
        "ours": ours(verdict),
        "published_as": CERTAINTY[claim.source.certainty],
        "table": _plain(Table("", "", columns, rows)),
        "deciding": [_plain(table) for table in _deciding_table(verdict)],
        "search": None if searched is None else _plain(searched),
        "finding": claim.finding,
        "assumptions": assumptions(claim),
        "commands": [claim_command(claim.id, file, *words) for words in offered],
    }


def _plain(table: Table) -> dict[str, Any]:
    shown = table.without_empty_columns()
    return {
        "columns": [{"header": column.header, "right": column.align == "right"} for column in shown.columns],
        "rows": [[cell.text for cell in row] for row in shown.rows],
    }


def _document(records: list[dict[str, Any]]) -> dict[str, Any]:
    return {"schema": "spectral-bench/claims", "version": 1, "claims": records}


def _result_in_numbers(scores: Scores) -> dict[str, Any]:
    """Mean and interval of the seeds that have a value; how many have none, for they diverged or never got there."""
    found = estimate(scores.finite)
    ends = (None, None, None) if found is None else (found.mean, found.low, found.high)
    return dict(zip(("mean", "low", "high"), ends, strict=True)) | {
        "seeds": len(scores.by_seed),
        "without": scores.without,
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
