"""What a paper prints otherwise than a terminal: settings in words, and what is mathematics in a text."""

import re
from collections.abc import Callable

from spectral_bench.report.document import GLUE

#: What short keys stand for.
_NAMES = {"clip_norm": "clipping at", "dataset": "data set"}

#: Of some keys, what it means that there is no value.
_WITHOUT = {"clip_norm": "no clipping"}

#: Keys whose values are proper names, which stay as they are.
_OF_NAMES = ("dataset",)

#: ``lr=0.003``, ``optimizer.lr=0.003``: a key with its value. Places, such as t=0, are mathematics.
_SETTING = re.compile(r"(?<![\w.-])(?:[a-z]\w*\.)*([a-z]\w+|[rmn])=([^\s;,:()]*[^\s;,:().])( (?=[a-z][\w.]*=))?")

#: A key that is a letter, perhaps with an index.
_LETTER = re.compile(r"([a-z])(\d?)")

#: A letter that is a number or a state, where texts speak of it.
_SPOKEN_OF = r"(?<=Student's )t|(?<=over )[tl]|(?<=layer )l|\bp|\bh(?= elsewhere| without)"

#: What is mathematics in a text: an equation, |sigma - 1|, a letter with an index, a pair of states, a letter, a minus;
#: and a hyphen that stands for nothing.
_MATHEMATICS = re.compile(
    r"(?P<equation>\b[a-zA-Z](?:_\w)? ?= ?(?:\d[\d.]*(?:e[+-]?\d+)?|[TL])(?!\w))"
    r"|(?P<sigma>\|sigma - (?:sigma\*|\d)\||\bsigma\b\*?)"
    r"|(?P<letter>\b[a-zA-Z]_[\dTt]\b|\([a-z], [a-z]\)|(?:" + _SPOKEN_OF + r")\b)"
    r"|(?P<minus>(?<=\S) - (?=\S)|(?<![\w.)-])-(?=\.?\d))"
    r"|(?P<nothing>(?<!\S)-(?= \(|$))"
)


def settings_in_words(text: str) -> str:
    """A text with its settings in words, each of which stays in a line: "lr 0.003, no clipping"."""

    def said(found: re.Match[str]) -> str:
        return _in_words(found[1], found[2]).replace(" ", GLUE) + (", " if found[3] else "")

    return "none" if text == "null" else _SETTING.sub(said, text)


def _in_words(key: str, value: str) -> str:
    if letter := _LETTER.fullmatch(key):
        return f"{letter[1]}{'_' * bool(letter[2])}{letter[2]} = {value}"
    name = _NAMES.get(key, key.replace("_", " "))
    if value == "null":
        return _WITHOUT.get(key, f"no {name}")
    if value in ("true", "false"):
        return name if value == "true" else f"not {name}"
    return f"{name} {value if key in _OF_NAMES else value.replace('_', ' ')}"


def with_mathematics(text: str, as_text: Callable[[str], str], power: Callable[[str], str]) -> str:
    """A text in LaTeX, with what is mathematics in it in math mode.

    Args:
        text: plain.
        as_text: makes LaTeX of what is none.
        power: makes mathematics of a number.
    """
    parts, end = [], 0
    for found in _MATHEMATICS.finditer(text):
        parts += [as_text(text[end : found.start()]), _in_math(found, power)]
        end = found.end()
    return "".join([*parts, as_text(text[end:])])


def _in_math(found: re.Match[str], power: Callable[[str], str]) -> str:
    text = found[0]
    if found["nothing"]:
        return "--"
    if found["minus"]:
        return text.replace("-", "$-$")
    if found["sigma"]:
        return f"${text.replace('sigma*', 'sigma^*').replace('sigma', chr(92) + 'sigma')}$"
    if found["equation"]:
        letter, value = (side.strip() for side in text.split("="))
        return f"${letter} = {power(value)}$"
    return f"${text}$"
