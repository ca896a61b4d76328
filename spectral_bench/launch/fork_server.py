"""The process that workers are forked from, and who hears which signal.

A terminal that closes, ``timeout`` and service managers signal a whole process group. The process of the grid hears it
and passes it on to every worker, once. The fork server, and the process of the standard library that tracks semaphores,
must hear nothing of it: without the one all workers are lost, and without the other they end in tracebacks.
"""

import multiprocessing
import os
import signal
from multiprocessing import forkserver, resource_tracker
from multiprocessing.context import BaseContext

from spectral_bench.runs.interruption import STOPPING


def worker_context(preload: str) -> BaseContext:
    """Workers are forked from a process that has imported everything and computed nothing, where there is fork.

    Args:
        preload: the module that imports everything.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([preload])
    _start_deaf()
    return context


def leave_group() -> None:
    """In a new worker: leave the group of the process that started it, and hear what is sent to this process alone."""
    if not hasattr(os, "setpgrp"):
        return
    os.setpgrp()
    for number in STOPPING:
        # Ignoring it forgets what was sent to the group before. The default ends a worker that has no point without a
        # word, where Python's own handler of SIGINT would print a traceback.
        signal.signal(number, signal.SIG_IGN)
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)


def _start_deaf() -> None:
    """Start both processes, if they do not run yet, with the signals blocked, which their children inherit."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        resource_tracker.ensure_running()
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)  # the line before unblocks some of them
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
