"""What the keys' journal keeps of a request, so that an older register that is put back is told of it.

A receipt that somebody holds is worth something whatever becomes of the register: the journal has the row, as
it was when its secret was given out, and again when it was answered. What names persons in it is sealed under
the request's key, and ends with it. And a file that was destroyed stays destroyed: the register is told that
too.
"""

import base64
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from cctv.core import clock
from cctv.retention.backup.replay_holds import account_of
from cctv.retention.holds.models import Hold
from cctv.sites.models import Camera, Site
from cctv.subjects.requests import ending
from cctv.subjects.requests.models import RequestAct, RequestActKind, RequestState, SubjectRequest
from cctv.vault import journal, rings
from cctv.vault.steps import reached

KIND = "request"
_TEXTS = (
    "reference", "kind", "about", "claimant", "channel", "language", "jurisdiction", "margin_minutes",
    "is_urgent", "state", "received_entry", "key_id",
)  # fmt: skip
_MOMENTS = ("starts_at", "ends_at", "received_at", "due_at", "first_due_at", "reply_by", "replied_at")
# How far it had come: an older register does not work again on what was answered since.
_ENDS = ("verified_at", "decided_at", "objection_until", "objected_at", "closed_at", "file_until")
_ANSWERED = (RequestState.DECIDED, RequestState.WITHDRAWN, RequestState.CLOSED)
_BYTES = ("details", "secret_salt", "secret_hash")


def tell(request: SubjectRequest) -> None:
    """Add the row as it is now to the journal; durable when this returns."""
    moments: dict[str, datetime | None] = {name: getattr(request, name) for name in (*_MOMENTS, *_ENDS)}
    facts: dict[str, Any] = {
        "id": str(request.pk),
        "site": str(request.site_id),
        "cameras": [str(pk) for pk in request.cameras.order_by("pk").values_list("pk", flat=True)],
        "hold": str(request.hold_id or ""),
        "taken_in_by": str(request.taken_in_by_id or ""),
        **{name: getattr(request, name) for name in _TEXTS},
        **{name: value.isoformat() if value else "" for name, value in moments.items()},
        **{name: base64.b64encode(bytes(getattr(request, name))).decode() for name in _BYTES},
    }
    journal.append(KIND, facts)
    reached("request.remembered")


def received(facts: Mapping[str, Any], counts: "Counter[str]") -> None:
    """A request that the register does not have is there again; one that it has gets its last secret."""
    if not rings.records().has(facts["key_id"]):
        return  # its file was destroyed
    row = SubjectRequest.objects.filter(pk=facts["id"]).first()
    if row is None:
        _make(facts, counts)
    elif row.state != RequestState.ENDED:
        row.secret_salt, row.secret_hash = _bytes(facts, "secret_salt"), _bytes(facts, "secret_hash")
        if facts["state"] in _ANSWERED:
            counts["requests_answered"] += row.state != facts["state"]
            row.state = facts["state"]
            _set(row, facts, _ENDS)
        row.save()


def ended(facts: Mapping[str, Any], counts: "Counter[str]") -> None:
    """Its file was destroyed: the key is gone, and with this what an older register has of it."""
    row = SubjectRequest.objects.filter(pk=facts["request"]).first()
    if row is None or row.state == RequestState.ENDED:
        return
    ending.empty(row, at=clock.parse_rfc3339(facts["at"]), entry=facts["entry"])
    counts["request_files_ended"] += 1


def _make(facts: Mapping[str, Any], counts: "Counter[str]") -> None:
    if not Site.objects.filter(pk=facts["site"]).exists():
        counts["requests_without_site"] += 1
        return
    row = SubjectRequest(pk=facts["id"], site_id=facts["site"])
    for name in _TEXTS:
        setattr(row, name, facts[name])
    _set(row, facts, (*_MOMENTS, *_ENDS))
    for name in _BYTES:
        setattr(row, name, _bytes(facts, name))
    if facts["taken_in_by"]:
        row.taken_in_by_id = account_of(facts["taken_in_by"])
    # Holds have been replayed before: their lines came first.
    row.hold = Hold.objects.filter(pk=facts["hold"]).first() if facts["hold"] else None
    row.save(force_insert=True)
    row.cameras.set(Camera.objects.filter(pk__in=facts["cameras"]))
    RequestAct.objects.create(
        request=row, kind=RequestActKind.RECEIVED, at=row.received_at, entry=row.received_entry,
        facts={"kind": row.kind, "channel": row.channel},
    )  # fmt: skip
    counts["requests"] += 1


def _set(row: SubjectRequest, facts: Mapping[str, Any], names: Iterable[str]) -> None:
    for name in names:
        setattr(row, name, clock.parse_rfc3339(facts[name]) if facts[name] else None)


def _bytes(facts: Mapping[str, Any], name: str) -> bytes:
    return base64.b64decode(facts[name])
