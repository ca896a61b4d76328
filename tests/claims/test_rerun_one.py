"""One of the runs behind a verdict is made again, and what it comes to here is told."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from command_line import Run as Call

pytestmark = pytest.mark.usefixtures("own_cache")

CLAIM: dict[str, Any] = {
    "statement": "An rnn has a loss.",
    "source": {"paper": "nobody", "place": "nowhere", "value": None, "certainty": "ours"},
    "base": ["task=copy", "task.length=4", "model.hidden_size=8", "train.steps=4", "train.evaluate_every=2"],
    "entrants": {"rnn": ["model=rnn"]},
    "search": None,
    "seeds": [1, 2, 3],
    "metric": "loss_test",
    "rule": {"kind": "within", "ranges": {"rnn": {"low": 0, "high": 100}}},
}


@pytest.fixture
def shortest(command: Call, tmp_path: Path) -> Path:
    """The claim's runs are there; the one that would be made again."""
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({"claims": {"mine": CLAIM}}))
    assert command("claims", "mine", "--claims", "mine.yaml", "--run", "train.threads=1").returncode == 0
    directories = [path.parent for path in (tmp_path / "results").rglob("summary.json")]
    return min(directories, key=lambda one: float(json.loads((one / "summary.json").read_text())["wall_seconds"]))


def test_a_run_that_rounds_otherwise_is_trained_to_its_end(command: Call, shortest: Path) -> None:
    for checkpoint in shortest.glob("checkpoint*"):  # which vouches for the tables
        checkpoint.unlink()
    metrics = shortest / "metrics.csv"
    header, first, *others = metrics.read_text().splitlines(keepends=True)
    step, epoch, split, loss, *rest = first.split(",")
    metrics.write_text("".join([header, ",".join([step, epoch, split, f"{float(loss) + 1e-9!r}", *rest]), *others]))
    before = {path: path.read_bytes() for path in shortest.parent.rglob("*") if path.is_file()}
    ended = command("claims", "mine", "--claims", "mine.yaml", "--rerun-one")
    assert ended.returncode == 1
    recorded = json.loads((shortest / "summary.json").read_text())["loss_test"]
    _, told = ended.stdout.split("Here it comes to ")
    assert told == f"loss_test {recorded:.10g}.\nWith this result the claim is reproduced, as with the recorded one.\n"
    assert {path: path.read_bytes() for path in shortest.parent.rglob("*") if path.is_file()} == before


def test_a_verdict_that_the_repeat_would_change_is_told(command: Call, shortest: Path) -> None:
    summary = shortest / "summary.json"
    summary.write_text(json.dumps({**json.loads(summary.read_text()), "loss_test": 1000.0}))
    ended = command("claims", "mine", "--claims", "mine.yaml", "--rerun-one")
    assert ended.returncode == 1
    assert "With this result the claim is reproduced; with the recorded one it is open." in ended.stdout


def test_times_of_two_machines_are_not_judged_together(command: Call, shortest: Path, tmp_path: Path) -> None:
    timed = {**CLAIM, "metric": "seconds_to_solve"}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({"claims": {"mine": timed}}))
    summary = shortest / "summary.json"
    summary.write_text(json.dumps({**json.loads(summary.read_text()), "loss_test": 1000.0}))
    told = command("claims", "mine", "--claims", "mine.yaml", "--rerun-one").stdout
    assert "Here it comes to seconds_to_solve never." in told
    assert "With this result" not in told


def test_a_rerun_looks_for_the_data_where_it_is_told(
    command: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SPECTRAL_BENCH_DATA", raising=False)
    for name, data_set in (("TRAIN", 40), ("TEST", 20)):
        lines = [
            f"{1 + row % 2}\t" + "\t".join(f"{row % 2 + place / 7:.3f}" for place in range(8))
            for row in range(data_set)
        ]
        file = tmp_path / "data" / "ucr" / "CBF" / f"CBF_{name}.tsv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(lines) + "\n")
    base = [
        "task=ucr",
        "task.dataset=CBF",
        "model.hidden_size=4",
        "train.epochs=null",
        "train.steps=2",
        "train.batch_size=4",
    ]
    claim = {**CLAIM, "base": base}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({"claims": {"mine": claim}}))
    mine = ("claims", "mine", "--claims", "mine.yaml")
    ended = command(*mine, "--run", "train.threads=1", "data_dir=data")
    assert ended.returncode == 0, ended.stderr
    (tmp_path / "data").rename(tmp_path / "moved")
    assert command(*mine, "--rerun-one").returncode == 3
    assert command(*mine, "--rerun-one", "data_dir=moved").returncode == 0
    assert command(*mine, "--run", "--rerun-one", "data_dir=moved", "launcher=serial").returncode == 0
    ended = command(*mine, "--rerun-one", "train.threads=2")
    assert ended.returncode == 2
    assert "train.threads=2" in ended.stderr


def test_the_claims_of_the_package_are_not_all_trained_at_a_word(command: Call, tmp_path: Path) -> None:
    ended = command("claims", "--run")
    assert ended.returncode == 2
    assert "name the claims" in ended.stderr
    assert not (tmp_path / "results").exists()
