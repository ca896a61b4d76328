"""Check that a run is reproducible: inspect its files, then replay its updates."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spectral_bench.errors import DataError, InputError
from spectral_bench.plugins.failure import no_exit
from spectral_bench.runs.atomic import json_text
from spectral_bench.runs.capacity import within_capacity
from spectral_bench.runs.environment import describe_environment, environment_changes
from spectral_bench.runs.inspection import inspect
from spectral_bench.runs.layout import OF_NORMS, SUMMARY, SUMMARY_FIELDS
from spectral_bench.runs.made_again import prepare_again
from spectral_bench.runs.migration import measured_otherwise
from spectral_bench.runs.plugin_record import check_plugins, earlier_plugins
from spectral_bench.runs.replay import DifferentError, Replay
from spectral_bench.runs.safe_reading import LARGEST_TEXT, brief, parse_json, read_bytes
from spectral_bench.runs.saved_run import SavedRun, read_saved_run
from spectral_bench.runs.session import Prepared
from spectral_bench.training.divergence import DivergedError
from spectral_bench.training.outcome import Outcome

#: What of a summary no replay has again.
_TIMES = {field.name for field in SUMMARY_FIELDS if field.is_time}


@dataclass(frozen=True)
class Verification:
    """The result of a verification.

    Attributes:
        damaged: a message for every file that changed after it was written.
        first_step, last_step: the updates that were replayed.
        compared: how many numbers agreed.
        difference: the first number that did not; None if all agreed.
        changes: what has changed in the environment since the run began.
    """

    damaged: list[str]
    first_step: int
    last_step: int
    compared: int
    difference: str | None
    changes: list[str]


def verify_run(
    directory: Path, steps: int | None = None, *, whole: bool = False, data_dir: Path | None = None
) -> Verification:
    """Replay a run and compare every number with the recorded one. Nothing in the directory is changed.

    Everything before the previous checkpoint is not replayed, but compared with the digests in the newest checkpoint.

    Args:
        directory: of the run.
        steps: updates to replay; None: as many as were recorded.
        whole: replay from the first update instead of from the previous checkpoint.
        data_dir: where its data lies; None: where it lay when the run was made, or else where it lies for this user.

    Raises:
        InputError: this is not a run, a plugin of the run is not loaded, or nothing was recorded in the requested
            updates.
        DataError: a file that the replay needs is damaged, or the data has changed.
    """
    run = read_saved_run(directory)
    plugin_changes = check_plugins(directory, run.manifest)
    found = inspect(run)
    if found.damaged_tables:
        raise DataError(" ".join(found.damaged_tables + found.damaged))
    prepared = prepare_again(run, data_dir)
    environment = describe_environment(prepared.device, prepared.config.train.flush_denormals)
    changes = environment_changes(run.manifest.content, environment)
    changes += [*plugin_changes, *earlier_plugins(run.manifest)]
    if _traces_otherwise(run, prepared):
        changes.append(
            f"gradient norms are those of {prepared.facts.traced} now, were those of {run.manifest.traced}, "
            "and are not compared"
        )
    newest = found.checkpoints[0] if found.checkpoints else None
    if len(found.checkpoints) > 1 and not whole:
        _go_back_to(found.checkpoints[1], prepared, directory)
    first = prepared.trainer.progress.step
    replay = Replay(directory, newest, _promised(run, newest), compares_norms=not _traces_otherwise(run, prepared))
    if run.manifest.status in ("completed", "diverged"):
        replay.last_step = prepared.trainer.total_steps
    if steps is not None:
        replay.last_step = min(replay.last_step, first + steps)
    difference = _first_difference(prepared, replay, run, first, everything=steps is None)
    if difference is None and replay.compared == 0:
        raise InputError(f"{directory}: nothing was recorded in the updates {first} to {replay.last_step}.")
    return Verification(found.damaged, first, prepared.trainer.progress.step, replay.compared, difference, changes)


def _promised(run: SavedRun, newest: dict[str, Any] | None) -> float:
    """The step up to which every event of the training must have been recorded."""
    if run.manifest.status in ("completed", "diverged"):
        return math.inf
    step: int = newest["trainer"]["progress"]["step"] if newest else -1
    return step


def _traces_otherwise(run: SavedRun, prepared: Prepared) -> bool:
    """Whether the recorded gradient norms are of other states than those of a replay."""
    return run.manifest.traced not in (None, prepared.facts.traced)


def _go_back_to(checkpoint: dict[str, Any], prepared: Prepared, directory: Path) -> None:
    try:
        prepared.trainer.load_state_dict(checkpoint["trainer"])
    except Exception as error:  # PyTorch raises various exceptions for a checkpoint of another shape
        raise DataError(f"{directory}: the previous checkpoint does not fit this configuration.") from error


def _first_difference(prepared: Prepared, replay: Replay, run: SavedRun, first: int, *, everything: bool) -> str | None:
    """The first difference between a run and its replay, if there is one."""
    outcome, diverged = None, None
    try:
        with within_capacity(prepared.config), no_exit():
            outcome = prepared.trainer.run([replay], replay.stop)
    except DifferentError as error:
        return str(error)
    except DivergedError as error:
        diverged = str(error)
    recorded = f"{run.manifest.status}, {run.manifest.content.get('reason')}"
    if diverged is not None and not recorded.startswith(f"diverged, {diverged}"):
        return f"{diverged}; recorded: {recorded}"
    if everything and diverged is None and run.manifest.status == "diverged":
        return f"recorded: {recorded}; it does not diverge now"
    try:
        replay.finish(first, math.inf if everything else replay.last_step)
    except DifferentError as error:
        return str(error)
    return _summary_difference(prepared, run, outcome) if everything else None


def _summary_difference(prepared: Prepared, run: SavedRun, outcome: Outcome | None) -> str | None:
    """The first entry of ``summary.json``, times aside, on which a replay to the end of the record disagrees."""
    path = run.directory / SUMMARY
    if not path.exists() and run.manifest.status not in ("completed", "diverged"):
        return None
    try:
        recorded = parse_json(read_bytes(path, LARGEST_TEXT))
    except (OSError, ValueError) as error:
        return f"{SUMMARY}: cannot be read ({brief(error)})"
    recorder = prepared.recorder(run.directory, run.manifest)
    now = parse_json(json_text(prepared.summary(recorder, outcome)))
    ignored = _TIMES | measured_otherwise(run.manifest.written_as, run.manifest.content, recorded)
    if _traces_otherwise(run, prepared):
        ignored |= OF_NORMS
    for key in sorted((recorded.keys() | now.keys()) - ignored):
        if recorded.get(key) != now.get(key):
            return f"{SUMMARY}, {key}: recorded {recorded.get(key)}, now {now.get(key)}"
    return None
