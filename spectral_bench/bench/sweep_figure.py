"""The benchmark as a picture: time per step against n, against m and against T."""

from collections.abc import Callable, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, StrMethodFormatter

from spectral_bench.bench.contenders import OURS, OURS_DENSE, OURS_LOW_RANK, TORCH_CELL, TORCH_RNN
from spectral_bench.bench.setting import Setting
from spectral_bench.bench.suite import Measured

#: Colour (Okabe and Ito), marker and line of each curve: distinct without colour, too.
_STYLES = {
    TORCH_RNN: ("#000000", "s", "--"),
    TORCH_CELL: ("#999999", "D", "--"),
    OURS_DENSE: ("#E69F00", "^", "-"),
    OURS_LOW_RANK: ("#56B4E9", "v", "-"),
    OURS: ("#D55E00", "o", "-"),
}

_PANELS: dict[str, tuple[str, Callable[[Setting], int]]] = {
    "hidden_size": ("hidden size n", lambda setting: setting.hidden_size),
    "reflectors": ("reflectors m1 = m2", lambda setting: setting.m1),
    "length": ("time steps T", lambda setting: setting.length),
}


def draw_sweeps(results: Sequence[Measured], file: Path) -> None:
    """Write the picture; the suffix of ``file`` chooses the format."""
    figure = Figure(figsize=(12, 4), layout="constrained")
    panels = figure.subplots(1, len(_PANELS))
    for axes, part in zip(panels, _PANELS, strict=True):
        _panel(axes, part, [measured for measured in results if measured.part == part])
    panels[0].set_ylabel("ms per training step")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(_STYLES), frameon=False)
    figure.savefig(file, dpi=150)


def _panel(axes: Axes, part: str, measured: Sequence[Measured]) -> None:
    label, value_of = _PANELS[part]
    values = [value_of(one.setting) for one in measured]
    for name, (colour, marker, line) in _STYLES.items():
        milliseconds = [1e3 * one.times[name].median for one in measured]
        on_top = 3 if name == OURS else 2
        axes.loglog(values, milliseconds, line, color=colour, marker=marker, label=name, zorder=on_top, ms=5)
    axes.set_xlabel(label)
    axes.set_xticks(values, [str(value) for value in values])
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5, 7), numticks=12))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.minorticks_off()
    axes.grid(which="major", color="#dddddd", linewidth=0.6)
    axes.set_title(_fixed(part, measured[0].setting), fontsize=9)


def _fixed(part: str, setting: Setting) -> str:
    """What stays the same along the horizontal axis."""
    sizes = {
        "hidden_size": f"n={setting.hidden_size}",
        "length": f"T={setting.length}",
        "reflectors": f"m1=m2={setting.m1}",
    }
    return ", ".join(text for key, text in sizes.items() if key != part) + f", B={setting.batch_size}"
