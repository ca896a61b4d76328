"""Footnotes of tables: a remark has the same mark in every table of a report."""

from collections.abc import Callable, Iterable


class Footnotes:
    """Remarks in the order they were first cited.

    Args:
        mark: gives the mark of the remark in a position: ``[1]``, ``(a)``.
    """

    def __init__(self, mark: Callable[[int], str]) -> None:
        self._mark = mark
        self._marks: dict[str, str] = {}

    def cite(self, remark: str) -> str:
        """The mark of a remark."""
        return self._marks.setdefault(remark, self._mark(len(self._marks)))

    def below(self, cited: Iterable[str]) -> list[str]:
        """The footnotes of a table that cites these remarks."""
        chosen = set(cited)
        return [f"{mark} {remark}" for remark, mark in self._marks.items() if remark in chosen]


def sources() -> Footnotes:
    """Marked ``[1]``, ``[2]``, ..."""
    return Footnotes(lambda position: f"[{position + 1}]")


def reasons() -> Footnotes:
    """Marked ``(a)``, ..., ``(z)``, ``(aa)``, ..."""
    return Footnotes(lambda position: f"({_letters(position)})")


def _letters(position: int) -> str:
    before, last = divmod(position, 26)
    return (_letters(before - 1) if before else "") + chr(ord("a") + last)
