"""The second person: nobody approves their own, nothing that was not shown, nothing but this result."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accesslog.errors import LogUnavailable
from accesslog.models import LogEntry
from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.footage.models import Segment
from cctv.footage.restrictions import services as restrictions
from cctv.people.models import RoleGrant
from cctv.redaction.errors import RedactionGone
from cctv.redaction.models import Redaction, RedactionReview, State, Verdict
from cctv.redaction.review import services
from cctv.redaction.review.errors import NotApproved, NothingToReview
from cctv.vault import past
from tests.footage.conftest import TERMINAL
from tests.people.cast import give_password
from tests.redaction.editing.conftest import kinds_logged

from .conftest import RESULT, SHA256, Waiting, colleague

pytestmark = pytest.mark.django_db(databases=["default", "log"])


def refused(waiting: Waiting) -> str:
    """Why nothing of it may be handed out."""
    with pytest.raises(LetheError) as error:
        services.require_approved(waiting.redaction)
    return str(error.value.code)


def test_a_second_person_steps_through_the_moments_and_approves_this_result(waiting: Waiting) -> None:
    assert refused(waiting) == NotApproved.code
    keys = waiting.keys()
    assert len(keys) > 1
    assert waiting.watch() == RESULT
    assert waiting.look_at(keys[0]).json() == {"left": len(keys) - 1}
    assert waiting.look_at(*keys).json() == {"left": 0}
    assert waiting.decide("approve", "well done").status_code == 302
    review = services.require_approved(waiting.redaction)
    assert (review.reviewer, review.result_sha256, review.remark) == (waiting.reviewer, SHA256, "well done")
    entry = LogEntry.objects.using("log").get(index=review.decided_entry or -1)
    assert entry.kind == "redaction.approved"
    assert kinds_logged()[-3:] == ["redaction.review_began", "redaction.shown", "redaction.approved"]
    assert waiting.decide("return", "too late").status_code == 409


def test_whoever_made_or_corrected_it_does_not_review_it(waiting: Waiting) -> None:
    room = waiting.desk.room
    for account in (room.operator, waiting.reviewer):
        for role in ("operator", "approver"):
            RoleGrant.objects.get_or_create(account=account, role=role, site=room.site)
    # What the colleague decided was undone, and counts all the same.
    waiting.redaction.edits.create(number=2, kind="style", made_by=waiting.reviewer, undone=True)
    for account in (room.operator, waiting.reviewer):
        client = room.client(account)
        give_password(client, account)
        for answer in (client.get(waiting.url("review/")), waiting.decide("approve", client=client)):
            assert answer.status_code == 403
            assert "somebody else has to review it" in answer.content.decode()
        assert "review/" not in client.get(waiting.url()).content.decode()
    assert not RedactionReview.objects.exists()


def test_a_review_that_began_before_its_reviewer_corrected_something_ends_there(waiting: Waiting) -> None:
    review = waiting.begun()
    waiting.redaction.edits.create(number=2, kind="style", made_by=waiting.reviewer, undone=True)
    with pytest.raises(LetheError) as error:
        services.approve(review=review, actor=waiting.reviewer, terminal=TERMINAL)
    assert error.value.code == "own_redaction"


def test_invariant_8_elsewhere_it_is_not_there_and_without_the_role_it_is_refused(waiting: Waiting) -> None:
    room = waiting.desk.room
    foreign = room.client(room.elsewhere)
    assert foreign.get(waiting.url("review/")).status_code == 403  # no role anywhere
    assert room.client(room.administrator).get(waiting.url("review/")).status_code == 403
    assert waiting.client.get("/redactions/RD-1999-0001/review/").status_code == 404
    assert "redaction.review_began" not in kinds_logged()


def test_what_was_not_looked_at_or_not_sent_is_not_approved(waiting: Waiting) -> None:
    waiting.look_at(*waiting.keys())
    assert waiting.decide("approve").status_code == 409  # no part of it was sent
    RedactionReview.objects.update(moments=[])
    waiting.watch()
    assert waiting.decide("approve").status_code == 409  # no moment was looked at
    assert refused(waiting) == NotApproved.code
    assert "redaction.approved" not in kinds_logged()


def test_a_part_that_was_broken_off_or_sent_to_somebody_else_was_not_shown(waiting: Waiting) -> None:
    waiting.look_at(*waiting.keys())
    broken: Any = waiting.client.get(waiting.url("result/0.m4s"))
    assert next(iter(broken.streaming_content)) == RESULT  # and nobody asked whether there is more
    _account, other = colleague(waiting.desk.room, name="third")
    b"".join(other.get(waiting.url("result/0.m4s")).streaming_content)  # type: ignore[attr-defined]
    assert RedactionReview.objects.get().sent == []
    assert waiting.decide("approve").status_code == 409


def test_only_moments_that_there_are_count(waiting: Waiting) -> None:
    waiting.keys()
    assert waiting.look_at("nothing", "x" * 1000).json()["left"] > 0
    assert RedactionReview.objects.get().moments == []
    for sent in ("", "[]", "{}", '{"keys": 7}', "\xff", "[" * 100_000):
        answer = waiting.client.post(
            waiting.url("review/moments.json"), sent, content_type="application/json"
        )
        assert answer.status_code == 400


def test_approving_asks_for_the_password_and_returning_does_not(waiting: Waiting) -> None:
    keys = waiting.keys()
    waiting.watch()
    waiting.look_at(*keys)
    fresh = waiting.desk.room.client(waiting.reviewer)
    asked = waiting.decide("approve", client=fresh)
    assert asked.status_code == 302
    assert "reauthenticate" in asked["Location"]
    assert waiting.redaction.state == State.REVIEW
    assert waiting.decide("return", "The left one is to be seen.", client=fresh).status_code == 302
    assert waiting.redaction.state == State.EDITING


def test_it_is_returned_with_a_remark_and_may_come_back_unchanged(waiting: Waiting) -> None:
    answer = waiting.decide("return", "  ")
    assert answer.status_code == 400
    assert "Say what has to be changed." in answer.content.decode()
    assert waiting.decide("return", "Cover the screen.").status_code == 302
    row = RedactionReview.objects.get()
    assert (row.verdict, row.remark, row.result_sha256) == (Verdict.RETURNED, "Cover the screen.", SHA256)
    assert "Cover the screen." in waiting.client.get(waiting.url()).content.decode()
    assert waiting.client.get(waiting.url("review/")).status_code == 409
    waiting.rendered()
    assert waiting.approved().pk != row.pk


def test_any_later_change_takes_the_approval_away(waiting: Waiting) -> None:
    waiting.approved()
    assert waiting.desk.decide("style", style="blur").status_code == 200
    assert waiting.redaction.state == State.EDITING
    assert refused(waiting) == NotApproved.code
    waiting.rendered()
    assert refused(waiting) == NotApproved.code


@pytest.mark.parametrize(
    "change",
    [{"state": State.REVIEW}, {"state": State.CANCELLED}, {"rendered_revision": 0}, {"revision": 9},
     {"result": {}}, {"result": {"sha256": "cd" * 32, "width": 64, "height": 48}}],
)  # fmt: skip
def test_nothing_but_what_was_approved_may_be_handed_out(waiting: Waiting, change: dict[str, Any]) -> None:
    waiting.approved()
    Redaction.objects.filter(pk=waiting.redaction.pk).update(**change)
    with pytest.raises(LetheError):
        services.require_approved(waiting.redaction)


def test_another_result_under_the_same_revision_is_not_what_was_looked_at(waiting: Waiting) -> None:
    review = waiting.begun()
    keys = waiting.keys()
    waiting.watch()
    waiting.look_at(*keys)
    review.refresh_from_db()
    Redaction.objects.update(result={"sha256": "cd" * 32, "width": 64, "height": 48})
    with pytest.raises(NothingToReview):
        services.approve(review=review, actor=waiting.reviewer, terminal=TERMINAL)
    assert waiting.decide("approve").status_code == 409
    again = RedactionReview.objects.get()
    assert (again.moments, again.sent, again.result_sha256) == ([], [], "cd" * 32)
    assert "redaction.approved" not in kinds_logged()


def restrict(waiting: Waiting) -> None:
    redaction, room = waiting.redaction, waiting.desk.room
    officer, _client = colleague(room, "privacy_officer", "officer")
    restrictions.place(
        actor=officer, terminal=TERMINAL, site=room.site, cameras=[room.gate], starts_at=redaction.starts_at,
        ends_at=redaction.ends_at, ground="objection", reason="somebody objected",
    )  # fmt: skip


def test_what_is_restricted_meanwhile_is_neither_shown_nor_approved(waiting: Waiting) -> None:
    keys = waiting.keys()
    waiting.watch()
    waiting.look_at(*keys)
    restrict(waiting)
    for name in ("review/", "result/0.m4s"):
        assert waiting.client.get(waiting.url(name)).status_code in (403, 423, 451, 409)
    assert waiting.decide("approve").status_code >= 400
    assert waiting.redaction.state == State.REVIEW


def test_what_was_approved_and_is_restricted_later_is_not_handed_out(waiting: Waiting) -> None:
    waiting.approved()
    restrict(waiting)
    assert "restrict" in refused(waiting)


def test_invariant_3_once_the_footage_has_ended_nothing_of_it_is_reviewed_or_handed_out(
    waiting: Waiting,
) -> None:
    waiting.approved()
    Redaction.objects.update(state=State.REVIEW)
    end(waiting)
    for name in ("review/", "result/index.m3u8", "result/init.mp4", "result/0.m4s"):
        answer = waiting.client.get(waiting.url(name))
        assert answer.status_code == 410, name
    assert waiting.decide("approve").status_code == 410
    Redaction.objects.update(state=State.APPROVED)
    assert refused(waiting) == RedactionGone.code


def end(waiting: Waiting) -> None:
    """The footage's time is over; no purge has run."""
    Segment.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    past.forget()


def test_pages_of_what_has_ended_say_so_and_offer_nothing(waiting: Waiting) -> None:
    operator = waiting.desk.room.client(waiting.desk.room.operator)
    before = operator.get(waiting.url()).content.decode()
    assert waiting.url("edit/") in before
    assert "has ended" not in before
    assert waiting.url("review/") in waiting.client.get(waiting.url()).content.decode()
    end(waiting)
    for client in (operator, waiting.client):
        page = client.get(waiting.url()).content.decode()
        assert "The footage has ended" in page
        for name in ("edit/", "review/", "again/"):
            assert waiting.url(name) not in page
        assert "Footage ended" in client.get("/redactions/").content.decode()
    assert operator.get(waiting.url("edit/")).status_code == 410
    found = waiting.client.get("/redactions/").context["found"]
    assert ([*found.waiting, *found.others_wait], [row.pk for row in found.too_late]) == (
        [], [waiting.redaction.pk],
    )  # fmt: skip


def test_invariant_1_with_the_log_down_nothing_is_begun_shown_or_decided(
    waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(**_entry: Any) -> None:
        raise LogUnavailable

    with monkeypatch.context() as patched:
        patched.setattr("cctv.redaction.services.append", down)
        assert waiting.client.get(waiting.url("review/")).status_code == 503
        assert waiting.client.get(waiting.url("result/0.m4s")).status_code == 503
    keys = waiting.keys()
    waiting.watch()
    waiting.look_at(*keys)
    with monkeypatch.context() as patched:
        patched.setattr("cctv.redaction.services.append", down)
        for verdict in ("approve", "return"):
            assert waiting.decide(verdict, "because").status_code == 503
    assert waiting.redaction.state == State.REVIEW
    assert RedactionReview.objects.get().decided_at is None
    assert waiting.decide("approve").status_code == 302


def test_masks_that_were_drawn_meanwhile_are_not_in_it(waiting: Waiting) -> None:
    waiting.approved()
    Redaction.objects.update(parameters={"masks": "others"})
    assert "masks" in refused(waiting)


def test_the_list_says_whose_turn_it_is(waiting: Waiting) -> None:
    mine = waiting.client.get("/redactions/").context["found"]
    assert ([row.number for row in mine.waiting], mine.others_wait) == ([waiting.redaction.number], [])
    maker = waiting.desk.room.client(waiting.desk.room.operator).get("/redactions/").context["found"]
    assert (maker.waiting, len(maker.others_wait)) == ([], 1)
    waiting.approved()
    assert [row.number for row in waiting.client.get("/redactions/").context["found"].over]
    for query in ("x", "-1", "9" * 9, "30"):
        assert waiting.client.get("/redactions/", {"from": query}).status_code == 200


def test_what_a_cancelled_one_still_has_is_removed_later(waiting: Waiting) -> None:
    from cctv.footage.derived.models import Derived
    from cctv.redaction.tasks import remove_cancelled

    assert remove_cancelled() == 0
    Redaction.objects.update(state=State.CANCELLED)
    assert remove_cancelled() == 1
    assert not Derived.objects.filter(owner=waiting.redaction.pk).exists()
    assert remove_cancelled() == 0
