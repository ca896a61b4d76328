"""The groups of a section as pictures show them: in which order, called what, looking how."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

from spectral_bench.config.hints import unknown
from spectral_bench.config.keys import as_typed
from spectral_bench.errors import InputError
from spectral_bench.figures.looks import Look, looks
from spectral_bench.records.groups import Group, Section
from spectral_bench.records.running_runs import progress_of

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

    def of(self, section: Section) -> list[NamedGroup]:
        """The groups of a section."""
        look = looks(section.groups)
        named = []
        for group in section.groups:
            new = next((self.labels[name] for name in _names(section, group) if name in self.labels), None)
            name = new or _short_name(section, group)
            named.append(NamedGroup(group, f"{name}{_standing(group)}", look[group.id]))
        return sorted(named, key=lambda one: self._rank(section, one))

    def check(self, sections: Sequence[Section]) -> None:
        """See that every name is that of a group.

        Raises:
            InputError: one is not; the message names the nearest.
        """
        known = {name for section in sections for group in section.groups for name in _names(section, group)}
        self.check_names(known)

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

    def _rank(self, section: Section, one: NamedGroup) -> int:
        names = (one.caption.removesuffix(_standing(one.group)), *_names(section, one.group))
        return next((place for place, name in enumerate(self.order) if name in names), len(self.order))


def standings_of(named: Sequence[tuple[str, Group]]) -> list[str]:
    """How far the groups are that are drawn while they run, in a sentence; none where every one has ended.

    Args:
        named: the groups with their captions.
    """
    going = {caption: group for caption, group in named if not group.completed and group.progress}
    if len(going) > _TOLD:
        progress = progress_of([run for group in going.values() for run in group.runs])
        return [f"{len(going)} groups: {progress}."]
    told = [f"{caption.removesuffix(_standing(group))}: {group.progress}" for caption, group in going.items()]
    return [f"{'; '.join(told)}."] if told else []


def _names(section: Section, group: Group) -> tuple[str, ...]:
    """What a group may be called by, the most particular name first."""
    short = _short_name(section, group)
    return group.label, section.caption(group), section.name(group), short, group.id, group.model


def _short_name(section: Section, group: Group) -> str:
    """The name of a section, without the keys in which a group differs from other models' alone."""
    alike = [other for other in section.groups if other.model == group.model]
    short = replace(group, differs=_apart(group, alike))
    if len({replace(other, differs=_apart(other, alike)).label for other in alike}) < len(alike):
        return section.name(group)
    return short.label


def _standing(group: Group) -> str:
    """What stands behind the name of a group of which no run is completed.

    Legends and the titles of small panels have no room for how far it is: ``standings_of`` says that once.
    """
    if group.completed:
        return ""
    ended = sorted(group.counts.keys() - {"unfinished"})
    return f" ({', '.join([*ended, *(['running'] if group.progress else [])])})"


def _apart(group: Group, alike: Sequence[Group]) -> dict[str, Any]:
    """What tells a group from others of its model."""
    return {
        key: value
        for key, value in group.differs.items()
        if len({as_typed(other.differs[key]) if key in other.differs else "" for other in alike}) > 1
    }
