"""How the columns of a table are laid out where there is not room for all: wrapped between words, then split."""

import re
from collections.abc import Sequence
from itertools import combinations, pairwise
from textwrap import wrap

from spectral_bench.report.document import Table

#: Characters between two columns.
GAP = 2

#: A column that may be wrapped is wrapped when it is wider, however much room there is.
_WIDEST_WRAPPED = 60

#: Keeps together what is read together where a cell is wrapped; a space when it is printed.
_GLUE = "\u00a0"

#: An interval behind its number; ``(2 of 3)`` or ``in 2 of 3`` of the seeds.
_TOGETHER = re.compile(r" (?=±)|(?:\bin )?\d+ of \d+")

#: Where a word may be broken, so that a table need not be split: before an interval, and behind the name of a key.
_LAST_RESORT = re.compile(rf"{_GLUE}|(?<==)(?=.)")


def pieces(table: Table, width: int) -> list[list[int]]:
    """The columns of each piece of a table that is not to be wider than ``width``, however it is wrapped."""
    tight, loose = (_pieces(table, width, breaks_words=breaks_words) for breaks_words in (False, True))
    return loose if len(loose) < len(tight) else tight


def _pieces(table: Table, width: int, *, breaks_words: bool) -> list[list[int]]:
    narrowest, _ = _extremes(table, breaks_words=breaks_words)
    labels = [position for position, column in enumerate(table.columns) if column.label]
    others = [position for position, column in enumerate(table.columns) if not column.label]
    room = width + GAP - sum(narrowest[position] + GAP for position in labels)
    cuts = _cuts([narrowest[position] + GAP for position in others], room)
    return [[*labels, *others[first:last]] for first, last in pairwise([0, *cuts, len(others)])]


def _extremes(table: Table, *, breaks_words: bool = False) -> tuple[list[int], list[int]]:
    """For every column the width of its longest word, if its cells may be wrapped, and that of its longest line."""
    narrowest, widest = [], []
    for position, column in enumerate(table.columns):
        cells = [row[position].text for row in table.rows]
        lines = max(map(len, cells), default=0)
        longest = 0 if breaks_words else lines
        words = max((len(word) for cell in cells for word in _words(cell, longest)), default=0)
        may_wrap = column.wraps or (column.label and not column.whole)
        narrowest.append(max(len(max(column.header.split() or [""], key=len)), words if may_wrap else lines))
        most = max(len(column.header), lines)
        widest.append(max(narrowest[-1], min(most, _WIDEST_WRAPPED) if may_wrap else most))
    return narrowest, widest


def column_widths(table: Table, chosen: Sequence[int], width: int) -> list[int]:
    """The widths of the chosen columns: as their lines are, or less, the widest first, until they fit."""
    gaps = GAP * (len(chosen) - 1)
    narrowest, widest = _extremes(table)
    if sum(narrowest[position] for position in chosen) + gaps > width:
        narrowest, _ = _extremes(table, breaks_words=True)
    found = {position: widest[position] for position in chosen}
    for _ in range(sum(found.values()) + gaps - width):
        roomy = [position for position in chosen if found[position] > narrowest[position]]
        if not roomy:
            break
        found[max(roomy, key=lambda position: found[position])] -= 1
    return [found[position] for position in chosen]


def _words(text: str, width: int) -> list[str]:
    """What stays in one line; of words that are longer than ``width``, the parts."""
    words = _TOGETHER.sub(lambda found: found[0].replace(" ", _GLUE), text).split(" ")
    return [part for word in words for part in (_LAST_RESORT.split(word) if len(word) > width else [word])]


def _cuts(widths: Sequence[int], room: int) -> tuple[int, ...]:
    """Where to split columns into as few pieces as fit, as evenly as possible."""

    def pieces_of(cuts: tuple[int, ...]) -> list[Sequence[int]]:
        return [widths[first:last] for first, last in pairwise([0, *cuts, len(widths)])]

    for count in range(len(widths)):
        found = [
            cuts
            for cuts in combinations(range(1, len(widths)), count)
            if all(len(piece) == 1 or sum(piece) <= room for piece in pieces_of(cuts))
        ]
        if found:
            return min(found, key=lambda cuts: sum(sum(piece) ** 2 for piece in pieces_of(cuts)))
    return ()


def cell_lines(text: str, width: int) -> list[str]:
    """The lines of a cell, broken between words."""
    lines = wrap(" ".join(_words(text, width)), max(width, 1), break_long_words=False, break_on_hyphens=False)
    return [line.replace(_GLUE, " ") for line in lines] or [""]
