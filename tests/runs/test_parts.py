from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from spectral_bench.errors import DataError
from spectral_bench.runs.parted_table import PartedTable, read_part, repeated, rewind_parts

SCHEMA = pa.schema([("step", pa.int64()), ("value", pa.float64())])


def rows(step: int, count: int) -> dict[str, np.ndarray]:
    return {"step": repeated(step, count), "value": np.arange(count, dtype=float)}


def test_pandas_reads_all_sealed_parts_in_one_line(tmp_path: Path) -> None:
    table = PartedTable(tmp_path / "values.parquet", SCHEMA)
    for step in range(6):
        table.add(rows(step, 3))
        if step % 2:
            table.seal()
    frame = pd.read_parquet(tmp_path / "values.parquet")
    assert list(frame.columns) == ["step", "value"]
    assert sorted(set(frame["step"])) == list(range(6))
    assert len(frame) == 18


def test_a_part_left_half_written_by_a_crash_is_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "values.parquet"
    table = PartedTable(folder, SCHEMA)
    table.add(rows(0, 2))
    table.seal()
    (folder / ".steps-000000001-000000001.parquet.tmp").write_bytes(b"PAR1 cut off")
    assert len(pd.read_parquet(folder)) == 2


def test_sealing_nothing_writes_nothing(tmp_path: Path) -> None:
    PartedTable(tmp_path / "values.parquet", SCHEMA).seal()
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_keeps_the_rows_and_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = PartedTable(tmp_path / "values.parquet", SCHEMA)
    table.add(rows(0, 2))

    def full_disk(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("spectral_bench.runs.parted_table.pq.write_table", full_disk)
        with pytest.raises(OSError, match="No space left"):
            table.seal()
    assert list((tmp_path / "values.parquet").iterdir()) == []
    table.seal()
    assert len(pd.read_parquet(tmp_path / "values.parquet")) == 2


def test_rewinding_removes_what_came_later_and_what_a_crash_left(tmp_path: Path) -> None:
    folder = tmp_path / "values.parquet"
    table = PartedTable(folder, SCHEMA)
    for step in range(6):
        table.add(rows(step, 3))
        if step % 2:
            table.seal()
    (folder / ".steps-000000004-000000007.parquet.tmp").write_bytes(b"PAR1 cut off")
    rewind_parts(folder, 4)
    assert sorted(path.name for path in folder.iterdir()) == [
        "steps-000000000-000000001.parquet", "steps-000000002-000000003.parquet",
    ]  # fmt: skip


def test_the_last_step_is_found_sealed_or_not(tmp_path: Path) -> None:
    table = PartedTable(tmp_path / "values.parquet", SCHEMA)
    assert table.latest() is None
    for step in (0, 5):
        table.add(rows(step, 3))
    assert table.latest()["step"].to_pylist() == [5, 5, 5]  # type: ignore[index]
    table.seal()
    assert table.latest()["step"].to_pylist() == [5, 5, 5]  # type: ignore[index]


def test_a_flipped_bit_in_the_data_of_a_part_is_noticed(tmp_path: Path) -> None:
    folder = tmp_path / "values.parquet"
    table = PartedTable(folder, SCHEMA)
    table.add({"step": repeated(0, 1000), "value": np.random.default_rng(0).normal(size=1000)})
    table.seal()
    (part,) = folder.iterdir()
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)
    with pytest.raises(DataError, match=part.name):
        read_part(part, SCHEMA)
