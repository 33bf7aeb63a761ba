"""What the pages say of cases: a list, and one case as a timeline of everything that names it.

Bookmarks, holds, viewings, redactions, stills and media carry the case's number; exports, letters and spans
the row. Each kind is shown to who may see it at the site, and nothing here opens what is sealed.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import nlargest
from itertools import chain
from typing import TypeVar
from uuid import UUID

from django.db.models import Count, Model, Q, QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cctv.disclosure.cases.models import Case, CaseSpan, CaseState, Letter
from cctv.disclosure.exports.models import Export
from cctv.disclosure.handing.models import Sending
from cctv.disclosure.models import Medium
from cctv.footage.marks.models import Bookmark, Still
from cctv.footage.models import ViewingSession
from cctv.people.models import Account
from cctv.people.policy import Permissions
from cctv.redaction.models import Redaction
from cctv.retention.holds.models import Hold

M = TypeVar("M", bound=Model)
SiteIds = frozenset[UUID] | None
PAGE = 60


def cases(*, sites: SiteIds) -> "QuerySet[Case]":
    """Those of the sites (None: all), newest first."""
    found = Case.objects.select_related("site__organisation", "opened_by", "closed_by")
    return found if sites is None else found.filter(site_id__in=sites)


def listed(*, sites: SiteIds, text: str = "", closed: bool = False) -> "QuerySet[Case]":
    """The list: what is not closed, or what is; `text` in number, title or reference."""
    found = cases(sites=sites)
    found = found.filter(state=CaseState.CLOSED) if closed else found.exclude(state=CaseState.CLOSED)
    if text:
        words = Q(number__icontains=text) | Q(title__icontains=text) | Q(reference__icontains=text)
        found = found.filter(words)
    found = found.annotate(
        n_letters=Count("letters", distinct=True), n_exports=Count("exports", distinct=True)
    )
    return found.order_by("-closed_at" if closed else "-opened_at", "-number")


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a case's story."""

    at: datetime
    kind: str
    icon: str
    label: str | Promise
    text: str
    who: str = ""
    url: str = ""
    state: str | Promise = ""
    span: tuple[datetime, datetime] | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """A page of it, newest first; `older` is where the next one begins."""

    items: list[Item]
    older: datetime | None


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks at the case, and what they may see at its site."""

    account: Account
    permissions: Permissions

    def may(self, action: str, case: Case) -> bool:
        """At the site of the case."""
        return self.permissions.may(action, site_id=case.site_id)


def story(case: Case, reader: Reader, *, before: datetime | None = None) -> Story:
    """What happened in the case, up to `before`."""
    found = list(
        nlargest(
            PAGE + 1,
            chain.from_iterable(tell(case, reader, before) for tell in TELLERS),
            key=lambda item: (item.at, item.kind, item.text),
        )
    )
    return Story(found[:PAGE], found[PAGE - 1].at if len(found) > PAGE else None)


Teller = Callable[[Case, Reader, datetime | None], Iterable[Item]]


def _newest(rows: "QuerySet[M]", by: str, before: datetime | None) -> Iterator[M]:
    found = rows.filter(**{f"{by}__lt": before}) if before else rows
    return iter(found.order_by(f"-{by}")[: PAGE + 1])


def _own_acts(case: Case, _reader: Reader, before: datetime | None) -> Iterator[Item]:
    acts = [(case.opened_at, "opened", _("Case opened"), case.opened_by)]
    if case.closed_at is not None and case.closed_by is not None:
        acts.append((case.closed_at, "closed", _("Case closed"), case.closed_by))
    for at, kind, label, by in acts:
        if before is None or at < before:
            yield Item(at, kind, "case" if kind == "opened" else "check", label, case.title, by.name)


def _spans(case: Case, _reader: Reader, before: datetime | None) -> Iterator[Item]:
    rows = CaseSpan.objects.filter(case=case).select_related("camera", "added_by")
    for row in _newest(rows, "added_at", before):
        text = f"{row.camera.name}: {row.note}" if row.note else row.camera.name
        span = (row.starts_at, row.ends_at)
        yield Item(row.added_at, "span", "clock", _("Footage"), text, row.added_by.name, span=span)


def _letters(case: Case, _reader: Reader, before: datetime | None) -> Iterator[Item]:
    for row in _newest(Letter.objects.filter(case=case).select_related("made_by"), "made_at", before):
        text = f"{row.title} ({row.document_number})" if row.document_number else row.title
        url = reverse("letter", args=[case.number, row.pk])
        label = row.get_kind_display()
        yield Item(row.made_at, "letter", "mail", _("Letter"), text, row.made_by.name, url, label)


def _exports(case: Case, reader: Reader, before: datetime | None) -> Iterator[Item]:
    if not reader.may("export.see", case):
        return
    rows = Export.objects.filter(case=case).select_related("asked_by")
    for row in _newest(rows, "asked_at", before):
        url = reverse("export", args=[row.number])
        text = f"{row.number}: {row.recipient}"
        state = row.get_urgency_display() if row.urgency else row.get_state_display()
        yield Item(row.asked_at, "export", "export", _("Export"), text, row.asked_by.name, url, state)


def _sendings(case: Case, reader: Reader, before: datetime | None) -> Iterator[Item]:
    if not reader.may("export.see", case):
        return
    rows = Sending.objects.filter(handover__export__case=case, first_entry__isnull=False)
    rows = rows.select_related("handover__export", "handover__made_by")
    for row in _newest(rows, "at", before):
        export = row.handover.export
        text = f"{export.number}, {row.handover.copy}: {export.recipient}"
        url = reverse("export", args=[export.number])
        by, way = row.handover.made_by.name, row.handover.get_way_display()
        yield Item(row.at, "sending", "download", _("Copy handed over"), text, by, url, way)


def _holds(case: Case, reader: Reader, before: datetime | None) -> Iterator[Item]:
    if not reader.may("hold.see", case):
        return
    rows = Hold.objects.filter(site=case.site_id, case=case.number).select_related("placed_by")
    for row in _newest(rows, "placed_at", before):
        yield Item(
            row.placed_at, "hold", "held", _("Hold"), row.number, row.placer,
            reverse("hold", args=[row.number]), row.get_state_display(), (row.starts_at, row.ends_at),
        )  # fmt: skip


def _viewings(case: Case, reader: Reader, before: datetime | None) -> Iterator[Item]:
    """Whoever reads the log sees all of them, others their own."""
    rows = ViewingSession.objects.filter(site=case.site_id, case=case.number, opened_entry__isnull=False)
    if not reader.may("log.read", case):
        if not reader.may("viewings.own", case):
            return
        rows = rows.filter(actor=reader.account)
    for row in _newest(rows.select_related("actor", "purpose"), "opened_at", before):
        url = reverse("viewing", args=[row.pk]) if row.actor_id == reader.account.pk else ""
        span = (row.starts_at, row.ends_at)
        yield Item(
            row.opened_at, "viewing", "eye", _("Viewing"), row.purpose.name, row.actor.name, url, span=span
        )


def _bookmarks(case: Case, reader: Reader, before: datetime | None) -> Iterator[Item]:
    if not reader.may("bookmark.see", case):
        return
    rows = Bookmark.objects.filter(site=case.site_id, case=case.number).select_related("camera", "made_by")
    for row in _newest(rows, "made_at", before):
        text, span = f"{row.camera.name}: {row.note}", (row.starts_at, row.ends_at)
        yield Item(row.made_at, "bookmark", "bookmark", _("Bookmark"), text, row.made_by.name, span=span)


def _stills(case: Case, reader: Reader, before: datetime | None) -> Iterator[Item]:
    if not reader.may("still.see", case):
        return
    rows = Still.objects.filter(site=case.site_id, case=case.number).select_related("camera", "taken_by")
    for row in _newest(rows, "taken_at", before):
        text = f"{row.camera.name}: {row.reason}"
        yield Item(row.taken_at, "still", "camera", _("Still"), text, row.taken_by.name)


def _redactions(case: Case, reader: Reader, before: datetime | None) -> Iterator[Item]:
    if not reader.may("redaction.see", case):
        return
    rows = Redaction.objects.filter(site=case.site_id, case=case.number).select_related("camera", "made_by")
    for row in _newest(rows, "made_at", before):
        yield Item(
            row.made_at, "redaction", "eyeoff", _("Redaction"), f"{row.number}: {row.camera.name}",
            row.made_by.name, reverse("redaction", args=[row.number]), row.get_state_display(),
            (row.starts_at, row.ends_at),
        )  # fmt: skip


def _media(case: Case, reader: Reader, before: datetime | None) -> Iterator[Item]:
    if not reader.may("medium.see", case):
        return
    rows = Medium.objects.filter(site=case.site_id, case=case.number).select_related("made_by")
    for row in _newest(rows, "made_at", before):
        yield Item(
            row.made_at, "medium", "print", _("Print or medium"), f"{row.number}: {row.description}",
            row.made_by.name, reverse("medium", args=[row.number]), row.get_state_display(),
        )  # fmt: skip


TELLERS: tuple[Teller, ...] = (
    _own_acts, _spans, _letters, _exports, _sendings, _holds, _viewings, _bookmarks, _stills, _redactions,
    _media,
)  # fmt: skip


def letters(*, sites: SiteIds) -> "QuerySet[Letter]":
    """Those of the sites' cases."""
    found = Letter.objects.select_related("case__site__organisation", "made_by")
    return found if sites is None else found.filter(case__site_id__in=sites)
