"""Parts written from the index play like the file they come from, on one continuous timeline."""

import io
import struct
from typing import Any

import av
import pytest

from cctv.footage.media.errors import MediaError
from cctv.footage.media.fmp4 import init_segment, media_part, media_part_pieces, ticks_of
from cctv.footage.media.fmp4_init import codec_string
from cctv.footage.media.parts import partition
from cctv.footage.media.ranges import range_of_bytes
from tests.footage.media.helpers import LONG, VARIANTS, Counting, facts_of, made
from tests.media.clips import clip, number_of, numbers_of


def frames_of(data: bytes) -> list[tuple[float, int]]:
    """(seconds shown at, painted number) of each frame.

    FFmpeg delays all of a file by its most negative composition offset; the specification (and browsers) do
    not.
    """
    container: Any
    with av.open(io.BytesIO(data)) as container:
        delay = ffmpeg_delay(data, container.streams.video[0].time_base)
        return [
            (round(frame.time - delay, 3), number_of(frame.to_ndarray(format="gray8")))
            for frame in container.decode(video=0)
        ]


def ffmpeg_delay(data: bytes, time_base) -> float:
    """Seconds that FFmpeg adds to each time of a fragmented file."""
    lowest, run = 0, -1
    while (run := data.find(b"trun\1\0\x0f\1", run + 1)) >= 0:
        count = struct.unpack_from(">I", data, run + 8)[0]
        lowest = min(
            lowest, *(struct.unpack_from(">i", data, run + 28 + 16 * row)[0] for row in range(count))
        )
    return float(-lowest * time_base)


@pytest.mark.parametrize(("container", "codec"), VARIANTS)
def test_init_and_parts_make_a_file_that_shows_every_frame_at_its_time(container, codec):
    _, index, read = made(container=container, codec=codec, **LONG)
    parts = partition(index)
    assert len(parts) == 3
    whole = init_segment(index) + b"".join(
        media_part(index, read, part.first, part.stop, sequence=part.number + 1) for part in parts
    )
    assert frames_of(whole) == [(round(number / 10, 3), number) for number in range(200)]
    assert facts_of(whole).index.duration_ms == 20_000


@pytest.mark.parametrize("container", ["mp4", "ts", "mkv", "avi"])
def test_each_part_decodes_alone_and_starts_where_it_says(container):
    _, index, read = made(container=container, **LONG)
    for part in partition(index):
        alone = init_segment(index) + media_part(index, read, part.first, part.stop)
        shown = frames_of(alone)
        assert shown[0][0] * 1000 == pytest.approx(part.start_ms, abs=1)
        assert [number for _, number in shown] == list(
            range(round(part.start_ms / 100), round(part.end_ms / 100))
        )


def test_parts_of_a_transport_stream_that_keeps_its_sound_hold_the_picture_alone():
    _, index, read = made(container="ts", audio="aac", **LONG)
    assert not index.contiguous
    part = partition(index)[1]
    data = init_segment(index) + media_part(index, read, part.first, part.stop)
    assert [number for _, number in frames_of(data)] == list(range(80, 140))
    assert facts_of(data).audio_codec is None


def test_segments_follow_each_other_on_the_playlists_timeline():
    _, first, read_first = made(container="mp4")
    _, second, read_second = made(container="mp4", first_number=100)
    whole = init_segment(first) + media_part(first, read_first, 0, len(first), sequence=1)
    base = ticks_of(second, first.duration_ms)
    whole += media_part(second, read_second, 0, len(second), sequence=2, base_decode_time=base)
    assert init_segment(first) == init_segment(second)
    assert frames_of(whole) == [(round(number / 25, 3), number) for number in range(200)]


def test_invariant_no_undisclosed_frames_a_part_has_no_edit_list_and_nothing_before_its_start():
    _, index, read = made(container="mp4", **LONG)
    part = partition(index)[1]
    data = init_segment(index) + media_part(index, read, part.first, part.stop)
    assert b"elst" not in data
    assert min(number for _, number in frames_of(data)) == round(part.start_ms / 100)


def test_a_part_of_a_long_file_reads_at_most_twice_its_own_bytes():
    data = clip(container="fmp4", seconds=40, fps=10, gop=20, audio="aac")
    index = facts_of(data).index
    for part in partition(index):
        read = Counting(data)
        made_part = media_part(index, read, part.first, part.stop)
        assert read.calls <= 2
        assert read.bytes <= 2 * len(made_part)


def test_packets_spread_far_apart_are_read_one_by_one():
    data = clip(container="faststart", seconds=4)
    index = facts_of(data).index
    from dataclasses import replace

    import numpy as np

    step = 1 << 20
    spread = bytearray(len(index) * step)
    for place in range(len(index)):
        start = int(index.offset[place])
        spread[place * step : place * step + int(index.size[place])] = data[start : int(index.ends[place])]
    moved = replace(index, offset=np.arange(len(index)) * step, stored_size=len(spread))
    read = Counting(bytes(spread))
    assert media_part(moved, read, 0, len(index)) == media_part(index, range_of_bytes(data), 0, len(index))
    assert read.bytes == int(index.size.sum())


@pytest.mark.parametrize(("first", "stop"), [(0, 0), (-1, 5), (1, 5), (0, 101), (60, 50)])
def test_spans_that_are_no_parts_are_refused(first, stop):
    _, index, read = made()
    with pytest.raises(MediaError, match="wrong_span"):
        media_part(index, read, first, stop)


def test_bytes_that_are_missing_are_an_error_not_a_short_part():
    data, index, _ = made()
    with pytest.raises(MediaError, match="missing"):
        media_part(index, lambda at, size: data[at : at + size - 1], 0, len(index))


def test_a_streamed_answer_has_the_same_bytes():
    _, index, read = made(container="fmp4", audio="aac")
    pieces = media_part_pieces(index, read, 0, len(index), sequence=3, base_decode_time=77)
    assert b"".join(pieces) == media_part(index, read, 0, len(index), sequence=3, base_decode_time=77)
    assert len(pieces) > 1


def test_hevc_is_tagged_so_that_browsers_take_it_and_codecs_are_named():
    for container in ("mp4", "ts", "mkv"):
        _, index, _ = made(container=container, codec="hevc")
        assert b"hvc1" in init_segment(index)
        assert codec_string(index).startswith("hvc1.1.6.L")
        _, index, _ = made(container=container, codec="h264")
        assert codec_string(index).startswith("avc1.4d40")
    with pytest.raises(MediaError, match="not_playable"):
        codec_string(made(codec="mjpeg")[1])


def test_records_built_from_parameter_sets_equal_those_of_the_muxer():
    for codec in ("h264", "hevc"):
        built = made(container="ts", codec=codec)[1].extradata
        muxed = made(container="mp4", codec=codec)[1].extradata
        assert built[:13] == muxed[:13]
        if codec == "h264":
            assert built[: len(muxed)] == muxed


def test_decode_times_never_run_backwards_within_or_between_parts():
    _, index, read = made(container="mp4", **LONG)
    after = 0
    for part in partition(index):
        data = media_part(index, read, part.first, part.stop)
        begin = struct.unpack_from(">Q", data, data.index(b"tfdt") + 8)[0]
        assert begin == after
        run = data.index(b"trun")
        count = struct.unpack_from(">I", data, run + 8)[0]
        after = begin + sum(struct.unpack_from(">I", data, run + 16 + 16 * row)[0] for row in range(count))
    assert numbers_of(init_segment(index) + data)[-1] == 199
