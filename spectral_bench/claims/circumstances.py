"""What sets runs of one configuration apart: the files of a data set that they read, and what they were timed on."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from spectral_bench.records.grouping import DATA_SET
from spectral_bench.records.run_record import Run


def read_differently(runs: Sequence[Run]) -> list[str]:
    """The data sets of which these runs have read several contents."""
    contents: dict[str, set[str]] = {}
    for run in runs:
        contents.setdefault(data_set_of(run.config), set()).add(_files_read(run))
    return sorted(name for name, found in contents.items() if len(found) > 1)


#: Task and model.
Kind = tuple[str, str]


@dataclass(frozen=True)
class ComparableRuns:
    """Runs that can be compared with each other, and those that cannot be compared with them.

    Attributes:
        searching: from which those of searches are taken.
        deciding: from which those that decide are taken.
        apart: the others, each with what sets it apart.
    """

    searching: Sequence[Run]
    deciding: Sequence[Run]
    apart: Sequence[tuple[Run, str]] = ()

    @cached_property
    def searching_of_kind(self) -> Mapping[Kind, Sequence[Run]]:
        """Those of searches by task and model: most runs are of others, and none of their keys need be compared."""
        return _by_kind(self.searching)

    @cached_property
    def deciding_of_kind(self) -> Mapping[Kind, Sequence[Run]]:
        """Those that decide, likewise."""
        return _by_kind(self.deciding)


def _by_kind(runs: Sequence[Run]) -> Mapping[Kind, Sequence[Run]]:
    of_kind = defaultdict(list)
    for run in runs:
        of_kind[run.task, run.model].append(run)
    return of_kind


def by_files(pool: ComparableRuns, data_set: str) -> list[ComparableRuns]:
    """A pool for each of the contents that runs of this data set have read; whatever reads no other is in all."""

    def content(run: Run) -> str | None:
        return _files_read(run) if data_set_of(run.config) == data_set else None

    why = f"it read other files of {data_set} than the runs that count"
    return [
        ComparableRuns(
            [run for run in pool.searching if content(run) in (None, one)],
            [run for run in pool.deciding if content(run) in (None, one)],
            [*pool.apart, *((run, why) for run in pool.searching if content(run) not in (None, one))],
        )
        for one in _distinct(content, pool.searching)
    ]


def by_processor(pool: ComparableRuns) -> list[ComparableRuns]:
    """A pool for each processor and number of threads. Searches are not timed."""
    why = "it was timed on another processor, or with other threads, than the runs that count"
    return [
        ComparableRuns(
            pool.searching,
            [run for run in pool.deciding if _timed_on(run) == one],
            [*pool.apart, *((run, why) for run in pool.deciding if _timed_on(run) != one)],
        )
        for one in _distinct(_timed_on, pool.deciding)
    ]


def data_set_of(config: Mapping[str, Any]) -> str:
    """The data set that a configuration reads; of generated data the task."""
    return str(config.get(DATA_SET) or config["task.name"])


def _distinct(content: Callable[[Run], str | None], runs: Sequence[Run]) -> list[str]:
    return list(dict.fromkeys(one for run in runs if (one := content(run)) is not None))


def _files_read(run: Run) -> str:
    return json.dumps(run.files_read)


def _timed_on(run: Run) -> str:
    return json.dumps([run.manifest.get("hardware"), run.manifest.get("threads")], sort_keys=True)
