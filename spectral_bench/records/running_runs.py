"""How far runs have come that have not said how they ended: they are running, or were killed without a word."""

import time
from collections.abc import Sequence
from itertools import pairwise

from spectral_bench.records.run_record import Run
from spectral_bench.runs.layout import MANIFEST, METRICS, TABLES, parts_folder
from spectral_bench.runs.table_files import part_steps, table_files

#: A growing run changes one of these whenever it writes anything.
_GROWING = (METRICS, MANIFEST, *map(parts_folder, TABLES))

#: Units of an age with their seconds; one is used up to twice the next.
_UNITS = (("s", 1), ("min", 60), ("h", 3600), ("d", 86400))


def progress_of(runs: Sequence[Run]) -> str | None:
    """Step and age of the runs among these that have not ended: ``running, step 1,200 of 5,000, 40 s ago``.

    Of several ``3 running, steps 800 to 1,200 of 5,000, 40 s ago``.

    The age is that of what was written last: a run that was killed grows old.
    """
    going = [run for run in runs if run.status == "running"]
    if not going:
        return None
    steps = sorted(map(_last_step, going))
    age = _in_words(min(map(_seconds_since_written, going)))
    totals = {run.config.get("train.steps") for run in going}
    total = totals.pop() if len(totals) == 1 else None
    of = f" of {total:,}" if isinstance(total, int) else ""
    reached = f"step {steps[0]:,}" if steps[0] == steps[-1] else f"steps {steps[0]:,} to {steps[-1]:,}"
    return f"{f'{len(going)} ' if len(going) > 1 else ''}running, {reached}{of}, {age} ago"


def _last_step(run: Run) -> int:
    """The last step of which anything is known; traces may be ahead of measurements."""
    ends = [part_steps(file) for name in TABLES for file in table_files(run.directory / name)[-1:]]
    return max(int(run.summary.get("steps") or 0), *(end[1] for end in ends if end is not None), 0)


def _seconds_since_written(run: Run) -> float:
    written = [path.stat().st_mtime for name in _GROWING if (path := run.directory / name).exists()]
    return max(0.0, time.time() - max(written, default=0.0))


def _in_words(seconds: float) -> str:
    for (unit, size), (_, larger) in pairwise(_UNITS):
        if seconds < 2 * larger:
            return f"{seconds / size:.0f} {unit}"
    unit, size = _UNITS[-1]
    return f"{seconds / size:.0f} {unit}"
