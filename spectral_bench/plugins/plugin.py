"""What a plugin is: code from outside, its digest, and its folder of configuration files."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from spectral_bench.errors import InputError

#: The attribute of a plugin, and the folder beside it, that name its configuration files.
CONF_DIR_ATTRIBUTE, CONF_FOLDER = "CONF_DIR", "conf"


@dataclass
class Plugin:
    """Code from outside that was imported.

    Attributes:
        name: of the file or of the module, as a manifest records it.
        file: where the code lies.
        sha256: digest of the file as it was imported; of all Python files of a package.
        explicit: named by the user, and not only found through an entry point.
        named: how the user named it, as messages begin (``--plugin mine.py``); empty: the user did not.
        conf_dir: its folder of configuration files, laid out like ``conf/``; None: it brings none.
        registered: what it registered, each as configuration key and value (``("model.layer", "diagonal")``).
    """

    name: str
    file: Path
    sha256: str
    explicit: bool
    conf_dir: Path | None = None
    registered: list[tuple[str, str]] = field(default_factory=list)
    named: str = ""


def digest_of_source(path: Path) -> str:
    """SHA-256 of a file; of a package, of the names and digests of all its Python files."""
    if path.name != "__init__.py":
        return hashlib.sha256(path.read_bytes()).hexdigest()
    digest = hashlib.sha256()
    for file in sorted(path.parent.rglob("*.py")):
        digest.update(file.relative_to(path.parent).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def declared_conf_dir(module: ModuleType, path: Path) -> Path | None:
    """The folder of configuration files that a plugin names, else the one beside its file, if there is one.

    Raises:
        InputError: it names a folder that does not exist.
    """
    declared = vars(module).get(CONF_DIR_ATTRIBUTE)
    if declared is None:
        return conf_beside(path)
    folder = Path(path.parent, declared).resolve()
    if not folder.is_dir():
        raise InputError(f"{CONF_DIR_ATTRIBUTE} = {str(declared)!r}: there is no such folder")
    return folder


def conf_beside(path: Path) -> Path | None:
    """The folder of configuration files beside a file, if there is one."""
    folder = path.parent / CONF_FOLDER
    return folder if folder.is_dir() else None
