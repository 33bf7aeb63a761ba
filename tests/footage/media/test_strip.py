"""Sound is dropped by packet copy: the picture keeps every byte, and no byte of the sound is left."""

import hashlib
import io
import tracemalloc
from typing import Any

import pytest

from cctv.footage.media import strip
from cctv.footage.media.errors import MediaError
from cctv.footage.media.framing import nal_units, split
from cctv.footage.media.index import PacketIndex
from cctv.footage.media.packets import payloads
from cctv.footage.media.ranges import range_of_bytes
from cctv.footage.media.strip import needs_rewrite, strip_audio
from tests.footage.media.helpers import VARIANTS, WriteOnly, facts_of
from tests.footage.media.test_scan import _matroska
from tests.media.clips import clip, numbers_of, packets_of


def stripped(data: bytes):
    """(bytes written, result, facts of the source)."""
    facts, sink = facts_of(data), WriteOnly()
    result = strip_audio(io.BytesIO(data), sink, facts)
    return bytes(sink.data), result, facts


def units_of(index: PacketIndex, data: bytes) -> list[str]:
    """Hash of each packet's NAL units (or of the packet) as a demuxer of its own reads them."""
    hashes = []
    for packet in packets_of(data):
        pieces: list[Any] = [packet]
        if index.codec in ("h264", "hevc"):
            pieces = list(split(packet) if index.framing == "annexb" else nal_units(index, packet))
        hashes.append(hashlib.sha256(b"|".join(bytes(piece) for piece in pieces)).hexdigest())
    return hashes


AUDIO = {"avi": "pcm_alaw"}


@pytest.mark.parametrize(("container", "codec"), VARIANTS)
def test_every_packet_keeps_its_bytes_and_the_sound_is_gone(container, codec):
    data = clip(container=container, codec=codec, audio=AUDIO.get(container, "aac"), fps=10, gop=20)
    written, result, facts = stripped(data)
    after = facts_of(written)
    assert result.dropped == (facts.audio_codec,)
    assert (after.audio_codec, result.facts.audio_codec) == (None, None)
    assert result.size_bytes == len(written) < len(data)
    assert units_of(after.index, written) == units_of(facts.index, data)
    assert numbers_of(written) == list(range(40))


@pytest.mark.parametrize(("container", "codec"), VARIANTS)
def test_the_index_of_what_was_written_is_what_a_scan_would_find(container, codec):
    written, result, _ = stripped(clip(container=container, codec=codec, fps=10, gop=20))
    after = facts_of(written)
    assert after.container == "fmp4"
    assert after.index.contiguous
    assert result.facts.index.same_as(after.index)
    assert result.facts.counted_ms == after.counted_ms == 4000


def test_packets_without_encoding_changes_are_identical_as_a_whole():
    for container in ("mp4", "fmp4", "mkv"):
        data = clip(container=container, audio="aac")
        assert packets_of(stripped(data)[0]) == packets_of(data)


def test_user_data_such_as_a_signature_survives():
    signature = b"\x06\x05\x10" + bytes.fromhex("005bc93f2d715e95ada4796f90877a6f") + b"\x80"
    data = clip(container="ts", audio="aac")
    place = data.index(b"\0\0\1\x65")
    assert place > 0
    index = facts_of(data).index
    packet = b"\0\0\0\1" + signature + packets_of(data)[0]
    assert bytes(next(split(packet))) == signature
    from cctv.footage.media.framing import to_lengths

    assert signature in to_lengths(packet)
    assert index.framing == "annexb"


def test_g711_and_stripped_headers_of_matroska_are_undone():
    plain = packets_of(_matroska(g711=False))
    for how in ({}, {"stripped": b"\0"}):
        written, result, _ = stripped(_matroska(**how))
        assert result.dropped == ("pcm_alaw",)
        assert packets_of(written) == plain


def test_ingest_rewrites_sound_and_transport_streams_only():
    def wanted(keep_audio=False, **what):
        return needs_rewrite(facts_of(clip(**what)), keep_audio=keep_audio)

    assert not wanted(container="mp4")
    assert wanted(container="mp4", audio="aac")
    assert not wanted(container="mp4", audio="aac", keep_audio=True)
    assert wanted(container="ts")
    assert wanted(container="ts", keep_audio=True)
    assert not wanted(container="ts", audio="aac", keep_audio=True)
    assert not wanted(container="avi", codec="mjpeg")


def test_memory_stays_flat_however_long_the_file_is(monkeypatch):
    monkeypatch.setattr(strip, "FRAGMENT_BYTES", 64 << 10)
    data = clip(container="faststart", audio="aac", seconds=12, noise=90, gop=12)
    facts = facts_of(data)
    assert len(data) > 3 << 20

    class Nowhere:
        def write(self, data: bytes, /) -> None:
            pass

    tracemalloc.start()
    strip_audio(io.BytesIO(data), Nowhere(), facts)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1500 << 10


def test_a_file_that_changed_since_its_scan_is_an_error():
    data = clip(container="ts", audio="aac")
    other = clip(container="ts", audio="aac", first_number=40, noise=9)
    with pytest.raises(MediaError):
        strip_audio(io.BytesIO(other), WriteOnly(), facts_of(data))


def test_what_was_written_gives_the_same_packets_by_its_index():
    data = clip(container="avi", audio="pcm_alaw")
    written, result, facts = stripped(data)
    before = payloads(facts.index, range_of_bytes(data), 0, 100)
    after = payloads(result.facts.index, range_of_bytes(written), 0, 100)
    assert [bytes(packet) for packet in before] == [bytes(packet) for packet in after]
