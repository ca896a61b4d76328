"""The configuration that overrides make, as readers of runs see it."""

from collections.abc import Mapping, Sequence
from typing import Any

from spectral_bench.config.engine import Engine
from spectral_bench.config.keys import with_one_radius
from spectral_bench.config.load import load, resolved
from spectral_bench.runs.kinds import KINDS


class EffectiveConfigs:
    """Composes what overrides configure, the same ones once.

    It sees the files and plugins there are when it is made, and is no longer kept than a verb works.
    """

    def __init__(self) -> None:
        self._engine = Engine(None)
        self._known: dict[tuple[str, ...], Mapping[str, Any]] = {}

    def __call__(self, overrides: Sequence[str]) -> Mapping[str, Any]:
        """The configuration under dotted keys, without those that have no effect beside the others.

        Raises:
            InputError: an override is wrong.
        """
        typed = tuple(overrides)
        if typed not in self._known:
            self._known[typed] = self._composed(typed)
        return self._known[typed]

    def _composed(self, overrides: tuple[str, ...]) -> Mapping[str, Any]:
        experiment = load(overrides, KINDS, engine=self._engine).experiment
        idle = experiment.without_effect()
        return {key: value for key, value in with_one_radius(resolved(experiment)).items() if key not in idle}
