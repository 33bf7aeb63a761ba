"""A package that is ready to be handed over, made without footage: its files are sealed as the job seals
them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.test import Client

from accesslog.models import LogEntry
from accesslog.selectors import load_receipt
from cctv.core import clock
from cctv.core.ids import new_id
from cctv.disclosure.cases.models import Case
from cctv.disclosure.exports.models import Export, ExportSpan, ExportState, FileKind
from cctv.disclosure.handing import services
from cctv.disclosure.packaging.files import Files
from cctv.retention.holds.models import Hold, HoldState
from cctv.sites.models import Site
from cctv.vault import services as vault
from tests.people.cast import Cast

TERMINAL = "192.0.2.7"
CLIPS = {
    "clips/정문/2026-11-22 10-00-00.mp4": bytes(range(256)) * 8192,
    "clips/東門/2026-11-22 10-00-00.mp4": b"\x01moov" * 300_000,
}
MANIFEST = json.dumps({"export": "E-2026-0001"}).encode()


@dataclass
class Ready:
    """An export in state READY, and short ways to hand it over."""

    cast: Cast
    export: Export
    content: dict[str, bytes]

    def link(self, **options: Any) -> services.Made:
        values: dict[str, Any] = {"person": "Inspector Han", "contact": "02-000-0000", **options}
        return services.make_link(export=self.export, actor=self.cast.operator, terminal="10.0.0.1", **values)

    def change(self, **values: Any) -> None:
        Export.objects.filter(pk=self.export.pk).update(**values)


def entries(kind: str) -> list[dict[str, Any]]:
    """What the log says of this kind, in order."""
    found = LogEntry.objects.using("log").filter(kind=kind).order_by("index")
    return [dict(load_receipt(row.index).body) for row in found]


def opened(client: Client, made: services.Made) -> Client:
    """The same browser, after the right code."""
    answer = client.post(f"/d/{made.token}/", {"code": made.code}, REMOTE_ADDR=TERMINAL)
    assert answer.status_code == 302, answer.content[:500]
    return client


def download(client: Client, made: services.Made, **headers: str) -> Any:
    """The answer, its bytes not yet taken."""
    return client.get(f"/d/{made.token}/download/", headers=headers, REMOTE_ADDR=TERMINAL)


class Stream(Iterator[bytes]):
    """An answer while it is taken; closed, as the server does when its peer is gone."""

    def __init__(self, response: Any) -> None:
        self._response = response
        self._pieces = iter(response.streaming_content)

    def __next__(self) -> bytes:
        piece: bytes = next(self._pieces)
        return piece

    def close(self) -> None:
        # As `response.close()`, without the signal upon which the test's connections would be closed.
        for closer in self._response._resource_closers:
            closer()


def taken(response: Any) -> bytes:
    """All bytes of an answer."""
    assert response.status_code in (200, 206), response.content[:2000]
    return b"".join(response.streaming_content)


def unpacked(data: bytes) -> dict[str, bytes]:
    """What a standard tool finds in an archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(autouse=True)
def _unhurried() -> None:
    cache.clear()


@pytest.fixture
def ready(cast: Cast, vault_ready: Any) -> Ready:
    return make(cast)


def make(cast: Cast) -> Ready:
    """Two cameras for ten minutes, a manifest, a signature: sealed under a key of their own each."""
    now = clock.now()
    Site.objects.filter(pk=cast.seoul.pk).update(name="바람 허브")
    case = Case.objects.create(
        number="C-2026-0001",
        year=2026,
        sequence=1,
        site=cast.seoul,
        title="Broken gate",
        opened_by=cast.operator,
    )
    export = Export.objects.create(
        id=new_id(), number="E-2026-0001", year=2026, sequence=1, site=cast.seoul, case=case,
        state=ExportState.READY, recipient_kind="police", recipient="마포 경찰서", ground="law",
        document="warrant 2026-118", purpose=cast.crime, asked_by=cast.operator,
        expires_at=now + timedelta(days=7),
    )  # fmt: skip
    export.key_id = vault.new_package_key(export.pk)
    export.package = {"sha256": sha256(MANIFEST).hexdigest()}
    export.save()
    span = (now - timedelta(hours=2), now - timedelta(hours=1, minutes=50))
    hold = Hold.objects.create(
        number="H-2026-0001", year=2026, sequence=1, site=cast.seoul, case=case.number, ground="incident",
        starts_at=span[0], ends_at=span[1], until=now + timedelta(days=90), state=HoldState.ACTIVE, key_id="",
        placed_by=cast.operator, placed_entry=0,
    )  # fmt: skip
    files = Files(export, export.key_id, stopped=lambda: False, fence=lambda: None)
    for camera, (name, data) in zip((cast.gate, cast.lobby), CLIPS.items(), strict=True):
        ExportSpan.objects.create(export=export, camera=camera, starts_at=span[0], ends_at=span[1], hold=hold)
        # A clip begins at a keyframe, a little before its span.
        of_clip = (span[0] - timedelta(seconds=3), span[1] - timedelta(seconds=1))
        with files.begin(FileKind.CLIP, name, of=str(uuid4()), camera=camera, span=of_clip) as filing:
            filing.write(data)
            filing.close()
    files.put(FileKind.MANIFEST, "manifest.json", MANIFEST)
    files.put(FileKind.SIGNATURE, "manifest.sig", b"signed\n")
    content = {**CLIPS, "manifest.json": MANIFEST, "manifest.sig": b"signed\n"}
    return Ready(cast, Export.objects.select_related("site", "case").get(pk=export.pk), content)
