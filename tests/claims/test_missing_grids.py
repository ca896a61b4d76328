"""Commands for missing runs: few, and of these runs alone."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_bench.claims.load_claims import load_claims
from spectral_bench.claims.run_requests import RunRequest, search_requests
from spectral_bench.report.claim_commands import missing_grids


def runs_of(grids: list[list[str]]) -> list[frozenset[str]]:
    """What the grids run: for every combination of their values the overrides of one run."""
    found = []
    for words in grids:
        pairs = [word.partition("=") for word in words]
        choices = [[f"{key}={value}" for value in values.split(",")] for key, _, values in pairs]
        found += [frozenset(combination) for combination in product(*choices)]
    return found


@given(st.sets(st.tuples(*[st.sampled_from((1, 2, 3))] * 3)))
def test_the_grids_run_what_is_missing_each_once(wanted: set[tuple[int, int, int]]) -> None:
    requests = [RunRequest(["model=rnn"], {"optimizer.lr": rate, "r": r}, seed) for rate, r, seed in sorted(wanted)]
    found = runs_of(missing_grids(requests))
    assert len(found) == len(requests)
    assert set(found) == {frozenset(request.typed) for request in requests}


@pytest.mark.parametrize("claim", load_claims().values(), ids=lambda claim: claim.id)
def test_the_whole_search_of_an_entrant_is_one_command(claim) -> None:
    for entrant in claim.entrants:
        requests = search_requests(claim, entrant)
        grids = missing_grids(requests)
        assert len(grids) == bool(requests)
        assert set(runs_of(grids)) == {frozenset(request.typed) for request in requests}


def test_runs_with_other_keys_have_commands_of_their_own() -> None:
    plain, more = RunRequest(["model=rnn"], {}, 0), RunRequest(["model=rnn", "r=0.1"], {}, 1)
    assert missing_grids([plain, more]) == [["model=rnn", "seed=0"], ["model=rnn", "r=0.1", "seed=1"]]


def test_a_value_that_holds_a_comma_is_not_read_as_two() -> None:
    requests = [RunRequest(["task=copy"], {"tags": value}, 0) for value in ("[a,b]", "c", "d")]
    assert [len(words) for words in missing_grids(requests)] == [3, 3]
    assert ["task=copy", "tags=c,d", "seed=0"] in missing_grids(requests)
