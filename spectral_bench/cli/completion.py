"""Completion: of overrides, ``model=sv<TAB>`` and ``train.st<TAB>``, of data sets, and of what runs have."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from spectral_bench.cli.plugin_option import PLUGINS_PARAMETER

if TYPE_CHECKING:
    from spectral_bench.records.run_record import Run

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


def complete_key(ctx: typer.Context, incomplete: str) -> list[str]:
    """Keys and fields of the runs that the command line names; with a minus before them after a minus."""
    sign = "-" * incomplete.startswith("-")
    return [sign + key for key in _keys(_runs(ctx)) if key.startswith(incomplete.removeprefix("-"))]


def complete_metric(incomplete: str) -> list[str]:
    """Fields of summaries by which runs are judged."""
    from spectral_bench.compare.criteria import SCORES

    return [field for field in SCORES if field.startswith(incomplete)]


def complete_where(ctx: typer.Context, incomplete: str) -> list[str]:
    """Keys of the runs that the command line names, then the values they have."""
    from spectral_bench.config.keys import as_typed

    runs = _runs(ctx)
    key, sign, value = incomplete.partition("=")
    if not sign:
        return [f"{name}=" for name in _keys(runs) if name.startswith(incomplete)]
    values = sorted({as_typed(found) for run in runs if (found := run.fields().get(key)) is not None})
    return [f"{key}={found}" for found in values if found.startswith(value)]


def complete_run(incomplete: str) -> list[str]:
    """Ids of the runs in ``results`` that begin so, and folders."""
    from spectral_bench.records.discovery import DEFAULT_RESULTS, find_runs

    ids = [found.directory.name for found in find_runs([DEFAULT_RESULTS])] if DEFAULT_RESULTS.is_dir() else []
    folder = Path(incomplete) if incomplete.endswith("/") else Path(incomplete).parent
    try:
        below = [f"{path}/" for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    except OSError:
        below = []
    return sorted(word for word in (*ids, *below) if word.startswith(incomplete))


def _runs(ctx: typer.Context) -> Sequence[Run]:
    """The runs at the paths that were typed so far, or the default's; none where there are none."""
    from spectral_bench.errors import SpectralBenchError
    from spectral_bench.records.collection import collect
    from spectral_bench.records.discovery import DEFAULT_RESULTS

    try:
        return collect([Path(path) for path in ctx.params.get("paths") or [DEFAULT_RESULTS]]).runs
    except SpectralBenchError:
        return []


def _keys(runs: Sequence[Run]) -> list[str]:
    return sorted({key for run in runs for key in run.fields()})


def _joined_at_equals(words: Sequence[str]) -> list[str]:
    """``["model", "=", "rnn"]`` as ``["model=rnn"]``; words that contain their sign are unchanged."""
    joined: list[str] = []
    for word in words:
        if joined and (word == "=" or joined[-1].endswith("=")):
            joined[-1] += word
        else:
            joined.append(word)
    return joined
