"""The groups of a section as pictures show them: in which order, called what, looking how."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

from spectral_bench.config.hints import unknown
from spectral_bench.config.keys import as_typed
from spectral_bench.errors import InputError
from spectral_bench.figures.looks import Look, looks
from spectral_bench.records.groups import Group, Section


@dataclass(frozen=True)
class NamedGroup:
    """A group of a picture.

    Attributes:
        group: the runs.
        caption: what pictures call it.
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
            caption = _caption(section, group)
            new = next((self.labels[name] for name in _names(section, group) if name in self.labels), None)
            named.append(NamedGroup(group, new or caption, look[group.id]))
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
        names = (one.caption, *_names(section, one.group))
        return next((place for place, name in enumerate(self.order) if name in names), len(self.order))


def _names(section: Section, group: Group) -> tuple[str, ...]:
    """What a group may be called by, the most particular name first."""
    return group.label, section.caption(group), section.name(group), _caption(section, group), group.id, group.model


def _caption(section: Section, group: Group) -> str:
    """The caption of a section, without the keys in which a group differs from other models' alone."""
    alike = [other for other in section.groups if other.model == group.model]
    short = replace(group, differs=_apart(group, alike))
    if len({replace(other, differs=_apart(other, alike)).label for other in alike}) < len(alike):
        return section.caption(group)
    return section.caption(group).replace(section.name(group), short.label, 1)


def _apart(group: Group, alike: Sequence[Group]) -> dict[str, Any]:
    """What tells a group from others of its model."""
    return {
        key: value
        for key, value in group.differs.items()
        if len({as_typed(other.differs[key]) if key in other.differs else "" for other in alike}) > 1
    }
