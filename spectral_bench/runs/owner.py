"""Who works on a run, and whether that process still lives, on this host or on another one."""

import os
import platform
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import psutil

#: Seconds between two signs of life, which a process gives by touching the file that says it is at work.
HEARTBEAT = 20.0

#: Seconds without a sign of life after which a process on another host counts as dead. Clocks may differ by minutes.
SILENCE = 600.0


@dataclass(frozen=True)
class Owner:
    """A process that works on a run.

    Attributes:
        host: its name.
        pid: the process there.
        since: when it began to work, in UTC.
        birth: tells it from a later process of its number, see ``_birth``; None: nothing does but the clock.
    """

    host: str
    pid: int
    since: str
    birth: str | None = None

    @classmethod
    def this_process(cls) -> Self:
        """This process, from now on."""
        pid = os.getpid()
        return cls(platform.node(), pid, datetime.now(UTC).isoformat(timespec="seconds"), _birth(pid))

    @classmethod
    def read(cls, content: Any) -> Self | None:
        """The owner that a manifest or a claim names; None if it names none."""
        try:
            birth = content.get("birth")
            owner = cls(
                str(content["host"]), int(content["pid"]), str(content["since"]), None if birth is None else str(birth)
            )
            owner._began()
        except (AttributeError, LookupError, TypeError, ValueError):
            return None
        return owner

    def as_dict(self) -> dict[str, Any]:
        """As it is written down."""
        return asdict(self)

    def is_alive(self, sign_of_life: Path) -> bool:
        """Whether the process still works.

        Here the operating system knows. Of another host only the file is seen that the process touches; without the
        file it is dead.
        """
        if self.host == platform.node():
            return self._lives_here()
        try:
            return time.time() - sign_of_life.stat().st_mtime < SILENCE
        except OSError:
            return False

    def __str__(self) -> str:
        """With the time here at which it began to work, and the day unless that was today."""
        began = self._began().astimezone()
        day = "" if began.date() == datetime.now().astimezone().date() else f"{began:%Y-%m-%d} "
        return f"process {self.pid} on {self.host}, since {day}{began:%H:%M}"

    def _lives_here(self) -> bool:
        try:
            process = psutil.Process(self.pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            if self.birth is not None and (birth := _birth(self.pid)) is not None:
                return birth == self.birth
            # A process that is younger than its work has only inherited the number.
            return datetime.fromtimestamp(process.create_time(), UTC) <= self._began() + timedelta(seconds=2)
        except psutil.NoSuchProcess:
            return False
        except psutil.Error:  # it is there, and somebody else's
            return True

    def _began(self) -> datetime:
        return datetime.fromisoformat(self.since).astimezone(UTC)


def _birth(pid: int) -> str | None:
    """The boot of this machine, and the clock tick after it at which a process began; None where there is no ``/proc``.

    Neither changes when somebody sets the clock.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return f"{boot} {stat.rpartition(')')[2].split()[19]}"  # field 22 of all; the name before it may hold anything


@contextmanager
def heartbeat(file: Path) -> Iterator[None]:
    """Give signs of life while the block runs, by touching a file that exists."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(HEARTBEAT):
            with suppress(OSError):
                os.utime(file)

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
