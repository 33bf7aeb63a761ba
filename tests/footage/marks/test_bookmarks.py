"""Bookmarks are for the colleagues of a site, and last no longer than the footage that they are about."""

from datetime import timedelta
from typing import Any

import pytest

from accesslog.errors import LogUnavailable
from cctv.core import clock
from cctv.footage.errors import OutsideViewing, ViewingClosed
from cctv.footage.marks import bookmarks, selectors
from cctv.footage.marks.errors import BookmarkRefused, UndoOver
from cctv.footage.marks.models import Bookmark
from cctv.footage.models import CloseReason, Segment
from cctv.footage.viewing import close_viewing
from cctv.people.models import Account, Role, RoleGrant
from cctv.people.policy import Forbidden
from tests.footage.conftest import TERMINAL, Room
from tests.footage.test_viewing import kinds, last_body

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "log"])
SECOND = timedelta(seconds=1)


def make(room: Room, **options: Any) -> Bookmark:
    session = options.pop("session", None) or room.open()
    values = {"camera": room.gate, "starts_at": room.starts_at + SECOND, "note": "a van", "case": "2026-118"}
    return bookmarks.make(session, **{**values, **options})


def ms(moment: Any) -> int:
    return round(moment.timestamp() * 1000)


def test_a_bookmark_of_a_moment_or_a_stretch_is_listed_in_the_room_and_on_the_sites_page(room: Room) -> None:
    session = room.open()
    client = room.client(room.operator)
    url = f"/viewings/{session.pk}/bookmarks.json"
    at = ms(room.starts_at + SECOND)
    fields = {"camera": "gate", "starts_at": at, "note": "a van", "case": "2026-118"}
    assert client.post(url, fields).status_code == 201
    assert client.post(url, {**fields, "ends_at": at + 3000, "note": "it stops"}).status_code == 201
    found = client.get(url).json()["bookmarks"]
    assert [(row["from"], row["to"] - row["from"], row["note"]) for row in found] == [
        (at, 1, "a van"), (at, 3000, "it stops"),
    ]  # fmt: skip
    assert all(row["change"] and row["remove"] for row in found)
    assert "it stops" in client.get("/sites/seoul/bookmarks/?case=2026-118").content.decode()
    assert "it stops" not in client.get("/sites/seoul/bookmarks/?case=other").content.decode()
    body = last_body("bookmark.made")
    assert (body["viewing"], body["case"]) == (str(session.pk), "2026-118")
    assert "it stops" not in str(body), "what a note says goes with the footage, not into the log"


def test_a_bookmark_needs_a_note_an_open_viewing_and_something_recorded(room: Room) -> None:
    session = room.open()
    with pytest.raises(BookmarkRefused):
        make(room, session=session, note=" ")
    with pytest.raises(OutsideViewing):
        make(room, session=session, starts_at=room.starts_at - SECOND)
    with pytest.raises(BookmarkRefused):
        make(room, session=session, starts_at=room.starts_at + 30 * SECOND)
    close_viewing(session, reason=CloseReason.USER)
    with pytest.raises(ViewingClosed):
        make(room, session=session)
    assert "bookmark.made" not in kinds()


def test_nothing_is_noted_when_the_log_is_down(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    session = room.open()

    def down(**_: Any) -> None:
        raise LogUnavailable

    monkeypatch.setattr(bookmarks, "append", down)
    with pytest.raises(LogUnavailable):
        make(room, session=session)
    assert not Bookmark.objects.exists()


def test_colleagues_see_each_others_and_change_their_own(room: Room) -> None:
    RoleGrant.objects.create(account=room.elsewhere, role=Role.OPERATOR, site=room.site)
    made = make(room)
    with pytest.raises(Forbidden):
        bookmarks.change(made, actor=room.elsewhere, terminal=TERMINAL, note="mine", case="")
    with pytest.raises(Forbidden):
        bookmarks.remove(made, actor=room.elsewhere, terminal=TERMINAL)
    client = room.client(room.elsewhere)
    assert "a van" in client.get("/sites/seoul/bookmarks/").content.decode()
    own = room.client(room.operator)
    assert own.post(f"/sites/seoul/bookmarks/{made.pk}/", {"note": "a lorry"}).status_code == 302
    made.refresh_from_db()
    assert (made.note, made.case) == ("a lorry", "")
    assert kinds().count("bookmark.changed") == 1


def test_what_was_removed_comes_back_for_a_while_and_for_the_same_person(room: Room) -> None:
    RoleGrant.objects.create(account=room.elsewhere, role=Role.OPERATOR, site=room.site)
    made = make(room)
    client = room.client(room.operator)
    answer = client.post(f"/sites/seoul/bookmarks/{made.pk}/remove/", headers={"Accept": "application/json"})
    token = answer.json()["undo"]
    assert not Bookmark.objects.exists()
    with pytest.raises(UndoOver):
        bookmarks.restore(token, actor=room.elsewhere, terminal=TERMINAL)
    with pytest.raises(UndoOver):
        bookmarks.restore(f"{token}x", actor=room.operator, terminal=TERMINAL)
    for _twice in range(2):
        assert client.post("/sites/seoul/bookmarks/restore/", {"undo": token}).status_code == 302
    back = Bookmark.objects.get()
    assert (back.pk, back.note, back.case, back.starts_at, back.made_at) == (
        made.pk, made.note, made.case, made.starts_at, made.made_at,
    )  # fmt: skip
    assert kinds()[-3:] == ["bookmark.made", "bookmark.removed", "bookmark.made"]
    assert last_body("bookmark.made")["again"] is True
    Segment.objects.all().delete()
    with pytest.raises(UndoOver):
        bookmarks.restore(token, actor=room.operator, terminal=TERMINAL)


def test_the_privacy_officer_may_remove_a_note_and_not_write_one(room: Room) -> None:
    officer = Account.objects.create_user("officer@example.org", "pw", name="Officer", employer="Hub")
    RoleGrant.objects.create(account=officer, role=Role.PRIVACY_OFFICER, site=room.site)
    made = make(room)
    client = room.client(officer)
    assert client.get(f"/sites/seoul/bookmarks/{made.pk}/").status_code == 403
    removed = client.post(f"/sites/seoul/bookmarks/{made.pk}/remove/")
    assert b"Undo" in removed.content
    assert not Bookmark.objects.exists()


@pytest.mark.both_databases
def test_invariant_3_a_bookmark_is_in_no_list_once_its_footage_has_expired(room: Room) -> None:
    made = make(room)
    assert list(selectors.bookmarks(site=room.site)) == [made]
    Segment.objects.filter(starts_at__gt=room.starts_at).update(expires_at=clock.now() + 30 * SECOND)
    now = clock.now()
    Segment.objects.filter(starts_at=room.starts_at).update(expires_at=now, ends_at=now - SECOND)
    assert not list(selectors.bookmarks(site=room.site))
    assert room.client(room.operator).get(f"/sites/seoul/bookmarks/{made.pk}/").status_code == 404
    assert bookmarks.drop_bookmarks() == 0, "invariant 7: the clock alone removes nothing"
    Segment.objects.filter(starts_at=room.starts_at).delete()
    assert bookmarks.drop_bookmarks() == 1
