"""The numbers a run recorded, held against those of a replay."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from spectral_bench.errors import DataError
from spectral_bench.runs import parts
from spectral_bench.runs.reading import first_line, regular_file
from spectral_bench.runs.recorder import GRADIENTS, GRADIENTS_SCHEMA, METRICS, SPECTRUM, SPECTRUM_SCHEMA
from spectral_bench.training.observer import GradientNorms, Measurement, Observer, Spectrum, Update
from spectral_bench.training.stop import Stop


class DifferentError(Exception):
    """A number is not the one that was recorded; the message says which, and both of them."""


class Replay(Observer):
    """Compares everything a training says with the tables of a run directory, to the last bit.

    Numbers that were not recorded (the run was killed before) are passed over.

    Args:
        directory: of the run; its tables are whole.
        checkpoint: whose weights to compare, too.
        last_step: after this update the training is asked to stop.

    Attributes:
        stop: to be handed to the training.
        compared: how many numbers were the same so far.
    """

    def __init__(self, directory: Path, checkpoint: Mapping[str, Any] | None, last_step: int) -> None:
        self.stop = Stop()
        self.compared = 0
        self._last_step = last_step
        self._state = checkpoint and checkpoint["trainer"]
        self._metrics = _measured(directory / METRICS)
        self._norms = _grouped(directory / GRADIENTS, GRADIENTS_SCHEMA, ["step", "layer"], "norm")
        self._sigmas = _grouped(directory / SPECTRUM, SPECTRUM_SCHEMA, ["step", "layer", "matrix"], "singular_value")

    def on_update(self, update: Update) -> None:
        """Asks for an end after the last update to compare."""
        if update.step >= self._last_step:
            self.stop.ask("the last update to compare")

    def on_measurement(self, measurement: Measurement) -> None:
        """Compares loss and metric."""
        recorded = self._metrics.get((measurement.step, measurement.split))
        if recorded is not None:
            now = np.array([measurement.loss, measurement.metric])
            self._compare(f"{measurement.split} loss or metric at step {measurement.step}", recorded, now)

    def on_gradients(self, norms: GradientNorms) -> None:
        """Compares the norms at every t."""
        for layer, now in norms.by_layer.items():
            recorded = self._norms.get((norms.step, layer))
            if recorded is not None:
                self._compare(f"gradient norm at step {norms.step}, layer {layer}, t", recorded, now)

    def on_spectrum(self, spectrum: Spectrum) -> None:
        """Compares every singular value."""
        for (layer, matrix), now in spectrum.singular_values.items():
            recorded = self._sigmas.get((spectrum.step, layer, matrix))
            if recorded is not None:
                self._compare(f"singular value at step {spectrum.step}, layer {layer} {matrix}", recorded, now)

    def on_checkpoint(self, step: int, state: Mapping[str, Any]) -> None:
        """Compares the weights, if this is the checkpoint to compare."""
        if self._state is None or self._state["progress"]["step"] != step:
            return
        for name, recorded in self._state["model"].items():
            now = state["model"][name].cpu()
            if not torch.equal(recorded, now):
                raise DifferentError(f"weights after step {step}: {name} differs")
            self.compared += now.numel()

    def _compare(self, what: str, recorded: NDArray[Any], now: NDArray[Any]) -> None:
        if recorded.shape != now.shape:
            raise DifferentError(f"{what}: {len(recorded)} numbers were recorded, now there are {len(now)}")
        (different,) = np.nonzero(~((recorded == now) | (np.isnan(recorded) & np.isnan(now))))
        if len(different):
            first = different[0]
            raise DifferentError(f"{what} [{first}]: recorded {float(recorded[first])!r}, now {float(now[first])!r}")
        self.compared += len(now)


def _measured(path: Path) -> dict[tuple[int, str], NDArray[Any]]:
    """Loss and metric by step and split."""
    try:
        with regular_file(path).open(newline="", encoding="utf-8") as file:
            _, *rows = csv.reader(file)
        return {(int(row[0]), row[2]): np.array(row[3:5], dtype=np.float64) for row in rows}
    except (OSError, ValueError, IndexError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read ({first_line(error)}).") from error


def _grouped(folder: Path, schema: Any, keys: list[str], value: str) -> dict[Any, NDArray[Any]]:
    """The values of a table of parts by its keys, each in the order of writing."""
    tables = [parts.read(part, schema).to_pandas() for part in parts.sealed(folder)]
    if not tables:
        return {}
    return {key: rows.to_numpy() for key, rows in pd.concat(tables).groupby(keys)[value]}
