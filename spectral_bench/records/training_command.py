"""The command that trains a run."""

import shlex

from spectral_bench.config.keys import as_typed
from spectral_bench.config.overrides import typed_key
from spectral_bench.records.run_record import Run
from spectral_bench.runs.layout import OVERRIDES
from spectral_bench.runs.safe_reading import LARGEST_TEXT, parse_yaml, read_bytes

#: Where files lie on the machine that trained it.
_FOLDERS = ("data_dir", "results_dir")

#: What ``resume`` may raise.
_LENGTHS = ("train.steps", "train.epochs")


def training_command(run: Run) -> str:
    """``spectral-bench run`` with what was typed for this run, of a grid for its point, without folders.

    It is the recorded command where what was typed cannot be read.
    """
    try:
        content = parse_yaml(b"typed:\n" + read_bytes(run.directory / OVERRIDES, LARGEST_TEXT))
    except (OSError, ValueError):
        return shlex.join(map(str, run.manifest.get("command") or []))
    words = [str(word) for word in content["typed"] or []]
    if run.manifest.get("config_digest_before"):  # it was made longer
        words += [f"{key}={as_typed(run.config[key])}" for key in _LENGTHS if key in run.config]
    last = {typed_key(word): word for word in words}
    return shlex.join(["spectral-bench", "run", *(word for key, word in last.items() if key not in _FOLDERS)])
