"""The HTTP server: cheroot, with bounds on what one peer can hold up.

cheroot gives each request a thread and lets the peer set the pace. Here a peer has to say its request
within seconds, send and take bodies at a least rate, and holds only so many threads at a time; whoever
has said nothing yet, or is sent away, holds none.
"""

import queue
import selectors
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from cheroot import server, wsgi

from config.pace import Pace, PacedIO, PacedReader, PacedWriter
from config.peers import OPEN_ALTOGETHER, Doors, is_loopback

HEADERS_AT_MOST_BYTES = 64 * 1024
# What may lie unsent in the kernel: more, and a slow reader looks like one that takes nothing for long.
UNSENT_BYTES = 128 * 1024
UNREAD_LIMIT_BYTES = 64 * 1024
IDLE_S = 60
LINGER_S = 10.0
LINGER_BYTES = 64 << 20
LINGERING_AT_MOST = 64
BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nConnection: close\r\n"
    b"Content-Type: text/plain\r\nContent-Length: 48\r\n\r\n"
    b"Too many requests at a time from this address. \n"
)


class Request(server.HTTPRequest):
    """A request with one unmistakable length."""

    def read_request_headers(self) -> bool:
        """Refuse a body with two lengths: it would be read as chunks, in memory, by who expects bytes."""
        if not super().read_request_headers():  # type: ignore[no-untyped-call]
            return False
        length = self.inheaders.get(b"Content-Length")
        if length is not None and (self.chunked_read or not length.isdigit()):
            self.simple_response("400 Bad Request", "A body has one length.")
            return False
        return True

    def respond(self) -> None:
        """The body has a pace of its own."""
        self.conn.pace.begin_body()
        super().respond()


class Connection(server.HTTPConnection):
    """A connection whose peer has to keep up."""

    RequestHandlerClass = Request

    def __init__(self, owner: Any, sock: socket.socket, _makefile: Any = None) -> None:
        """As cheroot makes it."""
        self.pace = Pace()
        self.peer: str | None = None
        self.working = False
        self.unread = False
        with suppress(OSError, AttributeError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
        super().__init__(owner, sock, self._file)

    def _file(self, sock: socket.socket, mode: str, size: int) -> Any:
        kind = PacedReader if "r" in mode else PacedWriter
        return kind(PacedIO(sock, mode, self.pace), size)

    def communicate(self) -> bool:
        """One request and its answer."""
        self.pace.begin_headers()
        return bool(super().communicate())  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Close, but let a peer that is still sending read its answer."""
        self.server.doors.leave(self)
        self.linger = self.unread and not self.pace.ran_out
        super().close()
        if self.linger:
            self.server.lingering.add(self.socket)


class Gateway(wsgi.Gateway_10):
    """Closes the connection when an answer goes out before a long body was read.

    cheroot would read the rest into memory to keep the connection alive: gigabytes, if somebody asks.
    Of chunks it would read nothing, and take what is left for the next request.
    """

    def start_response(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        """As WSGI has it."""
        body = self.req.rfile
        left = not body.closed if self.req.chunked_read else body.remaining > UNREAD_LIMIT_BYTES
        if left or self.req.conn.pace.ran_out:
            self.req.close_connection = self.req.conn.unread = True
        return super().start_response(status, headers, exc_info)


class Lingering:
    """Drops what peers still send after their answer, in one thread for all of them.

    A socket that is closed with bytes unread resets the connection, and the peer never sees the answer.
    """

    def __init__(self) -> None:
        """Not yet running."""
        self._new: queue.Queue[socket.socket | None] = queue.Queue(LINGERING_AT_MOST)
        self._selector = selectors.DefaultSelector()
        self._stopped = threading.Event()

    def start(self) -> None:
        """Begin."""
        threading.Thread(target=self._run, name="lingering", daemon=True).start()

    def stop(self) -> None:
        """End; what still lingers is closed."""
        self._stopped.set()
        with suppress(queue.Full):
            self._new.put_nowait(None)

    def add(self, sock: socket.socket) -> None:
        """Take over a socket whose answer is sent."""
        try:
            sock.shutdown(socket.SHUT_WR)
            sock.setblocking(False)
            self._new.put_nowait(sock)
        except (OSError, queue.Full):
            sock.close()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._take()
            for key, _events in self._selector.select(timeout=0.05):
                self._drop(key)
            now = time.monotonic()
            for key in list(self._selector.get_map().values()):
                if key.data[0] <= now or key.data[1] <= 0:
                    self._close(key)
        for key in list(self._selector.get_map().values()):
            self._close(key)
        self._selector.close()

    def _take(self) -> None:
        """Register who is new; waits while there is nobody."""
        lingering = len(self._selector.get_map())
        with suppress(queue.Empty):
            while lingering < LINGERING_AT_MOST:
                sock = self._new.get(block=not lingering)
                if sock is None:
                    return
                data = [time.monotonic() + LINGER_S, LINGER_BYTES]
                self._selector.register(sock, selectors.EVENT_READ, data)
                lingering += 1

    def _drop(self, key: selectors.SelectorKey) -> None:
        try:
            dropped = len(key.fileobj.recv(1 << 18))  # type: ignore[union-attr]  # a socket
        except BlockingIOError:
            return
        except OSError:
            dropped = 0
        key.data[1] = key.data[1] - dropped if dropped else 0

    def _close(self, key: selectors.SelectorKey) -> None:
        self._selector.unregister(key.fileobj)
        key.fileobj.close()  # type: ignore[union-attr]  # a socket


class WebServer(wsgi.Server):
    """The threaded server. A connection waits without a thread until its peer says something."""

    ConnectionClass = Connection
    keep_alive_conn_limit = OPEN_ALTOGETHER
    max_request_header_size = HEADERS_AT_MOST_BYTES

    def __init__(
        self,
        address: tuple[str, int],
        application: Callable[..., Any],
        *,
        threads: int,
        working_per_peer: int,
        behind_proxy: bool,
    ) -> None:
        """`behind_proxy`: connections of this machine are a proxy's, and are not counted as one peer's."""
        super().__init__(
            address, application, numthreads=threads, server_name="lethe", timeout=IDLE_S,
            request_queue_size=128,
        )  # fmt: skip
        self.gateway = Gateway
        self.doors = Doors(
            working_per_peer=working_per_peer,
            exempt=lambda peer: behind_proxy and is_loopback(peer),
        )
        self.lingering = Lingering()

    def prepare(self) -> None:
        """Bind."""
        super().prepare()
        self.lingering.start()

    def stop(self) -> None:
        """End in order."""
        if self.ready:
            self.lingering.stop()
        super().stop()

    def process_conn(self, conn: Connection) -> None:
        """A new connection waits for its first byte; one that speaks gets a thread, or is sent away."""
        if conn.peer is None:
            if self.doors.admit(conn):
                self.put_conn(conn)
            else:
                conn.close()
        elif self.doors.start(conn):
            super().process_conn(conn)
        else:
            with suppress(OSError):
                conn.socket.settimeout(0)
                conn.socket.send(BUSY)
            conn.unread = True
            conn.close()

    def put_conn(self, conn: Connection) -> None:
        """It goes back to those that wait."""
        self.doors.rest(conn)
        super().put_conn(conn)
