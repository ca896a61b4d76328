"""Tables in the terminal."""

import pytest

from spectral_bench.report.document import GLUE, Cell, Column, Table
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


def test_a_name_stays_with_its_number_and_where_there_is_no_room_the_number_with_its_interval() -> None:
    text = "; ".join(f"{name} {number}" for name, number in (("mlp 30", "0.76 ±0.17"), ("mlp 50", "0.4 ±1.1")))
    glued = text.replace("mlp ", f"mlp{GLUE}").replace("0 0", f"0{GLUE}0")
    assert cell_lines(glued, 40) == [text]
    assert cell_lines(glued, 21) == ["mlp 30 0.76 ±0.17;", "mlp 50 0.4 ±1.1"]
    assert cell_lines(glued, 16) == ["mlp 30", "0.76 ±0.17;", "mlp 50 0.4 ±1.1"]
    assert cell_lines(glued, 11) == ["mlp 30", "0.76 ±0.17;", "mlp 50", "0.4 ±1.1"]
    assert cell_lines(glued, 6) == ["mlp 30", "0.76", "±0.17;", "mlp 50", "0.4", "±1.1"]


def test_in_a_table_that_is_split_settings_are_not_squeezed_into_a_word_a_line() -> None:
    columns = [Column("model", "left", label=True), Column("differs in", "left", label=True)]
    columns += [Column(f"measured{at}") for at in range(9)]
    settings = f"lr{GLUE}0.003, no{GLUE}clipping"
    rows = [[Cell("svdrnn"), Cell(settings), *(Cell("0.1234") for _ in range(9))] for _ in range(5)]
    table = Table("t", "", columns, rows)
    found = pieces(table, 72)
    assert len(found) > 1
    for piece in found:
        widths = column_widths(table, piece, 72)
        assert sum(widths) + GAP * (len(piece) - 1) <= 72
        assert len(cell_lines(settings, widths[1])) <= 2


def test_a_column_gives_way_where_that_takes_no_more_lines() -> None:
    columns = [Column("name", "left", label=True), Column("of three words each", wraps=True)]
    table = Table("t", "", columns, [[Cell("one two three four"), Cell("1.5")]] * 9)
    assert column_widths(table, [0, 1], 26) == [18, 5]


def test_what_wrapped_lines_leave_of_the_room_goes_to_a_column_that_it_saves_a_line() -> None:
    columns = [Column("differs", "left", label=True), Column("bound", wraps=True)]
    table = Table("t", "", columns, [[Cell("lr=0.01 clip_norm=null"), Cell("0.99 to 1.01")]] * 3)
    assert column_widths(table, [0, 1], 23) == [14, 7]
