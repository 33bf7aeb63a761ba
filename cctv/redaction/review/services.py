"""A second person's look: step through the doubtful moments of what was rendered, approve or return it.

The entry comes first, then the row. An approval is of one rendered result, by its hash: whatever is changed
afterwards has another revision, and nothing of that may be handed out.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction

from accesslog import Receipt
from accesslog.selectors import load_receipt
from accesslog.types import from_us
from cctv.core import clock
from cctv.footage.restrictions.services import require_free
from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.redaction import services as redactions
from cctv.redaction.editing import stored
from cctv.redaction.ended import require_there
from cctv.redaction.models import Redaction, RedactionReview, State, Verdict
from cctv.redaction.rendering.showing import require_result
from cctv.redaction.resolve import Resolved, resolve
from cctv.redaction.review import events
from cctv.redaction.review.errors import (
    MomentsLeft,
    NotApproved,
    NothingToReview,
    NotShown,
    OwnRedaction,
    RemarkRequired,
)

REVIEW = "redaction.review"
_MOST_REMARK = 1000
# Who comes back on another day has begun anew, as far as the log is concerned.
ENTRY_LASTS = timedelta(hours=12)


def has_hand_in(redaction: Redaction, account: Account) -> bool:
    """Whether the person made it, decided anything in it (undone or not), took back or took again what
    somebody decided, sent it to review or had it tried again: then they do not review it."""
    mine = {"made_by": account}
    return (
        redaction.made_by_id == account.pk
        or redaction.acts.filter(**mine).exists()
        or redaction.edits.filter(**mine).exists()
    )


def begin(*, redaction: Redaction, actor: Account, terminal: str) -> RedactionReview:
    """The actor's review of what is rendered now, begun under an entry of its own; the same one again later.

    At another terminal, or ENTRY_LASTS after it, another entry says that they went on with it.
    Forbidden, NotFound, OwnRedaction, NothingToReview, RedactionGone, FootageRestricted, LogUnavailable.
    """
    permissions_of(actor).require(REVIEW, site_id=redaction.site_id)
    if has_hand_in(redaction, actor):
        raise OwnRedaction
    _require_waiting(redaction)
    require_there(redaction)
    require_free(redaction.camera, redaction.starts_at, redaction.ends_at)
    seen = _sha256(redaction)
    review, _made = RedactionReview.objects.get_or_create(
        redaction=redaction,
        revision=redaction.revision,
        reviewer=actor,
        decided_at=None,
        defaults={"terminal": terminal, "result_sha256": seen},
    )
    if review.result_sha256 != seen:  # rendered anew meanwhile: nobody has looked at this one
        review.result_sha256, review.moments, review.sent, review.entry_index = seen, [], [], None
        review.save(update_fields=["result_sha256", "moments", "sent", "entry_index"])
    if not _is_told(review, terminal):
        event_id = uuid5(review.pk, f"began {seen} {terminal} {review.entry_index}")
        receipt = log_about(events.REVIEWED, redaction, actor, terminal, {}, event_id=event_id)
        review.entry_index, review.terminal = receipt.index, terminal
        review.save(update_fields=["entry_index", "terminal"])
    return review


def _is_told(review: RedactionReview, terminal: str) -> bool:
    """Whether the log says of today and this terminal that the review goes on there."""
    if review.entry_index is None or review.terminal != terminal:
        return False
    return clock.now() - from_us(load_receipt(review.entry_index).time_us) < ENTRY_LASTS


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is drawn on the frames under review, with its doubtful moments."""

    resolved: Resolved
    secret: bytes

    def mark(self, key: str) -> str:
        """What the register notes of a moment: nobody tells by it which one, once the footage has ended."""
        return hmac.digest(self.secret, f"moment {key}".encode(), "sha256").hex()[:32]


def drawn_of(review: RedactionReview) -> Drawn:
    """Read under the review's entry; FootageRestricted, FootageExpired, vault errors."""
    redaction = review.redaction
    require_free(redaction.camera, redaction.starts_at, redaction.ends_at)
    assert review.entry_index is not None
    door = stored.for_person(load_receipt(review.entry_index), redaction, review.reviewer_id)
    known, seen = stored.known_and_digest(redaction, door)
    found = resolve(known, stored.edits_of(redaction, door), stored.settings_of(redaction))
    return Drawn(found, hmac.digest(seen, f"review {review.pk}".encode(), "sha256"))


def look_at(review: RedactionReview, keys: set[str]) -> RedactionReview:
    """Note which doubtful moments were looked at, besides those noted before; unknown ones are nothing."""
    drawn = drawn_of(review)
    known = {drawn.mark(doubt.key) for doubt in drawn.resolved.doubts if doubt.key in keys}
    with transaction.atomic():
        row = RedactionReview.objects.select_for_update(of=("self",)).get(pk=review.pk)
        row.moments = sorted(set(row.moments) | known)
        row.save(update_fields=["moments"])
    return row


def approve(*, review: RedactionReview, actor: Account, terminal: str, remark: str = "") -> RedactionReview:
    """From now on the rendered result may be handed out.

    MomentsLeft, NotShown, NothingToReview, OwnRedaction, RedactionGone, OtherMasks, FootageRestricted.
    """
    _require_own(review, actor)
    require_result(review.redaction)
    drawn = drawn_of(review)
    if {drawn.mark(doubt.key) for doubt in drawn.resolved.doubts} - set(review.moments):
        raise MomentsLeft
    _require_shown(review, drawn.resolved)
    facts = {"result_sha256": review.result_sha256, "moments": len(review.moments)}
    if remark.strip():
        facts["remark"] = remark.strip()[:_MOST_REMARK]
    return _decide(review, Verdict.APPROVED, State.APPROVED, events.APPROVED, facts, actor, terminal)


def give_back(*, review: RedactionReview, actor: Account, terminal: str, remark: str) -> RedactionReview:
    """It has to be corrected, as the remark says."""
    _require_own(review, actor)
    if not remark.strip():
        raise RemarkRequired
    facts = {"remark": remark.strip()[:_MOST_REMARK]}
    return _decide(review, Verdict.RETURNED, State.EDITING, events.RETURNED, facts, actor, terminal)


def require_approved(redaction: Redaction) -> RedactionReview:
    """The approval of what is rendered now. Asked before anything of it is handed out.

    NotApproved, and what stands between an approved result and whoever would get it: RedactionGone,
    OtherMasks, FootageRestricted.
    """
    rows = Redaction.objects.select_related("camera", "hold").filter(state=State.APPROVED)
    now = rows.filter(pk=redaction.pk).first()
    if now is None or now.rendered_revision != now.revision:
        raise NotApproved
    require_free(now.camera, now.starts_at, now.ends_at)
    require_result(now)
    found = (
        now.reviews.filter(verdict=Verdict.APPROVED, revision=now.revision).order_by("-decided_at").first()
    )
    if found is None or not found.result_sha256 or found.result_sha256 != _sha256(now):
        raise NotApproved
    return found


def _require_own(review: RedactionReview, actor: Account) -> None:
    permissions_of(actor).require(REVIEW, site_id=review.redaction.site_id)
    if review.reviewer_id != actor.pk or has_hand_in(review.redaction, actor):
        raise OwnRedaction
    if review.decided_at is not None or review.revision != review.redaction.revision:
        raise NothingToReview
    if review.result_sha256 != _sha256(review.redaction):
        raise NothingToReview
    _require_waiting(review.redaction)


def _require_shown(review: RedactionReview, drawn: Resolved) -> None:
    """What nobody was sent nobody has looked at: the parts of all doubtful moments, and something at all."""
    sent, begins, first = set(review.sent), {}, 0
    for part in review.redaction.parts.order_by("number"):
        begins[part.number] = (first, first + (part.frames or 0))
        first += part.frames or 0
    needed = {
        number
        for number, (low, high) in begins.items()
        if any(doubt.first < high and doubt.last >= low for doubt in drawn.doubts)
    }
    if not sent or needed - sent:
        raise NotShown


def note_sent(*, redaction: Redaction, actor: Account, number: int) -> None:
    """A part of the result leaves for the actor: their open review of it, if there is one, remembers."""
    with transaction.atomic():
        rows = RedactionReview.objects.select_for_update(of=("self",)).filter(
            redaction=redaction, revision=redaction.revision, reviewer=actor, decided_at=None,
            result_sha256=_sha256(redaction),
        )  # fmt: skip
        for row in rows:
            if number not in row.sent:
                row.sent = sorted({*row.sent, number})
                row.save(update_fields=["sent"])


def _require_waiting(redaction: Redaction) -> None:
    if redaction.state != State.REVIEW or redaction.rendered_revision != redaction.revision:
        raise NothingToReview


def _sha256(redaction: Redaction) -> str:
    return str(redaction.result.get("sha256", ""))


def _decide(
    review: RedactionReview,
    verdict: Verdict,
    state: State,
    kind: str,
    facts: Mapping[str, Any],
    actor: Account,
    terminal: str,
) -> RedactionReview:
    """The entry, then both rows, if it is still the same result that waits: nobody changes it meanwhile."""
    with transaction.atomic():
        redaction = Redaction.objects.select_for_update(of=("self",)).get(pk=review.redaction_id)
        row = RedactionReview.objects.select_for_update(of=("self",)).get(pk=review.pk)
        _require_waiting(redaction)
        if row.decided_at is not None or row.revision != redaction.revision:
            raise NothingToReview
        if row.result_sha256 != _sha256(redaction):
            raise NothingToReview
        event_id = uuid5(review.pk, f"{kind} {row.result_sha256}")
        receipt = log_about(kind, review.redaction, actor, terminal, facts, event_id=event_id)
        row.verdict, row.decided_at = verdict, clock.now()
        # What the entry says, should it have been written by an earlier try.
        row.remark = str(receipt.body.get("remark", ""))
        row.decided_entry = receipt.index
        row.save()
        redaction.state = state
        redaction.save(update_fields=["state"])
    return row


def log_about(
    kind: str,
    redaction: Redaction,
    actor: Account,
    terminal: str,
    facts: Mapping[str, Any],
    *,
    event_id: UUID,
) -> Receipt:
    """One durable entry about the redaction, in the name of whoever reviews it; LogUnavailable."""
    said = {"revision": redaction.revision, **facts}
    return redactions.log_about(kind, redaction, actor, terminal, said, action=REVIEW, event_id=event_id)
