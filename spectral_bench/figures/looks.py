"""Which colour, marker and dashes a line has. They belong to a model, in every figure and for ever.

The colours are of Okabe and Ito (2008), without their yellow, too pale on paper, then of Tol's schemes: distinct for
every kind of colour vision. Markers and dashes tell the lines apart where there is no colour.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_hex, to_rgb

from spectral_bench.config.keys import in_order
from spectral_bench.records.groups import Group

#: A pattern of matplotlib.
Dashes = str | tuple[float, tuple[float, ...]]

#: A marker of matplotlib: a letter, or number of points, kind and angle of a star.
Marker = str | tuple[int, int, int]

_SOLID: Dashes = "-"
_LONG: Dashes = (0.0, (7.0, 2.0))
_SHORT: Dashes = (0.0, (3.0, 1.2))
_DOTTED: Dashes = (0.0, (8.0, 1.5, 1.5, 1.5))
DASHES = (_SOLID, _LONG, _SHORT, _DOTTED)

#: A star of four points.
_STAR: Marker = (4, 1, 0)

#: Markers of strokes, which have no area to fill.
_STROKES = {"1", "2", "3", "4", "+", "x"}

#: Markers with little ink for their size are drawn so many points larger.
_LARGER: dict[Marker, float] = {**dict.fromkeys(_STROKES, 1.5), _STAR: 2.0, "*": 1.5, "d": 0.5, "X": 0.5, "P": 0.5}

#: Width of a stroke, and of the edge of a hollow marker.
_STROKE, _EDGE = 1.2, 0.9

#: Characters for lines drawn as text, when those of the models are taken.
_CHARACTERS = "@&$=ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnpqrtuvwyz"


@dataclass(frozen=True)
class Look:
    """How a group looks.

    Attributes:
        colour: hexadecimal.
        marker: of matplotlib.
        dashes: of matplotlib.
        character: what it is drawn with as text.
        place: in its section, from 0: marks of lines that lie on each other are set in turn.
        hollow: whether the marker is an outline.
    """

    colour: str
    marker: Marker
    dashes: Dashes = _SOLID
    character: str = "x"
    place: int = 0
    hollow: bool = False

    def marked(self, size: float) -> dict[str, Any]:
        """What ``Axes.plot`` has to be told of colour and marker, of so many points."""
        strokes = self.marker in _STROKES
        return {
            "color": self.colour,
            "marker": self.marker,
            "markersize": size + _LARGER.get(self.marker, 0.0),
            "markerfacecolor": mpl.rcParams["axes.facecolor"] if self.hollow else self.colour,
            "markeredgewidth": _STROKE if strokes else _EDGE if self.hollow else 0.0,
        }


#: The models of the package; one that is not here yet has the look that its name gives.
_OWN = {
    "rnn": Look("#D55E00", "s", _SOLID, "x"),
    "irnn": Look("#E69F00", "D", _SHORT, "+"),
    "ornn": Look("#009E73", "^", _LONG, "o"),
    "svdrnn": Look("#0072B2", "o", _SOLID, "*"),
    "lstm": Look("#CC79A7", "v", _DOTTED, "#"),
    "gru": Look("#56B4E9", "P", _LONG, "%"),
    "cornn": Look("#44AA99", "o", _DOTTED, "h", hollow=True),
    "indrnn": Look("#332288", "*", _SHORT, "i"),
    "lem": Look("#004488", "D", _DOTTED, "l", hollow=True),
    "lipschitz": Look("#AAAA00", "s", _DOTTED, "z", hollow=True),
    "antisymmetric": Look("#EE8866", "P", _LONG, "a", hollow=True),
    "lru": Look("#999933", _STAR, _SOLID, "u"),
    "mingru": Look("#882255", ">", _DOTTED, "m"),
    "exprnn": Look("#117733", "<", _LONG, "e"),
    "dtriv": Look("#DDCC77", _STAR, _DOTTED, "d", hollow=True),
    "cayley": Look("#CC6677", "X", _SHORT, "c", hollow=True),
    "factorized": Look("#AA4499", "d", _LONG, "f"),
    "mlp": Look("#661100", "X", _SHORT, "&"),
    "resnet": Look("#777777", "2", _LONG, "="),
    "svdmlp": Look("#6699CC", "1", _LONG, "$"),
    "svdresnet": Look("#994455", "d", _SOLID, "@", hollow=True),
}

#: For models from elsewhere, and for lines that are no models: colours that none of the package has.
_COLOURS = ("#000000", "#EE3377", "#225522", "#663333", "#222255", "#AAAAAA")
_MARKERS = ("X", "<", "d", "*", "P", ">")

#: For models from elsewhere: markers that no model of the package has.
_FOREIGN: tuple[Marker, ...] = ("p", "+", "x", "3", "4")


def look_of(model: str) -> Look:
    """The look of a model; one from elsewhere has the one that its name gives."""
    if model in _OWN:
        return _OWN[model]
    digest = hashlib.sha256(model.encode()).digest()
    return Look(
        _COLOURS[digest[0] % len(_COLOURS)],
        _FOREIGN[digest[1] % len(_FOREIGN)],
        DASHES[digest[2] % len(DASHES)],
        _CHARACTERS[digest[3] % len(_CHARACTERS)],
    )


def looks(groups: Sequence[Group]) -> dict[str, Look]:
    """A look for every group of a section, by its id.

    Several groups of a model share its marker. They have shades of its colour, from light to dark in the order of what
    tells them apart; of a sequential map, where there is no other model.
    """
    by_model: dict[str, list[Group]] = {}
    for group in groups:
        by_model.setdefault(group.model, []).append(group)
    found: dict[str, Look] = {}
    for model, members in by_model.items():
        own = look_of(model)
        if len(members) == 1:
            found[members[0].id] = own
            continue
        ordered = sorted(members, key=rank_of)
        colours = sequential(len(ordered)) if len(by_model) == 1 else _shades(own.colour, len(ordered))
        for place, (group, colour) in enumerate(zip(ordered, colours, strict=True)):
            found[group.id] = replace(own, colour=colour, dashes=DASHES[place % len(DASHES)])
    taken: set[str] = set()
    for place, group in enumerate(groups):
        look = found[group.id]
        character = look.character if look.character not in taken else next(
            (one for one in _CHARACTERS if one not in taken), look.character
        )  # fmt: skip
        taken.add(character)
        found[group.id] = replace(look, character=character, place=place)
    return found


def palette(count: int) -> list[Look]:
    """Looks for lines that are not models: none has the colour of one of the package's."""
    return [
        Look(
            _COLOURS[at % len(_COLOURS)],
            _MARKERS[at % len(_MARKERS)],
            DASHES[at // len(_COLOURS) % len(DASHES)],
            _CHARACTERS[at % len(_CHARACTERS)],
            at,
        )
        for at in range(count)
    ]


def sequential(count: int) -> list[str]:
    """So many colours from dark to light, distinct in grey."""
    colours: Any = mpl.colormaps["viridis"](np.linspace(0.0, 0.85, count))
    return [to_hex(colour) for colour in colours]


def _shades(colour: str, count: int) -> list[str]:
    """From a tint of a colour, through it, to a shade."""
    own = np.array(to_rgb(colour))
    return [
        to_hex(own + (1.0 - own) * -weight if weight < 0 else own * (1.0 - weight))
        for weight in np.linspace(-0.5, 0.55, count)
    ]


def rank_of(group: Group) -> tuple[Any, ...]:
    """By the values that tell groups apart, numbers as numbers."""
    return tuple(map(in_order, group.differs.values()))
