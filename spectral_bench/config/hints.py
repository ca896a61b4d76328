"""Did you mean: the nearest valid word to one that was mistyped."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, valid: Iterable[str]) -> str | None:
    """The valid word nearest to ``word``, or None when nothing is near."""
    matches = get_close_matches(word.lower(), list(valid), n=1, cutoff=0.5)
    return matches[0] if matches else None


def unknown(what: str, word: str, valid: Iterable[str]) -> str:
    """The message for a word that is not valid: the word, the nearest valid one, and all of them."""
    words = sorted(valid)
    guess = nearest(word, words)
    hint = f" Did you mean '{guess}'?" if guess else ""
    return f"Unknown {what} '{word}'.{hint} Valid: {', '.join(words)}."
