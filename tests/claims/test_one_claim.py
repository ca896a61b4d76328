"""What ``spectral-bench claims ID`` shows of a single claim."""

import csv
import json
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from command_line import Run as Call

pytestmark = pytest.mark.usefixtures("own_cache")

COPIES = Path(__file__).parents[2] / "results" / "claims" / "copy"

#: A claim of this package all of whose runs are those of two models.
WHOLE = ("claims", "start-copy", str(COPIES / "svdrnn"), str(COPIES / "ornn"))

CLAIM: dict[str, Any] = {
    "statement": "An svdrnn is ahead of an rnn.",
    "source": {"paper": "nobody", "place": "nowhere", "value": None, "certainty": "ours"},
    "base": ["task=copy", "task.length=20", "train.steps=40", "train.evaluate_every=20"],
    "entrants": {"svdrnn": ["model=svdrnn"], "rnn": ["model=rnn"]},
    "search": {"over": {"optimizer.lr": [0.001, 0.01]}, "seed": 0, "choose": ["best_validation"]},
    "seeds": [1, 2, 3],
    "metric": "best_validation",
    "rule": {"kind": "ahead", "entrant": "svdrnn", "of": ["rnn"]},
    "differences": ["Twenty steps."],
}


@pytest.fixture
def mine(tmp_path: Path) -> str:
    """A file with a claim whose runs are all missing; a space in its name has to be quoted."""
    file = tmp_path / "my claims.yaml"
    file.write_text(yaml.safe_dump({"claims": {"mine": CLAIM}}))
    return file.name


def test_a_command_for_missing_runs_is_one_line_and_one_word_an_override(command: Call, mine: str) -> None:
    shown = command("claims", "mine", "--claims", mine, columns=60).stdout
    (words,) = [shlex.split(line) for line in shown.splitlines() if line.startswith("  spectral-bench run")]
    grid = ["model=rnn,svdrnn", "optimizer.lr=0.001,0.01", "seed=0"]
    assert words == ["spectral-bench", "run", "-m", *CLAIM["base"], *grid, "results_dir=results/claims"]
    listed = command(*words[1:], "--list-points")
    assert listed.returncode == 0, listed.stderr
    assert listed.stdout.count("seed=0") == 4
    pasted = command("claims", "mine", "--claims", mine, "--format=markdown").stdout
    assert pasted.split("```")[1].count("spectral-bench run") == 1


def test_a_claim_whose_runs_are_missing_is_shown_and_ends_with_what_trains_them(command: Call, mine: str) -> None:
    ended = command("claims", "mine", "--claims", mine)
    assert ended.returncode == 2
    assert "mine: open. 0 of 4 runs of the search are there." in ended.stdout
    assert "To know: Twenty steps." in ended.stdout
    assert "mine: 0 of 10 runs are there. Missing: 4 runs, and 6 more" in ended.stderr
    assert "spectral-bench claims mine --claims 'my claims.yaml' --run" in ended.stderr
    assert command("claims", "mine", "--claims", mine, "--whole", "-o", "page.md").returncode == 2
    ended = command("claims", "mine", "--claims", mine, "--rerun-one")
    assert ended.returncode == 2
    assert "Missing: 4 runs" in ended.stderr
    assert command("claims", "--claims", mine).returncode == 0


def test_every_run_that_decides_is_named_with_its_number(command: Call) -> None:
    ended = command(*WHOLE)
    assert ended.returncode == 0, ended.stderr
    table = ended.stdout.partition("the runs that decide")[2].partition("the search")[0]
    rows = [line.split() for line in table.splitlines() if "-seed" in line]
    assert [row[1] for row in rows] == ["1", "2", "3"] * 3
    for entrant, _, value, run in rows:
        (summary,) = COPIES.glob(f"*/{run}/summary.json")
        solved = json.loads(summary.read_text())["solved_at"]
        assert value == ("never" if solved is None else f"{solved:,}"), entrant


def test_a_run_of_the_search_can_be_told_by_what_it_tried_in_a_narrow_window(command: Call) -> None:
    search = command(*WHOLE).stdout.partition("the search")[2]
    rows = [line.split()[:2] for line in search.splitlines() if "-seed0-" in line or "best_validation" in line]
    assert len(rows) == 2 * 24
    assert all(tried.startswith("optimizer.lr=") for _, tried in rows)


def test_a_claim_that_lacks_no_run_says_what_makes_them(command: Call) -> None:
    shown = command(*WHOLE).stdout
    made = [shlex.split(line) for line in shown.splitlines() if line.startswith("  spectral-bench run")]
    points = [line for words in made for line in command(*words[1:], "--list-points").stdout.splitlines()]
    asked = json.loads(command(*WHOLE, "--format=json").stdout)["claims"][0]["evidence"]
    assert sum("seed=" in line for line in points) == len(asked)
    assert not any("results_dir" in word for words in made for word in words)


def test_a_program_reads_numbers_and_not_words(command: Call) -> None:
    (claim,) = json.loads(command(*WHOLE, "--format=json").stdout)["claims"]
    assert claim["results"]["svdrnn_henaff"] == {
        "mean": 1125,
        "low": None,
        "high": None,
        "seeds": 3,
        "without": 2,
        "diverged": 0,
        "published": None,
    }
    deciding = [one["value"] for one in claim["evidence"] if not one["search"] and one["entrant"] == "svdrnn_henaff"]
    assert deciding == [None, 1125, None]
    assert claim["missing"] == []
    assert claim["finding"]
    (row,) = [
        row
        for row in csv.DictReader(command(*WHOLE, "--format=csv").stdout.splitlines())
        if row["entrant"] == "svdrnn_henaff"
    ]
    assert [row[key] for key in ("claim", "mean", "low", "seeds", "without", "diverged")] == [
        "start-copy",
        "1125.0",
        "",
        "3",
        "2",
        "0",
    ]
    page = command("claims", *WHOLE[2:], "--whole", "--format=markdown").stdout.partition("### start-copy")[2]
    assert "<summary>Runs that decide: 9</summary>" in page.partition("### ")[0]


def test_a_claim_that_is_typed_twice_is_shown_once(command: Call, mine: str) -> None:
    assert command("claims", "mine", "mine", "--claims", mine).stdout.startswith("mine: open.")


def test_a_file_of_claims_is_no_folder_of_runs(command: Call, mine: str) -> None:
    ended = command("claims", mine)
    assert ended.returncode == 2
    assert "--claims 'my claims.yaml' reads claims" in ended.stderr


@pytest.mark.parametrize("option", ["--whole", "--format=json", "--output=page.md"])
def test_rerun_one_takes_no_option_that_it_would_ignore(command: Call, option: str) -> None:
    ended = command("claims", "copy-100", "--rerun-one", option)
    assert ended.returncode == 2
    assert "--rerun-one compares one run" in ended.stderr
