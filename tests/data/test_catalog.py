"""What is known of data sets."""

import hashlib

import pytest

from spectral_bench.data.datasets import MNIST, PTB, dataset, known_file, known_files, known_ucr_names, ucr
from spectral_bench.data.problems import missing
from spectral_bench.data.status import FileState, found_datasets, status
from spectral_bench.errors import InputError
from spectral_bench.tasks.vision import import_torchvision


def test_our_table_of_mnist_agrees_with_torchvision(real_data):
    import_torchvision()
    from torchvision.datasets import MNIST as TORCHVISION

    assert MNIST.mirrors[0] in TORCHVISION.mirrors
    for name, md5 in TORCHVISION.resources:
        content = (real_data / "mnist" / name).read_bytes()
        assert hashlib.md5(content, usedforsecurity=False).hexdigest() == md5
        assert hashlib.sha256(content).hexdigest() == known_file(f"mnist/{name}").sha256


def test_every_file_of_mnist_and_ptb_has_a_known_digest_under_the_name_it_is_downloaded_to():
    for one in (MNIST, PTB):
        assert all(known_file(paths[0]) is not None for paths in one.choices)
    assert known_file("MNIST/raw/t10k-labels-idx1-ubyte") == known_files()["mnist/t10k-labels-idx1-ubyte"]
    assert all(len(known.sha256) == 64 and known.size > 0 for known in known_files().values())


def test_the_archive_has_128_sets():
    assert len(set(known_ucr_names())) == 128


@pytest.mark.parametrize(
    ("typed", "meant"), [("mnits", "mnist"), ("PTB", "ptb"), ("cbf", "CBF"), ("GunPiont", "GunPoint")]
)
def test_an_unknown_name_comes_with_the_nearest(tmp_path, typed, meant):
    with pytest.raises(InputError, match=f"Unknown data set '{typed}'. Did you mean '{meant}'"):
        dataset(typed, tmp_path)


def test_a_set_of_one_s_own_is_known_once_it_is_there(tmp_path):
    (tmp_path / "ucr" / "Mine").mkdir(parents=True)
    (tmp_path / "ucr" / "Mine" / "Mine_TRAIN.csv").touch()
    assert dataset("Mine", tmp_path).name == "Mine"
    assert [one.name for one in found_datasets(tmp_path)] == ["mnist", "ptb", "Mine"]


def test_files_are_compared_with_known_and_with_recorded_digests(tmp_path):
    folder = tmp_path / "ucr" / "CBF"
    folder.mkdir(parents=True)
    for name in ("CBF_TRAIN.ts", "CBF_TEST.tsv"):
        (folder / name).write_text("content")
    digest = hashlib.sha256(b"content").hexdigest()
    assert [file.state for file in status(ucr("CBF"), tmp_path)] == [FileState.found, FileState.found]
    checked = status(ucr("CBF"), tmp_path, check=True)
    assert [file.state for file in checked] == [FileState.unknown, FileState.different]  # the .tsv is in the table
    (folder / "SHA256SUMS").write_text(f"{digest}  CBF_TRAIN.ts\n")
    assert status(ucr("CBF"), tmp_path, check=True)[0].state is FileState.recorded
    (folder / "CBF_TRAIN.ts").write_text("changed")
    assert status(ucr("CBF"), tmp_path, check=True)[0].state is FileState.different


def test_the_command_that_is_suggested_survives_a_shell(tmp_path):
    message = str(missing(PTB, tmp_path / "my data"))
    assert f"spectral-bench data download ptb --data-dir '{tmp_path}/my data'" in message
