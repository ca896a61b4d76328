"""The available configuration files: where they lie, their groups, and their descriptions.

Plain file access, no Hydra: a listing should answer at once.
"""

from pathlib import Path

from spectral_bench.errors import InputError
from spectral_bench.plugins.entry_points import plugin_conf_dirs

#: Groups a user chooses from on the command line, in the order of a listing.
GROUPS = ("model", "task", "optimizer", "recipe", "experiment")

#: The group of who runs the points of a grid: no part of a run's configuration.
LAUNCHER_GROUP = "launcher"


#: The block of a preset that holds a grid: a list of overrides.
GRID_BLOCK = "grid"


def conf_dir() -> Path:
    """The folder of configuration files: inside the package when installed from a wheel, else beside it."""
    package = Path(__file__).parents[1]
    inside = package / "conf"
    return inside if inside.is_dir() else package.parent / "conf"


def folders(config_dir: Path | None) -> list[Path]:
    """The folders of configuration files, each once: the project's, those of plugins, and the user's own.

    Raises:
        InputError: the user's folder does not exist.
    """
    if config_dir is not None and not config_dir.is_dir():
        raise InputError(f"--config-dir {config_dir}: there is no such folder.")
    others = [*plugin_conf_dirs(), *([config_dir.resolve()] if config_dir is not None else [])]
    return list(dict.fromkeys([conf_dir().resolve(), *others]))


def files_of_options(group: str, config_dir: Path | None = None) -> dict[str, list[Path]]:
    """The files of every option of a group, by name, sorted; one that has several cannot be chosen."""
    found: dict[str, list[Path]] = {}
    for folder in folders(config_dir):
        for file in (folder / group).rglob("*.yaml"):
            found.setdefault(file.relative_to(folder / group).with_suffix("").as_posix(), []).append(file)
    return dict(sorted(found.items()))


def options(group: str, config_dir: Path | None = None) -> dict[str, Path]:
    """The file of every option of a group, by name (``{"svdrnn": Path(".../conf/model/svdrnn.yaml")}``), sorted.

    Of several files with the name of one option it is the first; ``check_one_file`` refuses these.
    """
    return {name: files[0] for name, files in files_of_options(group, config_dir).items()}


def check_one_file(group: str, option: str, config_dir: Path | None) -> None:
    """Refuse an option that several folders have a file for: which of them is meant?

    Raises:
        InputError: naming the files.
    """
    files = [file for folder in folders(config_dir) if (file := folder / group / f"{option}.yaml").is_file()]
    if len(files) > 1:
        raise InputError(f"{group}={option} is two files: {' and '.join(map(str, files))}. Give one another name.")


def description(file: Path) -> str:
    """The description of a configuration file: its first comment line after Hydra's ``# @package`` header."""
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("#") and not line.lstrip("# ").startswith("@"):
                return line.lstrip("#").strip()
    return ""
