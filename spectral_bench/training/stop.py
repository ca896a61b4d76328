"""Asking a training to stop before its end."""


class Stop:
    """The wish that a training stop once it has finished the update it is making.

    Attributes:
        cause: who asked first, a word for people (``SIGTERM``, ``train.max_minutes``); None as long as nobody did.
    """

    def __init__(self) -> None:
        self.cause: str | None = None

    def ask(self, cause: str) -> None:
        """Wish it. May be called from a signal handler."""
        self.cause = self.cause or cause
