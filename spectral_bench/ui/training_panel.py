"""How a training stands, in a few lines: for a display of its own, or below the table of a grid."""

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from spectral_bench.report.numbers import duration, number
from spectral_bench.runs.field_words import metric_in_words
from spectral_bench.ui.training_state import TrainingState

_STEP_WIDTH = 40


class TrainingPanel(TrainingState):
    """Progress, losses, gradients and spectrum of one training; who shows it decides when it is rendered.

    Args:
        title: what is being trained, in a few words.
    """

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title

    def render(self) -> RenderableType:
        """The panel, as the training stands now."""
        if self.plan is None:
            return Text(f"{self._title}: reading data")
        return Group(Text(self._title, style="bold"), self._bar(), self._scores(), self._insides())

    def _bar(self) -> Table:
        plan = self._known_plan()
        row = Table.grid(padding=(0, 2, 0, 0))
        row.add_row(
            ProgressBar(total=plan.total_steps, completed=self.step, width=_STEP_WIDTH),
            f"step {self.step:,} of {plan.total_steps:,}",
            "" if (left := self.seconds_left()) is None else f"{duration(left)} left",
        )
        return row

    def _scores(self) -> Table:
        """Loss and metric: now, on the validation split, at best, and what a memoryless predictor scores."""
        plan = self._known_plan()
        table = Table.grid(padding=(0, 3, 0, 0))
        table.add_column(min_width=16)
        for _ in range(4):
            table.add_column(justify="right", min_width=10)
        table.add_row("", *(Text(head, style="dim") for head in ("train", "validation", "best", "baseline")))
        train, validation = self.latest.get("train"), self.latest.get("validation")
        baseline = plan.baseline
        table.add_row(
            "loss",
            number(self.loss),
            number(validation.loss if validation else None),
            "",
            number(baseline.value) if baseline and baseline.of == "loss" else "",
        )
        table.add_row(
            metric_in_words(plan.metric.name),
            number(train.metric if train else None),
            Text(number(validation.metric if validation else None), style="bold"),
            number(self.best),
            number(baseline.value) if baseline and baseline.of == "metric" else "",
        )
        return table

    def _insides(self) -> Table:
        """What the papers are about: gradients over time and the spectrum; and the speed."""
        table = Table.grid(padding=(0, 3, 0, 0))
        table.add_column(min_width=16)
        for layer, (first, last) in self.gradients.items():
            name = "gradient norm" if len(self.gradients) == 1 else f"gradient norm {layer + 1}"
            table.add_row(name, f"{first:.2e} at t=0, {last:.2e} at t=T")
        if self.margin is not None:
            table.add_row("spectral margin", number(self.margin))
        epoch = "" if self.epoch() is None else f", epoch {self.epoch():.2f}"
        table.add_row("speed", f"{number(self.samples_per_second())} samples/s{epoch}")
        return table
