"""One POST to a witness: a time limit over all of it, no redirects, no cookies, a small answer."""

from __future__ import annotations

import http.client
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

CONNECT_S = 5.0
WHOLE_S = 10.0
MAX_ANSWER = 65_536
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
    connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    deadline = time.monotonic() + WHOLE_S
    try:
        connection = connect(parts.hostname or "", parts.port, timeout=CONNECT_S)
        try:
            connection.request("POST", parts.path or "/", body, {"Content-Type": "text/plain; charset=utf-8"})
            answer = connection.getresponse()
            data = _read(answer, deadline)
            return Answer(answer.status, answer.getheader("Content-Type", ""), data)
        finally:
            connection.close()
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise Unreachable(f"{type(error).__name__}: {error}") from error


def _read(answer: http.client.HTTPResponse, deadline: float) -> bytes:
    data = b""
    while chunk := answer.read1(_CHUNK):
        data += chunk
        if len(data) > MAX_ANSWER or time.monotonic() > deadline:
            raise Unreachable("the answer is too long or too slow")
    return data
