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
