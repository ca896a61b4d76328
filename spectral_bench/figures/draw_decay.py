"""The panel of decay rates: a row a group, with its interval, in words, and the verdict."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from matplotlib.ticker import MaxNLocator

from spectral_bench.figures.relative_gradients import Moment
from spectral_bench.runs.layout import AxisWords

#: Inches of a row, and of title and axis together.
_ROW, _REST = 0.42, 0.75


def decay_height(moment: Moment) -> float:
    """Inches that the panel needs."""
    return _REST + _ROW * len(moment.decays)


def draw_decay(figure: SubFigure, moment: Moment, words: AxisWords) -> Sequence[Axes]:
    """Draw the rates of a moment, zero (level) as a line; nothing for the legend."""
    axes: Axes = figure.subplots()
    rows = len(moment.decays)
    for place, one in enumerate(moment.decays):
        y = rows - 1 - place
        axes.text(
            0.0, y + 0.62, one.label, color=one.look.colour, fontweight="bold", va="center", fontsize=7.5,
            transform=axes.get_yaxis_transform(), bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
        )  # fmt: skip
        axes.text(
            1.0, y + 0.62, one.verdict, va="center", ha="right", fontsize=7.5, fontweight="bold",
            transform=axes.get_yaxis_transform(),
        )  # fmt: skip
        told = "; ".join(filter(None, (one.rate_words, one.kept_words)))
        axes.text(
            0.0, y + 0.30, told, va="center", fontsize=7, transform=axes.get_yaxis_transform(),
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
        )  # fmt: skip
        if one.rate is None:
            continue
        if one.rate.interval is not None:
            axes.plot(one.rate.interval, [y, y], color=one.look.colour, linewidth=1.2, marker="|")
        axes.plot([one.rate.mean], [y], color=one.look.colour, marker=one.look.marker, markersize=5, linestyle="")
    axes.axvline(0.0, color="#555555", linewidth=0.8, zorder=1)
    axes.set_ylim(-0.35, rows - 0.1)
    axes.set_yticks([])
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    unit = words.unit.rpartition(" ")[2]
    axes.set_xlabel(f"← grows    rate per {unit}    shrinks →")
    known = any(one.rate is not None and one.rate.interval is not None for one in moment.decays)
    axes.set_title("decay on the way back" + (", with 95 % interval" if known else ""))
    return []
