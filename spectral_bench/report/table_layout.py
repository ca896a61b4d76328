"""How the columns of a table are laid out where there is not room for all: wrapped between words, then split."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations, pairwise

from spectral_bench.report.document import GLUE, Table

#: Characters between two columns.
GAP = 2

#: A column that may be wrapped is wrapped when it is wider, however much room there is.
_WIDEST_WRAPPED = 60

#: An interval behind its number; ``(2 of 3)`` or ``in 2 of 3`` of the seeds.
_TOGETHER = re.compile(r" (?=±)|(?:\bin )?\d+ of \d+")

#: Where what is read together may be broken, so that a table need not be split, the best first: between a name and its
#: number with an interval; behind a hyphen; between any words, and behind the name of a key.
_RESORTS = (
    re.compile(rf"({GLUE})(?=[(-]*\d[^{GLUE}]*{GLUE}±)"),
    re.compile(r"()(?<=\w-)(?=[^\W\d])"),
    re.compile(rf"({GLUE})|(?<==)(?=.)"),
)

#: What the labels of a table that is split have at least, if they are so long: several are tried.
_ROOM_OF_LABELS = (0, 12, 16, 20, 24, 30, 40)

#: Lines of a piece for its header's rules and the distance to the next piece.
_RULES = 3


def pieces(table: Table, width: int) -> list[list[int]]:
    """The columns of each piece of a table that is not to be wider than ``width``, however it is wrapped.

    All in one, if that is possible. Else labels have as much room as makes the pieces shortest together.
    """
    measured = _Measured(table)
    everything = range(len(table.columns))
    if _total(measured.narrowest(everything, width)) <= width:
        return [list(everything)]
    tried: list[list[list[int]]] = []
    for room in _ROOM_OF_LABELS:
        for breaks in range(len(measured.extremes)):
            found = measured.pieces(width, room, breaks)
            tried += [found] if found not in tried else []
    return min(tried, key=lambda found: sum(measured.height(piece, width) for piece in found))


def column_widths(table: Table, chosen: Sequence[int], width: int) -> list[int]:
    """The widths of the chosen columns: as their lines are, or less, until they fit, where it adds the fewest lines."""
    return _Measured(table).widths(chosen, width)


def cell_lines(text: str, width: int) -> list[str]:
    """The lines of a cell, broken between words; a word longer than a line at the first resort that makes it fit."""
    lines: list[str] = []
    for word in _words(text):
        _append(lines, word, " ", width)
    return [line.replace(GLUE, " ") for line in lines] or [""]


@dataclass
class _Measured:
    """How wide the columns of a table have to be.

    Attributes:
        table: whose columns.
    """

    table: Table

    @cached_property
    def extremes(self) -> list[tuple[list[int], list[int]]]:
        """By the number of resorts taken, of every column the width of its longest word, and that of its longest line.

        A column that may not be wrapped has none but its longest line.
        """
        found: list[tuple[list[int], list[int]]] = [([], []) for _ in range(len(_RESORTS) + 1)]
        for position, column in enumerate(self.table.columns):
            cells = {row[position].text for row in self.table.rows}
            lines = max(map(len, cells), default=0)
            words = {word for cell in cells for word in _words(cell)}
            may_wrap = column.wraps or (column.label and not column.whole)
            most = max(len(column.header), lines)
            for breaks, (narrowest, widest) in enumerate(found):
                longest = max((len(part) for word in words for part in _broken(word, breaks)), default=0)
                header = len(max(column.header.split() or [""], key=len))
                narrowest.append(max(header, longest if may_wrap else lines))
                widest.append(max(narrowest[-1], min(most, _WIDEST_WRAPPED) if may_wrap else most))
        return found

    def narrowest(self, chosen: Sequence[int], width: int) -> list[int]:
        """The least widths of the chosen columns, with no more resorts taken than it takes to fit."""
        for narrowest, _ in self.extremes:
            found = [narrowest[position] for position in chosen]
            if _total(found) <= width:
                break
        return found

    def widths(self, chosen: Sequence[int], width: int) -> list[int]:
        """As ``column_widths``."""
        least = self.narrowest(chosen, width)
        found = [max(self.extremes[0][1][position], one) for position, one in zip(chosen, least, strict=True)]
        for _ in range(_total(found) - width):
            roomy = [place for place, one in enumerate(found) if one > least[place]]
            if not roomy:
                break
            found[min(roomy, key=lambda place: (self._added(chosen[place], found[place]), -found[place]))] -= 1
        return self._with_rest(chosen, found, width)

    def _with_rest(self, chosen: Sequence[int], widths: list[int], width: int) -> list[int]:
        """The widths that lines really take, and what that leaves of the room where it saves a line."""
        found = [min(one, self._longest(position, one)) for position, one in zip(chosen, widths, strict=True)]
        more = 1
        while more <= width - _total(found):
            saved = [-self._added(position, one, more) for position, one in zip(chosen, found, strict=True)]
            if max(saved) > 0:
                found[saved.index(max(saved))] += more
            more = 1 if max(saved) > 0 else more + 1
        return found

    def _longest(self, position: int, width: int) -> int:
        return max(len(line) for text in self._cells[position] for line in cell_lines(text, width))

    def _added(self, position: int, width: int, wider: int = -1) -> int:
        """How many lines more the cells of a column take if it is wider by so many letters."""
        cells = self._cells[position].items()
        return sum(times * (_lines(text, width + wider) - _lines(text, width)) for text, times in cells)

    @cached_property
    def _cells(self) -> list[Counter[str]]:
        """Of every column its texts, the header among them, and how often each occurs."""
        return [
            Counter([column.header, *(row[position].text for row in self.table.rows)])
            for position, column in enumerate(self.table.columns)
        ]

    def pieces(self, width: int, room_of_labels: int, breaks: int) -> list[list[int]]:
        """The columns of as few pieces as fit, where labels have so much room and so many resorts are taken."""
        narrowest, widest = self.extremes[breaks]
        labels = [position for position, column in enumerate(self.table.columns) if column.label]
        others = [position for position, column in enumerate(self.table.columns) if not column.label]
        taken = sum(max(narrowest[one], min(widest[one], room_of_labels)) + GAP for one in labels)
        cuts = _cuts([narrowest[position] + GAP for position in others], width + GAP - taken)
        return [[*labels, *others[first:last]] for first, last in pairwise([0, *cuts, len(others)])]

    def height(self, piece: Sequence[int], width: int) -> int:
        """How many lines a piece takes; what is wider than there is room counts as much again for each letter."""
        widths = self.widths(piece, width)
        rows = [[column.header for column in self.table.columns]]
        rows += [[cell.text for cell in row] for row in self.table.rows]
        lines = sum(max(_lines(row[at], wide) for at, wide in zip(piece, widths, strict=True)) for row in rows)
        return (lines + _RULES) * (1 + max(0, _total(widths) - width))


@lru_cache(maxsize=1 << 16)
def _lines(text: str, width: int) -> int:
    return 1 if len(text) <= width else len(cell_lines(text, width))


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _words(text: str) -> list[str]:
    """What stays in one line if there is room."""
    return _TOGETHER.sub(lambda found: found[0].replace(" ", GLUE), text).split(" ")


def _broken(word: str, breaks: int) -> Iterator[str]:
    """The parts of a word at so many of the resorts."""
    if not breaks:
        yield word
        return
    for part in _RESORTS[breaks - 1].split(word)[::2]:
        yield from _broken(part, breaks - 1)


def _append(lines: list[str], word: str, between: str, width: int, resort: int = 0) -> None:
    """Put a word behind the last line, or below it; one that fits no line in parts."""
    if lines and len(lines[-1]) + len(between) + len(word) <= width:
        lines[-1] += between + word
    elif len(word) <= width or resort == len(_RESORTS):
        lines.append(word)
    else:
        first, *others = _RESORTS[resort].split(word)
        if others and not resort and len(first) <= width:
            lines.append(first)  # a name that is broken from its number begins a line
        else:
            _append(lines, first, between, width, resort + 1)
        for glue, part in zip(others[::2], others[1::2], strict=True):
            _append(lines, part, " " if glue else "", width, resort + 1)


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
