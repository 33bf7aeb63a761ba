"""Opening a redaction's facts in the editor: inside an own open viewing, and after the log knows of it.

The order is the invariant's: the viewing is open and covers camera and span, the entry is durable, then the
facts are opened through the vault's door, and the viewing is asked once more before they leave.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from accesslog import Receipt
from accesslog.selectors import load_receipt
from cctv.core import clock
from cctv.footage import playback, viewing
from cctv.footage.derived.models import Derived
from cctv.footage.errors import OutsideViewing, ViewingClosed
from cctv.footage.models import CoveredSpan, ViewingSession
from cctv.footage.restrictions.services import require_free
from cctv.footage.viewings.entries import camera_fields, write_entry
from cctv.people.policy import permissions_of
from cctv.redaction.editing import stored
from cctv.redaction.editing.events import OPENED
from cctv.redaction.editing.memory import LAST
from cctv.redaction.models import Redaction, State, Work
from cctv.redaction.resolve import Edit, Known, Resolved, Settings
from cctv.sites.masks import polygons

ACTION = "redaction.edit"


@dataclass(frozen=True)
class Opened:
    """A redaction whose facts somebody may see now."""

    redaction: Redaction
    session: ViewingSession
    receipt: Receipt
    known: Known
    edits: list[Edit]
    settings: Settings
    # As it stood before what was done to it, if that is known still.
    before: Resolved | None = None

    def resolved(self) -> Resolved:
        """As it stands with all decisions; not to be changed."""
        return LAST.of(self.known, self.edits, self.settings)

    def remembered(self) -> Resolved | None:
        """The same, if it was the last that was asked for here."""
        return LAST.kept(self.known, self.edits, self.settings)


def open_editor(redaction: Redaction, session: ViewingSession) -> Opened:
    """Everything that the editor shows of a redaction.

    Raises OutsideViewing, ViewingClosed, FootageRestricted, FootageExpired, NotLookedAt, MasksUnreadable,
    policy and vault errors, LogUnavailable; then nothing of it was opened.
    """
    require_inside(redaction, session)
    mask = polygons.version(playback.copy_masks_of(redaction.camera))
    receipt = entered(redaction, session)
    door = stored.for_person(receipt, redaction, session.actor_id)
    opened = Opened(
        redaction, session, receipt, stored.known_of(redaction, door), stored.edits_of(redaction, door),
        stored.settings_of(redaction),
    )  # fmt: skip
    require_still(redaction, session, mask)
    return opened


def require_inside(redaction: Redaction, session: ViewingSession) -> None:
    """Raise unless the viewing is open, its viewer may edit here, and it covers the redaction's footage."""
    viewing.require_open(session)
    permissions_of(session.actor).require(ACTION, site_id=redaction.site_id)
    covers = session.starts_at <= redaction.starts_at and redaction.ends_at <= session.ends_at
    there = session.cameras.filter(pk=redaction.camera_id).exists()
    if not covers or not there or session.hold_id != redaction.hold_id:
        raise OutsideViewing
    require_free(redaction.camera, redaction.starts_at, redaction.ends_at)


def require_still(redaction: Redaction, session: ViewingSession, mask: str) -> None:
    """Asked last: what was closed, revoked, restricted or masked while facts were opened sends nothing."""
    if not viewing.may_go_on(session):
        raise ViewingClosed
    require_free(redaction.camera, redaction.starts_at, redaction.ends_at)
    playback.require_copy_masks(redaction.camera, mask)
    viewing.touch(session)


def entered(redaction: Redaction, session: ViewingSession) -> Receipt:
    """The entry that says that the session opened this redaction: one for each session and purpose."""
    start, end = _span_of(redaction)
    return noted(redaction, session, OPENED, f"edit {redaction.number}", (start, end), timedelta())


def noted(
    redaction: Redaction,
    session: ViewingSession,
    kind: str,
    key: str,
    span: tuple[datetime, datetime],
    reach: timedelta,
) -> Receipt:
    """A receipt for the span, of an earlier entry under this key or of a new one that reserves up to `reach`.

    `key` (20 characters) tells one redaction's entries from another's of the same footage.
    """
    found = CoveredSpan.objects.filter(
        session=session, camera=redaction.camera, kind=key, starts_at__lte=span[0], ends_at__gte=span[1]
    )
    if (covered := found.order_by("-starts_at").first()) is not None:
        return load_receipt(covered.entry_index)
    until = max(span[1], min(span[0] + reach, redaction.ends_at))
    facts = {
        "redaction": redaction.number,
        "camera": camera_fields(redaction.camera),
        "from": clock.rfc3339(span[0]),
        "to": clock.rfc3339(until, round_up=True),
    }
    receipt = write_entry(session, kind, facts, cameras=[redaction.camera], span=(span[0], until))
    _reserve(redaction, session, key, (span[0], until), receipt)
    return receipt


def _reserve(
    redaction: Redaction,
    session: ViewingSession,
    key: str,
    span: tuple[datetime, datetime],
    receipt: Receipt,
) -> None:
    """For what follows, unless the purpose has changed since the entry."""
    stated = {"purpose_id": session.purpose_id, "purpose_text": session.purpose_text, "case": session.case}
    with transaction.atomic():
        rows = ViewingSession.objects.select_for_update(of=("self",)).filter(pk=session.pk, **stated)
        if rows.exists():
            CoveredSpan.objects.create(
                session=session, camera=redaction.camera, kind=key, starts_at=span[0], ends_at=span[1],
                entry_index=receipt.index,
            )  # fmt: skip


def _span_of(redaction: Redaction) -> tuple[datetime, datetime]:
    """From the first to the last thing that is told of it: a part may begin a picture before the span."""
    rows = Derived.objects.filter(owner=redaction.pk, part__in=("looked", "edit", "plate"))
    spans = list(rows.values_list("starts_at", "ends_at"))
    starts, ends = ([redaction.starts_at], [redaction.ends_at])
    return min(starts + [a for a, _b in spans]), max(ends + [b for _a, b in spans])


def may_edit(redaction: Redaction) -> bool:
    """Whether anybody may decide anything now; with the computer at work on it, nobody, but for the scene."""
    idle = redaction.work in (Work.NONE, Work.SCENE)
    return idle and redaction.state in (State.EDITING, State.REVIEW, State.APPROVED)
