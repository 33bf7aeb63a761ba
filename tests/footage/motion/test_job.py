"""Motion facts are made with the small picture, newest first, and never of what is gone."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from cctv.core import clock
from cctv.footage import sealed, thumbnails
from cctv.footage.models import Segment
from cctv.footage.motion.memory import UsualViews
from cctv.footage.thumbnails import make_thumbnails
from tests.footage.conftest import Room
from tests.footage.motion.conftest import LENGTH_S

pytestmark = pytest.mark.django_db(databases=["default", "log"])


def test_a_segment_that_is_purged_meanwhile_stays_gone(told: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    Segment.objects.update(motion=None)
    gone = Segment.objects.order_by("starts_at")[1]
    real = sealed.seal

    def purged_meanwhile(segment: Segment, part: str, data: bytes, **options: Any) -> bytes:
        Segment.objects.filter(pk=gone.pk).delete()
        return real(segment, part, data, **options)

    monkeypatch.setattr(sealed, "seal", purged_meanwhile)
    assert make_thumbnails() == 2
    assert not Segment.objects.filter(pk=gone.pk).exists()


@pytest.mark.both_databases
def test_footage_from_before_there_were_facts_is_caught_up_newest_first(told: Room) -> None:
    before = dict(Segment.objects.values_list("pk", "thumb_size_bytes"))
    Segment.objects.update(motion=None)
    for missing in (2, 1, 0):
        assert make_thumbnails(limit=1) == 1
        assert Segment.objects.filter(motion__isnull=True).count() == missing
        told_at = Segment.objects.filter(motion__isnull=False).earliest("starts_at").starts_at
        assert told_at == told.starts_at + timedelta(seconds=LENGTH_S * missing)
    assert make_thumbnails() == 0
    assert dict(Segment.objects.values_list("pk", "thumb_size_bytes")) == before, "pictures stay as they are"


def test_a_lost_small_picture_is_made_again_and_the_facts_stay_as_they_are(told: Room) -> None:
    before = {pk: bytes(motion or b"") for pk, motion in Segment.objects.values_list("pk", "motion")}
    Segment.objects.update(thumb_size_bytes=0)
    assert make_thumbnails() == 3
    assert Segment.objects.filter(thumb_size_bytes__gt=0).count() == 3
    assert {pk: bytes(motion or b"") for pk, motion in Segment.objects.values_list("pk", "motion")} == before


def test_the_task_goes_on_until_nothing_is_missing_or_its_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    batches = [5, 3, 0, 7, 2]
    monkeypatch.setattr(thumbnails, "make_thumbnails", lambda: batches.pop(0))
    assert thumbnails.keep_up() == 8
    assert thumbnails.keep_up(seconds=0) == 7
    assert batches == [2]


def test_a_recording_that_cannot_be_decoded_is_told_nothing_of_and_not_tried_again(
    told: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    Segment.objects.update(motion=None, thumb_size_bytes=0)
    monkeypatch.setattr("cctv.footage.media.stills.frames", lambda *_: iter(()))
    monkeypatch.setattr("cctv.footage.media.sampling.frames", lambda *_: iter(()))
    assert make_thumbnails() == 3
    rows = Segment.objects.values_list("motion", "thumb_size_bytes")
    assert [(bytes(motion or b"?"), size) for motion, size in rows] == [(b"?", -1)] * 3
    assert not Segment.objects.filter(motion__isnull=True).exists()
    assert make_thumbnails() == 0


def test_the_usual_view_is_kept_only_for_the_segment_that_follows() -> None:
    now = [0.0]
    views = UsualViews(most=2, clock=lambda: now[0])
    start = datetime(2026, 11, 22, tzinfo=clock.now().tzinfo)
    one, two, three = uuid4(), uuid4(), uuid4()
    first = views.take(one, start)
    views.keep(one, start, first)
    assert views.take(two, start) is not first
    assert views.take(one, start + timedelta(minutes=5)) is not first, "after a pause the view is another"
    assert views.take(one, start + timedelta(seconds=1)) is first
    for camera in (one, two, three):
        views.keep(camera, start, first)
    assert len(views) == 2
    now[0] = 601
    assert views.take(three, start) is not first
    assert len(views) == 0
