"""What is said of a claim in a few words: its source, what its entrants came to, which runs are there."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spectral_bench.claims.claim import Certainty, Claim
from spectral_bench.claims.evidence import EntrantEvidence
from spectral_bench.claims.measures import MEASURES_OF_WHEN
from spectral_bench.claims.rules import Ahead, Word
from spectral_bench.claims.verdict import Verdict
from spectral_bench.compare.scores import Scores
from spectral_bench.compare.statistics import estimate
from spectral_bench.config.keys import as_typed
from spectral_bench.diagnostics.decay_words import verdict_in_words
from spectral_bench.report.numbers import NOTHING, counted, number, share, with_interval
from spectral_bench.runs.field_words import metric_in_words

#: Of more runs that differ alike, the others are counted.
_MOST_NAMED = 3

#: Of more entrants than this, the table of all claims shows but three.
_MOST_SHOWN = 6

CERTAINTY = {
    Certainty.printed: "printed",
    Certainty.figure: "read off a figure",
    Certainty.quoted: "quoted by others",
    Certainty.ours: "ours",
}


#: Decided before open, and good news before bad.
ORDER = (Word.beaten, Word.reproduced, Word.refuted, Word.open)

#: What stands in place of a published number where no paper is asked.
_OUR_OWN = "our own"


@dataclass(frozen=True)
class RunsThere:
    """How many of the runs asked for are there."""

    there: int
    asked: int

    def __str__(self) -> str:
        return f"{self.there} of {self.asked}"


def verdicts_counted(verdicts: Sequence[Verdict]) -> str:
    """How many claims have each verdict, those of papers apart from those of our own."""
    kinds: dict[bool, list[Word]] = {}
    for verdict in verdicts:
        kinds.setdefault(verdict.claim.is_ours, []).append(verdict.decision.word)
    counts = {
        is_ours: ", ".join(f"{words.count(word)} {word.value}" for word in ORDER if word in words)
        for is_ours, words in kinds.items()
    }
    if len(counts) < 2:
        return f"{counted(len(verdicts), 'claim')}: {''.join(counts.values())}"
    papers = counted(len(kinds[False]), "claim")
    return f"{papers} of papers: {counts[False]}; {len(kinds[True])} of our own: {counts[True]}"


def source(claim: Claim) -> str:
    """Who says so, where, and how sure that is."""
    origin = claim.source
    return f"{origin.paper}; {origin.place}; {CERTAINTY[origin.certainty]}"


def published_in_words(claim: Claim, glue: str = " ") -> str | None:
    """The numbers of the source, of several entrants each with its name; None: there are none.

    Args:
        claim: the claim.
        glue: see ``ours``.
    """
    each = {name: published_of(claim, name) for name in claim.entrants if name in claim.source.values}
    if len(claim.entrants) == 1:
        return next(iter(each.values()), None)
    return "; ".join(f"{name.replace(' ', glue)}:{glue}{value}" for name, value in each.items()) or None


def published_or_own(claim: Claim, glue: str = " ") -> str:
    """The same; where there are none, whether a paper makes the claim at all."""
    return published_in_words(claim, glue) or (_OUR_OWN if claim.is_ours else NOTHING)


def published_of(claim: Claim, entrant: str) -> str:
    """The number of the source for an entrant, or from where to where it is; empty where there is none."""
    value = claim.source.values.get(entrant)
    if value is None:
        return ""
    return " to ".join(map(number, value)) if isinstance(value, list) else number(value)


def assumptions(claim: Claim) -> list[str]:
    """In what its runs differ from those of the source; of a claim of our own, what has to be known of them."""
    prefix = "To know" if claim.is_ours else "Differs from the source"
    return [f"{prefix}: {text}" for text in claim.differences]


def overall_measure(claim: Claim) -> str:
    """What the numbers of ``ours`` are."""
    key = "" if claim.across is None else claim.across.short_key
    return claim.rule.overall_words.format(metric=metric_in_words(claim.metric), key=key)


def ours(verdict: Verdict, glue: str = " ") -> str:
    """The numbers of those that the rule names; of many, the best and the worst, beside the one that is to be ahead.

    Of several that are as bad, how many they are.

    Args:
        verdict: of a claim.
        glue: stands within a name and between it and its number.
    """
    overall = verdict.claim.rule.overall(verdict.scores)
    known = {name: scores for name, scores in overall.items() if scores.by_seed}
    each = results(verdict)
    numbers = {name: each[name] if name in each else result(verdict.claim, scores) for name, scores in known.items()}
    entries = {name: f"{name.replace(' ', glue)}:{glue}{numbers.get(name, NOTHING)}" for name in overall}
    if not numbers:
        return NOTHING
    if len(overall) == 1:
        return next(iter(numbers.values()))
    if len(known) > _MOST_SHOWN:
        ahead = verdict.claim.rule.entrant if isinstance(verdict.claim.rule, Ahead) else None
        ranked = sorted((name for name in known if name != ahead), key=lambda name: known[name].order)
        best, worst = ranked[0], ranked[-1]
        as_bad = sum(numbers[name] == numbers[worst] for name in ranked)
        between = f"{entries[best]} to {f'{numbers[worst]} ({as_bad})' if as_bad > 1 else entries[worst]}"
        if ahead is None:
            return f"{len(ranked)}{glue}entrants, {between}"
        return f"{entries[ahead]}; of{glue}{len(ranked)}{glue}others, {between}"
    return "; ".join(entries[name] for name in known)


def result(claim: Claim, scores: Scores, diverged: int = 0) -> str:
    """The mean of an entrant with its interval, or that it has none.

    Args:
        claim: which the numbers decide.
        scores: of the entrant.
        diverged: how many of its seeds have none because they diverged; the others never got there.
    """
    if not scores.by_seed:
        return NOTHING
    if not scores.finite:
        all_diverged = diverged == len(scores.by_seed) or claim.metric not in MEASURES_OF_WHEN
        return "diverged" if all_diverged else f"never{f' ({diverged} diverged)' if diverged else ''}"
    return with_interval(estimate(scores.finite)) + share(len(scores.finite), len(scores.by_seed))


def results(verdict: Verdict) -> dict[str, str]:
    """What every entrant came to; of a claim across several settings, in each of them."""
    evidence, scores = verdict.evidence, verdict.scores
    return {name: result(verdict.claim, scores[name], len(evidence[name].diverged)) for name in evidence}


def finding(verdict: Verdict) -> str | None:
    """What was found, told apart from what the runs at hand say; None: nothing was written down, or no run is there."""
    found = verdict.claim.finding
    there = any(evidence.runs for evidence in verdict.evidence.values())
    return f"When this was written, the runs showed: {found}" if found and there else None


def runs_there(verdict: Verdict) -> RunsThere:
    """How many of the runs it asks for are there, those of searches among them."""
    evidence = verdict.evidence.values()
    searched, seeds = sum(len(one.search) for one in evidence), len(verdict.claim.seeds)
    return RunsThere(sum(len(one.runs) for one in evidence), searched + len(evidence) * seeds)


def gradients_of(evidence: EntrantEvidence) -> str:
    """The verdict on the gradients of an entrant's deciding runs, in words; empty where there is none.

    Runs that diverged are left out: their last trace is of weights that have learnt next to nothing.
    """
    runs = [run.summary for run in evidence.completed]
    return verdict_in_words(Counter(str(words) for run in runs if (words := run.get("gradient_verdict"))))


def settings(values: Mapping[str, Any]) -> str:
    """Keys and values as they are typed."""
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
            modified.setdefault(settings(keys), {})[run.run_id] = None
    return [
        *(f"Not counted, with another protocol ({keys}): {_listed([*runs])}." for keys, runs in modified.items()),
        *(f"Not counted, {why}: {run.run_id}." for run, why in (pair for one in evidence for pair in one.apart)),
    ]


def _listed(runs: Sequence[str]) -> str:
    more = len(runs) - _MOST_NAMED
    return ", ".join(runs) if more <= 1 else f"{', '.join(runs[:_MOST_NAMED])} and {more} more"
