"""The figure of gradients: first whether they vanish, then through training, then their absolute norms."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from spectral_bench.figures.draw_decay import decay_goes_on, decay_heights, draw_decay
from spectral_bench.figures.draw_gradient_maps import map_strip
from spectral_bench.figures.draw_relative import draw_relative
from spectral_bench.figures.gradients import GRADIENT_PANELS, GradientPictures
from spectral_bench.figures.intervals import GOES_ON
from spectral_bench.figures.measured_text import as_drawn
from spectral_bench.figures.relative_gradients import Bounds, Moment
from spectral_bench.figures.samples import about_pools, about_samples, names_with_counts
from spectral_bench.figures.series import Series
from spectral_bench.figures.sheet import NoRoomError, Sheet, Strip, figure_of_strips
from spectral_bench.figures.style import (
    BELOW_THE_AXIS,
    decades,
    draw_series,
    leaves_at_the_bottom,
    say_the_only_point,
)
from spectral_bench.figures.traced_gradients import LAST_LOSS
from spectral_bench.runs.layout import AxisWords
from spectral_bench.runs.setting_words import settings_in_words

#: From this width on, decay stands beside the curve it is of.
_TWO_COLUMNS = 5.0

#: Widths of the two to each other.
_RATIO = (1.1, 1.0)

#: Inches of the curves of what arrives: by choice, and at least.
_RELATIVE, _LEAST_RELATIVE = 2.6, 1.6


#: What is left out of a figure of everything that no page has room for, until one has, and what it is called.
_LEFT_OUT = ((), ("norms",), ("norms", "map"))
_CALLED = {"norms": "the absolute norms", "map": "the maps"}


def draw_gradients(pictures: GradientPictures, sheet: Sheet) -> Figure:
    """Draw everything about the gradients of a section that the sheet asks for.

    If it chooses no panels, and no page has room for all of them, those that answer the question least are left out,
    and the caption says so.

    Raises:
        NoRoomError: no page has room for it.
    """
    if sheet.panels is None:
        for left_out in _LEFT_OUT:
            kept = tuple(name for name in GRADIENT_PANELS if name not in left_out)
            with suppress(NoRoomError):
                return _drawn(pictures, replace(sheet, panels=kept), left_out)
    return _drawn(pictures, sheet)


def _drawn(pictures: GradientPictures, sheet: Sheet, left_out: Sequence[str] = ()) -> Figure:
    curves = [series for panel in _panels(pictures, sheet) for series in panel]
    labels = names_with_counts(curves)

    def strips(layout: Sheet) -> list[Strip]:
        found = [strip for moment in pictures.moments for strip in _moment(moment, pictures.words, layout)]
        if sheet.has("map"):
            found.append(map_strip(pictures.maps, pictures.words, layout))
        if sheet.has("norms"):
            found.append(_norms(pictures, layout))
        return found

    layer = f", layer {pictures.layer}" if pictures.layer else ""
    state = pictures.words.state
    of = "the last step's loss" if set(pictures.losses) == {LAST_LOSS} else "the loss"
    title = f"{settings_in_words(pictures.title)}{layer}: what arrives at ${state}_0$ of the gradient of {of}"
    return figure_of_strips(
        sheet, title, [_caption(pictures, sheet, left_out)], labels, strips, notes=about_pools(pictures.pooled)
    )


def _caption(pictures: GradientPictures, sheet: Sheet, left_out: Sequence[str]) -> str:
    panels = _panels(pictures, sheet)
    sentences = [
        *_about_losses(pictures),
        *about_samples([series for curves in panels for series in curves], pooled=pictures.pooled),
    ]
    if any(map(leaves_at_the_bottom, panels)):
        sentences.append(BELOW_THE_AXIS)
    bounds = [one for moment in pictures.moments for one in moment.bounds]
    if bounds and sheet.has("relative"):
        sentences.append(_about_bounds(bounds, pictures.words))
    if sheet.has("decay") and any(map(decay_goes_on, pictures.moments)):
        sentences.append(GOES_ON)
    if left_out:
        sentences.append(f"The page has no room for {' and '.join(_CALLED[name] for name in left_out)}.")
    return " ".join([*sentences, *pictures.states, *pictures.unnamed, *pictures.standings])


def _panels(pictures: GradientPictures, sheet: Sheet) -> list[list[Series]]:
    """The curves that are drawn, by panel."""
    panels = [moment.curves for moment in pictures.moments] if sheet.has("relative") else []
    return [*panels, [*pictures.start, *pictures.end]] if sheet.has("norms") else panels


def _about_losses(pictures: GradientPictures) -> list[str]:
    """Whose gradient it is."""
    if len(pictures.losses) < 2:
        return [f"Traced: the gradient of ${pictures.words.loss}$, {loss}." for loss in pictures.losses]
    parts = [f"{loss} in {', '.join(map(as_drawn, groups))}" for loss, groups in pictures.losses.items()]
    return [f"Traced: the gradient of {'; of '.join(parts)}."]


def _about_bounds(bounds: Sequence[Bounds], words: AxisWords) -> str:
    """What the dotted lines and the shaded areas are."""
    t, last = words.symbol, words.last
    factor = r"(1\pm{}r)" if all(one.centre == 1.0 for one in bounds) else r"\sigma"
    which = "" if factor.startswith("(") else r", $\sigma$ the smallest and the largest there may be"
    if all(one.binding for one in bounds):
        return (
            f"Dotted: ${factor}^{{{last}-{t}}}$, what the radius allows{which}; shaded: the same, times what the "
            "slopes of the activation allow."
        )
    return (
        f"Dotted: ${factor}^k$, $k$ steps back from the largest norm near ${last}${which}: no bound, for a loss at "
        "every step or a layer above adds gradient on the way."
    )


def _moment(moment: Moment, words: AxisWords, sheet: Sheet) -> list[Strip]:
    """What arrives, and beside it (below it on a narrow page) how fast it decays."""
    both = sheet.has("relative") and sheet.has("decay") and bool(moment.decays)
    if both and sheet.width >= _TWO_COLUMNS:
        right = sheet.width * _RATIO[1] / sum(_RATIO)

        def side_by_side(part: SubFigure) -> Sequence[Axes]:
            halves: Any = part.subfigures(1, 2, width_ratios=_RATIO)
            return [*draw_relative(halves[0], moment, words), *draw_decay(halves[1], moment, words, right)]

        height, least = decay_heights(moment, right)
        return [Strip(max(_RELATIVE, height), side_by_side, max(_LEAST_RELATIVE, least))]
    strips = []
    if sheet.has("relative"):
        strips.append(Strip(_RELATIVE, lambda part: draw_relative(part, moment, words), _LEAST_RELATIVE))
    if sheet.has("decay") and moment.decays:
        height, least = decay_heights(moment, sheet.width)
        strips.append(Strip(height, lambda part: draw_decay(part, moment, words, sheet.width), least))
    return strips


def _norms(pictures: GradientPictures, sheet: Sheet) -> Strip:
    columns = sheet.beside(2, 2.2)

    def draw(part: SubFigure) -> Sequence[Axes]:
        state = pictures.words.state
        panels = list(part.subplots(2 // columns, columns, sharey=True, squeeze=False).flat)
        for axes, curves, place in zip(panels, (pictures.start, pictures.end), ("0", pictures.words.last), strict=True):
            norm = f"$\\|\\partial {pictures.words.loss}/\\partial {state}_{place}\\|$"
            axes.set(yscale="log", xlabel="training step", ylabel=norm, title=f"absolute norm at ${state}_{place}$")
            if not say_the_only_point(axes, curves):
                draw_series(axes, curves, over_training=True)
        decades(panels[0], [*pictures.start, *pictures.end])
        return panels

    return Strip(1.9 * (2 // columns), draw, 1.25 * (2 // columns))
