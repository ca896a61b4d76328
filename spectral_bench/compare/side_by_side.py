"""Two runs or groups: find them by name, list where their configurations differ, and estimate the gap in scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from spectral_bench.compare.milestones import milestone
from spectral_bench.compare.scores import ACHIEVEMENTS, finite_gaps, scores
from spectral_bench.compare.statistics import Estimate, difference, estimate
from spectral_bench.config.hints import nearest, short
from spectral_bench.config.keys import FREE, RADIUS
from spectral_bench.config.schema import CHANGES_NO_NUMBER
from spectral_bench.errors import InputError
from spectral_bench.records.groups import Group, Section
from spectral_bench.records.run_record import Run
from spectral_bench.runs.layout import MILESTONES

#: Stands for a key that one of the two does not have.
ABSENT = "-"


def resolve(found: Sequence[Section], name: str) -> tuple[Section, Group]:
    """The run (as a group of one) or group that a name stands for, and its section.

    Raises:
        InputError: it matches nothing, or several.
    """
    groups = [(section, group) for section in found for group in section.groups]
    runs = [(section, run) for section, group in groups for run in group.runs]
    path = Path(name).resolve()
    chosen = [one for one in runs if one[1].directory == path] or [
        one for one in runs if name and name in one[1].run_id
    ]
    if len(chosen) == 1:
        ((section, run),) = chosen
        return section, Group(run.run_id, run.model, {"seed": run.seed}, [run])
    for candidates in (
        [one for one in groups if len(name) >= 4 and one[1].id.startswith(name)],
        [one for one in groups if name in (one[1].label, one[1].model)],
    ):
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            listed = "; ".join(f"{group.id} ({group.label})" for _, group in candidates[:10])
            raise InputError(f"--diff '{short(name)}' fits {len(candidates)} groups: name one by its id: {listed}.")
    if chosen:
        raise InputError(f"--diff '{short(name)}' fits {len(chosen)} runs: give more of the identifier.")
    labels = [group.label for _, group in groups]
    guess = nearest(name, {*labels, *(group.model for _, group in groups), *(run.run_id for _, run in runs)})
    hint = f" Did you mean '{guess}'?" if guess else ""
    known = ", ".join(dict.fromkeys(f"'{label}'" for label in labels[:20]))
    raise InputError(f"--diff '{short(name)}' is no run and no group here.{hint} There are: {known}.")


def configurations(first: Group, second: Group) -> dict[str, tuple[Any, Any]]:
    """For every key that may be compared, its value in the one and in the other; and the commits they were made at."""
    a, b = first.runs[0].effective_config, second.runs[0].effective_config
    keys = [key for key in dict.fromkeys([*a, *b]) if key not in CHANGES_NO_NUMBER]
    if len(first.runs) > 1 or len(second.runs) > 1:
        keys.remove("seed")
    pairs = {key: (_value(first.runs[0], key), _value(second.runs[0], key)) for key in keys}
    return {**pairs, "commit": (_commit(first), _commit(second))}


def _value(run: Run, key: str) -> Any:
    """As it was configured; of a model without a radius what its nature makes of it."""
    return run.fields().get(key, FREE) if key in RADIUS else run.effective_config.get(key, ABSENT)


def _commit(group: Group) -> str:
    commits = {str((run.manifest.get("git") or {}).get("commit", ABSENT))[:10] for run in group.runs}
    return ", ".join(sorted(commits))


@dataclass(frozen=True)
class Gap:
    """A field of two runs or groups.

    Attributes:
        field: which.
        means: of the seeds that have a number, of the one and of the other.
        without: how many seeds of each are worse than any number.
        gap: the difference of the means, with equal seeds over those of which both have a number; None where there is
            none.
        at_most: for each, whether a step is that of the first look, so that it may have been earlier.
    """

    field: str
    means: tuple[Estimate | None, Estimate | None]
    without: tuple[int, int]
    gap: Estimate | None
    at_most: tuple[bool, bool]


def gap_between(first: tuple[Section, Group], second: tuple[Section, Group], field: str) -> Gap:
    """A field of both, and the difference: paired by seed as in ``--pairwise`` where both have the same seeds."""
    a, b = _by_seed(*first, field), _by_seed(*second, field)
    finite = [[value for value in one.values() if isfinite(value)] for one in (a, b)]
    return Gap(
        field,
        (estimate(finite[0]), estimate(finite[1])),
        (len(a) - len(finite[0]), len(b) - len(finite[1])),
        estimate(finite_gaps(a, b)) if a.keys() == b.keys() else difference(*finite),
        (_at_most(*first, field), _at_most(*second, field)),
    )


def _by_seed(section: Section, group: Group, field: str) -> dict[int, float]:
    """A number a seed, infinite where it is worse than any; of runs that are not judged, as far as they came."""
    judged = scores(section, group, field).by_seed if field in ACHIEVEMENTS else {}
    return judged or group.by_seed(field)


def _at_most(section: Section, group: Group, field: str) -> bool:
    return field in MILESTONES and milestone(section, group, field).at_most
