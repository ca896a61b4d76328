"""Signals that ask a run to stop: the first one politely, the second one at once."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

from spectral_bench.errors import SignalExit
from spectral_bench.training.stop import Stop

#: Signals that ask the program to end.
_ENDING = ("SIGINT", "SIGTERM", "SIGHUP")

#: Signals that ask a run to stop: SIGUSR1 is what batch schedulers send some time before the end of a job. Windows has
#: neither it nor SIGHUP.
STOPPING = tuple(signal.Signals[name] for name in (*_ENDING, "SIGUSR1") if name in signal.Signals.__members__)

#: A shell reports a process that a signal ended as this plus the signal's number.
_SIGNAL_EXIT = 128

#: Asks a batch script to start the run again: ``EX_TEMPFAIL`` of sysexits.h.
REQUEUE_EXIT = 75


@contextmanager
def heeding_signals(stop: Stop) -> Iterator[None]:
    """Turn the first SIGINT, SIGTERM, SIGHUP or SIGUSR1 into a request to stop, and a second one into an immediate end.

    A second SIGHUP does not count: when a terminal closes, the kernel and the shell each send one. Where SIGHUP is
    ignored (``nohup``), it stays ignored. Outside the main thread, where Python allows no handlers, signals keep their
    previous effect.

    Args:
        stop: receives the request.

    Raises:
        SignalExit: on the second signal, with its exit code, if the request lets it end the process.
    """

    def handle(number: int, _: FrameType | None) -> None:
        name = signal.Signals(number).name
        if stop.signalled and stop.second_ends and name != "SIGHUP":
            _end_at_once(name)
        stop.ask_by_signal(name)

    with _handling_signals(handle):
        yield


@contextmanager
def ending_on_signals() -> Iterator[None]:
    """Let the signals of ``heeding_signals`` end the program with the exit codes of a run, while no run is at work.

    Importing PyTorch and reading data take seconds. The default handlers end with a traceback, or with an exit code on
    which no batch script requeues.

    Raises:
        SignalExit: on a signal, after a line on stderr.
    """

    def end(number: int, _: FrameType | None) -> None:
        name = signal.Signals(number).name
        with suppress(OSError):  # not through sys.stderr: the signal may have come in the middle of a write to it
            os.write(2, f"Ended by {name} while no training was under way.\n".encode())
        _end_at_once(name)

    with _handling_signals(end):
        yield


def exit_code(cause: str) -> int:
    """The exit code of a run stopped by ``cause``: as a shell reports it, but 75 for SIGUSR1 and a time limit."""
    return _SIGNAL_EXIT + signal.Signals[cause] if cause in _ENDING else REQUEUE_EXIT


@contextmanager
def _handling_signals(handle: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handle) for number in heeded_signals()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def heeded_signals() -> list[signal.Signals]:
    """Those of ``STOPPING`` that are heeded: not SIGHUP where it is ignored (``nohup``)."""
    return [number for number in STOPPING if number.name != "SIGHUP" or signal.getsignal(number) != signal.SIG_IGN]


def _end_at_once(name: str) -> NoReturn:
    raise SignalExit(exit_code(name))
