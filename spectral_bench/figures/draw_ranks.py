"""The critical-difference diagram (Demšar, 2006)."""

import matplotlib as mpl
from matplotlib.figure import Figure

from spectral_bench.compare.ranks import CriticalDifference
from spectral_bench.figures.sheet import WIDTHS


def draw_ranks(result: CriticalDifference) -> Figure:
    """Mean ranks on a line, the best on the left; bars join groups that the test does not distinguish."""
    labels = list(result.ranks)
    count = len(labels)
    left = (count + 1) // 2
    bars = len(result.cliques)
    lowest = 0.9 + 0.35 * bars + 0.8 * left
    figure = Figure(figsize=(WIDTHS["double"], 0.7 + 0.28 * (lowest + 1.6)), layout="constrained")
    axes = figure.subplots()
    ink = mpl.rcParams["text.color"]
    margin = 0.45 * (count - 1)
    axes.set(xlim=(1 - margin, count + margin), ylim=(-lowest, 1.9), title=_title(result))
    axes.axis("off")
    axes.plot([1, count], [0, 0], color=ink, linewidth=1)
    for rank in range(1, count + 1):
        axes.plot([rank, rank], [0, 0.18], color=ink, linewidth=1)
        axes.text(rank, 0.28, str(rank), ha="center", va="bottom")
    end: float = min(1.0 + result.critical_difference, count + margin)
    axes.plot([1, end], [1.25, 1.25], color=ink, linewidth=1.5, marker="|", markersize=6)
    axes.text((1 + end) / 2, 1.35, f"CD = {result.critical_difference:.2f}", ha="center", va="bottom")
    for position, clique in enumerate(result.cliques):
        ends = [result.ranks[clique[0]] - 0.04, result.ranks[clique[-1]] + 0.04]
        axes.plot(ends, [-0.35 * (position + 1)] * 2, color="#D55E00", linewidth=3.5, solid_capstyle="butt")
    for position, (label, mean_rank) in enumerate(result.ranks.items()):
        on_left = position < left
        depth = position if on_left else count - 1 - position
        y = -(0.9 + 0.35 * bars + 0.8 * depth)
        edge = 1 - 0.06 * (count - 1) if on_left else count + 0.06 * (count - 1)
        axes.plot([mean_rank, mean_rank, edge], [0, y, y], color=ink, linewidth=0.7)
        side = "right" if on_left else "left"
        gap = -0.02 * count if on_left else 0.02 * count
        axes.text(edge + gap, y, f"{label}  {mean_rank:.2f}", ha=side, va="center")
    return figure


def _title(result: CriticalDifference) -> str:
    over = "tasks" if result.over_tasks else "data sets"
    return f"{result.task}: mean ranks over {result.datasets} {over}, the best on the left"
