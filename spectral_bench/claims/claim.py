"""A claim: a statement with a rule, written before the runs, that says when they reproduce, beat or refute it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from spectral_bench.claims.rules import Rule


class Certainty(Enum):
    """How sure it is that a source says so: printed there, read off a figure, or quoted by others."""

    printed = "printed"
    figure = "figure"
    quoted = "quoted"
    ours = "ours"


@dataclass(frozen=True)
class Source:
    """Where a claim was made.

    Attributes:
        paper: authors, venue and year.
        place: the section, table or figure; or who quotes it.
        certainty: how sure it is.
        values: published numbers by entrant, in units of the claim's metric; a pair is from one to the other.
    """

    paper: str
    place: str
    certainty: Certainty
    values: Mapping[str, float | list[float]]


@dataclass(frozen=True)
class Search:
    """The same small search for every entrant, on validation data.

    Attributes:
        over: the values of every key; every combination is tried.
        seed: of its runs; none of the claim's own.
        choose: fields of a summary, measured on validation; the first decides, the next ones among equals.
        overrides: in which its runs differ from the claim's, because they are shorter, say.
    """

    over: Mapping[str, Sequence[Any]]
    seed: int
    choose: Sequence[str]
    overrides: Sequence[str] = ()


@dataclass(frozen=True)
class Across:
    """Settings in each of which every entrant runs: lengths, data sets.

    Attributes:
        key: in which they differ.
        values: of it.
    """

    key: str
    values: Sequence[Any]

    @property
    def short_key(self) -> str:
        """The last part of the key: ``length``."""
        return self.key.rpartition(".")[2]

    @staticmethod
    def name(entrant: str, value: Any) -> str:
        """What an entrant is called in one of the settings."""
        return f"{entrant}, {value}"


@dataclass(frozen=True)
class Claim:
    """A claim.

    Attributes:
        id: short, unique.
        statement: in a sentence.
        source: who claims it.
        base: overrides of all its runs, the preset first.
        entrants: what is compared: the overrides of each, by its name; in several settings, each in each of them.
        search: None: the entrants run as they are configured.
        seeds: of the runs that decide.
        metric: the field of a summary it is about, or ``generalization_gap``.
        rule: decides.
        differences: in which the runs are known to differ from the source, and what was assumed.
        across: the settings; None: there is one.
        placed: the value of the key in which the settings differ, by entrant; empty where there is one setting.
        finding: what the runs showed beyond the verdict, in words; None: nothing was written down.
    """

    id: str
    statement: str
    source: Source
    base: Sequence[str]
    entrants: Mapping[str, Sequence[str]]
    search: Search | None
    seeds: Sequence[int]
    metric: str
    rule: Rule
    differences: Sequence[str]
    across: Across | None
    placed: Mapping[str, Mapping[str, Any]]
    finding: str | None

    @property
    def is_ours(self) -> bool:
        """Whether it is of those who wrote the file, and no paper's."""
        return self.source.certainty is Certainty.ours

    @property
    def published(self) -> float | list[float] | None:
        """The published number of a claim about a single entrant; None: there is none, or there are several."""
        (only, *others) = self.entrants
        return None if others else self.source.values.get(only)
