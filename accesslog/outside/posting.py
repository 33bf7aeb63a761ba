"""One POST to a witness: a time limit over all of it, no redirects, no cookies, a small answer."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

CONNECT_S = 5.0
WHOLE_S = 10.0
MAX_ANSWER = 65_536
CONTENT_TYPE = "text/plain; charset=utf-8"
_CHUNK = 4096


class Unreachable(Exception):
    """There was no answer, not in time, or too long a one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, content type and body of an answer."""

    status: int
    content_type: str
    body: bytes


def post(url: str, body: bytes) -> Answer:
    """Post `body`; a redirect is an answer like any other, and is not followed. Raises Unreachable."""
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    deadline = time.monotonic() + WHOLE_S
    try:
        raw = socket.create_connection((host, parts.port or (443 if secure else 80)), CONNECT_S)
        with _cut_off(raw):
            connection = (http.client.HTTPSConnection if secure else http.client.HTTPConnection)(
                host, parts.port
            )
            with raw if not secure else _tls(raw, host) as connection.sock:
                connection.request("POST", parts.path or "/", body, {"Content-Type": CONTENT_TYPE})
                answer = connection.getresponse()
                data = _read(answer, deadline)
                return Answer(answer.status, answer.getheader("Content-Type", ""), data)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise Unreachable(f"{type(error).__name__}: {error}") from error


def _tls(raw: socket.socket, host: str) -> ssl.SSLSocket:
    return ssl.create_default_context().wrap_socket(raw, server_hostname=host)


@contextlib.contextmanager
def _cut_off(raw: socket.socket) -> Iterator[None]:
    """Shut the connection down when the time is over, whatever is being waited for.

    A time limit of the socket begins anew with each byte, so one byte a second could hold it for hours.
    """
    with raw.dup() as own:  # TLS takes the first one over

        def cut() -> None:
            with contextlib.suppress(OSError):
                own.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(WHOLE_S, cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()


def _read(answer: http.client.HTTPResponse, deadline: float) -> bytes:
    data = b""
    while chunk := answer.read1(_CHUNK):
        data += chunk
        if len(data) > MAX_ANSWER or time.monotonic() > deadline:
            raise Unreachable("the answer is too long or too slow")
    if time.monotonic() > deadline:  # what was cut off may look whole
        raise Unreachable("the answer is too slow")
    return data
