"""Verbs, which answer a mistyped option with the nearest, or with the override that it stands for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from typer.core import TyperCommand


class VerbCommand(TyperCommand):
    """A command that names one option in place of one that does not exist."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the command line; an exception about an unknown option is the parser's own."""
        try:
            return super().parse_args(ctx, args)
        except Exception as error:
            typed: str | None = getattr(error, "option_name", None)
            if typed is not None and getattr(error, "possibilities", None):
                from spectral_bench.config.hints import nearest

                known = self.get_params(ctx)
                meant = nearest(typed, [name for each in known for name in (*each.opts, *each.secondary_opts)])
                if meant is not None:
                    vars(error).update(message=f"No such option: {typed}. Did you mean '{meant}'?", possibilities=None)
            raise


class OverrideCommand(VerbCommand):
    """A command whose keys are written without dashes, as everywhere in Hydra: ``--model rnn`` is ``model=rnn``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the command line.

        Raises:
            InputError: an option does not exist, and a configuration key is near to its name.
        """
        typed = list(args)
        try:
            return super().parse_args(ctx, args)
        except Exception as error:
            meant = _meant(getattr(error, "option_name", None), typed)
            if meant is None:
                raise
            from spectral_bench.errors import InputError

            raise InputError(f"No such option: {error.option_name}. Did you mean {meant}?") from error  # type: ignore[attr-defined]


def _meant(option: str | None, typed: Sequence[str]) -> str | None:
    """The override that an unknown option stands for; None if it is like no key."""
    if option is None or not option.startswith("--"):
        return None
    from spectral_bench.config.catalog import GROUPS
    from spectral_bench.config.compose import compose
    from spectral_bench.config.hints import nearest_key
    from spectral_bench.config.keys import flatten

    name = option.removeprefix("--")
    keys = {*flatten(compose([]).config), *GROUPS}
    key = name if name in keys else nearest_key(name, keys)
    if key is None:
        return None
    for place, word in enumerate(typed):
        if word.startswith(f"{option}="):
            return f"{key}={word.partition('=')[2]}"
        if word == option and place + 1 < len(typed) and not typed[place + 1].startswith("-"):
            return f"{key}={typed[place + 1]}"
    return f"{key}=VALUE"
