"""The commands that show a claim, and that make its runs."""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from spectral_bench.claims.run_requests import RunRequest
from spectral_bench.claims.verdict import Verdict
from spectral_bench.config.compose import Composition, compose
from spectral_bench.config.engine import Engine
from spectral_bench.config.grid_points import OpenKeys
from spectral_bench.config.keys import as_typed, flatten
from spectral_bench.config.overrides import typed_key
from spectral_bench.report.claim_words import runs_there
from spectral_bench.report.numbers import counted

#: Where the runs of claims are kept.
RESULTS = "results_dir=results/claims"

#: The overrides of a run.
_Overrides = tuple[str, ...]

#: The values of every key: each is run with each.
_Grid = dict[str, tuple[str, ...]]


def claim_command(claim: str | None, file: Path | None, *words: str) -> str:
    """The command that shows a claim, or all, of a file of claims of the user's own where there is one."""
    of_file = [] if file is None else ["--claims", str(file)]
    return shlex.join(["spectral-bench", "claims", *([claim] if claim else []), *of_file, *words])


def how_many_missing(verdict: Verdict) -> str:
    """How many runs are missing."""
    progress, now = runs_there(verdict), len(verdict.missing)
    later = progress.asked - progress.there - now
    return "Missing: " + counted(now, "run") + (f", and {later} more, with what the searches choose" if later else "")


def what_is_missing(verdict: Verdict, file: Path | None) -> str:
    """How many runs are missing, and what trains them."""
    return f"{how_many_missing(verdict)} (`{claim_command(verdict.claim.id, file, '--run')}`)."


def commands_again(verdict: Verdict) -> list[str]:
    """Few commands that make all runs it rests on once more, the searches first."""
    evidence = verdict.evidence.values()
    requests = [one.request for found in evidence for one in (*found.search, *found.deciding) if one.run is not None]
    return run_commands(requests, into=None)


def run_commands(requests: Sequence[RunRequest], into: str | None = RESULTS) -> list[str]:
    """Few commands that make these runs and no others, grids of what differs in some keys alone.

    A value that holds a comma, and so would be read as several, stays in a command of its own.

    Args:
        requests: the runs.
        into: the override that says where they are kept; None: where runs are kept by default.
    """
    points = _typed_in_full(dict.fromkeys(tuple(request.typed) for request in requests))
    grids: list[_Grid] = [
        {key: (value,) for key, _, value in (word.partition("=") for word in point)} for point in points
    ]
    for key in dict.fromkeys(key for grid in grids for key in grid):
        grids = _merged(grids, key)
    return [_command(grid, [into] if into else []) for grid in grids]


def _command(grid: _Grid, more: Sequence[str]) -> str:
    flags = ["-m"] if any(len(values) > 1 for values in grid.values()) else []
    words = [f"{key}={','.join(values)}" for key, values in grid.items()]
    return shlex.join(["spectral-bench", "run", *flags, *words, *more])


def _typed_in_full(points: Iterable[_Overrides]) -> Iterator[_Overrides]:
    """Points with a value for every key in the grid of their preset, which else would count, or be asked for."""
    open_keys, engine = OpenKeys(), Engine(None)
    values: dict[_Overrides, _Overrides] = {}
    for point in points:
        setting = tuple(word for word in point if typed_key(word) != "seed")
        if setting not in values:
            keys = open_keys(point)
            values[setting] = _values(compose(point, engine=engine), keys) if keys else ()
        yield (*point, *values[setting])


def _values(composed: Composition, keys: Sequence[str]) -> _Overrides:
    choices, config = composed.choices, flatten(composed.config)
    return tuple(f"{key}={choices[key].option if key in choices else as_typed(config[key])}" for key in keys)


def _merged(grids: list[_Grid], key: str) -> list[_Grid]:
    """Those that differ in this key alone put together."""
    found: dict[object, _Grid] = {}
    for grid in grids:
        values = grid.get(key, ())
        alone = any("," in value for value in values)
        alike = tuple((name, other) for name, other in grid.items() if name != key or alone), key in grid
        if alike in found and values:
            found[alike][key] += values
        else:
            found[alike] = dict(grid)
    return list(found.values())
