"""``spectral-bench bench``: how long a training step takes, ours and those of other implementations."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spectral_bench.bench.bench_part import BenchPart
from spectral_bench.cli.help_panels import OUTPUT, SHOWN


def bench(
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="Few small sizes: two and a half minutes.", rich_help_panel=SHOWN)
    ] = False,
    part: Annotated[
        list[BenchPart] | None,
        typer.Option(
            "--part",
            metavar="PART",
            help="Only this, and again for another: sizes (all contenders at a few), recurrences (of other papers), "
            "depth (networks without one), sweeps (over n, m and T).",
            rich_help_panel=SHOWN,
        ),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write everything measured to this file.", rich_help_panel=OUTPUT)
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Write tables, numbers and a picture to this folder.", rich_help_panel=OUTPUT
        ),
    ] = None,
    device: Annotated[
        str,
        typer.Option(
            "--device",
            metavar="DEVICE",
            help="Where to compute: cpu, cuda, cuda:1. On a GPU without the machine's limit.",
            rich_help_panel=SHOWN,
        ),
    ] = "cpu",
    threads: Annotated[
        int | None,
        typer.Option(
            "--threads", min=1, help="CPU threads; by default as many as PyTorch chooses.", rich_help_panel=SHOWN
        ),
    ] = None,
) -> None:
    """Time a training step of every model, in turn, against PyTorch and against the machine's limit.

    Ratios are to the faster of torch.nn.RNN and an nn.RNNCell loop; of deep networks to layers of torch.nn.Linear.
    Leave the machine alone meanwhile: some 25 minutes on two cores, with --quick two and a half. Install the extra
    "bench" for geotorch and torchrecurrent to take part.
    """
    import torch
    from rich.console import Console

    from spectral_bench.bench.output import bench_json, bench_markdown, show
    from spectral_bench.bench.suite import FULL, QUICK, measure
    from spectral_bench.bench.sweep_figure import draw_sweeps
    from spectral_bench.nn.kernels.gated_by_cudnn import keep_float32
    from spectral_bench.runs.atomic import write_json, write_text
    from spectral_bench.runs.environment import describe_environment
    from spectral_bench.runs.execute import device_named
    from spectral_bench.training.denormals import flushing_denormals

    if threads is not None:
        torch.set_num_threads(threads)
    for file in (json_file, output):
        _check_writable(file)
    console = Console()
    computing_on = device_named(device)
    if computing_on.type == "cuda":
        keep_float32()
    machine = describe_environment(computing_on, flush_denormals=True)
    results = []
    suite, parts = QUICK if quick else FULL, part or list(BenchPart)
    with flushing_denormals(True):
        for measured in measure(
            suite, torch.get_num_threads(), computing_on, lambda line: typer.echo(line, err=True), parts
        ):
            results.append(measured)
            show(measured, console)
            # After every setting, so that a failure loses no earlier measurement.
            if json_file is not None:
                write_json(json_file, bench_json(results, machine))
            if output is not None:
                output.mkdir(parents=True, exist_ok=True)
                write_json(output / "bench.json", bench_json(results, machine))
                write_text(output / "README.md", bench_markdown(results, machine))
    if output is not None and BenchPart.sweeps in parts:
        draw_sweeps(results, output / "bench.png")


def _check_writable(file: Path | None) -> None:
    """Refuse an unwritable path before minutes are spent."""
    from spectral_bench.errors import InputError

    if file is None:
        return
    existing = next(parent for parent in (file, *file.absolute().parents) if parent.exists())
    if existing != file and not existing.is_dir():
        raise InputError(f"{file} cannot be written: {existing} is not a folder.")
