"""Going on with a run from its last whole checkpoint, as if it had never stopped."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from spectral_bench.config.change import changed, differences
from spectral_bench.config.load import digest, resolved
from spectral_bench.config.schema import CHANGES_NO_NUMBER, MOST_THREADS, ExperimentConfig
from spectral_bench.errors import DataError, InputError
from spectral_bench.runs import metrics, recorder
from spectral_bench.runs.atomic import write_text
from spectral_bench.runs.checkpoint import Checkpoints
from spectral_bench.runs.environment import describe_environment, environment_changes
from spectral_bench.runs.execute import CONFIG, command, config_yaml, prepare
from spectral_bench.runs.lock import locked, owner
from spectral_bench.runs.manifest import Manifest, now
from spectral_bench.runs.saved import read_run
from spectral_bench.runs.sitting import SUMMARY, Prepared, Result, sit
from spectral_bench.training.observer import Observer

#: What may be raised, to train on.
_RAISABLE = ("train.steps", "train.epochs")


@dataclass(frozen=True)
class Reopened:
    """A run that is ready to go on.

    Attributes:
        directory: of the run.
        manifest: of the run.
        prepared: model, task and trainer, in the state of the checkpoint.
        from_step: updates made by then.
        traces: the digests of the parts of tables that stay.
        warnings: damaged files that were found and done without, and what changed since.
    """

    directory: Path
    manifest: Manifest
    prepared: Prepared
    from_step: int
    traces: Mapping[str, Mapping[str, str]]
    warnings: list[str]

    def go_on(self, observers: Sequence[Observer] = ()) -> Result:
        """Train on; see ``sit`` for what it raises."""
        return sit(self.prepared, self.directory, self.manifest, observers, self.traces)


@contextmanager
def reopened(directory: Path, overrides: Sequence[str] = ()) -> Iterator[Reopened]:
    """Take up a run where its last whole checkpoint left it, and have it for oneself until the end of the block.

    The tables are cut back to the checkpoint. A run that is complete is taken up, too: it ends at once, unless
    ``overrides`` raise its length.

    Args:
        directory: of the run.
        overrides: ``train.steps`` or ``train.epochs``, to be raised; ``data_dir`` or ``train.max_minutes``.

    Raises:
        InputError: this is no run, or the overrides change more than that.
        DataError: a file of the run is damaged and there is no other, or the data is not what it was.
        LockedError: another process is at work on this run.
        StorageError: nothing can be written there.
    """
    read_run(directory)  # before a lock is put into a folder that is none of a run
    with locked(directory):
        run = read_run(directory)
        before = run.experiment()
        config = run.experiment(changed(run.config, overrides))
        _check_change(before, config)
        use_recorded_threads(config, run.manifest)
        prepared = prepare(config)
        check_data(run.manifest, prepared.task.digests)
        changes = environment_changes(run.manifest.content, describe_environment(prepared.device))
        checkpoints = Checkpoints(directory, run.manifest)
        checkpoint, damaged = _load(checkpoints, directory, prepared)
        step = prepared.trainer.progress.step
        warnings = [*damaged, *changes]
        sitting = {"from_step": step, "started": now(), "command": command(), "warnings": warnings}
        # The manifest first: whatever is cut back from here on is of a run that is not complete.
        run.manifest.update(
            status="running",
            reason=None,
            ended=None,
            owner=owner(),
            config_digest=digest(config),
            sittings=[*run.manifest.content.get("sittings", []), sitting],
        )
        (directory / SUMMARY).unlink(missing_ok=True)
        write_text(directory / CONFIG, config_yaml(config))
        for path in checkpoints.paths()[: len(damaged)]:
            checkpoints.forget(path)
        traces = recorder.rewind(directory, checkpoint)
        yield Reopened(directory, run.manifest, prepared, step, traces, warnings)


def _load(checkpoints: Checkpoints, directory: Path, prepared: Prepared) -> tuple[dict[str, Any] | None, list[str]]:
    """Bring the trainer to the newest checkpoint that is whole.

    Returns:
        The checkpoint (None when the run was killed before its first one), and what newer ones suffer from.
    """
    damaged: list[str] = []
    for path in checkpoints.paths():
        try:
            content = checkpoints.load(path)
            metrics.check(directory / recorder.METRICS, content["metrics"])
            prepared.trainer.load_state_dict(content["trainer"])
        except DataError as error:
            damaged.append(str(error))
        except Exception as error:  # whatever a checkpoint of another shape makes PyTorch raise
            damaged.append(f"{path}: does not fit this configuration ({type(error).__name__}).")
        else:
            return content, damaged
    if damaged:
        raise DataError(" ".join(damaged))
    return None, []


def _check_change(before: ExperimentConfig, after: ExperimentConfig) -> None:
    old, new = resolved(before), resolved(after)
    keys = [key for key in differences(old, new) if key not in CHANGES_NO_NUMBER]
    others = [key for key in keys if key not in _RAISABLE]
    if others:
        raise InputError(
            f"{', '.join(others)}: a run that goes on keeps its configuration; "
            "train.steps and train.epochs may be raised. Start a new run for anything else."
        )
    for key in keys:
        name = key.removeprefix("train.")
        was, wanted = (train[name] for train in (old["train"], new["train"]))
        if _or_infinite(wanted) < _or_infinite(was):
            raise InputError(f"{key}={wanted}: may be raised, not lowered; it was {'null' if was is None else was}.")


def _or_infinite(count: int | None) -> float:
    return math.inf if count is None else count


def use_recorded_threads(config: ExperimentConfig, manifest: Manifest) -> None:
    """Compute with as many threads as the run began with, where the configuration leaves their number open."""
    threads = manifest.content.get("threads")
    if config.train.threads is None and isinstance(threads, int) and 0 < threads <= MOST_THREADS:
        torch.set_num_threads(threads)


def check_data(manifest: Manifest, digests: Mapping[str, str]) -> None:
    """See that the data is what the run was begun with.

    Raises:
        DataError: it is not; the message names the files.
    """
    recorded: Any = manifest.content.get("data")
    if recorded != dict(digests):
        names = sorted(
            name for name in {*(recorded or {}), *digests} if (recorded or {}).get(name) != digests.get(name)
        )
        raise DataError(f"{', '.join(names)}: not the data that this run was begun with.")
