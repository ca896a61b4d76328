"""The benchmark as a table and as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.box import HORIZONTALS
from rich.console import Console
from rich.table import Table

from spectral_bench.bench.contenders import OURS, OURS_LSTM, OURS_RNN, OURS_TRACED, TORCH_CELL, TORCH_LSTM, TORCH_RNN
from spectral_bench.bench.deep_networks import DEEP_COUNTERPARTS
from spectral_bench.bench.form_rule import form_choices
from spectral_bench.bench.recurrences import COUNTERPARTS
from spectral_bench.bench.suite import Measured
from spectral_bench.bench.timing import Ratio, Times, ratio

#: The reference of a contender, if it is not the faster free network.
_COMPARED_WITH = {OURS_RNN: TORCH_RNN, OURS_LSTM: TORCH_LSTM, OURS_TRACED: OURS, **COUNTERPARTS, **DEEP_COUNTERPARTS}


def reference_of(name: str, times: Mapping[str, Times]) -> str:
    """The reference of a contender: the faster of ``nn.RNN`` and the ``nn.RNNCell`` loop, or its own counterpart."""
    counterpart = _COMPARED_WITH.get(name)
    if counterpart is not None and counterpart in times:
        return counterpart
    return min((TORCH_RNN, TORCH_CELL), key=lambda free: times[free].median)


def ratios(measured: Measured) -> dict[str, tuple[str, Ratio]]:
    """For every contender its reference, and its time relative to that."""
    return {
        name: ((reference := reference_of(name, measured.times)), ratio(times, measured.times[reference]))
        for name, times in measured.times.items()
    }


def show(measured: Measured, console: Console) -> None:
    """Print the table of one setting."""
    table = Table(title=str(measured.setting), title_justify="left", box=HORIZONTALS)
    table.add_column("a training step of")
    table.add_column("ms", justify="right")
    table.add_column("ratio (95 %)", justify="right", no_wrap=True)
    table.add_column("to", style="dim")
    table.add_column("peak MB", justify="right")
    for name, (reference, relative) in ratios(measured).items():
        peak = measured.peak_memory.get(name)
        table.add_row(
            name,
            f"{1e3 * measured.times[name].median:.1f}",
            f"{relative.value:.2f} ({relative.low:.2f}-{relative.high:.2f})",
            "" if reference == name else reference,
            "" if peak is None else f"{peak / 1e6:.0f}",
        )
    console.print(table, highlight=False)


def bench_json(results: Sequence[Measured], machine: Mapping[str, Any]) -> dict[str, Any]:
    """Everything measured: the machine, and for every setting its sizes, times, ratios and memory."""
    return {
        "machine": dict(machine),
        "results": [
            {
                "part": measured.part,
                "setting": asdict(measured.setting),
                "contenders": {
                    name: {
                        "median_seconds": measured.times[name].median,
                        "seconds": list(measured.times[name].seconds),
                        "compared_with": reference,
                        "ratio": asdict(relative),
                        "peak_memory_bytes": measured.peak_memory.get(name),
                    }
                    for name, (reference, relative) in ratios(measured).items()
                },
            }
            for measured in results
        ],
    }


def bench_markdown(results: Sequence[Measured], machine: Mapping[str, Any]) -> str:
    """The tables of all settings, for the repository."""
    lines = ["# Benchmark", "", "Made by `spectral-bench bench`. Ratios of medians with 95 % bootstrap intervals.", ""]
    hardware, packages = machine["hardware"], machine["packages"]
    processors = [name for name in (hardware["accelerator"], hardware["cpu"]) if name is not None]
    lines += [
        f"{', '.join(processors)}, {hardware['cores']} cores, {machine['threads']} threads, "
        f"torch {packages['torch']}, Python {machine['python']}, {_source(machine['git'])}."
    ]
    for measured in results:
        lines += ["", f"## {measured.part.replace('_', ' ')}: {measured.setting}", ""]
        lines += ["| a training step of | ms | ratio | 95 % | to | peak MB |", "|---|---:|---:|---|---|---:|"]
        for name, (reference, relative) in ratios(measured).items():
            peak = measured.peak_memory.get(name)
            lines.append(
                f"| {name} | {1e3 * measured.times[name].median:.1f} | {relative.value:.2f} "
                f"| {relative.low:.2f} to {relative.high:.2f} | {'' if reference == name else reference} "
                f"| {'' if peak is None else f'{peak / 1e6:.0f}'} |"
            )
    choices = list(form_choices(results))
    if choices:
        lines += ["", "## The form the rule of cost takes", ""]
        lines += ["| setting | form | its time, the other's = 1 | 95 % | |", "|---|---|---:|---|---|"]
    for choice in choices:
        relative = choice.relative
        lines.append(
            f"| {choice.setting} | {choice.form} | {relative.value:.2f} "
            f"| {relative.low:.2f} to {relative.high:.2f} | {choice.verdict} |"
        )
    return "\n".join(lines) + "\n"


def _source(git: Mapping[str, Any] | None) -> str:
    if git is None:
        return "an installed package"
    return f"commit {git['commit']}" + (" with uncommitted changes" if git["dirty"] else "")
