"""Tags and a note that somebody gave a run afterwards, in a file of their own: what was recorded is never rewritten."""

import re
from dataclasses import asdict, dataclass
from pathlib import Path

from spectral_bench.config.hints import short
from spectral_bench.errors import InputError
from spectral_bench.runs.atomic import write_json
from spectral_bench.runs.layout import LABELS
from spectral_bench.runs.safe_reading import LARGEST_TEXT, parse_json, read_bytes

#: A word that can be typed in a condition and in a list of columns without quotes.
_TAG = re.compile(r"[\w.:+/-]+")


@dataclass(frozen=True)
class Labels:
    """What a run was labelled with.

    Attributes:
        tags: words to find it by, sorted.
        note: a text for people; None: there is none.
    """

    tags: tuple[str, ...] = ()
    note: str | None = None

    def changed(self, add: frozenset[str], remove: frozenset[str], note: str | None) -> "Labels":
        """The same with tags added and removed, and another note if one is given; an empty note removes it."""
        kept = self.note if note is None else note or None
        return Labels(tuple(sorted((set(self.tags) | add) - remove)), kept)


def check_tags(tags: list[str]) -> frozenset[str]:
    """The tags, if each is a word.

    Raises:
        InputError: one is not.
    """
    for tag in tags:
        if not _TAG.fullmatch(tag):
            raise InputError(f"--tag '{short(tag)}': expected a word of letters, digits and any of _.:+/-")
    return frozenset(tags)


def read_labels(directory: Path) -> Labels:
    """The labels of a run; none where the file is not there.

    Raises:
        OSError: the file cannot be read.
        ValueError: it holds something else.
    """
    path = directory / LABELS
    if not path.exists():
        return Labels()
    content = parse_json(read_bytes(path, LARGEST_TEXT))
    tags, note = content.get("tags", []), content.get("note")
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise ValueError("its tags are no list of words")
    if not isinstance(note, str | None):
        raise ValueError("its note is no text")
    return Labels(tuple(tags), note)


def write_labels(directory: Path, labels: Labels) -> None:
    """Replace the labels of a run; without any there is no file.

    Raises:
        OSError: it cannot be written.
    """
    path = directory / LABELS
    if labels == Labels():
        path.unlink(missing_ok=True)
    else:
        write_json(path, asdict(labels))
