"""Runs as pandas frames, for notebooks and programs."""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from os import PathLike
from pathlib import Path

import pandas as pd

from spectral_bench.records.collection import collect
from spectral_bench.records.groups import superseded
from spectral_bench.records.run_record import Run
from spectral_bench.records.run_tables import read_metrics, read_trace
from spectral_bench.records.selection import select
from spectral_bench.runs.layout import (
    CONFIGURED,
    GRADIENTS,
    METRICS_COLUMNS,
    SPECTRUM,
    SUMMARY_FIELDS,
    TABLES,
    TableColumn,
)

#: What pandas calls the types of ``runs/layout.py``: of a text in a table, which is one of a few; of a field that may
#: be missing.
_TEXT_COLUMN = "category"
_FIELD_TYPES = {"text": "string", "count": "Int64", "number": "float64"}


def _table_types(columns: Sequence[TableColumn]) -> dict[str, str]:
    types = {column.name: _TEXT_COLUMN if column.type == "text" else column.type for column in columns}
    return {"run_id": "category", **types}


_TABLE_TYPES = {name: _table_types(columns) for name, columns in TABLES.items()}

#: The name of the metric stands before its value.
_METRICS_TYPES = dict(
    pair
    for name, dtype in _table_types(METRICS_COLUMNS).items()
    for pair in ([("metric", "category")] if name == "value" else []) + [(name, dtype)]
)

#: What a run is, then its summary.
_RUNS = {
    "run_id": "string",
    "task": "string",
    "model": "string",
    "seed": "int64",
    "status": "string",
    "group": "string",
    "repeat": "boolean",
    "path": "string",
    "tag": "string",
    "note": "string",
    "started": "datetime64[us, UTC]",
    "ended": "datetime64[us, UTC]",
}
_RUNS |= {field.name: _FIELD_TYPES[field.type] for field in SUMMARY_FIELDS if field.name not in _RUNS}

#: Configuration keys whose type no value may tell; the others are as their values are.
_CONFIGURED = {key: _FIELD_TYPES[kind] for key, kind in CONFIGURED.items()}


class Runs:
    """Runs and everything they recorded; each frame is read on first access.

    Every frame but ``runs`` names the run it belongs to in ``run_id``, so frames can be merged.

    Attributes:
        notes: which directories were left out, and why; for each frame read so far, which files are damaged.
    """

    def __init__(self, runs: Sequence[Run], notes: Sequence[str]) -> None:
        self._runs = list(runs)
        self.notes = list(notes)

    def __len__(self) -> int:
        return len(self._runs)

    def where(self, *conditions: str) -> "Runs":
        """The runs for which all conditions hold: ``"model.hidden_size=128"``, ``"r<0.1"``, ``"status!=diverged"``.

        Raises:
            InputError: a condition cannot be understood, or names something that no run has.
        """
        return Runs(select(self._runs, conditions), self.notes)

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row per run: identity, summary, and every configuration key under its dotted name.

        ``run_id, task, model, status, group`` (equal for runs that differ in nothing but the seed), ``path, tag``
        (several separated by commas), ``note, metric, mode, baseline_of, gradient_verdict``: text; ``repeat``: whether
        a newer run of the same group and seed came as far, so that this one is no second sample: boolean;
        ``started, ended``: times in UTC; ``seed``: int64; ``best_step, steps, steps_to_beat_baseline, solved_at,
        not_finite, num_parameters``: Int64; the other fields of ``summary.json``: float64; configuration keys
        (``model.hidden_size``, ``r``): Int64, float64, boolean or text, as their values are. Missing where a value does
        not exist.
        """
        again = superseded(self._runs)
        rows = [
            {
                **{key: run.manifest[key] for key in ("started", "ended")},
                **run.fields(),
                **_shown_as_text(run),
                "repeat": run.run_id in again,
            }
            for run in self._runs
        ]
        configured = dict.fromkeys(key for run in self._runs for key in run.config)
        names = dict.fromkeys([*_RUNS, *configured])
        dtypes = _RUNS | _CONFIGURED
        columns = {name: _column([row.get(name) for row in rows], dtypes.get(name)) for name in names}
        return pd.DataFrame(columns)

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """One row per measurement.

        ``run_id, split, metric`` (the metric's name): categories; ``step``: int64; ``epoch`` (NaN for generated data),
        ``loss, value`` (of the metric), ``samples_per_second, wall_seconds``: float64.
        """
        return self._concatenated(_METRICS_TYPES, _metrics)

    @cached_property
    def gradients(self) -> pd.DataFrame:
        """One row per norm, the mean over the batch of ‖∂L_b/∂h_t‖.

        ``run_id``: category; ``step``: int64; ``layer, t``: int32; ``norm``: float64.
        """
        return self._traced(GRADIENTS)

    @cached_property
    def spectrum(self) -> pd.DataFrame:
        """Singular values of every recurrent matrix, the largest first.

        ``run_id, matrix`` (its name in the layer, for gated ones): categories; ``step``: int64; ``layer, index``:
        int32; ``singular_value``: float64.
        """
        return self._traced(SPECTRUM)

    def _traced(self, name: str) -> pd.DataFrame:
        damaged: list[Path] = []
        frame = self._concatenated(_TABLE_TYPES[name], lambda directory: _trace(directory, name, damaged))
        self.notes += [f"{file} is left out: damaged." for file in damaged]
        return frame

    def _concatenated(self, dtypes: dict[str, str], read: Callable[[Path], pd.DataFrame | None]) -> pd.DataFrame:
        frames = []
        for run in self._runs:
            frame = read(run.directory)
            if frame is not None and len(frame):
                frames.append(frame.assign(run_id=run.run_id))
        whole = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(dtypes))
        return whole[list(dtypes)].astype(dtypes)


def load_runs(*paths: str | PathLike[str] | Iterable[str | PathLike[str]]) -> Runs:
    """Read every run at or below the paths, or lists of them (default: ``results``).

    >>> runs = load_runs("results").where("task=copy")  # doctest: +SKIP
    >>> runs.runs.groupby("model")["test"].mean()  # doctest: +SKIP

    Raises:
        InputError: a path does not exist.
    """
    named = [
        path for some in paths or ["results"] for path in ([some] if isinstance(some, str | PathLike) else list(some))
    ]
    collection = collect([Path(path) for path in named])
    return Runs(collection.runs, collection.notes)


def _shown_as_text(run: Run) -> dict[str, str | None]:
    return {"path": str(run.directory), "tag": ",".join(run.tags) or None}


def _column(values: list[object], dtype: str | None) -> pd.Series:
    if dtype is None:
        return _configured(values)
    if dtype.startswith("datetime"):
        return pd.Series(pd.to_datetime(pd.Series(values, dtype=object), utc=True, errors="coerce").dt.as_unit("us"))
    return pd.Series(values, dtype=dtype)


def _configured(values: list[object]) -> pd.Series:
    """One configuration key over all runs; runs without it get a missing value, which must not change the type."""
    kinds = {type(value) for value in values if value is not None}
    dtype = {frozenset({int}): "Int64", frozenset({bool}): "boolean", frozenset({str}): "string"}.get(frozenset(kinds))
    if dtype is None:
        dtype = "float64" if kinds and kinds <= {int, float} else "object"
    return pd.Series(values, dtype=dtype)


def _metrics(directory: Path) -> pd.DataFrame | None:
    name, rows = read_metrics(directory)
    if name is None or not rows:
        return None
    frame = pd.DataFrame(rows).rename(columns={name: "value"})
    numbers = [column for column in frame.columns if column != "split"]
    frame[numbers] = frame[numbers].apply(pd.to_numeric, errors="coerce")
    return frame.assign(metric=name)


def _trace(directory: Path, name: str, damaged: list[Path]) -> pd.DataFrame | None:
    table = read_trace(directory, name, damaged)
    return None if table is None else table.to_pandas()
