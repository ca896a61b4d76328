"""Every group against every other, paired by seed."""

from dataclasses import dataclass
from itertools import combinations

from spectral_bench.compare.criteria import sense
from spectral_bench.compare.statistics import Estimate, estimate, holm, probability_of_improvement, sign_flip_p
from spectral_bench.records.groups import Section


@dataclass(frozen=True)
class Pair:
    """Two groups, paired by seed.

    Attributes:
        first, second: the groups, the better one first.
        seeds: those that both completed.
        gap: mean difference, first minus second, with its interval.
        improvement: how often a run of ``first`` is better than one of ``second``, over all pairs of runs.
        p: two-sided, of a sign-flip permutation test.
        p_holm: the same, corrected for the number of pairs in the section.
    """

    first: str
    second: str
    seeds: list[int]
    gap: Estimate
    improvement: float
    p: float
    p_holm: float


def paired_groups(section: Section, field: str) -> list[Pair]:
    """Every two groups of a section that share a seed both completed, the better one first."""
    higher = sense(section, field) == "max"
    completed = [group for group in section.groups if group.completed]
    valued = [(group.label, values) for group in completed if (values := group.by_seed(field))]
    valued.sort(key=lambda pair: sum(pair[1].values()) / len(pair[1]), reverse=higher)
    pairs = []
    for (first, a), (second, b) in combinations(valued, 2):
        seeds = sorted(a.keys() & b.keys())
        gaps = [a[seed] - b[seed] for seed in seeds]
        gap = estimate(gaps)
        if gap is not None:
            improvement = probability_of_improvement(list(a.values()), list(b.values()), higher_is_better=higher)
            pairs.append((first, second, seeds, gap, improvement, sign_flip_p(gaps)))
    corrected = holm([pair[-1] for pair in pairs])
    return [Pair(*pair, p_holm) for pair, p_holm in zip(pairs, corrected, strict=True)]
