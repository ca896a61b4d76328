"""A point of a grid: one training, as a worker on any host gets it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from spectral_bench.config.engine import Engine
from spectral_bench.config.grid_points import expand_grid
from spectral_bench.config.load import Loaded, load, resolved
from spectral_bench.config.schema import ExperimentConfig
from spectral_bench.errors import InputError, SpectralBenchError
from spectral_bench.launch.pruning import TrialOfStudy
from spectral_bench.runs.kinds import KINDS
from spectral_bench.runs.run_lookup import PointKey


@dataclass(frozen=True)
class Point:
    """One training of a grid. It can be pickled: plain values alone, so that a worker needs no Hydra.

    Attributes:
        name: what it differs in from the others of its grid (``model=rnn seed=1``); of a grid of one, model, task and
            seed.
        overrides: what was typed, for this point alone: ``spectral-bench run`` with these trains it.
        key: digest of its configuration, and seed; no two points of a grid have the same.
        config: its configuration as plain dicts, text and numbers, as ``config.load.resolved`` gives it.
        folder: the absolute folder in which the grid was started; relative paths count from there.
        config_dir: the user's own configuration files, for ``overrides``; None: there are none.
        plugins: what ``--plugin`` named, to be imported before ``config`` is typed.
        sinks: names of sinks that its run writes to.
        trial: of a search, which may stop it early; None: it is of none.
    """

    name: str
    overrides: tuple[str, ...]
    key: PointKey
    config: Mapping[str, Any]
    folder: Path
    config_dir: Path | None = None
    plugins: tuple[str, ...] = ()
    sinks: tuple[str, ...] = ()
    trial: TrialOfStudy | None = None

    @cached_property
    def results_dir(self) -> Path:
        """The absolute folder of results."""
        return self.folder / str(self.config["results_dir"])


@dataclass(frozen=True)
class Rejected:
    """A point that cannot be composed, and the error that says why."""

    name: str
    error: SpectralBenchError


@dataclass(frozen=True)
class Grid:
    """The points that overrides span.

    Attributes:
        points: in the order typed, the last override varying fastest.
        loaded: the typed configuration of each, and where it came from.
        rejected: those whose configuration is wrong.
    """

    points: list[Point]
    loaded: list[Loaded]
    rejected: list[Rejected]

    @property
    def warnings(self) -> list[str]:
        """Those of all points, each once."""
        return list(dict.fromkeys(warning for loaded in self.loaded for warning in loaded.warnings))

    @property
    def notes(self) -> list[str]:
        """Those of all points, each once."""
        return list(dict.fromkeys(note for loaded in self.loaded for note in loaded.notes))

    @property
    def experiments(self) -> list[ExperimentConfig]:
        """The typed configuration of every point."""
        return [loaded.experiment for loaded in self.loaded]


def compose_grid(
    overrides: Sequence[str],
    config_dir: Path | None = None,
    plugins: Sequence[str] = (),
    sinks: Sequence[str] = (),
) -> Grid:
    """Compose every point of a grid, before any of them trains.

    Args:
        overrides: what was typed, without what is about the launcher.
        config_dir: a folder of the user's own files, laid out like ``conf/``.
        plugins: what ``--plugin`` named; imported already.
        sinks: names of sinks that every run writes to.

    Raises:
        InputError: the grid cannot be expanded, has no points, or two with the same configuration.
    """
    engine = Engine(config_dir)
    return compose_points(expand_grid(overrides, config_dir, engine), config_dir, plugins, sinks, engine)


def compose_points(
    typed: Sequence[Sequence[str]],
    config_dir: Path | None = None,
    plugins: Sequence[str] = (),
    sinks: Sequence[str] = (),
    engine: Engine | None = None,
    *,
    merge: bool = False,
) -> Grid:
    """Compose points that are no product of values; for the other arguments see ``compose_grid``.

    Args:
        typed: the overrides of every point.
        config_dir: a folder of the user's own files.
        plugins: what ``--plugin`` named.
        sinks: names of sinks.
        engine: reads the files; None: a new one.
        merge: of points with the same configuration the first counts.

    Raises:
        InputError: two of them have the same configuration, and are not to be merged.
    """
    engine = engine or Engine(config_dir)
    grid = Grid([], [], [])
    for name, point in zip(point_names(typed), typed, strict=True):
        try:
            loaded = load(point, KINDS, config_dir, engine)
        except SpectralBenchError as error:
            grid.rejected.append(Rejected(name, error))
            continue
        key, config = PointKey.of(loaded.experiment), resolved(loaded.experiment)
        if len(typed) == 1:
            name = loaded.experiment.title
        if merge and any(key == other.key for other in grid.points):
            continue
        grid.points.append(Point(name, tuple(point), key, config, Path.cwd(), config_dir, tuple(plugins), tuple(sinks)))
        grid.loaded.append(loaded)
    _refuse_doubles(grid.points)
    return grid


def point_names(points: Sequence[Sequence[str]]) -> list[str]:
    """What each point differs in: the overrides that not all of them have; all of them where they differ in none."""
    common = set.intersection(*map(set, points))
    return [" ".join([text for text in point if text not in common] or point) for point in points]


def _refuse_doubles(points: Sequence[Point]) -> None:
    seen: dict[PointKey, Point] = {}
    for point in points:
        if point.key in seen and seen[point.key].name == point.name:
            raise InputError(f"Two points of the grid are the same: '{point.name}' stands in it twice.")
        if point.key in seen:
            raise InputError(
                f"Two points of the grid have the same configuration: '{seen[point.key].name}' and '{point.name}'. A "
                "key for one model alone is written MODEL:KEY=VALUES, as in svdrnn:r=0.01,0.1."
            )
        seen[point.key] = point
