"""Completion of overrides: ``model=sv<TAB>``, ``train.st<TAB>``."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer


def complete_override(ctx: typer.Context, incomplete: str) -> list[str]:
    """What the word under the cursor may become; nothing when the words before it do not compose.

    Bash takes ``=`` for a word of its own and hands over ``model``, ``=``, ``sv`` for ``model=sv``; what it then
    inserts is what follows the sign.
    """
    from spectral_bench.config.complete import candidates
    from spectral_bench.errors import SpectralBenchError

    words = [*(ctx.params.get("overrides") or []), incomplete]
    *before, word = _joined_at_equals(words)
    config_dir = ctx.params.get("config_dir")
    try:
        found = candidates(word, before, Path(config_dir) if config_dir else None)
    except SpectralBenchError:
        return []
    split_by_shell = "=" in words[-2:]
    return [_Value(candidate.partition("=")[2]) for candidate in found] if split_by_shell else found


class _Value(str):
    """What follows a sign that bash made the current word: Typer keeps only what begins with the current word."""

    __slots__ = ()

    def startswith(self, *args: Any) -> bool:
        return super().startswith(*args) or args == ("=",)


def _joined_at_equals(words: Sequence[str]) -> list[str]:
    """``["model", "=", "sv"]`` as ``["model=sv"]``; words that hold their sign stay as they are."""
    joined: list[str] = []
    for word in words:
        if joined and (word == "=" or joined[-1].endswith("=")):
            joined[-1] += word
        else:
            joined.append(word)
    return joined
