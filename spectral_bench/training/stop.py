"""A request to stop a training early."""


class Stop:
    """A request that a training stop after the current update.

    Args:
        second_ends: whether a second signal ends the process at once. Not in a worker: it may get one signal twice,
            from its sender and from the process that started it, and that process can end it at once itself.

    Attributes:
        cause: what asked first (``SIGTERM``, ``train.max_minutes``); None if nothing has.
    """

    def __init__(self, *, second_ends: bool = True) -> None:
        self.second_ends = second_ends
        self.cause: str | None = None

    def ask(self, cause: str) -> None:
        """Make the request. May be called from a signal handler."""
        self.cause = self.cause or cause
