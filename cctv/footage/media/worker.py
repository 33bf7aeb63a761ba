"""The transcoding child: `python -m cctv.footage.media.worker`, packets in on stdin, H.264 out on stdout.

It opens no file, keeps no picture longer than it needs, and can be killed at any moment: all it does is
decode and encode, one thread each, at the lowest priority and within limits. Decoders meet hostile data here
and not in the process that holds keys.
"""

from __future__ import annotations

import base64
import os
import queue
import resource
import sys
import threading
from typing import Any, BinaryIO

MEMORY_BYTES = 4 << 30
CPU_SECONDS = 6 * 3600
QUEUED_FRAMES = 6


def confine() -> None:
    """Lowest priority, no core dump, no file to write, bounded memory and time."""
    os.nice(19)
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
    ):
        hard = resource.getrlimit(limit)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (value, value))


def main() -> int:
    """Run one job; the exit code is 0 when it was done, 1 when it was not."""
    confine()
    from cctv.footage.media import wire

    source, sink = sys.stdin.buffer, sys.stdout.buffer
    try:
        transcode(wire.read_header(source), source, sink)
    except (BrokenPipeError, EOFError):
        return 1
    except Exception as error:
        text = f"{type(error).__name__}: {error}"[:500].encode()
        sink.write(wire.MESSAGE.pack(wire.ERROR, len(text), 0, 0) + text)
        sink.flush()
        return 1
    sink.write(wire.MESSAGE.pack(wire.DONE, 0, 0, 0))
    sink.flush()
    return 0


def transcode(job: dict[str, Any], source: BinaryIO, sink: BinaryIO) -> None:
    """Decode in one thread, encode in this one. `job`: codec, extradata (base64), timescale, width, height
    (of the output), from, until (times of the pictures to keep, half-open), cuts (times that start with a
    keyframe), masks (polygons, drawn into each picture before it is encoded)."""
    from cctv.footage.media import masking, wire
    from cctv.footage.media.encoder import encoder
    from cctv.sites.masks import polygons

    masks = polygons.read(job["masks"])
    named = polygons.version(masks).encode()
    sink.write(wire.MESSAGE.pack(wire.MASKS, len(named), 0, 0) + named)
    context = encoder(job["width"], job["height"], job["timescale"])
    extradata = bytes(context.extradata)
    sink.write(wire.MESSAGE.pack(wire.EXTRADATA, len(extradata), 0, 0) + extradata)
    frames: queue.Queue[Any] = queue.Queue(QUEUED_FRAMES)
    threading.Thread(target=_decode, args=(job, source, frames), daemon=True).start()
    cuts = sorted(job["cuts"])
    last = job["from"] - 1
    while (frame := frames.get()) is not None:
        if isinstance(frame, BaseException):
            raise frame
        if frame.pts is None or not last < frame.pts < job["until"]:
            continue
        last = frame.pts
        picture = masking.for_encoder(frame, job["width"], job["height"], masks)
        picture.pts, picture.time_base = frame.pts, context.time_base
        picture.pict_type = 0
        if cuts and frame.pts >= cuts[0]:
            picture.pict_type = 1
            while cuts and frame.pts >= cuts[0]:
                del cuts[0]
        _send(sink, context.encode(picture))
    _send(sink, context.encode(None))


def _send(sink: BinaryIO, packets: Any) -> None:
    from cctv.footage.media import wire

    for packet in packets:
        data = bytes(packet)
        sink.write(wire.MESSAGE.pack(wire.PICTURE, len(data), packet.pts, packet.is_keyframe) + data)
    sink.flush()


def _decode(job: dict[str, Any], source: BinaryIO, frames: queue.Queue[Any]) -> None:
    from cctv.footage.media import decoding, wire

    try:
        context = decoding.decoder(job["codec"], base64.b64decode(job["extradata"]))
        while True:
            size, pts, dts, key = wire.PACKET.unpack(wire.exactly(source, wire.PACKET.size))
            if size > wire.MAX_PACKET:
                raise ValueError("a packet that is too large")
            packet = decoding.packet_of(wire.exactly(source, size), pts, dts, key=bool(key)) if size else None
            for frame in decoding.frames(context, packet):
                frames.put(frame)
            if packet is None:
                break
        frames.put(None)
    except BaseException as error:
        frames.put(error)


if __name__ == "__main__":
    sys.exit(main())
