"""Which redactions' footage has ended: all that was made of it opens no more, whether a purge has run or not.

Their rows stay, and say who made, corrected and approved what.
"""

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from cctv.footage.models import Segment
from cctv.redaction.errors import RedactionGone
from cctv.redaction.models import Redaction, RedactionPart
from cctv.redaction.services import segments_of
from cctv.vault import past


def ended(redactions: Collection[Redaction]) -> set[UUID]:
    """Ids of those of which some footage can be opened no more: what is made of them is sealed to all of it.

    Of held footage it is the hold that says until when.
    """
    rows = RedactionPart.objects.filter(redaction__in=[each.pk for each in redactions])
    made_of: dict[UUID, set[UUID]] = defaultdict(set)
    for redaction, segment in rows.values_list("redaction_id", "segment"):
        made_of[redaction].add(segment)
    of_these = Segment.objects.filter(pk__in=rows.values("segment"))
    alive = set(of_these.filter(expires_at__gt=past.reached()).values_list("pk", flat=True))
    holds = {each.hold_id for each in redactions if each.hold is not None}
    kept = set(of_these.filter(held__hold__in=holds).values_list("held__hold_id", "pk")) if holds else set()
    return {each.pk for each in redactions if _is_over(each, made_of[each.pk], alive, kept)}


def require_there(redaction: Redaction) -> None:
    """RedactionGone unless all of its footage can still be opened."""
    if ended([redaction]):
        raise RedactionGone


def _is_over(
    redaction: Redaction, made_of: set[UUID], alive: set[UUID], kept: set[tuple[UUID, UUID]]
) -> bool:
    hold = redaction.hold
    if hold is not None and (not hold.protects or past.is_over(hold.opens_until)):
        return True
    if not made_of:  # nobody has planned it yet
        span = redaction.starts_at, redaction.ends_at
        return not segments_of(redaction.camera, *span, hold_id=redaction.hold_id).exists()
    if hold is not None:
        return not {(hold.pk, segment) for segment in made_of} <= kept
    return not made_of <= alive
