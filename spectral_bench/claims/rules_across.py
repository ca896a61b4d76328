"""Rules about several settings at once: data sets, lengths."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from typing import Any, ClassVar

from spectral_bench.claims.claim import Across
from spectral_bench.claims.rules import Decision, Rule, Word
from spectral_bench.compare.scores import Scores
from spectral_bench.compare.statistics import average, differences_needed, finite_stand_ins, holm, sign_flip_p

#: At or below this p, corrected by Holm's method, a difference is more than chance.
_CHANCE = 0.05

#: Of all runs, so many have to be on the expected side of a frontier; below the second share it is refuted.
_AGREED, _DENIED = 0.9, 0.75


@dataclass(frozen=True)
class AheadAcross(Rule):
    """An entrant is better than each of the others over many settings.

    Attributes:
        entrant: claimed to be ahead.
        of: the others.
        settings: where all of them run.
    """

    overall_name: ClassVar[str] = "mean"
    overall_words: ClassVar[str] = "{metric}, mean over {key}"

    entrant: str
    of: Sequence[str]
    settings: Sequence[Any]

    @property
    def entrants(self) -> Sequence[str]:
        """Whose numbers it needs."""
        return [Across.name(name, setting) for name in (self.entrant, *self.of) for setting in self.settings]

    @property
    def words(self) -> str:
        """The rule in a sentence."""
        return (
            f"Reproduced if {self.entrant} is better than each of {', '.join(self.of)} in the mean over the "
            f"{len(self.settings)} settings, by more than chance (random signs of the differences of their means over "
            f"seeds; p at most {_CHANCE}, corrected by Holm's method); refuted if so much worse than one of them."
            + (f" {self._too_few}" if self._too_few else "")
        )

    @property
    def _too_few(self) -> str | None:
        """Where no p of so few settings can be that small."""
        needed = differences_needed(len(self.of))
        if len(self.settings) >= needed:
            return None
        return f"Fewer than {needed} settings decide nothing: no p can be that small."

    def decide(self, scores: Mapping[str, Scores]) -> Decision:
        """Decide by paired differences, one a setting."""
        if self._too_few:
            return Decision(Word.open, self._too_few)
        gaps = {name: [self._lead(scores, name, setting) for setting in self.settings] for name in self.of}
        p = dict(zip(gaps, holm([sign_flip_p(values) for values in gaps.values()]), strict=True))
        leads = {name: float(finite_stand_ins(values).sum()) for name, values in gaps.items()}
        listed = ", ".join(f"{name} (p = {p[name]:.2g})" for name in self.of)
        behind = [name for name in self.of if leads[name] < 0 and p[name] <= _CHANCE]
        if behind:
            return Decision(
                Word.refuted, f"{self.entrant} is behind {', '.join(behind)} by more than chance: {listed}."
            )
        if all(leads[name] > 0 and p[name] <= _CHANCE for name in self.of):
            return Decision(Word.reproduced, f"{self.entrant} is ahead of {listed}.")
        return Decision(Word.open, f"It may be chance: {listed}.")

    def overall(self, scores: Mapping[str, Scores]) -> Mapping[str, Scores]:
        """The mean over settings of each seed that ran in all of them."""
        return {name: _over_settings(self._of(scores, name), average) for name in (self.entrant, *self.of)}

    def _of(self, scores: Mapping[str, Scores], entrant: str) -> list[Scores]:
        return [scores[Across.name(entrant, setting)] for setting in self.settings]

    def _lead(self, scores: Mapping[str, Scores], other: str, setting: Any) -> float:
        ours, theirs = (scores[Across.name(name, setting)] for name in (self.entrant, other))
        a, b = (average(list(one.by_seed.values())) for one in (ours, theirs))
        if a == b:  # both may be infinite
            return 0.0
        return a - b if ours.higher_is_better else b - a


@dataclass(frozen=True)
class Frontier(Rule):
    """Up to a setting of its own every entrant gets there, and beyond it none does.

    Attributes:
        until: the last setting at which an entrant is expected to have a value, by entrant.
        settings: where all of them run, numbers.
    """

    overall_name: ClassVar[str] = "last"
    overall_words: ClassVar[str] = "last {key}, by {metric}"

    until: Mapping[str, float]
    settings: Sequence[float]

    @property
    def entrants(self) -> Sequence[str]:
        """Whose numbers it needs."""
        return [Across.name(name, setting) for name in self.until for setting in self.settings]

    @property
    def words(self) -> str:
        """The rule in a sentence."""
        expected = "; ".join(f"{name} until {last:g}" for name, last in self.until.items())
        return (
            f"Reproduced if at least {_AGREED:.0%} of all runs have a value where one is expected, and none elsewhere "
            f"({expected}); refuted if fewer than {_DENIED:.0%}."
        )

    def decide(self, scores: Mapping[str, Scores]) -> Decision:
        """Decide by counting the runs on their side."""
        agree = [
            isfinite(value) == (setting <= last)
            for name, last in self.until.items()
            for setting in self.settings
            for value in scores[Across.name(name, setting)].by_seed.values()
        ]
        share = sum(agree) / len(agree)
        why = f"{sum(agree)} of {len(agree)} runs are on the side where they are expected."
        if share >= _AGREED:
            return Decision(Word.reproduced, why)
        return Decision(Word.refuted if share < _DENIED else Word.open, why)

    def overall(self, scores: Mapping[str, Scores]) -> Mapping[str, Scores]:
        """The last setting at which a seed has a value."""

        def last(values: Sequence[float]) -> float:
            reached = [setting for setting, value in zip(self.settings, values, strict=True) if isfinite(value)]
            return max(reached, default=-inf)

        found = {}
        for name in self.until:
            ran = [scores[Across.name(name, setting)] for setting in self.settings]
            found[name] = Scores(_over_settings(ran, last).by_seed, higher_is_better=True)
        return found


def _over_settings(ran: Sequence[Scores], combine: Any) -> Scores:
    """One number for each seed that ran in every setting."""
    seeds = [seed for seed in ran[0].by_seed if all(seed in one.by_seed for one in ran)]
    values = {seed: combine([one.by_seed[seed] for one in ran]) for seed in seeds}
    return Scores(values, ran[0].higher_is_better)
