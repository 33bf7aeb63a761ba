"""Small video files made on the spot, in every shape a recorder may leave, each frame carrying its own
number.

The number is painted as two rows of eight blocks (white = 1), so a test can tell after decoding, scaling or
transcoding exactly which frame it is looking at. Nothing here is copied from real footage.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
BITS = 16
ROWS, COLUMNS = 2, 8
ENCODERS = {"h264": "libx264", "hevc": "libx265", "mjpeg": "mjpeg", "mpeg4": "mpeg4"}
FORMATS = {"mp4": "mp4", "faststart": "mp4", "fmp4": "mp4", "ts": "mpegts", "mkv": "matroska", "avi": "avi"}
FRAGMENTED = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}


def painted(number: int, width: int = 320, height: int = 180) -> Picture:
    """An RGB picture of `height` x `width` x 3 that shows `number` (0..65535) as blocks on a drifting
    colour."""
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = (40 + number * 3 % 60, 90, 140 - number * 5 % 60)
    for bit in range(BITS):
        top, bottom, left, right = _block(bit, width, height)
        picture[top:bottom, left:right] = 235 if number >> bit & 1 else 16
    return picture


def number_of(picture: Picture) -> int:
    """The number painted on a decoded picture (grey or colour, any size)."""
    grey = picture.mean(axis=2) if picture.ndim == 3 else picture
    height, width = grey.shape
    number = 0
    for bit in range(BITS):
        top, bottom, left, right = _block(bit, width, height)
        high, wide = (bottom - top) // 4, (right - left) // 4
        number |= int(grey[top + high : bottom - high, left + wide : right - wide].mean() > 125) << bit
    return number


def _block(bit: int, width: int, height: int) -> tuple[int, int, int, int]:
    row, column = divmod(bit, COLUMNS)
    high, wide = height // (ROWS + 1), width // (COLUMNS + 1)
    top, left = row * high + high // 3, column * wide + wide // 2
    return top, top + high * 3 // 4, left, left + wide * 3 // 4


@lru_cache(maxsize=64)
def clip(
    *,
    container: str = "mp4",
    codec: str = "h264",
    audio: str | None = None,
    seconds: float = 4,
    fps: int = 25,
    gop: int = 50,
    b_frames: int = 2,
    width: int = 320,
    height: int = 180,
    first_number: int = 0,
    noise: int = 0,
    preset: str = "ultrafast",
    open_gop: bool = False,
) -> bytes:
    """One file. `container`: mp4, faststart, fmp4, ts, mkv or avi; `codec`: h264, hevc, mjpeg or mpeg4;
    `audio`: None, aac, pcm_alaw or pcm_mulaw; `noise` adds grain (0..255) so that packets get their
    weight."""
    sink = io.BytesIO()
    options = FRAGMENTED if container == "fmp4" else {}
    with av.open(sink, "w", format=FORMATS[container], options=options) as output:
        video = _video_stream(output, codec, fps, gop, b_frames, (width, height), preset, open_gop)
        sound: Any = (
            output.add_stream(audio, rate=8000 if audio.startswith("pcm") else 48000) if audio else None
        )
        for index in range(round(seconds * fps)):
            output.mux(video.encode(_frame(first_number + index, width, height, fps, index, noise, codec)))
            if sound is not None:
                for frame in _silence(sound, index, fps):
                    output.mux(sound.encode(frame))
        for stream in (video, sound):
            if stream is not None:
                output.mux(stream.encode(None))
    data = sink.getvalue()
    return faststart(data) if container == "faststart" else data


def _video_stream(
    output: Any,
    codec: str,
    fps: int,
    gop: int,
    b_frames: int,
    size: tuple[int, int],
    preset: str,
    open_gop: bool,
) -> Any:
    stream = output.add_stream(ENCODERS[codec], rate=fps)
    stream.width, stream.height = size
    stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    if codec == "h264":
        stream.options = {"preset": preset, "bf": str(b_frames), "g": str(gop), "sc_threshold": "0"}
        stream.options |= {"threads": "1", "b-pyramid": "none", "x264-params": f"open-gop={int(open_gop)}"}
    elif codec == "hevc":
        x265 = f"keyint={gop}:min-keyint={gop}:bframes={b_frames}:scenecut=0:open-gop={int(open_gop)}"
        x265 += ":log-level=none:pools=1"
        stream.options = {"preset": preset, "x265-params": x265}
        stream.codec_context.codec_tag = (
            "hvc1" if output.format.name == "mp4" else stream.codec_context.codec_tag
        )
    elif codec == "mpeg4":
        stream.codec_context.gop_size = gop
        stream.codec_context.max_b_frames = b_frames if output.format.name != "avi" else 0
        stream.codec_context.qmax = 6
    else:
        stream.codec_context.qmax = 4
    return stream


def _frame(
    number: int, width: int, height: int, fps: int, index: int, noise: int, codec: str
) -> av.VideoFrame:
    picture = painted(number, width, height)
    if noise:
        grain = np.random.default_rng(number).integers(0, noise, picture.shape[:2], np.uint8)
        picture = np.clip(picture.astype(np.int16) + grain[..., None] - noise // 2, 0, 255).astype(np.uint8)
    frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
    frame = frame.reformat(format="yuvj420p" if codec == "mjpeg" else "yuv420p")
    frame.pts, frame.time_base = index, Fraction(1, fps)
    return frame


def _silence(stream: Any, index: int, fps: int) -> Iterator[av.AudioFrame]:
    context = stream.codec_context
    rate, mono = context.sample_rate, context.name.startswith("pcm")
    start, stop = index * rate // fps, (index + 1) * rate // fps
    size = 1024 if not mono else max(1, stop - start)
    for begin in range(-(-start // size) * size, stop, size):
        kind, samples = (
            ("s16", np.zeros((1, size), np.int16)) if mono else ("fltp", np.zeros((2, size), np.float32))
        )
        frame = av.AudioFrame.from_ndarray(samples, format=kind, layout="mono" if mono else "stereo")
        frame.sample_rate, frame.pts, frame.time_base = rate, begin, Fraction(1, rate)
        yield frame


def top_boxes(data: bytes) -> list[tuple[str, int, int]]:
    """(type, start, end) of each top-level MP4 box."""
    found, position = [], 0
    while position + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, position)
        if size == 1:
            size = struct.unpack_from(">Q", data, position + 8)[0]
        end = position + size if size else len(data)
        found.append((kind.decode("latin-1"), position, end))
        position = end
    return found


def faststart(data: bytes) -> bytes:
    """The same MP4 with its `moov` before its `mdat`, chunk offsets moved along."""
    places = {kind: (start, end) for kind, start, end in top_boxes(data)}
    moov = bytearray(data[slice(*places["moov"])])
    position = 0
    while (position := moov.find(b"stco", position)) >= 0:
        count = struct.unpack_from(">I", moov, position + 8)[0]
        for entry in range(count):
            at = position + 12 + entry * 4
            struct.pack_into(">I", moov, at, struct.unpack_from(">I", moov, at)[0] + len(moov))
        position += 4
    ftyp = data[slice(*places["ftyp"])]
    rest = b"".join(data[start:end] for kind, start, end in top_boxes(data) if kind not in ("ftyp", "moov"))
    return ftyp + bytes(moov) + rest


def packets_of(data: bytes) -> list[bytes]:
    """The payload of each video packet as a demuxer of its own reads it, in decode order."""
    container: Any
    with av.open(io.BytesIO(data)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def numbers_of(data: bytes) -> list[int]:
    """The painted number of each frame, in display order."""
    container: Any
    with av.open(io.BytesIO(data)) as container:
        return [number_of(frame.to_ndarray(format="gray8")) for frame in container.decode(video=0)]
