"""Redactions as the pages list them, and the doubtful moments that a reviewer steps through."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from cctv.people.models import Account
from cctv.redaction.ended import ended
from cctv.redaction.models import Redaction, RedactionReview, State
from cctv.redaction.review.services import Drawn
from cctv.redaction.scene import standing

SiteIds = frozenset[UUID] | None
SHOWN, WAITING = 30, 200
OPEN = (State.LOOKING, State.EDITING, State.RENDERING)
OVER = (State.APPROVED, State.CANCELLED)


def redactions(*, sites: SiteIds) -> QuerySet[Redaction]:
    """Those of the given sites (None: all), the newest first."""
    found = Redaction.objects.select_related("site", "camera", "purpose", "made_by", "session", "hold")
    return found if sites is None else found.filter(site_id__in=sites)


@dataclass(frozen=True, slots=True)
class Overview:
    """What waits for the reader's review, what is being made, and what has been decided.

    `scenes`: those whose sharp scene waits for the reader. `too_late`:
    what ended before anybody had decided; `ended`: ids of all of these whose footage has ended.
    """

    scenes: list[Redaction]
    waiting: list[Redaction]
    others_wait: list[Redaction]
    in_work: list[Redaction]
    too_late: list[Redaction]
    over: list[Redaction]
    more_over: bool
    ended: set[UUID]


def overview(*, sites: SiteIds, review_sites: SiteIds, reader: Account, first_over: int = 0) -> Overview:
    """Of the given sites; `review_sites` are those at which the reader may review."""
    found = redactions(sites=sites)
    mine = Q() if review_sites is None else Q(site_id__in=review_sites)
    waiting = list(found.filter(state=State.REVIEW)[:WAITING])
    over = list(found.filter(state__in=OVER)[first_over : first_over + SHOWN + 1])
    in_work = list(found.filter(state__in=OPEN)[:SHOWN])
    made = list(found.filter(state=State.EDITING, scenes__verdict="").distinct()[:WAITING])
    gone = ended([*waiting, *in_work, *over, *made])
    stills = standing.waiting([each for each in made if each.pk not in gone])
    asked = stills | {each.pk for each in waiting}
    for_me = found.filter(mine, pk__in=asked - gone)
    for_me = for_me.exclude(made_by=reader).exclude(edits__made_by=reader).exclude(acts__made_by=reader)
    listed = {each.pk for each in for_me}
    return Overview(
        scenes=[each for each in for_me if each.pk in stills],
        waiting=[each for each in waiting if each.pk in listed],
        others_wait=[each for each in waiting if each.pk not in listed | gone][:SHOWN],
        in_work=[each for each in in_work if each.pk not in gone and each.pk not in listed],
        too_late=[each for each in [*waiting, *in_work] if each.pk in gone][:SHOWN],
        over=over[:SHOWN],
        more_over=len(over) > SHOWN,
        ended=gone,
    )


@dataclass(frozen=True, slots=True)
class Moment:
    """A doubtful moment: its key and kind, and from when to when it lasts; `seen` by this reviewer."""

    key: str
    kind: str
    starts_at: datetime
    ends_at: datetime
    settled: bool
    seen: bool

    @property
    def starts_ms(self) -> int:
        """Epoch milliseconds, for the player."""
        return round(self.starts_at.timestamp() * 1000)


def moments(review: RedactionReview, drawn: Drawn) -> list[Moment]:
    """The doubtful moments in the order of time."""
    start, seen, resolved = review.redaction.starts_at, set(review.moments), drawn.resolved

    def at(frame: int) -> datetime:
        frame = max(0, min(frame, resolved.frames - 1))
        return start + timedelta(milliseconds=float(resolved.times[frame]))

    found = [
        Moment(each.key, each.kind, at(each.first), at(each.last), each.settled, drawn.mark(each.key) in seen)
        for each in resolved.doubts
    ]
    return sorted(found, key=lambda each: each.starts_at)


def history(redaction: Redaction) -> Sequence[RedactionReview]:
    """Its reviews, the newest first."""
    return list(redaction.reviews.select_related("reviewer").order_by("-began_at"))
