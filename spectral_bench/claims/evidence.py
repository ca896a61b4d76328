"""The runs there are of those that a claim asks for."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from math import inf
from typing import Any

from spectral_bench.claims.circumstances import (
    ComparableRuns,
    Kind,
    by_files,
    by_processor,
    data_set_of,
    read_differently,
)
from spectral_bench.claims.claim import Claim
from spectral_bench.claims.measures import TIMES, higher_is_better, measured
from spectral_bench.claims.protocol import Configure, Protocol
from spectral_bench.claims.run_requests import RunRequest, deciding_requests, search_requests
from spectral_bench.errors import InputError
from spectral_bench.records.run_record import Run

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
        apart: runs that were asked for and cannot be compared with those that count, each with the reason.
    """

    search: Sequence[RequestedRun]
    chosen: Mapping[str, Any] | None
    deciding: Sequence[RequestedRun]
    modified: Sequence[tuple[Run, Mapping[str, Any]]]
    apart: Sequence[tuple[Run, str]]

    @property
    def missing(self) -> list[RunRequest]:
        """What can be run next."""
        return [one.request for one in (*self.search, *self.deciding) if one.run is None]

    @property
    def completed(self) -> list[Run]:
        """Of the runs that decide, those that were trained to their end."""
        return [one.run for one in self.deciding if one.run is not None and one.run.status == "completed"]

    @property
    def diverged(self) -> list[Run]:
        """Of the runs that decide, those that diverged."""
        return [one.run for one in self.deciding if one.run is not None and one.run.status == "diverged"]

    @property
    def runs(self) -> list[Run]:
        """Every run it rests on."""
        return [one.run for one in (*self.search, *self.deciding) if one.run is not None]


def gather(claim: Claim, runs: Sequence[Run], configure: Configure) -> dict[str, EntrantEvidence]:
    """The evidence for a claim, by entrant.

    Of runs that cannot be compared with each other, because they read other files of a data set, or were timed on
    something else where time is what counts, those count of which most are there; of equally many the later ones.

    Raises:
        InputError: an override of the claim is wrong, or a run would count twice.
    """
    ended = [run for run in runs if run.status in ("completed", "diverged")]
    pool = ComparableRuns(ended, ended)
    for data_set in _contested(claim, ended, configure):
        pool = _fullest(claim, by_files(pool, data_set), configure)
    if claim.metric in TIMES and ended:
        pool = _fullest(claim, by_processor(pool), configure)
    evidence = _gathered(claim, pool, configure)
    _refuse_shared(evidence)
    return evidence


def _refuse_shared(evidence: Mapping[str, EntrantEvidence]) -> None:
    """Refuse what counts a run twice, since what was asked for twice differs in nothing that is learnt.

    Raises:
        InputError: a run decides for two entrants, or stands for two settings of a search.
    """
    of_entrant: dict[str, str] = {}
    for name, one in evidence.items():
        tried: dict[str, str] = {}
        for found in one.search:
            values = " ".join(found.request.typed)
            if found.run is not None and tried.setdefault(found.run.run_id, values) != values:
                raise InputError(f"search.over: {found.run.run_id} would stand for two settings of {name}.")
        for run in one.completed + one.diverged:
            if of_entrant.setdefault(run.run_id, name) != name:
                raise InputError(f"entrants.{name}: {run.run_id} would decide for {of_entrant[run.run_id]} as well.")


def _contested(claim: Claim, runs: Sequence[Run], configure: Configure) -> list[str]:
    """The data sets of the claim of which runs have read different files."""
    contested = read_differently(runs)
    if not contested:
        return []
    asked = [
        request
        for entrant in claim.entrants
        for request in (*search_requests(claim, entrant)[:1], *deciding_requests(claim, entrant, {})[:1])
    ]
    own = {data_set_of(Protocol.of(request, claim.metric, configure).config) for request in asked}
    return [data_set for data_set in contested if data_set in own]


def _fullest(claim: Claim, pools: Sequence[ComparableRuns], configure: Configure) -> ComparableRuns:
    """The pool with most of the runs asked for; of several that in which the last of them began."""

    def fullness(pool: ComparableRuns) -> tuple[int, str]:
        found = [run for one in _gathered(claim, pool, configure).values() for run in one.runs]
        return len(found), max(map(_begun, found), default="")

    return pools[0] if len(pools) == 1 else max(pools, key=fullness)


def _gathered(claim: Claim, pool: ComparableRuns, configure: Configure) -> dict[str, EntrantEvidence]:
    return {entrant: _of_entrant(claim, entrant, pool, configure) for entrant in claim.entrants}


def _of_entrant(claim: Claim, entrant: str, pool: ComparableRuns, configure: Configure) -> EntrantEvidence:
    by = claim.search.choose[0] if claim.search else claim.metric
    of_search = [Protocol.of(request, by, configure) for request in search_requests(claim, entrant)]
    tried = _find(of_search, pool.searching_of_kind)
    chosen = _choice(claim, tried)
    asked = [] if chosen is None else deciding_requests(claim, entrant, chosen)
    protocols = [Protocol.of(request, claim.metric, configure) for request in asked]
    deciding = _find(protocols, pool.deciding_of_kind)
    used = {one.run.run_id for one in (*tried, *deciding) if one.run is not None}
    lacking = [protocol for protocol, one in zip(protocols, deciding, strict=True) if one.run is None]
    modified = _nearly(lacking, pool.deciding_of_kind, used)
    apart = [
        (run, why)
        for run, why in pool.apart
        if run.run_id not in used and any(protocol.is_kept_by(run) for protocol in (*of_search, *protocols))
    ]
    return EntrantEvidence(tried, chosen, deciding, modified, apart)


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


def _find(protocols: Sequence[Protocol], of_kind: Mapping[Kind, Sequence[Run]]) -> list[RequestedRun]:
    found = []
    for protocol in protocols:
        alike = [run for run in of_kind.get(_kind(protocol.config), ()) if protocol.is_kept_by(run)]
        most_useful = max(alike, key=partial(_usefulness, protocol.metric), default=None)
        found.append(RequestedRun(protocol.request, most_useful))
    return found


def _usefulness(metric: str, run: Run) -> tuple[bool, str, str]:
    """Of several runs of one configuration, those that measured what is asked count first, then the newest."""
    return measured(run, metric) is not None, _begun(run), run.run_id


def _begun(run: Run) -> str:
    return str(run.manifest.get("started") or "")


def _nearly(
    lacking: Sequence[Protocol], of_kind: Mapping[Kind, Sequence[Run]], used: Collection[str]
) -> list[tuple[Run, Mapping[str, Any]]]:
    """Runs with a modified protocol, of those not in use: on these no claim is decided."""
    found: dict[str, tuple[Run, Mapping[str, Any]]] = {}
    for protocol in lacking:
        for run in of_kind.get(_kind(protocol.config), ()):
            if run.run_id in used or run.seed != protocol.request.seed:
                continue
            modified = dict(islice(protocol.differences(run), _MOST_DIFFERENCES + 1))
            if 0 < len(modified) <= _MOST_DIFFERENCES:
                found.setdefault(run.run_id, (run, modified))
    return list(found.values())


def _kind(config: Mapping[str, Any]) -> Kind:
    return config["task.name"], config["model.name"]
