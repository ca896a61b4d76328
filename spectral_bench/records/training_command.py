"""The command that trains a run."""

import shlex
from collections.abc import Sequence

from spectral_bench.config.grid_points import OpenKeys
from spectral_bench.config.keys import as_typed
from spectral_bench.config.overrides import typed_key
from spectral_bench.errors import InputError
from spectral_bench.records.run_record import Run
from spectral_bench.runs.directory import parsed_run_id
from spectral_bench.runs.layout import OVERRIDES
from spectral_bench.runs.safe_reading import LARGEST_TEXT, parse_yaml, read_bytes

#: Where files lie on the machine that trained it.
_FOLDERS = ("data_dir", "results_dir")

#: What is set anew when a run is made longer.
_OF_LENGTH = ("train.steps", "train.epochs", "train.evaluate_every", "trace.every")

#: Options that bring files of the user's own.
_BRINGING = ("--plugin", "--config-dir")


def training_command(run: Run, open_keys: OpenKeys) -> str:
    """``spectral-bench run`` with what was typed for this run, of a grid for its point, without folders.

    Where what was typed cannot be read, or the preset needs a key that the run does not have, it is the recorded
    command.

    Args:
        run: the run.
        open_keys: for all runs alike.
    """
    recorded = [str(word) for word in run.manifest.get("command") or []]
    try:
        typed = _typed(run)
        needed = {key: run.config.get(key, run.config.get(f"{key}.name")) for key in open_keys(typed)}
    except (OSError, ValueError, InputError):
        return shlex.join(recorded)
    if None in needed.values():
        return shlex.join(recorded)
    known = parsed_run_id(run.run_id)
    if known is not None and known.digest and not str(run.manifest.get("config_digest")).startswith(known.digest):
        needed |= {key: run.config[key] for key in _OF_LENGTH if key in run.config}
    threads = run.manifest.get("threads")
    if threads and run.config.get("train.threads") is None and _is_of_many(recorded):
        needed["train.threads"] = threads
    words = {typed_key(word): word for word in [*typed, *(f"{key}={as_typed(one)}" for key, one in needed.items())]}
    kept = [word for key, word in words.items() if key not in _FOLDERS]
    return shlex.join(["spectral-bench", "run", *_brought(recorded), *kept])


def _is_of_many(recorded: Sequence[str]) -> bool:
    """Whether a command trained several runs, and so chose another number of threads than a single run does."""
    return recorded[1:2] != ["run"] or not {"-m", "--multirun"}.isdisjoint(recorded)


def _typed(run: Run) -> list[str]:
    text = read_bytes(run.directory / OVERRIDES, LARGEST_TEXT)
    typed = [] if text.strip() == b"[]" else parse_yaml(b"typed:\n" + text)["typed"]
    if not isinstance(typed, list) or not all(isinstance(word, str) for word in typed):
        raise ValueError(f"{OVERRIDES}: expected a list of texts")
    return typed


def _brought(recorded: Sequence[str]) -> list[str]:
    """The options of a command that bring files, each with its value."""
    words = [word.partition("=") for word in recorded]
    found: list[str] = []
    for at, (name, sign, _) in enumerate(words):
        if name in _BRINGING:
            found += [recorded[at]] if sign else recorded[at : at + 2]
    return found
