"""The entries about a copy: made ready, sent (one for each camera and span), received, ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from accesslog import IndexFields, Receipt
from accesslog.services import append
from cctv.core import clock
from cctv.disclosure.exports.entries import purpose_of
from cctv.disclosure.exports.models import PackageFile
from cctv.disclosure.handing import events
from cctv.disclosure.handing.models import HandOver, Sending
from cctv.footage.viewings.entries import camera_fields
from cctv.people.actors import actor_fields
from cctv.people.models import Account
from cctv.sites.models import Camera

HAND = "export.hand"
RECIPIENT = "recipient"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Of one camera, all that is sent of one span: from the first frame of its files to the last one."""

    camera: Camera
    starts_at: datetime
    ends_at: datetime


def about(handover: HandOver) -> dict[str, Any]:
    """Which copy of which export, for whom (the office), as each entry says."""
    export = handover.export
    said = {
        "export": {"id": str(export.pk), "name": export.number}, "site": export.site.logged(),
        "case": export.case.number, "copy": handover.copy, "recipient": export.recipient,
    }  # fmt: skip
    return said


def recipient(handover: HandOver) -> dict[str, Any]:
    """Whoever has link and code is known as the copy's recipient: the office, no name."""
    return {"id": str(handover.pk), "name": handover.export.recipient, "role": RECIPIENT}


def enter_act(
    kind: str, handover: HandOver, *, actor: Account | None, terminal: str, event_id: UUID,
    by_recipient: bool = False, **facts: Any,
) -> int:  # fmt: skip
    """The index of the durable entry. LogUnavailable."""
    export = handover.export
    body: dict[str, Any] = {**about(handover), "terminal": terminal, **facts}
    who = ""
    if actor is not None:
        body["actor"], who = actor_fields(actor, HAND, site_id=export.site_id), str(actor.pk)
    elif by_recipient:
        body["actor"], who = recipient(handover), str(handover.pk)
    index = IndexFields(actor=who, site=str(export.site_id), case=export.case.number, terminal=terminal)
    return append(kind=kind, body=body, index=[index], event_id=event_id).index


def stretches(handover: HandOver, files: list[PackageFile]) -> list[Stretch]:
    """What the files show: a span of the export each, widened to the frames that its files really hold."""
    found: list[Stretch] = []
    left = [file for file in files if file.camera is not None and file.starts_at and file.ends_at]
    for span in handover.export.spans.select_related("camera").order_by("starts_at", "camera__name"):
        of_span = [
            file
            for file in left
            if file.camera_id == span.camera_id and _meet(file, span.starts_at, span.ends_at)
        ]
        left = [file for file in left if file not in of_span]
        starts = [span.starts_at, *(file.starts_at for file in of_span if file.starts_at)]
        ends = [span.ends_at, *(file.ends_at for file in of_span if file.ends_at)]
        found.append(Stretch(span.camera, min(starts), max(ends)))
    for file in left:
        assert file.camera is not None
        assert file.starts_at is not None
        assert file.ends_at is not None
        found.append(Stretch(file.camera, file.starts_at, file.ends_at))
    return found


def _meet(file: PackageFile, starts_at: datetime, ends_at: datetime) -> bool:
    assert file.starts_at is not None
    assert file.ends_at is not None
    return file.starts_at < ends_at and starts_at < file.ends_at


def sent(
    sending: Sending, parts: list[Stretch], *, actor: Account | None, terminal: str
) -> list[tuple[Stretch, Receipt]]:
    """The durable entries of a sending, one for each stretch; asked again from the same place, they are the
    same. LogUnavailable."""
    handover = sending.handover
    export = handover.export
    who = recipient(handover) if actor is None else actor_fields(actor, HAND, site_id=export.site_id)
    common: Mapping[str, Any] = {
        **about(handover), "actor": who, "terminal": terminal, "way": handover.way,
        "sealing": handover.sealing, "purpose": purpose_of(export),
        **({"medium": handover.medium.number} if handover.medium else {}),
    }  # fmt: skip
    found = []
    for part in parts:
        body = {
            **common, "camera": camera_fields(part.camera), "from": clock.rfc3339(part.starts_at),
            "to": clock.rfc3339(part.ends_at, round_up=True),
        }  # fmt: skip
        index = IndexFields(
            actor=who["id"], camera=str(part.camera.pk), site=str(export.site_id),
            purpose=purpose_of(export)["code"], case=export.case.number, terminal=terminal,
            footage_from=part.starts_at, footage_to=part.ends_at,
        )  # fmt: skip
        elsewhere = "" if terminal == sending.terminal else f"/{terminal}"
        event_id = uuid5(sending.pk, f"{part.camera.pk}/{body['from']}/{body['to']}{elsewhere}")
        found.append((part, append(kind=events.SENT, body=body, index=[index], event_id=event_id)))
    return found
