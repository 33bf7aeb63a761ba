"""Bookmarks: what somebody noted at a moment or a stretch of a camera, for the colleagues of the site.

A note is about the footage and goes with it: it is listed while a recording of that time lives or is held,
and a job removes it once there is none. The log says that there was a bookmark, not what it said.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core import signing
from django.db import IntegrityError, transaction

from accesslog import IndexFields
from accesslog.services import append
from cctv.core import clock
from cctv.core.ids import new_id
from cctv.footage import viewing
from cctv.footage.errors import OutsideViewing
from cctv.footage.marks import selectors
from cctv.footage.marks.errors import BookmarkRefused, UndoOver
from cctv.footage.marks.models import Bookmark
from cctv.footage.models import ViewingSession
from cctv.footage.playback import INSTANT
from cctv.footage.viewings.entries import camera_fields
from cctv.people.actors import actor_fields
from cctv.people.models import Account
from cctv.people.policy import Forbidden, NotFound, permissions_of
from cctv.sites.models import Camera
from cctv.vault import journal

SEE, MAKE, REMOVE = "bookmark.see", "bookmark.make", "bookmark.remove"
UNDO_FOR = timedelta(minutes=2)
_SALT = "lethe.bookmark"


def make(
    session: ViewingSession,
    *,
    camera: Camera,
    starts_at: datetime,
    ends_at: datetime | None = None,
    note: str,
    case: str = "",
) -> Bookmark:
    """A bookmark of what an open viewing shows; without an end it is of a moment. The entry comes first.

    Raises ViewingClosed, OutsideViewing, BookmarkRefused (no note, nothing recorded), LogUnavailable.
    """
    viewing.require_open(session)
    permissions_of(session.actor).require(MAKE, site_id=session.site_id)
    if not session.starts_at <= starts_at < session.ends_at:
        raise OutsideViewing
    end = max(ends_at or starts_at, starts_at + INSTANT)
    if end > session.ends_at:
        raise OutsideViewing
    row = Bookmark(
        id=new_id(), site=session.site, camera=camera, starts_at=starts_at, ends_at=end,
        note=_written(note), case=case.strip(), made_by=session.actor, made_at=clock.now(),
    )  # fmt: skip
    if not selectors.is_kept(camera_id=camera.pk, start=starts_at, end=end):
        raise BookmarkRefused
    _log(row, "bookmark.made", session.actor, session.terminal, viewing=str(session.pk))
    row.save(force_insert=True)
    return row


def change(bookmark: Bookmark, *, actor: Account, terminal: str, note: str, case: str) -> Bookmark:
    """Another note or case for one's own, else Forbidden. The same as before changes nothing."""
    permissions_of(actor).require(MAKE, site_id=bookmark.site_id)
    if bookmark.made_by_id != actor.pk:
        raise Forbidden
    note, case = _written(note), case.strip()
    if (note, case) == (bookmark.note, bookmark.case):
        return bookmark
    bookmark.note, bookmark.case = note, case
    _log(bookmark, "bookmark.changed", actor, terminal)
    if not Bookmark.objects.filter(pk=bookmark.pk).update(note=note, case=case):
        raise NotFound
    return bookmark


def may_remove(bookmark: Bookmark, account: Account) -> bool:
    """Whoever made it may remove it, and the privacy officer may."""
    permissions = permissions_of(account)
    own = bookmark.made_by_id == account.pk and permissions.may(MAKE, site_id=bookmark.site_id)
    return own or permissions.may(REMOVE, site_id=bookmark.site_id)


def remove(bookmark: Bookmark, *, actor: Account, terminal: str) -> str:
    """Remove it; what `restore` takes to put it back, within two minutes, by the same person."""
    if not may_remove(bookmark, actor):
        permissions_of(actor).require(REMOVE, site_id=bookmark.site_id)
    _log(bookmark, "bookmark.removed", actor, terminal)
    with transaction.atomic():
        if Bookmark.objects.filter(pk=bookmark.pk).delete()[0]:
            # A register that is put back from a backup of before it is told.
            journal.tell("bookmark_removed", {"bookmark": str(bookmark.pk)})
    return signing.dumps(asdict(_Removed.of(bookmark, actor)), salt=_SALT, compress=True)


def restore(token: str, *, actor: Account, terminal: str) -> Bookmark:
    """Put back what this person has just removed, as it was. UndoOver; once put back it stays one."""
    try:
        removed = _Removed(**signing.loads(token, salt=_SALT, max_age=UNDO_FOR))
    except signing.BadSignature:
        raise UndoOver from None
    if removed.by != str(actor.pk):
        raise UndoOver
    permissions_of(actor).require(SEE, site_id=UUID(removed.site))
    row = removed.row()
    if not selectors.is_kept(camera_id=row.camera_id, start=row.starts_at, end=row.ends_at):
        raise UndoOver
    if Bookmark.objects.filter(pk=row.pk).exists():
        return row
    _log(row, "bookmark.made", actor, terminal, again=True)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            journal.tell("bookmark_put_back", {"bookmark": str(row.pk)})
    except IntegrityError:
        if not Bookmark.objects.filter(pk=row.pk).exists():
            raise
    return row


def drop_bookmarks() -> int:
    """Remove those of which no recording is left at all; how many. For a job.

    Asks for rows, not for times: a clock that is wrong removes nothing (invariant 7), the purge has its own
    guards. Until then what has expired is in no list.
    """
    return selectors.left_over().delete()[0]


@dataclass(frozen=True, slots=True)
class _Removed:
    """A removed bookmark in a form that can be signed; `by` removed it."""

    by: str
    pk: str
    site: str
    camera: str
    made_by: str
    starts_at: str
    ends_at: str
    made_at: str
    note: str
    case: str

    @classmethod
    def of(cls, row: Bookmark, by: Account) -> "_Removed":
        return cls(
            str(by.pk), str(row.pk), str(row.site_id), str(row.camera_id), str(row.made_by_id),
            row.starts_at.isoformat(), row.ends_at.isoformat(), row.made_at.isoformat(), row.note, row.case,
        )  # fmt: skip

    def row(self) -> Bookmark:
        starts_at, ends_at, made_at = map(clock.parse_rfc3339, (self.starts_at, self.ends_at, self.made_at))
        return Bookmark(
            id=UUID(self.pk), site_id=UUID(self.site), camera_id=UUID(self.camera), starts_at=starts_at,
            ends_at=ends_at, made_by_id=UUID(self.made_by), made_at=made_at, note=self.note, case=self.case,
        )  # fmt: skip


def _written(note: str) -> str:
    note = note.strip()
    if not note:
        raise BookmarkRefused
    return note[: Bookmark._meta.get_field("note").max_length]


def _log(row: Bookmark, kind: str, actor: Account, terminal: str, **more: Any) -> None:
    body: dict[str, Any] = {
        "actor": actor_fields(actor, SEE, site_id=row.site_id), "terminal": terminal,
        "site": row.site.logged(), "camera": camera_fields(row.camera), "bookmark": str(row.pk),
        "from": clock.rfc3339(row.starts_at), "to": clock.rfc3339(row.ends_at, round_up=True), **more,
    }  # fmt: skip
    if row.case:
        body["case"] = row.case
    index = IndexFields(
        actor=str(actor.pk), camera=str(row.camera_id), site=str(row.site_id), case=row.case,
        terminal=terminal, footage_from=row.starts_at, footage_to=row.ends_at,
    )  # fmt: skip
    append(kind=kind, body=body, index=[index])
