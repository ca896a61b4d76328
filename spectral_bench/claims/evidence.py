"""The runs there are of those that a claim asks for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf, isfinite
from typing import Any

from spectral_bench.claims.claim import Claim
from spectral_bench.claims.run_requests import RunRequest, deciding_requests, search_requests
from spectral_bench.compare.criteria import more_is_better
from spectral_bench.compare.scores import ACHIEVEMENTS
from spectral_bench.config.hints import unknown_key
from spectral_bench.config.keys import as_typed
from spectral_bench.config.schema import EXECUTION
from spectral_bench.errors import InputError
from spectral_bench.records.run_record import Run
from spectral_bench.runs.layout import OF_NORMS

#: The effective configuration of overrides, under dotted keys.
Configure = Callable[[Sequence[str]], Mapping[str, Any]]

#: By how much the metric is worse on test than on training data; no field of a summary.
GENERALIZATION_GAP = "generalization_gap"

#: Of the updates until the task was solved, at the mean speed of the run; no field of a summary.
SECONDS_TO_SOLVE = "seconds_to_solve"

#: Measures of when something was reached, infinite for runs that never got there.
MEASURES_OF_WHEN = ("solved_at", "steps_to_beat_baseline", SECONDS_TO_SOLVE)

#: In what a run may differ from the one asked for: how it was executed and watched, not what was learnt. Evaluations
#: are counted only where no interval is set, and no claim about when something was learnt leaves it open.
_MAY_DIFFER = ("seed", *EXECUTION, "train.evaluations")

#: A run that differs from the one asked for in no more keys than this is named beside it.
_MOST_DIFFERENCES = 2


@dataclass(frozen=True)
class RequestedRun:
    """A run that a claim asks for, and the run there is.

    Attributes:
        request: what was asked for.
        run: None: there is none that ended.
    """

    request: RunRequest
    run: Run | None


@dataclass(frozen=True)
class EntrantEvidence:
    """The runs of an entrant.

    Attributes:
        search: of its search, in the order of the requests.
        chosen: the values that the search chose; empty where the claim has no search; None while runs are missing.
        deciding: the runs that decide; none while nothing is chosen.
        modified: runs that were nearly asked for, each with the keys in which it differs.
    """

    search: Sequence[RequestedRun]
    chosen: Mapping[str, Any] | None
    deciding: Sequence[RequestedRun]
    modified: Sequence[tuple[Run, Mapping[str, Any]]]

    @property
    def missing(self) -> list[RunRequest]:
        """What can be run next."""
        return [one.request for one in (*self.search, *self.deciding) if one.run is None]

    @property
    def runs(self) -> list[Run]:
        """Every run it rests on."""
        return [one.run for one in (*self.search, *self.deciding) if one.run is not None]


def gather(claim: Claim, runs: Sequence[Run], configure: Configure) -> dict[str, EntrantEvidence]:
    """The evidence for a claim, by entrant.

    Raises:
        InputError: an override of the claim is wrong.
    """
    ended = [run for run in runs if run.status in ("completed", "diverged")]
    return {entrant: _of_entrant(claim, entrant, ended, configure) for entrant in claim.entrants}


def measured(run: Run, metric: str) -> float | None:
    """What a run came to: infinite, on the side that is worse, if it diverged or never got there; None: unknown."""
    if metric == GENERALIZATION_GAP:
        return _generalization_gap(run)
    if metric == SECONDS_TO_SOLVE:
        updates, milliseconds = measured(run, "solved_at"), run.summary.get("ms_per_step")
        if updates in (None, inf):
            return updates
        return None if milliseconds is None else updates * milliseconds / 1000
    value = run.summary.get(metric)
    if run.status == "completed" and isinstance(value, int | float) and isfinite(value):
        return float(value)
    if metric not in ACHIEVEMENTS or (run.status == "completed" and metric not in run.summary):
        return None
    return -inf if higher_is_better(metric, run) else inf


def higher_is_better(metric: str, run: Run) -> bool:
    """The sense of a metric."""
    return more_is_better(metric, str(run.summary.get("mode")))


def may_differ(key: str, metric: str) -> bool:
    """Whether a run may differ in a key from the one asked for, and still count for a claim about this metric."""
    return key in _MAY_DIFFER or (key == "trace.of" and metric not in OF_NORMS)


def _generalization_gap(run: Run) -> float | None:
    train, test = run.summary.get("train"), run.summary.get("test")
    if run.status == "diverged":
        return inf
    if train is None or test is None:
        return None
    return float(train - test if run.summary.get("mode") == "max" else test - train)


def _of_entrant(claim: Claim, entrant: str, runs: Sequence[Run], configure: Configure) -> EntrantEvidence:
    by = claim.search.choose[0] if claim.search else claim.metric
    tried = _find(search_requests(claim, entrant), runs, configure, by)
    chosen = _choice(claim, tried)
    asked = [] if chosen is None else deciding_requests(claim, entrant, chosen)
    deciding = _find(asked, runs, configure, claim.metric)
    used = {one.run.run_id for one in (*tried, *deciding) if one.run is not None}
    missing = [one.request for one in deciding if one.run is None]
    others = [run for run in runs if run.run_id not in used]
    return EntrantEvidence(tried, chosen, deciding, _nearly(missing, others, configure, claim.metric))


def _choice(claim: Claim, tried: Sequence[RequestedRun]) -> Mapping[str, Any] | None:
    if claim.search is None:
        return {}
    complete = [(one.request, one.run) for one in tried if one.run is not None]
    if len(complete) < len(tried):
        return None
    fields = claim.search.choose

    def rank(pair: tuple[RunRequest, Run]) -> list[float]:
        return [_less_is_better(pair[1], field) for field in fields]

    best, _ = min(complete, key=rank)
    return {key: best.values[key] for key in claim.search.over}


def _less_is_better(run: Run, field: str) -> float:
    value = measured(run, field)
    if value is None:
        return inf
    return -value if higher_is_better(field, run) else value


def _find(requests: Sequence[RunRequest], runs: Sequence[Run], configure: Configure, metric: str) -> list[RequestedRun]:
    found = []
    for request in requests:
        config = _configured(request, configure)
        alike = [run for run in runs if run.seed == request.seed and _is_as_configured(config, run, metric)]
        found.append(RequestedRun(request, max(alike, key=partial(_usefulness, metric), default=None)))
    return found


def _usefulness(metric: str, run: Run) -> tuple[bool, str, str]:
    """Of several runs of one configuration, those that measured what is asked count first, then the newest."""
    return measured(run, metric) is not None, str(run.manifest.get("started") or ""), run.run_id


def _nearly(
    missing: Sequence[RunRequest], runs: Sequence[Run], configure: Configure, metric: str
) -> list[tuple[Run, Mapping[str, Any]]]:
    """Runs with a modified protocol: on these no claim is decided."""
    found: dict[str, tuple[Run, Mapping[str, Any]]] = {}
    for request in missing:
        config = _configured(request, configure)
        for run in runs:
            differences = _differences(config, run, metric) if run.seed == request.seed else {}
            if 0 < len(differences) <= _MOST_DIFFERENCES:
                found.setdefault(run.run_id, (run, differences))
    return list(found.values())


def _configured(request: RunRequest, configure: Configure) -> dict[str, Any]:
    """The configuration of a request; the values of searched keys need no composing, and come first.

    Raises:
        InputError: an override is wrong, or a key that is searched or differs between settings is none of it.
    """
    composed = configure(request.overrides)
    for key in request.values:
        if key not in composed:
            raise InputError(f"{unknown_key(key, composed)} It cannot be varied beside {' '.join(request.overrides)}.")
    return {**request.values, **{key: value for key, value in composed.items() if key not in request.values}}


def _is_as_configured(config: Mapping[str, Any], run: Run, metric: str) -> bool:
    """Whether a run is the one asked for. Of thousands of pairs most are told apart by the first keys."""
    theirs = run.effective_config
    return all(
        config[key] == theirs.get(key) or may_differ(key, metric) or as_typed(config[key]) == as_typed(theirs.get(key))
        for key in config
    ) and not _differences(config, run, metric)


def _differences(config: Mapping[str, Any], run: Run, metric: str) -> dict[str, Any]:
    """The keys in which a run differs from a configuration, where it may not."""
    theirs = run.effective_config
    if theirs.get("task.name") != config["task.name"] or theirs.get("model.name") != config["model.name"]:
        return dict(theirs)
    return {
        key: theirs.get(key)
        for key in {**config, **theirs}
        if not may_differ(key, metric) and as_typed(config.get(key)) != as_typed(theirs.get(key))
    }
