"""Did you mean: the valid word nearest to a mistyped one."""

import re
from collections.abc import Collection, Iterable, Mapping
from difflib import SequenceMatcher

#: Above so many valid words only the nearest of them are listed, so many: nobody reads a wall of words.
_LISTED, _NEAREST = 20, 5

#: Words less alike than this are not taken for one another; of keys, for what stands at another place.
_ALIKE, _ALIKE_ELSEWHERE = 0.5, 0.65

#: How alike a word at least is to one that begins with it.
_BEGUN = 0.8

#: What people call keys, beside the keys' own last words.
_CALLED: Mapping[str, str] = {
    "batch": "train.batch_size",
    "depth": "model.num_layers",
    "grad_clip": "train.clip_norm",
    "iterations": "train.steps",
    "layers": "model.num_layers",
    "learning_rate": "optimizer.lr",
    "radius": "r",
    "sigma_radius": "r",
    "width": "model.hidden_size",
}


def nearest(word: str, valid: Iterable[str]) -> str | None:
    """The valid word nearest to ``word``, or None when nothing is near."""
    alike = [(_alikeness(word, candidate), candidate) for candidate in sorted(valid)]
    best = max(alike, key=lambda pair: pair[0], default=(0.0, None))
    return best[1] if best[0] >= _ALIKE else None


def nearest_key(key: str, valid: Collection[str]) -> str | None:
    """The valid dotted key nearest to ``key``: a sibling, or what is called so elsewhere (``lr``: ``optimizer.lr``)."""
    parent, name = _parent(key), _name(key)
    found = []
    for candidate in sorted(valid):
        is_sibling = _parent(candidate) == parent
        found.append((_alikeness(name, _name(candidate)), is_sibling, _alikeness(key, candidate), candidate))
    found += [(_alikeness(name, word), False, 0.0, meant) for word, meant in _CALLED.items() if meant in valid]
    near = [one for one in found if one[0] >= (_ALIKE if one[1] else _ALIKE_ELSEWHERE)]
    if near:
        return max(near, key=lambda one: one[:3])[3]
    return None if any(one[1] for one in found) else nearest(key, valid)


def _alikeness(word: str, other: str) -> float:
    """From 0 to 1, which is equal but for capitals: a letter in the wrong place counts half of a wrong one."""
    word, other = word.lower(), other.lower()
    ratio = SequenceMatcher(None, other, word).ratio()
    if sorted(word) == sorted(other):
        return (1.0 + ratio) / 2
    return max(ratio, _BEGUN) if len(word) > 2 and other.startswith(word) else ratio


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
    """The message for a word that is not valid: the word, the one that was meant, and those that are, or the nearest.

    Args:
        what: the word is of.
        word: the one that is not valid.
        valid: those that are.
        spoken: other words that people may say, each with the valid one that they mean.
    """
    words = sorted(valid)
    others = {alias: meant for alias, meant in (spoken or {}).items() if meant in words}
    guess = nearest(word, [*words, *others])
    return _message(what, word, others.get(guess or "", guess), words)


def unknown_key(key: str, valid: Collection[str]) -> str:
    """The message for a dotted key that does not exist: the nearest one, and those that could stand in its place."""
    siblings = [word for word in valid if _parent(word) == _parent(key)]
    roots = [word for word in valid if not _parent(word)]
    return _message("key", key, nearest_key(key, valid), sorted(siblings or roots))


def _message(what: str, word: str, guess: str | None, words: list[str]) -> str:
    hint = f" Did you mean '{guess}'?" if guess else ""
    message = f"Unknown {what} '{short(word)}'.{hint}"
    if len(words) <= _LISTED:
        return f"{message} Valid: {', '.join(words)}."
    alike = {other: max(_alikeness(word, other), _alikeness(word, _name(other))) for other in words}
    near = sorted((other for other in words if alike[other] >= _ALIKE), key=lambda other: -alike[other])[:_NEAREST]
    if near:
        return f"{message} The nearest of {len(words)}: {', '.join(near)}."
    return message if guess else f"{message} None of {len(words)} is near."


def _parent(key: str) -> str:
    return key.rpartition(".")[0]


def _name(key: str) -> str:
    return key.rpartition(".")[2]
