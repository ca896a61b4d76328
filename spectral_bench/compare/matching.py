"""Equal footing: groups of equal size, or what groups came to in equal training time."""

from collections.abc import Sequence
from dataclasses import replace

from spectral_bench.records.grouping import TRAINED_FOR
from spectral_bench.records.groups import Group, Section
from spectral_bench.records.run_record import Run
from spectral_bench.records.so_far import as_of, training_seconds

#: The largest of groups that count as equally large has this times the parameters of the smallest.
_TOLERANCE = 1.10


def of_equal_size(found: Sequence[Section]) -> tuple[list[Section], list[str]]:
    """The groups of every section that have the same number of parameters, within 10 %.

    Returns:
        A section for every largest set of such groups, at least two, and notes about groups that are in none.
    """
    matched, notes = [], []
    for section in found:
        sizes = sorted(
            ((size, group) for group in section.groups if (size := group.num_parameters) is not None),
            key=lambda pair: pair[0],
        )
        sets: list[list[tuple[int, Group]]] = []
        for place, (smallest, _) in enumerate(sizes):
            alike = [pair for pair in sizes[place:] if pair[0] <= _TOLERANCE * smallest]
            if len(alike) > 1 and not (sets and sets[-1][-1] is alike[-1]):  # not a part of the set before
                sets.append(alike)
        for alike in sets:
            parameters = " to ".join(f"{size:,}" for size in dict.fromkeys((alike[0][0], alike[-1][0])))
            differs = {**section.differs, "parameters": parameters}
            inside = [group.id for _, group in alike]
            matched.append(
                replace(section, differs=differs, groups=[one for one in section.groups if one.id in inside])
            )
        taken = {group.id for alike in sets for _, group in alike}
        alone = [
            f"{section.name(group)} ({'no one size' if group.num_parameters is None else f'{group.num_parameters:,}'})"
            for group in section.groups
            if group.id not in taken
        ]
        if alone:
            notes.append(
                f"{section.title}: left out, for no other group is within 10 % of their parameters: {', '.join(alone)}."
            )
    return matched, notes


def after_equal_time(found: Sequence[Section]) -> tuple[list[Section], list[str]]:
    """What the runs of every section had come to when each had trained as long as the shortest of those completed.

    Time counts updates alone, at a run's mean time of one. Runs are as they were measured last before that: their
    summaries hold ``validation``, ``steps``, and what was reached by then.

    Returns:
        The sections, and notes about runs that are left out, and sections without a completed run.
    """
    matched, notes = [], []
    for section in found:
        lengths = [training_seconds(run) for group in section.groups for run in group.completed]
        known = [seconds for seconds in lengths if seconds is not None]
        if not known:
            notes.append(f"{section.title}: left out, for no completed run says how long it trained.")
            continue
        seconds = min(known)
        groups, lost = [], 0
        for group in section.groups:
            then = [as_of(run, seconds) for run in group.runs]
            lost += then.count(None)
            kept: list[Run] = [run for run in then if run is not None]
            if kept:
                groups.append(replace(group, runs=kept))
        if lost:
            runs = "1 run" if lost == 1 else f"{lost} runs"
            notes.append(f"{section.title}: {runs} left out: not measured within {seconds:.3g} s of training.")
        if not groups:
            continue
        differs = {**section.differs, TRAINED_FOR: f"{seconds:.3g} s"}
        matched.append(replace(section, differs=differs, groups=groups))
    return matched, notes
