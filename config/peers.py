"""Who is at the other end of a connection, and how many connections each has."""

import ipaddress
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

# Idle connections cost a file descriptor, none of the threads.
OPEN_PER_PEER = 64
OPEN_ALTOGETHER = 600


def is_loopback(address: str) -> bool:
    """Whether an address of a peer is this machine's own."""
    with suppress(ValueError):
        found = ipaddress.ip_address(address.partition("%")[0])
        mapped = getattr(found, "ipv4_mapped", None)
        return bool((mapped or found).is_loopback)
    return False


def peer_of(address: str) -> str:
    """Whom an address is counted as: an IPv6 host has a whole /64 to choose from."""
    with suppress(ValueError):
        found = ipaddress.ip_address(address.partition("%")[0])
        if isinstance(found, ipaddress.IPv6Address):
            if found.ipv4_mapped:
                return str(found.ipv4_mapped)
            return str(ipaddress.ip_network((found, 64), strict=False))
    return address


class Counted(Protocol):
    """A connection, and what is noted on it."""

    remote_addr: str | None
    peer: str | None
    working: bool


class Doors:
    """Counts connections: how many there are, and how many of each peer hold a thread."""

    def __init__(self, *, working_per_peer: int, exempt: Callable[[str], bool]) -> None:
        """`working_per_peer` 0 is no bound; `exempt` says of an address that it stands for many peers."""
        self._most = working_per_peer
        self._exempt = exempt
        self._lock = threading.Lock()
        self._open: Counter[str] = Counter()
        self._working: Counter[str] = Counter()

    def admit(self, conn: Counted) -> bool:
        """A new connection; False if there are too many already."""
        address = str(conn.remote_addr or "")
        peer = peer_of(address)
        bounded = self._most > 0 and not self._exempt(address)
        with self._lock:
            if self._open.total() >= OPEN_ALTOGETHER or (bounded and self._open[peer] >= OPEN_PER_PEER):
                return False
            conn.peer = peer
            self._open[peer] += 1
            return True

    def start(self, conn: Counted) -> bool:
        """It wants a thread; False if its peer has as many as it may."""
        assert conn.peer is not None
        bounded = self._most > 0 and not self._exempt(str(conn.remote_addr or ""))
        with self._lock:
            if bounded and self._working[conn.peer] >= self._most:
                return False
            conn.working = True
            self._working[conn.peer] += 1
            return True

    def rest(self, conn: Counted) -> None:
        """It gives its thread back."""
        with self._lock:
            if conn.working and conn.peer is not None:
                conn.working = False
                self._count_down(self._working, conn.peer)

    def leave(self, conn: Counted) -> None:
        """It is closed; saying so twice does no harm."""
        self.rest(conn)
        with self._lock:
            if conn.peer is not None:
                self._count_down(self._open, conn.peer)
                conn.peer = None

    @staticmethod
    def _count_down(counter: "Counter[str]", peer: str) -> None:
        counter[peer] -= 1
        if counter[peer] <= 0:
            del counter[peer]
