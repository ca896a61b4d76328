"""Did you mean: the valid word nearest to a mistyped one."""

import re
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches

#: Above this many, valid words are counted instead of listed: nobody reads a wall of words.
_LISTED = 20


def nearest(word: str, valid: Iterable[str]) -> str | None:
    """The valid word nearest to ``word``, or None when nothing is near."""
    words = {candidate.lower(): candidate for candidate in valid}
    matches = get_close_matches(word.lower(), words, n=1, cutoff=0.5)
    return words[matches[0]] if matches else None


def nearest_key(key: str, valid: Collection[str]) -> str | None:
    """The valid dotted key nearest to ``key``: one of the same name (``lr``: ``optimizer.lr``), else a sibling."""
    parent, name = _parent(key), _name(key)
    for candidate in sorted(valid):
        if _name(candidate) == name:
            return candidate
    siblings = {_name(candidate): candidate for candidate in valid if _parent(candidate) == parent}
    if siblings:
        guess = nearest(name, siblings)
        return siblings[guess] if guess else None
    return nearest(key, valid)


def grid_meant(key: str, text: str) -> str | None:
    """The grid that ``1..3``, ``1-3`` or ``1:3`` stands for, as it is typed; None for any other text."""
    match = re.fullmatch(r"(\d{1,9})(?:\.\.\.?|-|:)(\d{1,9})", text)
    if match is None or int(match[1]) >= int(match[2]):
        return None
    first, last = int(match[1]), int(match[2])
    if last - first < 10:
        return f"{key}={','.join(map(str, range(first, last + 1)))}"
    return f"'{key}=range({first},{last + 1})'"


def short(text: str, limit: int = 80) -> str:
    """A text, cut if it is too long for a message."""
    return text if len(text) <= limit else f"{text[:limit]}..."


def unknown(what: str, word: str, valid: Iterable[str], spoken: Mapping[str, str] | None = None) -> str:
    """The message for a word that is not valid: the word, the nearest valid one, and all of them.

    Args:
        what: the word is of.
        word: the one that is not valid.
        valid: those that are.
        spoken: other words that people may say, each with the valid one that they mean.
    """
    words = sorted(valid)
    others = {said: meant for said, meant in (spoken or {}).items() if meant in words}
    guess = nearest(word, [*words, *others])
    return _message(what, word, others.get(guess or "", guess), words)


def unknown_key(key: str, valid: Collection[str]) -> str:
    """The message for a dotted key that does not exist: the nearest one, and those that could stand in its place."""
    siblings = [word for word in valid if _parent(word) == _parent(key)]
    roots = [word for word in valid if not _parent(word)]
    return _message("key", key, nearest_key(key, valid), sorted(siblings or roots))


def _message(what: str, word: str, guess: str | None, words: list[str]) -> str:
    hint = f" Did you mean '{guess}'?" if guess else ""
    rest = f", ... ({len(words)} in all)" if len(words) > _LISTED else ""
    return f"Unknown {what} '{short(word)}'.{hint} Valid: {', '.join(words[:_LISTED])}{rest}."


def _parent(key: str) -> str:
    return key.rpartition(".")[0]


def _name(key: str) -> str:
    return key.rpartition(".")[2]
