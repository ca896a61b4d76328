"""The runs of a configuration: by the names of their directories, of which a listing is enough.

A directory is named for the digest of its configuration. Directories of earlier versions are not, and a run that was
made longer has outgrown its name; of these the manifests are read, once a process.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from spectral_bench.config.load import digest
from spectral_bench.config.schema import ExperimentConfig
from spectral_bench.errors import SpectralBenchError
from spectral_bench.runs.claim_file import OUTGROWN
from spectral_bench.runs.directory import DIGITS, parsed_run_id
from spectral_bench.runs.layout import CLAIMS, MANIFEST
from spectral_bench.runs.safe_reading import LARGEST_TEXT, parse_json, read_bytes
from spectral_bench.runs.saved_run import SavedRun, read_saved_run

#: For a manifest that was read: when it was written, and the digests in it.
_read_before: dict[Path, tuple[int, frozenset[str]]] = {}


@dataclass(frozen=True)
class PointKey:
    """What a point of a grid is known by.

    Attributes:
        digest: of its configuration, see ``config.load.digest``.
        seed: which the digest leaves out.
    """

    digest: str
    seed: int

    @classmethod
    def of(cls, config: ExperimentConfig) -> Self:
        """That of a configuration."""
        return cls(digest(config), config.seed)

    def __str__(self) -> str:
        return f"{self.digest[:DIGITS]}-seed{self.seed}"


def runs_of_point(config: ExperimentConfig, key: PointKey) -> Iterator[SavedRun]:
    """The runs of exactly this configuration and seed, the newest first; what could not be resumed is left out."""
    folder = config.results_dir / config.task.name / config.model.name
    try:
        names = sorted((name for name in os.listdir(folder) if not name.startswith(".")), reverse=True)  # noqa: PTH208
    except OSError:
        return
    outgrown = _outgrown(config.results_dir)
    for name in names:
        stated = parsed_run_id(name)
        if stated is not None and stated.seed != key.seed:
            continue
        if stated is not None and stated.digest is not None and name not in outgrown:
            if stated.digest != key.digest[:DIGITS]:
                continue
        elif key.digest not in _recorded_digests(folder / name):
            continue
        try:
            run = read_saved_run(folder / name)
            run.check_config()
            experiment = run.experiment()
        except SpectralBenchError:
            continue
        if PointKey.of(experiment) == key:
            yield run


def newest_named(folder: Path, key: PointKey) -> Path | None:
    """The newest run in a folder TASK/MODEL whose name says that it is of a point; None if there is none."""
    try:
        names = [name for name in os.listdir(folder) if f"-{key}-" in name and not name.startswith(".")]  # noqa: PTH208
    except OSError:
        return None
    return folder / max(names) if names else None


def note_outgrown(directory: Path, config: ExperimentConfig) -> None:
    """Remember that the configuration of a run is no longer that of its name, if the run lies where it was made.

    Any folder above it may be a link: it is noted by both ways to it, and where its configuration says that it lies.
    """
    own, place = directory.resolve(), Path(config.task.name, config.model.name)
    made = config.results_dir / place / own.name
    for run in {own, Path(os.path.abspath(directory)), made if made.exists() and made.samefile(own) else own}:  # noqa: PTH100
        if run.parent.parts[-2:] == place.parts:
            marks = run.parents[2] / CLAIMS
            marks.mkdir(exist_ok=True)
            (marks / f"{OUTGROWN}{run.name}").touch()


def _outgrown(results_dir: Path) -> set[str]:
    try:
        return {
            name.removeprefix(OUTGROWN)
            for name in os.listdir(results_dir / CLAIMS)  # noqa: PTH208
            if name.startswith(OUTGROWN)
        }
    except OSError:
        return set()


def _recorded_digests(directory: Path) -> frozenset[str]:
    """The digests in the manifest of a run, of now and of before it was made longer; none if it cannot be read.

    Which of them is that of its configuration, the configuration says: it may have been killed between writing the two.
    """
    path = directory / MANIFEST
    try:
        written = path.stat().st_mtime_ns
        known = _read_before.get(path)
        if known is None or known[0] != written:
            content = parse_json(read_bytes(path, LARGEST_TEXT))
            found = (content.get("config_digest"), content.get("config_digest_before"))
            known = _read_before[path] = written, frozenset(one for one in found if isinstance(one, str))
    except (OSError, ValueError):
        return frozenset()
    return known[1]
