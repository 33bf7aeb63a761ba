"""A copy for one recipient: a link with its code, what becomes of wrong codes, its end, its receipt.

The link's token and code, and the pass-phrase of a sealed copy, are returned once and kept as hashes or not
at all. Each act is an entry of the log first. Sending is `sending`, media are `medium`.
"""

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

from django.core import signing
from django.db import transaction
from django.db.models import F, Max, QuerySet
from django.utils.translation import gettext as _

from cctv.core import clock
from cctv.disclosure.exports.models import Export, ExportState
from cctv.disclosure.exports.requirements import require_handable
from cctv.disclosure.handing import agefile, details, entries, events, tokens
from cctv.disclosure.handing.details import Details
from cctv.disclosure.handing.entries import HAND
from cctv.disclosure.handing.errors import (
    AgeKeyUnfit,
    CopyExists,
    CopyOver,
    LinkClosed,
    MarkedOnce,
    NoSuchLink,
    WrongCode,
)
from cctv.disclosure.handing.models import HandOver, Sealing, Way
from cctv.people.models import Account
from cctv.people.outbox import link, queue_mail
from cctv.people.policy import permissions_of
from cctv.retention.backup.errors import RestoreUnfinished
from cctv.retention.backup.selectors import register_in_doubt

MOST_DAYS, MOST_DOWNLOADS = 30, 5
ATTEMPTS = 5
# Somebody's last attempt may be the right one: it is given back once the code was looked at.
SETTLE_S = 2.0
# A download that broke may go on for so long; the right code opens the page for as long in one browser.
GO_ON = timedelta(hours=6)
_GRANT = "lethe.handing.grant"


@dataclass(frozen=True, slots=True)
class Made:
    """A new link: what is shown once. `phrase` is "" unless the copy is sealed by one."""

    handover: HandOver
    token: str
    code: str
    phrase: str


def make_link(
    *, export: Export, actor: Account, terminal: str, person: str, contact: str = "",
    sealing: str = Sealing.PLAIN, age_recipient: str = "", open_days: int = 3, downloads: int = 1,
    new_id: UUID | None = None,
) -> Made:  # fmt: skip
    """A one-time link to a copy, open for `open_days`, never beyond the export's own expiry.

    `new_id` makes the same form give one link only. Raises NotFound, Forbidden, what `require_handable`
    raises, AgeKeyUnfit, CopyExists, LogUnavailable.
    """
    token, code, salt = tokens.new_token(), tokens.new_code(), tokens.new_salt()
    row = HandOver(
        way=Way.LINK, token_sha256=tokens.token_hash(token), code_salt=salt,
        code_hash=tokens.code_hash(code, salt),
        downloads_left=min(max(1, downloads), MOST_DOWNLOADS), attempts_left=ATTEMPTS,
    )  # fmt: skip
    phrase = make_copy(
        row, export=export, actor=actor, terminal=terminal, known=Details(person, contact),
        sealing=sealing, age_recipient=age_recipient, new_id=new_id,
        open_for=timedelta(days=min(max(1, open_days), MOST_DAYS)),
    )  # fmt: skip
    return Made(row, token, code, phrase)


def make_copy(
    row: HandOver, *, export: Export, actor: Account, terminal: str, known: Details, sealing: str,
    age_recipient: str, open_for: timedelta, new_id: UUID | None,
) -> str:  # fmt: skip
    """Complete and save the row of a copy, its entry first; the pass-phrase, if there is one."""
    permissions_of(actor).require(HAND, site_id=export.site_id)
    require_current()
    require_handable(export)
    row.sealing = Sealing(sealing)
    row.age_recipient, key, phrase = _key_for(row.sealing, age_recipient.strip())
    with transaction.atomic():
        locked = (
            Export.objects.select_for_update(of=("self",)).select_related("site", "case").get(pk=export.pk)
        )
        if locked.state != ExportState.READY or locked.expires_at is None:
            raise CopyOver
        if new_id is not None:
            if HandOver.objects.filter(pk=new_id).exists():
                raise CopyExists
            row.pk = new_id
        if locked.watermark:
            _require_only(locked)
            row.downloads_left = 1
        row.export, row.made_by, row.made_at = locked, actor, clock.now()
        row.copy = (locked.handovers.aggregate(most=Max("copy"))["most"] or 0) + 1
        row.open_until = min(row.made_at + open_for, locked.expires_at)
        row.details = details.sealed(locked, Details(known.person, known.contact, key))
        facts: dict[str, Any] = {"medium": row.medium.number} if row.medium else {}
        row.made_entry = entries.enter_act(
            events.LINK_MADE, row, actor=actor, terminal=terminal, event_id=uuid5(row.pk, events.LINK_MADE),
            way=row.way, sealing=row.sealing, until=clock.rfc3339(row.open_until),
            downloads=row.downloads_left, **facts,
        )  # fmt: skip
        row.save(force_insert=True)
    return phrase


def _require_only(export: Export) -> None:
    """MarkedOnce: what is burnt into its pictures says which copy they are."""
    if export.handovers.exists():
        raise MarkedOnce


def _key_for(sealing: Sealing, given: str) -> tuple[str, str, str]:
    """(age recipient, enclosed key, pass-phrase) of a copy. AgeKeyUnfit."""
    if sealing == Sealing.AGE_KEY:
        if not agefile.is_recipient(given):
            raise AgeKeyUnfit
        return given, "", ""
    if sealing == Sealing.PASS_PHRASE:
        identity, public = agefile.new_identity()
        phrase = tokens.new_phrase()
        return public, agefile.seal_by_phrase(identity, phrase), phrase
    return "", "", ""


def copies() -> "QuerySet[HandOver]":
    """With what pages and entries say of them."""
    return HandOver.objects.select_related(
        "export__site", "export__case", "export__purpose", "made_by", "medium"
    )


def find(token: str) -> HandOver:
    """The copy that a link leads to, open or not. NoSuchLink."""
    wanted = tokens.token_hash(token)
    row = copies().filter(token_sha256=wanted, way=Way.LINK).first() if wanted else None
    if row is None:
        raise NoSuchLink
    return row


def require_current() -> None:
    """RestoreUnfinished while the register may be an older copy: it may not know which links were ended."""
    if register_in_doubt():
        raise RestoreUnfinished


def is_alive(row: HandOver) -> bool:
    """Whether its package is there and nobody ended the link: then a download that was begun may go on."""
    export = row.export
    there = export.state == ExportState.READY and export.expires_at is not None
    return there and row.ended_at is None and clock.now() < (export.expires_at or clock.now())


def is_open(row: HandOver) -> bool:
    """Whether somebody may still give the code."""
    in_time = row.open_until is not None and clock.now() < row.open_until
    return is_alive(row) and in_time and row.attempts_left > 0 and row.downloads_left > 0


def take(token: str, code: str, *, terminal: str) -> tuple[HandOver, UUID]:
    """The copy, for the right code, and what the browser shows from now on (`signed`).

    An attempt is counted before the code is looked at, so guesses at the same time are not more than others.
    NoSuchLink, WrongCode, LinkClosed (the last attempt; whoever made the link is told), LogUnavailable,
    RestoreUnfinished.
    """
    row = find(token)
    require_current()
    if not is_open(row):
        raise NoSuchLink
    mine = HandOver.objects.filter(pk=row.pk, attempts_left__gt=0, ended_at=None)
    if not mine.update(attempts_left=F("attempts_left") - 1):
        raise NoSuchLink
    if tokens.fits(code, salt=bytes(row.code_salt), kept=bytes(row.code_hash)):
        HandOver.objects.filter(pk=row.pk).update(attempts_left=F("attempts_left") + 1)
        grant = uuid4()
        # What is in the copy is shown from now on.
        entries.enter_act(
            events.OPENED, row, actor=None, terminal=terminal, by_recipient=True,
            event_id=uuid5(row.pk, f"{events.OPENED}/{grant}"),
        )  # fmt: skip
        return row, grant
    row.refresh_from_db(fields=["attempts_left"])
    if row.attempts_left > 0:
        raise WrongCode(row.attempts_left)
    close_guessed(row, terminal=terminal)
    raise LinkClosed


def close_guessed(row: HandOver, *, terminal: str) -> None:
    """Enter that it was closed for wrong codes and tell whoever made it; once, however often.
    LogUnavailable."""
    entries.enter_act(
        events.REFUSED, row, actor=None, terminal=terminal, event_id=uuid5(row.pk, events.REFUSED),
        attempts=ATTEMPTS,
    )  # fmt: skip
    HandOver.objects.filter(pk=row.pk, ended_at=None).update(ended_at=clock.now())
    said = {"number": row.export.number, "copy": row.copy, "recipient": row.export.recipient}
    queue_mail(
        kind=events.REFUSED, about=f"handover/{row.pk}/refused", to=row.made_by,
        subject=lambda: _("The link to %(number)s, copy %(copy)d, was closed") % said,
        text=lambda: _(
            "A wrong code was given too often for the link to copy %(copy)d of export %(number)s, made for"
            " %(recipient)s. Nothing was sent by it then, and it opens nothing any more. Ask the recipient"
            " whether it was them; if not, somebody else knows the link."
        ) % said + f"\n\n{link('export', row.export.number)}\n",
    )  # fmt: skip


def signed(row: HandOver, grant: UUID) -> str:
    """What a browser keeps to show that it gave the right code."""
    return signing.dumps({"copy": row.pk.hex, "grant": grant.hex}, salt=_GRANT)


def grant_of(row: HandOver, kept: str) -> UUID | None:
    """The grant that a browser shows for this copy; None without one, or if it is too old."""
    try:
        known = signing.loads(kept, salt=_GRANT, max_age=GO_ON)
        return UUID(known["grant"]) if known["copy"] == row.pk.hex else None
    except (signing.BadSignature, KeyError, TypeError, ValueError):
        return None


def end_copy(*, handover: HandOver, actor: Account, terminal: str) -> HandOver:
    """The link opens nothing any more; what is being sent stops. CopyOver, LogUnavailable."""
    permissions_of(actor).require(HAND, site_id=handover.export.site_id)
    with transaction.atomic():
        row = copies().select_for_update(of=("self",)).get(pk=handover.pk)
        if row.ended_at is not None:
            raise CopyOver
        entries.enter_act(
            events.LINK_ENDED, row, actor=actor, terminal=terminal, event_id=uuid5(row.pk, events.LINK_ENDED)
        )
        row.ended_at = clock.now()
        row.save(update_fields=["ended_at"])
    return row


def confirm_received(
    *, handover: HandOver, actor: Account | None, terminal: str, grant: UUID | None = None
) -> HandOver:
    """The recipient says that they have it, or somebody here that they have signed for it. Once.

    CopyOver where nothing was sent yet, or not to this browser; LogUnavailable.
    """
    if actor is not None:
        permissions_of(actor).require(HAND, site_id=handover.export.site_id)
    whole = handover.sendings.filter(is_whole=True)
    if not (whole if actor is not None else whole.filter(grant=grant)).exists():
        raise CopyOver
    with transaction.atomic():
        row = copies().select_for_update(of=("self",)).get(pk=handover.pk)
        if row.received_at is not None:
            return row
        entries.enter_act(
            events.RECEIVED, row, actor=actor, terminal=terminal, by_recipient=actor is None,
            event_id=uuid5(row.pk, events.RECEIVED),
        )  # fmt: skip
        row.received_at = clock.now()
        row.save(update_fields=["received_at"])
    return row


def tend() -> int:
    """Enter closings that a crash or a log that was down kept from the log; end what is over. How many."""
    now = clock.now()
    guessed = copies().filter(ended_at=None, way=Way.LINK, attempts_left=0)
    count = 0
    if guessed.exists():
        time.sleep(SETTLE_S)
    for row in guessed:
        close_guessed(row, terminal="")
        count += 1
    # Who began in time may go on for a while.
    over = HandOver.objects.filter(ended_at=None, open_until__lte=now - GO_ON)
    return count + over.update(ended_at=now)
