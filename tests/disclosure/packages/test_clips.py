"""Clips are the recorder's own packets: nothing is changed, hidden, missing or out of its time."""

import io
import shutil
import struct
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import av
import numpy as np
import pytest

from cctv.disclosure.packages.clips import JOIN_US, plan, write_clip
from cctv.disclosure.packages.errors import SourceChanged
from cctv.footage.media.framing import nal_units, split
from cctv.footage.media.ranges import range_of_bytes
from tests.disclosure.packages.helpers import (
    NOON_US,
    SECOND,
    clip_of,
    clips_of,
    hour,
    moved,
    pictures,
    recording,
    times,
)
from tests.footage.media.helpers import WriteOnly, facts_of
from tests.media.clips import numbers_of, packets_of, top_boxes

SHAPES = [
    {"codec": "h264"},
    {"codec": "h264", "container": "fmp4"},
    {"codec": "h264", "container": "mkv"},
    {"codec": "h264", "container": "ts"},
    {"codec": "h264", "container": "avi"},
    {"codec": "hevc"},
    {"codec": "hevc", "container": "ts"},
    {"codec": "mjpeg"},
    {"codec": "mjpeg", "container": "avi"},
    {"codec": "mpeg4"},
]


def named(shape: dict[str, Any]) -> str:
    return "-".join(shape.values())


@pytest.mark.parametrize("shape", SHAPES, ids=named)
def test_every_picture_of_whole_recordings_is_there_and_equal(shape):
    sources, files = hour(**shape)
    facts, data = clip_of(sources, 0, 12)
    assert pictures(data) == [each for file in files for each in pictures(file)]
    assert (facts.frames, facts.first_us, facts.end_us) == (120, NOON_US, NOON_US + 12 * SECOND)
    assert (facts.pre_roll_us, facts.post_roll_us, facts.moved_us) == (0, 0, 0)
    assert [part.whole for part in facts.parts] == [True] * 3
    assert times(data) == pytest.approx([number / 10 for number in range(120)], abs=0.0002)


@pytest.mark.parametrize("shape", SHAPES, ids=named)
def test_a_cut_shows_all_of_the_span_and_tells_what_it_shows_besides(shape):
    sources, files = hour(**shape)
    facts, data = clip_of(sources, 3.25, 9.05)
    shown = [number % 1000 / 10 + 4 * (number // 1000) for number in numbers_of(data)]
    assert shown == pytest.approx([shown[0] + number / 10 for number in range(len(shown))])
    assert shown[0] <= 3.2
    assert shown[-1] >= 9.0
    assert facts.first_us == NOON_US + round(shown[0] * SECOND)
    assert facts.pre_roll_us == round((3.25 - shown[0]) * SECOND)
    assert facts.post_roll_us == round((shown[-1] + 0.1 - 9.05) * SECOND)
    assert (facts.moved_us, times(data)[0]) == (0, 0)
    assert facts_of(data).declared_ms == (facts.end_us - facts.first_us) // 1000
    every = [each for file in files for each in pictures(file)]
    first = round(shown[0] * 10)
    assert pictures(data) == every[first : first + facts.frames]


def test_nothing_before_the_first_picture_is_hidden_in_the_file():
    facts, data = clip_of(hour()[0], 3.25, 9.05)
    assert b"elst" not in data[-20_000:]
    assert len(packets_of(data)) == len(pictures(data)) == facts.frames
    assert facts.pre_roll_us == 1_250_000


@pytest.mark.parametrize("shape", SHAPES, ids=named)
def test_packets_keep_their_bytes(shape):
    sources, files = hour(**shape)
    facts, data = clip_of(sources, 0, 12)

    def units(file: bytes) -> list[list[bytes]]:
        index = facts_of(file).index
        if index.codec not in ("h264", "hevc"):
            return [[packet] for packet in packets_of(file)]
        cut = split if index.framing == "annexb" else (lambda packet: nal_units(index, packet))
        return [[bytes(unit) for unit in cut(packet)] for packet in packets_of(file)]

    assert units(data) == [each for file in files for each in units(file)]
    assert facts.frames == 120


def test_signatures_and_parameter_sets_of_a_stream_stay_in_band():
    sources, files = hour(container="ts")
    _facts, data = clip_of(sources, 0, 12)
    index = facts_of(data).index
    kinds = [unit[0] & 31 for unit in nal_units(index, packets_of(data)[0])]
    assert {7, 8, 6, 5} <= set(kinds)  # parameter sets, SEI, the picture
    assert b"x264 - core" in data
    assert files[0].count(b"x264 - core") == 1


@pytest.mark.parametrize("container", ["mp4", "avi"])
def test_a_signature_of_the_camera_stays_with_its_picture(container):
    source, file = recording(0, 0, container=container)
    index = source.load()
    sei = b"\x06\x05\x18" + bytes.fromhex("005bc93f2d715e95ada4796f90877a6f") + b"signed!!" + b"\x80"
    lead = b"\0\0\0\1" if index.framing == "annexb" else len(sei).to_bytes(4, "big")
    stored = b"".join(lead + sei + packet for packet in packets_of(file))
    size = index.size + len(lead + sei)
    changed = replace(index, offset=np.cumsum(size) - size, size=size, stored_size=len(stored))
    _facts, data = clip_of([replace(source, index=changed, read=range_of_bytes(stored))], 0, 4)
    clip_index = facts_of(data).index
    found = [bytes(nal_units(clip_index, packet)[0]) for packet in packets_of(data)]
    assert found == [sei] * 40
    assert pictures(data) == pictures(file)


@pytest.mark.parametrize("codec", ["hevc", "mpeg4"])
def test_leading_pictures_of_an_open_group_are_left_out_and_said(codec):
    sources, files = hour(1, codec=codec, open_gop=True, seconds=8)
    index = sources[0].load()
    key = int(index.keyframes[1])
    assert (index.pts[key + 1 :] < index.pts[key]).any()
    facts, data = clip_of(sources, index.ms(int(index.pts[key])) / 1000, 8)
    assert pictures(data) == pictures(files[0])[-facts.frames :]
    first, second = facts.parts
    assert (first.first, first.stop, second.stop) == (key, key + 1, len(index))
    assert second.first > first.stop
    assert not first.whole
    assert not second.whole
    assert facts.pre_roll_us == 0


def test_a_recording_that_begins_with_leading_pictures_keeps_them():
    sources, _files = hour(1, codec="hevc", open_gop=True, seconds=8)
    index = sources[0].load()
    key = int(index.keyframes[1])
    columns = {name: getattr(index, name)[key:] for name in ("offset", "size", "duration", "key")}
    shown = {name: getattr(index, name)[key:] - index.pts[key:].min() for name in ("pts", "dts")}
    late = replace(index, **columns, **shown)
    facts, data = clip_of([replace(sources[0], index=late)], 0.5, 8)
    assert facts.frames == len(packets_of(data)) == len(late)
    assert [part.whole for part in facts.parts] == [True]


def test_a_cut_between_mixed_pictures_takes_all_of_them():
    sources, _files = hour(1)
    for tenth in range(1, 41, 4):
        facts, data = clip_of(sources, 0, tenth / 10)
        assert numbers_of(data) == list(range(facts.frames))
        assert tenth <= facts.frames <= tenth + 2
        assert facts.post_roll_us == (facts.frames - tenth) * 100_000


def test_a_gap_ends_a_clip():
    sources, _files = hour(3)
    apart = [sources[0], moved(sources[1], JOIN_US), moved(sources[2], JOIN_US)]
    (first, _), (second, data) = clips_of(apart, 0, 60)
    assert (first.frames, second.frames) == (40, 80)
    assert first.end_us == NOON_US + 4 * SECOND
    assert second.first_us == first.end_us + JOIN_US
    assert numbers_of(data)[0] == 1000
    (joined,) = clips_of([sources[0], moved(sources[1], JOIN_US - 1)], 0, 60)
    assert joined[0].frames == 80


def test_recordings_that_overlap_much_are_clips_of_their_own():
    sources, _files = hour(2)
    runs = clips_of([sources[0], moved(sources[1], -2 * SECOND)], 0, 60)
    assert [facts.frames for facts, _ in runs] == [40, 40]


@pytest.mark.parametrize(("back_s", "from_s", "to_s"), [(2, 0, 2.2), (2.3, 3.75, 9)])
def test_what_is_cut_does_not_make_an_overlap_look_small(back_s, from_s, to_s):
    sources, _files = hour(2)
    runs = clips_of([sources[0], moved(sources[1], -round(back_s * SECOND))], from_s, to_s)
    assert len(runs) == 2
    assert abs(runs[1][0].first_us - runs[0][0].end_us) < JOIN_US


def test_a_small_step_back_of_the_clock_keeps_every_picture_and_is_told():
    sources, files = hour(2)
    facts, data = clip_of([sources[0], moved(sources[1], -300_000)], 0, 60)
    assert pictures(data) == [each for file in files for each in pictures(file)]
    assert facts.moved_us == 300_000
    assert (np.diff(times(data)) > 0).all()


def test_a_small_gap_is_shown_as_long_as_it_was():
    sources, _files = hour(2)
    facts, data = clip_of([sources[0], moved(sources[1], 250_000)], 0, 60)
    assert times(data)[40] == pytest.approx(4.25)
    assert facts.moved_us == 0


@pytest.mark.parametrize("change", [{"codec": "hevc"}, {"width": 160, "height": 96}, {"preset": "medium"}])
def test_another_codec_size_or_parameters_begin_a_clip(change):
    one, _ = recording(0, 0)
    other, _ = recording(1, 4, **change)
    runs = clips_of([one, other], 0, 8)
    assert [facts.frames for facts, _ in runs] == [40, 40]


def test_times_between_pictures_may_differ():
    source, data = recording(0, 0, container="mkv", codec="mjpeg")
    index = source.load()
    steps = np.where(np.arange(40) % 3 == 0, 1200, 40)
    pts = np.cumsum(steps) - steps
    uneven = replace(index, pts=pts, dts=pts, duration=steps)
    facts, clip = clip_of([replace(source, index=uneven)], 0, 60)
    assert times(clip) == pytest.approx((pts / 1000).tolist(), abs=0.0002)
    assert facts.longest_us == 1_200_000
    assert facts.end_us == NOON_US + int(steps.sum()) * 1000
    assert data


def test_pictures_far_out_of_order_keep_their_times():
    source, _file = recording(0, 0, container="mkv", codec="mjpeg")
    index = source.load()
    pts = np.arange(40) * 10_000_000 * 100
    pts[[3, 30]] = pts[[30, 3]]
    strange = replace(
        index, timescale=10_000_000, pts=pts, dts=np.sort(pts), duration=np.full(40, 10_000_000)
    )
    _facts, data = clip_of([replace(source, index=strange)], 0, 40 * 100)
    found = facts_of(data).index
    assert (found.pts * 10_000_000 // found.timescale).tolist() == pts.tolist()


def test_the_header_says_when_it_was_and_how_long():
    facts, data = clip_of(hour()[0], 2, 9)
    container: Any
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.video[0]
        made = datetime.fromisoformat(container.metadata["creation_time"])
        assert made == datetime.fromtimestamp(facts.first_us // SECOND, UTC)
        assert stream.metadata["creation_time"] == container.metadata["creation_time"]
        assert stream.frames == facts.frames
        length = (facts.end_us - facts.first_us) / SECOND
        assert float(stream.duration * stream.time_base) == pytest.approx(length)
        assert container.duration / SECOND == pytest.approx(length)


def test_our_own_parser_reads_the_same_from_it():
    for shape in SHAPES:
        facts, data = clip_of(hour(2, **shape)[0], 0, 8)
        found = facts_of(data)
        assert (found.container, found.codec, found.frames) == ("mp4", facts.codec, facts.frames)
        assert (found.counted_ms, found.declared_ms) == (8000, 8000)


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="no ffprobe on this machine")
def test_ffprobe_counts_the_same(tmp_path):
    facts, data = clip_of(hour()[0], 3.25, 9.05)
    path = tmp_path / "clip.mp4"
    path.write_bytes(data)
    entries = "stream=nb_frames,nb_read_frames,start_pts"
    command = [
        "ffprobe",
        "-v",
        "error",
        "-count_frames",
        "-show_entries",
        entries,
        "-of",
        "csv=p=0",
        str(path),
    ]
    said = subprocess.run(command, check=True, capture_output=True, text=True)
    assert said.stdout.strip() == f"0,{facts.frames},{facts.frames}"
    assert said.stderr == ""


def test_the_media_is_one_box_with_room_for_a_day():
    _facts, data = clip_of(hour()[0], 0, 12)
    assert [kind for kind, _, _ in top_boxes(data)] == ["ftyp", "mdat", "moov"]
    at = data.index(b"mdat") - 4
    assert struct.unpack_from(">I", data, at)[0] == 1


def test_a_clip_of_the_same_is_the_same():
    sources, _files = hour()
    assert clip_of(sources, 1, 9) == clip_of(list(reversed(sources)), 1, 9)


def test_places_of_packets_are_where_the_packets_lie(monkeypatch):
    monkeypatch.setattr("cctv.disclosure.packages.clips.BLOCK_BYTES", 2000)
    sources, files = hour(container="mkv")
    facts, data = clip_of(sources, 1, 9)
    for source, part in zip(sources, facts.parts, strict=True):
        index = source.load()
        size = int(index.size[part.first : part.stop].sum())
        wanted = b"".join(bytes(source.read(int(index.offset[n]), int(index.size[n])))
                          for n in range(part.first, part.stop))  # fmt: skip
        assert data[part.at : part.at + size] == wanted
    assert files


def test_only_what_is_asked_for_makes_clips():
    sources, _files = hour()
    assert clips_of(sources, 12, 20) == []
    assert clips_of(sources, -5, 0) == []
    assert clips_of([], 0, 20) == []
    assert clips_of(sources, 5, 5) == []
    (found,) = clips_of(sources, -5, 0.05)
    assert found[0].pre_roll_us == 0


def test_an_index_that_is_not_the_one_planned_for_stops_the_clip():
    source, _ = recording(0, 0)
    other, _ = recording(1, 0, seconds=2)
    given = iter([source.load(), other.load()])
    lazy = replace(source, index=lambda: next(given))
    (run,) = plan([lazy], NOON_US, NOON_US + SECOND)
    with pytest.raises(SourceChanged):
        write_clip(run, WriteOnly())
