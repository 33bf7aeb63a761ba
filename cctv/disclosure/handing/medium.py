"""A copy that is written onto a registered stick, disc or card by whoever hands it over.

The medium's own life (who has it, back by when, how it was destroyed) stays in the register of media. Here:
the copy, its one download by the person who asked for it, and that it went onto this medium. Its line of the
ledger says what the export is, not what the medium was registered for; so a medium takes one copy at a time,
and none of another case.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from cctv.disclosure import services as media
from cctv.disclosure.exports.booking import book_provision
from cctv.disclosure.exports.models import Export
from cctv.disclosure.exports.requirements import require_handable
from cctv.disclosure.handing import details, services
from cctv.disclosure.handing.details import Details
from cctv.disclosure.handing.entries import HAND
from cctv.disclosure.handing.errors import CopyOver, MediumUnfit
from cctv.disclosure.handing.models import HandOver, Sealing, Way
from cctv.disclosure.models import Medium, MediumKind
from cctv.people.models import Account
from cctv.people.policy import permissions_of

OPEN_FOR = timedelta(hours=6)
KINDS = tuple(kind for kind in MediumKind if kind != MediumKind.PRINT)


def write_to_medium(
    *, export: Export, actor: Account, terminal: str, person: str, medium: Medium | None = None,
    kind: str = "", serial: str = "", contact: str = "", sealing: str = Sealing.PLAIN,
    age_recipient: str = "", new_id: UUID | None = None,
) -> tuple[HandOver, str]:  # fmt: skip
    """A copy for a medium, downloaded once within six hours by `actor`; and its pass-phrase, shown once, or
    "".

    Without a medium a new one of this kind and serial is registered. MediumUnfit, also for one of another
    case or with a copy on it that was not given yet; and what `make_link` raises.
    """
    permissions_of(actor).require(HAND, site_id=export.site_id)
    require_handable(export)
    with transaction.atomic():
        if medium is None:
            medium = _registered(export, actor, terminal, kind, serial)
        medium = Medium.objects.select_for_update(of=("self",)).get(pk=medium.pk)
        if medium.site_id != export.site_id or medium.kind not in KINDS or medium.state not in media.HERE:
            raise MediumUnfit
        if medium.case not in ("", export.case.number[:40]) or _is_taken(medium):
            raise MediumUnfit
        row = HandOver(way=Way.MEDIUM, medium=medium, downloads_left=1)
        phrase = services.make_copy(
            row, export=export, actor=actor, terminal=terminal, known=Details(person, contact),
            sealing=sealing,
            age_recipient=age_recipient, open_for=OPEN_FOR, new_id=new_id,
        )  # fmt: skip
    return row, phrase


def give(*, handover: HandOver, actor: Account, terminal: str, due_at: datetime | None = None) -> HandOver:
    """The medium goes to the recipient: the register of media and the ledger are told. CopyOver before the
    copy was written, after it was ended, or when it was given already."""
    permissions_of(actor).require(HAND, site_id=handover.export.site_id)
    export, medium = handover.export, handover.medium
    if (
        medium is None
        or medium.state not in media.HERE
        or not handover.sendings.filter(is_whole=True).exists()
        or _was_ended(handover)
        or not _waiting(medium).filter(pk=handover.pk).exists()
    ):
        raise CopyOver
    require_handable(export)
    known = details.read(handover) or Details()
    media.hand_over(
        actor=actor, terminal=terminal, medium=medium, recipient=export.recipient, person=known.person,
        contact=known.contact, ground=export.ground, document=export.document, due_at=due_at,
        book=lambda: book_provision(handover),
    )  # fmt: skip
    return handover


def _waiting(medium: Medium) -> "QuerySet[HandOver]":
    """The copies that were made for it since it was last given to somebody."""
    rows = services.copies().filter(medium=medium)
    return rows.filter(made_at__gt=medium.handed_at) if medium.handed_at else rows


def _is_taken(medium: Medium) -> bool:
    """Whether something of a copy may be on it, or may still be written."""
    return any(services.is_open(row) or row.sendings.exists() for row in _waiting(medium))


def _was_ended(handover: HandOver) -> bool:
    """By somebody, not by the end of the hours in which it could be written."""
    ended, until = handover.ended_at, handover.open_until
    return ended is not None and until is not None and ended < until


def _registered(export: Export, actor: Account, terminal: str, kind: str, serial: str) -> Medium:
    values: dict[str, Any] = {
        "kind": kind, "serial": serial, "case": export.case.number[:40],
        "description": _("Export %(number)s for %(recipient)s")
        % {"number": export.number, "recipient": export.recipient[:200]},
        "purpose": (export.purpose_text or _("Provision to a third party"))[:200],
    }  # fmt: skip
    if kind not in KINDS:
        raise MediumUnfit
    return media.register_medium(actor=actor, terminal=terminal, site=export.site, values=values)
