"""Transcoded parts line up with remuxed ones, and the child that makes them is confined and expendable."""

import io
import os
import signal
import threading
import time
from pathlib import Path

import av
import pytest

from cctv.footage.media import child, transcode
from cctv.footage.media.errors import MediaError, TranscodeBusy, TranscodeCancelled, TranscodeFailed
from cctv.footage.media.fmp4 import ticks_of
from cctv.footage.media.parts import partition
from cctv.footage.media.transcode import TranscodePool, output_of
from tests.footage.media.helpers import LONG, made
from tests.footage.media.test_fmp4 import frames_of
from tests.media.clips import numbers_of

POOL = TranscodePool(2)
SOURCES = [
    ("mp4", "hevc"),
    ("ts", "hevc"),
    ("avi", "mjpeg"),
    ("avi", "mpeg4"),
    ("mkv", "mpeg4"),
    ("avi", "h264"),
]


@pytest.fixture
def pids(monkeypatch):
    """Process ids of the children started."""
    seen: list[int] = []
    real = child.Child.__init__

    def noting(self, *args, **kwargs):
        real(self, *args, **kwargs)
        seen.append(self.pid)

    monkeypatch.setattr(child.Child, "__init__", noting)
    return seen


@pytest.mark.slow
@pytest.mark.parametrize(("container", "codec"), SOURCES)
def test_transcoded_parts_show_the_same_frames_at_the_same_times(container, codec):
    _, index, read = made(container=container, codec=codec, **LONG)
    base = ticks_of(index, 5000)
    whole = POOL.init_segment(index)
    for part in partition(index):
        data = POOL.part(index, read, part.first, part.stop, sequence=part.number + 1, base_decode_time=base)
        alone: list[tuple[float, int]] = frames_of(POOL.init_segment(index) + data)
        assert abs(alone[0][0] * 1000 - 5000 - part.start_ms) < 2
        assert len(alone) == round(part.duration_ms / 100)
        whole += data
    assert [number for _, number in frames_of(whole)] == list(range(200))
    assert all(abs(when - 5 - number / 10) < 0.002 for when, number in frames_of(whole))
    with av.open(io.BytesIO(whole)) as opened:
        assert opened.streams.video[0].codec_context.name == "h264"


def test_a_stream_is_the_whole_recording_in_fragments_with_progress():
    _, index, read = made(codec="hevc", **LONG)
    seen: list[float] = []
    pieces = list(POOL.stream(index, read, progress=seen.append))
    assert numbers_of(b"".join(pieces)) == list(range(200))
    assert [round(portion, 3) for portion in seen] == [0.333, 0.667, 1.0]
    assert pieces[0] == POOL.init_segment(index)


def test_closing_a_stream_kills_its_child(pids):
    _, index, read = made(codec="hevc", **LONG)
    stream = POOL.stream(index, read)
    next(stream)
    next(stream)
    stream.close()
    assert pids
    assert not Path(f"/proc/{pids[0]}").exists()


@pytest.mark.slow
@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_pictures_that_lean_on_the_group_before_their_keyframe_are_not_lost(codec):
    _, index, read = made(container="mp4", codec=codec, open_gop=True, b_frames=3, **LONG)
    parts = partition(index)
    leading = [part for part in parts if index.pts[part.first : part.stop].min() < index.pts[part.first]]
    assert leading
    whole = POOL.init_segment(index)
    for part in parts:
        whole += POOL.part(index, read, part.first, part.stop, sequence=part.number + 1)
    assert [number for _, number in frames_of(whole)] == list(range(200))


@pytest.mark.slow
def test_large_pictures_are_made_smaller_in_proportion():
    _, index, _ = made(codec="mjpeg", width=2560, height=1440, seconds=1)
    output = output_of(index)
    assert (output.width, output.height) == (1920, 1080)


def test_a_killed_child_fails_its_part_and_nothing_else(pids):
    _, index, read = made(codec="hevc", **LONG)
    stream = POOL.stream(index, read)
    next(stream)
    while not pids:
        next(stream)
    os.kill(pids[0], signal.SIGKILL)
    with pytest.raises(TranscodeFailed) as failure:
        list(stream)
    assert failure.value.status == 500
    assert failure.value.hint
    assert numbers_of(POOL.init_segment(index) + POOL.part(index, read, 0, 20)) == list(range(20))


def refused(pool, index, read):
    with pytest.raises(TranscodeBusy):
        pool.part(index, read, 0, 20)


def test_too_many_callers_are_told_to_come_back():
    _, index, read = made(codec="hevc", **LONG)
    pool = TranscodePool(1, max_waiting=1, wait_seconds=0.2)
    running = pool.stream(index, read)
    next(running)
    try:
        with pytest.raises(TranscodeBusy) as busy:
            pool.part(index, read, 0, 20)
        assert busy.value.status == 503
        waiting = threading.Thread(target=refused, args=(pool, index, read))
        waiting.start()
        time.sleep(0.05)
        start = time.monotonic()
        with pytest.raises(TranscodeBusy):
            pool.part(index, read, 0, 20)
        assert time.monotonic() - start < 0.1
        waiting.join()
    finally:
        running.close()
    assert pool.part(index, read, 0, 20)


def test_a_job_is_cancelled_and_limited_in_time(pids):
    _, index, read = made(codec="hevc", **LONG)
    with pytest.raises(TranscodeCancelled):
        POOL.part(index, read, 0, len(index), cancelled=lambda: True)
    with pytest.raises(TranscodeFailed, match="too long"):
        POOL.part(index, read, 0, len(index), seconds=0.0)
    assert len(pids) == 2
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_invariant_3_a_refused_read_ends_the_job_with_its_own_error():
    _, index, read = made(codec="hevc", **LONG)

    class Expired(Exception):
        pass

    calls = []

    def expiring(offset: int, size: int):
        calls.append(offset)
        if len(calls) > 2:
            raise Expired
        return read(offset, size)

    with pytest.raises(Expired):
        POOL.part(index, expiring, 0, len(index))


def test_invariant_2_the_child_has_no_file_no_secret_and_the_lowest_priority(pids, monkeypatch):
    monkeypatch.setenv("LETHE_TEST_SECRET", "do not pass on")
    _, index, read = made(codec="hevc", **LONG)
    stream = POOL.stream(index, read)
    next(stream)
    next(stream)
    process = Path(f"/proc/{pids[0]}")
    opened = {os.readlink(each) for each in (process / "fd").iterdir()}
    limits = (process / "limits").read_text()
    stat = (process / "stat").read_text().rpartition(")")[2].split()
    environment = (process / "environ").read_bytes()
    stream.close()
    assert all(name.startswith(("pipe:", "/dev/null")) for name in opened), opened
    assert b"do not pass on" not in environment
    assert stat[16] == "19"
    for line in limits.splitlines():
        if line.startswith(("Max core file size", "Max file size")):
            assert line.split()[-3:-1] == ["0", "0"]
        if line.startswith("Max address space"):
            assert "unlimited" not in line


@pytest.mark.parametrize("damage", ["zeros", "noise"])
def test_pictures_that_cannot_be_decoded_fail_the_part_with_a_reason(damage):
    _, index, _ = made(codec="mjpeg")
    spoilt = bytes if damage == "zeros" else os.urandom
    with pytest.raises(MediaError) as failure:
        POOL.part(index, lambda at, size: spoilt(size), 0, len(index))
    assert failure.value.code == "transcode_failed"


def test_what_is_said_in_place_of_the_child_is_not_believed(monkeypatch):
    _, index, read = made(codec="hevc")
    script = "import sys; sys.stdout.buffer.write(b'X' + (40).to_bytes(4, 'big') + bytes(60))"
    monkeypatch.setattr(transcode, "_command", lambda: ["/usr/bin/env", "python3", "-c", script])
    with pytest.raises(MediaError):
        POOL.part(index, read, 0, len(index))
