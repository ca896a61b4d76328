"""Turn exceptions of Hydra and OmegaConf into one line: the value, what was expected, the nearest valid word."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

from hydra.core.override_parser.types import Override
from omegaconf import OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException
from yaml import MarkedYAMLError

from spectral_bench.config.catalog import GROUPS, LAUNCHER_GROUP
from spectral_bench.config.engine import RUN_ROOT, Engine
from spectral_bench.config.hints import short, unknown_key
from spectral_bench.config.keys import flatten, keys_set, nodes
from spectral_bench.errors import InputError


def explained(error: Exception, hydra: Engine, overrides: Sequence[Override], root: str = RUN_ROOT) -> InputError:
    """The error in the input that made Hydra's engine raise this exception when it composed from ``root``."""
    for cause in _chain(error):
        if isinstance(cause, MarkedYAMLError) and cause.problem_mark is not None:
            mark = cause.problem_mark
            return InputError(f"{mark.name}, line {mark.line + 1}: not valid yaml: {cause.problem}.")
        if isinstance(cause, MissingMandatoryValue):
            return InputError(f"{cause.full_key} has no value; set it with {cause.full_key}=VALUE.")
    message = _unknown_key(hydra, overrides, root)
    if message is not None:
        return InputError(message)
    return InputError("; ".join(dict.fromkeys(short(first_words(cause), 300) for cause in _chain(error))) + ".")


def first_words(error: Exception) -> str:
    """The first non-empty line of an exception's message, without the full stop."""
    lines = (line.strip() for line in str(error).splitlines())
    return next((line for line in lines if line), type(error).__name__).rstrip(".:")


def _chain(error: BaseException) -> Iterator[Exception]:
    """An exception and the ones that caused it, outermost first."""
    cause: BaseException | None = error
    while isinstance(cause, Exception):
        # The outer exceptions of OmegaConf errors often have no message.
        if str(cause) or isinstance(cause, OmegaConfBaseException):
            yield cause
        cause = cause.__cause__


def _unknown_key(hydra: Engine, overrides: Sequence[Override], root: str) -> str | None:
    """The message for the first override whose key does not exist beside the chosen options, if there is one."""
    try:
        config, _ = hydra.compose([override for override in overrides if not keys_set(override)], root)
    except Exception:  # the choices themselves do not compose, so no key is to blame
        return None
    keys = flatten(cast("dict[str, Any]", OmegaConf.to_container(config)))
    valid = {*keys, *nodes(keys), *(GROUPS if root == RUN_ROOT else (LAUNCHER_GROUP,))}
    typed = (key for override in overrides for key in keys_set(override))
    return next((unknown_key(key, valid) for key in typed if key not in valid), None)
