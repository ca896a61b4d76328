"""The process that workers are forked from, and which of all these processes hears a signal.

A terminal that closes, ``timeout`` and service managers signal many processes at once. That of the grid hears it and
passes it on to every worker. The fork server must not hear it: without it all workers are lost. Nor must the resource
tracker of the standard library, which keeps count of semaphores: without it workers end in tracebacks.
"""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver, resource_tracker
from multiprocessing.context import BaseContext

from spectral_bench.runs.interruption import STOPPING, heeded_signals


@contextmanager
def starting_worker(preload: str) -> Iterator[BaseContext]:
    """A block that starts a worker; signals that come in it are heard at its end, and nothing is left half started.

    Workers are forked, where there is fork, from a process that has imported everything and computed nothing. The first
    such block starts it and the resource tracker with the signals blocked. They stay so in both, and in whatever is
    forked from there; in a worker, ``leave_group`` unblocks them.

    Args:
        preload: the module that imports everything.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        yield multiprocessing.get_context("spawn")
        return
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([preload])
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        resource_tracker.ensure_running()
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)  # the line before unblocks some of them
        forkserver.ensure_running()
        yield context
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def leave_group() -> None:
    """In a new worker: leave the group of the process that started it, and hear what is sent to this process."""
    if not hasattr(os, "setpgrp"):
        return
    os.setpgrp()
    for number in heeded_signals():
        # Ignoring it forgets what was sent to the group before. The default ends a worker that has no point without a
        # word, where Python's own handler of SIGINT would print a traceback.
        signal.signal(number, signal.SIG_IGN)
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
