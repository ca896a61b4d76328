"""Download one file: resumed after an interruption, checked, and put in place only when it is complete."""

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

#: Called with the bytes received so far and the total (None if the server does not say).
OnProgress = Callable[[int, int | None], None]

_CHUNK = 1 << 16
_LARGEST = 2 << 30
_PARTIAL_CONTENT = 206
_RANGE_NOT_SATISFIABLE = 416


class DownloadError(DataError):
    """A file could not be fetched."""


class _BrokenOffError(Exception):
    """The connection ended early; what was received is kept, and the rest can be requested."""


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

    What has been received is kept in ``target`` + ``.part``, and a later call continues from there. ``target`` itself,
    even an existing one, is replaced only when the new file is complete and its digest is right.

    Args:
        url: https, or http on this machine.
        target: where the file belongs; its folder is created.
        size: bytes it should have, if known.
        sha256: digest it should have, if known.
        progress: called as bytes arrive.
        stall_seconds: a connection that is silent for this long counts as broken.
        attempts: how many connections to make before giving up.

    Returns:
        The file's SHA-256.

    Raises:
        DownloadError: the server cannot be reached or refuses, the connection keeps breaking, or the file is not
            the expected one.
    """
    _require_secure(url)
    part = target.with_name(target.name + ".part")
    try:
        began_earlier = part.exists()
        digest = _fetch(url, part, size, progress, stall_seconds, attempts)
        if began_earlier and sha256 not in (None, digest):  # the part may be of another file: download all of it again
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
        if have and error.code == _RANGE_NOT_SATISFIABLE:  # the part is not the beginning of the server's file
            return _open(url, 0, stall_seconds)
        raise DownloadError(f"{url}: the server answers {error.code} {error.reason}.") from error
    except URLError as error:
        raise DownloadError(f"{url}: cannot be reached ({error.reason}).") from error
    except (OSError, HTTPException) as error:
        raise DownloadError(f"{url}: cannot be reached ({error}).") from error
    return response


def _start(response: HTTPResponse, have: int, url: str) -> int:
    """The position of the first byte the server sends: the requested one, or 0 if it does not support ranges."""
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
    """Follows redirects only to URLs that would be accepted directly."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        _require_secure(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)
