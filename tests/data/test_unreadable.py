"""A file that is there but cannot be read."""

import pytest

from spectral_bench.data.checksums import sha256
from spectral_bench.data.ucr_files import SeriesError, read_series
from spectral_bench.errors import DataError


def test_a_file_that_cannot_be_read_is_one_message(tmp_path):
    folder = tmp_path / "X.tsv"  # reading a folder fails for every user, root included
    folder.mkdir()
    with pytest.raises(SeriesError, match="cannot be read"):
        read_series(folder)
    with pytest.raises(DataError, match=r"X.tsv: cannot be read"):
        sha256(folder)
