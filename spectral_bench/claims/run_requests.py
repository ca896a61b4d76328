"""The runs that a claim asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from spectral_bench.claims.claim import Claim
from spectral_bench.config.keys import as_typed
from spectral_bench.config.overrides import typed_key


@dataclass(frozen=True)
class RunRequest:
    """What one run of a claim is configured with.

    Attributes:
        overrides: of the run, without seed, searched keys and the key in which settings differ.
        values: of these keys.
        seed: of the run.
    """

    overrides: Sequence[str]
    values: Mapping[str, Any]
    seed: int

    @property
    def setting(self) -> list[str]:
        """All overrides but the seed, as a user types them."""
        return merged([*self.overrides, *(f"{key}={as_typed(value)}" for key, value in self.values.items())])

    @property
    def typed(self) -> list[str]:
        """All overrides, as a user types them."""
        return [*self.setting, f"seed={self.seed}"]


def search_requests(claim: Claim, entrant: str) -> list[RunRequest]:
    """The runs of an entrant's search; none where the claim has no search."""
    if claim.search is None:
        return []
    overrides = merged([*claim.base, *claim.search.overrides, *claim.entrants[entrant]])
    combinations = product(*claim.search.over.values())
    return [
        RunRequest(
            overrides, {**claim.placed[entrant], **dict(zip(claim.search.over, values, strict=True))}, claim.search.seed
        )
        for values in combinations
    ]


def deciding_requests(claim: Claim, entrant: str, values: Mapping[str, Any]) -> list[RunRequest]:
    """The runs of an entrant that decide, with what its search chose."""
    overrides = merged([*claim.base, *claim.entrants[entrant]])
    return [RunRequest(overrides, {**claim.placed[entrant], **values}, seed) for seed in claim.seeds]


def merged(overrides: Sequence[str]) -> list[str]:
    """Overrides without those whose key a later one sets."""
    return list({typed_key(override): override for override in overrides}.values())
