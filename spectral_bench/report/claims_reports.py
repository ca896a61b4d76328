"""What ``spectral-bench claims`` shows: a table of all claims, or one of them in full."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from spectral_bench.claims.rules import Word
from spectral_bench.claims.verdict import Verdict
from spectral_bench.report.claim_commands import claim_command, commands_again, how_many_missing, run_commands
from spectral_bench.report.claim_records import (
    claim_record_in_full,
    claim_record_in_numbers,
    claim_rows,
    claims_document,
)
from spectral_bench.report.claim_tables import claim_tables
from spectral_bench.report.claim_words import ours, published_or_own, runs_there, verdicts_counted
from spectral_bench.report.document import GLUE, Cell, Column, Report, Table
from spectral_bench.report.numbers import NOTHING

_COLUMNS = [
    Column("claim", "left", label=True),
    Column("verdict", "left"),
    Column("ours", "left", wraps=True),
    Column("published", "left", wraps=True),
    Column("runs"),
    Column("hours"),
]


def claims_report(
    verdicts: Sequence[Verdict], notes: Sequence[str] = (), *, whole: bool = False, file: Path | None = None
) -> Report:
    """Every claim in a row; ``whole``: and each of them in full below; ``file``: which holds them."""
    rows = [_row(verdict) for verdict in verdicts]
    one = claim_command("ID", file)
    below = [f"`{one}`: the statement, its rule, its runs, and the commands that make them."]
    table = Table(verdicts_counted(verdicts), "", _COLUMNS, rows, below)
    in_full = [page for verdict in verdicts for page in claim_tables(verdict)] if whole else []
    document = claims_document([claim_record_in_numbers(verdict) for verdict in verdicts])
    return Report(
        [table, *in_full], [row for verdict in verdicts for row in claim_rows(verdict)], document, list(notes)
    )


def claim_report(verdict: Verdict, notes: Sequence[str] = (), *, file: Path | None = None) -> Report:
    """One claim in full, with every run that decides, and commands for those that are missing, or for all."""
    first, *others = claim_tables(verdict)
    if verdict.missing:
        ways = [claim_command(verdict.claim.id, file, "--run"), *run_commands(verdict.missing)]
        remark = f"{how_many_missing(verdict)}. All at once, or by hand:"
    else:
        remark, ways = "Its runs once more, into results/:", commands_again(verdict)
    first = replace(first, remarks=[remark], commands=[f"  {line}" for line in ways])
    document = claims_document([claim_record_in_full(verdict)])
    return Report([first, *others], claim_rows(verdict), document, list(notes))


def _row(verdict: Verdict) -> list[Cell]:
    decided = verdict.decision.word is not Word.open
    runs = runs_there(verdict)
    return [
        Cell(verdict.claim.id),
        Cell(verdict.decision.word.value, bold=decided),
        Cell(ours(verdict, GLUE)),
        Cell(published_or_own(verdict.claim, GLUE)),
        Cell(f"{runs.there}/{runs.asked}"),
        Cell(f"{verdict.hours:.1f}" if verdict.hours else NOTHING),
    ]
