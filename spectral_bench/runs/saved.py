"""A run directory read back."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spectral_bench.config.change import differences
from spectral_bench.config.load import experiment_config, resolved
from spectral_bench.config.schema import CHANGES_NO_NUMBER, ExperimentConfig
from spectral_bench.errors import DataError, InputError, SpectralBenchError
from spectral_bench.nn.layer_kinds import LAYERS
from spectral_bench.runs import manifest as manifests
from spectral_bench.runs.execute import CONFIG
from spectral_bench.runs.manifest import Manifest
from spectral_bench.runs.reading import first_line, parse_yaml, read_bytes
from spectral_bench.tasks import TASKS


@dataclass(frozen=True)
class SavedRun:
    """What a run directory says of itself.

    Attributes:
        directory: of the run.
        manifest: how it stands.
        config: the configuration, as ``config.yaml`` holds it.
    """

    directory: Path
    manifest: Manifest
    config: dict[str, Any]

    def experiment(self, config: dict[str, Any] | None = None) -> ExperimentConfig:
        """The typed configuration; or that of another mapping.

        Raises:
            InputError: it is none that this version knows.
        """
        try:
            return experiment_config(config or self.config, models=LAYERS, tasks=TASKS)
        except InputError as error:
            raise InputError(f"{self.directory / CONFIG}: {error}") from error


def read_run(directory: Path) -> SavedRun:
    """Read what a run directory says of itself. It may come from a stranger: nothing in it can run code.

    Raises:
        InputError: it is not the directory of a run.
        DataError: a file in it is damaged.
    """
    if not (directory / manifests.NAME).is_file():
        raise InputError(f"{directory} is not the directory of a run: there is no {manifests.NAME} in it.")
    return SavedRun(directory, Manifest.read(directory), _read_config(directory / CONFIG))


def find_unfinished(config: ExperimentConfig) -> Path | None:
    """The newest run of exactly this configuration that did not come to its end, if there is one."""
    return next((run.directory for run in _runs(config) if run.manifest.status not in ("completed", "diverged")), None)


def find_completed(config: ExperimentConfig) -> Path | None:
    """The newest completed run of exactly this configuration, if there is one."""
    return next((run.directory for run in _runs(config) if run.manifest.status == "completed"), None)


def _runs(config: ExperimentConfig) -> Iterator[SavedRun]:
    """The runs of exactly this configuration, the newest first."""
    wanted = resolved(config)
    for directory in sorted((config.results_dir / config.task.name / config.model.name).glob("*"), reverse=True):
        try:
            run = read_run(directory)
        except SpectralBenchError:
            continue  # not a run that could be gone on with
        if set(differences(run.config, wanted)) <= set(CHANGES_NO_NUMBER):
            yield run


def _read_config(path: Path) -> dict[str, Any]:
    try:
        return parse_yaml(read_bytes(path))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read ({first_line(error)}).") from error
