"""What the runs say of a claim."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path

from spectral_bench.claims.claim import Claim
from spectral_bench.claims.evidence import EntrantEvidence, gather
from spectral_bench.claims.measures import GENERALIZATION_GAP, MEASURES_OF_WHEN, higher_is_better, measured
from spectral_bench.claims.protocol import Configure
from spectral_bench.claims.rules import FEWEST_SEEDS, Decision, Grows, Within, Word
from spectral_bench.claims.run_requests import RunRequest
from spectral_bench.compare.scores import Scores
from spectral_bench.errors import InputError
from spectral_bench.records.run_record import Run


@dataclass(frozen=True)
class Verdict:
    """A claim as the runs at hand decide it.

    Attributes:
        claim: the claim.
        decision: the verdict, with its reason.
        evidence: by entrant.
        scores: what the runs that decide came to, by entrant; of entrants without runs empty.
    """

    claim: Claim
    decision: Decision
    evidence: Mapping[str, EntrantEvidence]
    scores: Mapping[str, Scores]

    @property
    def missing(self) -> list[RunRequest]:
        """What can be run next. The runs that decide are known when the searches are complete."""
        return [request for one in self.evidence.values() for request in one.missing]

    @property
    def shortest_run(self) -> Run | None:
        """Of the runs that decide, the completed one that is made again soonest."""
        completed = [run for one in self.evidence.values() for run in one.completed]
        return min(completed, key=lambda run: run.summary.get("wall_seconds") or inf, default=None)

    @property
    def searching(self) -> list[Run]:
        """The runs of the searches that are through: they chose, and decide nothing.

        Before that a run may be there for a reason of its own, and be asked for by chance.
        """
        through = [evidence.search for evidence in self.evidence.values() if evidence.chosen is not None]
        return [one.run for search in through for one in search if one.run is not None]

    @property
    def deciding(self) -> list[Run]:
        """The runs that decide."""
        return [one.run for evidence in self.evidence.values() for one in evidence.deciding if one.run is not None]

    def with_repeat(self, run: Run, repeat: Run) -> "Verdict":
        """The verdict, had one of the runs that decide come to what its repeat came to."""
        evidence = {
            name: replace(
                one, deciding=[replace(asked, run=repeat) if asked.run is run else asked for asked in one.deciding]
            )
            for name, one in self.evidence.items()
        }
        return _verdict(self.claim, evidence)

    @property
    def hours(self) -> float:
        """Of training, searches included."""
        runs = {run.run_id: run for one in self.evidence.values() for run in one.runs}
        return sum(run.summary.get("wall_seconds") or 0.0 for run in runs.values()) / 3600


def judge_all(claims: Iterable[Claim], runs: Sequence[Run], configure: Configure, file: Path | None) -> list[Verdict]:
    """Decide the claims of a file; None: of this package's.

    Raises:
        InputError: an override of a claim is wrong; the message names the file.
    """
    try:
        return [judge(claim, runs, configure) for claim in claims]
    except InputError as error:
        raise InputError(f"--claims {file}: {error}" if file else str(error)) from error


def judge(claim: Claim, runs: Sequence[Run], configure: Configure) -> Verdict:
    """Decide a claim.

    Args:
        claim: the claim.
        runs: all there are; those that it does not ask for are passed over.
        configure: composes overrides.

    Raises:
        InputError: an override of the claim is wrong.
    """
    try:
        evidence = gather(claim, runs, configure)
    except InputError as error:
        raise InputError(f"{claim.id}: {error}") from error
    return _verdict(claim, evidence)


def _verdict(claim: Claim, evidence: Mapping[str, EntrantEvidence]) -> Verdict:
    scores = {entrant: _scores(claim, one) for entrant, one in evidence.items()}
    return Verdict(claim, _decision(claim, evidence, scores), evidence, scores)


def _scores(claim: Claim, evidence: EntrantEvidence) -> Scores:
    runs: list[Run] = [one.run for one in evidence.deciding if one.run is not None]
    values = {run.seed: value for run in runs if (value := _value(claim, run)) is not None}
    return Scores(values, any(higher_is_better(claim.metric, run) for run in runs))


def _value(claim: Claim, run: Run) -> float | None:
    """What a run came to. Who diverged is behind with its gap, but has none that could grow or lie in a range."""
    is_gap = claim.metric == GENERALIZATION_GAP and isinstance(claim.rule, Within | Grows)
    return None if is_gap and run.status == "diverged" else measured(run, claim.metric)


def _decision(claim: Claim, evidence: Mapping[str, EntrantEvidence], scores: Mapping[str, Scores]) -> Decision:
    needed = claim.rule.entrants
    unsearched = [name for name in needed if evidence[name].chosen is None]
    if unsearched:
        done = sum(one.run is not None for name in needed for one in evidence[name].search)
        total = sum(len(evidence[name].search) for name in needed)
        return Decision(Word.open, f"{done} of {total} runs of the search are there.")
    there = sum(one.run is not None for name in needed for one in evidence[name].deciding)
    if there < len(needed) * len(claim.seeds):
        total = len(needed) * len(claim.seeds)
        return Decision(Word.open, f"{there} of {total} runs that decide are there.{_apart(evidence)}")
    if len(claim.seeds) < FEWEST_SEEDS:
        return Decision(Word.open, f"Fewer than {FEWEST_SEEDS} seeds decide nothing.")
    models = {one.run.model for name in needed for one in evidence[name].deciding if one.run is not None}
    if claim.search is None and len(models) > 1:
        return Decision(Word.open, f"Without a search, {', '.join(sorted(models))} cannot be held against each other.")
    unmeasured = [name for name in needed if len(scores[name].by_seed) < len(claim.seeds)]
    if unmeasured:
        why = ", for some diverged" if any(evidence[name].diverged for name in unmeasured) else ""
        return Decision(Word.open, f"Not every run of {', '.join(unmeasured)} has a value of {claim.metric}{why}.")
    decision = claim.rule.decide(scores)
    diverged = [name for name in needed if evidence[name].diverged]
    if diverged and decision.word is not Word.open and _says_nothing(claim, decision.word):
        return Decision(Word.open, f"Runs of {', '.join(diverged)} diverged, by which this cannot be decided.")
    return decision


def _says_nothing(claim: Claim, word: Word) -> bool:
    """Whether to be worse than any number, as a run that diverged is, could be just what is claimed, or denied."""
    if claim.metric in MEASURES_OF_WHEN:
        return False
    return isinstance(claim.rule, Grows) or (isinstance(claim.rule, Within) and word is Word.reproduced)


def _apart(evidence: Mapping[str, EntrantEvidence]) -> str:
    runs = {run.run_id for one in evidence.values() for run, _ in one.apart}
    return f" {len(runs)} more cannot be compared with them." if runs else ""
