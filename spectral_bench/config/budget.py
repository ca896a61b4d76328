"""``model.parameters``: the hidden size that a number of parameters pays for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from spectral_bench.errors import InputError

#: Hidden sizes beyond this are not tried.
_LARGEST = 1 << 16

#: Nor beyond this where every smaller one is impossible.
_LARGEST_FAILING = 1 << 12

#: So many sizes below the first that is too large are tried, should some of them be impossible.
_NEAR = 8


@dataclass(frozen=True)
class Sized:
    """The largest hidden size that a budget pays for.

    Attributes:
        budget: ``model.parameters``.
        hidden_size: found.
        parameters: trainable numbers of the model at that size.
    """

    budget: int
    hidden_size: int
    parameters: int

    def __str__(self) -> str:
        return (
            f"model.parameters={self.budget}: model.hidden_size={self.hidden_size}, which makes "
            f"{self.parameters:,} parameters."
        )


def parameter_budget(model: Mapping[str, Any]) -> int | None:
    """What the node ``model`` says of its parameters; None: the hidden size is as configured.

    Raises:
        InputError: it is no whole number above 0, or the model has no hidden size.
    """
    budget = model.get("parameters")
    if budget is None:
        return None
    if type(budget) is not int or budget < 1:
        raise InputError(f"model.parameters={budget}: expected a whole number of at least 1, or null.")
    if "hidden_size" not in model:
        raise InputError(
            f"model.parameters={budget}: model '{model.get('name')}' has no key hidden_size to be solved for."
        )
    return budget


def fit_hidden_size(budget: int, count: Callable[[int], int]) -> Sized:
    """The largest hidden size whose model has no more parameters than the budget.

    Args:
        budget: trainable numbers, at most.
        count: of a model of this hidden size, growing with it; raises ``InputError`` for a size that is impossible,
            such as one of fewer units than reflectors.

    Raises:
        InputError: every size is impossible, or the smallest that is not has more parameters.
    """
    known: dict[int, int | InputError] = {}

    def too_large(size: int) -> bool:
        try:
            known[size] = found = count(size)
        except InputError as error:
            known[size] = error
            return False
        return found > budget

    high = 1
    while not too_large(high):
        high *= 2
        failing = not any(isinstance(found, int) for found in known.values())
        if high > (_LARGEST_FAILING if failing else _LARGEST):
            raise _never(budget, known)
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if too_large(middle) else (middle, high)
    for size in range(high - 1, max(0, high - 1 - _NEAR), -1):
        if size not in known:
            too_large(size)
        found = known[size]
        if isinstance(found, int):
            return Sized(budget, size, found)
    raise InputError(f"model.parameters={budget}: too few; with model.hidden_size={high} there are {known[high]:,}.")


def _never(budget: int, known: Mapping[int, int | InputError]) -> InputError:
    counts = [found for found in known.values() if isinstance(found, int)]
    if not counts:
        return InputError(f"model.parameters={budget}: no hidden size will do. {known[max(known)]}")
    return InputError(
        f"model.parameters={budget}: too many; with model.hidden_size={max(known)} there are {max(counts):,}."
    )
