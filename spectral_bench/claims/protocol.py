"""Whether a run is the one that a claim asks for: the keys in which it differs from the configuration asked for."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Self

from spectral_bench.claims.measures import MEASURES_OF_LOOKS
from spectral_bench.claims.run_requests import RunRequest
from spectral_bench.config.keys import as_typed
from spectral_bench.errors import InputError
from spectral_bench.records.run_record import Run
from spectral_bench.runs.layout import OF_NORMS

#: The effective configuration of overrides, under dotted keys.
Configure = Callable[[Sequence[str]], Mapping[str, Any]]


@dataclass(frozen=True)
class Protocol:
    """What a run of a claim is held against.

    Attributes:
        request: what was asked for.
        config: its effective configuration, under dotted keys.
        metric: what the run is asked for.
    """

    request: RunRequest
    config: Mapping[str, Any]
    metric: str

    @classmethod
    def of(cls, request: RunRequest, metric: str, configure: Configure) -> Self:
        """The protocol of a request; searched keys come first, for most runs differ in these.

        Raises:
            InputError: an override is wrong, or a key that is searched or differs between settings has no effect.
        """
        composed = configure(request.setting)
        for key in request.values:
            if key not in composed:
                raise InputError(f"{key} cannot be varied: it has no effect in {' '.join(request.setting)}.")
        return cls(request, {**{key: composed[key] for key in request.values}, **composed}, metric)

    def is_kept_by(self, run: Run) -> bool:
        """Whether this is the run that was asked for."""
        return run.seed == self.request.seed and next(self.differences(run), None) is None

    def differences(self, run: Run) -> Iterator[tuple[str, Any]]:
        """The keys in which a run differs and may not, each with the run's value.

        One after the other: of thousands of runs most are told apart by the first.
        """
        theirs = run.effective_config
        for key in chain(self.config, (key for key in theirs if key not in self.config)):
            asked, found = self.config.get(key), theirs.get(key)
            if asked != found and as_typed(asked) != as_typed(found) and not self._may_differ(key, run):
                yield key, found

    def _may_differ(self, key: str, run: Run) -> bool:
        """Whether a run may differ in a key: in how it was executed and watched, not in what was learnt."""
        match key:
            case "trace.of":
                return self.metric not in OF_NORMS
            case "train.evaluations":
                unseen = self.metric not in MEASURES_OF_LOOKS and run.config.get("train.patience") is None
                return unseen or _fewest_looks(self.config) in (None, _fewest_looks(run.effective_config))
            case _:
                return key == "seed" or key in run.execution


def _fewest_looks(config: Mapping[str, Any]) -> Any:
    """What ``train.evaluations`` comes to: 0, one an epoch, where epochs are as many; None where an interval is set."""
    asked, epochs = config.get("train.evaluations"), config.get("train.epochs")
    enough = config.get("train.steps") is None and epochs is not None and asked is not None and epochs >= asked
    return 0 if enough else asked
