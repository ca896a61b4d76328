"""Kinds of models: what a configuration may choose by ``model.layer``, and how each is built.

Defaults and explanations stand in ``conf/model/*.yaml`` and nowhere else; the classes here hold types and ranges.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Generic, TypeVar

from spectral_bench.config.registry import Registry
from spectral_bench.config.schema import ModelNode
from spectral_bench.errors import InputError
from spectral_bench.nn.model import Model, Signature

_NAME = re.compile(r"[A-Za-z][\w.-]*", flags=re.ASCII)


@dataclass
class ModelConfig:
    """What all models have: node ``model``."""

    #: The kinds of parameters (``ParameterKind``) that such a model can have; None: known only when one is built.
    parameter_kinds: ClassVar[Collection[str] | None] = None

    name: str
    layer: str

    def __post_init__(self) -> None:
        # The name is that of a folder of results.
        if not _NAME.fullmatch(self.name):
            raise InputError(f"model.name='{self.name}': expected letters, digits, '-', '_' and '.', a letter first.")

    def ineffective(self) -> tuple[str, ...]:
        """Keys that change no number of a model configured like this: ``("r",)`` where nothing is bounded by it.

        A model with a sigma radius must call its key ``r``, with ``r: ${r}`` in its yaml: by that name everything else
        knows that it has one.
        """
        return ()

    def unused(self) -> tuple[str, ...]:
        """Keys that change no number either, but stay in the digest as they are, by which earlier runs are found."""
        return ()

    def cautions(self) -> tuple[str, ...]:
        """What is allowed and seldom meant, a sentence each, which names the key and its value."""
        return ()

    def check_range(self, key: str, low: float, high: float | None) -> None:
        """Refuse a value outside ``[low, high]``; None: no upper end.

        Raises:
            InputError: naming the key, its value and what was expected.
        """
        value = getattr(self, key)
        if value < low or (high is not None and value > high):
            expected = f"at least {low}" if high is None else f"{low} to {high}"
            raise InputError(f"model.{key}={value}: expected {expected}.")

    def check_positive(self, *keys: str) -> None:
        """Refuse values that are not greater than 0.

        Raises:
            InputError: naming the first such key, its value and what was expected.
        """
        for key in keys:
            if not getattr(self, key) > 0:
                raise InputError(f"model.{key}={getattr(self, key)}: expected more than 0.")


@dataclass
class SizedConfig(ModelConfig):
    """What models have whose layers are of one width."""

    hidden_size: int

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_range("hidden_size", 1, None)

    def check_reflectors(self, *keys: str) -> None:
        """Refuse numbers of reflectors outside 0..hidden_size.

        Raises:
            InputError: naming all such keys, their values and the hidden size.
        """
        beyond = [key for key in keys if not 0 <= getattr(self, key) <= self.hidden_size]
        if beyond:
            # Often only the hidden size was typed, and the reflectors are those of a recipe.
            raise InputError(
                f"{', '.join(f'model.{key}={getattr(self, key)}' for key in beyond)}: expected 0 to "
                f"model.hidden_size={self.hidden_size} reflectors; a smaller hidden size needs these set as well."
            )


_C = TypeVar("_C", bound=ModelConfig)


class Architecture(ABC, Generic[_C]):
    """A kind of model that ``model.layer`` can name.

    Attributes:
        Config: the dataclass of its configuration keys, without defaults.
    """

    Config: ClassVar[type[ModelConfig]]

    @classmethod
    @abstractmethod
    def build(cls, config: _C, signature: Signature) -> Model:
        """A model with fresh weights, drawn from torch's global generator.

        Raises:
            ValueError: values do not fit together, or not to the problem.
        """


MODELS: Registry[Architecture[Any]] = Registry("model.layer")


def build_model(config: ModelNode, signature: Signature) -> Model:
    """A model with fresh weights, drawn from torch's global generator.

    Args:
        config: the ``Config`` of the architecture that ``config.layer`` names.
        signature: the problem it is for.

    Raises:
        InputError: the architecture is unknown, its values do not fit together, or the facts it states make no sense.
    """
    architecture = MODELS[config.layer]
    if signature.unequal_lengths:
        signature = replace(signature, every_step=True)
    try:
        model = architecture.build(config, signature)
        model.facts()  # refused now, and not when a directory is there
    except InputError:
        raise
    except ValueError as error:
        raise InputError(f"model={config.name}: {error}") from error
    return model
