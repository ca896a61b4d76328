"""Select runs by their fields: ``model=rnn,lstm``, ``r<0.1``, ``status!=diverged``."""

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spectral_bench.config.hints import nearest_key, short
from spectral_bench.config.keys import absent, as_typed
from spectral_bench.errors import InputError
from spectral_bench.records.run_record import Run
from spectral_bench.runs.field_words import spoken_names

_CONDITION = re.compile(r"(?P<key>[^=!<>]+)(?P<sign>!=|<=|>=|=|<|>)(?P<value>.*)")

#: Where everything stands that a run can be selected by.
EVERY_FIELD = (
    "every field of summary.json (docs/run_directory.md), and every configuration key (spectral-bench run "
    "--print-config)"
)

_ORDER: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Condition:
    """``key sign value``."""

    key: str
    sign: str
    value: str

    def holds(self, actual: Any) -> bool:
        """Whether a value satisfies it; numbers are compared as numbers, anything else as text.

        ``=`` holds for any of several words with commas between them, ``!=`` for a value that is none of them. None,
        for a run without such a value, equals ``null`` (a radius: ``free``, too) and satisfies nothing else. Of several
        values (tags) one must be equal, and ``!=`` holds where none is.
        """
        if isinstance(actual, tuple):
            return (any if self.sign == "=" else all)(self.holds(one) for one in actual)
        if self.sign in _ORDER:
            number = _number(self.value)
            return number is not None and _is_number(actual) and _ORDER[self.sign](actual, number)
        words = {self.value, *map(str.strip, self.value.split(","))}
        given = {word for word in words if word.lower() not in ("null", absent(self.key, "null"))}
        if actual is None:
            return self.sign == "=" and given != words
        return any(_equal(actual, word) for word in given) == (self.sign == "=")


def parse_condition(text: str) -> Condition:
    """Parse a condition.

    Raises:
        InputError: it has no sign, or orders by something that is not a number.
    """
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise InputError(f"'{short(text)}' is no condition: expected KEY=VALUE, or one of != < <= > >= in place of =.")
    condition = Condition(*(match[name].strip() for name in ("key", "sign", "value")))
    if condition.sign in _ORDER and _number(condition.value) is None:
        raise InputError(f"'{short(text)}': {condition.sign} needs a number, got '{short(condition.value)}'.")
    return condition


def select(runs: Sequence[Run], conditions: Iterable[str]) -> list[Run]:
    """The runs for which all conditions hold.

    Raises:
        InputError: a condition cannot be understood, or names something that no run has.
    """
    parsed = [parse_condition(text) for text in conditions]
    fields = [run.fields() for run in runs]
    for condition in parsed:
        check_field(condition.key, fields)
    return [
        run
        for run, values in zip(runs, fields, strict=True)
        if all(condition.holds(values.get(condition.key)) for condition in parsed)
    ]


def check_field(key: str, fields: Sequence[dict[str, Any]]) -> None:
    """Refuse a key that no run has; with no runs there is nothing to compare it with.

    Raises:
        InputError: naming the nearest key there is.
    """
    known = {name for values in fields for name in values}
    if known and key not in known:
        spoken = spoken_fields(fields)
        guess = nearest_key(key, known | spoken.keys())
        guess = spoken.get(guess or "", guess)
        hint = f"Did you mean '{guess}'?" if guess else f"There is {EVERY_FIELD}."
        raise InputError(f"No run has '{short(key)}'. {hint}")


def spoken_fields(fields: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """What people call fields of a summary, by the name of these runs' metrics: ``accuracy`` is ``test``."""
    metrics = {values["metric"] for values in fields if isinstance(values.get("metric"), str)}
    return {name: field for metric in sorted(metrics) for name, field in spoken_names(metric).items()}


def _equal(actual: Any, word: str) -> bool:
    number = _number(word)
    if number is not None and _is_number(actual):
        return bool(actual == number)
    return as_typed(actual).lower() == word.lower()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
