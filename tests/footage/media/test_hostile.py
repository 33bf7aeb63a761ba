"""Whatever bytes arrive, the answer is facts or a MediaError: no hang, no crash, no memory gone."""

import io
import resource
import time

import numpy as np
import pytest

from cctv.footage.media.errors import MediaError
from cctv.footage.media.fmp4 import init_segment, media_part
from cctv.footage.media.motion import UsualView, watch
from cctv.footage.media.parts import partition
from cctv.footage.media.ranges import range_of_bytes
from cctv.footage.media.stills import thumbnail
from cctv.footage.media.strip import strip_audio
from tests.footage.media.helpers import VARIANTS, WriteOnly, facts_of
from tests.media.clips import clip, top_boxes

SECONDS = 5.0
ROUNDS = 8
TABLES = (
    *(b"stsz", b"stts", b"stsc", b"stco", b"stss", b"ctts", b"trun", b"tfhd", b"moof", b"mdat", b"elst"),
    *(b"idx1", b"strl", b"movi", b"\x16\x54\xae\x6b", b"\x1f\x43\xb6\x75"),
)


def used(data: bytes) -> str:
    """Scan, and if that goes well use the index in every way; the outcome in one word."""
    start = time.monotonic()
    try:
        facts = facts_of(data)
        index, read = facts.index, range_of_bytes(data)
        assert facts.frames == len(index) > 0
        init_segment(index)
        for part in partition(index):
            media_part(index, read, part.first, part.stop)
        strip_audio(io.BytesIO(data), WriteOnly(), facts)
        thumbnail(index, read)
        watch(index, read, UsualView())
        outcome = "used"
    except MediaError as error:
        outcome, texts = error.code, (error.message, error.hint)
        assert all(texts), texts
    assert time.monotonic() - start < SECONDS
    return outcome


@pytest.mark.parametrize(("container", "codec"), VARIANTS)
def test_flipped_bytes(container, codec):
    data = clip(
        container=container, codec=codec, seconds=1, audio="pcm_alaw" if container == "avi" else "aac"
    )
    rng = np.random.default_rng(len(data))
    for _ in range(ROUNDS):
        spoilt = bytearray(data)
        for place in rng.integers(0, len(data), 1 + len(data) // 2000):
            spoilt[place] ^= int(rng.integers(1, 256))
        used(bytes(spoilt))


@pytest.mark.parametrize("container", ["mp4", "faststart", "fmp4", "mkv", "ts", "avi"])
def test_flipped_bytes_in_headers(container):
    data = clip(container=container, seconds=1)
    places = {kind: (start, end) for kind, start, end in top_boxes(data)}
    start, end = (0, 1200) if container in ("ts", "mkv", "avi") else places["moov"]
    rng = np.random.default_rng(3)
    outcomes = set()
    for _ in range(ROUNDS * 8):
        spoilt = bytearray(data)
        for place in rng.integers(start, end, 2):
            spoilt[place] = int(rng.choice([0, 1, 0x7F, 0x80, 0xFF, int(rng.integers(256))]))
        outcomes.add(used(bytes(spoilt)))
    assert len(outcomes) > 1


@pytest.mark.parametrize("container", ["mp4", "faststart", "fmp4", "mkv", "ts", "avi"])
def test_files_cut_anywhere(container):
    data = clip(container=container, seconds=1)
    rng = np.random.default_rng(4)
    for stop in [0, 1, 7, 8, 9, 16, 100, len(data) - 1, *rng.integers(0, len(data), ROUNDS)]:
        used(data[:stop])


@pytest.mark.parametrize("container", ["mp4", "fmp4", "mkv", "avi"])
def test_tables_of_absurd_sizes_take_no_memory(container):
    data = clip(container=container, seconds=1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name in TABLES:
        place = data.find(name)
        for where in (place - 4, place + 4, place + 8, place + 12) if place > 4 else ():
            for value in (b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\x1f\xff\xff", b"\0\0\0\0"):
                used(data[:where] + value + data[where + 4 :])
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 200 << 10


def test_boxes_nested_in_themselves_end():
    inner = b""
    for _ in range(5000):
        inner = (len(inner) + 8).to_bytes(4, "big") + b"trak" + inner
    data = b"\0\0\0\x08ftyp" + (len(inner) + 8).to_bytes(4, "big") + b"moov" + inner
    assert used(data) in ("no_video_stream", "broken_media")


def test_a_million_empty_boxes_end():
    assert used(b"\0\0\0\x08ftyp" + b"\0\0\0\x08free" * 200_000) in ("broken_media", "truncated")
