"""What one peer can hold up: nothing that another would notice."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest

from config import pace, peers, serving, webserver

pytestmark = [pytest.mark.slow, pytest.mark.measures]  # deadlines and least rates take their time

Address = tuple[str, int]
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
MB = 1 << 20


class App:
    """Reads the body in pieces, and answers with as many bytes as the address asks for."""

    def __init__(self) -> None:
        self.received = 0
        self.failed: list[Exception] = []
        self.answered = threading.Event()
        self.think_s = 0.0

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        try:
            while piece := environ["wsgi.input"].read(65536):
                self.received += len(piece)
        except Exception as error:
            self.failed.append(error)
            start_response("400 Bad Request", [("Content-Length", "0")])
            return
        size = int(environ["PATH_INFO"].strip("/") or 2)
        time.sleep(self.think_s)
        start_response("200 OK", [("Content-Length", str(size))])
        try:
            while size > 0:
                yield b"x" * min(size, 65536)
                size -= 65536
        finally:
            self.answered.set()


Serve = Callable[..., Address]


@pytest.fixture
def servers() -> list[webserver.WebServer]:
    """Those that a test started."""
    return []


@pytest.fixture
def serve(servers: list[webserver.WebServer]) -> Iterator[Serve]:
    """Starts the real server around an application."""
    with ExitStack() as stack:

        def start(app: Any, *, threads: int = 4, working_per_peer: int = 2, proxy: bool = False) -> Address:
            server = webserver.WebServer(
                ("127.0.0.1", 0), app, threads=threads, working_per_peer=working_per_peer, behind_proxy=proxy
            )
            server.expiration_interval = 0.05  # how often it looks whether it is to stop
            server.prepare()
            servers.append(server)
            thread = threading.Thread(target=server.serve, daemon=True)
            thread.start()
            stack.callback(thread.join, 10)
            stack.callback(server.stop)
            return server.bind_addr

        yield start


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second of grace instead of ten."""
    monkeypatch.setattr(pace, "GRACE_S", 1.0)
    monkeypatch.setattr(pace, "SAVED_AT_MOST_S", 1.0)
    monkeypatch.setattr(pace, "HEADERS_WITHIN_S", 1.0)


def connect(address: Address, source: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection(address, timeout=10, source_address=(source, 0))


def everything(connection: socket.socket) -> bytes:
    answer = b""
    with suppress(ConnectionError):
        while piece := connection.recv(65536):
            answer += piece
    return answer


def drip(connection: socket.socket, data: bytes, every_s: float, until_s: float) -> float:
    """Send a byte now and then until the other side has had enough; how long that took."""
    started = time.monotonic()
    connection.settimeout(every_s)
    while time.monotonic() - started < until_s:
        with suppress(OSError):
            connection.send(data)
        try:
            if not connection.recv(4096):
                break
        except TimeoutError:
            continue
        except OSError:
            break
    return time.monotonic() - started


@pytest.fixture
def lethe(db: None) -> Iterator[Address]:
    """Lethe itself; its application asks the register, once, whether a restore is unfinished."""
    server = serving.web_server("127.0.0.1", 0)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    yield server.bind_addr
    server.stop()
    thread.join(timeout=10)


def healthy(address: Address) -> bool:
    started = time.monotonic()
    with connect(address, "127.0.0.2") as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = everything(connection)
    return b" 200 OK" in answer and time.monotonic() - started < 2


def test_a_hundred_half_said_requests_of_one_peer_stop_nobody_else(lethe: Address) -> None:
    with ExitStack() as stack:
        for _number in range(100):
            connection = stack.enter_context(connect(lethe))
            connection.sendall(b"GET / HTTP/1.1\r\nHost: loc")
        time.sleep(0.3)
        assert healthy(lethe)


def test_connections_that_say_nothing_take_no_thread(serve: Serve) -> None:
    address = serve(App(), threads=2, working_per_peer=2)
    with ExitStack() as stack:
        for _number in range(20):
            stack.enter_context(connect(address))
        with connect(address) as connection:
            connection.sendall(GET)
            assert b" 200 OK" in connection.recv(4096)


def test_a_peer_that_asks_for_too_much_at_a_time_is_told_at_once(serve: Serve) -> None:
    address = serve(App(), threads=8, working_per_peer=2)
    with connect(address) as first, connect(address) as second, connect(address) as third:
        first.sendall(b"GET")
        second.sendall(b"GET")
        time.sleep(0.3)
        started = time.monotonic()
        third.sendall(GET)
        answer = everything(third)
        assert answer.startswith(b"HTTP/1.1 503")
        assert b"Retry-After" in answer
        assert time.monotonic() - started < 1
        first.sendall(GET[3:])
        assert b" 200 OK" in first.recv(4096)
        with connect(address) as fourth:
            fourth.sendall(GET)
            assert b" 200 OK" in fourth.recv(4096)


def test_a_proxy_on_this_machine_is_many_peers(serve: Serve) -> None:
    address = serve(App(), threads=8, working_per_peer=2, proxy=True)
    with ExitStack() as stack:
        for _number in range(6):
            stack.enter_context(connect(address)).sendall(b"GET")
        time.sleep(0.3)
        with connect(address) as connection:
            connection.sendall(GET)
            assert b" 200 OK" in connection.recv(4096)


@pytest.mark.usefixtures("impatient")
def test_a_request_line_in_drips_is_cut_off(serve: Serve) -> None:
    with connect(serve(App())) as connection:
        assert drip(connection, b"G", 0.1, until_s=6) < 4


@pytest.mark.usefixtures("impatient")
def test_headers_in_drips_are_cut_off(serve: Serve) -> None:
    with connect(serve(App())) as connection:
        connection.sendall(GET[:-2])
        assert drip(connection, b"a: b\r\n", 0.1, until_s=6) < 4


@pytest.mark.usefixtures("impatient")
def test_a_slow_body_is_cut_off(serve: Serve) -> None:
    app = App()
    with connect(serve(app)) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000000\r\n\r\n")
        assert drip(connection, b"x" * 100, 0.1, until_s=8) < 4
    assert isinstance(app.failed[0], TimeoutError)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("dripping", [False, True])
def test_a_slow_reader_is_cut_off(serve: Serve, dripping: bool) -> None:
    app = App()
    address = serve(app)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(address)
        connection.sendall(GET.replace(b"/", b"/50000000", 1))
        deadline = time.monotonic() + 6
        while not app.answered.wait(0.1) and time.monotonic() < deadline:
            if dripping:
                connection.recv(100)
        assert app.answered.is_set()


@pytest.mark.usefixtures("impatient")
def test_who_keeps_the_least_rate_may_take_long(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "LEAST_BYTES_PER_S", 20_000)
    app = App()
    with connect(serve(app)) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 120000\r\n\r\n")
        for _piece in range(30):
            connection.sendall(b"x" * 4000)
            time.sleep(0.1)
        assert b" 200 OK" in connection.recv(4096)
    assert app.received == 120_000


@pytest.mark.usefixtures("impatient")
def test_our_own_slowness_cuts_nobody_off(serve: Serve) -> None:
    app = App()
    app.think_s = 2.5
    with connect(serve(app)) as connection:
        connection.sendall(
            b"POST /300000 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n0123456789"
        )
        time.sleep(3)
        connection.sendall(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert everything(connection).count(b" 200 OK") == 2


def test_twenty_megabytes_both_ways_and_the_connection_is_kept(serve: Serve) -> None:
    app = App()
    with connect(serve(app)) as connection, connection.makefile("rb") as answers:
        for _round in range(2):
            connection.sendall(
                b"PUT /%d HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % (20 * MB, 20 * MB)
            )
            connection.sendall(b"x" * (20 * MB))
            assert b" 200 OK" in answers.readline()
            while answers.readline() != b"\r\n":
                pass
            assert len(answers.read(20 * MB)) == 20 * MB
    assert app.received == 40 * MB


@pytest.mark.parametrize(
    "length",
    [b"Transfer-Encoding: chunked\r\nContent-Length: 5", b"Content-Length: -1", b"Content-Length: +5"],
)
def test_a_body_has_one_length(serve: Serve, length: bytes) -> None:
    with connect(serve(App())) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\n" + length + b"\r\n\r\n")
        assert b" 400 " in connection.recv(4096)


def test_endless_headers_are_refused(serve: Serve) -> None:
    with connect(serve(App())) as connection:
        connection.sendall(GET[:-2])
        with suppress(OSError):
            for _number in range(100):
                connection.sendall(b"a: " + b"x" * 8000 + b"\r\n")
        assert b" 413 " in connection.recv(4096)


def test_chunks_that_nobody_read_are_not_taken_for_the_next_request(serve: Serve) -> None:
    def refuse(_environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("403 Forbidden", [("Content-Length", "0")])
        return [b""]

    with connect(serve(refuse)) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.sendall(b"%x\r\n" % len(GET) + GET + b"\r\n0\r\n\r\n")
        assert everything(connection).count(b"HTTP/1.1") == 1


def test_a_refusal_can_be_read_by_who_is_still_sending(serve: Serve) -> None:
    def refuse(_environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("401 Unauthorized", [("Content-Length", "2")])
        return [b"no"]

    with connect(serve(refuse)) as connection:
        connection.sendall(b"PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 30000000\r\n\r\n")
        connection.sendall(b"x" * 30_000_000)
        assert everything(connection).endswith(b"\r\n\r\nno")


def test_every_count_of_connections_comes_back_to_nothing(
    serve: Serve, servers: list[webserver.WebServer]
) -> None:
    address = serve(App())
    doors = servers[0].doors
    for _round in range(5):
        with connect(address) as connection:
            connection.sendall(GET + GET + b"GET")
            time.sleep(0.05)
    deadline = time.monotonic() + 5
    while (doors._open or doors._working) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not doors._open
    assert not doors._working


@pytest.mark.parametrize(
    ("address", "peer", "loopback"),
    [
        ("10.0.0.7", "10.0.0.7", False),
        ("::ffff:10.0.0.7", "10.0.0.7", False),
        ("::ffff:127.0.0.1", "127.0.0.1", True),
        ("127.8.0.1", "127.8.0.1", True),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", False),
        ("fe80::1%eth0", "fe80::/64", False),
        ("::1", "::/64", True),
        ("", "", False),
    ],
)
def test_whom_an_address_counts_as(address: str, peer: str, loopback: bool) -> None:
    assert (peers.peer_of(address), peers.is_loopback(address)) == (peer, loopback)
