"""What is said when none of the runs is meant."""

from types import SimpleNamespace
from typing import Any

import pytest

from spectral_bench.cli.run_options import check_judged_by, those_that_fulfil
from spectral_bench.errors import InputError
from spectral_bench.records import selection
from spectral_bench.records.collection import Collection


@pytest.mark.parametrize(("count", "runs"), [(1, "1 run"), (2, "2 runs")])
def test_the_runs_of_which_none_is_meant_are_counted_in_words_that_fit(
    count: int, runs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[Any] = [SimpleNamespace(summary={})] * count
    monkeypatch.setattr(selection, "select", lambda *_: [])
    assert those_that_fulfil(["seed=7"], Collection(found, [])).notes == [f"None of {runs} fulfils seed=7."]
    with pytest.raises(InputError, match=f"none of {runs} has a value of it"):
        check_judged_by("validation", found)
