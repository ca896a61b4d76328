from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command_line import exit_code
from faults.tally import Tally

Answer = Callable[..., tuple[int, str]]

EVERY = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if EVERY in item.path.parents:
            item.add_marker("faults")


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Iterator[Tally]:
    """Counts what this test tries."""
    counted = Tally(lambda name, value: request.node.user_properties.append((name, value)))
    yield counted
    counted.hand_in()


@pytest.fixture(scope="session")
def thorough(request: pytest.FixtureRequest) -> bool:
    """Whether the fault tests were asked for by name (``-m faults``): they then try many times what is else a few."""
    return "faults" in (request.config.option.markexpr or "")


@pytest.fixture
def answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Answer:
    """The exit code and the message of a command, run in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(*arguments: str) -> tuple[int, str]:
        return exit_code(*arguments), capsys.readouterr().err

    return run
