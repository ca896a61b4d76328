"""Numbers from the literature, and which group of runs each stands beside."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from spectral_bench.records.groups import Group, Section
from spectral_bench.records.selection import parse_condition


@dataclass(frozen=True)
class Published:
    """A number from the literature (a line of ``published.csv``).

    Attributes:
        task: name of the task here.
        setting: conditions on the task's keys, as ``--where`` has them, separated by spaces.
        model: the equivalent model here, empty if there is none.
        name: what the source calls the model.
        hidden: hidden size, None if the source does not say.
        metric: name of the task's metric, or ``loss``.
        value: the number; accuracies are fractions.
        source: where it was published.
        comparable: whether a run here measures the same thing.
        why: why not, or what to keep in mind.
    """

    task: str
    setting: str
    model: str
    name: str
    hidden: int | None
    metric: str
    value: float
    source: str
    comparable: bool
    why: str

    def fits(self, section: Section) -> bool:
        """Whether it was measured on this task in this setting."""
        return self.task == section.task and all(
            condition.holds(section.config.get(condition.key))
            for condition in (parse_condition(text) for text in self.setting.split())
        )

    def is_of(self, group: Group) -> bool:
        """Whether it was measured with this model, at this size."""
        sizes = {(run.config.get("model.num_layers"), run.config.get("model.hidden_size")) for run in group.runs}
        return self.model == group.model and sizes == {(1, self.hidden)}

    @property
    def field(self) -> str:
        """The field of a summary it is compared with."""
        return "loss_test" if self.metric == "loss" else "test"


@cache
def published() -> tuple[Published, ...]:
    """All published numbers."""
    text = files("spectral_bench.compare").joinpath("published.csv").read_text(encoding="utf-8")
    return tuple(
        Published(
            row["task"],
            row["setting"],
            row["model"],
            row["name"],
            int(row["hidden"]) if row["hidden"] else None,
            row["metric"],
            float(row["value"]),
            row["source"],
            row["comparable"] == "yes",
            row["why"],
        )
        for row in csv.DictReader(text.splitlines())
    )


def fitting(section: Section) -> list[Published]:
    """The published numbers for a task in one setting."""
    return [number for number in published() if number.fits(section)]


def beside(group: Group, numbers: Iterable[Published]) -> list[Published]:
    """Those of the group's model at the group's size."""
    return [number for number in numbers if number.is_of(group)]
