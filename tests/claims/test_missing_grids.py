"""Commands for missing runs: few, and of these runs alone."""

import shlex
from collections.abc import Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_bench.claims.claim import Claim
from spectral_bench.claims.load_claims import load_claims
from spectral_bench.claims.run_requests import RunRequest, search_requests
from spectral_bench.config.grid_points import expand_grid
from spectral_bench.config.load import load
from spectral_bench.report.claim_commands import RESULTS, run_commands
from spectral_bench.runs.kinds import KINDS


def runs_of(commands: Sequence[str]) -> list[frozenset[str]]:
    """What the commands run: for every combination of their values the overrides of one run."""
    found = []
    for command in commands:
        words = shlex.split(command)
        assert words[:2] == ["spectral-bench", "run"]
        assert words[-1] == RESULTS
        is_grid = words[2] == "-m"
        pairs = [word.partition("=") for word in words[2 + is_grid : -1]]
        choices = [
            [f"{key}={value}" for value in (values.split(",") if is_grid else [values])] for key, _, values in pairs
        ]
        assert is_grid == any(len(values) > 1 for values in choices)
        found += [frozenset(combination) for combination in product(*choices)]
    return found


@given(st.lists(st.tuples(*[st.sampled_from((1, 2, 3))] * 3), max_size=30))
def test_the_commands_run_what_is_missing_each_once(wanted: list[tuple[int, int, int]]) -> None:
    requests = [RunRequest(["model=rnn"], {"optimizer.lr": rate, "r": r}, seed) for rate, r, seed in wanted]
    found = runs_of(run_commands(requests))
    assert len(found) == len(set(wanted))
    assert set(found) == {frozenset(request.typed) for request in requests}


@pytest.mark.parametrize("claim", load_claims().values(), ids=lambda claim: claim.id)
def test_the_whole_search_of_an_entrant_is_one_command(claim: Claim) -> None:
    for entrant in claim.entrants:
        requests = search_requests(claim, entrant)
        commands = run_commands(requests)
        assert len(commands) == bool(requests)
        found = runs_of(commands)
        assert len(found) == len(requests)
        assert all(any(run.issuperset(request.typed) for run in found) for request in requests)


def test_the_grid_of_a_preset_adds_no_runs() -> None:
    requests = [RunRequest(["experiment=copy_phases", "task.length=100"], {}, seed) for seed in (1, 2)]
    (command,) = run_commands(requests)
    points = expand_grid(shlex.split(command)[3:])
    configs = [load(point, KINDS).experiment for point in points]
    asked = [load([*request.typed, RESULTS], KINDS).experiment for request in requests]
    assert configs == asked


def test_runs_with_other_keys_have_commands_of_their_own() -> None:
    plain, more = RunRequest(["model=rnn"], {}, 0), RunRequest(["model=rnn", "r=0.1"], {}, 1)
    assert runs_of(run_commands([plain, more])) == [{"model=rnn", "seed=0"}, {"model=rnn", "r=0.1", "seed=1"}]


def test_a_value_that_holds_a_comma_is_not_read_as_two() -> None:
    requests = [RunRequest(["task=copy"], {"tags": value}, 0) for value in ("[a,b]", "c", "d")]
    listed, others = run_commands(requests)
    assert "tags=[a,b]" in shlex.split(listed)
    assert "-m" not in shlex.split(listed)
    assert "tags=c,d" in shlex.split(others)
