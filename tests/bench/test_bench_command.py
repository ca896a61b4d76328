"""``spectral-bench bench`` shows a table, and writes numbers, tables and a picture."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from spectral_bench.bench import suite
from spectral_bench.bench.deep_networks import DEEP_COUNTERPARTS
from spectral_bench.bench.setting import DeepSetting, Setting
from spectral_bench.bench.suite import Suite
from spectral_bench.cli.app import app
from spectral_bench.errors import InputError

TINY = Suite(
    sizes=(Setting(6, 4, 3, 2, 2, 1),),
    recurrences=(Setting(6, 5, 3, 2),),
    depth=(DeepSetting(6, 4, 3, 6, 2, 1),),
    hidden_sizes=(4, 8),
    reflectors=(1, 2),
    lengths=(3, 6),
    varied=Setting(8, 4, 3, 2, 2, 1),
    budget=0.0,
    memory=False,
)


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite, "QUICK", TINY)


def test_table_numbers_and_picture(tmp_path: Path) -> None:
    numbers, folder = tmp_path / "numbers.json", tmp_path / "tables"
    done = CliRunner(env={"COLUMNS": "160"}).invoke(
        app, ["bench", "--quick", "--json", str(numbers), "--output", str(folder)]
    )
    assert done.exit_code == 0, done.output
    for word in ("svdrnn", "torch.nn.RNN", "reflector by reflector", "products alone"):
        assert word in done.output
    written = json.loads(numbers.read_text())
    assert {result["part"] for result in written["results"]} == {
        "sizes", "recurrences", "depth", "hidden_size", "reflectors", "length",
    }  # fmt: skip
    (others,) = [result["contenders"] for result in written["results"] if result["part"] == "recurrences"]
    assert others["lru"]["compared_with"] == "lru, time loop"
    (deep,) = [result["contenders"] for result in written["results"] if result["part"] == "depth"]
    assert {name: found["compared_with"] for name, found in deep.items()} == DEEP_COUNTERPARTS
    contender = written["results"][0]["contenders"]["svdrnn"]
    assert contender["compared_with"] in ("torch.nn.RNN", "torch.nn.RNNCell loop")
    assert contender["ratio"]["low"] <= contender["ratio"]["value"] <= contender["ratio"]["high"]
    assert written["machine"]["hardware"]["cpu"]
    assert (folder / "bench.png").read_bytes().startswith(b"\x89PNG")
    tables = (folder / "README.md").read_text()
    assert "| svdrnn |" in tables
    assert tables.count("| low rank |") + tables.count("| dense |") == len(TINY.hidden_sizes) + len(TINY.reflectors)


def test_a_part_is_timed_alone(tmp_path: Path) -> None:
    done = CliRunner(env={"COLUMNS": "160"}).invoke(app, ["bench", "--quick", "--part", "depth", "-o", str(tmp_path)])
    assert done.exit_code == 0, done.output
    written = json.loads((tmp_path / "bench.json").read_text())
    assert {result["part"] for result in written["results"]} == {"depth"}
    assert not (tmp_path / "bench.png").exists()
    assert "rule of cost" not in (tmp_path / "README.md").read_text()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU is here")
def test_everybody_is_timed_on_a_gpu_with_their_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite, "QUICK", replace(TINY, memory=True))
    done = CliRunner().invoke(app, ["bench", "--quick", "--device", "cuda", "-o", str(tmp_path)])
    assert done.exit_code == 0, done.output
    written = json.loads((tmp_path / "bench.json").read_text())
    assert written["machine"]["hardware"]["accelerator"]
    contenders = written["results"][0]["contenders"]
    assert "torch.nn.LSTM" in contenders
    assert all(contender["peak_memory_bytes"] > 0 for contender in contenders.values())


@pytest.mark.parametrize("device", ["tpu", "cuda:99"])
def test_a_device_that_is_not_there_is_refused_with_those_that_are(device: str) -> None:
    done = CliRunner().invoke(app, ["bench", "--quick", "--device", device])
    assert isinstance(done.exception, InputError)
    assert device in str(done.exception)
    assert "cpu" in str(done.exception)


def test_a_place_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = CliRunner().invoke(app, ["bench", "--quick", "--json", str(tmp_path / "file" / "numbers.json")])
    assert done.exit_code != 0
    assert "is not a folder" in str(done.exception)
