"""Files of a run directory that are no plain files, or would become more than they are."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from spectral_bench.runs.atomic import json_text
from spectral_bench.runs.safe_reading import parse_json, parse_yaml, read_bytes, regular_file

BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40))


def test_a_pipe_a_device_and_a_folder_are_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        for read in (regular_file, read_bytes):
            with pytest.raises(OSError, match="is not a plain file"):
                read(path)


def test_a_file_is_read_up_to_a_size(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_bytes(path, largest=5) == b"12345"
    with pytest.raises(OSError, match="is larger than 4 bytes"):
        read_bytes(path, largest=4)


@pytest.mark.parametrize(
    ("parse", "text", "message"),
    [
        (parse_yaml, BOMB, "aliases are not read"),
        (parse_yaml, "".join(f"{' ' * depth}a:\n" for depth in range(200)), "nested too deeply"),
        (parse_yaml, "a: " + "x" * 300_000, "larger than"),
        (parse_yaml, "5", "expected keys and values"),
        (parse_json, '{"a": ' + "[" * 100_000, "nested too deeply"),
        (parse_json, '{"a": ' + "[" * 200 + "]" * 200 + "}", "nested too deeply"),
        (parse_json, '{"a": NaN}', "NaN is not JSON"),
        (parse_json, "[]", "expected an object"),
    ],
)
def test_what_would_hang_or_overflow_is_refused_in_a_few_words(
    parse: Callable[[bytes], object], text: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        parse(text.encode())


@pytest.mark.parametrize("text", ["a: " + "[" * 100_000, "a: !!int ''", "a: !!python/name:os.system"])
def test_what_yaml_itself_refuses_is_refused_in_a_line(text: str) -> None:
    with pytest.raises(ValueError) as refusal:  # noqa: PT011 (the words are PyYAML's)
        parse_yaml(text.encode())
    assert len(str(refusal.value).splitlines()) == 1


def test_what_runs_write_is_read() -> None:
    assert parse_yaml(b"model: {name: rnn}\nseed: 1\n") == {"model": {"name": "rnn"}, "seed": 1}
    assert parse_json(b'{"sessions": [{"from_step": 3}]}') == {"sessions": [{"from_step": 3}]}


def test_names_of_files_that_are_no_text_are_written_as_text_and_read_back() -> None:
    name = os.fsdecode(b"caf\xe9 \xff") + " σ"
    assert parse_json(json_text({"command": [name]})) == {"command": [name]}
    assert parse_yaml(yaml.safe_dump({"results_dir": name}, allow_unicode=True).encode()) == {"results_dir": name}
    with pytest.raises(ValueError, match="aliases"):
        parse_yaml(b'a: &a "\\uDCE9"\nb: *a\n')
