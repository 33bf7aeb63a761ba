"""What comes a second time: a survivor whose key has moved, and what was erased on request."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from accesslog.models import LogEntry
from cctv.core import clock
from cctv.footage.models import ErasedSpan, Segment
from cctv.ingest import again, quarantine
from cctv.ingest.admission import take_in
from cctv.ingest.arrivals import Stream
from cctv.ingest.incoming import Incoming
from cctv.ingest.models import Quarantined
from cctv.vault import services as vault
from cctv.vault.models import Epoch, EpochState
from tests.media.clips import clip

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.both_databases]


def move(row: Any) -> None:
    """Give the row's epoch another key, move the row, destroy the old key: as a run does."""
    old = row.epoch
    new = vault.rekey_epoch(old)
    row.wrapped_key = vault.rewrap(bytes(row.wrapped_key), old=old, new=new)
    row.epoch = new
    row.save()
    vault.destroy_epochs([old.key_id])


def jobs() -> int:
    return LogEntry.objects.filter(kind="vault.job").count()


@pytest.mark.parametrize("audio", [None, "aac"])
def test_a_survivor_that_comes_again_after_its_key_moved_is_not_stored_twice(office, audio):
    data, start = clip(seconds=2, audio=audio), office.began()
    segment = office.admit(data, start=start).segment
    move(segment)

    second = office.admit(data, start=start)

    assert (second.outcome, second.segment) == ("duplicate", segment)
    assert (Segment.objects.count(), Quarantined.objects.count()) == (1, 0)
    assert office.objects() == office.expected_objects()
    looked = jobs()
    assert looked, "opening the index is logged"
    assert office.admit(data, start=start).outcome == "duplicate"
    assert jobs() == looked, "the second time its new tag is enough"


def test_another_recording_at_the_time_of_a_moved_one_is_no_duplicate(office, variant):
    start = office.began()
    move(office.admit(variant(), start=start).segment)
    other = office.admit(variant(1), start=start)
    assert (other.outcome, other.reason.code) == ("quarantined", "overlap")


def test_what_is_in_quarantine_and_comes_again_after_its_key_moved_is_not_stored_twice(office):
    first = office.admit(b"no video" * 500, original_name="a.mp4").quarantined
    move(first)
    second = office.admit(b"no video" * 500, original_name="a.mp4")
    assert (second.outcome, second.quarantined) == ("quarantined", first)
    other = office.admit(b"no VIDEO" * 500, original_name="a.mp4")
    assert other.quarantined != first
    assert Quarantined.objects.count() == 2


def erased(segment: Segment) -> None:
    """As after an erasure and the run that followed it."""
    ErasedSpan.objects.create(
        camera=segment.camera, starts_at=segment.starts_at, ends_at=segment.ends_at, until=segment.expires_at
    )
    segment.delete()
    vault.delete_object(segment.sealed_name)


def test_what_was_erased_is_never_taken_in_again_and_its_source_goes(office, variant):
    source, data, start = office.source(), variant(), office.began()
    path = office.put(office.name(start), data)
    swept = office.sweep(source)
    assert swept.outcomes == {"live": 1}
    erased(Segment.objects.get())

    path = office.put(office.name(start), data)
    swept = office.sweep(source)

    assert swept.outcomes == {"erased": 1}
    assert not path.exists()
    assert (Segment.objects.count(), Quarantined.objects.count()) == (0, 0)
    assert not office.objects(), "nothing of it is stored"


def test_what_was_erased_stays_out_in_another_cut_that_is_broken_or_of_another_content(office, variant):
    start = office.began()
    data = variant()
    erased(office.admit(data, start=start).segment)
    assert office.admit(variant(1), start=start).outcome == "erased", "the span counts, not the bytes"
    assert office.admit(data[:200], start=start).outcome == "erased"
    assert not office.objects()


def test_neighbours_other_cameras_and_later_times_are_taken_in(office, variant):
    start = office.began()
    segment = office.admit(variant(), start=start).segment
    erased(segment)
    assert office.admit(variant(1), start=segment.ends_at).outcome == "live"
    assert office.admit(variant(), camera=office.yard, start=start).outcome == "live"
    ErasedSpan.objects.update(until=start)
    assert office.admit(variant(), start=start).outcome == "live", "its own time would be over"


def test_what_was_erased_in_quarantine_is_known_by_its_claimed_start(office, variant):
    start = office.began()
    ErasedSpan.objects.create(
        camera=office.gate, starts_at=start, ends_at=start, until=start + timedelta(days=30)
    )
    assert office.admit(variant(), start=start).outcome == "erased"


def comes_again(office: Any, data: bytes, starts: tuple[datetime, ...], ended_at: datetime | None) -> Any:
    """From a folder whose names do not tell which of two starts is meant; outcome and whether it went."""
    went: list[bool] = []
    incoming = Incoming(
        site=office.site, camera=office.gate, starts=starts, origin="folder", original_name="a.mp4",
        modified_at=ended_at,
    )  # fmt: skip
    admission = take_in(incoming, Stream(iter([data])), remove=lambda: went.append(True))
    assert went
    return admission


@pytest.mark.parametrize("erased_first", [True, False])
def test_invariant_5_an_erased_half_of_a_repeated_hour_takes_nothing_of_its_twin(
    office, variant, erased_first
):
    starts = (office.began(100), office.began(40))
    gone, twin = starts if erased_first else starts[::-1]
    segment = office.admit(variant(), start=gone).segment
    length = segment.ends_at - segment.starts_at
    erased(segment)
    assert comes_again(office, variant(), starts, gone + length).outcome == "erased"
    assert comes_again(office, variant(1), starts, twin + length).outcome == "live"
    assert Segment.objects.get().starts_at == twin


def test_invariant_5_what_cannot_be_placed_in_a_repeated_hour_is_kept_though_one_half_was_erased(
    office, variant
):
    starts = (office.began(100), office.began(40))
    erased(office.admit(variant(), start=starts[1]).segment)
    for data in (variant(1), variant(1)[:200]):  # the second is no video: nobody knows how long it is
        admission = comes_again(office, data, starts, None)
        assert admission.outcome == "quarantined"
    erased(office.admit(variant(), start=starts[0]).segment)
    for data in (variant(2), variant(2)[:200]):
        assert comes_again(office, data, starts, None).outcome == "erased", "whichever it is, it was erased"


def test_what_was_erased_in_quarantine_because_nothing_told_its_half_stays_out(office, variant):
    starts = (office.began(100), office.began(40))
    row = comes_again(office, variant(), starts, None).quarantined
    ErasedSpan.objects.create(
        camera=office.gate, starts_at=row.claimed_start, ends_at=row.claimed_start, until=row.expires_at
    )
    assert comes_again(office, variant(), starts, None).outcome == "erased"


def test_an_erasure_between_the_look_and_the_commit_still_keeps_it_out(office, variant, monkeypatch):
    start, data = office.began(), variant()
    segment = office.admit(data, start=start).segment
    erased(segment)
    monkeypatch.setattr(again, "was_erased", _once_false(again.was_erased))
    assert office.admit(data, start=start).outcome == "erased"
    assert not office.objects()


def _once_false(real: Any) -> Any:
    asked: list[int] = []

    def was_erased(**span: Any) -> bool:
        asked.append(1)
        return len(asked) > 1 and bool(real(**span))

    return was_erased


def test_a_retried_object_in_quarantine_that_was_erased_ends_at_once(office, variant):
    start = office.began()
    office.admit(variant(), start=start)
    row = office.admit(variant(1), start=start).quarantined
    assert row.reason_code == "overlap"
    Quarantined.objects.update(claimed_start=start)
    erased(Segment.objects.get())
    row.refresh_from_db()
    admitted = quarantine.retry(actor=office.admin, terminal="", row=row)
    assert admitted.outcome == "erased"
    row.refresh_from_db()
    assert row.expires_at <= clock.now()


@pytest.mark.parametrize("kind", ["segment", "quarantined"])
def test_invariant_5_an_epoch_that_gets_a_new_key_during_admission_loses_nothing(
    office, variant, monkeypatch, kind
):
    """The old epoch is retired between asking for it and the commit: the row goes under its successor."""
    real = vault.ensure_epoch
    done: list[Epoch] = []

    def ensured(site_id: Any, expires_at: Any) -> Epoch:
        epoch = real(site_id, expires_at)
        if not done:
            done.append(epoch)
            vault.rekey_epoch(Epoch.objects.get(pk=epoch.pk))
        return epoch

    monkeypatch.setattr(vault, "ensure_epoch", ensured)
    admitted = office.admit(variant() if kind == "segment" else b"garbage" * 99)
    row = admitted.segment or admitted.quarantined
    row.refresh_from_db()
    assert row.epoch_id != done[0].pk
    assert row.epoch.state == EpochState.LIVE
    vault.destroy_epochs([done[0].key_id])
    assert vault.rewrap(bytes(row.wrapped_key), old=row.epoch, new=row.epoch) == bytes(row.wrapped_key)
