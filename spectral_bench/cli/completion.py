"""Completion of overrides, ``model=sv<TAB>`` and ``train.st<TAB>``, and of names of data sets."""

from collections.abc import Sequence
from pathlib import Path

import typer

from spectral_bench.cli.plugin_option import PLUGINS_PARAMETER

#: The key whose values are names of UCR sets.
_DATASET = "task.dataset="


def complete_dataset(incomplete: str) -> list[str]:
    """The UCR sets whose name begins so."""
    from spectral_bench.config.data_folder import default_data_dir
    from spectral_bench.data.datasets import found_ucr_names, known_ucr_names

    names = {*known_ucr_names(), *found_ucr_names(default_data_dir())}
    return sorted((name for name in names if name.startswith(incomplete)), key=str.lower)


def complete_override(ctx: typer.Context, incomplete: str) -> list[str]:
    """Completions of the word under the cursor; none if the words before it do not compose.

    Bash splits words at ``=`` and passes ``model``, ``=``, ``sv`` for ``model=sv`` (and Typer drops the sign if it is
    last); bash then inserts only what follows the sign.
    """
    from spectral_bench.config.complete import candidates
    from spectral_bench.errors import SpectralBenchError
    from spectral_bench.plugins.importing import load_plugins

    before = _joined_at_equals(ctx.params.get("overrides") or [])
    split_by_shell = bool(before) and (before[-1].endswith("=") or "=" not in before[-1])
    word = f"{before.pop().rstrip('=')}={incomplete}" if split_by_shell else incomplete
    config_dir = ctx.params.get("config_dir")
    if word.startswith(_DATASET):
        sets = complete_dataset(word.removeprefix(_DATASET))
        return [name if split_by_shell else _DATASET + name for name in sets]
    try:
        load_plugins(ctx.params.get(PLUGINS_PARAMETER) or [])
        found = candidates(word, before, Path(config_dir) if config_dir else None)
    except SpectralBenchError:
        return []
    return [candidate.partition("=")[2] for candidate in found] if split_by_shell else found


def _joined_at_equals(words: Sequence[str]) -> list[str]:
    """``["model", "=", "rnn"]`` as ``["model=rnn"]``; words that contain their sign are unchanged."""
    joined: list[str] = []
    for word in words:
        if joined and (word == "=" or joined[-1].endswith("=")):
            joined[-1] += word
        else:
            joined.append(word)
    return joined
