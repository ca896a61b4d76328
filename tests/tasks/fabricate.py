"""Small data files of the right form, and tasks built from the project's yaml files."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import OmegaConf

from spectral_bench.tasks.task import TASKS, Task

CONF = Path(__file__).parents[2] / "conf" / "task"


def build_task(name: str, data_dir: Path, **changes: Any) -> Task:
    """The task with the defaults of its yaml file, but for some changes."""
    task_type = TASKS[name]
    defaults = OmegaConf.load(CONF / f"{name}.yaml").task
    return task_type(
        OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(task_type.Config), defaults, changes)), data_dir
    )


def idx(array: np.ndarray) -> bytes:
    """An array of bytes in the IDX format."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes()


def mnist_arrays(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Images that are blank but for two pixels that hold their number, and labels that count 0..9."""
    numbers = np.arange(size)
    images = np.zeros((size, 28, 28), dtype=np.uint8)
    images[:, 0, 0], images[:, 27, 27] = numbers % 256, numbers // 256
    return images, numbers % 10


def write_mnist(data_dir: Path) -> None:
    """The four files, of the right sizes."""
    (data_dir / "mnist").mkdir()
    for part, size in (("train", 60_000), ("t10k", 10_000)):
        images, labels = mnist_arrays(size)
        for name, array in ((f"{part}-images-idx3-ubyte", images), (f"{part}-labels-idx1-ubyte", labels)):
            (data_dir / "mnist" / f"{name}.gz").write_bytes(gzip.compress(idx(array), 1))


def write_ptb(data_dir: Path, train: str, valid: str, test: str) -> None:
    """The three files."""
    (data_dir / "ptb").mkdir(exist_ok=True)
    for part, text in (("train", train), ("valid", valid), ("test", test)):
        (data_dir / "ptb" / f"ptb.{part}.txt").write_text(text)


def write_ucr(data_dir: Path, name: str, train: str, test: str, ending: str = ".tsv") -> None:
    """The two files of a set."""
    folder = data_dir / "ucr" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}_TRAIN{ending}").write_text(train)
    (folder / f"{name}_TEST{ending}").write_text(test)


def ucr_text(labels: list[str], length: int) -> str:
    """A series a label, the values counting on from line to line."""
    rows = np.arange(len(labels) * length).reshape(len(labels), length)
    return "".join("\t".join([label, *map(str, row)]) + "\n" for label, row in zip(labels, rows, strict=True))
