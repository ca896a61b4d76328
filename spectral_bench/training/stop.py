"""A request to stop a training early."""


class Stop:
    """A request that a training stop after the current update.

    Attributes:
        cause: what asked first (``SIGTERM``, ``train.max_minutes``); None if nothing has.
    """

    def __init__(self) -> None:
        self.cause: str | None = None

    def ask(self, cause: str) -> None:
        """Make the request. May be called from a signal handler."""
        self.cause = self.cause or cause
