"""Invariant 3: what has expired is refused at read time, though no purge has ever run."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from accesslog.services import append
from cctv.core import clock
from cctv.footage import sealed as opening
from cctv.footage import selectors
from cctv.footage.models import Segment
from cctv.retention.models import PurgeRun
from cctv.vault import services as vault
from cctv.vault.errors import FootageExpired
from tests.retention.yard import Sealed, Yard

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.both_databases]

MINUTE = timedelta(minutes=1)


def person_reads(sealed: Sealed) -> bytes:
    """A person with a perfect entry reads the segment through their door."""
    actor, row = uuid4(), sealed.row
    person = {"id": str(actor), "name": "Kim Minji", "employer": "Hub", "role": "operator"}
    receipt = append(
        kind="view.covered",
        body={
            "viewing": str(uuid4()), "actor": person, "terminal": "10.0.0.7",
            "site": {"id": str(row.camera.site_id), "name": "Seoul"},
            "camera": {"id": str(row.camera_id), "code": "seoul-1", "name": "Gate 1"},
            "purpose": {"code": "security", "text": "Security", "reason": ""},
            "from": clock.rfc3339(row.starts_at), "to": clock.rfc3339(row.ends_at),
        },
    )  # fmt: skip
    keyed = opening.keyed(row, "media")
    return vault.open_for_person(
        receipt, keyed, actor_id=actor, span=(row.starts_at, row.ends_at)
    ).read()  # fmt: skip


def job_reads(sealed: Sealed) -> bytes:
    receipt = append(kind="vault.job", body={"job": "fsck", "object": str(sealed.row.pk)})
    return vault.open_for_system(receipt, opening.keyed(sealed.row, "media"), job="fsck").read()


@pytest.mark.parametrize("reads", [person_reads, job_reads])
def test_invariant_3_no_door_opens_an_expired_segment_that_is_still_there(yard: Yard, reads: Any) -> None:
    sealed = yard.segment(expires_in=MINUTE)
    assert reads(sealed) == sealed.clear
    yard.move(MINUTE)
    with pytest.raises(FootageExpired):
        reads(sealed)
    assert not PurgeRun.objects.exists(), "no purge has run"
    assert Segment.objects.filter(pk=sealed.row.pk).exists()
    assert sealed.row.sealed_name in yard.objects()


def test_invariant_3_a_reader_that_was_opened_in_time_gives_nothing_afterwards(yard: Yard) -> None:
    sealed = yard.segment(expires_in=MINUTE, size=400_000)
    receipt = append(kind="vault.job", body={"job": "fsck", "object": str(sealed.row.pk)})
    reader = vault.open_for_system(receipt, opening.keyed(sealed.row, "media"), job="fsck")
    assert reader.read(100) == sealed.clear[:100]
    yard.move(MINUTE)
    with pytest.raises(FootageExpired):
        reader.read(300_000)


def test_invariant_3_expired_footage_is_on_no_list(yard: Yard) -> None:
    sealed = yard.segment(expires_in=MINUTE)
    row = sealed.row
    span: dict[str, Any] = {"camera_id": row.camera_id, "start": row.starts_at, "end": row.ends_at}
    assert selectors.coverage(**span)
    yard.move(MINUTE)
    assert not selectors.coverage(**span)
    assert not selectors.live_segments(**span).exists()
