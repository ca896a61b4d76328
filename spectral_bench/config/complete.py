"""Completion of overrides."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from spectral_bench.config.catalog import GROUPS, options
from spectral_bench.config.compose import compose
from spectral_bench.config.keys import as_typed, flatten


def candidates(word: str, before: Sequence[str], config_dir: Path | None = None) -> list[str]:
    """The overrides, or beginnings of overrides, that complete ``word``.

    Keys are those of the configuration that the overrides before the word compose: after ``model=lstm`` those of
    the LSTM. An unambiguous key comes with its present value, to be kept or edited.

    Raises:
        InputError: the overrides before the word do not compose.
    """
    name, sign, _ = word.partition("=")
    if sign and name in GROUPS:
        return _beginning(word, (f"{name}={option}" for option in options(name, config_dir)))
    values = flatten(compose(before, config_dir).config)
    if sign:
        return _beginning(word, [f"{name}={as_typed(values[name])}"] if name in values else [])
    depth = word.count(".")
    level = {".".join(key.split(".")[: depth + 1]) + ("." if key.count(".") > depth else "=") for key in values}
    if not depth:
        level |= {f"{group}=" for group in GROUPS}
    matching = _beginning(word, level)
    if len(matching) > 1 or not matching:
        return matching
    (only,) = matching
    # A shell adds a space after a single candidate, which breaks the override: offer what may follow it as well.
    return [only, *candidates(only, before, config_dir)] if only.endswith("=") else candidates(only, before, config_dir)


def _beginning(word: str, texts: Iterable[str]) -> list[str]:
    return sorted(text for text in texts if text.startswith(word))
