"""Signals that ask a run to stop: the first one politely, the second one at once."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from spectral_bench.training.stop import Stop

#: SIGUSR1 is what batch schedulers send some time before the end of a job; Windows has none.
_NAMES = ("SIGINT", "SIGTERM", "SIGUSR1")

#: What a shell says of a process that a signal ended.
_SIGNAL_EXIT = 128

#: A run that will have to be taken up again, by itself: ``EX_TEMPFAIL`` of sysexits.h.
REQUEUE_EXIT = 75


@contextmanager
def heeding_signals(stop: Stop) -> Iterator[None]:
    """Turn the first SIGINT, SIGTERM or SIGUSR1 into a wish to stop, and any that follows into an end at once.

    Outside the main thread, where Python allows no handlers, signals do what they did before.

    Args:
        stop: is asked.

    Raises:
        SystemExit: on the second signal, with its exit code.
    """

    def handle(number: int, _: FrameType | None) -> None:
        name = signal.Signals(number).name
        if stop.cause is not None:
            _end_at_once(name)
        stop.ask(name)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handle) for number in _numbers()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def exit_code(cause: str) -> int:
    """The exit code of a run that ``cause`` stopped: 130 SIGINT, 143 SIGTERM, 75 SIGUSR1 and ``train.max_minutes``."""
    return _SIGNAL_EXIT + signal.Signals[cause] if cause in ("SIGINT", "SIGTERM") else REQUEUE_EXIT


def _numbers() -> list[signal.Signals]:
    return [signal.Signals[name] for name in _NAMES if name in signal.Signals.__members__]


def _end_at_once(name: str) -> NoReturn:
    raise SystemExit(exit_code(name))
