"""The sharp picture of the empty scene, shown to whoever decides whether it may be used.

Somebody who stood still through most of the stretch would be in it: that is why it is footage, and shown only
under an entry of its own.
"""

from uuid import uuid5

from cctv.footage.derived.selectors import find
from cctv.footage.derived.services import read_for_person
from cctv.footage.restrictions.services import require_free
from cctv.redaction.models import RedactionReview
from cctv.redaction.review.errors import NoPlate
from cctv.redaction.review.services import SHARP, log_about

SHOWN = "redaction.plate_shown"


def sharp_plate(review: RedactionReview) -> bytes:
    """A JPEG, read under an entry. NoPlate, FootageRestricted, FootageExpired, LogUnavailable."""
    redaction = review.redaction
    kept = find(owner=redaction.pk, label=SHARP)
    if kept is None:
        raise NoPlate
    require_free(redaction.camera, redaction.starts_at, redaction.ends_at)
    receipt = log_about(
        SHOWN,
        redaction,
        review.reviewer,
        review.terminal,
        {},
        # Once for each still, day and terminal: the review's own entry changes with these.
        event_id=uuid5(review.pk, f"{SHOWN}/{kept.pk}/{review.entry_index}"),
    )
    jpeg = read_for_person(receipt, kept, actor_id=review.reviewer_id, hold_id=redaction.hold_id)
    require_free(redaction.camera, redaction.starts_at, redaction.ends_at)
    return jpeg
