"""``spectral-bench data`` as a user sees it: real processes' output, a real server on this machine."""

import dataclasses
import hashlib
import io
import zipfile

import pytest
from typer.testing import CliRunner

from spectral_bench.cli.data import data_app
from spectral_bench.data import datasets, fetch, status
from spectral_bench.errors import DataError, InputError

TS = "@problemName CBF\n@classLabel true 1 2\n@data\n" + "".join(f"{i},1,2,3:{1 + i % 2}\n" for i in range(8))


def run(*arguments):
    return CliRunner().invoke(data_app, [str(argument) for argument in arguments])


def zipped(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as content:
        for name, text in members.items():
            content.writestr(name.replace("__", "."), text)
    return buffer.getvalue()


@pytest.fixture
def web(server, monkeypatch):
    """PTB and UCR sets come from the server on this machine; PTB's known digests are those of what it holds."""
    texts = {name: f"the text of {name}\n".encode() for name in datasets.PTB_FILES}
    known = {
        f"ptb/{name}": datasets.KnownFile(f"ptb/{name}", len(text), hashlib.sha256(text).hexdigest())
        for name, text in texts.items()
    }
    server.files |= {f"/{name}": text for name, text in texts.items()}
    server.files["/CBF.zip"] = zipped(CBF_TRAIN__ts=TS, CBF_TEST__ts=TS, CBF__txt="about")
    monkeypatch.setattr(datasets, "PTB", dataclasses.replace(datasets.PTB, mirrors=(server.url,)))
    monkeypatch.setattr(datasets, "_UCR_ARCHIVES", server.url)
    for module in (fetch, status):
        monkeypatch.setattr(module, "known_file", known.get)
    return server


def test_a_data_set_is_downloaded_once_and_verified(web, tmp_path):
    first = run("download", "ptb", "--data-dir", tmp_path)
    assert first.exit_code == 0, first.output
    assert (tmp_path / "ptb" / "ptb.valid.txt").read_text() == "the text of ptb.valid.txt\n"
    assert first.output.count("digest as known") == 3
    asked = len(web.requests)
    assert run("download", "ptb", "--data-dir", tmp_path).output.count("already there") == 3
    assert len(web.requests) == asked
    verified = run("verify", "ptb", "--data-dir", tmp_path)
    assert verified.exit_code == 0
    assert verified.output.count("digest as known") == 3


def test_a_damaged_file_fails_the_verification_and_is_downloaded_again(web, tmp_path):
    run("download", "ptb", "--data-dir", tmp_path)
    file = tmp_path / "ptb" / "ptb.test.txt"
    file.write_text("damaged")
    failed = run("verify", "ptb", "--data-dir", tmp_path)
    assert isinstance(failed.exception, DataError)
    assert f"{file}: SHA-256 {hashlib.sha256(b'damaged').hexdigest()}, expected" in str(failed.exception)
    assert "digest differs" in failed.output
    again = run("download", "ptb", "--data-dir", tmp_path)
    assert again.output.count("already there") == 2
    assert file.read_text() == "the text of ptb.test.txt\n"


def test_a_wrong_file_on_the_server_is_refused_with_the_layout_to_fill_by_hand(web, tmp_path):
    web.files["/ptb.valid.txt"] = b"x" * len(web.files["/ptb.valid.txt"])
    failed = run("download", "ptb", "--data-dir", tmp_path)
    assert isinstance(failed.exception, DataError)
    assert failed.exception.exit_code == 3
    assert "not the known file" in str(failed.exception)
    assert f"put by hand into {tmp_path}: ptb/{{ptb.train.txt,ptb.valid.txt,ptb.test.txt}}" in str(failed.exception)
    assert sorted(path.name for path in (tmp_path / "ptb").iterdir()) == ["ptb.train.txt"]


def test_the_next_mirror_is_tried(web, tmp_path, monkeypatch):
    monkeypatch.setattr(
        datasets, "PTB", dataclasses.replace(datasets.PTB, mirrors=(f"{web.url}nothing/", *datasets.PTB.mirrors))
    )
    assert run("download", "ptb", "--data-dir", tmp_path).exit_code == 0


def test_a_ucr_set_is_unpacked_its_digests_recorded_and_read_by_the_task(web, tmp_path):
    done = run("download", "CBF", "--data-dir", tmp_path)
    assert done.exit_code == 0, done.output
    assert hashlib.sha256(web.files["/CBF.zip"]).hexdigest() in done.output
    assert "none is known to compare it with" in done.output
    folder = tmp_path / "ucr" / "CBF"
    assert sorted(path.name for path in folder.iterdir()) == ["CBF_TEST.ts", "CBF_TRAIN.ts", "SHA256SUMS"]
    assert run("verify", "CBF", "--data-dir", tmp_path).output.count("digest as downloaded") == 2
    assert run("download", "CBF", "--data-dir", tmp_path).output.count("already there") == 2

    from spectral_bench.tasks.ucr import UCRConfig, UCRTask

    assert UCRTask(UCRConfig("ucr", "CBF", None, 0.25), tmp_path).signature.output_size == 2

    (folder / "CBF_TEST.ts").write_text("changed")
    assert isinstance(run("verify", "CBF", "--data-dir", tmp_path).exception, DataError)


@pytest.mark.parametrize("content", [b"not a zip", zipped(CBF_TRAIN__ts=TS), zipped(CBF_TRAIN__ts=TS)[:-30]])
def test_an_archive_that_is_none_leaves_nothing_behind(web, tmp_path, content):
    web.files["/CBF.zip"] = content
    failed = run("download", "CBF", "--data-dir", tmp_path)
    assert isinstance(failed.exception, DataError)
    assert list((tmp_path / "ucr" / "CBF").iterdir()) == []


def test_without_a_network_one_message_says_where_the_files_belong(web, tmp_path):
    web.http.server_close()
    failed = run("download", "CBF", "--data-dir", tmp_path)
    assert isinstance(failed.exception, DataError)
    assert "cannot be reached" in str(failed.exception)
    assert f"put by hand into {tmp_path}: ucr/CBF/{{CBF_TRAIN,CBF_TEST}}.ts (or .tsv, .txt, .csv)" in str(
        failed.exception
    )
    assert list(tmp_path.iterdir()) == []


def test_status_says_what_is_missing_and_how_to_get_it(tmp_path):
    (tmp_path / "ucr" / "Mine").mkdir(parents=True)
    (tmp_path / "ucr" / "Mine" / "Mine_TRAIN.csv").write_text("1,2\n")
    shown = run("status", "--data-dir", tmp_path)
    assert shown.exit_code == 0
    lines = [line.split() for line in shown.output.splitlines()]
    assert ["ucr/Mine/Mine_TRAIN.csv", "4", "found"] in lines
    assert ["mnist/train-images-idx3-ubyte.gz", "missing"] in lines
    assert "Get it with: spectral-bench data download mnist --data-dir" in shown.output


def test_a_missing_file_fails_the_verification_of_its_own_data_set_only(tmp_path):
    assert run("verify", "--data-dir", tmp_path).exit_code == 0
    assert isinstance(run("verify", "mnist", "--data-dir", tmp_path).exception, DataError)


def test_the_data_folder_is_the_one_of_the_environment_unless_one_is_given(tmp_path, monkeypatch):
    monkeypatch.setenv("SPECTRAL_BENCH_DATA", str(tmp_path / "elsewhere"))
    assert f"Data sets in {tmp_path / 'elsewhere'}" in run("status").output
    assert f"Data sets in {tmp_path}\n" in run("status", "--data-dir", tmp_path).output


@pytest.mark.parametrize("verb", ["status", "verify", "download"])
def test_an_unknown_name_is_refused_with_the_nearest(tmp_path, verb):
    failed = run(verb, "mnsit", "--data-dir", tmp_path)
    assert isinstance(failed.exception, InputError)
    assert "Did you mean 'mnist'?" in str(failed.exception)


def test_the_real_files_have_the_known_digests(real_data):
    verified = run("verify", "--data-dir", real_data)
    assert verified.exit_code == 0, verified.output
    assert verified.output.count("digest as known") >= 7
