"""What ``spectral-bench bench`` measures: everybody at a few sizes, and ours against n, m and T."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from spectral_bench.bench.ceiling import ceilings
from spectral_bench.bench.contenders import FORMS_AND_FREE, contenders
from spectral_bench.bench.memory import peak_memory
from spectral_bench.bench.setting import Setting
from spectral_bench.bench.timing import Times, time_in_turn

#: Says what is being measured.
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Measured:
    """The times of one setting.

    Attributes:
        part: ``sizes`` (everybody), ``hidden_size``, ``reflectors`` or ``length`` (what is varied).
        setting: the sizes.
        times: of every contender.
        peak_memory: bytes, of some contenders, where measured.
    """

    part: str
    setting: Setting
    times: dict[str, Times]
    peak_memory: dict[str, int]


@dataclass(frozen=True)
class Suite:
    """Sizes to measure, and the seconds a contender may take at each, on the average."""

    sizes: tuple[Setting, ...]
    hidden_sizes: tuple[int, ...]
    reflectors: tuple[int, ...]
    lengths: tuple[int, ...]
    varied: Setting
    budget: float
    memory: bool


FULL = Suite(
    sizes=(Setting(128, 784), Setting(256, 100), Setting(512, 100), Setting(1024, 100)),
    hidden_sizes=(64, 128, 256, 512, 1024),
    reflectors=(4, 8, 16, 32, 64, 128),
    lengths=(100, 1_000, 10_000),
    varied=Setting(256, 100),
    budget=3.0,
    memory=True,
)

QUICK = Suite(
    sizes=(Setting(128, 100), Setting(256, 100)),
    hidden_sizes=(64, 128, 256),
    reflectors=(8, 32, 128),
    lengths=(50, 500),
    varied=Setting(256, 50),
    budget=0.5,
    memory=False,
)


def measure(suite: Suite, threads: int, tell: Tell) -> Iterator[Measured]:
    """Measure everything in the suite, a setting at a time.

    Args:
        suite: what to measure.
        threads: of PyTorch, for the processes in which memory is measured; here it is set already.
        tell: called with a line before each setting.
    """
    for setting in suite.sizes:
        tell(f"everybody at {setting}")
        everybody = {name: build() for name, build in contenders(setting).items()}
        times = time_in_turn({**everybody, **ceilings(setting)}, budget=suite.budget)
        memory = _memory(tuple(everybody), setting, threads, tell) if suite.memory else {}
        yield Measured("sizes", setting, times, memory)
    varied = suite.varied
    for n in suite.hidden_sizes:
        yield _against_torch("hidden_size", replace(varied, hidden_size=n), suite.budget, tell)
    for m in suite.reflectors:
        yield _against_torch("reflectors", replace(varied, m1=m, m2=m), suite.budget, tell)
    for length in suite.lengths:
        setting = replace(varied, hidden_size=128, length=length)
        yield _against_torch("length", setting, suite.budget, tell)


def _memory(names: Iterable[str], setting: Setting, threads: int, tell: Tell) -> dict[str, int]:
    memory = {}
    for name in names:
        try:
            peak = peak_memory(name, setting, threads)
        except RuntimeError as error:  # one that does not fit in memory leaves the others their figures
            tell(str(error))
            continue
        if peak is not None:
            memory[name] = peak
    return memory


def _against_torch(part: str, setting: Setting, budget: float, tell: Tell) -> Measured:
    """Our forms and the free networks at one setting."""
    tell(f"against {part.replace('_', ' ')}: {setting}")
    builders = contenders(setting)
    steps = {name: builders[name]() for name in FORMS_AND_FREE}
    return Measured(part, setting, time_in_turn(steps, budget=budget, rounds=(5, 15)), {})
