"""How a batch of small pictures and facts shares its time: nothing new waits for the facts of a long file."""

import threading
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from cctv.footage import thumbnails
from cctv.footage.media.motion import watch
from cctv.footage.models import Segment
from cctv.footage.thumbnails import make_thumbnails
from tests.footage.conftest import Room
from tests.footage.motion.conftest import LENGTH_S

pytestmark = pytest.mark.django_db(databases=["default", "log"])


def lacking() -> tuple[int, int]:
    """How many lack their picture, how many their facts."""
    rows = Segment.objects.all()
    return rows.filter(thumb_size_bytes=0).count(), rows.filter(motion__isnull=True).count()


def test_pictures_come_first_and_a_batch_begins_nothing_after_its_time(
    told: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    Segment.objects.update(motion=None, thumb_size_bytes=0)
    now, real, left = [0.0], watch, []

    def slow(*args: Any, **options: Any) -> Any:
        left.append(lacking()[0])
        now[0] += 20
        return real(*args, **options)

    monkeypatch.setattr(thumbnails, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(thumbnails, "watch", slow)
    assert make_thumbnails(seconds=30) == 3
    assert lacking() == (0, 1)
    assert left == [0, 0], "all pictures are there before the first facts are begun"
    assert make_thumbnails(seconds=30) == 1
    assert lacking() == (0, 0)


def test_a_batch_takes_one_long_file_and_that_last(told: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    Segment.objects.update(motion=None)
    monkeypatch.setattr(thumbnails, "LONG", timedelta(seconds=LENGTH_S - 1))
    short = Segment.objects.earliest("starts_at")
    Segment.objects.filter(pk=short.pk).update(ends_at=short.starts_at + timedelta(seconds=2))
    order: list[Any] = []
    real = thumbnails._motion

    def noted(job: Any, each: Segment) -> dict[str, Any]:
        order.append(each.pk)
        return real(job, each)

    monkeypatch.setattr(thumbnails, "_motion", noted)
    assert make_thumbnails() == 2
    assert order == [short.pk, Segment.objects.latest("id").pk]
    assert lacking() == (0, 1)


def test_pictures_are_made_while_the_facts_of_a_long_file_are(
    told: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    Segment.objects.filter(pk=Segment.objects.latest("id").pk).update(motion=None)
    real, made = watch, []

    def long(*args: Any, **options: Any) -> Any:
        Segment.objects.update(thumb_size_bytes=0)
        made.append(make_thumbnails())
        return real(*args, **options)

    monkeypatch.setattr(thumbnails, "watch", long)
    monkeypatch.setattr(thumbnails, "at_leisure", lambda work: work())  # it asks in this transaction
    assert make_thumbnails() == 1
    assert made == [3]
    assert lacking() == (0, 0)


def test_what_another_process_made_meanwhile_is_not_made_again(
    told: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    Segment.objects.update(motion=None)
    real, looked = watch, []

    def beside(*args: Any, **options: Any) -> Any:
        looked.append(1)
        Segment.objects.filter(motion__isnull=True).update(motion=b"theirs")
        return real(*args, **options)

    monkeypatch.setattr(thumbnails, "watch", beside)
    monkeypatch.setattr(thumbnails, "at_leisure", lambda work: work())
    make_thumbnails()
    assert len(looked) == 1


def test_a_process_that_is_asked_to_end_begins_no_further_segment(
    told: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    Segment.objects.update(motion=None, thumb_size_bytes=0)
    asked = threading.Event()
    asked.set()
    monkeypatch.setattr(thumbnails, "leaving", asked)
    assert thumbnails.keep_up() == 0
    assert lacking() == (3, 3)
