"""Whether the runs of a claim can be compared: what they read, and what they were timed on."""

import json
from collections.abc import Iterable, Mapping, Sequence

from spectral_bench.claims.evidence import SECONDS_TO_SOLVE, EntrantEvidence
from spectral_bench.data.datasets import same_for_copies
from spectral_bench.records.grouping import DATA_SET
from spectral_bench.records.run_record import Run

#: Runs that are named; the others are counted.
_NAMED = 3


def why_not_comparable(evidence: Mapping[str, EntrantEvidence], metric: str) -> str | None:
    """A sentence that names the runs that stand apart from the others; None: they can be compared."""
    runs = list({run.run_id: run for one in evidence.values() for run in one.runs}.values())
    for data_set in sorted({_data_set(run) for run in runs}):
        apart = _apart((run, _read(run)) for run in runs if _data_set(run) == data_set)
        if apart:
            return f"Other files of {data_set} than the rest were read by {_listed(apart)}: keep the two apart."
    if metric == SECONDS_TO_SOLVE:
        deciding = [found.run for one in evidence.values() for found in one.deciding if found.run is not None]
        apart = _apart((run, _timed_on(run)) for run in deciding)
        if apart:
            return f"On another processor, or with other threads, than the rest were timed {_listed(apart)}."
    return None


def _apart(told: Iterable[tuple[Run, str]]) -> list[Run]:
    """The runs that do not say what most of them do."""
    by_content: dict[str, list[Run]] = {}
    for run, content in told:
        by_content.setdefault(content, []).append(run)
    most = max(by_content.values(), key=len, default=[])
    return [run for runs in by_content.values() if runs is not most for run in runs]


def _data_set(run: Run) -> str:
    return str(run.config.get(DATA_SET) or run.task)


def _read(run: Run) -> str:
    data = run.manifest.get("data") or {}
    return json.dumps(same_for_copies(data) if isinstance(data, Mapping) else data)


def _timed_on(run: Run) -> str:
    return json.dumps([run.manifest.get("hardware"), run.manifest.get("threads")], sort_keys=True)


def _listed(runs: Sequence[Run]) -> str:
    names = ", ".join(run.run_id for run in runs[:_NAMED])
    return names + (f" and {len(runs) - _NAMED} more" if len(runs) > _NAMED else "")
