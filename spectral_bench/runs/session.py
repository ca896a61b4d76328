"""One session of a run: from a directory that is ready to the end, an interruption or a failure."""

import errno
import shlex
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from spectral_bench.config.load import resolved
from spectral_bench.config.schema import ExperimentConfig
from spectral_bench.errors import StorageError
from spectral_bench.nn.model import Facts, Model
from spectral_bench.plugins.failure import no_exit
from spectral_bench.runs.atomic import write_json
from spectral_bench.runs.capacity import within_capacity
from spectral_bench.runs.checkpoint import Checkpoints
from spectral_bench.runs.layout import SUMMARY
from spectral_bench.runs.manifest import Manifest
from spectral_bench.runs.progress_file import ProgressFile
from spectral_bench.runs.recorder import RunRecorder
from spectral_bench.runs.summary import summarise
from spectral_bench.tasks.task import Task
from spectral_bench.training.divergence import DivergedError
from spectral_bench.training.loop import Trainer
from spectral_bench.training.observer import GradientNorms, Observer, RunIdentity
from spectral_bench.training.outcome import Outcome
from spectral_bench.training.stop import Stop
from spectral_bench.training.tracing import margin_centre, traced_facts

#: An error with one of these is of a disk, whichever file it names.
_OF_STORAGE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)


@dataclass(frozen=True)
class Prepared:
    """A run that is ready to start: data read, model built, nothing written yet."""

    config: ExperimentConfig
    task: Task[Any]
    model: Model
    trainer: Trainer
    device: torch.device

    @property
    def facts(self) -> Facts:
        """What the model states of the gradients that are traced."""
        return traced_facts(self.model, self.task, self.config.trace)

    def recorder(self, directory: Path, manifest: Manifest) -> RunRecorder:
        """The recorder of this run, which goes on with the tables that exist already."""
        return RunRecorder(
            directory, self.task.metric.name, Checkpoints(directory, manifest), margin_centre(self.facts)
        )

    def summary(self, recorder: RunRecorder, outcome: Outcome | None) -> dict[str, Any]:
        """The summary of the training so far; ``outcome`` is None if it did not end regularly."""
        parameters, progress = self.model.num_parameters(), self.trainer.progress
        return summarise(self.config, self.task, parameters, progress, recorder, outcome, self.facts)


@dataclass(frozen=True)
class SessionResult:
    """How a session ended.

    Attributes:
        directory: of the run.
        summary: the content of ``summary.json``.
        stopped_by: what stopped it early (``SIGTERM``, ``train.max_minutes``); None for a run that is done.
        late_stop: a stop request that came after the run had finished; a grid still has to heed it.
        centre: σ*, from which the spectral margin is measured; None: there is none.
    """

    directory: Path
    summary: dict[str, Any]
    stopped_by: str | None
    late_stop: str | None
    centre: float | None


def run_session(
    prepared: Prepared,
    directory: Path,
    manifest: Manifest,
    observers: Sequence[Observer],
    stop: Stop,
) -> SessionResult:
    """Train, and keep everything in the run directory, which must be locked and say ``running``.

    Args:
        prepared: what to run, in its initial state.
        directory: of the run.
        manifest: of the run.
        observers: receive every event of the training.
        stop: checked after every update.

    Raises:
        DivergedError: the training diverged; the directory says so and stays readable.
        InputError: it does not fit into memory.
        StorageError: a file can no longer be written; what was written before stays readable.
        SpectralBenchError: the model or the task called ``sys.exit``.
    """
    identity = RunIdentity(directory.name, directory, resolved(prepared.config))
    progress_file = ProgressFile(directory)
    try:
        recorder = prepared.recorder(directory, manifest)
        try:
            with within_capacity(prepared.config), no_exit():
                outcome = prepared.trainer.run([recorder, progress_file, *observers], stop, identity)
        except DivergedError as error:
            _conclude(directory, prepared, recorder, None)
            reason = f"{error}{_norms(recorder.last_norms())}"
            manifest.end("diverged", reason)
            raise DivergedError(f"{directory}: {reason}") from error
        summary = _conclude(directory, prepared, recorder, outcome)
        if outcome is None:
            manifest.end("interrupted", stop.cause)
        else:
            manifest.end("completed", outcome.reason)
    except DivergedError:
        raise
    except BaseException as error:
        if isinstance(error, OSError) and _is_of_storage(error, directory):
            failure = storage_error(error, directory, prepared.trainer.progress.step)
            _give_up(manifest, failure, stop)
            raise failure from error
        _give_up(manifest, error, stop)
        raise
    finally:
        for observer in (progress_file, *observers):
            observer.on_end("failed" if manifest.status == "running" else manifest.status)
    stopped_by, late_stop = (stop.cause, None) if outcome is None else (None, stop.cause)
    return SessionResult(directory, summary, stopped_by, late_stop, margin_centre(prepared.facts))


def resume_command(directory: Path) -> str:
    """The command that continues a run."""
    return shlex.join(["spectral-bench", "resume", str(directory)])


def _conclude(directory: Path, prepared: Prepared, recorder: RunRecorder, outcome: Outcome | None) -> dict[str, Any]:
    """Make one file of each table and write the summary of the training so far."""
    summary = prepared.summary(recorder, outcome)  # while the last rows are in a part of their own
    recorder.join()
    write_json(directory / SUMMARY, summary)
    return summary


def _give_up(manifest: Manifest, error: BaseException, stop: Stop) -> None:
    """Record in the manifest why the run ended, if it can still be written."""
    with suppress(OSError):
        if isinstance(error, KeyboardInterrupt | SystemExit):
            manifest.end("interrupted", f"{stop.cause}, and a second signal: stopped at once" if stop.cause else None)
        else:
            manifest.end("failed", str(error) or type(error).__name__)


def _is_of_storage(error: OSError, directory: Path) -> bool:
    """Whether an error is about the files of a run; a task has files, too, and may have connections.

    What is written to an open file names none when it fails.
    """
    if error.errno in _OF_STORAGE or not directory.exists():
        return True
    if error.errno is None or isinstance(error, ConnectionError):
        return False
    return not isinstance(error.filename, str | Path) or Path(error.filename).is_relative_to(directory)


def storage_error(error: OSError, directory: Path, step: int) -> StorageError:
    """The error for files that can no longer be written, with the way to continue."""
    happened = f"{error.filename or directory}: {error.strerror or error}, after {step} updates."
    if not directory.exists():
        return StorageError(f"{happened} {directory} is gone: it was removed, or its disk was. Start the run again.")
    when = "there is room" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "it can be written again"
    return StorageError(
        f"{happened} What was written before stays; when {when}, `{resume_command(directory)}` goes on."
    )


def _norms(norms: GradientNorms | None) -> str:
    """The last traced gradient norms, in a few words for each layer."""
    if norms is None:
        return ""
    layers = "; ".join(
        f"layer {layer}: {values[0]:.3g} at t=0, {values[-1]:.3g} at t=T" for layer, values in norms.by_layer.items()
    )
    return f"; gradient norms at step {norms.step}: {layers}"
