"""Completion of overrides: ``model=sv<TAB>``, ``train.st<TAB>``."""

from collections.abc import Sequence
from pathlib import Path

import typer


def complete_override(ctx: typer.Context, incomplete: str) -> list[str]:
    """What the word under the cursor may become; nothing when the words before it do not compose.

    Bash takes ``=`` for a word of its own and hands over ``model``, ``=``, ``sv`` for ``model=sv`` (and Typer keeps the
    sign to itself when it is the last); what bash then inserts is what follows the sign.
    """
    from spectral_bench.config.complete import candidates
    from spectral_bench.errors import SpectralBenchError

    before = _joined_at_equals(ctx.params.get("overrides") or [])
    split_by_shell = bool(before) and (before[-1].endswith("=") or "=" not in before[-1])
    word = f"{before.pop().rstrip('=')}={incomplete}" if split_by_shell else incomplete
    config_dir = ctx.params.get("config_dir")
    try:
        found = candidates(word, before, Path(config_dir) if config_dir else None)
    except SpectralBenchError:
        return []
    return [candidate.partition("=")[2] for candidate in found] if split_by_shell else found


def _joined_at_equals(words: Sequence[str]) -> list[str]:
    """``["model", "=", "rnn"]`` as ``["model=rnn"]``; words that hold their sign stay as they are."""
    joined: list[str] = []
    for word in words:
        if joined and (word == "=" or joined[-1].endswith("=")):
            joined[-1] += word
        else:
            joined.append(word)
    return joined
