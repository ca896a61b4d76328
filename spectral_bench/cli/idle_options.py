"""Which options of ``run`` go together: one that would be ignored is refused."""

from collections.abc import Collection, Iterable

import typer

from spectral_bench.errors import InputError

#: These show something instead of training.
_SHOWING = ("--list-points", "--print-config", "--dry-run")

#: These say how points are trained; the commands that --list-points prints hold the first.
_OF_TRAININGS = ("--sink", "--resume", "--again", "--again-from", "--retry", "--wait", "--quiet")

_OF_GRIDS = ("--again", "--again-from", "--retry", "--keep-going", "--wait", "--sampler")

_OF_SEARCHES = ("--trials", "--metric", "--at-once", "--sampler-seed", "--prune", "--no-prune")

#: What a search has no use for: it chooses its points, knows what each came to, and shows nothing in their place.
_OF_NO_SEARCH = (*_SHOWING, "--again", "--again-from", "--keep-going")


def typed_options(ctx: typer.Context) -> list[str]:
    """The options of this call that were typed, whatever their values, by their long names."""
    found = []
    for parameter in ctx.command.params:
        source = ctx.get_parameter_source(str(parameter.name))
        if parameter.param_type_name == "option" and source is not None and source.name == "COMMANDLINE":
            is_off = ctx.params.get(str(parameter.name)) is False
            found.append(max(parameter.secondary_opts if is_off else parameter.opts, key=len))
    return found


def refuse_idle_options(given: Collection[str]) -> None:
    """Refuse what would be ignored.

    Args:
        given: the options that were typed.

    Raises:
        InputError: two of them contradict each other, or one has no effect beside the others.
    """
    shown = [option for option in _SHOWING if option in given]
    if len(shown) > 1:
        raise InputError(f"{' and '.join(shown)}: choose one of them.")
    if shown:
        kept = ("--sink",) if shown == ["--list-points"] else ()
        idle = [option for option in _OF_TRAININGS if option not in kept]
        _refuse(given, idle, f"has no effect on what {shown[0]} shows: leave it out")
    if "--resume" in given and not {"--again", "--again-from"}.isdisjoint(given):
        raise InputError("--resume goes on with what is there, --again trains it anew: choose one of them.")
    if "--multirun" not in given and "--list-points" not in given:
        _refuse(given, _OF_GRIDS, "is about the points of a grid: add -m")
    if "--sampler" in given:
        _refuse(given, _OF_NO_SEARCH, "does not go with --sampler, which chooses the points it trains")
    else:
        _refuse(given, _OF_SEARCHES, "is about a search: add -m --sampler optuna, or random")


def _refuse(given: Collection[str], options: Iterable[str], why: str) -> None:
    for option in options:
        if option in given:
            raise InputError(f"{option} {why}.")
