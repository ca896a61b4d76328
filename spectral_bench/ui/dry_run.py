"""``spectral-bench run --dry-run``: the size of a run, without running it."""

import math

from rich.box import HORIZONTALS
from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

from spectral_bench.config.load import Loaded
from spectral_bench.runs.execute import prepare
from spectral_bench.training.memory_estimate import estimate_memory


def show_plan(loaded: Loaded, console: Console) -> None:
    """Read the data and build the model, and print their sizes.

    Raises:
        InputError: the configuration does not fit the task, the model or this machine.
        DataError: a data file is missing or damaged.
    """
    experiment = loaded.experiment
    prepared = prepare(experiment)
    task, model, trainer = prepared.task, prepared.model, prepared.trainer
    batch = task.train_batch(0, experiment.train.batch_size, experiment.seed)
    memory = estimate_memory(model, task.signature, batch, experiment.train.evaluation_batch_size)
    title = f"{experiment.model.name} on {experiment.task.name}: not run"
    table = Table(title=title, title_justify="left", box=HORIZONTALS, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_row("parameters", f"{model.num_parameters():,}")
    table.add_row("time steps", f"{task.signature.length:,}")
    table.add_row("sequences an update", f"{batch.size:,}")
    if trainer.updates_per_epoch is not None:
        table.add_row("updates an epoch", f"{trainer.updates_per_epoch:,}")
    table.add_row("updates", f"{trainer.total_steps:,}")
    evaluations = math.ceil(trainer.total_steps / trainer.evaluate_every)
    table.add_row("evaluations", f"{evaluations:,}, every {_updates(trainer.evaluate_every)}")
    if experiment.trace.gradients or experiment.trace.spectrum:
        looks = math.ceil(trainer.total_steps / trainer.trace_every) + 1  # the last is of the weights at the end
        table.add_row("traces", f"{looks:,}, every {_updates(trainer.trace_every)}")
    table.add_row("memory, about", decimal(memory))
    if task.baseline is not None:
        table.add_row(f"baseline {task.baseline.of}", f"{task.baseline.value:.4g}")
    console.print(table)


def _updates(count: int) -> str:
    return "update" if count == 1 else f"{count:,} updates"
