"""What a paper prints otherwise than a terminal: settings in words, mathematics, and code."""

import re
from collections.abc import Callable

from spectral_bench.report.document import GLUE
from spectral_bench.runs.setting_words import settings_in_words

#: A letter that is a number or a state, where texts speak of it.
_SPOKEN_OF = r"(?<=Student's )t|(?<=over )[tl]|(?<=layer )l|\bp|\bh(?= elsewhere| without)"

#: A number, with its thousands parted or with an exponent.
NUMBER = r"\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?"

#: What is mathematics in a text: a number with its interval, or the interval alone; a power of ten; an equation,
#: |sigma - 1|, a letter with an index, a pair of states, a letter, a minus; and a hyphen that stands for nothing. Code
#: stands between backticks.
_MATHEMATICS = re.compile(
    r"`(?P<code>[^`]+)`"
    rf"|(?<![\w.,-])\((?P<mean>-?{NUMBER}) ±(?P<around>{NUMBER})\)e(?P<exponent>[+-]\d+)(?!\w)"
    rf"|(?P<interval>(?:(?<![\w.,-])-?{NUMBER} )?±{NUMBER}(?!\w))"
    r"|(?P<power>(?<![\w.,-])-?\d+(?:\.\d+)?e[+-]\d+(?!\w))"
    r"|(?P<equation>\b[a-zA-Z](?:_\w)? ?= ?(?:\d[\d.]*(?:e[+-]?\d+)?|[TL])(?!\w))"
    r"|(?P<sigma>\|sigma - (?:sigma\*|\d)\||\bsigma\b\*?)"
    r"|(?P<letter>\b[a-zA-Z]_[\dTt]\b|\([a-z], [a-z]\)|(?:" + _SPOKEN_OF + r")\b)"
    r"|(?P<minus>(?<=\S) - (?=\S)|(?<![\w.)-])-(?=\.?\d))"
    r"|(?P<nothing>(?<!\S)-(?= \(|$))"
)


def printed_settings(text: str) -> str:
    """A text with its settings in words, each of which stays in a line: "lr 0.003, no clipping"."""
    return "none" if text == "null" else settings_in_words(text, GLUE, index="_")


def with_mathematics(text: str, as_text: Callable[[str], str], power: Callable[[str], str]) -> str:
    """A text in LaTeX, with what is mathematics in it in math mode, and code in a type of its own.

    Args:
        text: plain.
        as_text: makes LaTeX of what is none.
        power: makes mathematics of a number.
    """
    parts, end = [], 0
    for found in _MATHEMATICS.finditer(text):
        printed = rf"\texttt{{{as_text(found['code'])}}}" if found["code"] else _in_math(found, power)
        parts += [as_text(text[end : found.start()]), printed]
        end = found.end()
    return "".join([*parts, as_text(text[end:])])


def _in_math(found: re.Match[str], power: Callable[[str], str]) -> str:
    text = found[0]
    if found["mean"]:
        return rf"$({power(found['mean'])} \pm {power(found['around'])}) \times 10^{{{int(found['exponent'])}}}$"
    if found["interval"]:
        mean, _, half = text.rpartition("±")
        return rf"${power(mean.strip())} \pm {power(half)}$" if mean else rf"$\pm {power(half)}$"
    if found["power"]:
        return f"${power(text)}$"
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
