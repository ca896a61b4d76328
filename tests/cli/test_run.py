import json
import os
import re
import shlex
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from command_line import Run

QUICK = (
    "model.hidden_size=8",
    "task.length=5",
    "task.validation_size=10",
    "task.test_size=10",
    "train.batch_size=4",
    "train.steps=6",
    "train.evaluate_every=2",
)
SVDRNN = ("model=svdrnn", "model.m1=2", "model.m2=2")


def only_run(results: Path) -> Path:
    (directory,) = results.glob("*/*/*")
    return directory


def test_two_runs_with_one_seed_give_the_same_metrics_and_another_seed_gives_others(
    spectral_bench: Run, tmp_path: Path
) -> None:
    tables = []
    for seed, folder in ((1, "a"), (1, "b"), (2, "c")):
        done = spectral_bench("run", *SVDRNN, *QUICK, f"seed={seed}", f"results_dir={folder}")
        assert done.returncode == 0, done.stderr
        table = pd.read_csv(only_run(tmp_path / folder) / "metrics.csv")
        tables.append(table.drop(columns=["samples_per_second", "wall_seconds"]))
    assert tables[0].equals(tables[1])
    assert not tables[0].equals(tables[2])


def test_the_run_directory_says_what_was_typed_and_everything_it_came_to(spectral_bench: Run, tmp_path: Path) -> None:
    done = spectral_bench("run", *SVDRNN, *QUICK, "r=0.2")
    directory = only_run(tmp_path / "results")
    assert str(directory.relative_to(tmp_path)) in done.stdout
    assert yaml.safe_load((directory / "overrides.yaml").read_text()) == [*SVDRNN, *QUICK, "r=0.2"]
    config = yaml.safe_load((directory / "config.yaml").read_text())
    assert (config["r"], config["model"]["m1"], config["task"]["length"]) == (0.2, 2, 5)
    manifest = json.loads((directory / "manifest.json").read_text())
    assert manifest["command"][1:] == ["run", *SVDRNN, *QUICK, "r=0.2"]
    assert manifest["threads"] == 1
    assert len(manifest["config_digest"]) == 64


def test_the_digest_is_shared_by_runs_that_differ_in_nothing_but_the_seed(spectral_bench: Run, tmp_path: Path) -> None:
    done = spectral_bench("run", "-m", "-q", *SVDRNN, *QUICK, "seed=1,2", "r=0.1,0.2")
    assert done.returncode == 0, done.stderr
    manifests = [json.loads(path.read_text()) for path in tmp_path.glob("results/*/*/*/manifest.json")]
    assert len(manifests) == 4
    assert len({manifest["config_digest"] for manifest in manifests}) == 2


def test_results_on_no_terminal_hold_no_control_sequences_and_fit_80_columns(spectral_bench: Run) -> None:
    done = spectral_bench("run", "-q", *SVDRNN, *QUICK)
    assert "\x1b" not in done.stdout
    assert max(len(line.rstrip()) for line in done.stdout.splitlines()) <= 80


def test_print_config_and_dry_run_write_nothing(command: Run, tmp_path: Path) -> None:
    shown = command("run", *SVDRNN, *QUICK, "--print-config")
    assert yaml.safe_load(shown.stdout)["model"]["m1"] == 2
    planned = command("run", *SVDRNN, *QUICK, "--dry-run")
    assert planned.returncode == 0
    assert "parameters" in planned.stdout
    assert re.search(r"evaluations +3, every 2 updates", planned.stdout)
    assert re.search(r"traces +7, every update", planned.stdout)  # six, and of the weights at the end
    assert list(tmp_path.iterdir()) == []


def test_a_grid_goes_on_past_a_diverged_point_and_ends_alike_whenever_that_was(
    spectral_bench: Run, tmp_path: Path
) -> None:
    explosion = ("optimizer=sgd", "optimizer.lr=1e-3,1e30", "model=rnn", "model.activation=identity")
    grid = (*QUICK, "train.steps=30", *explosion, "seed=0,1")
    done = spectral_bench("run", "-m", "-q", *grid)
    assert done.returncode == 1
    assert "4 points: 2 done, 2 diverged" in done.stdout
    assert "Diverged: 2 of 4 points." in done.stderr
    again = spectral_bench("run", "-m", "-q", *grid)
    assert (again.returncode, again.stderr) == (1, done.stderr.splitlines(keepends=True)[-1])
    assert again.stdout.count("diverged before") == 3  # once in the title
    listed = spectral_bench("run", "--list-points", *grid).stdout.splitlines()
    single = spectral_bench(*shlex.split(next(line for line in listed if "lr=1e+30" in line))[1:])
    assert (single.returncode, "diverged before" in single.stderr) == (1, True)
    assert "Traceback" not in done.stderr + single.stderr
    statuses = [json.loads(path.read_text())["status"] for path in tmp_path.glob("results/*/*/*/manifest.json")]
    assert sorted(statuses) == ["completed", "completed", "diverged", "diverged"]


def test_a_point_whose_configuration_is_wrong_stops_a_grid_before_anything_trains(
    spectral_bench: Run, tmp_path: Path
) -> None:
    grid = (*QUICK, "model=svdrnn,rnn", "model.m1=2", "model.m2=2")
    refused = spectral_bench("run", "-m", "-q", *grid)
    assert refused.returncode == 2
    assert "model=rnn: Unknown key 'model.m1'" in refused.stderr
    assert list(tmp_path.iterdir()) == []
    done = spectral_bench("run", "-m", "-q", "--keep-going", *grid)
    assert done.returncode == 2
    assert {path.name for path in tmp_path.glob("results/copy/*")} == {"svdrnn"}


def test_a_run_that_diverges_keeps_its_tables_and_says_so(spectral_bench: Run, tmp_path: Path) -> None:
    explosion = ("model=rnn", "model.activation=identity", "optimizer=sgd", "optimizer.lr=1e30")
    done = spectral_bench("run", *QUICK, *explosion)
    assert done.returncode == 1
    assert "diverged at step" in done.stderr
    assert "Traceback" not in done.stderr
    directory = only_run(tmp_path / "results")
    manifest = json.loads((directory / "manifest.json").read_text())
    assert manifest["status"] == "diverged"
    assert "; gradient norms at step " in manifest["reason"]
    assert f"{directory.relative_to(tmp_path)}: {manifest['reason']}" in done.stderr
    assert json.loads((directory / "summary.json").read_text())["test"] is None
    assert len(pd.read_parquet(directory / "gradients.parquet"))


def test_a_radius_that_has_no_effect_draws_a_warning(command: Run) -> None:
    done = command("run", "model=rnn", *QUICK, "r=0.5")
    assert done.returncode == 0
    assert "r=0.5 has no effect" in done.stderr


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["model=svdrn"], "Did you mean 'svdrnn'?"),
        (["task=coppy"], "Did you mean 'copy'?"),
        (["model.hiden_size=8"], "Did you mean 'model.hidden_size'?"),
        (["experiment=copy_1"], "Unknown preset 'copy_1'"),
        (["model.hidden_size=many"], "model.hidden_size=many: expected a whole number"),
        (["model.hidden_size=2.5"], "model.hidden_size=2.5: expected a whole number"),
        (["model.activation=relo"], "Did you mean 'relu'?"),
        (["r=-0.1"], "r=-0.1: expected at least 0"),
        (["model.m1=200"], "model.m1=200: expected 0 to model.hidden_size=128"),
        (["task.length=0"], "task.length must be at least 1"),
        (["+extra=1"], "+extra=1"),
        (["device=cuda:7"], "device=cuda:7 is not there"),
        (["results_dir=a_file"], "results_dir=a_file cannot be written"),
        (["train.epochs=3", "train.steps=null"], "Set train.steps"),
        (["train.epochs=3"], "Set train.steps"),
        (["model.name=../escaped"], "model.name='../escaped'"),
        (["task.length=100000000000"], "does not fit into memory"),
        (["model.hidden_size=1000000000"], "does not fit into memory"),
        (["train.batch_size=1000000000000000000"], "does not fit into memory"),
        (["task.validation_size=1000000000000000"], "does not fit into memory"),
        (["task.test_size=1000000000000000"], "does not fit into memory"),
        (["model.hidden_size=10000000000000000000"], "expected a whole number of less than 64 bits"),
        (["train.threads=100000"], "train.threads=100000: expected at most 4096"),
        (["model.input_scale=1e39"], "beyond single precision"),
        (["results_dir="], "results_dir=''"),
        (["device=meta"], "device=meta is not there"),
        (["results_dir='~no-such-user/x'"], "results_dir=~no-such-user/x"),
        (["task=mnist", "data_dir=nowhere", "task.pixels_per_step=5"], "pixels_per_step"),
        (["copy"], "expected KEY=VALUE"),
    ],
)
def test_wrong_input_is_answered_with_one_message_and_code_2(
    command: Run, tmp_path: Path, overrides: list[str], message: str
) -> None:
    (tmp_path / "a_file").write_text("")
    done = command("run", *overrides)
    assert done.returncode == 2, done.stdout + done.stderr
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 6
    assert [path.name for path in tmp_path.iterdir()] == ["a_file"]


def test_a_batch_larger_than_the_data_is_refused_before_anything_is_written(
    command: Run, tmp_path: Path, real_data: Path
) -> None:
    done = command("run", "task=ucr", "task.dataset=CBF", "train.batch_size=31", f"data_dir={real_data}")
    assert done.returncode == 2, done.stderr
    assert "31" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("task", "name"), [("mnist", "mnist"), ("ptb", "ptb"), ("ucr", "CBF")])
def test_missing_data_is_answered_with_the_command_that_gets_it_and_code_3(
    command: Run, tmp_path: Path, task: str, name: str
) -> None:
    done = command("run", f"task={task}", f"data_dir={tmp_path / 'empty'}")
    assert done.returncode == 3, done.stderr
    assert f"spectral-bench data download {name}" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_module_answers_like_the_command(spectral_bench: Run) -> None:
    assert spectral_bench("--version").stdout.startswith("spectral-bench ")
    assert os.access(Path(sys.executable).parent / "spectral-bench", os.X_OK)


def test_a_folder_of_results_that_cannot_be_written_is_said_once_before_anything_trains(
    spectral_bench: Run, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    for folder in ("/proc/absent", str(tmp_path / "file")):
        done = spectral_bench("run", "-m", "model=rnn", "seed=1,2", f"results_dir={folder}")
        assert done.returncode == 2
        assert done.stderr.count(f"results_dir={folder}") == 1


def test_a_point_that_stands_twice_in_a_grid_is_named(spectral_bench: Run) -> None:
    done = spectral_bench("run", "-m", "model=rnn", "seed=1,1")
    assert done.returncode == 2
    assert "seed=1" in done.stderr
