"""Reading UCR files: every spelling of the same series reads the same, and nothing doubtful passes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_bench.data.ucr_files import SeriesError, UnsupportedSeriesError, read_series

VALUES = [[0.5, -1.25, 3.0], [1e-3, 2.0, -7.0]]
LABELS = ["-1", "2"]

TS_HEADER = "# about\n@problemName X\n@timeStamps false\n@missing false\n@univariate true\n@equalLength true\n"

SPELLINGS = {
    "X.tsv": "-1\t0.5\t-1.25\t3\n2\t0.001\t2\t-7\n",
    "X_crlf.tsv": "-1\t0.5\t-1.25\t3\r\n2\t0.001\t2\t-7\r\n",
    "X.csv": "-1,0.5,-1.25,3.0\n2,1e-3,2,-7",
    "X": "-1,0.5,-1.25,3.0\n\n2,1e-3,2,-7\n",
    "X.txt": "  -1   5.0000000e-01  -1.2500000e+00   3.0\n   2   1.0e-03  2.0  -7.0\n",
    "X_bom.tsv": "\ufeff-1\t0.5\t-1.25\t3\n2\t0.001\t2\t-7\n",
    "X.ts": f"{TS_HEADER}@classLabel true -1 2\n@data\n0.5,-1.25,3.0:-1\n0.001,2,-7:2\n",
    "X_old_mac.tsv": "-1\t0.5\t-1.25\t3\r2\t0.001\t2\t-7\r",
    "X_trailing.tsv": "-1\t0.5\t-1.25\t3\t\n2\t0.001\t2\t-7\t\n",
    "X_trailing.csv": "-1,0.5,-1.25,3.0,\n2,1e-3,2,-7, ,",
    "X_joined.csv": "-1,0.5,-1.25,3.0\n\ufeff2,1e-3,2,-7",
    "X_trailing.ts": "@data\n0.5,-1.25,3.0,:-1\n0.001,2,-7,:2\n",
    "X_percent.ts": f"% about\n{TS_HEADER}@data\n% more\n0.5,-1.25,3.0:-1\n0.001,2,-7:2\n",
    "X_separators.ts": f"# one\u2028two\x85three\x0cfour\n{TS_HEADER}@data\n0.5,-1.25,3.0:-1\n0.001,2,-7:2\n",
    "X_announced.ts": "@missing true\n@equalLength false\n@univariate false\n@data\n0.5,-1.25,3:-1\n0.001,2,-7:2\n",
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_every_spelling_reads_the_same(tmp_path, name):
    file = tmp_path / name
    file.write_text(SPELLINGS[name], encoding="utf-8", newline="")
    series = read_series(file)
    assert series.values.dtype == np.float32
    np.testing.assert_array_equal(series.values[:, :, 0], np.array(VALUES, dtype=np.float32))
    assert series.lengths.tolist() == [3, 3]
    assert series.labels == LABELS


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("X.ts", "@equalLength false\n@data\n1,2,3:a\n4:b\n5,6:a\n"),
        ("X.tsv", "a\t1\t2\t3\nb\t4\tNaN\tNaN\na\t5\t6\tNaN\n"),
        ("X.tsv", "a\t1\t2\t3\nb\t4\t\t\na\t5\t6\t\n"),
        ("X.csv", "a,1,2,3\nb,4\na,5,6,?\n"),
        ("X.txt", " a 1 2 3\n b 4 nan nan\n a 5 6 nan\n"),
    ],
)
def test_series_of_unequal_lengths_are_padded_with_zeros_and_know_where_they_end(tmp_path, name, content):
    file = tmp_path / name
    file.write_text(content)
    series = read_series(file)
    assert series.values[:, :, 0].tolist() == [[1, 2, 3], [4, 0, 0], [5, 6, 0]]
    assert series.lengths.tolist() == [3, 1, 2]
    assert series.labels == ["a", "b", "a"]


def test_several_dimensions_stand_one_after_the_other_with_a_colon_between(tmp_path):
    file = tmp_path / "X.ts"
    file.write_text("@univariate false\n@dimensions 3\n@data\n1,2:3,4:5,6:-1\n7:8:9:2\n")
    series = read_series(file)
    assert series.values.tolist() == [[[1, 3, 5], [2, 4, 6]], [[7, 8, 9], [0, 0, 0]]]
    assert (series.lengths.tolist(), series.labels) == ([2, 1], ["-1", "2"])


def test_labels_may_be_words(tmp_path):
    file = tmp_path / "X.tsv"
    file.write_text("walk\t1\t2\nrun\t3\t4\n")
    assert read_series(file).labels == ["walk", "run"]


@pytest.mark.parametrize(
    "labels",
    [
        ["1_1", "11"],
        ["1e2", "100"],
        ["20240101120000001", "20240101120000002"],
        ["1", "1.0"],
        ["007", "7"],
        ["1", "\uff11"],
        ["-0", "0"],
        ["inf", "Infinity"],
    ],
)
@pytest.mark.parametrize("ending", [".tsv", ".csv", ".ts", ".txt"])
def test_labels_that_differ_are_two_classes_whatever_number_they_look_like(tmp_path, labels, ending):
    file = tmp_path / f"X{ending}"
    separator = {".tsv": "\t", ".csv": ",", ".txt": " "}.get(ending)
    rows = [f"1,2:{label}" if separator is None else separator.join([label, "1", "2"]) for label in labels]
    file.write_text("".join(f"{row}\n" for row in (["@data", *rows] if separator is None else rows)), encoding="utf-8")
    assert read_series(file).labels == labels


@pytest.mark.parametrize("comment", [b"# 1 \x96 5 Hz, Caf\xe9", b"% \x81\x8d", "# Café".encode()])
def test_comments_may_be_in_older_encodings(tmp_path, comment):
    file = tmp_path / "X.ts"
    file.write_bytes(comment + b"\n@data\n1,2:1\n")
    assert read_series(file).labels == ["1"]


def test_labels_in_older_encodings_keep_their_names(tmp_path):
    file = tmp_path / "X.tsv"
    file.write_bytes("gehen\t1\t2\nläuft\t3\t4\n".encode("cp1252"))
    assert read_series(file).labels == ["gehen", "läuft"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("X.ts", "@timeStamps true\n@data\n(0,1):1\n"),
        ("X.ts", "@classLabel false\n@data\n1,2\n"),
        ("X.ts", "@data\n1,2,?:1\n1,2,3:2\n"),
        ("X.tsv", "1\t1\tNaN\t2\n2\t1\t2\t3\n"),
        ("X.tsv", "1\t\t2\n2\t1\t2\n"),
    ],
)
def test_what_is_merely_unsupported_is_told_from_what_is_malformed(tmp_path, name, content):
    file = tmp_path / name
    file.write_text(content)
    with pytest.raises(UnsupportedSeriesError):
        read_series(file)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("X.tsv", "1\t1\tNaN\t2\n", "line 1, value 2: 'NaN' is a missing value"),
        ("X.tsv", "1\t1\t2\n2\tNaN\tNaN\n", "line 2: a label without values"),
        ("X.tsv", "1\t1\t\t2\n", "line 1, value 2: '' is a missing value"),
        ("X.tsv", "1\t1\tinf\n", "line 1, value 2: 'inf' is not a finite number"),
        ("X.tsv", "1\t1\t1e39\n", "line 1, value 2: '1e39' is not a finite number"),
        ("X.tsv", "1\t1\tx2\n", "line 1, value 2: 'x2' is not a finite number"),
        ("X.tsv", "nan\t1\t2\n", "line 1: no class"),
        ("X.tsv", "\n\n", "holds no series"),
        ("X.tsv", "1\n2\n", "line 1: a label without values"),
        ("X.tsv", "1\t1\t1_1\n", "line 1, value 2: '1_1' is not a finite number"),
        ("X.ts", "@univariate false\n@data\n1,2:3:1\n", "line 3: its dimensions have 2 and 1 values"),
        ("X.ts", "@data\n1,2:3,4:1\n1,2:2\n", "line 3: 1 dimensions, where line 2 has 2"),
        ("X.ts", "@data\n1,2:3,?:1\n", "line 2, dimension 2, value 2: .* a missing value"),
        ("X.ts", "@timeStamps true\n@data\n(0,1):1\n", "line 1: .* time stamps"),
        ("X.ts", "@missing true\n@data\n1,?,2:1\n", "line 3, value 2: .* a missing value"),
        ("X.ts", "@data\n1,?,3:1\n", "line 2, value 2: '\\?' is a missing value"),
        ("X.ts", "@data\n1,2\n", "line 2: 0 colons"),
        ("X.ts", "@problemName X\n1,2:1\n", "line 2: expected a header line"),
        ("X.ts", "@problemName X\n", "no @data line"),
    ],
)
def test_what_is_wrong_is_refused_with_line_and_reason(tmp_path, name, content, message):
    file = tmp_path / name
    file.write_text(content)
    with pytest.raises(SeriesError, match=message):
        read_series(file)


def test_a_binary_file_is_refused(tmp_path):
    file = tmp_path / "X.tsv"
    file.write_bytes(b"\x1f\x8b\xff\xfe")
    with pytest.raises(SeriesError, match="not a text file"):
        read_series(file)
    file.write_bytes("1\t2\t3\n".encode("utf-16"))
    with pytest.raises(SeriesError, match="UTF-16"):
        read_series(file)


@settings(max_examples=150)
@given(st.text(alphabet="01.eE+-\t,: \n@data?nNaifx_１", max_size=60), st.sampled_from([".tsv", ".ts", ".txt"]))
def test_any_text_is_read_or_refused(tmp_path_factory, text, ending):
    file = tmp_path_factory.mktemp("fuzz") / f"X{ending}"
    file.write_text(text, encoding="utf-8")
    try:
        series = read_series(file)
    except SeriesError:
        return
    assert len(series.values) == len(series.labels) == len(series.lines) == len(series.lengths) > 0
    assert 1 <= series.lengths.min() <= series.lengths.max() == series.values.shape[1]
    assert np.isfinite(series.values).all()
