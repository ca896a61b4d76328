"""MNIST: the split, the order of the pixels, and damaged files."""

import errno
import gzip
import os
import shutil

import numpy as np
import pytest
import torch
from fabricate import idx, mnist_arrays

from spectral_bench.config.load import load
from spectral_bench.errors import DataError, InputError, StorageError
from spectral_bench.runs.kinds import KINDS


def numbers(inputs_TBD):
    """The number that each image holds in its first and last pixel, from a batch in reading order."""
    first, last = inputs_TBD[0, :, 0], inputs_TBD[-1, :, -1]
    return (first * 255 + 256 * 255 * last).round().long().tolist()


def test_the_first_5000_training_images_are_the_validation_set(make_task, fabricated):
    task = make_task("mnist", fabricated, pixels_per_step=28)
    sizes = {split: sum(b.size for b in task.batches(split, 999)) for split in ("train", "validation", "test")}
    assert sizes == {"train": 55_000, "validation": 5_000, "test": 10_000}
    validation = next(task.batches("validation", 3))
    assert numbers(validation.inputs) == [0, 1, 2]
    assert validation.targets.tolist() == [0, 1, 2]
    assert numbers(next(task.batches("train", 2)).inputs) == [5000, 5001]


def test_an_epoch_visits_every_training_image_once_in_an_order_of_its_own(make_task, fabricated):
    task = make_task("mnist", fabricated, pixels_per_step=392)
    per_epoch = task.updates_per_epoch(6000)
    assert per_epoch == 10
    epochs = [[n for i in range(10) for n in numbers(task.train_batch(e * 10 + i, 6000, 0).inputs)] for e in (0, 1)]
    assert epochs[0] != epochs[1]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(5000, 60_000))
    assert task.train_batch(9, 6000, 0).size == 1000


@pytest.mark.parametrize("pixels", [1, 7, 28, 784])
def test_pixels_are_read_in_rows_and_scaled_to_one(make_task, fabricated, pixels):
    batch = next(make_task("mnist", fabricated, pixels_per_step=pixels).batches("test", 300))
    assert batch.inputs.shape == (784 // pixels, 300, pixels)
    images = torch.from_numpy(mnist_arrays(300)[0]).float() / 255
    assert torch.equal(batch.inputs.transpose(0, 1).reshape(300, 28, 28), images)


def test_the_permutation_is_of_single_pixels_by_its_seed(make_task, fabricated):
    plain = next(make_task("mnist", fabricated, pixels_per_step=28).batches("test", 300)).inputs
    for seed in (92916, 7):
        task = make_task("mnist", fabricated, pixels_per_step=28, permuted=True, permutation_seed=seed)
        order = np.random.RandomState(seed).permutation(784)
        permuted = next(task.batches("test", 300)).inputs
        assert torch.equal(permuted.transpose(0, 1).flatten(1), plain.transpose(0, 1).flatten(1)[:, order])


def test_the_baseline_always_names_the_most_frequent_training_class(make_task, fabricated):
    assert make_task("mnist", fabricated, pixels_per_step=28).baseline.value == pytest.approx(0.1)


def test_files_are_found_in_torchvision_s_folder_unpacked_too(make_task, fabricated, tmp_path):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for file in (fabricated / "mnist").iterdir():
        (raw / file.stem).write_bytes(gzip.decompress(file.read_bytes()))
    here, there = make_task("mnist", pixels_per_step=28), make_task("mnist", fabricated, pixels_per_step=28)
    assert torch.equal(next(here.batches("test", 50)).inputs, next(there.batches("test", 50)).inputs)
    assert set(here.digests) == {f"MNIST/raw/{file.stem}" for file in (fabricated / "mnist").iterdir()}


@pytest.mark.parametrize(
    ("pixels", "nearest"), [(5, "4 and 7"), (0, "1 and 2"), (-3, "1 and 2"), (1000, "392 and 784")]
)
def test_pixels_that_do_not_divide_784_are_refused_with_the_nearest_divisors(make_task, fabricated, pixels, nearest):
    with pytest.raises(InputError, match=f"task.pixels_per_step={pixels} does not divide .*784.* {nearest}"):
        make_task("mnist", fabricated, pixels_per_step=pixels)


IMAGES, LABELS = "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"


@pytest.mark.parametrize(
    ("name", "damage", "message"),
    [
        (IMAGES, lambda packed, raw: packed[:1000], "cannot be unpacked"),
        (IMAGES, lambda packed, raw: packed[:-6], "cannot be unpacked"),
        (IMAGES, lambda packed, raw: b"<html>not found</html>", "cannot be unpacked"),
        (IMAGES, lambda packed, raw: packed[:500] + bytes([packed[500] ^ 1]) + packed[501:], "cannot be unpacked|IDX"),
        (IMAGES, lambda packed, raw: b"", "is not a whole IDX file"),
        (IMAGES, lambda packed, raw: gzip.compress(raw[:100_000]), "is not a whole IDX file"),
        (IMAGES, lambda packed, raw: gzip.compress(b"\0\0\7\3" + raw[4:]), "is not a whole IDX file"),
        (IMAGES, lambda packed, raw: gzip.compress(b"12"), "is not a whole IDX file"),
        (IMAGES, lambda packed, raw: gzip.compress(idx(np.zeros((5, 28, 28)))), "holds 5 x 28 x 28"),
        (IMAGES, lambda packed, raw: gzip.compress(idx(np.zeros(10_000))), "is not a whole IDX file"),
        (LABELS, lambda packed, raw: gzip.compress(idx(np.zeros(9_999))), "holds 9,999; expected 10,000 labels"),
        (LABELS, lambda packed, raw: gzip.compress(idx(np.full(10_000, 10))), "holds a label 10"),
    ],
)
def test_a_damaged_file_is_named_with_what_was_expected_and_how_to_get_it(
    make_task, fabricated, tmp_path, name, damage, message
):
    shutil.copytree(fabricated / "mnist", tmp_path / "mnist")
    file = tmp_path / "mnist" / name
    packed = file.read_bytes()
    file.write_bytes(damage(packed, gzip.decompress(packed)))
    with pytest.raises(DataError, match=message) as caught:
        make_task("mnist")
    assert str(file) in str(caught.value)
    assert "expected 10,000" in str(caught.value)
    assert f"spectral-bench data download mnist --data-dir {tmp_path}" in str(caught.value)


def test_a_missing_file_is_named_with_the_layout_and_how_to_get_it(make_task, fabricated, tmp_path):
    shutil.copytree(fabricated / "mnist", tmp_path / "mnist")
    (tmp_path / "mnist" / LABELS).unlink()
    with pytest.raises(DataError, match=r"mnist/t10k-labels-idx1-ubyte.gz is not there(.|\n)*data download mnist"):
        make_task("mnist")


def test_a_full_disk_while_unpacking_is_not_called_a_damaged_file(make_task, fabricated, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(StorageError, match=r"cannot be written \(No space left on device\).*TMPDIR"):
        make_task("mnist", fabricated)


def test_a_seed_that_no_permutation_can_have_is_refused_and_one_without_permutation_is_said_to_be_idle() -> None:
    for seed in (-1, 2**32):
        with pytest.raises(InputError, match=rf"^task\.permutation_seed={seed}: expected a whole number from 0 to"):
            load(["task=mnist", "task.permuted=true", f"task.permutation_seed={seed}"], KINDS)
    for seed in (0, 5):
        typed = ["task=mnist", "model=rnn", f"task.permutation_seed={seed}"]
        assert load(typed, KINDS).warnings == [
            f"task.permutation_seed={seed} has no effect: task 'mnist' as configured here has no use for it."
        ]
        assert load([*typed, "task.permuted=true"], KINDS).warnings == []
