"""Sinks hold what a run measured, as their own readers see it, and can do nothing to it."""

import json
import math
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copy, copytree
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from exact_csv import read_exactly
from mlflow import MlflowClient
from mlflow.entities import Run
from small_runs import numbers, only_run, small_config, small_overrides
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from spectral_bench.errors import InputError, SignalExit
from spectral_bench.runs.execute import execute, prepare
from spectral_bench.runs.reopen import reopened
from spectral_bench.runs.sinks import SINKS, open_sinks
from spectral_bench.training.divergence import DivergedError
from spectral_bench.training.observer import EndStatus, GradientNorms, Observer, Plan, RunIdentity, Spectrum, Update

OFTEN = ["train.checkpoint_every=5", "train.evaluate_every=5"]


def silence(message: str) -> None:
    raise AssertionError(message)


def metrics(directory: Path) -> dict[tuple[str, int], tuple[float, float]]:
    frame = read_exactly(directory / "metrics.csv")
    return {(row.split, int(row.step)): (float(row.loss), float(row.recall_accuracy)) for row in frame.itertuples()}


class CutAt9(Observer):
    """Ends the process of a run as a crash would, four updates after a checkpoint."""

    def on_update(self, update: Update) -> None:
        if update.step == 9:
            raise RuntimeError("cut")


# Any sink -------------------------------------------------------------------------------------------------------------


class Diary(Observer):
    starts: list[tuple[Plan, RunIdentity]]
    ends: list[EndStatus]

    def __init__(self) -> None:
        self.starts, self.ends = [], []

    def on_start(self, plan: Plan, run: RunIdentity) -> None:
        self.starts.append((plan, run))

    def on_end(self, status: EndStatus) -> None:
        self.ends.append(status)


@pytest.fixture
def registered() -> Iterator[Callable[[str, type[Observer]], None]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SINKS, "_entries", dict(SINKS._entries))
        yield lambda name, kind: SINKS.register(name)(kind) and None


def test_an_observer_is_told_which_run_it_watches_and_how_every_session_ended(tmp_path: Path) -> None:
    diary = Diary()
    with pytest.raises(RuntimeError, match="cut"):
        execute(prepare(small_config(tmp_path, *OFTEN)), (), [diary, CutAt9()])
    directory = only_run(tmp_path)
    with reopened(directory, ["train.max_minutes=0.0000001"]) as run:
        run.go_on([diary])
    with reopened(directory, ["train.max_minutes=null"]) as run:
        run.go_on([diary])
    assert diary.ends == ["failed", "interrupted", "completed"]
    assert [plan.first_step for plan, _ in diary.starts] == [0, 5, 6]
    for _, run_identity in diary.starts:
        assert (run_identity.run_id, run_identity.directory) == (directory.name, directory)
        assert run_identity.config["model"]["name"] == "svdrnn"


def test_the_end_of_a_run_that_diverged_is_told(tmp_path: Path) -> None:
    diary = Diary()
    explosion = ["optimizer=sgd", "optimizer.lr=1e30", "model.map=free"]
    with pytest.raises(DivergedError):
        execute(prepare(small_config(tmp_path, *explosion)), (), [diary])
    assert diary.ends == ["diverged"]


def test_a_sink_that_fails_is_warned_of_once_and_left_alone(
    tmp_path: Path, registered: Callable[[str, type[Observer]], None]
) -> None:
    calls = []

    class Failing(Observer):
        def on_update(self, update: Update) -> None:
            calls.append(update.step)
            if update.step == 3:
                raise OSError("the server is gone\nand more")

        def on_end(self, status: EndStatus) -> None:
            calls.append(-1)

    registered("failing", Failing)
    warnings: list[str] = []
    execute(prepare(small_config(tmp_path / "with")), (), open_sinks(["failing"], warnings.append))
    execute(prepare(small_config(tmp_path / "without")))
    assert calls == [1, 2, 3]
    (warning,) = warnings
    assert "sink failing failed" in warning
    assert warning.endswith("OSError: the server is gone")
    assert numbers(only_run(tmp_path / "with")) == numbers(only_run(tmp_path / "without"))


def test_a_sink_cannot_change_a_number(tmp_path: Path, registered: Callable[[str, type[Observer]], None]) -> None:
    class Meddling(Observer):
        def __init__(self) -> None:
            torch.manual_seed(3)
            torch.set_grad_enabled(False)

        def on_update(self, update: Update) -> None:
            torch.manual_seed(7)
            torch.set_grad_enabled(False)

        def on_gradients(self, norms: GradientNorms) -> None:
            for values in norms.by_layer.values():
                values[:] = 0.0

        def on_spectrum(self, spectrum: Spectrum) -> None:
            for values in spectrum.singular_values.values():
                values[:] = 0.0

        def on_checkpoint(self, step: int, state: Any) -> None:
            for weight in state.get("model", {}).values():
                weight.zero_()

    registered("meddling", Meddling)
    options = [*OFTEN, "model.dropout=0.5", "model.num_layers=2"]
    execute(prepare(small_config(tmp_path / "with", *options)), (), open_sinks(["meddling"], silence))
    execute(prepare(small_config(tmp_path / "without", *options)))
    assert numbers(only_run(tmp_path / "with")) == numbers(only_run(tmp_path / "without"))


def test_a_sink_that_ends_the_program_does_not_end_the_run(
    tmp_path: Path, registered: Callable[[str, type[Observer]], None]
) -> None:
    class Quitting(Observer):
        def on_start(self, plan: Plan, run: RunIdentity) -> None:
            sys.exit("no server")

    class QuittingAtOnce(Observer):
        def __init__(self) -> None:
            sys.exit("no token")

    registered("quitting", Quitting)
    registered("quitting_at_once", QuittingAtOnce)
    warnings: list[str] = []
    execute(prepare(small_config(tmp_path)), (), open_sinks(["quitting"], warnings.append))
    assert json.loads((only_run(tmp_path) / "manifest.json").read_text())["status"] == "completed"
    (warning,) = warnings
    assert warning.endswith("SystemExit: no server")
    with pytest.raises(InputError, match="--sink quitting_at_once cannot be used: SystemExit: no token"):
        open_sinks(["quitting_at_once"], silence)


def test_a_signal_that_comes_while_a_sink_is_at_work_is_not_the_sinks(
    tmp_path: Path, registered: Callable[[str, type[Observer]], None]
) -> None:
    class Slow(Observer):
        def on_update(self, update: Update) -> None:
            raise SignalExit(143)

    registered("slow", Slow)
    with pytest.raises(SignalExit):
        execute(prepare(small_config(tmp_path)), (), open_sinks(["slow"], silence))


def test_an_unknown_sink_is_answered_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"Unknown sink 'tensorbord'\. Did you mean 'tensorboard'\?"):
        open_sinks(["tensorbord"], silence)


def test_a_function_is_no_sink() -> None:
    with pytest.raises(InputError, match=r"sink=mine: .* is registered; expected a class"):
        SINKS.register("mine")(lambda: None)  # type: ignore[arg-type]
    assert "mine" not in list(SINKS)


@pytest.mark.parametrize("name", ["tensorboard", "mlflow"])
def test_a_sink_that_is_not_installed_says_what_installs_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "torch.utils.tensorboard", raising=False)
    with pytest.raises(InputError, match=rf"--sink {name} needs .*: pip install 'spectral-bench\[{name}\]'"):
        open_sinks([name], silence)


def test_the_sink_of_a_plugin_is_chosen_like_any_other(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from spectral_bench.runs.sinks import SINKS\n"
        "from spectral_bench.training.observer import Observer\n"
        "@SINKS.register('mine')\n"
        "class Mine(Observer):\n"
        "    def on_start(self, plan, run):\n"
        "        self.file = run.directory / 'mine.txt'\n"
        "    def on_measurement(self, measurement):\n"
        "        with self.file.open('a') as file:\n"
        "            print(measurement.split, measurement.step, file=file)\n"
        "    def on_end(self, status):\n"
        "        with self.file.open('a') as file:\n"
        "            print(status, file=file)\n"
    )
    typed = small_overrides(tmp_path / "results", *OFTEN)
    command = [sys.executable, "-W", "error", "-m", "spectral_bench"]
    settings = {**os.environ, "SPECTRAL_BENCH_SINKS": "mine"}
    done = subprocess.run(
        [*command, "run", "-q", "--plugin", "mine.py", *typed],
        cwd=tmp_path, env=settings, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    directory = only_run(tmp_path / "results")
    assert json.loads((directory / "manifest.json").read_text())["plugins"] == []
    # No number is a sink's: the run goes on, and is verified, without it.
    done = subprocess.run(
        [*command, "resume", "-q", "--plugin", "mine.py", "--sink", "mine", str(directory), "train.steps=13"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    done = subprocess.run([*command, "verify", str(directory)], cwd=tmp_path, capture_output=True, timeout=120)
    assert done.returncode == 0
    lines = (directory / "mine.txt").read_text().splitlines()
    assert lines == [
        "train 5", "validation 5", "train 10", "validation 10", "train 12", "validation 12", "test 12", "completed",
        "train 13", "validation 13", "test 13", "completed",
    ]  # fmt: skip


# TensorBoard ----------------------------------------------------------------------------------------------------------


def events(directory: Path) -> EventAccumulator:
    accumulator = EventAccumulator(str(directory / "tensorboard"), size_guidance={"scalars": 0, "histograms": 0})
    accumulator.Reload()
    return accumulator


def assert_all_there(directory: Path) -> None:
    """Everything that the files of a run hold is in TensorBoard, once."""
    found = events(directory)
    expected = metrics(directory)
    for column, name in enumerate(("loss", "recall_accuracy")):
        for split in ("train", "validation", "test"):
            recorded = {step: values[column] for (part, step), values in expected.items() if part == split}
            shown = [(event.step, event.value) for event in found.Scalars(f"{split}/{name}")]
            assert sorted(shown) == [(step, float(np.float32(value))) for step, value in sorted(recorded.items())]
    norms = pd.read_parquet(directory / "gradients.parquet").groupby("step")["norm"].apply(list).to_dict()
    shown = [(event.step, event.histogram_value) for event in found.Histograms("gradient_norm/layer0")]
    assert {step: value.bucket for step, value in shown} == norms
    assert len(shown) == len(norms)
    assert shown[0][1].bucket_limit == [t + 0.5 for t in range(len(norms[0]))]
    sigma = pd.read_parquet(directory / "spectrum.parquet").groupby("step")["singular_value"]
    (largest,) = [tag for tag in found.Tags()["scalars"] if tag.startswith("spectrum/") and tag.endswith("/largest")]
    assert {event.step: event.value for event in found.Scalars(largest)} == pytest.approx(sigma.max().to_dict())
    assert {event.step: event.value for event in found.Scalars(largest.replace("largest", "smallest"))} == (
        pytest.approx(sigma.min().to_dict())
    )
    histograms = found.Histograms(largest.removesuffix("/largest"))
    assert [sum(event.histogram_value.bucket) for event in histograms] == sigma.size().tolist()


def test_tensorboard_reads_back_what_was_measured(tmp_path: Path) -> None:
    execute(prepare(small_config(tmp_path, *OFTEN)), (), open_sinks(["tensorboard"], silence))
    assert_all_there(only_run(tmp_path))


def test_tensorboard_holds_a_run_once_that_was_cut_and_went_on_and_was_trained_on(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="cut"):
        execute(prepare(small_config(tmp_path, *OFTEN)), (), [*open_sinks(["tensorboard"], silence), CutAt9()])
    directory = only_run(tmp_path)
    for overrides in ([], ["train.steps=17"]):
        with reopened(directory, overrides) as run:
            run.go_on(open_sinks(["tensorboard"], silence))
        assert_all_there(directory)


def test_tensorboard_leaves_out_what_is_not_finite(tmp_path: Path) -> None:
    explosion = ["optimizer=sgd", "optimizer.lr=1e30", "model.map=free", "train.on_divergence=continue"]
    execute(prepare(small_config(tmp_path, *explosion)), (), open_sinks(["tensorboard"], silence))
    found = events(only_run(tmp_path))
    assert math.isnan(found.Scalars("train/loss")[-1].value)
    assert [event.step for event in found.Histograms("gradient_norm/layer0")] == [0]


def test_tensorboard_names_the_only_matrix_of_a_layer_by_the_layer(tmp_path: Path) -> None:
    execute(prepare(small_config(tmp_path, model="rnn")), (), open_sinks(["tensorboard"], silence))
    assert "spectrum/layer0" in events(only_run(tmp_path)).Tags()["histograms"]


def test_tensorboard_draws_singular_values_that_are_all_equal(tmp_path: Path) -> None:
    execute(prepare(small_config(tmp_path, model="ornn")), (), open_sinks(["tensorboard"], silence))
    found = events(only_run(tmp_path))
    (tag,) = [tag for tag in found.Tags()["histograms"] if tag.startswith("spectrum/")]
    assert sum(found.Histograms(tag)[0].histogram_value.bucket) == 8


# MLflow ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that MLflow has laid out, which takes it seconds."""
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    MlflowClient(tracking_uri=f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_HTTP_REQUEST_TIMEOUT", "MLFLOW_HTTP_REQUEST_MAX_RETRIES"):
        monkeypatch.setenv(name, "")  # so that what the sink sets is taken back
        monkeypatch.delenv(name)


def in_mlflow(store: Path) -> list[Run]:
    """The runs of the copy task, as MLflow has them."""
    client = MlflowClient(tracking_uri=f"sqlite:///{store}")
    experiment = client.get_experiment_by_name("spectral-bench copy")
    return list(client.search_runs([experiment.experiment_id]))


def history(store: Path, run: Run, key: str) -> list[tuple[int, float]]:
    found = MlflowClient(tracking_uri=f"sqlite:///{store}").get_metric_history(run.info.run_id, key)
    return sorted((metric.step, metric.value) for metric in found)


def test_mlflow_reads_back_a_run_that_was_stopped_and_went_on(tmp_path: Path, empty_store: Path) -> None:
    store = Path(copy(empty_store, tmp_path / "mlflow.db"))
    with pytest.raises(RuntimeError, match="cut"):
        execute(prepare(small_config(tmp_path, *OFTEN)), (), [*open_sinks(["mlflow"], silence), CutAt9()])
    directory = only_run(tmp_path)
    (run,) = in_mlflow(store)
    assert (run.info.run_name, run.info.status) == (directory.name, "FAILED")
    assert run.data.params["model.name"] == "svdrnn"
    assert (run.data.params["train.steps"], run.data.params["r"], run.data.params["seed"]) == ("12", "0.01", "0")

    for overrides in (["train.max_minutes=1e-9"], ["train.max_minutes=null"], ["train.steps=17"]):
        with reopened(directory, overrides) as again:
            again.go_on(open_sinks(["mlflow"], silence))
        (run,) = in_mlflow(store)
        assert run.info.status == ("KILLED" if "1e-9" in overrides[0] else "FINISHED")
    assert run.data.tags["spectral_bench.status"] == "completed"
    gradients = pd.read_parquet(directory / "gradients.parquet")
    for end, t in (("first", 0), ("last", gradients.t.max())):
        expected = gradients[gradients.t == t].set_index("step").norm.to_dict()
        assert dict(history(store, run, f"gradient_norm/layer0/{end}")) == pytest.approx(expected)
    sigma = pd.read_parquet(directory / "spectrum.parquet").set_index("step").singular_value
    margins = (sigma - 1).abs().groupby("step").max().to_dict()
    assert dict(history(store, run, "spectral_margin")) == pytest.approx(margins, abs=1e-12)
    for name, value in json.loads((directory / "summary.json").read_text()).items():
        if isinstance(value, float):
            assert run.data.metrics[f"summary/{name}"] == pytest.approx(value)
    assert run.data.tags["train.steps from step 12"] == "17"
    for column, name in enumerate(("loss", "recall_accuracy")):
        expected = [(step, pair[column]) for (split, step), pair in metrics(directory).items() if split == "validation"]
        shown = history(store, run, f"validation/{name}")
        assert [pair for pair in shown if pair[0] != 12] == expected  # at its first end it was measured, too
        assert [step for step, _ in shown] == [5, 10, 12, 15, 17]
    assert not list(tmp_path.rglob("mlruns"))


def test_mlflow_goes_where_its_own_variable_says_and_knows_runs_that_diverged(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Path(copy(empty_store, tmp_path / "elsewhere.db"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{store}")
    explosion = ["optimizer=sgd", "optimizer.lr=1e30", "model.map=free"]
    with pytest.raises(DivergedError):
        execute(prepare(small_config(tmp_path / "results", *explosion)), (), open_sinks(["mlflow"], silence))
    (diverged,) = in_mlflow(store)
    assert (diverged.info.status, diverged.data.tags["spectral_bench.status"]) == ("FAILED", "diverged")
    assert not (tmp_path / "results/mlflow.db").exists()


def test_mlflow_that_cannot_be_reached_harms_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "no-such-scheme://nowhere")
    warnings: list[str] = []
    execute(prepare(small_config(tmp_path)), (), open_sinks(["mlflow"], warnings.append))
    assert len(warnings) == 1
    assert warnings[0].startswith("sink mlflow failed and is left alone")


def test_mlflow_goes_on_with_a_copy_of_a_run_in_a_store_beside_it(tmp_path: Path, empty_store: Path) -> None:
    execute(prepare(small_config(tmp_path / "results", *OFTEN)))
    directory = Path(copytree(only_run(tmp_path / "results"), tmp_path / "kept/copy"))
    store = Path(copy(empty_store, tmp_path / "kept/mlflow.db"))
    with reopened(directory, ["train.steps=17"]) as run:
        run.go_on(open_sinks(["mlflow"], silence))
    (found,) = in_mlflow(store)
    assert (found.info.run_name, found.info.status) == ("copy", "FINISHED")
    assert not list(tmp_path.glob("*.db"))
    assert not list((tmp_path / "results").glob("*.db"))


@pytest.mark.parametrize("listens", [False, True], ids=["nobody listens", "nobody answers"])
def test_a_server_that_does_not_answer_holds_a_run_for_seconds_and_is_one_short_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], *, listens: bool
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        if not listens:
            server.close()
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
        warnings: list[str] = []
        began = time.monotonic()
        execute(prepare(small_config(tmp_path)), (), open_sinks(["mlflow"], warnings.append))
    assert time.monotonic() - began < 30
    (warning,) = warnings
    assert warning.endswith(f"ConnectionError: no answer from {address}")
    assert len(warning) < 160
    assert capfd.readouterr().err == ""


def test_mlflow_waits_for_a_server_as_long_as_the_user_says_else_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "77")
    open_sinks(["mlflow"], silence)
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "77"
    assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "1"
