"""Downloads against a real server: resumed, checked, and in their place only when whole."""

import hashlib
import socket

import pytest

from spectral_bench.data.download import DownloadError, download

CONTENT = bytes(range(256)) * 2000  # 512,000 bytes
SHA = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def target(tmp_path):
    return tmp_path / "folder" / "file.bin"


def part(target):
    return target.with_name("file.bin.part")


def test_a_file_arrives_whole_with_its_progress_told(server, target):
    server.files["/file.bin"] = CONTENT
    told = []
    digest = download(
        f"{server.url}file.bin", target, sha256=SHA, progress=lambda have, total: told.append((have, total))
    )
    assert digest == SHA
    assert target.read_bytes() == CONTENT
    assert list(target.parent.iterdir()) == [target]
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert sorted(told) == told


def test_a_cut_connection_is_taken_up_where_it_broke(server, target):
    server.files["/file.bin"] = CONTENT
    server.cut = [100_000, 200_000]
    download(f"{server.url}file.bin", target, size=len(CONTENT), sha256=SHA)
    assert target.read_bytes() == CONTENT
    assert [asked for _, asked in server.requests] == [None, "bytes=100000-", "bytes=300000-"]


def test_a_server_without_ranges_is_asked_again_from_the_beginning(server, target):
    server.files["/file.bin"] = CONTENT
    server.ranges, server.cut = False, [100_000]
    download(f"{server.url}file.bin", target, sha256=SHA)
    assert target.read_bytes() == CONTENT
    assert [asked for _, asked in server.requests] == [None, "bytes=100000-"]


def test_a_connection_that_keeps_breaking_off_leaves_what_came_for_the_next_time(server, target):
    server.files["/file.bin"] = CONTENT
    server.cut = [10_000, 20_000]
    with pytest.raises(DownloadError, match=r"broke off 2 times \(30,000 of 512,000 bytes\)"):
        download(f"{server.url}file.bin", target, sha256=SHA, attempts=2)
    assert not target.exists()
    assert part(target).read_bytes() == CONTENT[:30_000]
    download(f"{server.url}file.bin", target, sha256=SHA)
    assert target.read_bytes() == CONTENT
    assert server.requests[-1][1] == "bytes=30000-"


def test_a_silent_connection_is_given_up_and_taken_up_again(server, target):
    server.files["/file.bin"] = CONTENT
    server.stall = [10.0]
    download(f"{server.url}file.bin", target, sha256=SHA, stall_seconds=1.0)
    assert target.read_bytes() == CONTENT
    assert len(server.requests) == 2


def test_a_wrong_digest_leaves_nothing_behind_and_the_old_file_in_its_place(server, target):
    server.files["/file.bin"] = b"something else"
    target.parent.mkdir()
    target.write_bytes(b"old")
    with pytest.raises(DownloadError, match=f"not the known file .*expected {SHA}"):
        download(f"{server.url}file.bin", target, sha256=SHA)
    assert target.read_bytes() == b"old"
    assert list(target.parent.iterdir()) == [target]


def test_a_beginning_of_another_file_is_thrown_away_and_the_whole_fetched(server, target):
    server.files["/file.bin"] = CONTENT
    target.parent.mkdir()
    part(target).write_bytes(b"x" * 1000)
    download(f"{server.url}file.bin", target, sha256=SHA)
    assert target.read_bytes() == CONTENT
    assert [asked for _, asked in server.requests] == ["bytes=1000-", None]


def test_a_beginning_longer_than_the_file_is_thrown_away(server, target):
    server.files["/file.bin"] = CONTENT
    target.parent.mkdir()
    part(target).write_bytes(b"x" * (len(CONTENT) + 1))
    download(f"{server.url}file.bin", target, sha256=SHA)
    assert target.read_bytes() == CONTENT


def test_a_complete_part_needs_no_connection(target):
    target.parent.mkdir()
    part(target).write_bytes(CONTENT)
    download("https://nowhere.invalid/file.bin", target, size=len(CONTENT), sha256=SHA)
    assert target.read_bytes() == CONTENT


def test_another_range_than_the_one_asked_for_is_refused(server, target):
    server.files["/file.bin"] = CONTENT
    server.cut, server.partial_from = [1000], 7
    with pytest.raises(DownloadError, match=r"asked for the bytes from 1,000, the server sends 'bytes 7-"):
        download(f"{server.url}file.bin", target, sha256=SHA)


def test_a_file_of_another_size_is_refused_before_it_is_fetched(server, target):
    server.files["/file.bin"] = CONTENT
    with pytest.raises(DownloadError, match="offers 512,000 bytes, expected 12"):
        download(f"{server.url}file.bin", target, size=12)
    assert not target.parent.exists()


def test_what_the_server_refuses_is_said(server, target):
    with pytest.raises(DownloadError, match="answers 404"):
        download(f"{server.url}file.bin", target)


@pytest.mark.parametrize("url", ["http://example.com/x", "ftp://127.0.0.1/x", "file:///etc/passwd", "x"])
def test_only_https_is_fetched_unless_from_this_machine(url, target):
    with pytest.raises(DownloadError, match="not https"):
        download(url, target)


@pytest.mark.parametrize("elsewhere", ["http://example.com/x", "file:///etc/passwd"])
def test_a_redirect_does_not_lead_away_from_https(server, target, elsewhere):
    server.redirects["/file.bin"] = elsewhere
    with pytest.raises(DownloadError, match=r"not https|cannot be reached|answers 302"):
        download(f"{server.url}file.bin", target)
    assert not target.exists()


def test_a_redirect_on_this_machine_is_followed(server, target):
    server.files["/there"] = CONTENT
    server.redirects["/file.bin"] = f"{server.url}there"
    assert download(f"{server.url}file.bin", target) == SHA


def test_a_server_that_is_not_there_is_said_at_once(target):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(DownloadError, match="cannot be reached"):
        download(f"http://127.0.0.1:{port}/x", target)
    assert not target.parent.exists()


def test_a_folder_that_cannot_be_written_is_said(server, tmp_path):
    server.files["/file.bin"] = CONTENT
    (tmp_path / "folder").write_text("a file, not a folder")
    with pytest.raises(DownloadError, match="cannot be written"):
        download(f"{server.url}file.bin", tmp_path / "folder" / "file.bin")
