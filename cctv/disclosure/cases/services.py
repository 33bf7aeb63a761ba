"""Acts on cases: opened, changed, with spans of footage. Each is an entry first, then the row.

Letters are in `letters`, closing in `closing`; `add_letter` stands here too, as other areas call it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from django.db import transaction

from cctv.core import clock
from cctv.core.clock import rfc3339
from cctv.core.ids import new_id
from cctv.core.numbering import create_numbered
from cctv.disclosure.cases import details as sealed
from cctv.disclosure.cases import entries, events
from cctv.disclosure.cases.details import Details
from cctv.disclosure.cases.entries import CHANGE
from cctv.disclosure.cases.errors import CaseIsOver, CaseSpanWrong
from cctv.disclosure.cases.letters import add as add_letter
from cctv.disclosure.cases.models import Case, CaseSpan, CaseState
from cctv.footage.viewings.entries import camera_fields
from cctv.people.models import Account
from cctv.people.policy import NotFound, permissions_of
from cctv.sites.models import Camera, Site

__all__ = ["Stretch", "add_letter", "add_span", "change_case", "open_case", "remove_span"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Footage that a case is about: one camera, half-open."""

    camera: Camera
    starts_at: datetime
    ends_at: datetime
    note: str = ""


def open_case(
    *,
    actor: Account,
    terminal: str,
    site: Site,
    title: str,
    reference: str = "",
    details: Details | None = None,
    spans: Sequence[Stretch] = (),
    case_id: UUID | None = None,
) -> Case:
    """A new case with the next number of its year, in the site's calendar; no names in `title`.

    The same `case_id` opens one, however often it is tried. NotFound, Forbidden, CaseSpanWrong, vault errors,
    LogUnavailable: then nothing is saved and the number stays free.
    """
    permissions_of(actor).require(CHANGE, site_id=site.pk)
    known = Case.objects.select_related("site").filter(pk=case_id).first() if case_id else None
    if known is not None:
        if known.site_id != site.pk or known.opened_by_id != actor.pk:
            raise NotFound
        return known
    _check(site, spans)
    pk, now = case_id or new_id(), clock.now()
    year = now.astimezone(ZoneInfo(site.time_zone)).year

    def make(sequence: int) -> Case:
        row = Case(
            id=pk, number=f"C-{year}-{sequence:04d}", year=year, sequence=sequence, site=site,
            title=title.strip(), reference=reference.strip(), opened_by=actor, opened_at=now,
        )  # fmt: skip
        if details is not None:
            sealed.write(row, details)
        return row

    with transaction.atomic():
        case = create_numbered(Case, year=year, make=make)
        facts = {"reference": case.reference} if case.reference else {}
        entries.enter(
            case, events.OPENED, actor=actor, terminal=terminal, event_id=uuid5(pk, f"opened {case.number}"),
            facts={"title": case.title, **facts},
        )  # fmt: skip
        for each in spans:
            _add(case, each, actor, terminal)
    return case


def change_case(
    *, case: Case, actor: Account, terminal: str, title: str, reference: str, details: Details
) -> Case:  # fmt: skip
    """Other words for an open case. The same as before changes nothing. NotFound, Forbidden, CaseIsOver."""
    permissions_of(actor).require(CHANGE, site_id=case.site_id)
    with transaction.atomic():
        row = locked_open(case)
        before = (row.title, row.reference, sealed.read(row))
        if (title.strip(), reference.strip(), details) == before:
            return row
        row.title, row.reference = title.strip(), reference.strip()
        facts = {"reference": row.reference} if row.reference else {}
        entries.enter(
            row,
            events.CHANGED,
            actor=actor,
            terminal=terminal,
            facts={"what": "facts", "title": row.title, **facts},
        )
        sealed.write(row, details)
        row.save(update_fields=["title", "reference", "details_key_id", "details"])
    return row


def add_span(*, case: Case, actor: Account, terminal: str, span: Stretch) -> CaseSpan:
    """Footage that an open case is about; the same stretch is added once."""
    permissions_of(actor).require(CHANGE, site_id=case.site_id)
    _check(case.site, [span])
    with transaction.atomic():
        row = locked_open(case)
        same = row.spans.filter(camera=span.camera, starts_at=span.starts_at, ends_at=span.ends_at).first()
        return same or _add(row, span, actor, terminal)


def remove_span(*, case: Case, actor: Account, terminal: str, span_id: int) -> None:
    """It was not about that after all; what it is of stays where it is."""
    permissions_of(actor).require(CHANGE, site_id=case.site_id)
    with transaction.atomic():
        row = locked_open(case)
        span = row.spans.select_related("camera").filter(pk=span_id).first()
        if span is None:  # sent twice
            return
        stretch = Stretch(span.camera, span.starts_at, span.ends_at)
        _log_span(row, stretch, actor, terminal, "span removed")
        span.delete()


def locked_open(case: Case) -> Case:
    """The row as it is now, for the transaction; CaseIsOver unless it is open."""
    row = locked(case)
    if row.state != CaseState.OPEN:
        raise CaseIsOver
    return row


def locked(case: Case) -> Case:
    """The row as it is now, for the transaction."""
    return Case.objects.select_for_update(of=("self",)).select_related("site").get(pk=case.pk)


def _check(site: Site, spans: Sequence[Stretch]) -> None:
    if any(each.camera.site_id != site.pk or not each.starts_at < each.ends_at for each in spans):
        raise CaseSpanWrong


def _add(case: Case, span: Stretch, actor: Account, terminal: str) -> CaseSpan:
    _log_span(case, span, actor, terminal, "span added")
    return CaseSpan.objects.create(
        case=case, camera=span.camera, starts_at=span.starts_at, ends_at=span.ends_at,
        note=span.note.strip(), added_by=actor,
    )  # fmt: skip


def _log_span(case: Case, span: Stretch, actor: Account, terminal: str, what: str) -> None:
    facts = {
        "what": what,
        "camera": camera_fields(span.camera),
        "from": rfc3339(span.starts_at),
        "to": rfc3339(span.ends_at, round_up=True),
    }
    entries.enter(
        case, events.CHANGED, actor=actor, terminal=terminal, span=(span.starts_at, span.ends_at),
        facts=facts,
    )  # fmt: skip
