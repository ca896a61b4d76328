"""A web server on this machine for tests of downloads."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import sleep

import pytest


class Server:
    """A web server on this machine that can be told to misbehave.

    Attributes:
        files: what it holds, by path.
        ranges: whether it honours ``Range``.
        cut: bytes after which it breaks off each of the next answers.
        stall: seconds it is silent in the middle of each of the next answers.
        redirects: where it sends a client on, by path.
        requests: path and ``Range`` header of every request so far.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.ranges = True
        self.cut: list[int] = []
        self.stall: list[float] = []
        self.redirects: dict[str, str] = {}
        self.requests: list[tuple[str, str | None]] = []
        self.partial_from: int | None = None
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/"

    def _handler(server) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = self.headers.get("Range")
                server.requests.append((self.path, asked))
                if self.path in server.redirects:
                    self.send_response(302)
                    self.send_header("Location", server.redirects[self.path])
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                if self.path not in server.files:
                    self.send_error(404)
                    return
                content, start = server.files[self.path], 0
                if asked and server.ranges:
                    start = int(asked.removeprefix("bytes=").removesuffix("-"))
                    if start >= len(content):
                        self.send_error(416)
                        return
                    self.send_response(206)
                    said = start if server.partial_from is None else server.partial_from
                    self.send_header("Content-Range", f"bytes {said}-{len(content) - 1}/{len(content)}")
                else:
                    self.send_response(200)
                body = content[start:]
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if server.cut:
                    body = body[: server.cut.pop(0)]
                half = len(body) // 2
                self.wfile.write(body[:half])
                if server.stall:
                    self.wfile.flush()
                    sleep(server.stall.pop(0))
                self.wfile.write(body[half:])
                self.close_connection = True

            def log_message(self, *args: object) -> None:
                pass

        return Handler


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    server.http.handle_error = lambda *args: None  # a client that hangs up is part of the tests
    thread = Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.http.shutdown()
    server.http.server_close()
    thread.join()
