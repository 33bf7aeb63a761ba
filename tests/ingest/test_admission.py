"""The one way in: what becomes of good recordings."""

import io
from datetime import timedelta

import pytest

from accesslog.models import LogEntry
from cctv.footage.media.index import PacketIndex
from cctv.footage.models import Segment
from cctv.ingest.models import Quarantined
from cctv.vault import keyfile, rings
from cctv.vault import services as vault
from tests.media.clips import clip, numbers_of, packets_of

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.both_databases]


def clear(segment: Segment, part: str = "media") -> bytes:
    """The clear bytes of a part, with the key in hand."""
    key = keyfile.unwrap_key(rings.footage().get(segment.epoch.key_id), bytes(segment.wrapped_key))
    name = vault.part_name(segment.sealed_name, part)
    size = next(stored.size_bytes for stored in vault.list_objects() if stored.name == name)
    return vault.provisional_reader(name, size, key, vault.context(segment.pk, part)).read()


def test_a_recording_becomes_a_segment_with_its_index_and_expiry(office, variant):
    data, start = variant(), office.began()
    admission = office.admit(data, start=start)
    segment = Segment.objects.get()
    assert (admission.outcome, admission.segment) == ("live", segment)
    assert (segment.starts_at, segment.ends_at) == (start, start + timedelta(seconds=2))
    assert segment.expires_at == segment.ends_at + timedelta(days=30)
    assert (segment.codec, segment.width, segment.height, segment.frames) == ("h264", 320, 180, 50)
    assert clear(segment) == data
    index = PacketIndex.from_bytes(clear(segment, "index"))
    assert len(index) == 50
    assert [data[o : o + s] for o, s in zip(index.offset, index.size, strict=True)] == packets_of(data)
    assert office.objects() == office.expected_objects()


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        *[
            (container, codec)
            for container in ("mp4", "fmp4", "mkv")
            for codec in ("h264", "hevc", "mjpeg", "mpeg4")
        ],
        *[("ts", codec) for codec in ("h264", "hevc", "mpeg4")],
        *[("avi", codec) for codec in ("h264", "mjpeg", "mpeg4")],
    ],
)
def test_every_codec_in_every_container_is_admitted(office, container, codec):
    data = clip(seconds=1, container=container, codec=codec, b_frames=0)
    segment = office.admit(data).segment
    assert segment.codec == codec
    assert segment.ends_at - segment.starts_at == pytest.approx(
        timedelta(seconds=1), abs=timedelta(milliseconds=60)
    )
    assert numbers_of(clear(segment)) == numbers_of(data)


def test_the_sound_is_dropped_and_both_facts_are_recorded(office):
    data = clip(seconds=2, audio="aac")
    segment = office.admit(data).segment
    assert (segment.source_audio, segment.audio_kept) == ("aac", False)
    kept = clear(segment)
    import av

    with av.open(io.BytesIO(kept)) as opened:
        assert [stream.type for stream in opened.streams] == ["video"]
    assert numbers_of(kept) == numbers_of(data)
    assert office.objects() == office.expected_objects(), "the copy with the sound must be gone"


def test_the_sound_stays_where_the_register_allows_it(office):
    office.gate.audio_policy = "keep"
    office.gate.save()
    data = clip(seconds=2, audio="aac")
    segment = office.admit(data).segment
    assert (segment.source_audio, segment.audio_kept) == ("aac", True)
    assert clear(segment) == data


def test_the_same_recording_again_is_a_duplicate_and_stored_once(office, variant):
    start = office.began()
    first = office.admit(variant(), start=start)
    again = office.admit(variant(), start=start)
    assert (again.outcome, again.segment) == ("duplicate", first.segment)
    assert Segment.objects.count() == 1
    assert office.objects() == office.expected_objects()


def test_a_duplicate_is_known_by_its_delivered_bytes_though_the_sound_was_dropped(office):
    data, start = clip(seconds=2, audio="aac"), office.began()
    office.admit(data, start=start)
    assert office.admit(data, start=start).outcome == "duplicate"


def test_a_duplicate_is_recognised_after_the_rule_has_changed(office, variant):
    from cctv.sites.models import RetentionRule

    data, start = variant(), office.began()
    first = office.admit(data, start=start)
    RetentionRule.objects.create(camera=office.gate, days=5, effective_from=start - timedelta(hours=1))
    again = office.admit(data, start=start)
    assert (again.outcome, again.segment) == ("duplicate", first.segment)


def test_the_same_bytes_of_another_camera_are_another_recording(office, variant):
    start = office.began()
    assert office.admit(variant(), start=start).outcome == "live"
    assert office.admit(variant(), start=start, camera=office.yard).outcome == "live"


def test_a_duplicate_whose_object_is_gone_does_not_cost_the_source(office, variant):
    from cctv.vault.errors import ObjectMissing

    start, removed = office.began(), []
    segment = office.admit(variant(), start=start).segment
    vault.delete_object(segment.sealed_name)
    with pytest.raises(ObjectMissing):
        office.admit(variant(), start=start, remove=lambda: removed.append(1))
    assert not removed


def test_invariant_5_a_key_that_was_destroyed_meanwhile_costs_no_source(office, variant, monkeypatch):
    from cctv.vault.errors import FootageExpired

    ensure, removed = vault.ensure_epoch, []

    def destroyed(*arguments):
        epoch = ensure(*arguments)
        type(epoch).objects.filter(pk=epoch.pk).update(state="destroyed")
        return epoch

    monkeypatch.setattr(vault, "ensure_epoch", destroyed)
    with pytest.raises(FootageExpired):
        office.admit(variant(), remove=lambda: removed.append(1))
    assert not Segment.objects.exists()
    assert not removed
    assert office.objects() == set()


def test_neighbours_may_overlap_by_a_keyframe(office, variant):
    start = office.began()
    for number in range(3):
        moment = start + timedelta(seconds=1.2 * number)
        assert office.admit(variant(number), start=moment).outcome == "live"
    assert Segment.objects.count() == 3


def test_recording_outside_the_registered_hours_is_marked(office, variant):
    start = office.began()
    local = start.astimezone(__import__("zoneinfo").ZoneInfo("Asia/Seoul"))
    office.gate.schedule = [[(local.weekday() + 3) % 7, "00:00", "24:00"]]
    office.gate.save()
    assert office.admit(variant(0), start=start).segment.out_of_schedule
    office.gate.schedule = [[day, "00:00", "24:00"] for day in range(7)]
    office.gate.save()
    assert not office.admit(variant(1), start=start - timedelta(minutes=1)).segment.out_of_schedule


def test_the_disagreement_of_name_and_file_is_recorded(office, variant):
    start = office.began()
    segment = office.admit(variant(), start=start, mtime=start + timedelta(seconds=5)).segment
    assert segment.clock_skew_ms == 3000


def test_no_entry_is_made_for_an_ordinary_segment(office, variant):
    before = LogEntry.objects.count()
    office.admit(variant())
    assert LogEntry.objects.count() == before


def test_invariant_2_no_clear_file_is_opened_for_writing_while_a_recording_comes_in(office, no_clear_files):
    office.admit(clip(seconds=2, audio="aac"))
    office.admit(b"garbage" * 1000)
    assert Segment.objects.count() == 1
    assert Quarantined.objects.count() == 1


def test_a_segment_of_an_hour_needs_no_more_memory_than_a_short_one(office):
    import tracemalloc

    short = clip(seconds=2, container="fmp4", gop=25, width=160, height=96)
    office.admit(short)
    from tests.ingest.long import long_fmp4

    pieces, size = long_fmp4(short, seconds=3600)

    class Stream:
        def read(self, wanted, /):
            return next(pieces, b"")

    tracemalloc.start()
    segment = office.admit(b"", stream=Stream(), start=office.began(90)).segment
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert segment.ends_at - segment.starts_at == timedelta(hours=1)
    assert segment.size_bytes > size > 50e6
    assert peak < 40e6
