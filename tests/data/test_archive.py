"""Archives: two files come out, and nothing can leave the folder."""

import io
import stat
import zipfile

import pytest

from spectral_bench.data.archive import unpack
from spectral_bench.errors import DataError

NAMES = ("X_TRAIN.ts", "X_TEST.ts")


def archive(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as content:
        for name, data in members:
            content.writestr(name, data)
    return path


@pytest.mark.parametrize("prefix", ["", "X/", "a/b/"])
def test_the_wanted_files_are_taken_from_wherever_they_are_and_nothing_else(tmp_path, prefix):
    members = [
        (f"{prefix}X_TRAIN.ts", "train"),
        (f"{prefix}X_TEST.ts", "test"),
        (f"{prefix}X.txt", "about"),
        ("d/", ""),
    ]
    files = unpack(archive(tmp_path / "X.zip", members), NAMES, tmp_path)
    assert [file.read_text() for file in files] == ["train", "test"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["X.zip", "X_TEST.ts", "X_TRAIN.ts"]


@pytest.mark.parametrize("odd", ["../X_TRAIN.ts", "/tmp/evil", "a/../../evil", "..\\evil", "C:evil"])  # noqa: S108
def test_a_member_that_would_leave_the_folder_is_refused(tmp_path, odd):
    folder = tmp_path / "inner"
    folder.mkdir()
    with pytest.raises(DataError, match="would leave its folder"):
        unpack(archive(tmp_path / "X.zip", [("X_TRAIN.ts", "a"), ("X_TEST.ts", "b"), (odd, "c")]), NAMES, folder)
    assert list(folder.iterdir()) == []


def test_a_link_is_refused(tmp_path):
    link = zipfile.ZipInfo("X_TRAIN.ts")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(DataError, match="would leave its folder"):
        unpack(archive(tmp_path / "X.zip", [(link, "/etc/passwd"), ("X_TEST.ts", "b")]), NAMES, tmp_path)


def test_a_file_that_is_missing_or_there_twice_is_said(tmp_path):
    with pytest.raises(DataError, match=r"0 members called X_TEST.ts"):
        unpack(archive(tmp_path / "X.zip", [("X_TRAIN.ts", "a")]), NAMES, tmp_path)
    members = [("X_TRAIN.ts", "a"), ("b/X_TRAIN.ts", "a"), ("X_TEST.ts", "b")]
    with pytest.raises(DataError, match=r"2 members called X_TRAIN.ts"):
        unpack(archive(tmp_path / "X.zip", members), NAMES, tmp_path)


def test_every_way_of_being_damaged_is_one_error_and_leaves_nothing(tmp_path):
    buffer = io.BytesIO()
    archive(buffer, [("X_TRAIN.ts", "train " * 200), ("X_TEST.ts", "test " * 200)])
    whole = buffer.getvalue()
    file = tmp_path / "X.zip"
    refused = 0
    for position in range(0, len(whole), 3):
        for damaged in (whole[:position], whole[:position] + bytes([whole[position] ^ 0x55]) + whole[position + 1 :]):
            file.write_bytes(damaged)
            try:
                unpack(file, NAMES, tmp_path)
            except DataError:
                refused += 1
                assert [path.name for path in tmp_path.iterdir()] == ["X.zip"]
            else:  # a byte that means nothing, such as one of a date
                assert (tmp_path / "X_TRAIN.ts").read_text() == "train " * 200
                assert (tmp_path / "X_TEST.ts").read_text() == "test " * 200
                for name in NAMES:
                    (tmp_path / name).unlink()
    assert refused > len(whole) // 3
