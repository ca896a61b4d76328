"""What the states are made of whose gradients were traced, where it is not h alone everywhere."""

from collections.abc import Iterable, Sequence

from spectral_bench.records.groups import Group
from spectral_bench.runs.layout import TRACED_BEFORE

#: What every model hands on from step to step, unless it says otherwise.
_PLAIN = "h"


def state_symbol(groups: Iterable[Group]) -> str:
    """What the states of these groups are called: h, or s where one is of more than that."""
    found = {run.facts.traced for group in groups for run in group.counted}
    return _PLAIN if found <= {_PLAIN, TRACED_BEFORE} else "s"


def traced_notes(named: Sequence[tuple[str, Group]], symbol: str = "") -> list[str]:
    """A sentence about the states of groups; none where every state is h.

    A group may hold runs of several versions, whose traces were not of the same parts of a state.

    Args:
        named: the groups with their names.
        symbol: what a picture calls a state, if it is to be explained.
    """
    having: dict[str, list[str]] = {}
    plain = False
    for name, group in named:
        found = [run.facts.traced for run in group.counted]
        for traced in sorted(set(found)):
            if found.count(traced) == len(found) and traced == _PLAIN:
                plain = True
                continue
            share = "" if found.count(traced) == len(found) else f" ({found.count(traced)} of {len(found)} runs)"
            having.setdefault(traced, []).append(name + share)
    if not having:
        return []
    parts = [f"{traced} in {', '.join(dict.fromkeys(names))}" for traced, names in having.items()]
    state = f"The state {symbol}".rstrip()
    return [f"{state} whose gradient is traced is {'; '.join([*parts, *[f'{_PLAIN} elsewhere'] * plain])}."]
