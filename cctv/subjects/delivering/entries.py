"""The entries under which copies leave: the requester by reference, the footage by camera and span."""

from typing import Any
from uuid import UUID

from accesslog import IndexFields, Receipt
from accesslog.services import append
from cctv.footage.viewings.entries import purpose_fields
from cctv.people.models import Account
from cctv.redaction import services as redactions
from cctv.subjects.delivering.models import Delivery
from cctv.subjects.requests import story


def actor_id(row: Delivery, actor: Account | None) -> UUID:
    """Whom the vault's door is opened for: an account, or the requester of this very request."""
    return actor.pk if actor else row.request_id


def who(row: Delivery, actor: Account | None, terminal: str) -> dict[str, Any]:
    """What each entry says: who, where, which request. Where a requester sits is not told."""
    request = row.request
    fields = story.actor_of(request, actor)
    return {
        "actor": fields if actor else {**fields, "id": str(request.pk)},
        "terminal": terminal if actor else story.PORTAL,
        "site": request.site.logged(),
        "request": {"id": str(request.pk), "name": request.reference},
        "case": request.reference,
        "delivery": str(row.pk),
    }


def index_of(row: Delivery, actor: Account | None, terminal: str, *, has_footage: bool = True) -> IndexFields:
    """How it is found again."""
    redaction = row.redaction
    return IndexFields(
        actor=str(actor_id(row, actor)), site=str(row.request.site_id), case=row.request.reference,
        terminal=terminal if actor else "", camera=str(redaction.camera_id) if has_footage else "",
        purpose=redaction.purpose.code if has_footage else "",
        footage_from=redaction.starts_at if has_footage else None,
        footage_to=redaction.ends_at if has_footage else None,
    )  # fmt: skip


def enter_footage(
    kind: str, row: Delivery, *, actor: Account | None, terminal: str, event_id: UUID
) -> Receipt:
    """The durable entry that covers all of the copy. LogUnavailable."""
    footage = redactions.about(row.redaction)
    footage.pop("case", None)
    body = {
        **footage, **who(row, actor, terminal),
        "purpose": purpose_fields(row.redaction.purpose, ""),
    }  # fmt: skip
    return append(kind=kind, body=body, index=[index_of(row, actor, terminal)], event_id=event_id)
