"""The study of a search: the trials there were, what they came to, what to try next. Optuna keeps it in SQLite."""

import hashlib
import json
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from spectral_bench.config.hints import unknown
from spectral_bench.config.overrides import typed_key
from spectral_bench.config.search_space import SearchedRange, SearchSpace
from spectral_bench.errors import InputError, LockedError, StorageError
from spectral_bench.launch.pruning import open_pruner, open_storage, trial_id
from spectral_bench.runs.layout import Mode

#: What hyperparameters may be chosen by. Nothing that looks at the test split is among them.
SEARCHED_BY = ("validation", "best_validation", "solved_at", "steps_to_beat_baseline")

#: Of these, the ones that measurements during a training tell.
_SEEN_EARLY = ("validation", "best_validation")

#: Attributes of a trial in a study: the overrides that make it, how it ended, and why.
OVERRIDES_OF, ENDING, PROBLEM = "overrides", "ending", "problem"

#: How a trial ended. ``worse``: it diverged, or never got there, which is worse than any number. ``unfinished``: it
#: came to its own time limit, or another process was at work on it. ``stopped``: by a signal; it is made again.
Ending = Literal["done", "pruned", "worse", "failed", "unfinished", "stopped"]

#: The folder of studies in the folder of results.
_FOLDER = "searches"


class Sampler(StrEnum):
    """How the next trial is chosen."""

    random = "random"
    optuna = "optuna"


@dataclass(frozen=True)
class SearchPlan:
    """What was asked for.

    Attributes:
        space: what may be chosen.
        corners: digests of configurations that it has, by which a changed preset, folder or plugin is another search.
        sampler: how.
        metric: a field of the summary, one of ``SEARCHED_BY``.
        mode: whether less or more of it is better.
        trials: how many in all, those of earlier calls included.
        at_once: trials that are chosen together and train at the same time.
        seed: of the sampler.
        prune: stop trainings that do worse than the median of the trials before.
    """

    space: SearchSpace
    corners: frozenset[str]
    sampler: Sampler
    metric: str
    mode: Mode
    trials: int
    at_once: int
    seed: int
    prune: bool

    @property
    def prunes(self) -> bool:
        """Whether trainings are stopped early: only if what they measure on the way is what they are judged by."""
        return self.prune and self.metric in _SEEN_EARLY

    @property
    def name(self) -> str:
        """Of the study: the same for the same search, however many trials it is given."""
        space = [repr(one) for one in self.space.dimensions]
        content = [*sorted(self.space.fixed), *space, self.sampler, self.metric, *sorted(self.corners)]
        digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]
        words = [re.sub(r"[^\w.]+", "-", text.partition("=")[2]) for text in self.space.fixed if _is_choice(text)]
        return "-".join([*words, digest])


def check_metric(metric: str, *, must_prune: bool = False) -> None:
    """Refuse a metric by which nothing may be chosen.

    Args:
        metric: a field of the summary.
        must_prune: whether trainings are to be stopped by what they come to on the way.

    Raises:
        InputError: it looks at the test split, there is none of this name, or nothing is known of it on the way.
    """
    if "test" in metric:
        raise InputError(
            f"--metric {metric}: hyperparameters are chosen on validation data, never on the test split. Valid: "
            f"{', '.join(SEARCHED_BY)}."
        )
    if metric not in SEARCHED_BY:
        raise InputError(unknown("--metric", metric, SEARCHED_BY))
    if must_prune and metric not in _SEEN_EARLY:
        raise InputError(
            f"--prune has no effect with --metric {metric}, which is known at the end of a training alone. With "
            f"{' and '.join(_SEEN_EARLY)} trials are stopped early."
        )


def study_file(results_dir: Path, plan: SearchPlan) -> Path:
    """Where the study lies."""
    return results_dir / _FOLDER / f"{plan.name}.sqlite3"


@contextmanager
def locked_study(file: Path) -> Iterator[None]:
    """Let no other process search in this study: what one has open, another would take for left by a dead process.

    Raises:
        InputError: Optuna is not installed.
        LockedError: another process searches in it.
        StorageError: the folder cannot be written.
    """
    try:
        import optuna  # noqa: F401
    except ImportError as error:
        raise InputError("--sampler needs Optuna: pip install 'spectral-bench[search]'") from error
    lock = FileLock(f"{file}.lock")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise LockedError(
            f"{file}: another process is at work on this search. Wait for it, or stop it there."
        ) from None
    except OSError as error:
        raise StorageError(f"{file}: cannot be written ({error.strerror}).") from error
    try:
        yield
    finally:
        lock.release()


def open_study(plan: SearchPlan, file: Path) -> Any:
    """The study, new or as an earlier call left it; trials that it left open are tried first.

    Call it while it is locked: whatever is open in it counts as left by a process that is gone.

    Raises:
        StorageError: the file cannot be written, or is none of Optuna's.
    """
    import optuna

    try:
        storage = open_storage(file)
        study = optuna.create_study(
            study_name=plan.name,
            storage=storage,
            direction="maximize" if plan.mode == "max" else "minimize",
            pruner=open_pruner() if plan.prunes else optuna.pruners.NopPruner(),
            load_if_exists=True,
        )
        # A sampler that began anew with its seed would propose the first trials again.
        study.sampler = _new_sampler(plan.sampler, plan.seed + len(study.trials))
        for trial in study.trials:
            if trial.state == optuna.trial.TrialState.RUNNING:
                # Its process may have died between the ending and the value.
                storage.set_trial_user_attr(trial_id(storage, plan.name, trial.number), ENDING, "stopped")
                study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
                study.enqueue_trial(trial.params)
    except OSError as error:
        raise StorageError(f"{file}: cannot be written ({error.strerror}).") from error
    except Exception as error:
        raise StorageError(f"{file}: is no study that can be gone on with ({type(error).__name__}).") from error
    return study


def _new_sampler(sampler: Sampler, seed: int) -> Any:
    import optuna

    if sampler is Sampler.random:
        return optuna.samplers.RandomSampler(seed=seed)
    with warnings.catch_warnings():
        # Optuna 4 warns of the option, Optuna 5 does not.
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        # What trains at the same time counts as bad until it is known, so that trials are not chosen side by side.
        return optuna.samplers.TPESampler(seed=seed, constant_liar=True)


def trials_of(plan: SearchPlan, file: Path) -> Sequence[Any]:
    """The trials of a study that came to an end; nothing is written."""
    import optuna

    return finished(optuna.load_study(study_name=plan.name, storage=open_storage(file)))


def asked(study: Any, plan: SearchPlan) -> tuple[Any, dict[str, float | str]]:
    """The next trial, with a value for every key of the space."""
    trial = study.ask()
    chosen: dict[str, float | str] = {}
    for one in plan.space.dimensions:
        if not plan.space.applies(one, chosen):
            continue
        if not isinstance(one, SearchedRange):
            chosen[one.key] = trial.suggest_categorical(one.key, list(one.words))
        elif one.whole:
            chosen[one.key] = trial.suggest_int(one.key, int(one.low), int(one.high), log=one.log)
        else:
            chosen[one.key] = trial.suggest_float(one.key, one.low, one.high, log=one.log)
    return trial, chosen


def finished(study: Any) -> Sequence[Any]:
    """The trials that came to an end, a bad one included."""
    ended = [trial for trial in study.get_trials(deepcopy=False) if trial.state.is_finished()]
    return [trial for trial in ended if trial.user_attrs.get(ENDING, "stopped") != "stopped"]


def _is_choice(text: str) -> bool:
    """Whether an override says what is trained rather than how, so that it names the study."""
    return typed_key(text) in ("experiment", "task", "model")
