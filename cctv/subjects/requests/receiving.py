"""How a request is received: what it names is held before anybody is told that it is.

Key → entry → row → hold → story → secret → answer. Killed anywhere before the answer, the same form sent
again goes on where it stopped, and so does the next tick (`tending`); nothing that was answered is lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from django.db import IntegrityError

from accesslog import Receipt
from cctv.core import clock
from cctv.core.clock import parse_rfc3339, rfc3339
from cctv.people.models import Account
from cctv.retention.holds import gate
from cctv.sites.models import Camera, Site
from cctv.subjects.clocks import IDENTITY, stored
from cctv.subjects.requests import access, alarms, details, events, freezing, limits, mails, story
from cctv.subjects.requests import reference as references
from cctv.subjects.requests.details import Details
from cctv.subjects.requests.models import RequestActKind, RequestState, SubjectRequest
from cctv.vault.steps import reached


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody asks for. The span is as named, without the margin; `received_at` is of a paper."""

    kind: str
    about: str
    claimant: str
    language: str
    site: Site
    cameras: Sequence[Camera]
    starts_at: datetime
    ends_at: datetime
    details: Details = field(repr=False)
    margin_minutes: int = 0
    is_urgent: bool = False
    channel: str = "portal"
    taken_in_by: Account | None = None
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """The request, its secret (shown once), and what of its footage is held, or was gone already."""

    request: SubjectRequest
    secret: str = field(repr=False)
    held: int
    too_late: int


def receive(draft: Draft, *, terminal: str, draft_id: UUID) -> Received:
    """Take a request in; its footage is held when this returns, unless its state is SCREENING.

    The same `draft_id` is one request, however often it is sent; each answer has a new secret, and the one
    before opens nothing. RequestRefused, vault errors, LogUnavailable: nothing is acknowledged.
    """
    request = _known(draft_id)
    if request is None:
        margin = timedelta(minutes=draft.margin_minutes)
        limits.check_draft(
            site=draft.site, cameras=draft.cameras, starts_at=draft.starts_at, ends_at=draft.ends_at,
            margin=margin, by_desk=draft.taken_in_by is not None,
        )  # fmt: skip
        limits.check_words(
            kind=draft.kind, about=draft.about, claimant=draft.claimant, channel=draft.channel,
            details=draft.details,
        )  # fmt: skip
        request = _make(draft, draft_id, terminal)
    finish(request)
    secret = access.new_secret(request)
    if draft.taken_in_by is None:
        access.know(request.reference, terminal=terminal)
    reached("request.secret")
    told = request.acts.filter(kind=RequestActKind.FROZEN).first()
    facts = told.facts if told else {}
    return Received(request, secret, facts.get("held", 0), facts.get("too_late", 0))


def finish(request: SubjectRequest) -> None:
    """What of receiving was cut off. Safe to repeat; LogUnavailable."""
    if request.state != RequestState.SCREENING and request.hold_id is None:
        freezing.freeze(request)
    if request.state == RequestState.IDENTITY:  # in some laws the clock stands meanwhile
        stored.pause(request, IDENTITY, by_lethe=True, event_id=uuid5(request.pk, "identity"))


def _known(draft_id: UUID) -> SubjectRequest | None:
    return SubjectRequest.objects.select_related("site", "hold").filter(pk=uuid5(draft_id, "request")).first()


def _make(draft: Draft, draft_id: UUID, terminal: str) -> SubjectRequest:
    """Key, entry, row."""
    now = clock.now()
    row = _row(draft, draft_id, now)
    details.write(row, draft.details)
    contact = limits.contact_of(draft.details)
    row.contact_tag = limits.tag_of(contact, now)
    is_usual = not limits.has_many(contact, now)
    reached("request.key")
    receipt = _enter(row, draft, terminal)
    reached("request.logged")
    # Tried again after a kill, the entry is the first one's, and so are reference and time.
    row.reference = receipt.body["request"]["name"]
    row.received_at = parse_rfc3339(receipt.body["facts"]["received_at"])
    row.received_entry = receipt.index
    stored.begin(row, draft.cameras)
    try:
        with gate.locked():  # so that two at once do not both fit the budget
            if draft.taken_in_by is None and limits.is_too_much(row, draft.cameras, contact):
                row.state = RequestState.SCREENING
            _save(row, draft, receipt, is_usual=is_usual)
    except IntegrityError:  # sent twice at once: the other one made it
        known = _known(draft_id)
        if known is None:
            raise
        return known
    reached("request.row")
    return row


def _row(draft: Draft, draft_id: UUID, now: datetime) -> SubjectRequest:
    margin, received_at = timedelta(minutes=draft.margin_minutes), min(draft.received_at or now, now)
    return SubjectRequest(
        id=uuid5(draft_id, "request"), reference=_free_reference(draft_id, received_at), kind=draft.kind,
        about=draft.about, claimant=draft.claimant, channel=draft.channel, language=draft.language,
        site=draft.site, jurisdiction=draft.site.jurisdiction, starts_at=draft.starts_at - margin,
        ends_at=draft.ends_at + margin, margin_minutes=draft.margin_minutes, is_urgent=draft.is_urgent,
        taken_in_by=draft.taken_in_by, received_at=received_at,
    )  # fmt: skip


def _save(row: SubjectRequest, draft: Draft, receipt: Receipt, *, is_usual: bool) -> None:
    """The row and what belongs to it; in a transaction."""
    row.save(force_insert=True)
    row.cameras.set(draft.cameras)
    story.note(row, RequestActKind.RECEIVED, receipt, actor=draft.taken_in_by, facts=_facts(row))
    if is_usual:  # whoever writes somebody else's address again and again has no mail sent there
        mails.queue(row, "received", f"request/{row.pk}/received")
    if row.state == RequestState.SCREENING:
        alarms.to_screen(row.site)
    if row.is_urgent:
        alarms.urgent(row)


def _enter(row: SubjectRequest, draft: Draft, terminal: str) -> Receipt:
    cameras = sorted(draft.cameras, key=lambda camera: camera.name)
    body = {
        "kind": row.kind, "channel": row.channel, "from": rfc3339(row.starts_at),
        "to": rfc3339(row.ends_at, round_up=True), "facts": _facts(row),
        "cameras": [{"id": str(each.pk), "code": each.code, "name": each.name} for each in cameras],
    }  # fmt: skip
    return story.enter(
        row, events.kind_of(RequestActKind.RECEIVED), actor=draft.taken_in_by, terminal=terminal, body=body,
        event_id=uuid5(row.pk, "received"), cameras=cameras,
    )  # fmt: skip


def _facts(row: SubjectRequest) -> dict[str, str | bool]:
    return {
        "kind": row.kind, "channel": row.channel, "about": row.about, "claimant": row.claimant,
        "urgent": row.is_urgent, "received_at": row.received_at.isoformat().replace("+00:00", "Z"),
    }  # fmt: skip


def _free_reference(draft_id: UUID, received_at: datetime) -> str:
    for attempt in range(100):
        reference = references.reference_of(draft_id, received_at, attempt)
        if not SubjectRequest.objects.filter(reference=reference).exists():
            return reference
    raise AssertionError("unreachable")
