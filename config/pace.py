"""How long the peer of a connection may keep a thread waiting.

Only waiting counts: a slow disk, a busy log or a long conversion on our side cuts nobody off.
"""

import socket
import time
from collections.abc import Callable
from typing import Any

from cheroot.makefile import StreamReader, StreamWriter

# A request line and its headers, all of them together.
HEADERS_WITHIN_S = 5.0
# A body, or an answer, at least this fast on average; so much waiting is free at the start, and so
# much can be saved up by having been faster.
LEAST_BYTES_PER_S = 16 * 1024
GRACE_S = 10.0
SAVED_AT_MOST_S = 30.0


class Allowance:
    """Seconds that the peer may still keep us waiting; bytes earn some back, up to `saved_at_most`."""

    def __init__(self, seconds: float, *, earns: bool) -> None:
        """`seconds` from the start; without `earns` that is all there is, as for headers."""
        self.left = seconds
        self._earns = earns
        self._most = max(seconds, SAVED_AT_MOST_S)

    def spend(self, sock: Any, act: Callable[[], int | None]) -> int | None:
        """Read or write once. TimeoutError when there is nothing left, or it is used up meanwhile."""
        if self.left <= 0:
            # cheroot knows a timeout by these words.
            raise TimeoutError("timed out")
        sock.settimeout(max(self.left, 0.01))
        started = time.monotonic()
        moved: int | None = None
        try:
            moved = act()
        except TimeoutError:
            self.left = 0.0
            raise
        finally:
            self.left -= time.monotonic() - started
        if self._earns and moved:
            self.left = min(self._most, self.left + moved / LEAST_BYTES_PER_S)
        return moved


class Pace:
    """The allowances of a connection's request."""

    def __init__(self) -> None:
        """As for a request that begins."""
        self.begin_headers()

    def begin_headers(self) -> None:
        """A request begins."""
        self.reading = Allowance(HEADERS_WITHIN_S, earns=False)
        self.writing = Allowance(GRACE_S, earns=True)

    def begin_body(self) -> None:
        """Its headers are read."""
        self.reading = Allowance(GRACE_S, earns=True)

    @property
    def ran_out(self) -> bool:
        """Whether the peer was too slow with its body."""
        return self.reading.left <= 0


class PacedIO(socket.SocketIO):
    """The raw file of a socket, at the connection's pace."""

    def __init__(self, sock: Any, mode: Any, pace: Pace) -> None:
        """`pace` is the connection's."""
        super().__init__(sock, mode)
        self._peer = sock
        self._pace = pace

    def readinto(self, buffer: Any) -> int | None:
        """As of a socket's file; TimeoutError for a peer that is too slow."""
        return self._pace.reading.spend(self._peer, lambda: super(PacedIO, self).readinto(buffer))

    def write(self, data: Any) -> int | None:
        """As of a socket's file; TimeoutError for a peer that is too slow."""
        return self._pace.writing.spend(self._peer, lambda: super(PacedIO, self).write(data))


class PacedReader(StreamReader):
    """cheroot's reader on a paced file."""

    def __init__(self, raw: PacedIO, size: int) -> None:
        """`size` of the buffer."""
        super(StreamReader, self).__init__(raw, size)
        self.bytes_read = 0


class PacedWriter(StreamWriter):
    """cheroot's writer on a paced file."""

    def __init__(self, raw: PacedIO, size: int) -> None:
        """`size` of the buffer."""
        super(StreamWriter, self).__init__(raw, size)
        self.bytes_written = 0
