"""The available configuration files: where they lie, their groups, and their descriptions.

Plain file access, no Hydra: a listing should answer at once.
"""

from collections.abc import Sequence
from pathlib import Path

from spectral_bench.errors import InputError
from spectral_bench.plugins.entry_points import plugin_conf_dirs

#: Groups a user chooses from on the command line, in the order of a listing.
GROUPS = ("model", "task", "optimizer", "recipe", "experiment")


def conf_dir() -> Path:
    """The folder of configuration files: inside the package when installed from a wheel, else beside it."""
    package = Path(__file__).parents[1]
    inside = package / "conf"
    return inside if inside.is_dir() else package.parent / "conf"


def folders(config_dir: Path | None) -> list[Path]:
    """The folders of configuration files, each once: the project's, those of plugins, and the user's own.

    Raises:
        InputError: the user's folder does not exist, or a file has the name of one in a folder before it, so that it
            would never be read.
    """
    if config_dir is not None and not config_dir.is_dir():
        raise InputError(f"--config-dir {config_dir}: there is no such folder.")
    others = [*plugin_conf_dirs(), *([config_dir.resolve()] if config_dir is not None else [])]
    found = list(dict.fromkeys([conf_dir().resolve(), *others]))
    for position, folder in enumerate(found):
        if position:
            _check_names(folder, found[:position])
    return found


def _check_names(folder: Path, before: Sequence[Path]) -> None:
    """Refuse files that others of the same name hide."""
    for group in GROUPS:
        for file in sorted((folder / group).rglob("*.yaml")):
            name = file.relative_to(folder)
            for position, other in enumerate(before):
                if (other / name).exists():
                    where = f"in {other}" if position else "in the project"
                    raise InputError(f"{file}: {name} exists {where}, too; give yours another name.")


def options(group: str, config_dir: Path | None = None) -> dict[str, Path]:
    """The file of every option of a group, by name (``{"svdrnn": Path(".../conf/model/svdrnn.yaml")}``), sorted."""
    found = {
        file.relative_to(folder / group).with_suffix("").as_posix(): file
        for folder in folders(config_dir)
        for file in (folder / group).rglob("*.yaml")
    }
    return dict(sorted(found.items()))


def description(file: Path) -> str:
    """The description of a configuration file: its first comment line after Hydra's ``# @package`` header."""
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("#") and not line.lstrip("# ").startswith("@"):
                return line.lstrip("#").strip()
    return ""
