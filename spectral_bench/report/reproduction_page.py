"""All claims as a page to read: verdicts first, then each claim with its numbers, its rule and its command."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from spectral_bench.claims.claim import Claim
from spectral_bench.claims.rules import Word
from spectral_bench.claims.verdict import Verdict
from spectral_bench.report.claim_commands import claim_command, commands_again
from spectral_bench.report.claim_tables import deciding_table, entrants_in_rows, search_table
from spectral_bench.report.claim_words import (
    CERTAINTY,
    ORDER,
    assumptions,
    finding,
    not_counted,
    ours,
    overall_measure,
    published_in_words,
    published_or_own,
    runs_there,
    source,
    verdicts_counted,
)
from spectral_bench.report.document import Cell, Column, Table
from spectral_bench.report.formats import table_lines
from spectral_bench.report.numbers import NOTHING

_COLUMNS = [
    Column("verdict", "left"),
    Column("claim", "left"),
    Column("measure", "left"),
    Column("ours", "left"),
    Column("published", "left"),
    Column("seeds"),
    Column("runs"),
    Column("hours"),
]


def reproduction_page(verdicts: Sequence[Verdict], notes: Sequence[str] = (), *, file: Path | None = None) -> str:
    """The page, in GitHub's Markdown. The same runs make the same page.

    Args:
        verdicts: of the claims, in the order of their file.
        notes: about runs that were left out.
        file: which holds the claims; None: that of this package.
    """
    ordered = sorted(verdicts, key=lambda verdict: ORDER.index(verdict.decision.word))
    lines = [
        "# What the papers claim, and what came of it",
        "",
        _opening(ordered, file),
        "",
        *table_lines(Table("", "", _COLUMNS, [_row(verdict) for verdict in ordered])),
        "",
        "±: 95 % interval (Student's t, over seeds). Published numbers are printed in the source, read off a figure, "
        "or quoted by others; `-`: there is none; `our own`: no paper claims it. Runs include those of the searches; "
        "claims may share runs.",
    ]
    for word in ORDER:
        members = [verdict for verdict in ordered if verdict.decision.word is word]
        if members:
            lines += ["", f"## {word.value.capitalize()}"]
            lines += [line for verdict in members for line in _section(verdict, file)]
    if notes:
        lines += ["", "## Left out", "", *(f"- {note}" for note in notes)]
    return "\n".join(lines) + "\n"


def _opening(ordered: Sequence[Verdict], file: Path | None) -> str:
    runs = {run.run_id: run for verdict in ordered for one in verdict.evidence.values() for run in one.runs}
    hours = sum(run.summary.get("wall_seconds") or 0.0 for run in runs.values()) / 3600
    again, all_of_them = claim_command("ID", file, "--rerun-one"), claim_command(None, file, "--whole", "-o", "FILE.md")
    return (
        f"{verdicts_counted(ordered)}. {len(runs)} runs, {hours:.1f} hours of training. Each is decided "
        "by a rule that was written before its runs; where some were known, the claim says so. "
        f"`{again}` makes one of its runs again and compares every number. `{all_of_them}` writes such a page."
    )


def _row(verdict: Verdict) -> list[Cell]:
    claim = verdict.claim
    return [
        Cell(verdict.decision.word.value, bold=verdict.decision.word is not Word.open),
        Cell(f"[{claim.id}](#{_anchor(claim.id)})"),
        Cell(overall_measure(claim)),
        Cell(ours(verdict)),
        Cell(_published(claim)),
        Cell(str(len(claim.seeds))),
        Cell(str(runs_there(verdict))),
        Cell(f"{verdict.hours:.1f}" if verdict.hours else NOTHING),
    ]


def _published(claim: Claim) -> str:
    certainty = f" ({CERTAINTY[claim.source.certainty]})" if published_in_words(claim) else ""
    return f"{published_or_own(claim)}{certainty}"


def _anchor(claim: str) -> str:
    """As GitHub makes it of a heading."""
    return "".join(letter for letter in claim.lower() if letter.isalnum() or letter in "-_")


def _section(verdict: Verdict, file: Path | None) -> list[str]:
    claim, decision = verdict.claim, verdict.decision
    lines = ["", f"### {claim.id}", "", f"**{decision.word.value.capitalize()}.** {decision.why}", ""]
    lines += [f"> {claim.statement}", ">", f"> {source(claim)}.", ""]
    if any(one.runs for one in verdict.evidence.values()):
        columns, rows = entrants_in_rows(verdict)
        lines += [*table_lines(Table("", "", columns, rows).without_empty_columns()), ""]
    if found := finding(verdict):
        lines += [found, ""]
    if published_in_words(claim):
        lines += [f"- Published: {_published(claim)}."]
    lines += [f"- Rule: {claim.rule.words}"]
    lines += [f"- {text}" for text in assumptions(claim)]
    lines += [f"- {text}" for text in not_counted(verdict)]
    lines += [f"- {runs_there(verdict)} runs, {verdict.hours:.1f} hours: `{claim_command(claim.id, file, '--run')}`"]
    for title, table in (("Runs that decide", deciding_table(verdict)), ("Runs of the search", search_table(verdict))):
        if table is not None:
            lines += _folded(f"{title}: {len(table.rows)}", table_lines(replace(table, title="", subtitle="")))
    if commands := commands_again(verdict):
        lines += _folded("Commands that make these runs", ["```", *commands, "```"])
    return lines


def _folded(title: str, lines: Sequence[str]) -> list[str]:
    return ["", f"<details><summary>{title}</summary>", "", *lines, "", "</details>"]
