"""Which rows of a table in LaTeX stand on which page.

Heights are in lines of small type, as an ``article`` of letter paper sets it: of 12 points, at which the fewest fit.
"""

from collections.abc import Sequence

#: Lines that a page has room for: 536 points by 13.6, less one to be safe.
_PAGE = 38.0

#: Of a tabular, its rules and the distance to the next.
BETWEEN = 1.5

#: Characters in a line of a caption and of notes, what such a line takes, and what is around them.
_CAPTION, _NOTE = 62, 76
_LINE_OF_CAPTION, _LINE_OF_NOTE = 1.1, 0.9
_AROUND = 1.0


def lines_of_caption(text: str) -> float:
    """What a caption takes."""
    return _AROUND + _LINE_OF_CAPTION * -(-len(text) // _CAPTION)


def lines_of_notes(notes: Sequence[str]) -> float:
    """What the notes below a table take."""
    return _AROUND + _LINE_OF_NOTE * sum(-(-len(note) // _NOTE) for note in notes) if notes else 0.0


def rows_of_pages(heights: Sequence[int], above: float, below: float) -> list[range]:
    """The rows of every page; none on the last, if the notes need one of their own.

    Args:
        heights: of the rows.
        above: what caption and header take on every page.
        below: what the notes take on the last.
    """
    pages, first, used = [], 0, above
    for position, height in enumerate(heights):
        if used + height > _PAGE and position > first:
            pages.append(range(first, position))
            first, used = position, above
        used += height
    pages.append(range(first, len(heights)))
    if used + below > _PAGE and heights:
        pages.append(range(len(heights), len(heights)))
    return pages
