"""What a paper prints otherwise than a terminal: settings in words, and what is mathematics in a text."""

import re
from collections.abc import Callable

from spectral_bench.report.document import GLUE
from spectral_bench.runs.setting_words import settings_in_words

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


def printed_settings(text: str) -> str:
    """A text with its settings in words, each of which stays in a line: "lr 0.003, no clipping"."""
    return "none" if text == "null" else settings_in_words(text, GLUE, index="_")


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
