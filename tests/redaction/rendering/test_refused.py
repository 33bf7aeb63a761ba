"""What may have come between a result and who wants to see it: masks, restrictions, expiry, the log."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from accesslog.errors import LogUnavailable
from accesslog.models import LogEntry
from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.footage.models import Segment
from cctv.footage.restrictions.models import Restriction
from cctv.people.models import Account, RoleGrant
from cctv.redaction import services
from cctv.redaction.errors import NoResult, OtherMasks, WorkFailed
from cctv.redaction.models import Redaction, State, Work
from cctv.redaction.rendering import showing, work
from cctv.redaction.review import events as reviewing
from cctv.redaction.review import services as review
from tests.footage.conftest import TERMINAL, Room, room
from tests.redaction.rendering import helping, tiny_detector

__all__ = ["room"]

pytestmark = pytest.mark.django_db(databases=["default", "log"])
# One half in every picture, the other in copies.
CORNER: list[Any] = [
    [[0.0, 0.0], [0.2, 0.0], [0.2, 0.4], [0.0, 0.4]],
    {"copies": [[0.2, 0.0], [0.4, 0.0], [0.4, 0.4], [0.2, 0.4]]},
]


def restricted(room: Room) -> Restriction:
    row = Restriction.objects.create(
        site=room.site, starts_at=room.starts_at, ends_at=room.starts_at + timedelta(seconds=1),
        ground="subject", reason="contested", placed_by=room.operator,
    )  # fmt: skip
    row.cameras.add(room.yard)
    return row


def test_invariant_1_a_result_is_masked_and_leaves_only_while_nothing_stands_against_it(
    room: Room, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
):
    settings.LETHE_REDACTION_DETECTOR = str(tiny_detector.write(tmp_path / "nobody.onnx"))
    room.yard.privacy_masks = CORNER
    room.yard.save()
    helping.taken_in(room, room.starts_at, helping.walk(8, 10))
    redaction = helping.worked(helping.begin(room, helping.viewing(room, 5), 1, style="blur"))
    redaction = helping.worked(helping.send_to_review(redaction))
    assert (redaction.state, redaction.error) == (State.REVIEW, "")
    client = helping.second(room)
    part = helping.addresses(client, redaction)[1]

    with monkeypatch.context() as away:

        def refuse(**_entry: Any) -> None:
            raise LogUnavailable

        away.setattr(services, "append", refuse)
        assert client.get(part).status_code == 503
    assert not LogEntry.objects.using("log").filter(kind="redaction.shown").exists()

    for _at, picture in helping.shown(client, redaction):
        assert picture[:32, :48].std() < 3, "the mask is plain, also where covers are blurred"

    row = restricted(room)
    assert client.get(part).status_code == 403
    row.delete()
    room.yard.privacy_masks = [*CORNER, {"copies": [[0.8, 0.8], [1, 0.8], [1, 1]]}]
    room.yard.save()
    assert client.get(part).status_code == 409
    room.yard.privacy_masks = CORNER
    room.yard.save()
    assert client.get(part).status_code == 200
    Segment.objects.filter(camera=room.yard).update(expires_at=clock.now() + timedelta(seconds=1))
    with clock.pretend(clock.now() + timedelta(minutes=1)):
        assert client.get(part).status_code == 410


def test_what_was_changed_after_a_failure_is_not_rendered_without_being_sent_to_review(room: Room):
    """The log has been told of another revision than the one that would be rendered."""
    helping.taken_in(room, room.starts_at, helping.walk(0, 2))
    redaction = helping.begin(room, helping.viewing(room, 5), 1)
    client = room.client(room.operator)
    address = f"/redactions/{redaction.number}/again/"
    row = Redaction.objects.filter(pk=redaction.pk)
    row.update(state=State.RENDERING, work=Work.RENDER, revision=3, work_attempts=work.MOST_ATTEMPTS - 1)
    taken = work._take()
    assert taken is not None
    work._failed(*taken, WorkFailed())
    page = f"/redactions/{redaction.number}/"
    assert f'action="{address}"' in client.get(page).content.decode()
    row.update(revision=4)
    assert f'action="{address}"' not in client.get(page).content.decode(), "it would be refused"
    assert client.post(address, headers={"accept": "application/json"}).status_code == 409
    assert (helping.now(redaction).state, helping.now(redaction).work) == (State.EDITING, Work.NONE)
    row.update(revision=3)
    assert client.post(address).status_code == 302
    assert (helping.now(redaction).state, helping.now(redaction).work) == (State.RENDERING, Work.RENDER)


def test_what_was_approved_is_not_ended_by_one_alone(room: Room):
    helping.taken_in(room, room.starts_at, helping.walk(0, 2))
    redaction = helping.begin(room, helping.viewing(room, 5), 1)
    client = room.client(room.operator)
    Redaction.objects.filter(pk=redaction.pk).update(state=State.APPROVED, work=Work.NONE)
    assert client.post(f"/redactions/{redaction.number}/cancel/").status_code == 409
    assert helping.now(redaction).state == State.APPROVED
    assert not LogEntry.objects.using("log").filter(kind="redaction.cancelled").exists()
    Redaction.objects.filter(pk=redaction.pk).update(state=State.EDITING)
    assert client.post(f"/redactions/{redaction.number}/cancel/").status_code == 302
    assert helping.now(redaction).state == State.CANCELLED


def edited(redaction: Redaction) -> None:
    Redaction.objects.filter(pk=redaction.pk).update(revision=9, state=State.EDITING)


def masked(redaction: Redaction) -> None:
    redaction.camera.privacy_masks = CORNER
    redaction.camera.save()


def role_taken(_redaction: Redaction) -> None:
    RoleGrant.objects.filter(account__email="approver-2@example.org").delete()


@pytest.mark.parametrize(
    ("change", "error"), [(edited, NoResult), (masked, OtherMasks), (role_taken, LetheError)]
)
def test_invariant_1_a_part_is_cut_off_when_something_comes_in_between(
    change: Callable[[Redaction], None], error: type[Exception], room: Room, tmp_path: Path, settings: Any,
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    settings.LETHE_REDACTION_DETECTOR = str(tiny_detector.write(tmp_path / "nobody.onnx"))
    helping.taken_in(room, room.starts_at, helping.walk(0, 3))
    redaction = helping.worked(helping.begin(room, helping.viewing(room, 5), 1))
    redaction = helping.worked(helping.send_to_review(redaction))
    monkeypatch.setattr(showing, "PIECE_BYTES", 512)
    helping.second(room)
    actor = Account.objects.get(email="approver-2@example.org")
    pieces, size, _entry = showing.part(redaction, 0, actor=actor, terminal=TERMINAL, receipt_index=None)
    assert size > 1024
    assert len(next(pieces)) == 512
    change(helping.now(redaction))
    with pytest.raises(error):
        next(pieces)


def test_an_entry_of_a_review_covers_all_of_the_span(room: Room):
    helping.taken_in(room, room.starts_at, helping.walk(0, 2))
    redaction = helping.begin(room, helping.viewing(room, 5), 1)
    redaction.ends_at += timedelta(microseconds=1)
    said = (reviewing.REVIEWED, redaction, room.operator, TERMINAL)
    receipt = review.log_about(*said, {}, event_id=uuid4())
    assert receipt.body["to"] == clock.rfc3339(redaction.ends_at, round_up=True)
