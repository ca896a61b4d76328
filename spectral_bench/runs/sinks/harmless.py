"""From the names of sinks to observers that cannot harm a run."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import torch

from spectral_bench.errors import InputError, SignalExit
from spectral_bench.runs.sinks.sink_registry import SINKS
from spectral_bench.training.observer import (
    EndStatus,
    GradientNorms,
    Measurement,
    Observer,
    Plan,
    RunIdentity,
    Spectrum,
    Update,
)
from spectral_bench.training.random_state import random_state, set_random_state


def open_sinks(names: Sequence[str], warn: Callable[[str], None]) -> list[Observer]:
    """The sinks of one run.

    Args:
        names: each a name in ``SINKS``.
        warn: is handed one message for a sink that fails while the run goes on.

    Raises:
        InputError: there is no such sink, or what it needs is not installed; the message says what installs it.
    """
    return [HarmlessSink(name, _constructed(name), warn) for name in names]


def _constructed(name: str) -> Observer:
    kind = SINKS[name]
    try:
        with _nothing_changed(torch.device("cpu")):
            return kind()
    except SignalExit:
        raise
    except ImportError as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) and error.name else str(error)
        command = getattr(kind, "install", None) or f"pip install {missing.partition('.')[0]}"
        raise InputError(f"--sink {name} needs {missing}, which is not installed: {command}") from error
    except (Exception, SystemExit) as error:
        raise InputError(f"--sink {name} cannot be used: {type(error).__name__}: {error}") from error


class HarmlessSink(Observer):
    """A sink whose errors are one warning, after which it is left alone, and which changes no number of the run.

    Random numbers that it draws are not missing in the training, gradients that it switches off are switched on again,
    and arrays are copies. Of a checkpoint it gets the step but not the state, which is the training's own;
    ``checkpoint.pt`` is written by then.

    Args:
        name: of the sink, for the warning.
        sink: what receives the events.
        warn: is handed the warning.
    """

    def __init__(self, name: str, sink: Observer, warn: Callable[[str], None]) -> None:
        self._name = name
        self._sink: Observer | None = sink
        self._warn = warn
        self._has_started = False
        self._device = torch.device("cpu")

    def on_start(self, plan: Plan, run: RunIdentity) -> None:
        """Hands it on."""
        self._device = torch.device(run.config["device"])
        self._has_started = True
        self._hand_on("on_start", plan, run)

    def on_update(self, update: Update) -> None:
        """Hands it on."""
        self._hand_on("on_update", update)

    def on_measurement(self, measurement: Measurement) -> None:
        """Hands it on."""
        self._hand_on("on_measurement", measurement)

    def on_gradients(self, norms: GradientNorms) -> None:
        """Hands on a copy."""
        self._hand_on("on_gradients", deepcopy(norms))

    def on_spectrum(self, spectrum: Spectrum) -> None:
        """Hands on a copy."""
        self._hand_on("on_spectrum", deepcopy(spectrum))

    def on_checkpoint(self, step: int, state: Mapping[str, Any]) -> None:  # noqa: ARG002
        """Hands on the step, and an empty state."""
        self._hand_on("on_checkpoint", step, {})

    def on_end(self, status: EndStatus) -> None:
        """Hands it on, unless the session ended before the training began."""
        if self._has_started:
            self._hand_on("on_end", status)

    def _hand_on(self, event: str, *arguments: Any) -> None:
        if self._sink is None or getattr(type(self._sink), event, None) is getattr(Observer, event):
            return
        try:
            with _nothing_changed(self._device):
                getattr(self._sink, event)(*arguments)
        except SignalExit:
            raise
        except (Exception, SystemExit) as error:
            self._sink = None
            message = (str(error).strip().splitlines() or [""])[0]
            reason = ": ".join(filter(None, [type(error).__name__, message]))
            self._warn(f"sink {self._name} failed and is left alone from here on; the run is not affected. {reason}")


@contextmanager
def _nothing_changed(device: torch.device) -> Iterator[None]:
    """What a sink may change of PyTorch by the way is restored at the end of the block."""
    random, gradients = random_state(device), torch.is_grad_enabled()
    try:
        yield
    finally:
        set_random_state(random, device)
        torch.set_grad_enabled(gradients)
