"""The pictures and the table of singular values over training."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from spectral_bench.figures.looks import Look
from spectral_bench.figures.measured_text import as_drawn
from spectral_bench.figures.named_groups import Naming, standings_of, unnamed_keys
from spectral_bench.figures.samples import keys_pooled
from spectral_bench.figures.series import Array, Series, geometric_mean_of_positive, over_runs
from spectral_bench.records.groups import Group, Section
from spectral_bench.records.run_record import Run
from spectral_bench.records.traces import QUANTILES, Spectra, spectra

#: The panels of the figure.
SPECTRUM_PANELS = ("margin", "distribution")


@dataclass(frozen=True)
class TracedSpectra:
    """A group's singular values.

    Attributes:
        group: the runs.
        caption: what pictures call it.
        look: of the group.
        runs: those that count and traced any, in the order of seeds.
        spectra: theirs.
        allowed: the smallest and the largest value the model promises; None if they are free.
        centre: what its margin is measured from.
    """

    group: Group
    caption: str
    look: Look
    runs: list[Run]
    spectra: list[Spectra]
    allowed: tuple[float, float] | None
    centre: float | None


@dataclass(frozen=True)
class SpectrumPictures:
    """Everything the figure of a section shows.

    Attributes:
        title: of the section.
        margin: max |σ - σ*| of every group that has a σ*, the centre of its model.
        centres: σ* of every one of these groups.
        radii: for every one of them, the margin that its model promises to keep to; None where it is free.
        quantiles: for every group, minimum, quartiles, median and maximum of σ.
        allowed: for every group, the bounds its model promises.
        standings: how far the runs of groups are that are running.
        unnamed: the keys in which groups of a model differ besides those in their names, in a sentence.
        pooled: the keys in which the runs of a group differ, with the number of their values.
    """

    title: str
    margin: list[Series]
    centres: list[float]
    radii: list[float | None]
    quantiles: list[list[Series]]
    allowed: list[tuple[float, float] | None]
    standings: Sequence[str] = ()
    unnamed: Sequence[str] = ()
    pooled: Mapping[str, int] = field(default_factory=dict)

    @property
    def without_margin(self) -> list[str]:
        """The groups whose matrices are not all that a step multiplies a gradient by, so that they have no margin."""
        having = {series.label for series in self.margin}
        return [label for curves in self.quantiles if (label := curves[0].label) not in having]

    def rows(self) -> Iterator[dict[str, Any]]:
        """The numbers behind every picture."""
        for series in self.margin:
            yield from series.rows("margin", "step")
        for curves in self.quantiles:
            for quantile, series in zip(QUANTILES, curves, strict=True):
                yield from ({**row, "quantile": quantile} for row in series.rows("singular_value", "step"))


def traced_spectra(
    section: Section, damaged: list[Path] | None = None, naming: Naming | None = None
) -> list[TracedSpectra]:
    """The groups of a section that traced singular values; ``damaged`` receives the files that cannot be read."""
    tracing: dict[str, list[tuple[Run, Spectra]]] = {}
    for group in section.groups:
        by_run = [(run, spectra(run.directory, run.facts.margin_centre, damaged)) for run in group.counted]
        tracing[group.id] = [(run, values) for run, values in by_run if values is not None]
    found = []
    for named in (naming or Naming()).of(section, [group for group in section.groups if tracing[group.id]]):
        facts = named.group.runs[0].facts
        runs, values = (list(several) for several in zip(*tracing[named.group.id], strict=True))
        found.append(
            TracedSpectra(named.group, named.caption, named.look, runs, values, facts.sigma, facts.margin_centre)
        )
    return found


def spectrum_pictures(section: Section, groups: Sequence[TracedSpectra]) -> SpectrumPictures:
    """Prepare the pictures of a section; ``groups`` from ``traced_spectra``, at least one."""
    margin, centres, radii, quantiles = [], [], [], []
    for one in groups:
        if one.centre is not None:
            margin.append(_over_runs(one, [(run.steps, run.margin) for run in one.spectra]))
            centres.append(one.centre)
            radii.append(None if one.allowed is None else max(abs(bound - one.centre) for bound in one.allowed))
        quantiles.append(
            [
                _over_runs(one, [(run.steps, run.quantiles[:, column]) for run in one.spectra])
                for column in range(len(QUANTILES))
            ]
        )
    allowed = [one.allowed for one in groups]
    standings = standings_of([(as_drawn(one.caption), one.group) for one in groups])
    pooled = keys_pooled(one.runs for one in groups)
    unnamed = unnamed_keys([one.group for one in groups])
    return SpectrumPictures(section.title, margin, centres, radii, quantiles, allowed, standings, unnamed, pooled)


def _over_runs(one: TracedSpectra, curves: Sequence[tuple[NDArray[Any], Array]]) -> Series:
    """On a logarithmic axis; a margin of zero is no underflow, and lies below it."""
    return over_runs(one.caption, one.look, curves, logarithmic=True, mean_of=geometric_mean_of_positive)
