"""Compare the numbers of a replay with those that a run recorded."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from spectral_bench.runs import metrics_file
from spectral_bench.runs.layout import TIMELESS
from spectral_bench.runs.recorded_rows import Key, RecordedRows, recorded_gradients, recorded_metrics, recorded_spectrum
from spectral_bench.training.observer import GradientNorms, Measurement, Observer, Spectrum, Update
from spectral_bench.training.stop import Stop


class DifferentError(Exception):
    """A number differs from the recorded one; the message says which, and gives both."""


class Replay(Observer):
    """Compares every event of a training with the tables of a run directory, to the last bit.

    Args:
        directory: of the run.
        checkpoint: the newest one, whose weights are compared as well; None if there is none.
        promised: the step up to which nothing may be missing: that of the checkpoint, since a killed run never wrote
            what it traced later; infinity for a run that ended.
        compares_norms: whether gradient norms are to be the same, too; if not, they only have to be there.

    Attributes:
        stop: to be passed to the training.
        last_step: the update after which the training is asked to stop.
        compared: how many numbers have agreed so far.

    Raises:
        DataError: a table cannot be read.
    """

    def __init__(
        self, directory: Path, checkpoint: Mapping[str, Any] | None, promised: float, *, compares_norms: bool = True
    ) -> None:
        self._compares_norms = compares_norms
        self.stop = Stop()
        self.compared = 0
        self._promised = promised
        self._state = checkpoint and checkpoint["trainer"]
        self._metrics = recorded_metrics(directory)
        self._norms = recorded_gradients(directory)
        self._sigmas = recorded_spectrum(directory)
        # A trace labelled s is taken during the update after s.
        self.last_step: int = max(
            self._metrics.last_step(),
            self._norms.last_step() + 1,
            self._sigmas.last_step() + 1,
            self._state["progress"]["step"] if self._state else 0,
        )

    def on_update(self, update: Update) -> None:
        """Requests a stop after the last update to compare."""
        if update.step >= self.last_step:
            self.stop.ask("the last update to compare")

    def on_measurement(self, measurement: Measurement) -> None:
        """Compares epoch, loss and metric."""
        key = (measurement.step, measurement.split)
        recorded = self._recorded(self._metrics, key, measurement.step <= self._promised)
        if recorded is None:
            return
        now = metrics_file.cells(measurement)[:TIMELESS]
        for was, value in zip(recorded, now, strict=True):
            if was != value:
                raise DifferentError(f"{self._metrics.named(key)}: recorded {was}, now {value}")
        self.compared += 2

    def on_gradients(self, norms: GradientNorms) -> None:
        """Compares the norms at every t, or their number."""
        for layer, now in norms.by_layer.items():
            self._compare(self._norms, (norms.step, layer), now, values=self._compares_norms)

    def on_spectrum(self, spectrum: Spectrum) -> None:
        """Compares every singular value."""
        for (layer, matrix), now in spectrum.singular_values.items():
            self._compare(self._sigmas, (spectrum.step, layer, matrix), now)

    def on_checkpoint(self, step: int, state: Mapping[str, Any]) -> None:
        """Compares the weights, if this is the checkpoint to compare."""
        if self._state is None or self._state["progress"]["step"] != step:
            return
        for name, recorded in self._state["model"].items():
            now = state["model"].get(name)
            if now is None or not _same(recorded, now.cpu()):
                raise DifferentError(f"weights after step {step}: {name} differs")
            self.compared += now.numel()

    def finish(self, first_step: int, last_step: float) -> None:
        """Check that the replay produced everything that was recorded between these steps.

        Raises:
            DifferentError: something is missing.
        """
        left = [
            *self._metrics.left(first_step + 1, last_step),
            *self._norms.left(first_step, last_step - 1),
            *self._sigmas.left(first_step, last_step - 1),
        ]
        if left:
            raise DifferentError(f"{left[0]}: recorded, and now there is none")

    def _recorded(self, table: RecordedRows, key: Key, promised: bool) -> Any:
        """The recorded values; None if there are none and none were promised."""
        recorded = table.take(key)
        if recorded is None and promised:
            raise DifferentError(f"{table.named(key)}: is not recorded")
        return recorded

    def _compare(self, table: RecordedRows, key: Key, now: NDArray[Any], *, values: bool = True) -> None:
        recorded = self._recorded(table, key, key[0] < self._promised)
        if recorded is None:
            return
        if recorded.shape != now.shape:
            raise DifferentError(f"{table.named(key)}: {len(recorded)} numbers were recorded, now there are {len(now)}")
        if not values:
            return
        (different,) = np.nonzero(~((recorded == now) | (np.isnan(recorded) & np.isnan(now))))
        if len(different):
            first = different[0]
            raise DifferentError(
                f"{table.named(key)}, [{first}]: recorded {float(recorded[first])!r}, now {float(now[first])!r}"
            )
        self.compared += len(now)


def _same(recorded: torch.Tensor, now: torch.Tensor) -> bool:
    """Whether two tensors hold the same numbers; NaN equals NaN, since a run may be set to continue with it."""
    if recorded.shape != now.shape or recorded.dtype != now.dtype:
        return False
    return bool(((recorded == now) | (recorded.isnan() & now.isnan())).all())
