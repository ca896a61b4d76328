"""The available configuration files: where they lie, their groups, and their descriptions.

Plain file access, no Hydra: a listing should answer at once.
"""

from pathlib import Path

from spectral_bench.errors import InputError

#: Groups a user chooses from on the command line, in the order of a listing.
GROUPS = ("model", "task", "optimizer", "recipe", "experiment")


def conf_dir() -> Path:
    """The folder of configuration files: inside the package when installed from a wheel, else beside it."""
    package = Path(__file__).parents[1]
    inside = package / "conf"
    return inside if inside.is_dir() else package.parent / "conf"


def folders(config_dir: Path | None) -> list[Path]:
    """The project's folder of configuration files, and the user's own if there is one.

    Raises:
        InputError: the user's folder does not exist, or holds a file with the name of one of the project's, which
            would never be read.
    """
    own = conf_dir()
    if config_dir is None:
        return [own]
    if not config_dir.is_dir():
        raise InputError(f"--config-dir {config_dir}: there is no such folder.")
    for group in GROUPS:
        for file in sorted((config_dir / group).rglob("*.yaml")):
            name = file.relative_to(config_dir)
            if (own / name).exists():
                raise InputError(f"{file}: {name} exists in the project, too; give yours another name.")
    return [own, config_dir.resolve()]


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
