"""Fetching one file over the web: resumed where it broke off, checked, and in its place only when it is whole."""

import os
from collections.abc import Callable
from http.client import HTTPException, HTTPMessage, HTTPResponse
from ipaddress import ip_address
from pathlib import Path
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from spectral_bench.data.checksums import sha256 as sha256_of
from spectral_bench.errors import DataError
from spectral_bench.version import __version__

#: Called with the bytes there are and the bytes there will be (None: the server does not say).
OnProgress = Callable[[int, int | None], None]

_CHUNK = 1 << 16
_LARGEST = 2 << 30
_PARTIAL_CONTENT = 206
_RANGE_NOT_SATISFIABLE = 416


class DownloadError(DataError):
    """A file could not be fetched."""


class _BrokenOffError(Exception):
    """The connection ended early; what came is kept, and the rest can be asked for."""


def download(
    url: str,
    target: Path,
    *,
    size: int | None = None,
    sha256: str | None = None,
    progress: OnProgress | None = None,
    stall_seconds: float = 30.0,
    attempts: int = 5,
) -> str:
    """Fetch ``url`` to ``target``.

    What has come is kept in ``target`` + ``.part``; a later call goes on from there. ``target`` itself, even one that
    is there already, is touched only once the new file is whole and its digest right.

    Args:
        url: https, or http on this machine.
        target: where the file belongs; its folder is created.
        size: bytes it should have, if known.
        sha256: digest it should have, if known.
        progress: is told how far it is.
        stall_seconds: a connection that is silent for so long has broken off.
        attempts: connections to make before giving up on one that keeps breaking off.

    Returns:
        The file's SHA-256.

    Raises:
        DownloadError: the server cannot be reached or refuses, the connection keeps breaking off, or what came is not
            the file that was expected.
    """
    _require_secure(url)
    part = target.with_name(target.name + ".part")
    try:
        began_earlier = part.exists()
        digest = _fetch(url, part, size, progress, stall_seconds, attempts)
        if began_earlier and sha256 not in (None, digest):  # the beginning may be of another file: once more, all of it
            part.unlink()
            digest = _fetch(url, part, size, progress, stall_seconds, attempts)
        if sha256 not in (None, digest):
            part.unlink()
            raise DownloadError(f"{url}: what came is not the known file (SHA-256 {digest}, expected {sha256}).")
        part.replace(target)
    except OSError as error:
        raise DownloadError(f"{target}: cannot be written ({error.strerror or error}).") from error
    return digest


def _fetch(
    url: str, part: Path, size: int | None, progress: OnProgress | None, stall_seconds: float, attempts: int
) -> str:
    """Complete ``part``; returns its digest."""
    for _ in range(attempts):
        try:
            _fetch_rest(url, part, size, progress, stall_seconds)
            return sha256_of(part)
        except _BrokenOffError as error:
            reason = str(error)
    raise DownloadError(f"{url}: broke off {attempts} times ({reason}). Run it again to go on.")


def _fetch_rest(url: str, part: Path, size: int | None, progress: OnProgress | None, stall_seconds: float) -> None:
    """Append to ``part`` what is missing of it."""
    have = part.stat().st_size if part.exists() else 0
    if size is not None and have == size:
        return
    with _open(url, have, stall_seconds) as response:
        have = _start(response, have, url)
        remaining = response.length
        total = have + remaining if remaining is not None else size
        if (total or 0) > _LARGEST or (size is not None and total is not None and total != size):
            raise DownloadError(f"{url}: the server offers {total:,} bytes, expected {size or _LARGEST:,} at most.")
        part.parent.mkdir(parents=True, exist_ok=True)
        with part.open("ab" if have else "wb") as file:
            while chunk := _read(response):
                file.write(chunk)
                have += len(chunk)
                if have > (size or _LARGEST):
                    raise DownloadError(f"{url}: sends more than the {size or _LARGEST:,} bytes that were expected.")
                if progress:
                    progress(have, total)
            file.flush()
            os.fsync(file.fileno())
    if total is not None and have < total:
        raise _BrokenOffError(f"{have:,} of {total:,} bytes")


def _open(url: str, have: int, stall_seconds: float) -> HTTPResponse:
    headers = {"User-Agent": f"spectral-bench/{__version__}"}
    if have:
        headers["Range"] = f"bytes={have}-"
    opener = build_opener(_SecureRedirects)
    try:
        response: HTTPResponse = opener.open(Request(url, headers=headers), timeout=stall_seconds)  # noqa: S310
    except HTTPError as error:
        error.close()
        if have and error.code == _RANGE_NOT_SATISFIABLE:  # what is there is not the beginning of what the server has
            return _open(url, 0, stall_seconds)
        raise DownloadError(f"{url}: the server answers {error.code} {error.reason}.") from error
    except URLError as error:
        raise DownloadError(f"{url}: cannot be reached ({error.reason}).") from error
    except (OSError, HTTPException) as error:
        raise DownloadError(f"{url}: cannot be reached ({error}).") from error
    return response


def _start(response: HTTPResponse, have: int, url: str) -> int:
    """The position in the file of the first byte the server sends: what was asked for, or 0 from one without ranges."""
    if response.status == _PARTIAL_CONTENT:
        sent = response.headers.get("Content-Range", "nothing")
        if not sent.startswith(f"bytes {have}-"):
            raise DownloadError(f"{url}: asked for the bytes from {have:,}, the server sends '{sent}'.")
        return have
    return 0


def _read(response: HTTPResponse) -> bytes:
    try:
        return response.read(_CHUNK)
    except (OSError, HTTPException) as error:
        raise _BrokenOffError(str(error) or type(error).__name__) from error


def _require_secure(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or "")):
        return
    raise DownloadError(f"{url}: not fetched, since it is not https.")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _SecureRedirects(HTTPRedirectHandler):
    """Follows a server elsewhere only where we would have gone ourselves."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        _require_secure(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)
