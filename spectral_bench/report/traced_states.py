"""What states are made of whose gradients a table is about, where it is not h alone everywhere."""

from collections.abc import Sequence

from spectral_bench.records.groups import Group


def traced_notes(groups: Sequence[Group]) -> list[str]:
    """A note for below a table of these groups; none where every state is h.

    A group may hold runs of several versions, whose traces were not of the same parts of a state.
    """
    having: dict[str, list[str]] = {}
    plain = False
    for group in groups:
        found = [run.facts.traced for run in group.counted]
        for traced in sorted(set(found)):
            if found.count(traced) == len(found) and traced == _PLAIN:
                plain = True
                continue
            share = "" if found.count(traced) == len(found) else f" ({found.count(traced)} of {len(found)} runs)"
            having.setdefault(traced, []).append(group.label + share)
    if not having:
        return []
    said = [f"{traced} in {', '.join(labels)}" for traced, labels in having.items()]
    return [f"The state whose gradient is traced is {'; '.join([*said, *[f'{_PLAIN} elsewhere'] * plain])}."]


#: What every model hands on from step to step, unless it says otherwise.
_PLAIN = "h"
