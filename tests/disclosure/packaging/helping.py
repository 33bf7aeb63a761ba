"""An approved export of what a camera has recorded, made without the pages that ask for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from accesslog.services import append
from cctv.core import clock
from cctv.core.ids import new_id
from cctv.disclosure.cases.models import Case
from cctv.disclosure.exports import entries, events
from cctv.disclosure.exports.models import (
    ActKind,
    Export,
    ExportAct,
    ExportForm,
    ExportSpan,
    ExportState,
    FileKind,
    PackageFile,
)
from cctv.disclosure.packaging import opening, services, sources
from cctv.disclosure.packaging.work import package_due
from cctv.ingest import hours
from cctv.people.models import Account, RoleGrant
from cctv.retention.holds.services import place_hold
from cctv.sites.models import Camera
from cctv.vault import services as vault
from tests.footage.conftest import TERMINAL, Room

SECOND = timedelta(seconds=1)


def approver(room: Room) -> Account:
    """Somebody who may decide."""
    found = Account.objects.filter(email="chief@example.org").first()
    if found is None:
        found = Account.objects.create_user("chief@example.org", "pw", name="Chief Han", employer="Guard Co.")
        RoleGrant.objects.create(account=found, role="approver", site=room.site)
    return found


def case_of(room: Room) -> Case:
    """The one case of the test."""
    known = Case.objects.first()
    return known or Case.objects.create(
        number="C-2026-0001",
        year=2026,
        sequence=1,
        site=room.site,
        title="Broken gate",
        opened_by=room.operator,
    )


def approved(
    room: Room,
    *spans: tuple[Camera, float, float],
    form: str = ExportForm.NATIVE,
    redaction: Any = None,
    begin: bool = True,
    **options: Any,
) -> Export:
    """An approved export of spans (camera, seconds after the first recording, until), guarded by a hold."""
    count = Export.objects.count() + 1
    export = Export.objects.create(
        id=new_id(), number=f"E-2026-{count:04}", year=2026, sequence=count, site=room.site, case=case_of(room),
        state=ExportState.APPROVED, recipient_kind="police", recipient="서울 경찰서", ground="law",
        document="2026-118", purpose=room.purpose, asked_by=room.operator, terminal=TERMINAL, language="ko",
        **options,
    )  # fmt: skip
    for camera, start, end in spans or ((room.gate, 0, 8),):
        times = (room.starts_at + start * SECOND, room.starts_at + end * SECOND)
        hold = place_hold(
            actor=approver(room), terminal=TERMINAL, site=room.site, cameras=[camera], case=export.case.number,
            reason="export", ground="incident", starts_at=times[0], ends_at=times[1],
            until=clock.now() + timedelta(days=20), hold_id=uuid4(),
        ).hold  # fmt: skip
        ExportSpan.objects.create(
            export=export, camera=camera, starts_at=times[0], ends_at=times[1], form=form, redaction=redaction,
            hold=hold,
        )  # fmt: skip
    entry = entries.write(
        export, events.APPROVED, actor=approver(room), terminal=TERMINAL, event_id=uuid4(),
        spans=entries.spans_of(export), ground=entries.ground_of(export),
    )  # fmt: skip
    ExportAct.objects.create(export=export, kind=ActKind.APPROVED, by=approver(room), entry=entry)
    if begin:
        services.ask_for(export)
    return export


def now(export: Export) -> Export:
    """The row as it is."""
    return Export.objects.select_related("site", "case", "purpose", "asked_by").get(pk=export.pk)


def packaged(export: Export) -> Export:
    """The row after whoever sweeps has done what is due."""
    package_due()
    return now(export)


def hour_closed() -> None:
    """The roots of all hours that have come in are logged."""
    with clock.pretend(clock.now() + timedelta(hours=2)):
        hours.close_hours()


def content(file: PackageFile) -> bytes:
    """The clear bytes of a file, by the job's door."""
    receipt = append(
        kind="vault.job",
        body={"job": sources.JOB, "objects": [str(file.pk)], "export": sources.named(file.export)},
    )
    with opening.open_for_system(receipt, file) as reader:
        return reader.read()


def files(export: Export, *kinds: FileKind) -> Iterator[PackageFile]:
    """The files of these kinds, or all, by name."""
    rows = export.files.select_related("export", "camera__site").order_by("name")
    return iter(rows.filter(kind__in=kinds) if kinds else rows)


def objects() -> set[str]:
    """What the store has."""
    return {each.name for each in vault.list_objects()}


def at(room: Room, seconds: float) -> datetime:
    """A moment of the recording."""
    return room.starts_at + seconds * SECOND
