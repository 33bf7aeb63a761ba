"""The life of a print or medium: registered, handed over, taken back, destroyed before a witness (O19, O22).

Each act is an entry of the access log first, then, in one transaction, the row and its line of the ledger.
Tried again after a failure, the entry is the same one. A hand-over is a provision (O14), so it needs a
recipient and a ground; destruction needs somebody else who saw it.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from unicodedata import normalize
from uuid import NAMESPACE_OID, uuid5
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from accesslog import IndexFields
from accesslog.services import append
from cctv.core import clock
from cctv.core.clock import rfc3339
from cctv.core.numbering import create_numbered
from cctv.disclosure import details as sealed
from cctv.disclosure.errors import MediumElsewhere, PurposeOfMedium, WayUnfit, WitnessMissing
from cctv.disclosure.grounds import ground_text
from cctv.disclosure.models import Destroyed, Medium, MediumKind, MediumState
from cctv.ledger import services as ledger
from cctv.ledger.models import LedgerKind
from cctv.people.actors import actor_fields
from cctv.people.models import Account
from cctv.sites.models import Site

ACTION = "medium.change"
FEWEST_LETTERS = 2
HERE = (MediumState.KEPT, MediumState.RETURNED)
LANGUAGES = {"KR": "ko", "JP": "ja"}
_OTHER_WAYS = (Destroyed.CRUSHED, Destroyed.SHREDDED, Destroyed.BURNT, Destroyed.ERASED)
# O19: prints are shredded or burnt. What is written once cannot be erased.
WAYS: dict[str, tuple[Destroyed, ...]] = {
    MediumKind.PRINT: (Destroyed.SHREDDED, Destroyed.BURNT),
    MediumKind.DISC: (Destroyed.SHREDDED, Destroyed.BURNT, Destroyed.CRUSHED),
}


def ways_for(kind: str) -> tuple[Destroyed, ...]:
    """How a medium of this kind can be destroyed."""
    return WAYS.get(kind, _OTHER_WAYS)


def register_medium(*, actor: Account, terminal: str, site: Site, values: dict[str, Any]) -> Medium:
    """A new print or medium, kept here. `values`: kind, description, purpose, and what else its form asks.

    PurposeOfMedium when camera or span do not fit.
    """
    camera = values.get("camera")
    first, last = values.get("footage_from"), values.get("footage_to")
    if (camera is not None and camera.site_id != site.pk) or (bool(first) != bool(last)):
        raise PurposeOfMedium
    if first and last and last <= first:
        raise PurposeOfMedium
    now = clock.now()
    year = now.astimezone(ZoneInfo(site.time_zone)).year

    def make(sequence: int) -> Medium:
        number = f"M-{year}-{sequence:04d}"
        return Medium(
            number=number, year=year, sequence=sequence, site=site, made_at=now, made_by=actor, **values
        )

    with transaction.atomic():
        medium = create_numbered(Medium, year=year, make=make)
        # Within the transaction: what the log did not take is not registered, and its number stays free.
        _log(medium, "medium.registered", actor, terminal, item=medium.description)
    return medium


def hand_over(
    *, actor: Account, terminal: str, medium: Medium, recipient: str, person: str, contact: str, ground: str,
    document: str = "", due_at: datetime | None = None, book: Callable[[], object] | None = None,
) -> Medium:  # fmt: skip
    """Give it to somebody else, who should return it by `due_at` (None: it stays there).

    `book` writes the ledger's line in place of the medium's own, where what is on it has one.
    """
    with transaction.atomic():
        medium = _locked(medium, HERE)
        known = sealed.read(medium) or sealed.Details()
        count = len(known.handed) + 1
        _log(
            medium, "medium.handed_over", actor, terminal, of=count, recipient=recipient, ground=ground
        )  # fmt: skip
        now = clock.now()
        known.handed.append(sealed.HandOver(recipient, person, contact, ground, document, rfc3339(now)))
        sealed.write(medium, known)
        medium.state, medium.handed_at, medium.due_at = MediumState.HANDED_OVER, now, due_at
        medium.save()
        if book is not None:
            book()
            return medium
        said = ground_text(medium.site.jurisdiction, ground)
        _ledger(
            medium, LedgerKind.PROVIDE, actor, at=now, reason=medium.purpose, recipient=recipient,
            ground=f"{said} ({document})" if document else said,
            source=f"medium {medium.number} provided {count}",
        )  # fmt: skip
    return medium


def take_back(*, actor: Account, terminal: str, medium: Medium, due_at: datetime | None = None) -> Medium:
    """It is here again, to be destroyed by `due_at`."""
    with transaction.atomic():
        medium = _locked(medium, (MediumState.HANDED_OVER,))
        known = sealed.read(medium)
        _log(medium, "medium.returned", actor, terminal, of=len(known.handed) if known else 0)
        medium.state, medium.returned_at, medium.due_at = MediumState.RETURNED, clock.now(), due_at
        medium.save()
    return medium


def destroy_medium(
    *, actor: Account, terminal: str, medium: Medium, how: str, witness: Account | None,
    witness_name: str = "", remark: str = "",
) -> Medium:  # fmt: skip
    """It is no more: how, and who else saw it (an account, or the name of somebody without one).

    Also for what was handed over and destroyed there. WitnessMissing unless somebody else saw it; WayUnfit.
    """
    name = witness.name if witness else witness_name.strip()
    letters = _letters(name)
    if len(letters) < FEWEST_LETTERS or letters == _letters(actor.name):
        raise WitnessMissing
    if witness is not None and witness.pk == actor.pk:
        raise WitnessMissing
    with transaction.atomic():
        medium = _locked(medium, (*HERE, MediumState.HANDED_OVER))
        if how not in ways_for(medium.kind):
            raise WayUnfit
        _log(medium, "medium.destroyed", actor, terminal, how=how, witness=name)
        known = sealed.read(medium) or sealed.Details()
        known.witness, known.remark = name, remark
        sealed.write(medium, known)
        now = clock.now()
        medium.state, medium.destroyed_at, medium.destroyed_how = MediumState.DESTROYED, now, how
        medium.destroyed_by, medium.witness, medium.due_at = actor, witness, None
        medium.save()
        _ledger(
            medium, LedgerKind.DESTROY, actor, at=now, source=f"medium {medium.number} destroyed",
            way=Destroyed(how),
        )  # fmt: skip
    return medium


def _letters(name: str) -> str:
    """What a name consists of, however it is written: without case, spaces and signs, seen or unseen."""
    return "".join(letter for letter in normalize("NFKC", name).casefold() if letter.isalpha())


def _locked(medium: Medium, allowed: tuple[MediumState, ...]) -> Medium:
    rows = Medium.objects.select_for_update(of=("self",)).select_related("site", "camera")
    row = rows.get(pk=medium.pk)
    if row.state not in allowed:
        raise MediumElsewhere
    return row


def _log(medium: Medium, kind: str, actor: Account, terminal: str, *, of: int = 0, **more: Any) -> None:
    """The entry; `of` tells repeated acts apart, so that the same act is never entered twice."""
    body: dict[str, Any] = {
        "actor": actor_fields(actor, ACTION, site_id=medium.site_id), "terminal": terminal,
        "site": medium.site.logged(), "medium": medium.number, "kind": medium.kind, **more,
    }  # fmt: skip
    if medium.case:
        body["case"] = medium.case
    span: dict[str, Any] = {}
    if medium.camera is not None:
        body["camera"] = {"id": str(medium.camera.pk), "code": medium.camera.code, "name": medium.camera.name}
    if medium.footage_from and medium.footage_to:
        body |= {"from": rfc3339(medium.footage_from), "to": rfc3339(medium.footage_to, round_up=True)}
        span = {"footage_from": medium.footage_from, "footage_to": medium.footage_to}
    index = IndexFields(
        actor=str(actor.pk), site=str(medium.site_id), camera=str(medium.camera_id or ""), case=medium.case,
        terminal=terminal, **span,
    )  # fmt: skip
    entry = uuid5(NAMESPACE_OID, f"lethe/medium/{medium.pk}/{kind}/{of}")
    append(kind=kind, body=body, index=[index], event_id=entry)


def _ledger(
    medium: Medium, kind: LedgerKind, actor: Account, *, at: datetime, source: str,
    way: Destroyed | None = None, **more: Any,
) -> None:  # fmt: skip
    """The line, in the language of the site's law."""
    with translation.override(LANGUAGES.get(medium.site.jurisdiction, "en")):
        form = str(medium.get_kind_display())
        if way is not None:
            more["reason"] = _("No longer needed (%(how)s)") % {"how": way.label}
        if kind == LedgerKind.PROVIDE:
            more["provided_as"] = form
        ledger.write(
            kind=kind, site=medium.site, item=f"{medium.number}: {medium.description}", form=form,
            handler=f"{actor.name}, {actor.employer}".rstrip(", "), at=at, source=source,
            footage_from=medium.footage_from, footage_to=medium.footage_to, **more,
        )  # fmt: skip
