"""Imported by the server that forks the processes of the kill tests: whatever PyTorch imports late is then there."""

from pathlib import Path
from tempfile import gettempdir

import torch
from small_runs import small_config

from spectral_bench.runs.execute import prepare

torch.set_num_threads(1)
prepare(small_config(Path(gettempdir())))
