"""Reads of stills, bookmarks and recent viewings. What has expired is in no list, purged or not."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import Exists, F, Model, OuterRef, Q, QuerySet

from cctv.core import clock
from cctv.footage.marks.models import Bookmark, Still
from cctv.footage.models import Segment, ViewingSession
from cctv.footage.selectors import LONGEST_SEGMENT
from cctv.people.models import Account
from cctv.sites.models import Camera, Site
from cctv.vault import past

PAGE = 30
RECENT = 20
# What a list of the room shows at most; the site's page has them all.
MOST_IN_ROOM = 200
M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """Rows, newest first, and the keys for the pages on either side ("" without one)."""

    rows: list[M]
    newer: str
    older: str


def stills(*, site: Site, case: str = "") -> QuerySet[Still]:
    """The kept stills of a site whose recording lives, without their pictures."""
    found = Still.objects.filter(site=site, segment__expires_at__gt=past.reached())
    found = found.select_related("camera", "taken_by", "segment", "site").defer("sealed", "segment__parts")
    return found.filter(case=case) if case else found


def stills_of(session: ViewingSession) -> QuerySet[Still]:
    """Those that were kept in a viewing and live."""
    return stills(site=session.site).filter(session=session).order_by("at")


def bookmarks(*, site: Site, case: str = "") -> QuerySet[Bookmark]:
    """The bookmarks of a site of which something lives or is held."""
    living = _recordings().filter(Q(expires_at__gt=past.reached()) | _held())
    found = Bookmark.objects.filter(Exists(living), site=site).select_related("camera", "made_by", "site")
    return found.filter(case=case) if case else found


def bookmarks_in(session: ViewingSession) -> list[Bookmark]:
    """Those that lie in what the viewing was opened for, by time."""
    found = bookmarks(site=session.site).filter(
        camera__in=session.cameras.all(), starts_at__lt=session.ends_at, ends_at__gt=session.starts_at
    )
    return list(found.order_by("starts_at", "pk")[:MOST_IN_ROOM])


def left_over() -> QuerySet[Bookmark]:
    """Bookmarks of which no recording is there at all."""
    return Bookmark.objects.filter(~Exists(_recordings()))


def is_kept(*, camera_id: UUID, start: datetime, end: datetime) -> bool:
    """Whether anything that lives or is held lies over [start, end) of the camera."""
    found = Segment.objects.filter(
        camera_id=camera_id, starts_at__gt=start - LONGEST_SEGMENT, starts_at__lt=end, ends_at__gt=start
    )
    return found.filter(Q(expires_at__gt=past.reached()) | _held()).exists()


def _recordings() -> QuerySet[Segment]:
    """The segments over the bookmark of the outer query, by the index on camera and start."""
    return Segment.objects.filter(
        camera_id=OuterRef("camera_id"),
        starts_at__gt=OuterRef("starts_at") - LONGEST_SEGMENT,
        starts_at__lt=OuterRef("ends_at"),
        ends_at__gt=OuterRef("starts_at"),
    )


def _held() -> Q:
    return Q(held__hold__ended_at__isnull=True, held__isnull=False)


def cases(rows: QuerySet[Any]) -> list[str]:
    """The cases that the rows name, for a filter."""
    return list(rows.exclude(case="").order_by("case").values_list("case", flat=True).distinct()[:PAGE])


def page(rows: QuerySet[M], *, by: str, before: str = "", after: str = "", size: int = PAGE) -> Page[M]:
    """A page of the rows by the column `by`, newest first: below the key `before`, or above `after`."""
    upwards = not before and bool(after)
    key = _key(before or after)
    if key is not None:
        beyond = "gt" if upwards else "lt"
        at, pk = key
        rows = rows.filter(Q(**{f"{by}__{beyond}": at}) | Q(**{by: at, f"pk__{beyond}": pk}))
    order = (F(by).asc(), F("pk").asc()) if upwards else (F(by).desc(), F("pk").desc())
    found = list(rows.order_by(*order)[: size + 1])
    more, found = len(found) > size, found[:size]
    if upwards:
        found.reverse()
    has_newer = more if upwards else key is not None
    has_older = key is not None if upwards else more
    return Page(
        found,
        _key_of(found[0], by) if found and has_newer else "",
        _key_of(found[-1], by) if found and has_older else "",
    )


def _key_of(row: Model, by: str) -> str:
    return f"{getattr(row, by).isoformat()}_{row.pk}"


def _key(text: str) -> tuple[datetime, UUID] | None:
    """What `_key_of` wrote; None for anything else, which is the first page."""
    at, _, pk = text.partition("_")
    try:
        return clock.parse_rfc3339(at), UUID(pk)
    except ValueError:
        return None


def recent(*, camera: Camera, reader: Account, everybody: bool) -> list[ViewingSession]:
    """The newest viewings of a camera: everybody's for who may know, else the reader's own.

    How many others there were is not told.
    """
    found = ViewingSession.objects.filter(cameras=camera).select_related("actor", "purpose", "site", "hold")
    if not everybody:
        found = found.filter(actor=reader)
    return list(found.order_by("-opened_at")[:RECENT])


def stills_kept(sessions: Sequence[ViewingSession]) -> dict[UUID, int]:
    """By viewing: how many stills that live were kept in it."""
    kept = Still.objects.filter(session__in=sessions, segment__expires_at__gt=past.reached())
    return dict(Counter(kept.values_list("session_id", flat=True)))


def bookmarks_made_in(session: ViewingSession) -> QuerySet[Bookmark]:
    """What its viewer bookmarked of it while it was open, and is listed still."""
    made = bookmarks(site=session.site).filter(
        made_by=session.actor, camera__in=session.cameras.all(), made_at__gte=session.opened_at
    )
    if session.closed_at is not None:
        made = made.filter(made_at__lte=session.closed_at)
    return made.order_by("starts_at")
