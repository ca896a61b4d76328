"""The pictures of gradient norms, as numbers: what arrives, how fast it decays, through training, and absolutely."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from spectral_bench.figures.chosen_moments import chosen_moments
from spectral_bench.figures.gradient_maps import Heat, heat_of
from spectral_bench.figures.measured_text import as_drawn
from spectral_bench.figures.named_groups import standings_of, unnamed_keys
from spectral_bench.figures.relative_gradients import Moment, moments
from spectral_bench.figures.samples import keys_pooled
from spectral_bench.figures.series import Series, over_runs
from spectral_bench.figures.traced_gradients import Traced, losses_of, words_of
from spectral_bench.records.groups import Section
from spectral_bench.records.traced_states import traced_notes
from spectral_bench.runs.layout import AxisWords

#: The panels of the figure.
GRADIENT_PANELS = ("relative", "decay", "map", "norms")


@dataclass(frozen=True)
class GradientPictures:
    """Everything the figure of a section shows.

    Attributes:
        title: of the section.
        layer: which layer, from 0.
        words: how the places along the traces are called.
        moments: what arrives and how fast it decays, at the chosen moments.
        maps: one for each group.
        start, end: norm at t = 0 and at t = T over training.
        losses: whose gradient was traced, with the groups; none where there is but one loss, as over depth.
        states: what they are made of, in a sentence; none where that is h.
        standings: how far the runs of groups are that are running.
        unnamed: the keys in which groups of a model differ besides those in their names, in a sentence.
        pooled: the keys in which the runs of a group differ, with the number of their values.
    """

    title: str
    layer: int
    words: AxisWords
    moments: list[Moment]
    maps: list[Heat]
    start: list[Series]
    end: list[Series]
    losses: Mapping[str, Sequence[str]] = field(default_factory=dict)
    states: Sequence[str] = ()
    standings: Sequence[str] = ()
    unnamed: Sequence[str] = ()
    pooled: Mapping[str, int] = field(default_factory=dict)

    def rows(self) -> Iterator[dict[str, Any]]:
        """The numbers behind every picture."""
        for moment in self.moments:
            yield from moment.rows()
        for heat in self.maps:
            yield from heat.rows()
        for name, curves in (("start", self.start), ("end", self.end)):
            for series in curves:
                yield from series.rows(name, "step")


def gradient_pictures(
    section: Section, groups: Sequence[Traced], layer: int, steps: Sequence[str] = ()
) -> GradientPictures:
    """Prepare the pictures of a section.

    Args:
        section: the runs.
        groups: from ``traced``, at least one.
        layer: the layer they are of.
        steps: the moments to look at, as for ``chosen_moments``.

    Raises:
        InputError: a step is neither a number nor ``mean``.
    """
    words = words_of(groups)
    start, end = ([_over_training(one, t) for one in groups] for t in (0, -1))
    chosen = chosen_moments(groups, steps)
    maps = [heat_of(one, {step for moment in chosen for step in moment.steps[at]}) for at, one in enumerate(groups)]
    named = [(as_drawn(one.caption), one.group) for one in groups]
    states = traced_notes(named, words.state if words.state != "h" else "")
    drawn = moments(groups, words, chosen)
    pooled = keys_pooled(one.runs for one in groups)
    return GradientPictures(
        section.title,
        layer,
        words,
        drawn,
        maps,
        start,
        end,
        losses_of(groups),
        states,
        standings_of(named),
        unnamed_keys([one.group for one in groups]),
        pooled,
    )


def _over_training(one: Traced, t: int) -> Series:
    curves = [(norms.steps, norms.norms[:, t]) for norms in one.norms]
    return over_runs(one.caption, one.look, curves, logarithmic=True)
