"""The suites of ``spectral-bench bench``: contenders, other recurrences, deep networks, and ours against n, m and T."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import torch

from spectral_bench.bench.bench_part import BenchPart
from spectral_bench.bench.ceiling import ceilings
from spectral_bench.bench.contenders import FORMS_AND_FREE, Step, contenders
from spectral_bench.bench.deep_networks import deep_networks
from spectral_bench.bench.peak_memory import peak_memory, peak_memory_of_gpu
from spectral_bench.bench.recurrences import recurrences
from spectral_bench.bench.setting import DeepSetting, Setting
from spectral_bench.bench.timing import Times, time_in_turn

_AnySetting = TypeVar("_AnySetting", bound=Setting)

#: Logs what is being measured.
Log = Callable[[str], None]


@dataclass(frozen=True)
class Measured:
    """The times of one setting.

    Attributes:
        part: ``sizes`` (all contenders), ``recurrences`` (of other papers), ``depth`` (deep networks without one), or
            what is varied: ``hidden_size``, ``reflectors`` or ``length``.
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
    """Sizes to measure, and the average time in seconds that a contender may take at each."""

    sizes: tuple[Setting, ...]
    recurrences: tuple[Setting, ...]
    depth: tuple[DeepSetting, ...]
    hidden_sizes: tuple[int, ...]
    reflectors: tuple[int, ...]
    lengths: tuple[int, ...]
    varied: Setting
    budget: float
    memory: bool


FULL = Suite(
    sizes=(Setting(128, 784), Setting(256, 100), Setting(512, 100), Setting(1024, 100)),
    recurrences=(Setting(128, 1_000, batch_size=1), Setting(128, 1_000, batch_size=16), Setting(128, 1_000)),
    depth=(DeepSetting(128, 10, input_size=128), DeepSetting(128, 100, input_size=128)),
    hidden_sizes=(64, 128, 256, 512, 1024),
    reflectors=(4, 8, 16, 32, 64, 128),
    lengths=(100, 1_000, 10_000),
    varied=Setting(256, 100),
    budget=3.0,
    memory=True,
)

QUICK = Suite(
    sizes=(Setting(128, 100), Setting(256, 100)),
    recurrences=(Setting(64, 1_000, batch_size=1), Setting(64, 1_000, batch_size=16)),
    depth=(DeepSetting(128, 100, input_size=128),),
    hidden_sizes=(64, 128, 256),
    reflectors=(8, 32, 128),
    lengths=(50, 500),
    varied=Setting(256, 50),
    budget=0.5,
    memory=False,
)


def measure(
    suite: Suite, threads: int, device: torch.device, log: Log, parts: Collection[BenchPart]
) -> Iterator[Measured]:
    """Measure the suite, a setting at a time.

    Args:
        suite: what to measure.
        threads: of PyTorch, for the processes that measure memory; in this process it is set already.
        device: where everybody computes.
        log: called with a line before each setting, or before a sweep with a line for each of its settings.
        parts: which to measure.
    """
    for setting in suite.sizes if BenchPart.sizes in parts else ():
        log(f"everybody at {setting}")
        everybody = _steps(contenders, setting, device)
        # On a GPU, products one by one are no limit: their launches take longer.
        limits = ceilings(setting) if device.type == "cpu" else {}
        times = time_in_turn({**everybody, **limits}, budget=suite.budget)
        memory = _memory(everybody, setting, threads, device, log) if suite.memory else {}
        yield Measured(BenchPart.sizes, setting, times, memory)
    for setting in suite.recurrences if BenchPart.recurrences in parts else ():
        log(f"other recurrences at {setting}")
        others = _steps(recurrences, setting, device)
        yield Measured(BenchPart.recurrences, setting, time_in_turn(others, budget=suite.budget), {})
    for deep in suite.depth if BenchPart.depth in parts else ():
        log(f"deep networks at {deep}")
        networks = _steps(deep_networks, deep, device)
        yield Measured(BenchPart.depth, deep, time_in_turn(networks, budget=suite.budget), {})
    if BenchPart.sweeps not in parts:
        return
    varied = suite.varied
    sweeps = {
        "hidden_size": [replace(varied, hidden_size=n) for n in suite.hidden_sizes],
        "reflectors": [replace(varied, m1=m, m2=m) for m in suite.reflectors],
        "length": [replace(varied, hidden_size=128, length=length) for length in suite.lengths],
    }
    for part, settings in sweeps.items():
        yield from _sweep(part, settings, suite.budget, device, log)


def _steps(
    builders: Callable[[_AnySetting], Mapping[str, Callable[[], Step]]], setting: _AnySetting, device: torch.device
) -> dict[str, Step]:
    """The steps at one setting, each with the wait for its device: a GPU's work is asynchronous."""
    with device:
        steps = {name: build() for name, build in builders(setting).items()}
    if device.type == "cpu":
        return steps

    def synchronized(step: Step) -> None:
        step()
        torch.cuda.synchronize(device)

    return {name: partial(synchronized, step) for name, step in steps.items()}


def _memory(names: Iterable[str], setting: Setting, threads: int, device: torch.device, log: Log) -> dict[str, int]:
    memory = {}
    for name in names:
        try:
            on_cpu = device.type == "cpu"
            peak = peak_memory(name, setting, threads) if on_cpu else peak_memory_of_gpu(name, setting, device)
        except RuntimeError as error:  # if one does not fit in memory, the others are still measured
            log(str(error))
            continue
        if peak is not None:
            memory[name] = peak
    return memory


def _sweep(part: str, settings: Sequence[Setting], budget: float, device: torch.device, log: Log) -> Iterator[Measured]:
    """Our forms and the free networks, cycling through all settings, so that a noisy minute distorts no curve."""
    steps: dict[tuple[Setting, str], Step] = {}
    for setting in settings:
        log(f"against {part.replace('_', ' ')}: {setting}")
        steps |= {(setting, name): step for name, step in _steps(_forms_and_free, setting, device).items()}
    times = time_in_turn(steps, budget=budget, rounds=(7, 15))
    for setting in settings:
        yield Measured(part, setting, {name: times[setting, name] for name in FORMS_AND_FREE}, {})


def _forms_and_free(setting: Setting) -> dict[str, Callable[[], Step]]:
    builders = contenders(setting)
    return {name: builders[name] for name in FORMS_AND_FREE}
