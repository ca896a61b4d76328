"""The real files: counts and sums that were found independently of this project's readers."""

import gzip
import hashlib

import numpy as np
import pytest
import torch
from fabricate import build_task

from spectral_bench.data.datasets import MNIST_FILES, known_file


def test_mnist_has_the_pixels_and_classes_of_the_original(real_data):
    task = build_task("mnist", real_data, pixels_per_step=28)
    splits = {split: list(task.batches(split, 5000)) for split in ("train", "validation", "test")}
    classes = {split: torch.cat([b.targets for b in batches]).bincount() for split, batches in splits.items()}
    assert classes["test"].tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    together = classes["train"] + classes["validation"]
    assert together.tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert (classes["train"].sum().item(), classes["validation"].sum().item()) == (55_000, 5_000)
    assert task.baseline.value == pytest.approx(0.1135)

    raw = gzip.decompress((real_data / "mnist" / "t10k-images-idx3-ubyte.gz").read_bytes())
    pixels = np.frombuffer(raw, dtype=np.uint8, offset=16).reshape(10_000, 28, 28)
    ours = torch.cat([b.inputs for b in splits["test"]], dim=1).transpose(0, 1)
    assert ours.sum(dtype=torch.float64).item() == pytest.approx(pixels.sum() / 255, rel=1e-7)
    np.testing.assert_array_equal(ours[7], pixels[7] / np.float32(255))


def test_permuted_mnist_begins_with_the_pixels_the_field_begins_with(real_data):
    task = build_task("mnist", real_data, pixels_per_step=1, permuted=True)
    rows = build_task("mnist", real_data, pixels_per_step=784)
    order = np.random.RandomState(92916).permutation(784)
    image = next(rows.batches("test", 1)).inputs.flatten()
    assert torch.equal(next(task.batches("test", 1)).inputs.flatten(), image[order])


def test_ptb_has_the_known_tokens_and_vocabulary(real_data):
    task = build_task("ptb", real_data)
    assert task.signature.input_size == task.signature.output_size == 10_000
    assert set(task.vocabulary[:4]) == {"the", "<unk>", "<eos>", "N"}
    assert len(task.vocabulary) == 10_000
    for split, tokens in (("train", 929_589), ("validation", 73_760), ("test", 82_430)):
        assert sum(task.weight(batch) for batch in task.batches(split, 20)) == tokens - 1
    batch = next(task.batches("validation", 1))
    first_line = " ".join(task.vocabulary[token] for token in batch.inputs[:15, 0])
    assert first_line == "consumers may want to move their telephones a little closer to the tv set <eos>"
    assert 600 < task.baseline.value < 700


@pytest.mark.parametrize(
    ("name", "train", "test", "length", "input_size", "classes"),
    [
        ("CBF", 30, 900, 128, 8, 3),
        ("ItalyPowerDemand", 67, 1029, 24, 4, 2),
        ("FaceAll", 560, 1690, 131, 1, 14),
        ("ArrowHead", 36, 175, 251, 1, 3),
        ("ECG5000", 500, 4500, 140, 10, 5),
        ("ECG200", 100, 100, 96, 8, 2),
    ],
)
def test_ucr_sets_have_the_sizes_of_the_archive(real_data, name, train, test, length, input_size, classes):
    task = build_task("ucr", real_data, dataset=name)
    sizes = {split: sum(b.size for b in task.batches(split, 500)) for split in ("train", "validation", "test")}
    assert sizes["train"] + sizes["validation"] == train
    assert sizes["test"] == test
    signature = task.signature
    assert (signature.input_size, signature.length, signature.output_size) == (
        input_size,
        length // input_size,
        classes,
    )
    for split in ("train", "test"):
        seen = torch.cat([b.targets for b in task.batches(split, 500)])
        assert seen.unique().tolist() == list(range(classes))


def test_every_ucr_set_that_is_there_can_be_read(real_data):
    for folder in sorted((real_data / "ucr").iterdir()):
        task = build_task("ucr", real_data, dataset=folder.name)
        first = next(task.batches("train", 1)).inputs
        assert torch.isfinite(first).all()


def test_digests_of_the_files_that_were_read_are_kept(real_data):
    task = build_task("mnist", real_data)
    assert task.digests == {f"mnist/{name}.gz": known_file(f"mnist/{name}.gz").sha256 for name in MNIST_FILES}
    cbf = build_task("ucr", real_data)
    file = real_data / "ucr" / "CBF" / "CBF_TEST.tsv"
    assert cbf.digests["ucr/CBF/CBF_TEST.tsv"] == hashlib.sha256(file.read_bytes()).hexdigest()
