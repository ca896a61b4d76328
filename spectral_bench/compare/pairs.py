"""Every group against every other, paired by seed."""

from dataclasses import dataclass
from itertools import combinations

from spectral_bench.compare.scores import finite_gaps, scores
from spectral_bench.compare.statistics import Estimate, estimate, holm, probability_of_improvement, sign_flip_p
from spectral_bench.records.groups import Section


@dataclass(frozen=True)
class Pair:
    """Two groups, paired by seed.

    Attributes:
        first, second: the groups, the better one first.
        seeds: those that both completed or diverged with.
        gap: mean difference, first minus second, with its interval, over the seeds where it is finite; None: nowhere.
        improvement: how often a run of ``first`` is better than one of ``second``, over all pairs of runs.
        p: two-sided, of a sign-flip permutation test.
        p_holm: the same, corrected for the number of pairs in the section.
    """

    first: str
    second: str
    seeds: list[int]
    gap: Estimate | None
    improvement: float
    p: float
    p_holm: float


def paired_groups(section: Section, field: str) -> list[Pair]:
    """Every two groups of a section that share a seed both completed, or diverged with; the better one first."""
    judged = [(group.label, one) for group in section.groups if (one := scores(section, group, field)).by_seed]
    judged.sort(key=lambda pair: pair[1].order)
    pairs = []
    for (first, a), (second, b) in combinations(judged, 2):
        seeds = sorted(a.by_seed.keys() & b.by_seed.keys())
        if not seeds:
            continue
        gaps = [_gap(a.by_seed[seed], b.by_seed[seed]) for seed in seeds]
        improvement = probability_of_improvement(
            list(a.by_seed.values()), list(b.by_seed.values()), higher_is_better=a.higher_is_better
        )
        gap = estimate(finite_gaps(a.by_seed, b.by_seed))
        pairs.append((first, second, seeds, gap, improvement, sign_flip_p(gaps)))
    corrected = holm([pair[-1] for pair in pairs])
    return [Pair(*pair, p_holm) for pair, p_holm in zip(pairs, corrected, strict=True)]


def _gap(first: float, second: float) -> float:
    """Infinite where one of the two is worse than any number, 0 where both are."""
    return 0.0 if first == second else first - second
