"""Read a file of claims."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from spectral_bench.claims.claim import Across, Certainty, Claim, Search, Source
from spectral_bench.claims.claims_yaml import claims_content
from spectral_bench.claims.measures import CHOOSING, JUDGED, MEASURES, MEASURES_OF_WHEN
from spectral_bench.claims.rules import Ahead, ExpectedRange, Grows, NotBehind, Reaches, Rule, Within
from spectral_bench.claims.rules_across import AheadAcross, Frontier
from spectral_bench.config.hints import short, unknown
from spectral_bench.config.keys import as_typed
from spectral_bench.config.overrides import typed_key
from spectral_bench.config.schema import EXECUTION, MEASURING
from spectral_bench.config.typed import typed
from spectral_bench.errors import InputError

_RULES: Mapping[str, type[Any]] = {
    "reaches": Reaches,
    "ahead": Ahead,
    "not_behind": NotBehind,
    "within": Within,
    "grows": Grows,
    "ahead_across": AheadAcross,
    "frontier": Frontier,
}

_PLURALS: Mapping[Any, str] = {list: "lists", str: "texts"}

#: These are about the settings of a claim that is made across several, and of no other.
_ACROSS = ("ahead_across", "frontier")

#: The source of a claim that names none.
_OWN: Mapping[str, Any] = {"paper": "this file", "place": "written before the runs", "value": None, "certainty": "ours"}

#: An identifier is a word on the command line, and no path.
_ID = re.compile(r"\w[\w.=-]*")

_SEEDS = "'seeds' and 'search.seed' say with which seeds"


@dataclass(frozen=True)
class _SourceNode:
    paper: str
    place: str
    value: float | None
    certainty: Certainty
    values: Mapping[str, float | list[float] | None]


@dataclass(frozen=True)
class _Node:
    """A claim as it stands in the file."""

    statement: str
    source: _SourceNode
    base: list[str]
    entrants: Any
    search: Any
    seeds: list[int]
    metric: str
    rule: Any
    differences: list[str]
    across: Any


@dataclass(frozen=True)
class _SearchNode:
    over: Any
    seed: int
    choose: list[str]
    overrides: list[str]


@dataclass(frozen=True)
class _WithinNode:
    ranges: Mapping[str, ExpectedRange]


@dataclass(frozen=True)
class _FrontierNode:
    until: Mapping[str, float]


def load_claims(file: Path | None = None) -> dict[str, Claim]:
    """The claims of a file by their id; None: those of this package.

    Raises:
        InputError: it does not exist, or is no file of claims; the message names the key.
    """
    content = claims_content(file)
    nodes = content["claims"]
    try:
        findings = _findings(content, nodes)
        return {str(name): _claim(str(name), node, findings.get(str(name))) for name, node in nodes.items()}
    except InputError as error:
        raise InputError(f"--claims {file or 'claims.yaml'}: {error}") from error


def _findings(content: Mapping[str, Any], known: Mapping[Any, Any]) -> dict[str, str]:
    """What the runs showed beyond verdicts, by claim: written afterwards, and so apart from the rules."""
    if content.get("findings") is None:
        return {}
    findings, ids = _mapping(content["findings"], "findings", str), [str(one) for one in known]
    for name in findings:
        if name not in ids:
            raise InputError(unknown("findings", name, ids))
    return findings


def _claim(name: str, node: Any, finding: str | None) -> Claim:
    if not _ID.fullmatch(name):
        raise InputError(
            f"claims: '{short(name)}': expected an id of letters, digits and, behind the first, the signs - . =."
        )
    claim = typed(_with_defaults(node), _Node, name)
    across = None if claim.across is None else _across(claim.across, f"{name}.across")
    named = _mapping(claim.entrants, f"{name}.entrants", list)
    entrants, placed = _in_settings({key: [str(word) for word in words] for key, words in named.items()}, across)
    search = None if claim.search is None else _search(claim.search, f"{name}.search", claim.seeds)
    rule = _rule(claim.rule, f"{name}.rule", across)
    for entrant in rule.entrants:
        if entrant not in entrants:
            raise InputError(unknown(f"{name}.rule", entrant, entrants))
    idle = [entrant for entrant in entrants if entrant not in rule.entrants]
    if idle:
        _refuse(f"{name}.entrants.{idle[0]}", "...", "one that the rule names")
    source = _source(claim.source, entrants, f"{name}.source", across)
    if isinstance(rule, Reaches) and (said := source.values.get(rule.entrant)) not in (None, rule.value):
        _refuse(f"{name}.rule.value", rule.value, f"what the source says, {said}")
    if claim.metric not in MEASURES:
        raise InputError(f"{unknown(f'{name}.metric', claim.metric, MEASURES)} docs/claims.md says what there is.")
    if not isinstance(rule, Within | Grows) and claim.metric not in JUDGED:
        _refuse(f"{name}.metric", claim.metric, "one of which less or more is better; within and grows take any")
    if isinstance(rule, Frontier) and claim.metric not in MEASURES_OF_WHEN:
        _refuse(f"{name}.metric", claim.metric, f"for a frontier, one of {', '.join(MEASURES_OF_WHEN)}")
    if not claim.seeds or len(set(claim.seeds)) < len(claim.seeds):
        _refuse(f"{name}.seeds", claim.seeds, "one seed or more, each of them once")
    for override in [
        *claim.base,
        *(search.overrides if search else []),
        *(word for of in entrants.values() for word in of),
    ]:
        if typed_key(override) == "seed":
            raise InputError(f"{name}: {override} cannot be set: {_SEEDS}.")
    if across is not None and search is not None and across.key in search.over:
        _refuse(f"{name}.search.over.{across.key}", "...", "no key of 'across'")
    return Claim(
        name,
        claim.statement,
        source,
        claim.base,
        entrants,
        search,
        claim.seeds,
        claim.metric,
        rule,
        claim.differences,
        across,
        placed,
        finding,
    )


def _with_defaults(node: Any) -> Any:
    """A claim, and its source, with the keys that may be left out."""
    if not isinstance(node, Mapping):
        return node
    source = node.get("source", _OWN)
    given = {**node, "source": {"value": None, "values": {}, **source}} if isinstance(source, Mapping) else node
    return {"search": None, "differences": [], "across": None, **given}


def _source(node: _SourceNode, entrants: Mapping[str, Any], path: str, across: Across | None) -> Source:
    values = {entrant: value for entrant, value in node.values.items() if value is not None}
    for entrant, value in values.items():
        if entrant not in entrants:
            raise InputError(unknown(f"{path}.values", entrant, entrants))
        if isinstance(value, list) and (len(value) != 2 or value[0] >= value[1]):
            _refuse(f"{path}.values.{entrant}", value, "a number, or two, the smaller one first")
    if across is not None and values:
        _refuse(f"{path}.values", ", ".join(values), "none for a claim across settings")
    if node.value is not None:
        if values or len(entrants) > 1:
            _refuse(f"{path}.value", node.value, "null where there are several entrants: 'values' names theirs")
        values = dict.fromkeys(entrants, node.value)
    return Source(node.paper, node.place, node.certainty, values)


def _across(node: Any, path: str) -> Across:
    settings = _mapping(node, path, list)
    if len(settings) > 1:
        _refuse(path, ", ".join(settings), "one key with its values")
    ((key, values),) = settings.items()
    if not all(isinstance(value, str | int | float) for value in values):
        _refuse(f"{path}.{key}", values, "words or numbers")
    _check_varied(settings, path)
    return Across(key, values)


def _check_varied(settings: Mapping[str, list[Any]], path: str) -> None:
    """Refuse what would count a run several times."""
    for key, values in settings.items():
        if key == "seed":
            raise InputError(f"{path}.seed cannot be set: {_SEEDS}.")
        if key in (*EXECUTION, *MEASURING):
            _refuse(f"{path}.{key}", values, "a key that changes what is learnt, not how a run is executed or watched")
        if len(set(map(as_typed, values))) < len(values):
            _refuse(f"{path}.{key}", values, "each value once")


def _in_settings(
    entrants: Mapping[str, list[str]], across: Across | None
) -> tuple[dict[str, list[str]], dict[str, dict[str, Any]]]:
    """The overrides of every entrant in each of the settings, and the value that makes the setting."""
    if across is None:
        return {**entrants}, {entrant: {} for entrant in entrants}
    names = {Across.name(entrant, value): (entrant, value) for value in across.values for entrant in entrants}
    return (
        {name: entrants[entrant] for name, (entrant, _) in names.items()},
        {name: {across.key: value} for name, (_, value) in names.items()},
    )


def _search(node: Any, path: str, seeds: list[int]) -> Search:
    found = typed({"overrides": [], **node} if isinstance(node, Mapping) else node, _SearchNode, path)
    if found.seed in seeds:
        _refuse(f"{path}.seed", found.seed, "none of the seeds that decide")
    if not found.choose:
        _refuse(f"{path}.choose", found.choose, "a field by which a setting is chosen")
    for field in found.choose:
        if field not in MEASURES:
            raise InputError(unknown(f"{path}.choose", field, MEASURES))
        if field not in CHOOSING:
            _refuse(
                f"{path}.choose",
                field,
                f"a measure without the test data, traces or times: {', '.join(CHOOSING)}",
            )
    over = _mapping(found.over, f"{path}.over", list)
    _check_varied(over, f"{path}.over")
    return Search(over, found.seed, found.choose, found.overrides)


def _rule(node: Any, path: str, across: Across | None) -> Rule:
    if not isinstance(node, Mapping):
        _refuse(path, node, "a group of keys")
    kind = str(node.get("kind"))
    if kind not in _RULES:
        raise InputError(unknown(f"{path}.kind", kind, _RULES))
    if (kind in _ACROSS) != (across is not None):
        _refuse(
            f"{path}.kind", kind, "another: ahead_across and frontier, and only they, belong to a claim with across"
        )
    keys = {key: value for key, value in node.items() if key != "kind"}
    if kind == "within":
        return Within(typed(keys, _WithinNode, path).ranges)
    if across is not None:
        return _rule_across(kind, keys, path, across)
    rule: Rule = typed(keys, _RULES[kind], path)
    return rule


def _rule_across(kind: str, keys: Mapping[str, Any], path: str, across: Across) -> Rule:
    if kind == "ahead_across":
        ahead = typed(keys, Ahead, path)
        return AheadAcross(ahead.entrant, ahead.of, across.values)
    until = typed(keys, _FrontierNode, path).until
    for value in across.values:
        if not isinstance(value, int | float):
            _refuse(f"{path}.kind", "frontier", f"numbers in across, where '{value}' stands")
    return Frontier(until, across.values)


def _mapping(value: Any, path: str, of: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not value or not all(isinstance(item, of) for item in value.values()):
        _refuse(path, value, f"a group of {_PLURALS[of]}")
    for key, item in value.items():
        if not item:
            _refuse(f"{path}.{key}", item, "something in it")
    return {str(key): item for key, item in value.items()}


def _refuse(path: str, value: Any, expected: str) -> NoReturn:
    raise InputError(f"{path}={value}: expected {expected}.")
