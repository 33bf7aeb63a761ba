"""No package outlives the hold on its footage, or the footage itself; no key is without an export."""

from datetime import timedelta
from typing import Any

import pytest

from accesslog.models import LogEntry
from accesslog.selectors import load_receipt
from cctv.core import clock
from cctv.disclosure.exports.models import Export, ExportState, FileKind, Urgency
from cctv.disclosure.packaging import ending, opening, work
from cctv.disclosure.packaging.errors import PackageExpired
from cctv.people.models import RoleGrant
from cctv.retention import erase, guards
from cctv.retention.holds.models import Hold, HoldState
from cctv.retention.holds.services import release_hold
from cctv.vault import services as vault
from tests.disclosure.packaging import helping
from tests.footage.conftest import TERMINAL, Room, room

__all__ = ["room"]

pytestmark = pytest.mark.django_db(databases=["default", "log"])


@pytest.fixture(autouse=True)
def sure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "clock_unsure", lambda _now: None)


@pytest.fixture
def export(room: Room) -> Export:
    return helping.packaged(helping.approved(room, (room.gate, 0, 8)))


def release(room: Room) -> None:
    hold = Hold.objects.get()
    hold.state = HoldState.ACTIVE
    hold.save(update_fields=["state"])
    release_hold(hold_id=hold.pk, actor=helping.approver(room), terminal=TERMINAL, reason="not needed")


def erase_now(room: Room, camera: Any, start: float, end: float) -> None:
    RoleGrant.objects.get_or_create(account=room.elsewhere, role="privacy_officer", site=room.site)
    done = erase.erase_segments(
        camera=camera, starts_at=helping.at(room, start), ends_at=helping.at(room, end), reference="R-1",
        ground="subject", actor=room.elsewhere, terminal=TERMINAL,
    )  # fmt: skip
    assert done.applied_at is not None


def ended_with(export: Export) -> str:
    row = helping.now(export)
    assert (row.state, row.key_id, row.ending["absent"]) == (ExportState.ENDED, "", True)
    assert not row.files.exclude(sealed_name="").exists()
    (entry,) = LogEntry.objects.using("log").filter(kind="export.ended")
    assert load_receipt(entry.index).body["why"] == row.ending["why"]
    return str(row.ending["why"])


def test_a_package_ends_with_the_hold_on_its_footage(export: Export, room: Room):
    assert ending.end_packages() == 0
    release(room)
    assert ending.end_packages() == 1
    assert ended_with(export) == "hold_ended"


def test_invariant_7_a_hold_that_is_past_by_a_clock_that_may_be_wrong_ends_no_package(
    export: Export, monkeypatch: pytest.MonkeyPatch
):
    now = clock.now()
    Export.objects.update(expires_at=now + timedelta(days=60))
    monkeypatch.setattr(guards, "clock_unsure", lambda _now: guards.Tripped("clock_stepped", {}))
    with clock.pretend(now + timedelta(days=30)):
        assert ending.end_packages() == 0
        monkeypatch.setattr(guards, "clock_unsure", lambda _now: None)
        assert ending.end_packages() == 1
    assert helping.now(export).ending["why"] == "hold_ended"


@pytest.mark.parametrize(
    ("urgency", "ends"), [(Urgency.LATE, 0), (Urgency.REFUSED, 1), (Urgency.APPROVED, 1)]
)
def test_an_urgent_package_that_nobody_decided_waits_for_a_late_word(export: Export, urgency: str, ends: int):
    Export.objects.update(urgency=urgency)
    Hold.objects.update(state=HoldState.LAPSED)
    assert ending.end_packages() == ends


def test_invariant_4_a_package_ends_when_footage_in_it_is_erased_and_opens_no_more_until_then(
    export: Export, room: Room
):
    file = next(helping.files(export))
    release(room)
    erase_now(room, room.gate, 1, 2)
    with pytest.raises(PackageExpired):
        opening.require_file_open(file)
    assert ending.end_packages() == 1
    assert ended_with(export) == "footage_erased"


def test_what_is_erased_beside_a_package_leaves_it_alone(export: Export, room: Room):
    room.record(room.yard, room.starts_at, seconds=4)
    erase_now(room, room.yard, 0, 2)
    # A clip counts by its recordings: those of a recorder may overlap by a little.
    export.files.filter(kind=FileKind.CLIP).update(ends_at=helping.at(room, 8.2))
    erase_now(room, room.gate, 9, 11)
    assert ending.end_packages() == 0
    assert helping.now(export).ending == {}


def test_a_key_of_no_export_is_destroyed(export: Export, monkeypatch: pytest.MonkeyPatch):
    strange = vault.new_package_key("01900000-0000-7000-8000-000000000000")
    monkeypatch.setattr(guards, "clock_unsure", lambda _now: guards.Tripped("clock_stepped", {}))
    assert ending.end_packages() == 0
    monkeypatch.setattr(guards, "clock_unsure", lambda _now: None)
    assert ending.end_packages() == 1
    assert strange not in vault.package_keys()
    assert helping.now(export).key_id in vault.package_keys()


def test_what_was_called_off_while_its_key_was_made_leaves_no_key(room: Room):
    export = helping.approved(room)
    vault.new_package_key(export.pk)  # and before the row names it
    Export.objects.update(state=ExportState.WITHDRAWN)
    assert ending.end_if_over(export.pk) == 1
    assert vault.package_keys() == {}


def test_no_key_is_made_anew_for_an_export_that_ended_meanwhile(room: Room, monkeypatch: pytest.MonkeyPatch):
    export = helping.approved(room)
    made: list[Any] = []
    monkeypatch.setattr(vault, "new_package_key", made.append)

    def ends_meanwhile(_export: Export) -> None:
        Export.objects.filter(pk=export.pk).update(state=ExportState.ENDED)

    monkeypatch.setattr(work, "require_packable", ends_meanwhile)
    helping.packaged(export)
    assert made == []
