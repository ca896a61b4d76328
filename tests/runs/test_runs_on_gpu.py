"""On an NVIDIA GPU runs are those of a CPU, and go on exactly; where there is none, all of this is skipped."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from small_runs import FEED_FORWARD, MODELS, numbers, only_run
from test_resume_exactly import At, cut, go_on, start

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU is here")

CUDA = ["device=cuda"]


def measured(results: Path, *overrides: str, model: str, task: str) -> pd.DataFrame:
    """The numbers of a small run, without its times."""
    directory = start(results, *overrides, model=model, task=task)
    return pd.read_csv(directory / "metrics.csv")[["step", "split", "loss"]]


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
    chosen = [*CUDA, "train.checkpoint_every=3", "model.dropout=0.3", "model.num_layers=2"]
    whole = start(tmp_path / "whole", *chosen, model=model)
    cut_off = start(tmp_path / "cut", *chosen, observer=At(8, cut), model=model)
    assert go_on(cut_off) == 6
    assert numbers(cut_off) == numbers(whole)
