"""What a plugin is: code from outside, its digest, and its folder of configuration files."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from spectral_bench.errors import InputError
from spectral_bench.plugins.neighbours import neighbours

#: The attribute of a plugin, and the folder beside it, that name its configuration files.
CONF_DIR_ATTRIBUTE, CONF_FOLDER = "CONF_DIR", "conf"


@dataclass
class Plugin:
    """Code from outside that was imported.

    Attributes:
        name: of the file or of the module, as a manifest records it.
        file: where the code lies.
        sha256: digest of the file as it was imported, and of the neighbours that it imports; of all Python files of a
            package.
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


def digest_of_source(path: Path, source: bytes | None = None) -> str:
    """SHA-256 of a file; where there are more, of the names and digests of all of them.

    Args:
        path: of the file; of a package its ``__init__.py``, which stands for all Python files of the package.
        source: what the file holds; None: it is read.
    """
    source = path.read_bytes() if source is None else source
    if path.name == "__init__.py":
        files = {file.relative_to(path.parent).as_posix(): file for file in path.parent.rglob("*.py")}
    else:
        files = {**neighbours(path), "": path}
        if len(files) == 1:
            return hashlib.sha256(source).hexdigest()
    digest = hashlib.sha256()
    for name, file in sorted(files.items()):
        digest.update(name.encode() + b"\0")
        digest.update(hashlib.sha256(source if file == path else file.read_bytes()).digest())
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
