"""The groups of a section as pictures show them: in which order, called what, looking how."""

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

from spectral_bench.config.hints import unknown
from spectral_bench.config.keys import FREE, RADIUS, as_typed
from spectral_bench.errors import InputError
from spectral_bench.figures.looks import Look, looks, rank_of
from spectral_bench.figures.words import key_in_words, listed
from spectral_bench.records.groups import Group, Section
from spectral_bench.records.running_runs import progress_of
from spectral_bench.runs.setting_words import settings_in_words

#: Up to so many groups a caption tells how far each is.
_TOLD = 3


@dataclass(frozen=True)
class NamedGroup:
    """A group of a picture.

    Attributes:
        group: the runs.
        caption: what pictures call it, with ``(running)`` or how its runs ended where none is completed.
        look: the same in all of them.
    """

    group: Group
    caption: str
    look: Look


@dataclass(frozen=True)
class Naming:
    """What the user wants groups to be called, and in which order.

    Attributes:
        labels: new names, by the old ones: of a group, or of a model.
        order: names of those that come first.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    order: Sequence[str] = ()

    def of(self, section: Section, drawn: Sequence[Group] | None = None) -> list[NamedGroup]:
        """The groups of a section that are drawn (by default all), with names that tell them from each other.

        Those of a model stand together, in the order of what tells them apart, unless the user wants another.
        """
        look = looks(section.groups)
        models = list(dict.fromkeys(group.model for group in section.groups))
        drawn = sorted(
            section.groups if drawn is None else drawn, key=lambda group: (models.index(group.model), rank_of(group))
        )
        short = _short_names(section, drawn)
        called = {group.id: names for group, names in _called(section)} if self.labels or self.order else {}
        named = []
        for group in drawn:
            names = called.get(group.id, ())
            asked = [name for name in self.labels if _is_called(group, names, name)]
            # The whole name of a group before a part of it, and a longer part before a shorter one.
            asked.sort(key=lambda name: (name in names and name != group.model, len(name.split())))
            name = self.labels[asked[-1]] if asked else settings_in_words(short[group.id])
            named.append(NamedGroup(group, f"{name}{_standing(group)}", look[group.id]))
        return sorted(named, key=lambda one: self._rank(one, called.get(one.group.id, ())))

    def check(self, sections: Sequence[Section]) -> None:
        """See that every name is that of a group.

        Raises:
            InputError: one is not; the message names the nearest.
        """
        every = [one for section in sections for one in _called(section)]
        known = {name for _, names in every for name in names}
        asked = {name for name in (*self.labels, *self.order) if any(_is_called(*one, name) for one in every)}
        self.check_names(known | asked)

    def check_names(self, known: Set[str]) -> None:
        """See that every name is among those known; where nothing is, nothing is wrong.

        Raises:
            InputError: one is not; the message names the nearest.
        """
        if not known:
            return
        for option, names, valid in (
            ("--label", self.labels, known),
            ("--order", self.order, known | set(self.labels.values())),
        ):
            for name in names:
                if name not in valid:
                    raise InputError(f"{option}: {unknown('group', name, valid)}")

    def _rank(self, one: NamedGroup, names: Collection[str]) -> int:
        caption = one.caption.removesuffix(_standing(one.group))
        called = (name == caption or _is_called(one.group, names, name) for name in self.order)
        return next((place for place, is_it in enumerate(called) if is_it), len(self.order))


def standings_of(named: Sequence[tuple[str, Group]]) -> list[str]:
    """How far the groups are that are drawn while they run, in a sentence; none where every one has ended.

    Args:
        named: the groups with their captions.
    """
    going = {caption: group for caption, group in named if not group.completed and group.progress}
    if len(going) > _TOLD:
        progress = progress_of([run for group in going.values() for run in group.runs])
        return [f"{len(going)} groups: {progress}."]
    parts = [f"{caption.removesuffix(_standing(group))}: {group.progress}" for caption, group in going.items()]
    return [f"{'; '.join(parts)}."] if parts else []


def unnamed_keys(drawn: Sequence[Group]) -> list[str]:
    """What pictures do not say of groups of one model, in a sentence: the keys in which they differ besides."""
    keys: dict[str, None] = {}
    for model in dict.fromkeys(group.model for group in drawn):
        alike = [group for group in drawn if group.model == model]
        telling = _telling(alike)
        keys |= dict.fromkeys(key for key in _differing(alike) if key not in telling)
    if not keys:
        return []
    words = [key_in_words(key) for key in keys]
    return [f"Groups of a model also differ in {listed(words)}."]


def _called(section: Section) -> list[tuple[Group, tuple[str, ...]]]:
    """The groups of a section with what each may be called by, the most particular name first."""
    short = _short_names(section, section.groups)
    found = []
    for one in section.groups:
        typed = (one.label, section.caption(one), section.name(one), short[one.id])
        found.append((one, (*typed, *map(settings_in_words, typed), one.id, one.model)))
    return found


def _is_called(group: Group, names: Collection[str], name: str) -> bool:
    """Whether a group may be called so: by one of its names, or by its model and some of what distinguishes it."""
    model, *settings = name.split() or [""]
    return name in names or (model == group.model and set(settings) <= set(group.setting.split()))


def _short_names(section: Section, drawn: Sequence[Group]) -> dict[str, str]:
    """By their ids, the models with as few keys as tell groups from those of their model that are drawn."""
    found: dict[str, str] = {}
    for model in dict.fromkeys(group.model for group in drawn):
        alike = [group for group in drawn if group.model == model]
        telling = _telling(alike)
        short = [replace(one, differs=_said_of(one, telling)).label for one in alike]
        if len(set(short)) < len(alike):
            short = [section.name(one) for one in alike]
        found |= {one.id: name for one, name in zip(alike, short, strict=True)}
    return found


def _said_of(group: Group, keys: Sequence[str]) -> dict[str, Any]:
    """The values of these keys, that there is no radius among them: other groups of the model have one."""
    known = {key: FREE for key in keys if key in RADIUS} | dict(group.differs)
    return {key: known[key] for key in keys if key in known}


def _telling(alike: Sequence[Group]) -> list[str]:
    """As few keys as tell groups of a model apart, in their order: each time the one that tells most of them."""
    differing = _differing(alike)
    telling: list[str] = []
    while (count := _count_distinct(alike, telling)) < len(alike):
        best = max(differing, key=lambda key: _count_distinct(alike, [*telling, key]), default="")
        if _count_distinct(alike, [*telling, best]) == count:
            return differing
        telling.append(best)
    return [key for key in differing if key in telling]


def _differing(alike: Sequence[Group]) -> list[str]:
    """The keys in which groups of a model differ."""
    keys = dict.fromkeys(key for group in alike for key in group.differs)
    return [key for key in keys if _count_distinct(alike, [key]) > 1]


def _count_distinct(alike: Sequence[Group], keys: Sequence[str]) -> int:
    """How many kinds of groups there are by these keys."""
    return len({tuple(as_typed(one.differs[key]) if key in one.differs else "" for key in keys) for one in alike})


def _standing(group: Group) -> str:
    """What stands behind the name of a group of which no run is completed.

    Legends and the titles of small panels have no room for how far it is: ``standings_of`` says that once.
    """
    if group.completed:
        return ""
    ended = sorted(group.counts.keys() - {"unfinished"})
    return f" ({', '.join([*ended, *(['running'] if group.progress else [])])})"
