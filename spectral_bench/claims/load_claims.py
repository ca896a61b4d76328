"""Read a file of claims."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, NoReturn

import yaml

from spectral_bench.claims.claim import Claim, Search, Source
from spectral_bench.claims.rules import Ahead, ExpectedRange, Grows, NotBehind, Reaches, Rule, Within
from spectral_bench.config.hints import unknown
from spectral_bench.config.typed import typed
from spectral_bench.errors import InputError
from spectral_bench.runs.layout import SUMMARY_FIELDS
from spectral_bench.runs.safe_reading import LARGEST_TEXT, brief, read_bytes

#: By how much the metric is worse on test than on training data; no field of a summary.
GENERALIZATION_GAP = "generalization_gap"

_RULES: Mapping[str, type[Any]] = {
    "reaches": Reaches,
    "ahead": Ahead,
    "not_behind": NotBehind,
    "within": Within,
    "grows": Grows,
}

_MEASURES = (*(field.name for field in SUMMARY_FIELDS if field.type != "text"), GENERALIZATION_GAP)


@dataclass(frozen=True)
class _Node:
    """A claim as it stands in the file."""

    statement: str
    source: Source
    base: list[str]
    entrants: Any
    search: Any
    seeds: list[int]
    metric: str
    rule: Any
    differences: list[str]


@dataclass(frozen=True)
class _SearchNode:
    over: Any
    seed: int
    choose: list[str]
    overrides: list[str]


def load_claims(file: Path | None = None) -> dict[str, Claim]:
    """The claims of a file by their id; None: those of this package.

    Raises:
        InputError: it does not exist, or is no file of claims; the message names the key.
    """
    shown = "claims.yaml" if file is None else str(file)
    try:
        text = (
            files("spectral_bench.claims").joinpath("claims.yaml").read_bytes()
            if file is None
            else read_bytes(file, LARGEST_TEXT)
        )
        content = yaml.safe_load(text)
    except OSError as error:
        raise InputError(f"--claims {shown}: {error.strerror or error}.") from error
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise InputError(f"--claims {shown} is no yaml: {brief(error)}.") from error
    nodes = content.get("claims") if isinstance(content, Mapping) else None
    if not isinstance(nodes, Mapping) or not nodes:
        raise InputError(f"--claims {shown}: expected a key 'claims' that holds claims by their ids.")
    try:
        return {str(name): _claim(str(name), node) for name, node in nodes.items()}
    except InputError as error:
        raise InputError(f"--claims {shown}: {error}") from error


def _claim(name: str, node: Any) -> Claim:
    claim = typed({"search": None, "differences": [], **node} if isinstance(node, Mapping) else node, _Node, name)
    entrants = _mapping(claim.entrants, f"{name}.entrants", list)
    search = None if claim.search is None else _search(claim.search, f"{name}.search", claim.seeds)
    rule = _rule(claim.rule, f"{name}.rule")
    for entrant in rule.entrants:
        if entrant not in entrants:
            raise InputError(unknown(f"{name}.rule", entrant, entrants))
    idle = [entrant for entrant in entrants if entrant not in rule.entrants]
    if idle:
        _refuse(f"{name}.entrants.{idle[0]}", "...", "one that the rule names")
    if isinstance(rule, Reaches) and claim.source.value not in (None, rule.value):
        _refuse(f"{name}.rule.value", rule.value, f"source.value, {claim.source.value}")
    for field in [claim.metric, *(search.choose if search else [])]:
        if field not in _MEASURES:
            raise InputError(unknown(f"{name}.metric", field, _MEASURES))
    if len(set(claim.seeds)) < len(claim.seeds):
        _refuse(f"{name}.seeds", claim.seeds, "every seed once")
    return Claim(
        name,
        claim.statement,
        claim.source,
        claim.base,
        {entrant: [str(word) for word in overrides] for entrant, overrides in entrants.items()},
        search,
        claim.seeds,
        claim.metric,
        rule,
        claim.differences,
    )


def _search(node: Any, path: str, seeds: list[int]) -> Search:
    found = typed({"overrides": [], **node} if isinstance(node, Mapping) else node, _SearchNode, path)
    if found.seed in seeds:
        _refuse(f"{path}.seed", found.seed, "none of the seeds that decide")
    return Search(_mapping(found.over, f"{path}.over", list), found.seed, found.choose, found.overrides)


def _rule(node: Any, path: str) -> Rule:
    if not isinstance(node, Mapping):
        _refuse(path, node, "a group of keys")
    kind = str(node.get("kind"))
    if kind not in _RULES:
        raise InputError(unknown(f"{path}.kind", kind, _RULES))
    keys = {key: value for key, value in node.items() if key != "kind"}
    if kind == "within":
        ranges = _mapping(keys.get("ranges"), f"{path}.ranges", dict)
        return Within({name: typed(bounds, ExpectedRange, f"{path}.ranges.{name}") for name, bounds in ranges.items()})
    rule: Rule = typed(keys, _RULES[kind], path)
    return rule


def _mapping(value: Any, path: str, of: type[Any]) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not value or not all(isinstance(item, of) and item for item in value.values()):
        _refuse(path, value, f"a group of {'lists' if of is list else 'groups'}, none of them empty")
    return {str(key): item for key, item in value.items()}


def _refuse(path: str, value: Any, expected: str) -> NoReturn:
    raise InputError(f"{path}={value}: expected {expected}.")
