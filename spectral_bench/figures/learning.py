"""Loss and metric over training, as numbers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spectral_bench.figures.measured_text import as_drawn
from spectral_bench.figures.named_groups import Naming, standings_of, unnamed_keys
from spectral_bench.figures.samples import keys_pooled
from spectral_bench.figures.series import Series, arithmetic_mean, over_runs
from spectral_bench.records.groups import Section
from spectral_bench.records.run_tables import read_metrics

#: The panels of the figure.
LEARNING_PANELS = ("loss", "metric")


@dataclass(frozen=True)
class Quantity:
    """One panel: a quantity over training.

    Attributes:
        panel: of ``LEARNING_PANELS``.
        name: ``loss``, or that of the metric.
        curves: of every group.
        baseline: what a memoryless predictor scores, if that is known in this quantity.
        logarithmic: the y axis; for what is better when smaller, orders of magnitude count.
    """

    panel: str
    name: str
    curves: list[Series]
    baseline: float | None
    logarithmic: bool


@dataclass(frozen=True)
class LearningPictures:
    """Everything the figure of a section shows.

    Attributes:
        title: of the section.
        split: which data.
        quantities: loss and metric; only one where they are the same.
        standings: how far the runs of groups are that are running.
        unnamed: the keys in which groups of a model differ besides those in their names, in a sentence.
        pooled: the keys in which the runs of a group differ, with the number of their values.
    """

    title: str
    split: str
    quantities: list[Quantity]
    standings: Sequence[str] = ()
    unnamed: Sequence[str] = ()
    pooled: Mapping[str, int] = field(default_factory=dict)

    def rows(self) -> Iterator[dict[str, Any]]:
        """The numbers behind every picture."""
        for quantity in self.quantities:
            for series in quantity.curves:
                yield from ({**row, "split": self.split} for row in series.rows(quantity.name, "step"))


def learning_pictures(section: Section, split: str, naming: Naming | None = None) -> LearningPictures | None:
    """Prepare the pictures of a section; None where nothing of the split was measured."""
    curves: dict[str, list[Series]] = {"loss": [], "metric": []}
    named_groups = (naming or Naming()).of(section)
    for named in named_groups:
        measured: dict[str, list[Any]] = {"loss": [], "metric": []}
        for run in named.group.counted:
            name, rows = read_metrics(run.directory)
            rows = [row for row in rows if row["split"] == split]
            if name is None or not rows:
                continue
            steps = np.array([int(row["step"]) for row in rows])
            order = np.argsort(steps)
            for kind, column in (("loss", "loss"), ("metric", name)):
                values = np.array([_number(row[column]) for row in rows])
                measured[kind].append((steps[order], values[order]))
        for kind, runs in measured.items():
            # The arithmetic mean whatever the axis: so the end of a curve is the number that ``compare`` gives.
            series = over_runs(
                named.caption, named.look, runs, logarithmic=_logarithmic(section, kind), mean_of=arithmetic_mean
            )
            if len(series.x):
                curves[kind].append(series)
    if _equal(curves["loss"], curves["metric"]):
        del curves["loss"]
    quantities = [
        Quantity(
            kind,
            "loss" if kind == "loss" else section.metric or "metric",
            found,
            section.baseline if section.baseline_of == kind else None,
            _logarithmic(section, kind),
        )
        for kind, found in curves.items()
        if found
    ]
    drawn = {series.label for quantity in quantities for series in quantity.curves}
    shown = [one for one in named_groups if one.caption in drawn]
    standings = standings_of([(as_drawn(one.caption), one.group) for one in shown])
    unnamed = unnamed_keys([one.group for one in named_groups])
    pooled = keys_pooled(one.group.counted for one in shown)
    return LearningPictures(section.title, split, quantities, standings, unnamed, pooled) if quantities else None


def _equal(losses: Sequence[Series], metrics: Sequence[Series]) -> bool:
    """Whether the metric is the loss, as a mean squared error may be."""
    pairs = zip(losses, metrics, strict=False)
    return len(losses) == len(metrics) and all(np.array_equal(loss.mean, metric.mean) for loss, metric in pairs)


def _logarithmic(section: Section, kind: str) -> bool:
    return kind == "loss" or section.mode == "min"


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
