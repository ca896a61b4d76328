"""Where the rows of a trace lie: in one file, or, while a run grows, in parts beside the place of that file.

The one file, where it exists, is the whole table. While there is none, the rows are those of the parts. When parts are
merged, the merged one is written first, so a part whose steps all lie within those of another is what a crash left.
No pyarrow here: who only wants to know what is there does not load it.
"""

import re
from pathlib import Path

from spectral_bench.runs.layout import parts_folder

#: The name of a part: the first and the last step in it.
_PART = re.compile(r"steps-(\d{9,18})-(\d{9,18})\.parquet")


def part_name(first: int, last: int) -> str:
    """What a part with the rows of these steps is called."""
    return f"steps-{first:09d}-{last:09d}.parquet"


def part_steps(part: Path) -> tuple[int, int] | None:
    """The first and the last step of a part, by its name; None if it has not the name of a part."""
    match = _PART.fullmatch(part.name)
    return None if match is None else (int(match[1]), int(match[2]))


def table_files(path: Path) -> list[Path]:
    """The files that hold the rows of a table, in the order of their steps.

    Args:
        path: of the one file of a run that is not growing. Formats 1 and 2 had a folder of parts of this name.
    """
    if path.exists() and not path.is_dir():
        return [path]
    found = {steps: part for part in all_parts(path) if (steps := part_steps(part)) is not None}
    if not found and path.is_file():  # the run ended since, and its parts became the one file
        return [path]
    return [found[steps] for steps in sorted(found) if not any(_covers(other, steps) for other in found)]


def all_parts(path: Path) -> list[Path]:
    """Every part of a table, also those that a merged one stands for."""
    folders = (path, path.parent / parts_folder(path.name))
    return [part for folder in folders for part in sorted(folder.glob("steps-*")) if part_steps(part) is not None]


def foreign_files(path: Path) -> list[Path]:
    """What lies among the parts of a table and is none of them."""
    folders = (path, path.parent / parts_folder(path.name))
    return [file for folder in folders for file in sorted(folder.glob("[!.]*")) if part_steps(file) is None]


def _covers(other: tuple[int, int], steps: tuple[int, int]) -> bool:
    return other != steps and other[0] <= steps[0] and steps[1] <= other[1]
