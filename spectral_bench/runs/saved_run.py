"""A run directory read back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spectral_bench.config.change import changed
from spectral_bench.config.load import digest, experiment_config
from spectral_bench.config.schema import ExperimentConfig
from spectral_bench.errors import DataError, InputError
from spectral_bench.runs.kinds import KINDS
from spectral_bench.runs.layout import CONFIG, MANIFEST
from spectral_bench.runs.manifest import Manifest
from spectral_bench.runs.migration import upgraded_config
from spectral_bench.runs.safe_reading import brief, parse_yaml, read_bytes


@dataclass(frozen=True)
class SavedRun:
    """The manifest and the configuration of a run directory.

    Attributes:
        directory: of the run.
        manifest: how it stands.
        config: the configuration, as ``config.yaml`` holds it, in the format of this version.
    """

    directory: Path
    manifest: Manifest
    config: dict[str, Any]

    def experiment(self) -> ExperimentConfig:
        """The typed configuration.

        Raises:
            InputError: this version does not know such a configuration.
        """
        try:
            return experiment_config(_without_strange_homes(self.config), KINDS)
        except InputError as error:
            raise InputError(f"{self.directory / CONFIG}: {error}") from error

    def changed(self, overrides: Sequence[str]) -> ExperimentConfig:
        """The typed configuration with single values set; see ``config.change.changed``."""
        return experiment_config(_without_strange_homes(changed(self.config, overrides)), KINDS)

    def check_config(self) -> None:
        """Check that the configuration is the one whose digest the manifest holds.

        When a run is made longer, the manifest gets the new digest a moment before the new configuration is written, so
        the previous digest is accepted as well. Earlier versions did not record the seed.

        Raises:
            InputError: this version does not know such a configuration.
            DataError: it is not.
        """
        recorded, experiment = self.manifest.content, self.experiment()
        known = recorded.get("config_digest"), recorded.get("config_digest_before")
        if digest(experiment) not in known or recorded.get("seed", experiment.seed) != experiment.seed:
            raise DataError(f"{self.directory / CONFIG}: is not the configuration this run was made with.")


def read_saved_run(directory: Path) -> SavedRun:
    """Read a run directory. It may come from a stranger: nothing in it can run code.

    Raises:
        InputError: it is not the directory of a run.
        DataError: a file in it is damaged.
    """
    try:
        is_run = (directory / MANIFEST).exists()
    except OSError as error:  # of somebody who lets no one look into it
        raise DataError(f"{directory}: cannot be read ({brief(error)}).") from error
    if not is_run:
        raise InputError(f"{directory} is not the directory of a run: there is no {MANIFEST} in it.")
    return SavedRun(directory, Manifest.read(directory), _read_config(directory / CONFIG))


def _without_strange_homes(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration whose folders below a home are relative where nobody has one: they are elsewhere here anyway."""
    folders = {key: config[key] for key in ("data_dir", "results_dir") if isinstance(config.get(key), str)}
    return {**config, **{key: str(_below_no_home(Path(folder))) for key, folder in folders.items()}}


def _below_no_home(folder: Path) -> Path:
    try:
        folder.expanduser()
    except RuntimeError:
        return Path(*folder.parts[1:])
    return folder


def _read_config(path: Path) -> dict[str, Any]:
    try:
        return upgraded_config(parse_yaml(read_bytes(path)))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read ({brief(error)}).") from error
