"""Uploads through the real threaded server: length and chunks, a broken connection, and no temporary file."""

import hashlib
import http.client
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cctv.core import clock
from cctv.footage.models import Segment
from cctv.ingest.models import Quarantined
from tests.media.clips import clip
from tests.servers.lethe import temporary_files_of

pytestmark = [
    pytest.mark.django_db(databases=["default", "log"], transaction=True),
    pytest.mark.both_databases,
    pytest.mark.slow,
]


@pytest.fixture
def server(office, monkeypatch) -> Iterator[tuple[str, int]]:
    """The web server as it is served; its threads leave no connection behind."""
    from django.db import connections

    for alias in ("default", "log"):
        monkeypatch.setitem(connections.settings[alias], "CONN_MAX_AGE", 0)

    from config import serving

    made = serving.web_server("127.0.0.1", 0)
    thread = threading.Thread(target=made.serve, daemon=True)
    thread.start()
    yield made.bind_addr
    made.stop()
    thread.join(10)


@contextmanager
def no_temporary_files(folder: Path) -> Iterator[None]:
    """Fail when this process makes a temporary file meanwhile, named or not."""
    before, seen, done = folder.stat().st_mtime_ns, set(), threading.Event()

    def watch() -> None:
        while not done.wait(0.002):
            seen.update(temporary_files_of(os.getpid(), folder))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    yield
    done.set()
    watcher.join()
    assert not seen
    assert folder.stat().st_mtime_ns == before


@pytest.fixture
def big() -> bytes:
    """A recording of a good five megabytes."""
    data = clip(seconds=4, width=640, height=360, noise=120)
    assert len(data) > 5_000_000, len(data)
    return data


def request(address, token, data, *, chunked=False, start=None, **headers):
    connection = http.client.HTTPConnection(address[0], address[1], timeout=30)
    path = f"/api/v1/cameras/gate/segments/{start or clock.rfc3339(clock.now().replace(year=2000))}"
    headers = {"Authorization": f"Bearer {token}", "Host": "localhost", **headers}
    body = (data[place : place + 50_000] for place in range(0, len(data), 50_000)) if chunked else data
    connection.request("PUT", path, body=body, headers=headers, encode_chunked=chunked)
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    return response, answer


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunks"])
def test_invariant_2_five_megabytes_are_sealed_as_they_come_without_a_temporary_file(
    office, recorder, server, big, chunked, tmp_path, monkeypatch
):
    import tempfile

    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    with no_temporary_files(folder):
        response, answer = request(
            server, recorder[1], big, chunked=chunked, start=clock.rfc3339(office.began()),
            **{"X-Checksum-SHA256": hashlib.sha256(big).hexdigest()},
        )  # fmt: skip
    assert response.status == 201, answer
    assert Segment.objects.get().frames == 100


def test_an_empty_body_is_quarantined(office, recorder, server):
    response, answer = request(server, recorder[1], b"", start=clock.rfc3339(office.began()))
    assert (response.status, answer["error"]["code"]) == (422, "empty_file")


def test_a_refusal_can_be_read_though_the_body_was_not(office, recorder, server, big):
    for chunked in (False, True):
        response, answer = request(server, "wrong", big, chunked=chunked, start=clock.rfc3339(office.began()))
        assert (response.status, answer["error"]["code"]) == (401, "recorder_token")


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunks"])
def test_a_body_that_is_cut_off_half_way_leaves_nothing(office, recorder, server, big, chunked):
    start = clock.rfc3339(office.began())
    head = [
        f"PUT /api/v1/cameras/gate/segments/{start} HTTP/1.1",
        "Host: localhost", f"Authorization: Bearer {recorder[1]}",
        "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(big)}", "", "",
    ]  # fmt: skip
    half = big[: len(big) // 2]
    with socket.create_connection(server, timeout=10) as raw:
        raw.sendall("\r\n".join(head).encode())
        raw.sendall(f"{len(half) + 999:x}\r\n".encode() + half if chunked else half)
        raw.shutdown(socket.SHUT_WR)
        answer = raw.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 400"), answer[:200]
    assert b'"cut_off"' in answer
    deadline = time.monotonic() + 5
    while office.objects() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not office.objects()
    assert not Segment.objects.exists()
    assert not Quarantined.objects.exists()
    assert request(server, recorder[1], big, start=start)[0].status == 201, "the whole file comes in later"
