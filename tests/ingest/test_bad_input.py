"""Bad input, by the names of the issue: each gets a clear reason, and nothing is lost."""

from datetime import timedelta

import pytest

from accesslog.models import LogEntry
from cctv.core import clock
from cctv.footage.models import Segment
from cctv.ingest import admission, quarantine
from cctv.ingest.errors import ClockBehind, RegisterUnavailable, WrongChecksum
from cctv.ingest.models import Quarantined
from cctv.vault.errors import StorageFull, StorageMismatch
from tests.media.clips import clip

pytestmark = [pytest.mark.postgres_later, pytest.mark.django_db(databases=["default", "log"])]


def kinds() -> list[str]:
    return list(LogEntry.objects.order_by("index").values_list("kind", flat=True))


def assert_quarantined(office, admission, code) -> Quarantined:
    """Kept sealed with its reason and an entry, expiring like footage; no segment."""
    row = Quarantined.objects.get()
    assert (admission.outcome, admission.quarantined, admission.reason.code) == ("quarantined", row, code)
    assert row.reason_code == code
    assert row.reason
    assert row.expires_at <= clock.now() + timedelta(days=30)
    assert kinds().count("ingest.quarantined") == 1
    assert not Segment.objects.exists()
    assert office.objects() == {row.sealed_name}
    return row


def cut(data: bytes) -> bytes:
    return data[: len(data) * 2 // 5]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b"\x00" * 10_000, "not_video"),
        (b"<html>not found</html>", "not_video"),
        (cut(clip(seconds=4, container="faststart")), "truncated"),
        (cut(clip(seconds=4)), "truncated"),
    ],
    ids=["empty", "zeros", "garbage", "truncated faststart", "truncated without its header"],
)
def test_a_file_that_is_no_whole_recording(office, data, code):
    removed = []
    admission = office.admit(data, remove=lambda: removed.append(1))
    assert_quarantined(office, admission, code)
    assert removed, "it is safe in quarantine, so the source may go"


def test_an_unsupported_codec(office):
    import io

    import av
    import numpy as np

    sink = io.BytesIO()
    with av.open(sink, "w", format="matroska") as output:
        stream = output.add_stream("ffv1", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(5):
            output.mux(
                stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24"))
            )
        output.mux(stream.encode(None))
    assert_quarantined(office, office.admit(sink.getvalue()), "unsupported_codec")


def test_a_start_in_the_future(office, variant):
    admission = office.admit(variant(), start=clock.now() + timedelta(minutes=6))
    row = assert_quarantined(office, admission, "future_start")
    assert row.expires_at <= row.received_at + timedelta(days=30)


def test_a_clock_that_is_a_little_ahead_is_no_future(office, variant):
    assert office.admit(variant(), start=clock.now() + timedelta(minutes=4)).outcome == "live"


def test_an_ancient_start_of_a_recent_file_is_a_wrong_clock(office, variant):
    start = clock.now().replace(year=1990)
    admission = office.admit(variant(), start=start, mtime=clock.now() - timedelta(minutes=1))
    row = assert_quarantined(office, admission, "ancient_start")
    assert row.expires_at > clock.now() + timedelta(days=29)


@pytest.mark.both_databases
def test_invariant_3_what_had_expired_before_it_came_is_kept_for_no_further_minute(office, variant):
    admission = office.admit(variant(), start=clock.now() - timedelta(days=31))
    row = assert_quarantined(office, admission, "already_expired")
    assert row.expires_at <= clock.now()


@pytest.mark.both_databases
def test_other_footage_of_the_same_time(office, variant):
    start = office.began()
    office.admit(variant(0, seconds=8), start=start)
    admission = office.admit(variant(1, seconds=8), start=start + timedelta(seconds=3))
    assert (admission.outcome, admission.reason.code, admission.reason.status) == (
        "quarantined",
        "overlap",
        409,
    )
    assert Segment.objects.count() == 1
    assert office.objects() == office.expected_objects()


@pytest.mark.both_databases
def test_a_recording_within_a_longer_one(office, variant):
    start = office.began()
    office.admit(variant(0, seconds=20), start=start)
    for offset, number in ((-1, 1), (5, 2), (17, 3)):
        moment = start + timedelta(seconds=offset)
        assert office.admit(variant(number, seconds=6), start=moment).reason.code == "overlap"


@pytest.mark.both_databases
def test_a_recording_of_a_retired_camera(office, variant):
    office.gate.retired_at = clock.now() - timedelta(hours=1)
    office.gate.save()
    assert_quarantined(office, office.admit(variant()), "retired_camera")


@pytest.mark.both_databases
def test_what_a_camera_recorded_before_it_was_retired_still_comes_in(office, variant):
    office.gate.retired_at = clock.now() - timedelta(minutes=1)
    office.gate.save()
    assert office.admit(variant(), start=office.began(5)).outcome == "live"


def test_a_wrong_checksum_keeps_nothing(office, variant):
    removed = []
    with pytest.raises(WrongChecksum):
        office.admit(variant(), expected_sha256=bytes(32), remove=lambda: removed.append(1))
    assert not office.objects()
    assert not removed


@pytest.mark.both_databases
def test_the_same_bad_file_again_is_kept_once(office):
    first = office.admit(b"garbage")
    again = office.admit(b"garbage")
    assert again.quarantined == first.quarantined
    assert kinds().count("ingest.quarantined") == 1
    assert len(office.objects()) == 1


@pytest.mark.both_databases
def test_bad_before_and_good_now_is_admitted(office, variant):
    data = variant()
    office.admit(data, start=clock.now() + timedelta(hours=2))
    assert office.admit(data, start=office.began()).outcome == "live"


def test_the_marker_of_the_storage_is_missing(office, variant):
    (office.home / "footage" / "lethe-storage.json").unlink()
    removed = []
    with pytest.raises(StorageMismatch):
        office.admit(variant(), remove=lambda: removed.append(1))
    assert not removed
    assert not Segment.objects.exists()


def test_the_keys_of_the_vault_are_missing(office, variant):
    from cctv.core.errors import LetheError

    office.admit(variant(1), start=office.began(5))
    for path in (office.home / "keys").rglob("*"):
        if path.is_file():
            path.rename(path.with_suffix(".away"))
    removed = []
    with pytest.raises(LetheError) as caught:
        office.admit(variant(2), remove=lambda: removed.append(1))
    assert caught.value.status == 503
    assert str(caught.value.hint)
    assert not removed
    assert Segment.objects.count() == 1


def test_the_disk_is_full(office, variant, monkeypatch):
    import errno

    from cctv.vault import storage

    written = 0
    original = storage.FileSink.write

    def write(sink, data, /):
        nonlocal written
        written += len(data)
        if written > 20_000:
            with sink._errors():
                raise OSError(errno.ENOSPC, "No space left on device")
        original(sink, data)

    monkeypatch.setattr(storage.FileSink, "write", write)
    removed = []
    with pytest.raises(StorageFull):
        office.admit(variant(noise=40), remove=lambda: removed.append(1))
    assert not removed
    assert not list((office.home / "footage").glob("??/*")), "the partial object must be gone"


@pytest.mark.both_databases
def test_the_log_is_down_so_nothing_goes_to_quarantine(office, monkeypatch):
    from accesslog.errors import LogUnavailable

    def refuse(**values):
        raise LogUnavailable

    monkeypatch.setattr(quarantine, "append", refuse)
    removed = []
    with pytest.raises(LogUnavailable):
        office.admit(b"garbage", remove=lambda: removed.append(1))
    assert not removed
    assert not Quarantined.objects.exists()
    assert not office.objects()


@pytest.mark.both_databases
def test_the_register_is_down(office, variant, monkeypatch):
    from django.db import OperationalError

    def refuse(**values):
        raise OperationalError("database is locked")

    monkeypatch.setattr(admission, "refuse_overlap", refuse)
    with pytest.raises(RegisterUnavailable):
        office.admit(variant())
    assert not Segment.objects.exists()


@pytest.mark.both_databases
def test_a_commit_that_may_have_happened_keeps_its_objects(office, variant, monkeypatch):
    """The connection breaks while COMMIT is answered: the row may be there, so its object must be."""
    from django.db import OperationalError
    from django.db.transaction import Atomic

    leave = Atomic.__exit__

    def commit_and_break(self, kind, error, trace):
        result = leave(self, kind, error, trace)
        if kind is None and self.durable and Segment.objects.exists():
            raise OperationalError("server closed the connection unexpectedly")
        return result

    data, start = variant(), office.began()
    with monkeypatch.context() as patch:
        patch.setattr(Atomic, "__exit__", commit_and_break)
        with pytest.raises(RegisterUnavailable):
            office.admit(data, start=start)
    assert office.objects() == office.expected_objects()
    assert office.admit(data, start=start).outcome == "duplicate"


def test_invariant_7_a_clock_that_is_behind_takes_nothing_in(office, variant, monkeypatch):
    from datetime import UTC, datetime

    office.admit(variant(1), start=office.began(5))

    class Behind(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(UTC) - timedelta(days=400)

    monkeypatch.setattr(admission, "datetime", Behind)
    with pytest.raises(ClockBehind):
        office.admit(variant(2))
    assert not Quarantined.objects.exists()
