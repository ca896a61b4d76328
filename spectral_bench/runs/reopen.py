"""Resume a run from its last intact checkpoint, as if it had never stopped."""

import math
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from spectral_bench.config.change import KEEPS, RAISABLE, differences
from spectral_bench.config.load import digest, resolved
from spectral_bench.config.schema import CHANGES_NO_NUMBER, MOST_THREADS, ExperimentConfig
from spectral_bench.errors import DataError, InputError, SpectralBenchError
from spectral_bench.runs import metrics_file, rewind
from spectral_bench.runs.atomic import write_text
from spectral_bench.runs.checkpoint import Checkpoints
from spectral_bench.runs.data_read import check_data, where_data_lies
from spectral_bench.runs.environment import describe_environment, environment_changes
from spectral_bench.runs.execute import command_line, config_yaml, prepare
from spectral_bench.runs.interruption import heeding_signals
from spectral_bench.runs.layout import CONFIG, METRICS, OVERRIDES, SUMMARY, TABLES, parts_folder
from spectral_bench.runs.lock import locked
from spectral_bench.runs.manifest import Manifest, now
from spectral_bench.runs.owner import Owner
from spectral_bench.runs.plugin_record import check_plugins, plugin_record
from spectral_bench.runs.run_lookup import note_outgrown
from spectral_bench.runs.saved_run import SavedRun, read_saved_run
from spectral_bench.runs.session import Prepared, SessionResult, resume_command, run_session, storage_error
from spectral_bench.runs.table_checks import table_problems
from spectral_bench.training.length import measuring_interval, tracing_interval
from spectral_bench.training.observer import Observer
from spectral_bench.training.outcome import Reason
from spectral_bench.training.stop import Stop

#: What is to be said of a run that train.patience ended.
_PATIENCE = (
    "train.patience ended it when it no longer improved, and no number of updates makes it longer. "
    "Start a new run with another patience."
)


class CompleteError(SpectralBenchError):
    """Nothing to resume: the run is complete, and no override makes it longer. It is left unchanged."""


@dataclass(frozen=True)
class Reopened:
    """A run that is ready to be resumed.

    Attributes:
        directory: of the run.
        manifest: of the run.
        prepared: model, task and trainer, in the state of the checkpoint.
        stop: receives signals from the moment the run is marked as running.
        from_step: updates made by then.
        warnings: damaged files that could be ignored, and what has changed in the environment.
    """

    directory: Path
    manifest: Manifest
    prepared: Prepared
    stop: Stop
    from_step: int
    warnings: list[str]

    def go_on(self, observers: Sequence[Observer] = ()) -> SessionResult:
        """Train on; see ``run_session`` for what it raises."""
        return run_session(self.prepared, self.directory, self.manifest, observers, self.stop)


@contextmanager
def reopened(
    directory: Path,
    overrides: Sequence[str] = (),
    session_of: ExperimentConfig | None = None,
    stop: Stop | None = None,
) -> Iterator[Reopened]:
    """Restore a run from its last intact checkpoint, and keep it locked until the end of the block.

    The tables are cut back to the checkpoint.

    Args:
        directory: of the run.
        overrides: ``train.steps`` or ``train.epochs``, to be raised; ``data_dir`` or ``train.max_minutes``.
        session_of: the configuration whose ``data_dir`` and ``train.max_minutes`` count; None: those of the run, or of
            ``overrides``.
        stop: may be asked to stop the training by others than signals, too.

    Raises:
        CompleteError: the run is complete, and ``overrides`` do not make it longer.
        InputError: this is not a run, the overrides change anything else, or raise the length of a run that
            ``train.patience`` ended; or a plugin of the run is not loaded.
        DataError: a file of the run is damaged and there is no other, or is a link; the run has a result and no
            checkpoint; the configuration is not what the run was made with; or the data is not what it was.
        LockedError: another process is at work on this run.
        StorageError: nothing can be written there.
    """
    run = _read(directory)  # before a lock file is written into a folder that is not a run's
    if run.manifest.status == "completed" and not overrides:
        raise _complete(run)
    with locked(directory):
        run = _read(directory)
        before = run.experiment()
        config = run.changed(overrides)
        if session_of is not None:
            train = replace(config.train, max_minutes=session_of.train.max_minutes)
            config = replace(config, data_dir=session_of.data_dir, train=train)
        elif config.data_dir == before.data_dir:
            config = replace(config, data_dir=where_data_lies(run.manifest, before.data_dir))
        raised = _check_change(before, config)
        if run.manifest.status == "completed":
            if not raised:
                raise _complete(run)
            if _ended_by_patience(run):
                raise InputError(f"{' '.join(overrides)}: would have no effect. {_PATIENCE}")
        prepared = _prepared_as_begun(config, before, recorded_threads(run.manifest))
        config = prepared.config
        check_data(run.manifest, prepared.task.digests)
        environment = describe_environment(prepared.device, config.train.flush_denormals)
        changes = environment_changes(run.manifest.content, environment)
        changes += check_plugins(directory, run.manifest)
        checkpoints = Checkpoints(directory, run.manifest)
        checkpoint, damaged = _load(checkpoints, directory, prepared)
        if checkpoint is None and run.manifest.status in ("completed", "diverged"):
            raise DataError(
                f"{directory}: has a result, and no checkpoint to go on from (results are often kept without). "
                f"{_anew(run, overrides)}"
            )
        if run.manifest.status == "completed" and prepared.trainer.complete:
            raise InputError(f"{' '.join(overrides)}: would have no effect. {_to_train_on(run)}")
        step = prepared.trainer.progress.step
        recorded = [] if checkpoint is None else checkpoints.recorded_up_to(checkpoints.paths()[len(damaged)])
        warnings = [*damaged, *(["; ".join(changes)] if changes else []), *_left_elsewhere(run.manifest)]
        if raised:
            try:
                note_outgrown(directory, config)
            except OSError as error:
                warnings.append(f"{error.filename}: cannot be written; `run --resume` will not find this run.")
        session = {"from_step": step, "started": now(), "command": command_line(), "warnings": warnings}
        plugins, plugins_before = plugin_record(config), run.manifest.content.get("plugins", [])
        if plugins != plugins_before:
            session["plugins_before"] = plugins_before
        stop = stop or Stop()
        with heeding_signals(stop):
            try:
                # The manifest first: from here on files are cut back, and the run must no longer count as complete.
                run.manifest.update(
                    status="running",
                    reason=None,
                    ended=None,
                    owner=Owner.this_process().as_dict(),
                    config_digest=digest(config),
                    config_digest_before=digest(before),
                    checkpoints=recorded,
                    plugins=plugins,
                    ineffective=list(config.without_effect()),
                    facts=_facts_from_here(run.manifest, prepared, step),
                    sessions=[*run.manifest.content.get("sessions", []), session],
                )
                (directory / SUMMARY).unlink(missing_ok=True)
                write_text(directory / CONFIG, config_yaml(config))
                for path in checkpoints.paths()[: len(damaged)]:
                    checkpoints.forget(path)
                rewind.rewind_tables(directory, checkpoint)
            except OSError as error:
                raise storage_error(error, directory, step) from error
            yield Reopened(directory, run.manifest, prepared, stop, step, warnings)


def _read(directory: Path) -> SavedRun:
    """The run, after checks that its configuration is unchanged and that none of its files is a link."""
    run = read_saved_run(directory)
    # What is written, cut or removed through a link is another run's, or no run's; so are temporary files.
    folders = [directory, *(directory / name for table in TABLES for name in (table, parts_folder(table)))]
    for path in (path for folder in folders for path in folder.glob("*")):
        if path.is_symlink():
            raise DataError(f"{path}: is a symbolic link. A run goes on in files of its own: put a copy in its place.")
    check_plugins(run.directory, run.manifest)
    run.check_config()
    return run


def _prepared_as_begun(config: ExperimentConfig, before: ExperimentConfig, threads: int | None) -> Prepared:
    """Prepare a run with the intervals it had: a longer run would otherwise choose longer ones."""
    prepared = prepare(config, threads)
    an_epoch = prepared.trainer.updates_per_epoch
    measured, traced = measuring_interval(before, an_epoch), tracing_interval(before, an_epoch)
    if (prepared.trainer.evaluate_every, prepared.trainer.trace_every) == (measured, traced):
        return prepared
    train = replace(config.train, evaluate_every=measured)
    return prepare(replace(config, train=train, trace=replace(config.trace, every=traced)), threads)


def _facts_from_here(manifest: Manifest, prepared: Prepared, step: int) -> Any:
    """The recorded facts; where other states are traced from here on than before, they say of which steps each is."""
    before, now, facts = manifest.traced, prepared.facts.traced, manifest.content["facts"]
    if before is None or before == now or before.endswith(f", then {now}"):
        return facts
    return {**facts, "traced": f"{before} before step {step}, then {now}" if step else now}


def _complete(run: SavedRun) -> CompleteError:
    if _ended_by_patience(run):
        return CompleteError(f"{run.directory}: this run is complete. {_PATIENCE}")
    return CompleteError(f"{run.directory}: this run is complete. {_to_train_on(run)}")


def _to_train_on(run: SavedRun) -> str:
    """The command that makes it longer."""
    train = run.experiment().train
    lengths = [f"{key}=NUMBER" for key in RAISABLE if getattr(train, key.removeprefix("train.")) is not None]
    which = ", the one that ended it" if len(lengths) > 1 else ""
    return f"To train on: {resume_command(run.directory)} {' or '.join(lengths)}{which}"


def _ended_by_patience(run: SavedRun) -> bool:
    reason: Reason = "no improvement"
    return run.manifest.content.get("reason") == reason


def _anew(run: SavedRun, overrides: Sequence[str]) -> str:
    changes = f" and {' '.join(overrides)}" if overrides else ""
    return f"To train it anew: spectral-bench run, with the overrides in {run.directory / OVERRIDES}{changes}."


def _left_elsewhere(manifest: Manifest) -> list[str]:
    """A warning about a process on another host that did not say how it ended: not all locks reach across a network."""
    last = manifest.content.get("owner")
    if manifest.status != "running" or not isinstance(last, dict) or last.get("host") in (None, platform.node()):
        return []
    return [
        f"process {last.get('pid')} on {last['host']} was at work on this run and did not say how it ended. The lock "
        "is free; but if it may live, and the file system does not share locks between hosts, stop it first."
    ]


def _load(checkpoints: Checkpoints, directory: Path, prepared: Prepared) -> tuple[dict[str, Any] | None, list[str]]:
    """Load the newest intact checkpoint into the trainer.

    Returns:
        The checkpoint (None when there is none), and what newer ones suffer from.
    """
    damaged: list[str] = []
    for path in checkpoints.paths():
        try:
            content = checkpoints.load(path)
            metrics_file.check_metrics(directory / METRICS, content["metrics"])
            if problems := table_problems(directory, content):
                raise DataError(" ".join(problems))
            prepared.trainer.load_state_dict(content["trainer"])
        except DataError as error:
            damaged.append(str(error))
        except Exception as error:  # PyTorch raises various exceptions for a checkpoint of another shape
            damaged.append(f"{path}: does not fit this configuration ({type(error).__name__}).")
        else:
            return content, damaged
    if damaged:
        raise DataError(" ".join(damaged))
    return None, []


def _check_change(before: ExperimentConfig, after: ExperimentConfig) -> bool:
    """Refuse changes that are not allowed; returns whether the length changes."""
    old, new = resolved(before), resolved(after)
    keys = [key for key in differences(old, new) if key == "results_dir" or key not in CHANGES_NO_NUMBER]
    others = [key for key in keys if key not in RAISABLE]
    if others:
        raise InputError(f"{', '.join(others)}: {KEEPS}")
    for key in keys:
        name = key.removeprefix("train.")
        was, wanted = (train[name] for train in (old["train"], new["train"]))
        if _or_infinite(wanted) < _or_infinite(was):
            raise InputError(f"{key}={wanted}: may be raised, not lowered; it was {'null' if was is None else was}.")
    return bool(keys)


def _or_infinite(count: int | None) -> float:
    return math.inf if count is None else count


def recorded_threads(manifest: Manifest) -> int | None:
    """How many threads the run began with; None if the manifest does not say."""
    threads = manifest.content.get("threads")
    return threads if isinstance(threads, int) and 0 < threads <= MOST_THREADS else None
