"""One undeletable object among 4,000: the others go; it is unreadable, alarmed, and tried until it goes."""

import copy
import http.client
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.files.storage import storages

from accesslog.models import LogEntry
from cctv.core.ids import new_id
from cctv.footage.models import Segment
from cctv.people.models import OutgoingMail
from cctv.retention import purge
from cctv.retention.models import Certificate, PurgeFailure, PurgeRun, RunState
from cctv.vault import rings
from cctv.vault import services as vault
from cctv.vault.errors import FootageExpired
from cctv.vault.names import all_parts
from tests.retention.people import people
from tests.retention.yard import KEPT, LONG, MINUTE, Yard
from tests.servers.s3 import ACCESS_KEY, REGION, SECRET_KEY

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.slow]

MANY = 4000
HOUR = timedelta(hours=1)


def fill(yard: Yard, put: Callable[[str], object], *, count: int = MANY) -> Segment:
    """Rows and objects of so many expired segments; one in the middle."""
    expires_at = yard.now - 2 * HOUR
    epoch = yard.epoch(yard.sites[0], expires_at)
    rows = []
    for number in range(count):
        name = vault.object_name()
        ends_at = expires_at - KEPT - number * LONG
        rows.append(
            Segment(
                id=new_id(), camera=yard.cameras[0], epoch=epoch, starts_at=ends_at - LONG, ends_at=ends_at,
                expires_at=expires_at, container="mp4", codec="h264", width=320, height=240, frames=10,
                size_bytes=10, index_size_bytes=10, thumb_size_bytes=10, sealed_name=name,
                wrapped_key=vault.wrap(epoch, bytes(32)), ciphertext_sha256=sha256(name.encode()).digest(),
                duplicate_tag=sha256(name.encode()).digest(), ingested_at=ends_at,
            )
        )  # fmt: skip
    with ThreadPoolExecutor(max_workers=16) as threads:
        list(threads.map(put, (row.sealed_name for row in rows)))
    Segment.objects.bulk_create(rows, batch_size=1000)
    return rows[count // 2]


def all_but_one_go_and_it_goes_when_it_can(
    yard: Yard, stuck: Segment, *, code: str, mend: Callable[[], object]
) -> None:
    cast = people(yard.sites)
    purge.purge_due()

    run = PurgeRun.objects.get()
    assert (run.state, run.destroyed_segments, run.failed) == (RunState.DONE, MANY - 1, 1)
    assert list(Segment.objects.values_list("pk", flat=True)) == [stuck.pk]
    names = {stored.name.split(".")[0] for stored in vault.list_objects()}
    assert names <= {stuck.sealed_name}
    assert not rings.footage().has(stuck.epoch.key_id), "its key does not wait"
    with pytest.raises(FootageExpired):
        vault.ensure_epoch(yard.sites[0].pk, stuck.expires_at)
    failure = PurgeFailure.objects.get()
    assert (failure.object_id, failure.error_code, failure.attempts) == (stuck.pk, code, 1)
    assert LogEntry.objects.filter(kind="purge.item_failed").count() == 1
    assert [mail.kind for mail in OutgoingMail.objects.filter(to=cast.officer)] == ["purge.item_failed"]
    assert Certificate.objects.get().facts["segments"] == MANY - 1

    tried = []
    for _minute in range(8):
        yard.move(MINUTE)
        purge.purge_due()
        tried.append(PurgeFailure.objects.get().attempts)
    assert tried == [2, 2, 3, 3, 3, 3, 4, 4]

    mend()
    yard.move(10 * MINUTE)
    purge.purge_due()
    assert not Segment.objects.exists()
    assert not PurgeFailure.objects.exists()
    assert not list(vault.list_objects())
    assert Certificate.objects.order_by("sequence").last().facts["segments"] == 1  # type: ignore[union-attr]


@pytest.mark.both_databases
def test_invariant_4_one_file_that_nobody_can_delete_keeps_none_of_4000(yard: Yard) -> None:
    folder = yard.home / "footage"

    def put(name: str) -> None:
        (folder / name).parent.mkdir(exist_ok=True)
        for part in all_parts(name):
            (folder / part).write_bytes(b"ciphertext")

    stuck = fill(yard, put)
    path = folder / stuck.sealed_name
    path.unlink()
    path.mkdir()
    (path / "in the way").touch()

    def mend() -> None:
        (path / "in the way").unlink()
        path.rmdir()

    all_but_one_go_and_it_goes_when_it_can(yard, stuck, code="storage_failed", mend=mend)


@dataclass
class Proxy:
    """Stands between Lethe and a real S3 server, and answers for it where a deletion names `poison`."""

    target: str
    poison: bytes = b""
    refused: int = 0
    endpoint: str = ""


class _Handler(BaseHTTPRequestHandler):
    proxy: Proxy

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.command == "POST" and self.proxy.poison and self.proxy.poison in body:
            self.proxy.refused += 1
            self._answer(500, {}, b"<Error><Code>InternalError</Code></Error>")
            return
        connection = http.client.HTTPConnection(urlsplit(self.proxy.target).netloc, timeout=30)
        # The signature covers the Host header: it goes through as it came.
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        data = answer.read()
        self._answer(answer.status, dict(answer.getheaders()), data)
        connection.close()

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _pass

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in {"transfer-encoding", "connection", "content-length"}:
                self.send_header(name, value)
        length = headers.get("Content-Length") if self.command == "HEAD" else None
        self.send_header("Content-Length", length or str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def proxy(s3: Any) -> Iterator[Proxy]:
    made = Proxy(target=s3.endpoint)
    handler = type("Handler", (_Handler,), {"proxy": made})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    made.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture
def bucketed(yard: Yard, s3: Any, bucket: str, proxy: Proxy, settings: Any) -> Callable[[str], object]:
    """The yard with its store in a bucket behind the proxy; puts an object past it."""
    changed = copy.deepcopy(settings.STORAGES)
    changed["footage"] = {
        "BACKEND": "cctv.vault.s3storage.FootageS3Storage",
        "OPTIONS": {
            "bucket_name": bucket, "endpoint_url": proxy.endpoint, "access_key": ACCESS_KEY,
            "secret_key": SECRET_KEY, "region_name": REGION, "location": "lethe",
        },
    }  # fmt: skip
    settings.STORAGES = changed
    storages["footage"].initialise_storage()  # type: ignore[attr-defined]
    client = s3.client()
    return lambda name: client.put_object(Bucket=bucket, Key=f"lethe/{name}", Body=b"ciphertext")


def test_invariant_4_one_object_that_the_s3_server_fails_on_keeps_none_of_4000(
    yard: Yard, bucketed: Callable[[str], object], proxy: Proxy
) -> None:
    stuck = fill(yard, bucketed)
    proxy.poison = stuck.sealed_name.encode()

    def mend() -> None:
        proxy.poison = b""

    all_but_one_go_and_it_goes_when_it_can(yard, stuck, code="storage_failed", mend=mend)
    assert proxy.refused > 4, "the failing request was halved until the object was alone"


def test_an_object_that_the_s3_server_says_it_deleted_and_still_has_is_not_called_gone(
    yard: Yard, bucketed: Callable[[str], object], s3: Any, bucket: str
) -> None:
    """Something lies under the object's name; this server then reports success and deletes nothing."""
    stuck = fill(yard, bucketed, count=10)
    client = s3.client()
    client.delete_object(Bucket=bucket, Key=f"lethe/{stuck.sealed_name}")
    client.put_object(Bucket=bucket, Key=f"lethe/{stuck.sealed_name}/left", Body=b"x")
    purge.purge_due()
    assert list(Segment.objects.values_list("pk", flat=True)) == [stuck.pk]
    assert PurgeFailure.objects.get().error_code == "still_there"
