"""The web server itself: long bodies that nobody wants are not read."""

import socket
import threading
from collections.abc import Iterator

import pytest

from config import serving


@pytest.fixture
def address(db: None) -> Iterator[tuple[str, int]]:
    """The real server on a free port; it asks the register first whether a restore is unfinished."""
    server = serving.web_server("127.0.0.1", 0)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    yield server.bind_addr
    server.stop()
    thread.join(timeout=10)


def talk(address: tuple[str, int], request: bytes) -> bytes:
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer


def test_an_answer_before_a_long_body_closes_the_connection_instead_of_reading_it(
    address: tuple[str, int],
) -> None:
    head = b"POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500000000\r\n\r\n"
    answer = talk(address, head + b"x" * 1000)
    assert answer.startswith(b"HTTP/1.1 403")
    assert b"Connection: close" in answer


def test_a_request_without_a_body_keeps_the_connection(address: tuple[str, int]) -> None:
    first = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert talk(address, first + last).count(b"200 OK") == 2
