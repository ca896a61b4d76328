"""``spectral-bench run``: train one model on one task, or every point of a grid."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from spectral_bench.cli.completion import complete_override
from spectral_bench.cli.help_panels import OUTSIDE, SHOWN, TRAINING
from spectral_bench.cli.idle_options import refuse_idle_options, typed_options
from spectral_bench.cli.plugin_option import Plugins
from spectral_bench.cli.sink_option import Sinks, chosen_sinks
from spectral_bench.runs.interruption import ending_on_signals
from spectral_bench.ui.broken_pipe import outliving_readers

#: The options of grids stand together in the help.
_GRIDS, _SEARCH = "Grids", "A search over hyperparameters"

#: What a search does where nothing else is said.
_TRIALS, _METRIC = 50, "validation"


class Sampling(StrEnum):
    """How a search chooses its trials."""

    random = "random"
    optuna = "optuna"


def run(
    ctx: typer.Context,
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[OVERRIDES]...",
            help="What to change, KEY=VALUE: model=rnn, task.length=200, experiment=pixel_mnist.",
            autocompletion=complete_override,
            show_default=False,
        ),
    ] = None,
    *,
    multirun: Annotated[
        bool,
        typer.Option(
            "--multirun",
            "-m",
            help="Run every point of a grid: model=rnn,svdrnn seed=1,2,3.",
            rich_help_panel=_GRIDS,
        ),
    ] = False,
    print_config: Annotated[
        bool,
        typer.Option(
            "--print-config",
            help="Show the configuration and where it comes from, and stop.",
            rich_help_panel=SHOWN,
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Read the data, build the model, show their size and how often it is measured, and stop.",
            rich_help_panel=SHOWN,
        ),
    ] = False,
    config_dir: Annotated[
        Path | None,
        typer.Option(
            "--config-dir",
            metavar="FOLDER",
            help="A folder of your own files, laid out like conf/.",
            rich_help_panel=OUTSIDE,
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on with an unfinished run of exactly this configuration, if there is one; a finished one is left "
            "alone. Grids always do.",
            rich_help_panel=TRAINING,
        ),
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="In a grid: train anew what is done or begun.", rich_help_panel=_GRIDS)
    ] = False,
    again_from: Annotated[
        str | None,
        typer.Option(
            "--again-from",
            metavar="MARK",
            help="Go on with what --again began; its last line holds the mark.",
            rich_help_panel=_GRIDS,
        ),
    ] = None,
    retry: Annotated[
        int,
        typer.Option("--retry", min=0, help="How often to try a point again that failed.", rich_help_panel=_GRIDS),
    ] = 0,
    keep_going: Annotated[
        bool,
        typer.Option("--keep-going", help="Train the rest when a point is wrong.", rich_help_panel=_GRIDS),
    ] = False,
    points: Annotated[
        bool,
        typer.Option("--list-points", help="Print the command of every point, and stop.", rich_help_panel=_GRIDS),
    ] = False,
    wait: Annotated[
        bool,
        typer.Option("--wait", help="Watch the jobs of a queue until they have ended.", rich_help_panel=_GRIDS),
    ] = False,
    sampler: Annotated[
        Sampling | None,
        typer.Option(help="Search instead of running all points: random, or Optuna's TPE.", rich_help_panel=_SEARCH),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Trials in all, those of earlier calls included.",
            show_default=str(_TRIALS),
            rich_help_panel=_SEARCH,
        ),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            help="What to choose by: validation, best_validation, solved_at, steps_to_beat_baseline.",
            show_default=_METRIC,
            rich_help_panel=_SEARCH,
        ),
    ] = None,
    at_once: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Trials that train at the same time; default: as many as there is room for.",
            rich_help_panel=_SEARCH,
        ),
    ] = None,
    sampler_seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of the sampler.", show_default="0", rich_help_panel=_SEARCH)
    ] = None,
    prune: Annotated[
        bool | None,
        typer.Option(
            "--prune/--no-prune",
            help="Stop trials that do worse than the median of those before.",
            show_default="prune",
            rich_help_panel=_SEARCH,
        ),
    ] = None,
    sink: Sinks = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Show nothing but the result.", rich_help_panel=SHOWN)
    ] = False,
    _plugins: Plugins = None,
) -> None:
    """Train a model on a task, watch it, and keep everything.

    A run writes a directory of its own, results/TASK/MODEL/RUN_ID. A grid (-m) leaves alone what is done, goes on with
    what is unfinished, and can be started in several shells at once; launcher=local runs its points on all cores,
    launcher=slurm and launcher=ray on a cluster. With --sampler it tries some points instead of all, KEY=interval(a,b)
    included, and says which were best on validation data.

    A grid ends with 0 when every point is done, now or before, running elsewhere, or handed to a queue. A signal's code
    comes first; then the one that all share which have no result yet, or 1; then 1 if one diverged, now or before.
    """
    typed = overrides or []
    with outliving_readers(), ending_on_signals():
        from rich.console import Console

        from spectral_bench.ui.one_run import load_single, show_instead, train_single

        refuse_idle_options(typed_options(ctx))
        console = Console()
        sinks = [] if print_config or dry_run else chosen_sinks(sink)
        if multirun or points:
            from spectral_bench.ui.grid import GridRequest, list_points, mark_of_runs, run_grid, show_grid_instead

            mark = mark_of_runs(again_from, again=again)
            request = GridRequest(typed, config_dir, _plugins or [], sinks, mark, retry, keep_going, quiet, wait)
            if sampler is not None:
                from spectral_bench.search.study import Sampler
                from spectral_bench.ui.search_report import SearchRequest, run_search

                search = SearchRequest(
                    Sampler(sampler),
                    trials or _TRIALS,
                    _METRIC if metric is None else metric,
                    at_once,
                    sampler_seed or 0,
                    prune,
                )
                run_search(request, search, console)
            elif points:
                list_points(request)
            elif not show_grid_instead(request, console, print_config=print_config, dry_run=dry_run):
                run_grid(request, console)
            return
        loaded = load_single(typed, config_dir)
        if not show_instead(loaded, console, print_config=print_config, dry_run=dry_run):
            train_single(loaded, console, resume=resume, quiet=quiet, sinks=sinks)
