"""``spectral-bench run``: train one model on one task, or every point of a grid."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spectral_bench.cli.completion import complete_override
from spectral_bench.cli.readers import outliving_readers

if TYPE_CHECKING:
    from rich.console import Console

    from spectral_bench.config.load import Loaded
    from spectral_bench.config.schema import ExperimentConfig


def run(
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
        bool, typer.Option("--multirun", "-m", help="Run every point of a grid: model=rnn,svdrnn seed=1,2,3.")
    ] = False,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Show the configuration and where it comes from, and stop.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read the data, build the model, show their size, and stop.")
    ] = False,
    config_dir: Annotated[
        Path | None, typer.Option("--config-dir", help="A folder of your own files, laid out like conf/.")
    ] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on with an unfinished run of exactly this configuration, if there is one."),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show nothing but the result.")] = False,
) -> None:
    """Train a model on a task, watch it, and keep everything.

    A run writes a directory of its own, results/TASK/MODEL/RUN_ID.
    """
    from rich.console import Console

    console = Console()
    typed = overrides or []
    with outliving_readers():
        if multirun:
            from spectral_bench.cli.grid import run_grid

            run_grid(typed, config_dir, console, print_config=print_config, dry_run=dry_run, resume=resume, quiet=quiet)
            return
        loaded = load_cell(typed, config_dir)
        if not show_instead(loaded, console, print_config=print_config, dry_run=dry_run):
            run_cell(loaded, console, resume=resume, quiet=quiet)


def load_cell(overrides: list[str], config_dir: Path | None) -> Loaded:
    """Compose and check the configuration of one run; what has no effect is said on stderr.

    Raises:
        InputError: something about it is wrong.
    """
    from spectral_bench.config.load import load
    from spectral_bench.nn.build import LAYERS
    from spectral_bench.tasks import TASKS

    loaded = load(overrides, models=LAYERS, tasks=TASKS, config_dir=config_dir)
    for warning in loaded.warnings:
        typer.echo(f"Warning: {warning}", err=True)
    return loaded


def show_instead(loaded: Loaded, console: Console, *, print_config: bool, dry_run: bool) -> bool:
    """Show the configuration or the plan of a run where that is all the user wants; returns whether it was."""
    if print_config:
        from spectral_bench.cli.print_config import show_config

        show_config(loaded, console)
    elif dry_run:
        from spectral_bench.cli.plan import show_plan

        show_plan(loaded, console)
    return print_config or dry_run


def completed_run(loaded: Loaded) -> Path | None:
    """The directory of a completed run of exactly this configuration, if there is one."""
    from spectral_bench.runs.saved import find_completed

    return find_completed(loaded.experiment)


def run_cell(loaded: Loaded, console: Console, *, resume: bool, quiet: bool) -> None:
    """Train, or go on training, show it, and show the result.

    Raises:
        SpectralBenchError: the input is wrong, data is missing, or the training diverged.
        StoppedEarly: the run was stopped before its end.
    """
    from spectral_bench.cli.display import open_display
    from spectral_bench.cli.results import show_end
    from spectral_bench.runs.execute import execute, prepare
    from spectral_bench.runs.saved import find_unfinished

    unfinished = find_unfinished(loaded.experiment) if resume else None
    if unfinished is not None:
        from spectral_bench.cli.resume import go_on

        may_differ = ("data_dir", "train.max_minutes")
        typed = [text for text in loaded.composition.overrides if text.partition("=")[0] in may_differ]
        go_on(unfinished, typed, console, quiet=quiet)
        return
    with open_display(console, title(loaded.experiment), quiet=quiet) as display:
        result = execute(prepare(loaded.experiment), loaded.composition.overrides, [display])
    show_end(result, console)


def title(experiment: ExperimentConfig) -> str:
    """A run in a few words."""
    return f"{experiment.model.name} on {experiment.task.name}, seed {experiment.seed}"
