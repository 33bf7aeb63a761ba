"""A file of a package opens with an entry that covers it, while the package stands, and never else."""

from datetime import timedelta
from typing import Any

import pytest

from accesslog import Receipt
from accesslog.registry import EventType, register
from accesslog.services import append
from cctv.core import clock
from cctv.disclosure.exports.models import Export, ExportState, FileKind, PackageFile
from cctv.disclosure.packaging import opening, sources
from cctv.footage.restrictions.models import Restriction
from cctv.footage.viewings.entries import camera_fields
from cctv.vault import doors
from cctv.vault.errors import KeyMissing, ReceiptMismatch
from tests.disclosure.packaging import helping
from tests.footage.conftest import Room, room

__all__ = ["room"]

pytestmark = pytest.mark.django_db(databases=["default", "log"])
KIND = "test.sent"


@pytest.fixture(autouse=True)
def kind() -> Any:
    """A kind of entry that sends packages, as `handing` registers its own."""
    fields = frozenset({"actor", "export", "site", "camera", "from", "to"})
    register(EventType(kind=KIND, required=frozenset({"actor", "export"}), optional=fields, sentence="Sent."))
    doors.register_person_kind(KIND, *opening.PARTS)
    yield
    doors._person_kinds.pop(KIND)


@pytest.fixture
def export(room: Room) -> Export:
    return helping.packaged(helping.approved(room, (room.gate, 0, 8)))


def sent(file: PackageFile, **other: Any) -> Receipt:
    """The entry under which the file goes to its recipient."""
    body: dict[str, Any] = {
        "actor": {"id": "recipient", "name": "police", "role": "recipient"},
        "export": sources.named(file.export), "site": file.export.site.logged(),
    }  # fmt: skip
    if file.camera is not None and file.starts_at and file.ends_at:
        body |= {
            "camera": camera_fields(file.camera), "from": clock.rfc3339(file.starts_at),
            "to": clock.rfc3339(file.ends_at, round_up=True),
        }  # fmt: skip
    return append(kind=KIND, body={**body, **other})


def clip_of(export: Export) -> PackageFile:
    return next(helping.files(export, FileKind.CLIP))


def test_footage_opens_with_an_entry_that_covers_it_and_papers_with_any_of_the_export(export: Export):
    for file in (clip_of(export), next(helping.files(export, FileKind.MANIFEST))):
        with opening.open_for_person(sent(file), file, actor_id="recipient") as reader:
            assert len(reader.read()) == file.size_bytes


@pytest.mark.parametrize(
    "other",
    [
        {"export": {"id": "00000000-0000-0000-0000-000000000000", "name": "E-2026-0009"}},
        {"camera": {"id": "other", "name": "x", "code": "x"}},
        {"actor": {"id": "somebody", "name": "x", "role": "x"}},
        {"to": "2020-01-01T00:00:00Z", "from": "2019-01-01T00:00:00Z"},
        {"site": {"id": "other", "name": "x"}},
    ],
)
def test_invariant_1_an_entry_of_anything_else_opens_no_footage(export: Export, other: dict[str, Any]):
    file = clip_of(export)
    with pytest.raises(ReceiptMismatch):
        opening.open_for_person(sent(file, **other), file, actor_id="recipient")


def test_an_entry_of_another_export_opens_no_paper(export: Export):
    file = next(helping.files(export, FileKind.MANIFEST))
    receipt = sent(file, export={"id": "0", "name": "E-2026-0009"})
    with pytest.raises(ReceiptMismatch):
        opening.open_for_person(receipt, file, actor_id="recipient")


def test_an_entry_of_a_viewing_opens_no_package(export: Export, room: Room):
    file = clip_of(export)
    said = {"actor": {"id": str(room.operator.pk), "name": "x", "role": "x"}}
    receipt = sent(file, **said)
    shown = Receipt(
        receipt.index, receipt.leaf_hash, receipt.event_id, receipt.time_us, "view.covered", receipt.body
    )
    with pytest.raises(ReceiptMismatch):
        opening.open_for_person(shown, file, actor_id=room.operator.pk)


def test_a_jobs_entry_has_to_name_the_export_and_the_file(export: Export):
    file = clip_of(export)
    bodies: list[dict[str, Any]] = [
        {"job": sources.JOB, "objects": [str(file.pk)]},
        {"job": sources.JOB, "objects": [], "export": sources.named(export)},
        {"job": "other", "objects": [str(file.pk)], "export": sources.named(export)},
    ]
    for body in bodies:
        with pytest.raises(ReceiptMismatch):
            opening.open_for_system(append(kind="vault.job", body=body), file)


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (ExportState.APPROVED, "package_not_ready"),
        (ExportState.WITHDRAWN, "package_not_ready"),
        (ExportState.ENDED, "package_expired"),
    ],
)
def test_nothing_opens_of_a_package_that_is_not_ready(export: Export, state: str, code: str):
    file = clip_of(export)
    Export.objects.filter(pk=export.pk).update(state=state)
    with pytest.raises(opening.NotReady if code == "package_not_ready" else opening.PackageExpired):
        opening.open_for_person(sent(file), file, actor_id="recipient")


def test_invariant_3_nothing_opens_once_its_days_are_over_and_an_open_reader_stops(export: Export):
    file = clip_of(export)
    reader = opening.open_for_person(sent(file), file, actor_id="recipient")
    reader.read(10)
    with clock.pretend(clock.now() + timedelta(days=8)):
        with pytest.raises(opening.PackageExpired):
            opening.open_for_person(sent(file), file, actor_id="recipient")
        with pytest.raises(Exception, match=r"expired|retention"):
            reader.read(10)


def test_what_is_restricted_or_masked_after_packaging_does_not_leave(export: Export, room: Room):
    file = clip_of(export)
    made = Restriction.objects.create(
        site=room.site, starts_at=helping.at(room, 2), ends_at=helping.at(room, 3), ground="suspension",
        reason="asked", placed_by=room.operator,
    )  # fmt: skip
    made.cameras.add(room.gate)
    with pytest.raises(Exception, match="may not be shown"):
        opening.open_for_person(sent(file), file, actor_id="recipient")
    made.delete()
    room.gate.privacy_masks = [[[0.0, 0.0], [0.5, 0.0], [0.5, 1.0]]]
    room.gate.save(update_fields=["privacy_masks"])
    with pytest.raises(opening.MasksForbidNative):
        opening.open_for_person(sent(file), file, actor_id="recipient")


def test_what_is_sealed_with_a_package_is_never_sealed_under_a_new_key(export: Export):
    from cctv.vault import services as vault

    sealed = opening.seal(export, b"the phrase")
    assert opening.unseal(export, sealed) == b"the phrase"
    vault.destroy_record_keys([export.key_id])
    with pytest.raises(KeyMissing):
        opening.unseal(export, sealed)
    with pytest.raises(KeyMissing):
        opening.seal(export, b"another")
