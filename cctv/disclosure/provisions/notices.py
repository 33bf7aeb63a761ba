"""Recipients are told when footage that they hold has been erased here (O31).

A notice is a row for each export that holds the footage and of which a copy was handed over; made in the
transaction that erases, once for each cause. Somebody then tells them, and writes down how: the entry first.
"""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from accesslog import IndexFields
from accesslog.services import append
from cctv.core import clock
from cctv.core.clock import rfc3339
from cctv.core.numbering import create_numbered
from cctv.disclosure.exports.models import Export, ExportSpan, PackageFile
from cctv.disclosure.handing.models import HandOver, RecipientNotice, Way
from cctv.disclosure.packaging import services as packaging
from cctv.disclosure.provisions import events
from cctv.disclosure.provisions.errors import HowMissing, NoticeElsewhere
from cctv.footage.viewings.entries import camera_fields
from cctv.ledger.languages import language_of
from cctv.people.actors import actor_fields
from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.sites.models import Camera

TELL = "notice.tell"


def tell_recipients(
    *, camera: Camera, starts_at: datetime, ends_at: datetime, reason: str, source: str
) -> list[RecipientNotice]:
    """A notice for each export that holds footage of the half-open span and was handed over; the new ones.

    The same `source` makes one notice for an export, however often it is told. No names in `reason`.
    """
    made = []
    for export in holding(camera, starts_at, ends_at):
        cause = str(uuid5(export.pk, source))
        if not RecipientNotice.objects.filter(source=cause).exists():
            made.append(_make(export, camera, (starts_at, ends_at), reason, cause))
    return made


def after_erasure(
    *, erasure: UUID, camera: Camera, starts_at: datetime, ends_at: datetime, reference: str
) -> None:
    """The erasing's injection (settings.LETHE_ERASED), in its transaction: our own copies of it end, and
    whoever was given one is told, in the words of the site's law."""
    packaging.erased(camera=camera, starts_at=starts_at, ends_at=ends_at)
    with translation.override(language_of(camera.site)):
        reason = _("Erased here: %(reference)s") % {"reference": reference}
    tell_recipients(
        camera=camera, starts_at=starts_at, ends_at=ends_at, reason=reason, source=f"erasure {erasure}"
    )


def holding(camera: Camera, starts_at: datetime, ends_at: datetime) -> "QuerySet[Export]":
    """Exports with footage of the span, also as pre-roll, of which a copy has left."""
    touched = {"camera": camera, "starts_at__lt": ends_at, "ends_at__gt": starts_at}
    spans = ExportSpan.objects.filter(export=OuterRef("pk"), **touched)
    files = PackageFile.objects.filter(export=OuterRef("pk"), **touched)
    by_link = Q(way=Way.LINK, sendings__first_entry__isnull=False)
    left = HandOver.objects.filter(by_link | Q(medium__handed_at__isnull=False), export=OuterRef("pk"))
    found = Export.objects.filter(Exists(left)).filter(Exists(spans) | Exists(files))
    return found.select_related("site__organisation", "case").order_by("asked_at")


def tell(*, notice: RecipientNotice, actor: Account, terminal: str, how: str) -> RecipientNotice:
    """They were told, and how. NoticeElsewhere, HowMissing, NotFound, Forbidden, LogUnavailable."""
    permissions_of(actor).require(TELL, site_id=notice.export.site_id)
    if not how.strip():
        raise HowMissing
    with transaction.atomic():
        row = _locked(notice)
        if row.told_at is not None:
            raise NoticeElsewhere
        facts: dict[str, Any] = {"how": how.strip()}
        if row.camera is not None and row.starts_at and row.ends_at:
            facts |= {
                "camera": camera_fields(row.camera), "from": rfc3339(row.starts_at),
                "to": rfc3339(row.ends_at, round_up=True),
            }  # fmt: skip
        _log(row, events.TOLD, actor, terminal, facts)
        row.told_at, row.told_by, row.told_how = clock.now(), actor, how.strip()
        row.save(update_fields=["told_at", "told_by", "told_how"])
    return row


def answer(*, notice: RecipientNotice, actor: Account, terminal: str) -> RecipientNotice:
    """They wrote back that it is done, or why not. NoticeElsewhere, NotFound, Forbidden, LogUnavailable."""
    permissions_of(actor).require(TELL, site_id=notice.export.site_id)
    with transaction.atomic():
        row = _locked(notice)
        if row.told_at is None or row.answered_at is not None:
            raise NoticeElsewhere
        _log(row, events.ANSWERED, actor, terminal, {})
        row.answered_at = clock.now()
        row.save(update_fields=["answered_at"])
    return row


def _make(
    export: Export, camera: Camera, span: tuple[datetime, datetime], reason: str, cause: str
) -> RecipientNotice:
    now = clock.now()
    year = now.astimezone(ZoneInfo(export.site.time_zone)).year

    def make(sequence: int) -> RecipientNotice:
        return RecipientNotice(
            number=f"N-{year}-{sequence:04d}", year=year, sequence=sequence, export=export, camera=camera,
            starts_at=span[0], ends_at=span[1], reason=reason[:200], made_at=now, source=cause,
        )  # fmt: skip

    return create_numbered(RecipientNotice, year=year, make=make)


def _locked(notice: RecipientNotice) -> RecipientNotice:
    rows = RecipientNotice.objects.select_for_update(of=("self",))
    return rows.select_related("export__site", "export__case", "camera").get(pk=notice.pk)


def _log(row: RecipientNotice, kind: str, actor: Account, terminal: str, facts: dict[str, Any]) -> None:
    export = row.export
    body: dict[str, Any] = {
        "actor": actor_fields(actor, TELL, site_id=export.site_id), "terminal": terminal,
        "notice": row.number, "export": {"id": str(export.pk), "name": export.number},
        "site": export.site.logged(), "case": export.case.number, "recipient": export.recipient, **facts,
    }  # fmt: skip
    index = IndexFields(
        actor=str(actor.pk), site=str(export.site_id), case=export.case.number, terminal=terminal,
        camera=str(row.camera_id or ""), footage_from=row.starts_at, footage_to=row.ends_at,
    )  # fmt: skip
    append(kind=kind, body=body, index=[index], event_id=uuid5(row.pk, kind))
