"""Tables in the terminal."""

import pytest

from spectral_bench.report.document import Cell, Column, Table
from spectral_bench.report.table_layout import pieces


@pytest.mark.parametrize(
    ("widths", "sizes"),
    [
        ([8, 8, 8, 8, 8], [5]),
        ([8] * 7, [3, 4]),
        ([8] * 11, [3, 4, 4]),
        ([8, 8, 8, 28, 28, 3], [3, 1, 2]),
        ([100, 8, 8], [1, 2]),
    ],
)
def test_a_table_too_wide_is_cut_into_even_pieces(widths: list[int], sizes: list[int]) -> None:
    columns = [Column("model", "left", label=True), *(Column("c" * width) for width in widths)]
    table = Table("t", "", columns, [[Cell("rnn"), *(Cell("1") for _ in widths)]], [])
    found = pieces(table, 60)
    assert [len(piece) - 1 for piece in found] == sizes
    assert all(piece[0] == 0 for piece in found)
    assert [position for piece in found for position in piece[1:]] == list(range(1, len(columns)))
