"""A table grows in parts, ends as one file, and is cut back and taken up again, whatever happened in between."""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from spectral_bench.errors import DataError
from spectral_bench.runs import table_files as table_files_module
from spectral_bench.runs.parted_table import PartedTable, read_part, repeated
from spectral_bench.runs.rewind import rewind_table
from spectral_bench.runs.table_files import all_parts, part_name, table_files

SCHEMA = pa.schema([("step", pa.int64()), ("value", pa.float64())])


def rows(step: int, count: int) -> dict[str, np.ndarray]:
    return {"step": repeated(step, count), "value": np.arange(count, dtype=float) + 100 * step}


def grown(path: Path, steps: range, every: int = 1) -> PartedTable:
    """A table of three rows a step, flushed after every few steps."""
    table = PartedTable(path, SCHEMA)
    for step in steps:
        table.add(rows(step, 3))
        if step % every == every - 1:
            table.flush()
    return table


def read(path: Path) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(file) for file in table_files(path)], ignore_index=True)


def expected(steps: range) -> pd.DataFrame:
    return pd.concat([pd.DataFrame(rows(step, 3)) for step in steps], ignore_index=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "values.parquet"


def test_a_table_that_was_joined_is_one_file_that_everybody_reads_in_one_line(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grown(path, range(7)).join()
    assert [file.name for file in path.parent.iterdir()] == ["values.parquet"]
    pd.testing.assert_frame_equal(pd.read_parquet(path), expected(range(7)))
    monkeypatch.chdir(path.parent)
    assert duckdb.sql("select sum(value) from 'values.parquet'").fetchall() == [(expected(range(7))["value"].sum(),)]
    assert pl.read_parquet(path).shape == (21, 2)


def test_measured_numbers_take_less_than_their_eight_bytes(path: Path) -> None:
    table, count = PartedTable(path, SCHEMA), 10_000
    measured = np.random.default_rng(0).lognormal(size=count)
    table.add({"step": repeated(0, count), "value": measured})
    table.flush()
    (part,) = table_files(path)
    assert part.stat().st_size < 7.5 * count
    table.join()
    assert path.stat().st_size < 7.5 * count
    np.testing.assert_array_equal(pd.read_parquet(path)["value"], measured)


def test_a_table_that_is_joined_between_two_looks_of_a_reader_is_found(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = grown(path, range(7))

    def joined_first(asked: Path) -> list[Path]:
        table.join()
        return all_parts(asked)

    monkeypatch.setattr(table_files_module, "all_parts", joined_first)
    assert table_files(path) == [path]


def test_a_growing_table_is_read_at_any_moment_every_row_once_and_in_order(path: Path) -> None:
    table = PartedTable(path, SCHEMA)
    for step in range(40):
        table.add(rows(step, 3))
        table.flush()
        pd.testing.assert_frame_equal(read(path), expected(range(step + 1)))
        assert not path.exists()


def test_parts_are_few_and_rows_are_rewritten_a_few_times_however_often_a_table_is_flushed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []
    real = pa.parquet.write_table
    monkeypatch.setattr(
        "spectral_bench.runs.parted_table.pq.write_table",
        lambda table, *rest, **options: (written.append(table.num_rows), real(table, *rest, **options)),
    )
    table = PartedTable(path, SCHEMA)
    for step in range(500):
        table.add(rows(step, 3))
        table.flush()
        assert len(table_files(path)) <= 10  # log2(500) + 1
    assert sum(written) <= 1500 * 10


def test_equal_rows_make_equal_files_and_equal_marks_whatever_parts_they_lay_in(tmp_path: Path) -> None:
    tables = [grown(tmp_path / f"{every}.parquet", range(30), every) for every in (1, 4, 30, 100)]
    assert len({str(table.mark()) for table in tables}) == 1
    for table in tables:
        table.join()
    assert len({file.read_bytes() for file in tmp_path.iterdir()}) == 1
    longer = grown(tmp_path / "longer.parquet", range(31))
    assert longer.mark() != tables[0].mark()


def test_a_table_taken_up_again_has_the_mark_it_would_have_had(path: Path) -> None:
    grown(path, range(5)).join()
    rewind_table(path, SCHEMA, 5)
    assert grown(path, range(5, 9)).mark() == grown(path.with_name("whole.parquet"), range(9)).mark()
    pd.testing.assert_frame_equal(read(path), expected(range(9)))


def test_a_file_left_half_written_by_a_crash_is_not_read(path: Path) -> None:
    grown(path, range(2))
    (path.with_suffix(".parts") / ".steps-000000001-000000001.parquet.tmp").write_bytes(b"PAR1 cut off")
    pd.testing.assert_frame_equal(read(path), expected(range(2)))
    rewind_table(path, SCHEMA, 2)
    assert [file.name for file in path.with_suffix(".parts").iterdir()] == ["steps-000000000-000000001.parquet"]


def test_a_crash_between_merging_and_removing_doubles_no_row(path: Path) -> None:
    folder = path.with_suffix(".parts")
    grown(path, range(4), every=4)
    for step in range(4):
        pd.DataFrame(rows(step, 3)).to_parquet(folder / part_name(step, step), index=False)
    pd.testing.assert_frame_equal(read(path), expected(range(4)))
    rewind_table(path, SCHEMA, 3)
    pd.testing.assert_frame_equal(read(path), expected(range(3)))
    assert len(list(folder.iterdir())) == 1


def test_a_crash_between_joining_and_removing_doubles_no_row(path: Path) -> None:
    grown(path, range(4)).join()
    grown(path.with_name("other.parquet"), range(4))
    path.with_name("other.parts").rename(path.with_suffix(".parts"))
    pd.testing.assert_frame_equal(read(path), expected(range(4)))
    rewind_table(path, SCHEMA, 4)
    pd.testing.assert_frame_equal(read(path), expected(range(4)))


@pytest.mark.parametrize("joined", [False, True])
@pytest.mark.parametrize("step", [0, 3, 4, 9])
def test_rewinding_keeps_the_rows_before_a_step_alone(path: Path, *, joined: bool, step: int) -> None:
    table = grown(path, range(7), 2)
    if joined:
        table.join()
    rewind_table(path, SCHEMA, step)
    kept = range(min(step, 6 if not joined else 7))
    assert not path.exists()
    if kept:
        pd.testing.assert_frame_equal(read(path), expected(kept))
    else:
        assert table_files(path) == []


def test_a_folder_of_parts_from_before_format_3_is_taken_up(path: Path) -> None:
    grown(path, range(6))
    path.with_suffix(".parts").rename(path)
    pd.testing.assert_frame_equal(read(path), expected(range(6)))
    rewind_table(path, SCHEMA, 4)
    grown(path, range(4, 6)).join()
    assert path.is_file()
    pd.testing.assert_frame_equal(pd.read_parquet(path), expected(range(6)))


def test_nothing_written_is_nothing_on_the_disk(path: Path) -> None:
    table = PartedTable(path, SCHEMA)
    table.flush()
    table.join()
    rewind_table(path, SCHEMA, 3)
    assert list(path.parent.iterdir()) == []


def test_a_failed_write_keeps_the_rows_and_leaves_no_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = PartedTable(path, SCHEMA)
    table.add(rows(0, 3))

    def full_disk(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("spectral_bench.runs.parted_table.pq.write_table", full_disk)
        with pytest.raises(OSError, match="No space left"):
            table.flush()
    assert list(path.with_suffix(".parts").iterdir()) == []
    table.flush()
    with monkeypatch.context() as patched:
        patched.setattr("spectral_bench.runs.parted_table.pq.ParquetWriter.write_table", full_disk)
        with pytest.raises(OSError, match="No space left"):
            table.join()
    assert not path.exists()
    pd.testing.assert_frame_equal(read(path), expected(range(1)))
    table.join()
    pd.testing.assert_frame_equal(pd.read_parquet(path), expected(range(1)))


def test_the_last_step_is_found_written_or_not(path: Path) -> None:
    table = PartedTable(path, SCHEMA)
    assert table.latest() is None
    for step in (0, 5):
        table.add(rows(step, 3))
    for change in (lambda: None, table.flush, table.join):
        change()
        assert table.latest()["step"].to_pylist() == [5, 5, 5]  # type: ignore[index]


def test_a_flipped_bit_in_the_data_of_a_part_is_noticed(path: Path) -> None:
    table = PartedTable(path, SCHEMA)
    table.add({"step": repeated(0, 1000), "value": np.random.default_rng(0).normal(size=1000)})
    table.join()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=path.name):
        read_part(path, SCHEMA)
