"""Groups of runs, and the sections of groups that may be compared: what they are called, and which runs count."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from statistics import fmean
from typing import Any

from spectral_bench.config.keys import as_typed
from spectral_bench.records.run_record import Run
from spectral_bench.records.running_runs import progress_of
from spectral_bench.runs.layout import ENDED, Mode

#: How a run may stand. ``running`` is among the unfinished: the process may have been killed without a word.
STATUSES = (*ENDED, "unfinished")


@dataclass(frozen=True)
class Group:
    """Runs that differ in the seed alone, and in how they were carried out (or that agree in the keys of ``--by``).

    Attributes:
        id: the first digits of ``Run.group``; of a group by ``--by``, the values of the keys.
        model: name of the model.
        differs: the keys that distinguish the group within its section, with their values.
        runs: sorted by seed.
    """

    id: str
    model: str
    differs: dict[str, Any]
    runs: list[Run]

    @property
    def setting(self) -> str:
        """What distinguishes it, in words: ``r=0.1 optimizer.lr=0.01``, with keys as short as is unambiguous."""
        return " ".join(f"{_shortened(key, self.differs)}={as_typed(value)}" for key, value in self.differs.items())

    @property
    def label(self) -> str:
        """The model and what distinguishes the group."""
        return f"{self.model} {self.setting}".strip()

    @cached_property
    def completed(self) -> list[Run]:
        """The completed runs, the newest of each seed: repeating a seed gives no second sample."""
        return _one_of_each_seed([run for run in self.runs if run.status == "completed"])

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many runs have each of ``STATUSES``."""
        counts: dict[str, int] = {}
        for run in self.runs:
            status = run.status if run.status in ENDED else "unfinished"
            counts[status] = counts.get(status, 0) + 1
        return counts

    @property
    def counted(self) -> list[Run]:
        """The runs that numbers and pictures come from: those completed; if there is none, how far each seed came."""
        return self.completed or _one_of_each_seed(self.runs)

    @cached_property
    def judged(self) -> list[Run]:
        """The runs that say how good it is: those completed, and of seeds that completed none, a diverged one."""
        done = {(run.group, run.seed) for run in self.completed}
        diverged = [run for run in self.runs if run.status == "diverged" and (run.group, run.seed) not in done]
        return sorted([*self.completed, *_one_of_each_seed(diverged)], key=lambda run: run.seed)

    @property
    def repeats(self) -> int:
        """Runs that are left out because a newer one has the same configuration and seed, and came as far."""
        return self.counts.get("completed", len(self.runs)) - len(self.counted)

    @property
    def standing(self) -> str:
        """How many seeds count, then how many runs did not complete: ``3 +1``. ``others`` says what became of them."""
        others = len(self.runs) - self.counts.get("completed", 0)
        return f"{len({run.seed for run in self.completed})}" + (f" +{others}" if others else "")

    @property
    def others(self) -> str:
        """The runs that did not complete, by their status: ``1 diverged, 2 interrupted``; empty where all did."""
        return ", ".join(f"{count} {status}" for status, count in sorted(self.counts.items()) if status != "completed")

    @cached_property
    def progress(self) -> str | None:
        """How far its runs that have not ended have come; None: all have. See ``progress_of``."""
        return progress_of(self.runs)

    @property
    def merged(self) -> bool:
        """Whether a seed counts with several runs, of the several settings that the user put into one group."""
        return len(self.counted) > len({run.seed for run in self.counted})

    def finite(self, field: str) -> list[tuple[int, float]]:
        """Seed and value of every run that counts and has a finite value in this field of its summary."""
        found = ((run.seed, run.summary.get(field)) for run in self.counted)
        return [(seed, float(value)) for seed, value in found if isinstance(value, int | float) and isfinite(value)]

    def by_seed(self, field: str) -> dict[int, float]:
        """The finite value of each seed, which is one sample: the mean of its runs where it has several settings."""
        several: dict[int, list[float]] = {}
        for seed, value in self.finite(field):
            several.setdefault(seed, []).append(value)
        return {seed: fmean(values) for seed, values in several.items()}

    @property
    def num_parameters(self) -> int | None:
        """Of every run that counts; None where they differ (groups of ``--by``) or do not say."""
        sizes = {run.summary.get("num_parameters") for run in self.counted}
        return sizes.pop() if len(sizes) == 1 else None

    def values(self, field: str) -> list[float]:
        """The finite values of a field of the summaries, one a seed, in the order of seeds."""
        return list(self.by_seed(field).values())


@dataclass(frozen=True)
class Section:
    """The groups of one task in one setting: what may be compared.

    Attributes:
        task: name of the task.
        differs: the task's keys that distinguish the section from others of the same task; always the data set's.
        config: all of the task's keys.
        metric: name of the task's metric, None when no run has measured it yet.
        mode: ``max`` when more is better.
        baseline: what a memoryless predictor scores; None if unknown.
        baseline_of: whether that is a ``loss`` or a ``metric``.
        groups: in the order of their first run.
    """

    task: str
    differs: dict[str, Any]
    config: dict[str, Any]
    metric: str | None
    mode: Mode
    baseline: float | None
    baseline_of: str | None
    groups: list[Group]

    @property
    def title(self) -> str:
        """The task and what distinguishes this setting: ``copy, length=100``."""
        parts = [f"{key.removeprefix('task.')}={as_typed(value)}" for key, value in self.differs.items()]
        return ", ".join([self.task, *parts])

    def name(self, group: Group) -> str:
        """The shortest name of one of its groups: the model alone where no other group has it, else the label."""
        return group.model if sum(other.model == group.model for other in self.groups) == 1 else group.label

    def caption(self, group: Group) -> str:
        """The name in pictures, which have no status column: it says how its runs stand if none is completed."""
        name = self.name(group)
        if group.completed:
            return name
        ended = sorted(group.counts.keys() - {"unfinished"})
        return f"{name} ({'; '.join([*ended, *([group.progress] if group.progress else [])])})"


def _shortened(key: str, among: Iterable[str]) -> str:
    """The last part of a dotted key, or all of it where another key ends in the same."""
    last = key.rpartition(".")[2]
    return last if sum(other.rpartition(".")[2] == last for other in among) == 1 else key


def superseded(runs: Iterable[Run]) -> set[str]:
    """The ids of runs that are no second sample: a newer one of the same configuration and seed came as far."""
    alike: dict[tuple[str, int, bool], list[Run]] = {}
    for run in runs:
        alike.setdefault((run.group, run.seed, run.status == "completed"), []).append(run)
    done = {(group, seed) for group, seed, is_completed in alike if is_completed}
    return {
        run.run_id
        for (group, seed, is_completed), members in alike.items()
        if is_completed or (group, seed) not in done
        for run in sorted(members, key=_age)[:-1]
    }


def _one_of_each_seed(runs: Sequence[Run]) -> list[Run]:
    """The newest run of each configuration and seed, in the order given."""
    newest: dict[tuple[str, int], Run] = {}
    for run in runs:
        key = run.group, run.seed
        if key not in newest or _age(run) > _age(newest[key]):
            newest[key] = run
    return list(newest.values())


def _age(run: Run) -> tuple[str, str]:
    return str(run.manifest.get("started") or ""), run.run_id
