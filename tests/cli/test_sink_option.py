"""Which sinks a command line and the environment choose."""

import pytest

from spectral_bench.cli.sink_option import chosen_sinks
from spectral_bench.errors import InputError


@pytest.fixture(autouse=True)
def no_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPECTRAL_BENCH_SINKS", raising=False)


@pytest.mark.parametrize(
    "named", [["tensorboard,mlflow"], ["tensorboard", "mlflow"], ["tensorboard, mlflow,tensorboard"]]
)
def test_sinks_are_named_by_several_options_or_with_commas(named: list[str]) -> None:
    assert chosen_sinks(named) == ["tensorboard", "mlflow"]


def test_the_environment_names_sinks_of_runs_that_name_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert chosen_sinks(None) == []
    monkeypatch.setenv("SPECTRAL_BENCH_SINKS", "mlflow,tensorboard")
    assert chosen_sinks(None) == ["mlflow", "tensorboard"]
    assert chosen_sinks(["tensorboard"]) == ["tensorboard"]
    monkeypatch.setenv("SPECTRAL_BENCH_SINKS", "")
    assert chosen_sinks(None) == []


@pytest.mark.parametrize("text", ["", " ", "tensorboard,", ",mlflow"])
def test_an_empty_name_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=f"--sink '{text}': expected the name of a sink"):
        chosen_sinks([text])


def test_an_unknown_name_says_where_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"^--sink: Unknown sink 'tensorbord'\. Did you mean 'tensorboard'"):
        chosen_sinks(["tensorbord"])
    monkeypatch.setenv("SPECTRAL_BENCH_SINKS", "mlflo")
    with pytest.raises(InputError, match=r"^\$SPECTRAL_BENCH_SINKS: Unknown sink 'mlflo'\. Did you mean 'mlflow'"):
        chosen_sinks(None)
