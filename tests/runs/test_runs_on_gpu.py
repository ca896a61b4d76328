"""On an NVIDIA GPU runs are those of a CPU, and go on exactly; where there is none, all of this is skipped."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from small_runs import FEED_FORWARD, MODELS, numbers, only_run, small_config

from spectral_bench.runs.execute import execute, prepare
from spectral_bench.runs.reopen import reopened
from spectral_bench.training.observer import Observer, Update

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU is here")

CUDA = ["device=cuda"]


def measured(results: Path, *overrides: str, model: str, task: str) -> pd.DataFrame:
    """The numbers of a small run, without its times."""
    execute(prepare(small_config(results, *overrides, model=model, task=task)), overrides, [Observer()])
    return pd.read_csv(only_run(results) / "metrics.csv")[["step", "split", "loss"]]


@pytest.mark.parametrize(
    ("model", "task"), [*((model, "copy") for model in MODELS), *((model, "addition") for model in FEED_FORWARD)]
)
def test_every_model_trains_as_on_a_cpu(model: str, task: str, tmp_path: Path) -> None:
    on_gpu = measured(tmp_path / "gpu", *CUDA, model=model, task=task)
    on_cpu = measured(tmp_path / "cpu", model=model, task=task)
    assert on_gpu[["step", "split"]].equals(on_cpu[["step", "split"]])
    np.testing.assert_allclose(on_gpu["loss"], on_cpu["loss"], rtol=2e-3)
    gradients = [pd.read_parquet(only_run(tmp_path / where) / "gradients.parquet") for where in ("gpu", "cpu")]
    np.testing.assert_allclose(gradients[0]["norm"], gradients[1]["norm"], rtol=2e-2, atol=1e-6)


@pytest.mark.parametrize("model", ["svdrnn", "rnn", "lstm"])
def test_a_run_that_goes_on_ends_as_one_that_never_stopped(model: str, tmp_path: Path) -> None:
    class PowerCutError(Exception):
        pass

    class Cut(Observer):
        def on_update(self, update: Update) -> None:
            if update.step == 8:
                raise PowerCutError

    chosen = [*CUDA, "train.checkpoint_every=3", "model.dropout=0.3", "model.num_layers=2"]
    execute(prepare(small_config(tmp_path / "whole", *chosen, model=model)), chosen, [Observer()])
    with pytest.raises(PowerCutError):
        execute(prepare(small_config(tmp_path / "cut", *chosen, model=model)), chosen, [Cut()])
    with reopened(only_run(tmp_path / "cut"), []) as run:
        run.go_on([Observer()])
        assert run.from_step == 6
    assert numbers(only_run(tmp_path / "cut")) == numbers(only_run(tmp_path / "whole"))
