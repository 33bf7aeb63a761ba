"""Who works on a redaction: one at a time, not for ever, and nobody's late part under another's result."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cctv.core import clock
from cctv.redaction.models import Redaction, State
from cctv.redaction.rendering import making, work
from tests.footage.conftest import Room, body_of, room
from tests.redaction.rendering import helping, tiny_detector

__all__ = ["room"]

pytestmark = pytest.mark.django_db(databases=["default", "log"])
PAST = timedelta(seconds=1)


@pytest.fixture
def looked(room: Room, tmp_path: Path, settings: Any) -> Redaction:
    """One second that was looked at, of one segment."""
    settings.LETHE_REDACTION_DETECTOR = str(tiny_detector.write(tmp_path / "nobody.onnx"))
    helping.taken_in(room, room.starts_at, helping.walk(0, 10))
    return helping.worked(helping.begin(room, helping.viewing(room, 2), 1))


def result_of(redaction: Redaction) -> tuple[Any, ...]:
    row = helping.now(redaction)
    part = row.parts.get()
    return row.state, row.rendered_revision, row.result["sha256"], part.kept, part.sha256, helping.labels(row)


def test_a_worker_that_comes_too_late_puts_no_picture_under_the_result_of_the_next_one(
    room: Room, looked: Redaction, monkeypatch: pytest.MonkeyPatch
):
    """Its store was slow; its lease ran out, something was corrected, and another one rendered that."""
    later: list[Any] = []
    real = making._groups

    def slow(*told: Any) -> Iterator[Any]:
        yield from real(*told)
        if not later:
            later.append(None)
            rows = Redaction.objects.filter(pk=looked.pk)
            rows.update(lease_until=clock.now() - PAST, mode="reveal", revision=7)
            work._places.release()
            assert work.work_due() == 1
            work._places.acquire()
            later[0] = result_of(looked)

    monkeypatch.setattr(making, "_groups", slow)
    helping.send_to_review(looked)
    work.work_due()
    assert later[0][:2] == (State.REVIEW, 7)
    assert result_of(looked) == later[0]
    pictures = helping.shown(helping.second(room), looked)
    assert len(pictures) == 10
    assert len({helping.step_of(picture) for _at, picture in pictures}) == 1, "a scene in which nothing moves"


def test_a_part_that_is_not_the_one_of_the_result_is_not_shown(room: Room, looked: Redaction):
    redaction = helping.worked(helping.send_to_review(looked))
    client = helping.second(room)
    part = helping.addresses(client, redaction)[1]
    assert len(body_of(client.get(part))) == redaction.parts.get().size_bytes
    kept = redaction.parts.get().kept
    redaction.parts.update(kept=redaction.pk)
    assert client.get(part).status_code == 409
    redaction.parts.update(kept=kept, sha256="ab" * 32)
    assert client.get(part).status_code == 409


def dead(redaction: Redaction, **found: Any) -> None:
    """Whoever worked on it is no more."""
    Redaction.objects.filter(pk=redaction.pk).update(lease_until=clock.now() - PAST, **found)


def test_what_ends_its_worker_every_time_is_given_up_and_others_come_first(
    room: Room, looked: Redaction, monkeypatch: pytest.MonkeyPatch
):
    redaction = helping.send_to_review(looked)
    for attempt in range(1, work.MOST_ATTEMPTS + 1):
        taken = work._take()
        assert taken is not None
        assert taken[0].work_attempts == attempt
        dead(redaction)
    other = helping.begin(room, helping.viewing(room, 2), 1)
    Redaction.objects.filter(pk=redaction.pk).update(work_attempts=1)
    first = work._take()
    assert first is not None
    assert first[0].pk == other.pk, "it has not been tried yet"
    Redaction.objects.filter(pk=redaction.pk).update(work_attempts=work.MOST_ATTEMPTS)
    assert work._take() is None
    redaction = helping.now(redaction)
    assert (redaction.state, redaction.work, redaction.lease_token) == (State.EDITING, "", None)
    assert redaction.error_code == "redaction_work_failed"


def test_what_is_left_off_in_order_was_no_attempt(looked: Redaction, monkeypatch: pytest.MonkeyPatch):
    helping.send_to_review(looked)
    monkeypatch.setattr(work._Watch, "stopped", lambda _self: True)
    taken = work._take()
    assert taken is not None
    work._work(*taken)
    redaction = helping.now(looked)
    assert (redaction.work, redaction.work_attempts, redaction.lease_token) == ("render", 0, None)


def test_invariant_7_a_pause_that_a_wrong_clock_wrote_is_over(looked: Redaction):
    helping.send_to_review(looked)
    rows = Redaction.objects.filter(pk=looked.pk)
    rows.update(not_before=clock.now() + work.FIRST_PAUSE)
    assert work._take() is None
    rows.update(not_before=clock.now() + timedelta(days=900))
    assert work._take() is not None
