"""The lines of a text file, as editors and other programs count them."""

import re
from pathlib import Path

#: What ends a line. ``str.splitlines`` would also cut at form feeds, U+0085, U+2028 and others: signs within a line.
_LINE_END = re.compile(r"\r\n|\r|\n")

#: Marks the beginning of a file, and stands inside one that was put together from several.
_BYTE_ORDER_MARK = "\ufeff"

#: Bytes that no text in an encoding of one byte a character has.
_NOT_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


class NotTextError(ValueError):
    """The file is no text, or one in an encoding that is not read; the message says which."""


def read_lines(file: Path, *, older_encodings: bool = False) -> list[str]:
    """All lines of a file in UTF-8, without line ends and byte order marks.

    Args:
        file: what to read.
        older_encodings: a file that is no UTF-8 is taken for Windows' CP1252, or else for Latin-1: for formats whose
            content is ASCII but for comments and names.

    Raises:
        NotTextError: it is not in such an encoding.
        OSError: it cannot be read.
    """
    content = file.read_bytes()
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise NotTextError("is text in UTF-16; save it as UTF-8")
    for encoding in ("utf-8", "cp1252", "latin-1") if older_encodings and not _NOT_TEXT.search(content) else ("utf-8",):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        lines = _LINE_END.split(text)
        return [line.removeprefix(_BYTE_ORDER_MARK) for line in (lines[:-1] if lines[-1] == "" else lines)]
    raise NotTextError("is not a text file" if _NOT_TEXT.search(content) else "is not text in UTF-8; save it as such")
