"""The modules in a plugin's own folder that it imports: they are part of it."""

import ast
from collections.abc import Iterator
from pathlib import Path

#: Folders of installed modules, where everything would be a neighbour of everything.
_INSTALLED = ("site-packages", "dist-packages")

_PACKAGE = __package__.partition(".")[0]


def neighbours(path: Path) -> dict[str, Path]:
    """The Python files beside a file that it imports, and that these import.

    They are read off the import statements, those inside functions included, whatever has been imported by now: a
    plugin is then the same in every command. What ``importlib`` is handed at run time is not seen.

    Args:
        path: of the file.

    Returns:
        By dotted name; empty among installed modules.
    """
    if path.parent.name in _INSTALLED:
        return {}
    root = path.parent
    while (root / "__init__.py").is_file():
        root = root.parent
    package, *_ = path.relative_to(root).parts  # that the file belongs to, if any
    found: dict[str, Path] = {}
    pending = [path]
    while pending:
        for name in _imported_names(pending.pop(), root):
            folder = root if name.partition(".")[0] == package else path.parent
            for prefix, file in _files(folder, name):
                if prefix not in found and file != path:
                    found[prefix] = file
                    pending.append(file)
    return found


def _imported_names(file: Path, root: Path) -> Iterator[str]:
    """What the import statements of a file name, dotted; ``root`` is the folder that holds the outermost package."""
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
        return  # importing it says what is wrong
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            around = file.relative_to(root).parts[: -node.level] if node.level else ()
            base = [*around, *(node.module or "").split(".")] if node.module else list(around)
            yield from (".".join([*base, alias.name]) for alias in node.names)


def _files(folder: Path, name: str) -> Iterator[tuple[str, Path]]:
    """The files of a module and of the packages around it, as far as they are in the folder, by dotted name."""
    parts = name.split(".")
    if parts[0] == _PACKAGE:
        return
    for depth in range(1, len(parts) + 1):
        place = folder.joinpath(*parts[:depth])
        for file in (place / "__init__.py", place.with_name(f"{place.name}.py")):
            if file.is_file():
                yield ".".join(parts[:depth]), file
                break
