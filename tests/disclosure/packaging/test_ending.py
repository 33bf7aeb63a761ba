"""A package ends by its key, everywhere, and what is left of it is told."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from accesslog.errors import LogUnavailable
from accesslog.models import LogEntry
from accesslog.selectors import load_receipt
from cctv.core import clock
from cctv.disclosure.cases.models import Case, CaseState
from cctv.disclosure.exports import deciding, guarding
from cctv.disclosure.exports.models import Export, ExportState, FileKind
from cctv.disclosure.packaging import ending, replaying
from cctv.ingest import orphans
from cctv.ledger.models import LedgerLine
from cctv.retention import guards
from cctv.retention.backup import replay
from cctv.retention.guards import Tripped
from cctv.retention.holds.models import HoldState
from cctv.retention.reconcile import codes, services
from cctv.vault import journal, keyfile, rings, signing, steps
from cctv.vault import services as vault
from tests.disclosure.packaging import helping
from tests.footage.conftest import Room, room

__all__ = ["room"]

pytestmark = pytest.mark.django_db(databases=["default", "log"])


@pytest.fixture
def export(room: Room) -> Export:
    room.objects = helping.objects()  # type: ignore[attr-defined]
    return helping.packaged(helping.approved(room, (room.gate, 0, 8)))


def later(days: float = 8) -> Any:
    """The copy's days are over."""
    return clock.pretend(clock.now() + timedelta(days=days))


@pytest.fixture(autouse=True)
def sure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretending jumps, as no honest clock does."""
    monkeypatch.setattr(guards, "clock_unsure", lambda _now: None)


def assert_gone(export: Export, objects: set[str]) -> Export:
    """Neither a key nor an object nor what could tell a kept copy's footage."""
    export = helping.now(export)
    assert export.key_id == ""
    assert str(export.pk) not in vault.package_keys().values()
    assert helping.objects() == objects
    assert not export.files.exclude(sealed_name="").exists()
    assert not export.files.exclude(wrapped_key=b"").exists()
    assert not export.files.exclude(camera=None).exclude(sha256="").exists()
    assert (export.ending["absent"], export.ending["entry"]) == (True, export.ended_entry)
    return export


@pytest.mark.both_databases
def test_invariant_4_past_its_days_key_and_files_are_destroyed_and_a_kept_copy_does_not_open(
    export: Export, room: Room
):
    file = next(helping.files(export, FileKind.CLIP))
    label = f"package/{export.pk}"
    wrapped, ring = bytes(file.wrapped_key), rings.records()
    key = ring.get(export.key_id)
    with later():
        assert ending.end_packages() == 1
        assert ending.end_packages() == 0
    export = assert_gone(export, room.objects)  # type: ignore[attr-defined]
    assert (export.state, export.ending["why"]) == (ExportState.ENDED, "expired")
    assert label not in [each for each, _at in ring.labels().values()]
    assert keyfile.unwrap_key(key, wrapped), "only the destroyed key would open it"
    said = signing.verify_note(export.ending["signature"], signing.public_key())
    assert said[:2] == [ending.FORMAT, export.number]
    assert LogEntry.objects.using("log").filter(kind="export.ended").count() == 1
    (line,) = LedgerLine.objects.filter(source=f"export {export.number} ended")
    assert export.number in line.item
    assert export.package["sha256"] == export.ending["manifest_sha256"]


@pytest.mark.parametrize("state", [ExportState.REJECTED, ExportState.WITHDRAWN])
def test_a_rejected_or_withdrawn_export_leaves_no_copy(export: Export, room: Room, state: str):
    Export.objects.filter(pk=export.pk).update(state=state)
    assert ending.end_packages() == 1
    assert assert_gone(export, room.objects).state == state  # type: ignore[attr-defined]


def test_when_the_case_closes_its_copies_end(export: Export, room: Room):
    assert ending.end_packages() == 0
    Case.objects.update(state=CaseState.CLOSING)
    assert ending.end_packages() == 0, "it may still be opened again"
    Case.objects.update(state=CaseState.CLOSED)
    assert ending.end_packages() == 1
    assert assert_gone(export, room.objects).ending["why"] == "case_closed"  # type: ignore[attr-defined]


def test_invariant_3_when_a_package_has_ended_its_holds_end_by_nobodys_word(export: Export):
    assert deciding.let_go_left() == 0, "it may still be handed over"
    (hold,) = guarding.holds_of(export)
    with later():
        ending.end_packages()
        assert deciding.let_go_left() == 1
        assert deciding.let_go_left() == 0
        (ended,) = guarding.holds_of(export)
        assert ended.opens_until <= clock.now()
        assert ended.ended_at is not None
    assert (ended.state, ended.released_by, ended.pending) == (HoldState.ENDED, None, [])
    assert ended.until < hold.until
    entry = LogEntry.objects.using("log").get(kind="hold.ended")
    assert "actor" not in load_receipt(entry.index).body


def test_invariant_7_a_clock_that_may_be_wrong_ends_nothing_by_its_days(
    export: Export, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(guards, "clock_unsure", lambda _now: Tripped("clock_stepped", {}))
    with later():
        assert ending.end_packages() == 0
    assert helping.now(export).key_id


def test_a_register_that_may_be_an_older_copy_ends_nothing(export: Export, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ending, "register_in_doubt", lambda: True)
    with later():
        assert ending.end_packages() == 0
    assert helping.now(export).state == ExportState.READY


def test_while_the_log_is_down_nothing_ends(export: Export, monkeypatch: pytest.MonkeyPatch):
    def down(**_said: Any) -> None:
        raise LogUnavailable

    monkeypatch.setattr(ending, "append", down)
    with later():
        assert ending.end_packages() == 0
        assert helping.now(export).state == ExportState.READY
        monkeypatch.undo()
        monkeypatch.setattr(guards, "clock_unsure", lambda _now: None)
        assert ending.end_packages() == 1


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def ends() -> Iterator[list[str]]:
    """Killed once at each step of the end."""
    passed: list[str] = []

    def killer(step: str) -> None:
        if step.startswith(("package.", "ratchet.", "journal.")) and step not in passed:
            passed.append(step)
            raise Killed

    steps.listen(killer)
    yield passed
    steps._listeners.remove(killer)


@pytest.mark.faults
def test_invariant_5_killed_at_any_step_the_end_comes_to_its_end(room: Room, export: Export, ends: list[str]):
    with later():
        for _turn in range(40):
            try:
                ending.end_packages()
            except Killed:
                continue
            break
    assert {"package.end-logged", "package.ended", "package.end-journalled", "package.key-destroyed"} < set(
        ends
    )
    assert {"package.objects-deleted", "package.end-told"} < set(ends)
    assert_gone(export, room.objects)  # type: ignore[attr-defined]
    assert LogEntry.objects.using("log").filter(kind="export.ended").count() == 1
    assert LedgerLine.objects.filter(source=f"export {export.number} ended").count() == 1


def test_a_register_put_back_from_a_backup_does_not_bring_a_package_back(export: Export, room: Room):
    files = list(export.files.values())
    with later():
        ending.end_packages()
    # The register as it was: the package ready, with its files and its key's name.
    Export.objects.filter(pk=export.pk).update(
        state=ExportState.READY, key_id=export.key_id, ended_at=None, ended_entry=None, ending={}
    )
    for row in files:
        export.files.filter(pk=row["id"]).update(
            sealed_name=row["sealed_name"], wrapped_key=row["wrapped_key"], sha256=row["sha256"]
        )
    counts = replay.replay()
    assert counts["packages_ended"] == 1
    assert helping.now(export).state == ExportState.ENDED
    assert ending.end_packages() == 1
    assert_gone(export, room.objects)  # type: ignore[attr-defined]
    assert LogEntry.objects.using("log").filter(kind="export.ended").count() == 1


def test_the_journal_is_replayed_any_number_of_times(export: Export):
    with later():
        ending.end_packages()
    (line,) = [each for each in journal.read() if each.kind == "package_ended"]
    counts: Counter[str] = Counter()
    replaying.ended(line.facts, counts)
    replaying.ended({**line.facts, "export": "00000000-0000-7000-8000-000000000000"}, counts)
    assert not counts


def test_the_sweep_of_orphans_knows_what_a_package_consists_of(export: Export):
    assert orphans._unknown(helping.objects()) == set()


def test_the_storage_check_knows_packages_and_misses_what_is_gone(export: Export):
    file = next(helping.files(export, FileKind.CLIP))
    vault.delete_object(file.sealed_name)
    run = services.check(depth="presence")
    assert sum(run.counts.get(codes.KEPT_MISSING, {}).values()) == 1
    assert codes.ORPHAN_OBJECT not in run.counts


def test_a_key_that_no_row_names_yet_ends_with_its_export(room: Room):
    export = helping.approved(room)
    vault.new_package_key(export.pk)  # and then its worker was killed
    Export.objects.filter(pk=export.pk).update(state=ExportState.WITHDRAWN)
    assert ending.end_packages() == 1
    assert str(export.pk) not in vault.package_keys().values()
