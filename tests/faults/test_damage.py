"""Files that are cut off, flipped, made by an enemy or by chance: named, never believed, never run."""

import json
import os
import pickle
import random
import shutil
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest
import torch
from faults.conftest import Answer
from faults.tally import Tally
from fuzzing import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_runs import only_run, small_config

from spectral_bench.data.archive import unpack
from spectral_bench.errors import DataError
from spectral_bench.records.run_cache import index_path
from spectral_bench.runs.execute import execute, prepare
from spectral_bench.runs.layout import GRADIENTS
from spectral_bench.runs.parted_table import SCHEMAS, read_part
from spectral_bench.runs.reopen import reopened
from spectral_bench.runs.table_files import table_files
from spectral_bench.training.observer import Observer, Update

OPTIONS = ["train.checkpoint_every=2", "trace.every=2"]


class PowerCutError(Exception):
    pass


class CutAt9(Observer):
    def on_update(self, update: Update) -> None:
        if update.step == 9:
            raise PowerCutError


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """The directory of a run whose last two checkpoints are of steps 8 and 6."""
    with pytest.raises(PowerCutError):
        execute(prepare(small_config(tmp_path / "results", *OPTIONS)), [], [CutAt9()])
    return only_run(tmp_path / "results")


def damages(content: bytes, count: int, draw: random.Random) -> list[bytes]:
    """The content cut off, or with a bit flipped, somewhere."""
    damaged = []
    for number in range(count):
        position = draw.randrange(len(content))
        flipped = bytes([content[position] ^ 1 << draw.randrange(8)])
        damaged.append(content[:position] + (flipped + content[position + 1 :] if number % 2 else b""))
    return damaged


def test_a_damaged_checkpoint_or_table_is_always_named(broken: Path, thorough: bool, tally: Tally) -> None:
    draw = random.Random(5)  # noqa: S311
    for name in ("checkpoint.pt", "metrics.csv"):
        for content in damages((broken / name).read_bytes(), 60 if thorough else 8, draw):
            tally.tried("damaged")
            victim = broken.with_name("victim")
            shutil.copytree(broken, victim)
            (victim / name).write_bytes(content)
            try:
                with reopened(victim) as run:
                    assert run.from_step == 6
                    assert run.warnings[0].startswith(str(victim / name))
            except DataError as error:
                if name == "checkpoint.pt" or str(victim / name) not in str(error):
                    raise
            tally.survived("damaged")
            shutil.rmtree(victim)


def test_a_damaged_trace_is_noticed_or_reads_as_it_was_written(broken: Path, thorough: bool, tally: Tally) -> None:
    draw = random.Random(5)  # noqa: S311
    part = table_files(broken / GRADIENTS)[-1]
    whole, table = part.read_bytes(), read_part(part, SCHEMAS[GRADIENTS])
    for content in damages(whole, 200 if thorough else 40, draw):
        tally.tried("damaged")
        part.write_bytes(content)
        try:
            assert read_part(part, SCHEMAS[GRADIENTS]).equals(table)
        except DataError as error:
            if str(part) not in str(error):
                raise
        tally.survived("damaged")


class Malicious:
    """Unpickled, it would leave a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.mark}",)


def test_nothing_that_an_enemy_puts_into_a_checkpoint_a_yaml_a_zip_or_an_index_is_run(
    broken: Path, tmp_path: Path, answer: Answer, tally: Tally
) -> None:
    mark = tmp_path / "mark"
    directory, whole = str(broken), {path.name: path.read_bytes() for path in broken.glob("*.*") if path.is_file()}

    def refused(code: int, *arguments: str, named: str) -> None:
        tally.tried("inputs")
        found, message = answer(*arguments)
        assert (found, named in " ".join(message.split())) == (code, True), message
        assert not mark.exists()
        tally.survived("inputs")
        for name, content in whole.items():
            (broken / name).write_bytes(content)

    # A checkpoint whose digest the enemy has put into the manifest.
    torch.save({"trainer": Malicious(mark), "metrics": {}}, broken / "checkpoint.pt")
    (broken / "checkpoint.previous.pt").unlink()
    manifest = json.loads(whole["manifest.json"])
    manifest["checkpoints"] = [{"step": 8, "sha256": sha256((broken / "checkpoint.pt").read_bytes()).hexdigest()}]
    (broken / "manifest.json").write_text(json.dumps(manifest))
    refused(3, "resume", directory, named="checkpoint.pt: refused; expected tensors and plain values only")

    (broken / "config.yaml").write_text(f"task: !!python/object/apply:os.system ['touch {mark}']")
    refused(3, "resume", directory, named="config.yaml: cannot be read")

    config = (
        whole["config.yaml"].decode().replace("model:\n", f"model:\n  _target_: os.system\n  command: touch {mark}\n")
    )
    (broken / "config.yaml").write_text(config)
    refused(2, "resume", directory, named="config.yaml: Unknown key 'model._target_'")

    refused(2, "run", "+model._target_=os.system", f"+model.command='touch {mark}'", named="+model._target_")
    refused(2, "run", "model.name=${oc.create:{_target_:os.system}}", named="Error")

    index = index_path()
    index.parent.mkdir(parents=True, exist_ok=True)
    index.write_bytes(pickle.dumps(Malicious(mark)))
    refused(0, "compare", str(tmp_path / "results"), named="")

    archive = tmp_path / "archive.zip"
    with zipfile.ZipFile(archive, "w") as content:
        content.writestr("../mark", "")
        content.writestr("a", "")
    tally.tried("inputs")
    (tmp_path / "inner").mkdir()
    with pytest.raises(DataError, match=r"archive\.zip: the member '\.\./mark' would leave its folder"):
        unpack(archive, ("a",), tmp_path / "inner")
    assert not mark.exists()
    tally.survived("inputs")


BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40))

#: What an enemy puts in the place of a text file of a run; None is a pipe that nobody writes into.
HARMFUL = [None, BOMB, "a: " + "[" * 100_000, '{"status": ' + "[" * 100_000]


def assert_every_reader_answers(run: Path, answer: Answer, tally: Tally) -> None:
    for command in ("compare", "verify", "resume"):
        tally.tried("inputs")
        code, message = answer(command, str(run))
        assert code in (0, 2, 3)
        assert len(message.splitlines()) <= 8
        tally.survived("inputs")


@pytest.mark.parametrize("content", HARMFUL, ids=["pipe", "bomb", "deep yaml", "deep json"])
def test_a_pipe_a_bomb_or_a_depth_in_place_of_a_file_is_answered(
    broken: Path, answer: Answer, tally: Tally, content: str | None
) -> None:
    parts_of_traces = [part.relative_to(broken) for part in broken.glob("*.parts/*")][::4]
    for name in map(str, ["manifest.json", "config.yaml", "metrics.csv", "checkpoint.pt", *parts_of_traces]):
        victim = broken.with_name("victim")
        shutil.copytree(broken, victim)
        (victim / name).unlink()
        if content is None:
            os.mkfifo(victim / name)
        else:
            (victim / name).write_text(content)
        assert_every_reader_answers(victim, answer, tally)
        shutil.rmtree(victim)


ODD_ENTRIES = [
    {"status": 5}, {"checkpoints": 7}, {"checkpoints": [5]}, {"checkpoints": [{"sha256": 5}]}, {"sessions": 5},
    {"sessions": {}}, {"facts": 5}, {"facts": {"centre": "1"}}, {"metric": "mse"}, {"metric": {"mode": []}},
    {"ineffective": 5}, {"ineffective": [5]}, {"format": 1}, {"format": 1, "every_step": 5}, {"format": 0},
    {"data": []}, {"owner": 5}, {"owner": {"host": 5}}, {"threads": 10**9}, {"threads": -1},
    {"packages": 5}, {"config_digest": []}, {"reason": {}}, {"format": "1"}, {"started": 5}, {"git": [[]]},
]  # fmt: skip


@pytest.mark.parametrize("entry", ODD_ENTRIES, ids=str)
def test_an_odd_entry_of_a_manifest_is_answered(
    broken: Path, answer: Answer, tally: Tally, entry: dict[str, object]
) -> None:
    manifest = broken / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), **entry}))
    assert_every_reader_answers(broken, answer, tally)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


def test_whatever_happened_to_the_files_of_a_run_the_answer_is_an_exit_code_and_a_few_lines(
    broken: Path, tmp_path: Path, answer: Answer, thorough: bool, tally: Tally
) -> None:
    names = ("manifest.json", "config.yaml", "metrics.csv", "overrides.yaml", "index")
    contents = {name: (broken / name).read_bytes() for name in names if name != "index"}
    assert answer("compare", str(broken))[0] == 0
    contents["index"] = index_path().read_bytes()

    @settings(max_examples=examples(120 if thorough else 30), suppress_health_check=list(HealthCheck))
    @given(st.data())
    def damage(data: st.DataObject) -> None:
        victim = tmp_path / "victim" / "run"
        shutil.rmtree(victim, ignore_errors=True)
        shutil.copytree(broken, victim)
        name = data.draw(st.sampled_from(names))
        whole = contents[name]
        position = data.draw(st.integers(0, len(whole) - 1))
        (index_path() if name == "index" else victim / name).write_bytes(
            data.draw(
                st.one_of(
                    st.just(whole[:position]),
                    st.integers(0, 7).map(
                        lambda bit: whole[:position] + bytes([whole[position] ^ 1 << bit]) + whole[position + 1 :]
                    ),
                    st.binary(max_size=40),
                    st.sampled_from(list(json.loads(contents["manifest.json"]))).flatmap(
                        lambda key: JSON.map(
                            lambda value: json.dumps({**json.loads(contents["manifest.json"]), key: value}).encode()
                        )
                    ),
                )
            )
        )
        command = data.draw(st.sampled_from(["resume", "verify", "compare"]))
        tally.tried("inputs")  # what is given up while it is drawn was not tried
        code, message = answer(command, str(victim if command != "compare" else victim.parent))
        assert code in (0, 1, 2, 3)
        assert len(message.splitlines()) <= 8
        tally.survived("inputs")

    damage()


WORDS = st.sampled_from(["model", "task", "seed", "r", "train.steps", "train.max_minutes", "optimizer.lr", "x", ""])


def test_whatever_is_typed_the_answer_is_an_exit_code_and_a_few_lines(
    tmp_path: Path, answer: Answer, thorough: bool, tally: Tally
) -> None:
    """``tests/config/test_fuzz.py`` tries what may be typed more broadly; this one goes through the whole program."""

    @settings(max_examples=examples(400 if thorough else 40), suppress_health_check=list(HealthCheck))
    @given(st.lists(st.tuples(WORDS, st.text(max_size=12) | JSON.map(str)).map("=".join), min_size=1, max_size=2))
    def typed(overrides: list[str]) -> None:
        tally.tried("inputs")
        code, message = answer("run", "--print-config", "--", *overrides)
        assert code in (0, 2)
        assert len(message.splitlines()) <= 8
        tally.survived("inputs")

    typed()
    assert {path.name for path in tmp_path.iterdir()} <= {"cache"}
