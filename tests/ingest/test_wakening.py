"""Watcher and tasks: a finished file is found within seconds, and messages carry ids only."""

import time

import pytest

from cctv.footage.models import Segment
from cctv.ingest import sweep, tasks, watcher

pytestmark = [pytest.mark.django_db(databases=["default", "log"], transaction=True), pytest.mark.measures]


@pytest.fixture
def sent(monkeypatch) -> list:
    """What was queued, instead of queueing it."""
    messages: list = []
    monkeypatch.setattr(
        tasks.sweep_source, "apply_async", lambda args, **options: messages.append((args, options))
    )
    return messages


def test_each_source_gets_a_message_of_its_own_with_its_id_only(office, sent):
    first = office.source()
    (office.home / "drop" / "b").mkdir()
    second = office.source(name="B", folder=str(office.home / "drop" / "b"))
    tasks.sweep_sources()
    assert sorted(args for args, _ in sent) == sorted([(str(first.pk),), (str(second.pk),)])
    assert all(options["expires"] for _, options in sent)


def test_what_has_not_settled_is_looked_at_once_more_soon(office, sent, variant):
    source = office.source()
    office.put(office.name(office.began()), variant(), settled=False)
    tasks.sweep_source(str(source.pk))
    ((args, options),) = sent
    assert args == (str(source.pk), False)
    assert options["countdown"] == pytest.approx(4.4)
    sent.clear()
    tasks.sweep_source(str(source.pk), False)
    assert sent == []


@pytest.mark.slow
def test_a_recording_is_browsable_within_15_s_of_its_end(office, variant, monkeypatch):
    """The watcher wakes a sweep by itself; the sweep runs here as a worker would run it."""
    source = office.source()
    done = []

    def run(args, **options):
        done.append(sweep.sweep_source(source_id=source.pk))

    monkeypatch.setattr(tasks.sweep_source, "apply_async", run)
    stop = watcher.start()
    try:
        time.sleep(0.8)
        office.put(office.name(office.began()), variant(), settled=False)
        closed = time.monotonic()
        while not Segment.objects.exists() and time.monotonic() - closed < 15:
            time.sleep(0.1)
        assert Segment.objects.exists()
        assert time.monotonic() - closed < 8
    finally:
        stop()
