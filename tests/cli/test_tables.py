"""Tables in the terminal."""

import pytest

from spectral_bench.report.document import Cell, Column, Table
from spectral_bench.report.table_layout import GAP, cell_lines, column_widths, pieces


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


def test_a_table_is_split_only_where_breaks_before_intervals_and_behind_keys_do_not_make_it_fit() -> None:
    columns = [Column("model", "left", label=True), Column("differs in", "left", label=True)]
    columns += [Column(name, wraps=True) for name in ("test accuracy", "solved")] + [Column("parameters")]
    cells = ["svdrnn", "orthogonal_lr_scale=0.1 r=0.01", "0.09930 ±0.00043", "150", "15,049"]
    table = Table("t", "", columns, [[Cell(text) for text in cells]] * 2, [])
    for width, lines in ((69, "0.09930 ±0.00043"), (58, "0.09930")):
        (piece,) = pieces(table, width)
        widths = column_widths(table, piece, width)
        assert sum(widths) + GAP * (len(piece) - 1) <= width
        assert cell_lines(cells[2], widths[2])[0] == lines
    assert cell_lines(cells[1], 20) == ["orthogonal_lr_scale=", "0.1 r=0.01"]
    assert cell_lines("vanishing in 2 of 3", 12) == ["vanishing", "in 2 of 3"]
    assert cell_lines("1,200 ±1,600 (2 of 3); never", 16) == ["1,200 ±1,600", "(2 of 3); never"]
    assert cell_lines(cells[1], 23) == ["orthogonal_lr_scale=0.1", "r=0.01"]
    assert len(pieces(table, 40)) > 1
