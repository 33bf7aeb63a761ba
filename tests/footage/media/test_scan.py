"""What a file holds is found without decoding where its own tables say it, and nothing broken is let in."""

import io
import struct

import pytest

from cctv.footage.media import demux
from cctv.footage.media import scan as scanning
from cctv.footage.media.errors import MediaError
from cctv.footage.media.facts import CUT_TAIL, LATE_KEYFRAME
from cctv.footage.media.framing import nal_units, split
from cctv.footage.media.packets import payloads
from cctv.footage.media.ranges import range_of_bytes
from cctv.footage.media.scan import scan, scan_ranges
from tests.footage.media.helpers import VARIANTS, Counting, facts_of
from tests.media.clips import clip, packets_of, top_boxes
from tests.media.ebml import matroska


@pytest.mark.parametrize(("container", "codec"), VARIANTS)
def test_every_container_and_codec_is_counted_packet_by_packet(container, codec):
    data = clip(container=container, codec=codec)
    facts = facts_of(data)
    assert (facts.codec, facts.width, facts.height) == (codec, 320, 180)
    assert facts.frames == 100
    assert facts.counted_ms == 4000
    assert facts.audio_codec is None
    assert facts.index.contiguous == (container != "ts")
    found = payloads(facts.index, range_of_bytes(data), 0, 100)
    expected = packets_of(data)
    if facts.index.framing == "annexb":
        whole = [[bytes(unit) for unit in split(packet)] for packet in expected]
        lengths = [b"".join(len(unit).to_bytes(4, "big") + unit for unit in units) for units in whole]
        assert [bytes(packet) for packet in found] == lengths
    else:
        assert [bytes(packet) for packet in found] == expected


@pytest.mark.parametrize("container", ["mp4", "faststart", "fmp4"])
@pytest.mark.parametrize("audio", [None, "aac"])
@pytest.mark.parametrize("codec", ["h264", "hevc", "mjpeg", "mpeg4"])
def test_the_fast_path_says_what_the_demuxer_says(container, codec, audio, monkeypatch):
    data = clip(container=container, codec=codec, audio=audio)
    slow = demux.scan(range_of_bytes(data), len(data), "mp4")
    monkeypatch.setattr(demux, "scan", lambda *_: pytest.fail("the demuxer was asked"))
    fast = facts_of(data)
    assert fast.audio_codec == slow.audio_codec == audio
    assert fast.frames == slow.frames
    assert fast.counted_ms == slow.counted_ms
    assert fast.index.extradata == slow.index.extradata
    for column in ("offset", "size", "pts", "key"):
        assert (getattr(fast.index, column) == getattr(slow.index, column)).all(), column


def test_the_fast_path_reads_headers_only():
    data = clip(container="fmp4", seconds=4, noise=90)
    read = Counting(data)
    scan_ranges(read, len(data))
    assert read.bytes < len(data) / 2


@pytest.mark.parametrize(
    ("container", "audio"), [("mp4", "aac"), ("ts", "aac"), ("mkv", "aac"), ("avi", "pcm_alaw")]
)
def test_sound_is_reported(container, audio):
    assert facts_of(clip(container=container, audio=audio)).audio_codec == audio


def test_g711_in_matroska_is_reported():
    facts = facts_of(_matroska())
    assert (facts.container, facts.audio_codec, facts.frames) == ("mkv", "pcm_alaw", 100)
    assert facts.index.contiguous


def test_matroska_with_stripped_headers_is_indexed_but_not_contiguous():
    facts = facts_of(_matroska(stripped=b"\0"))
    assert facts.frames == 100
    assert not facts.index.contiguous


def test_the_first_keyframe_of_matroska_is_kept_though_it_has_no_decode_time():
    facts = facts_of(clip(container="mkv"))
    assert bool(facts.index.key[0])
    assert int(facts.index.pts.min()) == 0
    assert (facts.index.dts <= facts.index.pts).all()


def test_avi_with_b_frames_gets_its_order_back():
    index = facts_of(clip(container="avi")).index
    assert sorted(index.pts.tolist()) == list(range(100))
    assert index.pts.tolist() != list(range(100))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b"hello, this is no video " * 40, "not_video"),
        (bytes(100_000), "not_video"),
        (b"\xff\xd8\xff\xe0" + bytes(1000), "not_video"),
        (b"#EXTM3U\n#EXTINF:10\nfile:///etc/passwd\n", "not_video"),
        (b"DHAV" + bytes(2000), "unsupported_container"),
        (b"IMKH" + bytes(2000), "unsupported_container"),
        (b"\0\0\0\x18ftypisom", "truncated"),
        (b"G", "not_video"),
    ],
)
def test_what_is_no_video_is_refused_with_a_reason_and_a_hint(data, code):
    with pytest.raises(MediaError) as refusal:
        facts_of(data)
    assert refusal.value.code == code
    assert refusal.value.message
    assert refusal.value.hint


def test_an_mp4_cut_after_its_table_is_truncated_and_says_how_much_is_there():
    data = clip(container="faststart")
    with pytest.raises(MediaError) as refusal:
        facts_of(data[: len(data) // 2])
    assert refusal.value.code == "truncated"
    assert refusal.value.params["declared"] == "4.00 s"
    assert 0.5 < float(refusal.value.params["counted"].split()[0]) < 3.5


def test_an_mp4_without_its_table_is_truncated():
    with pytest.raises(MediaError) as refusal:
        facts_of(clip(container="mp4")[:50_000])
    assert refusal.value.code == "truncated"


@pytest.mark.parametrize("container", ["mkv", "avi"])
def test_finished_files_that_lost_their_end_are_truncated(container):
    data = clip(container=container)
    with pytest.raises(MediaError) as refusal:
        facts_of(data[: len(data) * 2 // 3])
    assert refusal.value.code == "truncated"


@pytest.mark.parametrize("container", ["fmp4", "ts"])
def test_a_recording_in_fragments_keeps_what_was_written_before_the_power_went(container):
    data = clip(container=container, gop=25)
    facts = facts_of(data[: len(data) * 2 // 3 - 7])
    assert CUT_TAIL in facts.notes
    assert 25 <= facts.frames < 90


def test_zeros_in_the_place_of_pictures_are_found():
    data = bytearray(clip(container="faststart"))
    start = next(start for kind, start, _ in top_boxes(bytes(data)) if kind == "mdat")
    data[start + (len(data) - start) // 2 :] = bytes(len(data) - start - (len(data) - start) // 2)
    with pytest.raises(MediaError) as refusal:
        facts_of(bytes(data))
    assert refusal.value.code == "broken_media"


def test_a_recording_that_starts_between_keyframes_is_indexed_from_the_first_one():
    data = clip(container="ts", gop=25)
    whole = facts_of(data)
    start = int(whole.index.offset[5]) // 188 * 188
    facts = facts_of(data[:564] + data[start:])
    assert LATE_KEYFRAME in facts.notes
    assert bool(facts.index.key[0])
    assert facts.frames == 75


def test_unsupported_codecs_are_named():
    data = clip(container="mp4").replace(b"avc1", b"av01")
    with pytest.raises(MediaError) as refusal:
        facts_of(data)
    assert refusal.value.code == "unsupported_codec"
    assert "AV1" in refusal.value.message


def test_an_mp4_out_of_the_ordinary_goes_to_the_demuxer(monkeypatch):
    data = clip(container="mp4")
    asked = []
    real = demux.scan

    def asking(*arguments):
        asked.append(1)
        return real(*arguments)

    def unusual(*_):
        raise scanning.Unusual

    monkeypatch.setattr(scanning, "_fast", unusual)
    monkeypatch.setattr(demux, "scan", asking)
    assert facts_of(data).frames == 100
    assert asked


def test_a_table_that_names_the_same_bytes_again_and_again_is_refused():
    data = bytearray(clip(container="faststart", codec="mjpeg"))
    place = bytes(data).index(b"stsz")
    count = struct.unpack_from(">I", data, place + 12)[0]
    for entry in range(count):
        struct.pack_into(">I", data, place + 16 + 4 * entry, len(data) - 10_000)
    with pytest.raises(MediaError):
        facts_of(bytes(data))


def test_errors_of_the_reader_come_through():
    class Gone(Exception):
        pass

    class Reader(io.BytesIO):
        def read(self, size=-1, /):
            if self.tell() > 20_000:
                raise Gone
            return super().read(size)

    for container in ("mp4", "ts", "mkv", "avi"):
        data = clip(container=container, codec="h264")
        with pytest.raises(Gone):
            scan(Reader(data), len(data))


def test_start_codes_are_split_without_loss():
    data = clip(container="ts")
    index = facts_of(data).index
    for packet in packets_of(data)[:10]:
        units = nal_units(index, packet)
        assert sum(len(unit) for unit in units) <= len(packet)
        assert packet.endswith(bytes(units[-1]))


def _matroska(**how):
    source = clip(container="mp4")
    index = facts_of(source).index
    packets = payloads(index, range_of_bytes(source), 0, len(index))
    rows = [
        (round(index.ms(int(pts))), bool(key), bytes(data))
        for pts, key, data in zip(index.pts, index.key, packets, strict=True)
    ]
    return matroska(rows, index.extradata, (index.width, index.height), **how)
