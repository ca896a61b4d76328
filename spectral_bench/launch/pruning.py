"""A trial of a search, seen from the worker that trains it: measurements reported, hopeless trainings stopped."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spectral_bench.runs.sqlite_address import sqlite_address
from spectral_bench.training.observer import Measurement, Observer
from spectral_bench.training.stop import Stop

#: The cause of a stop by which a study ends a training that does worse than others did at the same step.
PRUNED = "pruned"

#: Trials that a study lets end before it stops any.
_TRIALS_FIRST = 5

#: Seconds for which a worker waits while another one writes to the study.
_PATIENCE = 60


@dataclass(frozen=True)
class TrialOfStudy:
    """Which trial a point belongs to.

    Attributes:
        study: the file of the study.
        name: of the study in it.
        number: of the trial.
    """

    study: Path
    name: str
    number: int


def open_storage(file: Path) -> Any:
    """The study's file as Optuna sees it; several processes may have it open."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.storages.RDBStorage(sqlite_address(file), engine_kwargs={"connect_args": {"timeout": _PATIENCE}})


def trial_id(storage: Any, study: str, number: int) -> int:
    """What a storage calls the trial of this number, of the study of this name."""
    found: int = storage.get_trial_id_from_study_id_trial_number(storage.get_study_id_from_name(study), number)
    return found


def open_pruner() -> Any:
    """The rule that stops trainings, the same in all workers."""
    import optuna

    return optuna.pruners.MedianPruner(n_startup_trials=_TRIALS_FIRST)


class PruningObserver(Observer):
    """Reports every validation measurement to the study, and asks for a stop when the study gives the trial up.

    Args:
        trial: which trial this is.
        stop: receives the request.
        warn: is told when the study cannot be reached; the training then goes on without it.
    """

    def __init__(self, trial: TrialOfStudy, stop: Stop, warn: Callable[[str], None]) -> None:
        self._trial = trial
        self._stop = stop
        self._warn = warn
        self._handle: Any = None
        self._is_lost = False

    def on_measurement(self, measurement: Measurement) -> None:
        """Report a measurement of the validation split."""
        if measurement.split != "validation" or measurement.step == 0 or self._is_lost:
            return
        try:
            self._report(measurement)
        except Exception as error:  # whatever happens to the study, the training is worth more
            self._is_lost = True
            self._warn(f"{self._trial.study}: no further measurements are reported to the search ({error}).")

    def _report(self, measurement: Measurement) -> None:
        import optuna

        if self._handle is None:
            storage = open_storage(self._trial.study)
            study = optuna.load_study(
                study_name=self._trial.name,
                storage=storage,
                sampler=optuna.samplers.RandomSampler(),  # samples nothing here
                pruner=open_pruner(),
            )
            self._handle = optuna.trial.Trial(study, trial_id(storage, self._trial.name, self._trial.number))
        self._handle.report(measurement.metric, measurement.step)
        if self._handle.should_prune():
            self._stop.ask(PRUNED)
