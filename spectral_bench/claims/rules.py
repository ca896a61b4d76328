"""Rules that decide claims.

A rule sees one number for every seed of every entrant; a run that diverged, or never got that far, is worse than any.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from itertools import pairwise
from math import comb
from typing import ClassVar

from spectral_bench.compare.scores import Scores
from spectral_bench.compare.statistics import average, difference, estimate, nearly_equal

#: Below so many seeds nothing is decided.
FEWEST_SEEDS = 3


class Word(Enum):
    """A verdict."""

    reproduced = "reproduced"
    beaten = "beaten"
    refuted = "refuted"
    open = "open"


@dataclass(frozen=True)
class Decision:
    """A verdict with its reason, a sentence."""

    word: Word
    why: str


class Rule(ABC):
    """Decides a claim.

    Attributes:
        overall_name: what ``overall`` holds of a claim across several settings, in a word.
        overall_words: what the numbers of ``overall`` are, of a metric and the key in which the settings differ.
    """

    overall_name: ClassVar[str] = ""
    overall_words: ClassVar[str] = "{metric}"

    @property
    @abstractmethod
    def entrants(self) -> Sequence[str]:
        """Whose numbers it needs."""

    @property
    @abstractmethod
    def words(self) -> str:
        """The rule in a sentence."""

    @abstractmethod
    def decide(self, scores: Mapping[str, Scores]) -> Decision:
        """Decide, given the numbers of all entrants, of at least ``FEWEST_SEEDS`` seeds each."""

    def overall(self, scores: Mapping[str, Scores]) -> Mapping[str, Scores]:
        """What stands in one line for the numbers of all entrants."""
        return {name: scores[name] for name in self.entrants}


@dataclass(frozen=True)
class Reaches(Rule):
    """The mean of an entrant reaches a published value."""

    entrant: str
    value: float

    @property
    def entrants(self) -> Sequence[str]:
        """Whose numbers it needs."""
        return (self.entrant,)

    @property
    def words(self) -> str:
        """The rule in a sentence."""
        return (
            f"Reproduced if the 95 % interval of {self.entrant}'s mean contains {self.value:g}; beaten if it is wholly "
            "better, refuted if wholly worse, or if a seed diverged or never got there."
        )

    def decide(self, scores: Mapping[str, Scores]) -> Decision:
        """Decide by the interval of Student's t."""
        ours = scores[self.entrant]
        if ours.without:
            return Decision(Word.refuted, f"{ours.without} of {len(ours.by_seed)} seeds have no value.")
        mean = estimate(ours.finite)
        if mean is None or mean.low is None or mean.high is None:
            return Decision(Word.open, "There is no interval.")
        interval = f"The interval, {mean.low:.4g} to {mean.high:.4g},"
        if mean.low <= self.value <= mean.high:
            return Decision(Word.reproduced, f"{interval} contains {self.value:g}.")
        better = mean.low > self.value if ours.higher_is_better else mean.high < self.value
        word = Word.beaten if better else Word.refuted
        return Decision(word, f"{interval} lies wholly on the {'better' if better else 'worse'} side.")


@dataclass(frozen=True)
class Ahead(Rule):
    """An entrant is better than each of the others."""

    entrant: str
    of: list[str]

    def __post_init__(self) -> None:
        """Refuse what would be decided whatever the runs say."""
        if not self.of or self.entrant in self.of or len(set(self.of)) < len(self.of):
            raise ValueError(f"of={self.of}: expected other entrants than {self.entrant}, each of them once")

    @property
    def entrants(self) -> Sequence[str]:
        """Whose numbers it needs."""
        return (self.entrant, *self.of)

    @property
    def words(self) -> str:
        """The rule in a sentence."""
        luck, bad_luck = (f"at most {chance_of_a_rival_ahead(n):.0%}" for n in (1, len(self.of)))
        return (
            f"Reproduced if every seed of {self.entrant} is better than every seed of each of {', '.join(self.of)} "
            f"(by chance {luck}); refuted if all are worse than, or level with, those of one of them (by chance, ties "
            f"apart, {bad_luck}); open if no seed of any has a value."
        )

    def decide(self, scores: Mapping[str, Scores]) -> Decision:
        """Decide by complete separation."""
        ours = scores[self.entrant]
        if not ours.finite and not any(scores[name].finite for name in self.of):
            return Decision(Word.open, "No seed of any has a value.")
        behind = [name for name in self.of if _never_better(ours, scores[name])]
        undecided = [name for name in self.of if not _all_better(ours, scores[name])]
        if behind:
            return Decision(Word.refuted, self._who_is_behind([name for name in behind if scores[name].finite], behind))
        if undecided:
            return Decision(Word.open, f"The seeds of {self.entrant} and {_listed(undecided)} overlap.")
        return Decision(Word.reproduced, f"Every seed of {self.entrant} is better than all of {_listed(self.of)}.")

    def _who_is_behind(self, better: Sequence[str], behind: Sequence[str]) -> str:
        """Who is not beaten; those apart that have no value either, and are level with an entrant that has none."""
        text = f"No seed of {self.entrant} is better than any of {_listed(better)}."
        level = [name for name in behind if name not in better]
        return f"{text} No seed of {_listed(level)} has a value either." if level else text


@dataclass(frozen=True)
class NotBehind(Rule):
    """An entrant is as good as another, or better."""

    entrant: str
    of: str
    tolerance: float

    def __post_init__(self) -> None:
        """Refuse what would be decided whatever the runs say."""
        if self.of == self.entrant:
            raise ValueError(f"of={self.of}: expected another entrant than {self.entrant}")
        if self.tolerance < 0:
            raise ValueError(f"tolerance={self.tolerance}: expected 0 or more")

    @property
    def entrants(self) -> Sequence[str]:
        """Whose numbers it needs."""
        return (self.entrant, self.of)

    @property
    def words(self) -> str:
        """The rule in a sentence."""
        return (
            f"Reproduced if {self.entrant} is at most {self.tolerance:.1%} worse than {self.of} over the whole 95 % "
            "interval of the difference; beaten if better over all of it; refuted if worse by more over all of it."
        )

    def decide(self, scores: Mapping[str, Scores]) -> Decision:
        """Decide by Welch's interval."""
        ours, theirs = scores[self.entrant], scores[self.of]
        if not ours.finite and not theirs.without:
            return Decision(Word.refuted, f"No seed of {self.entrant} has a value.")
        if ours.without or theirs.without:
            return Decision(Word.open, "A seed has no value.")
        gap = difference(ours.finite, theirs.finite)
        if gap is None or gap.low is None or gap.high is None:
            return Decision(Word.open, "There is no interval.")
        # How much worse ours is, at best and at worst, as a share of theirs.
        scale = abs(average(theirs.finite)) or 1.0
        ends = (-gap.high / scale, -gap.low / scale) if ours.higher_is_better else (gap.low / scale, gap.high / scale)
        best, worst = (f"{abs(end):.1%} {'worse' if end > 0 else 'better'}" for end in ends)
        why = f"{self.entrant} is between {best} and {worst} than {self.of}."
        if ends[1] < 0:
            return Decision(Word.beaten, why)
        if ends[1] <= self.tolerance:
            return Decision(Word.reproduced, why)
        return Decision(Word.refuted if ends[0] > self.tolerance else Word.open, why)


@dataclass(frozen=True)
class ExpectedRange:
    """Where every seed of an entrant is expected; None: no bound on that side."""

    low: float | None
    high: float | None

    def __post_init__(self) -> None:
        """Refuse a range in which every number is, or none."""
        if self.low is None and self.high is None:
            raise ValueError("low=null high=null: expected a bound on one side at least")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low={self.low} high={self.high}: expected low to be the smaller")

    @property
    def words(self) -> str:
        """Both bounds in words."""
        if self.high is None:
            return f"at least {self.low:g}"
        return f"at most {self.high:g}" if self.low is None else f"from {self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Within(Rule):
    """Every seed of an entrant is in the range of that entrant."""

    ranges: Mapping[str, ExpectedRange]

    @property
    def entrants(self) -> Sequence[str]:
        """Whose numbers it needs."""
        return tuple(self.ranges)

    @property
    def words(self) -> str:
        """The rule in a sentence."""
        expected = "; ".join(f"{name} {bounds.words}" for name, bounds in self.ranges.items())
        return f"Reproduced if every seed is where it is expected ({expected}); refuted if no seed of one of them is."

    def decide(self, scores: Mapping[str, Scores]) -> Decision:
        """Decide by counting the seeds inside."""
        inside = {
            name: [_is_inside(value, bounds) for value in scores[name].by_seed.values()]
            for name, bounds in self.ranges.items()
        }
        outside = [name for name, found in inside.items() if not any(found)]
        mixed = [name for name, found in inside.items() if any(found) and not all(found)]
        if outside:
            return Decision(Word.refuted, f"No seed of {_listed(outside)} is where it is expected.")
        if mixed:
            return Decision(Word.open, f"Some seeds of {_listed(mixed)} are where they are expected, others are not.")
        return Decision(Word.reproduced, "Every seed is where it is expected.")


@dataclass(frozen=True)
class Grows(Rule):
    """The numbers grow from entrant to entrant, in the order given."""

    along: list[str]

    def __post_init__(self) -> None:
        """Refuse too few to grow."""
        if len(set(self.along)) < max(2, len(self.along)):
            raise ValueError(f"along={self.along}: expected two entrants or more, each of them once")

    @property
    def entrants(self) -> Sequence[str]:
        """Whose numbers it needs."""
        return tuple(self.along)

    @property
    def words(self) -> str:
        """The rule in a sentence."""
        return (
            f"Reproduced if the means grow from each to the next of {', '.join(self.along)}, and all seeds of the last "
            "are above all seeds of the first; refuted if all seeds of the last are below all seeds of the first (by "
            f"chance at most {chance_of_a_rival_ahead(1):.0%}, either)."
        )

    def decide(self, scores: Mapping[str, Scores]) -> Decision:
        """Decide by the means, and by the two ends."""
        values = [list(scores[name].by_seed.values()) for name in self.along]
        if _exceeds(min(values[0]), max(values[-1])):
            return Decision(Word.refuted, "Every seed of the last is below every seed of the first.")
        steps = pairwise(zip(self.along, map(average, values), strict=True))
        falls = [f"{before} to {after}" for (before, x), (after, y) in steps if not _exceeds(y, x)]
        if falls or not _exceeds(min(values[-1]), max(values[0])):
            return Decision(Word.open, f"It does not grow from {_listed(falls)}." if falls else "The two ends overlap.")
        return Decision(Word.reproduced, "It grows from each to the next.")


def chance_of_a_rival_ahead(rivals: int) -> float:
    """How likely all seeds of some rival are better than all of an entrant's, where nothing but luck decides.

    Of three seeds each, no two alike; more make it less likely. The entrant's best lies at M ~ Beta(3, 1), and then a
    rival is ahead with probability (1 - M)³: E[1 - (1 - (1 - M)³)^rivals], as a sum over binomial terms.

    Args:
        rivals: how many there are, 1 or more.
    """
    terms = (
        comb(rivals, k) * Fraction(-6 * (-1) ** k, (3 * k + 1) * (3 * k + 2) * (3 * k + 3))
        for k in range(1, rivals + 1)
    )
    return float(sum(terms))


def _all_better(ours: Scores, theirs: Scores) -> bool:
    """Whether every one of our seeds is better than every one of theirs."""
    a, b = list(ours.by_seed.values()), list(theirs.by_seed.values())
    return _exceeds(min(a), max(b)) if ours.higher_is_better else _exceeds(min(b), max(a))


def _never_better(ours: Scores, theirs: Scores) -> bool:
    """Whether none of our seeds is better than any of theirs."""
    a, b = list(ours.by_seed.values()), list(theirs.by_seed.values())
    return not (_exceeds(max(a), min(b)) if ours.higher_is_better else _exceeds(max(b), min(a)))


def _exceeds(first: float, second: float) -> bool:
    """Whether one number is larger than another by more than rounding."""
    return first > second and not nearly_equal(first, second)


def _is_inside(value: float, bounds: ExpectedRange) -> bool:
    return (bounds.low is None or value >= bounds.low) and (bounds.high is None or value <= bounds.high)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
