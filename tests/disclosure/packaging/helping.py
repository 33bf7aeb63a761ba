"""An approved export of what a camera has recorded, made without the pages that ask for it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from accesslog.services import append
from cctv.core import clock
from cctv.core.ids import new_id
from cctv.disclosure.cases.models import Case
from cctv.disclosure.exports import entries, events, results
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
from cctv.disclosure.packages import zipping
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
    urgent_only: bool = False,
    **options: Any,
) -> Export:
    """An approved export of spans (camera, seconds after the first recording, until), guarded by a hold."""
    count = Export.objects.count() + 1
    export = Export.objects.create(
        id=new_id(), number=f"E-2026-{count:04}", year=2026, sequence=count, site=room.site,
        case=case_of(room), state=ExportState.APPROVED, recipient_kind="police", recipient="서울 경찰서",
        ground="law", document="2026-118", purpose=room.purpose, asked_by=room.operator, terminal=TERMINAL,
        language="ko", **options,
    )  # fmt: skip
    for camera, start, end in spans or ((room.gate, 0, 8),):
        times = (room.starts_at + start * SECOND, room.starts_at + end * SECOND)
        hold = place_hold(
            actor=approver(room), terminal=TERMINAL, site=room.site, cameras=[camera],
            case=export.case.number, reason="export", ground="incident", starts_at=times[0], ends_at=times[1],
            until=clock.now() + timedelta(days=20), hold_id=uuid4(),
        ).hold  # fmt: skip
        ExportSpan.objects.create(
            export=export, camera=camera, starts_at=times[0], ends_at=times[1], form=form,
            redaction=redaction, hold=hold,
        )  # fmt: skip
    kind, act = (events.URGENT, ActKind.BROKEN_GLASS) if urgent_only else (events.APPROVED, ActKind.APPROVED)
    said = entries.why_of(export) if urgent_only else {}
    said |= {"approve_by": clock.rfc3339(export.approve_by)} if export.approve_by else {}
    export.package = {results.RESULTS: results.rendered(export)}
    said |= {"spans": entries.spans_of(export), "ground": entries.ground_of(export)}
    who = room.operator if urgent_only else approver(room)
    entry = entries.enter(
        export, kind, actor=who, action="case.see", terminal=TERMINAL, event_id=uuid4(), **said
    )
    ExportAct.objects.create(export=export, kind=act, by=who, entry=entry)
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


def _once(data: bytes) -> Iterator[bytes]:
    yield data


def zipped(export: Export) -> bytes:
    """The package as its recipient gets it."""
    entries = []
    for file in files(export):
        data = content(file)
        entries.append(
            zipping.Entry(
                name=file.name, size=file.size_bytes, crc32=file.crc32, open=partial(_once, data),
                modified=file.done_at or clock.now(),
            )
        )  # fmt: skip
    return b"".join(zipping.stream_zip(entries))


def faults(export: Export, folder: Path) -> list[Any]:
    """What the enclosed verifier says of the package, in a process of its own, as its recipient runs it."""
    place = folder / f"{export.number}.zip"
    place.write_bytes(zipped(export))
    (folder / "check.py").write_bytes(content(export.files.get(name="check.py")))
    done = subprocess.run(
        [sys.executable, "-I", str(folder / "check.py"), "--json", str(place)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout, done.stderr
    assert done.returncode in (1, 3)  # no key was given: it is never told to be good
    found: list[Any] = json.loads(done.stdout)["faults"]
    return found
