"""Packaging that is cut off at any point is gone on with; what is called off, or may not be, leaves
nothing."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from accesslog.errors import LogUnavailable
from accesslog.models import LogEntry
from cctv.core import clock
from cctv.core.working import LEASE
from cctv.disclosure.exports.models import Export, ExportState, FileKind, PackageFile
from cctv.disclosure.packaging import doctor, finishing, services, sources, work
from cctv.disclosure.packaging.errors import PackagingFailed
from cctv.disclosure.packaging.files import Files
from cctv.footage.models import Segment
from cctv.footage.restrictions.models import Restriction
from cctv.retention.holds.models import HeldObject, Hold
from cctv.vault import services as vault
from cctv.vault import steps
from tests.disclosure.packaging import helping
from tests.footage.conftest import Room, room

__all__ = ["room"]

pytestmark = pytest.mark.django_db(databases=["default", "log"])


class Killed(BaseException):
    """Stands for the end of the process: nothing that handles errors handles it."""


class Killer:
    """Ends the work at each kind of step once, or does something else at one."""

    def __init__(self) -> None:
        self.passed: list[str] = []
        self.ends: list[str] | None = None
        self.acts: dict[str, Any] = {}

    def __call__(self, step: str) -> None:
        self.passed.append(step)
        if act := self.acts.pop(step, None):
            act()
        if self.ends is not None and step not in self.ends:
            self.ends.append(step)
            raise Killed


@pytest.fixture
def killer() -> Iterator[Killer]:
    made = Killer()
    steps.listen(made)
    yield made
    steps._listeners.remove(made)


def lease_over(export: Export) -> None:
    """The dead worker's lease has run out."""
    Export.objects.filter(pk=export.pk).update(lease_until=clock.now() - LEASE, work_attempts=0)


def done_files(export: Export) -> dict[str, str]:
    """What is done of the footage, with its objects."""
    rows = export.files.exclude(done_at=None).exclude(camera=None)
    return dict(rows.values_list("name", "sealed_name"))


def sealed_names() -> set[str]:
    return set(PackageFile.objects.exclude(sealed_name="").values_list("sealed_name", flat=True))


@pytest.mark.faults
def test_invariant_5_killed_at_any_step_the_next_worker_makes_what_is_left_and_nothing_twice(
    room: Room, killer: Killer
):
    before = helping.objects()
    export = helping.approved(room, (room.gate, 0, 12))
    ends = killer.ends = []
    for _turn in range(60):
        made = done_files(export)
        try:
            work.package_due()
        except Killed:
            assert work.package_due() == 0, "the lease of the dead worker is not over"
        assert made.items() <= done_files(export).items(), "what is done is made again"
        export = helping.now(export)
        if export.state == ExportState.READY:
            break
        lease_over(export)
    assert (export.state, export.error) == (ExportState.READY, "")
    wanted = {
        "package.key-made",
        "package.key",
        "package.file-begun",
        "package.file-durable",
        "package.file-done",
    }
    assert wanted | {"package.proven", "package.logged", "package.ready"} <= set(ends)
    assert helping.objects() - before - sealed_names() <= orphans_of(killer), "only what nobody names is left"
    assert (
        len({file.name for file in helping.files(export)}) == export.files.count() == export.package["files"]
    )
    assert all(len(helping.content(each)) == each.size_bytes for each in helping.files(export))


def orphans_of(killer: Killer) -> set[str]:
    """An object whose row was not committed is nobody's: the sweep of orphans has it."""
    from cctv.ingest import orphans

    return orphans._unknown(helping.objects())


def test_what_is_withdrawn_while_it_is_packaged_stops_and_leaves_nothing(room: Room, killer: Killer):
    objects = helping.objects()
    export = helping.approved(room, (room.gate, 0, 12))
    key = vault.new_package_key(export.pk)
    killer.acts["package.clip"] = lambda: Export.objects.filter(pk=export.pk).update(
        state=ExportState.WITHDRAWN
    )
    export = helping.packaged(export)
    assert (export.state, export.lease_token, export.key_id) == (ExportState.WITHDRAWN, None, "")
    assert "package.ready" not in killer.passed
    assert helping.objects() == objects
    assert key not in vault.package_keys()


def test_what_another_worker_took_over_is_not_committed_by_the_first(room: Room, killer: Killer):
    export = helping.approved(room)
    killer.acts["package.file-durable"] = lambda: Export.objects.filter(pk=export.pk).update(lease_token=None)
    helping.packaged(export)
    assert export.files.exclude(done_at=None).count() == 0


def finished_by_another(export: Export) -> set[str]:
    """A second worker takes over and makes the package READY; its files."""
    lease_over(export)
    taken = work._take(work.due())
    assert taken is not None
    work._work(*taken)
    assert helping.now(export).state == ExportState.READY
    return sealed_names()


@pytest.mark.parametrize("where", ["papers", "begin"])
def test_a_worker_that_stood_still_takes_nothing_from_the_package_that_another_finished(
    room: Room, killer: Killer, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    export = helping.approved(room)
    made: list[set[str]] = []

    def stand_still(*_said: Any) -> None:
        if not made:
            made.append(set())
            made[0] = finished_by_another(export)

    name, owner = ("papers", finishing) if where == "papers" else ("begin", Files)
    real = getattr(owner, name)

    def late(*given: Any, **said: Any) -> Any:
        stand_still()
        return real(*given, **said)

    monkeypatch.setattr(owner, name, late)
    work.package_due()
    export = helping.now(export)
    assert made[0]
    assert (export.state, sealed_names()) == (ExportState.READY, made[0])
    assert made[0] <= helping.objects()
    assert export.files.count() == export.package["files"]


def test_giving_up_leaves_what_was_asked_for_anew_meanwhile_alone(
    room: Room, killer: Killer, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = helping.approved(room)

    def refused(*_said: Any) -> None:
        monkeypatch.undo()
        raise PackagingFailed

    def anew() -> None:
        assert services.retry(export)
        taken = work._take(work.due())
        assert taken is not None
        work._work(*taken)

    monkeypatch.setattr(finishing, "papers", refused)
    killer.acts["package.given-up"] = anew
    export = helping.packaged(export)
    assert export.state == ExportState.READY
    assert export.files.count() == export.package["files"] > 0
    assert sealed_names() <= helping.objects()


@pytest.fixture
def small_disk(lethe_home: Path) -> Iterator[Path]:
    """The footage folder on a file system of 4 MiB."""
    folder = lethe_home / "footage"
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "lethe-small", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.fail("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.faults
@pytest.mark.root
def test_invariant_5_on_a_full_disk_it_waits_and_goes_on_when_there_is_room(small_disk: Path, room: Room):
    export = helping.approved(room)
    ballast = small_disk / "ballast"
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(small_disk).free)
    export = helping.packaged(export)
    assert (export.state, export.error_code) == (ExportState.APPROVED, "storage_full")
    assert export.not_before is not None
    assert export.files.count() == 0
    ballast.unlink()
    assert services.retry(export)
    assert helping.packaged(export).state == ExportState.READY


def test_while_the_log_is_down_nothing_is_opened_and_it_is_tried_again(
    room: Room, monkeypatch: pytest.MonkeyPatch
):
    export = helping.approved(room)

    def down(**_said: Any) -> None:
        raise LogUnavailable

    monkeypatch.setattr(sources, "append", down)
    export = helping.packaged(export)
    assert (export.state, export.files.count()) == (ExportState.APPROVED, 0)
    assert export.work_asked_at is not None
    assert work.package_due() == 0, "not at once"
    monkeypatch.undo()
    services.retry(export)
    assert helping.packaged(export).state == ExportState.READY


def test_a_package_that_the_log_does_not_take_is_not_ready(room: Room, monkeypatch: pytest.MonkeyPatch):
    export = helping.approved(room)

    def down(**_said: Any) -> None:
        raise LogUnavailable

    monkeypatch.setattr(finishing, "append", down)
    export = helping.packaged(export)
    assert (export.state, export.expires_at) == (ExportState.APPROVED, None)
    clips = [each.pk for each in helping.files(export, FileKind.CLIP)]
    monkeypatch.undo()
    services.retry(export)
    export = helping.packaged(export)
    assert export.state == ExportState.READY
    assert [each.pk for each in helping.files(export, FileKind.CLIP)] == clips, "the clip stays"
    assert LogEntry.objects.using("log").filter(kind="export.packaged").count() == 1


def test_invariant_4_a_register_that_may_be_an_older_copy_packages_nothing(
    room: Room, monkeypatch: pytest.MonkeyPatch
):
    export = helping.approved(room)
    monkeypatch.setattr(work, "register_in_doubt", lambda: True)
    assert helping.packaged(export).state == ExportState.APPROVED
    monkeypatch.undo()
    assert helping.packaged(export).state == ExportState.READY


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of holds are deleted by hand here, which looks like a register that was put back from a backup."""
    monkeypatch.setattr(work, "register_in_doubt", lambda: False)


def test_what_was_destroyed_since_it_was_asked_for_is_told_and_nothing_is_packaged(room: Room, trusted: None):
    export = helping.approved(room, (room.gate, 0, 12))
    first = Segment.objects.filter(camera=room.gate).earliest("starts_at")
    HeldObject.objects.filter(segment=first).delete()
    first.delete()
    export = helping.packaged(export)
    assert (export.error_code, export.files.count()) == ("package_footage_ended", 0)
    assert export.work_asked_at is None


def test_invariant_3_what_expired_is_not_packaged_unless_the_hold_keeps_it(room: Room, trusted: None):
    kept, lost = helping.approved(room, (room.gate, 0, 4)), helping.approved(room, (room.gate, 4, 8))
    HeldObject.objects.filter(hold__export_spans__export=lost).delete()
    Segment.objects.update(expires_at=clock.now() + timedelta(seconds=1))
    with clock.pretend(clock.now() + timedelta(minutes=1)):
        work.package_due()
        kept, lost = helping.now(kept), helping.now(lost)
        assert (kept.state, kept.error) == (ExportState.READY, "")
        assert (lost.error_code, lost.files.count()) == ("package_footage_ended", 0)
    job = LogEntry.objects.using("log").filter(kind="vault.job").count()
    assert job > 0


def test_what_is_restricted_meanwhile_leaves_nothing_half(room: Room, killer: Killer):
    objects = helping.objects()
    export = helping.approved(room, (room.gate, 0, 12))

    def restrict() -> None:
        made = Restriction.objects.create(
            site=room.site, starts_at=helping.at(room, 2), ends_at=helping.at(room, 3), ground="suspension",
            reason="asked", placed_by=room.operator,
        )  # fmt: skip
        made.cameras.add(room.gate)

    killer.acts["package.proven"] = restrict
    export = helping.packaged(export)
    assert (export.state, export.error_code) == (ExportState.APPROVED, "footage_restricted")
    assert (export.files.count(), helping.objects()) == (0, objects)


def test_a_hold_that_ended_stops_it(room: Room):
    export = helping.approved(room)
    Hold.objects.update(state="released")
    export = helping.packaged(export)
    assert (export.error_code, export.files.count()) == ("export_hold_gone", 0)


def test_the_doctor_tells_of_what_was_not_made(room: Room):
    export = helping.approved(room)
    assert [each.code for each in doctor.packages()] == ["packages.fine"]
    Export.objects.filter(pk=export.pk).update(work_asked_at=None, error_code="x", error="The disk is full.")
    (finding,) = doctor.packages()
    assert "E-2026-0001" in finding.what
    assert "The disk is full." in finding.what
