"""A request to stop a training early."""


class Stop:
    """A request that a training stop after the current update.

    Args:
        second_ends: whether a second signal ends the process at once. Not in a worker: it may get one signal twice,
            from its sender and from the process that started it, and that process can end it at once itself.

    Attributes:
        cause: the first signal (``SIGTERM``), or else what asked first (``train.max_minutes``); None: nothing has.
        signalled: whether a signal has.
    """

    def __init__(self, *, second_ends: bool = True) -> None:
        self.second_ends = second_ends
        self.cause: str | None = None
        self.signalled = False

    def ask(self, cause: str) -> None:
        """Make the request."""
        self.cause = self.cause or cause

    def ask_by_signal(self, name: str) -> None:
        """Make the request, from a signal handler. It replaces a point's own limit: it stops the whole grid."""
        if not self.signalled:
            self.cause, self.signalled = name, True
