"""The child that works on pictures: `python -m cctv.redaction.child.worker`.

Packets come in on stdin; what was seen in them, or encoded pictures as they may leave, go out on stdout. It
opens no file for writing, keeps no picture longer than it needs, and can be killed at any moment. Decoders
meet hostile data here and not in the process that holds keys.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

from cctv.footage.media.worker import confine


def main() -> int:
    """Run one job; the exit code is 0 when it was done, 1 when it was not."""
    confine()
    from cctv.footage.media import wire
    from cctv.redaction.child import protocol

    source, sink = sys.stdin.buffer, sys.stdout.buffer
    try:
        header = wire.read_header(source)
        work = {
            "look": _look, "render": _render, "picture": _picture, "scene": _scene, "mark": _mark,
        }[header["do"]]  # fmt: skip
        work(header, source, sink)
    except (BrokenPipeError, EOFError):
        return 1
    except Exception as error:
        protocol.write(sink, protocol.ERROR, f"{type(error).__name__}: {error}"[:500].encode())
        sink.flush()
        return 1
    protocol.write(sink, protocol.ALL)
    sink.flush()
    return 0


def _parts(source: BinaryIO) -> Iterator[dict[str, Any]]:
    """The header of each part; its packets have to be read before the next one is asked for."""
    from cctv.redaction.child import protocol

    while (item := protocol.read(source)).kind != protocol.ALL:
        if item.kind != protocol.PART:
            raise ValueError("something else than a part")
        yield json.loads(item.data)


def _decoded(part: dict[str, Any], source: BinaryIO) -> Iterator[tuple[Any, float]]:
    """Frames of the part that are shown within [from, until), with their times in ms of the redaction."""
    from cctv.footage.media import decoding
    from cctv.redaction.child import protocol

    context = decoding.decoder(part["codec"], base64.b64decode(part["extradata"]))
    last = part["from"] - 1
    ended = False
    while not ended:
        item = protocol.read(source)
        ended = item.kind == protocol.END
        if not ended and item.kind != protocol.PACKET:
            raise ValueError("something else than a packet")
        packet = None if ended else decoding.packet_of(item.data, item.pts, item.dts, key=item.key)
        for frame in decoding.frames(context, packet):
            part["aspect"] = context.sample_aspect_ratio
            if frame.pts is not None and last < frame.pts < part["until"]:
                last = frame.pts
                yield frame, part["offset_ms"] + frame.pts * 1000 / part["timescale"]


def _look(header: dict[str, Any], source: BinaryIO, sink: BinaryIO) -> None:
    """Look at part after part with one memory of the scene; those with `warm` only teach it."""
    from cctv.footage.media.encoder import aspect_of
    from cctv.redaction.child import protocol
    from cctv.redaction.looking.detector import OnnxDetector
    from cctv.redaction.looking.facts import encode
    from cctv.redaction.looking.looker import Looker, analysis_size
    from cctv.redaction.pipeline import look, shown

    size = analysis_size(header["width"], header["height"])
    looker = Looker(*size, OnnxDetector(header["detector"]), header["width"])
    for part in _parts(source):
        pictures = shown(_decoded(part, source), size)
        if part.get("warm"):
            for rgb, at_ms in pictures:
                looker.warm(rgb, at_ms)
        else:
            facts = list(look(pictures, looker))
            protocol.write(sink, protocol.FACTS, encode(facts), pts=len(facts))
        across, down = aspect_of(part.get("aspect"))
        protocol.write(sink, protocol.DONE, pts=across, dts=down)
        sink.flush()


def _render(header: dict[str, Any], source: BinaryIO, sink: BinaryIO) -> None:
    """Draw and encode part after part; each begins with a keyframe and needs none of the others."""
    from cctv.redaction.child import painting, protocol

    paint, masks = painting.paint_of(header), painting.masks_of(header)
    for part in _parts(source):
        context = painting.encoder_of(header)
        extradata = bytes(context.extradata)
        protocol.write(sink, protocol.EXTRADATA, extradata)
        for packet in painting.encoded(_decoded(part, source), part, paint, context, masks):
            protocol.write(sink, protocol.PICTURE, bytes(packet), pts=packet.pts, key=packet.is_keyframe)
            sink.flush()
        protocol.write(sink, protocol.DONE)
        sink.flush()


def _mark(header: dict[str, Any], source: BinaryIO, sink: BinaryIO) -> None:
    """Parts of a result, its init segment before each, with a mark over all pictures."""
    from cctv.redaction.child import marking, painting, protocol
    from cctv.redaction.drawing import mark

    laid = mark.read(header["mark"])
    for _part in _parts(source):
        context = painting.encoder_of(header)
        protocol.write(sink, protocol.EXTRADATA, bytes(context.extradata))
        fed = marking.Fed(source)
        for packet, until in marking.marked(fed, laid, context):
            key = packet.is_keyframe
            protocol.write(sink, protocol.PICTURE, bytes(packet), pts=packet.pts, dts=until, key=key)
            sink.flush()
        fed.rest()
        protocol.write(sink, protocol.DONE)
        sink.flush()


def _picture(header: dict[str, Any], source: BinaryIO, sink: BinaryIO) -> None:
    """The last picture of one part, drawn, as a JPEG."""
    from cctv.redaction.child import painting, protocol

    paint, masks = painting.paint_of(header), painting.masks_of(header)
    for part in _parts(source):
        size = header["width"], header["height"]
        jpeg = painting.last_as_jpeg(_decoded(part, source), part, paint, size, masks)
        protocol.write(sink, protocol.JPEG, jpeg)
        protocol.write(sink, protocol.DONE)
        sink.flush()


def _scene(header: dict[str, Any], source: BinaryIO, sink: BinaryIO) -> None:
    """One picture of each part, and at the end the scene that they have in common, as a JPEG."""
    from cctv.redaction.child import protocol, scenery

    still = scenery.Still(header)
    for part in _parts(source):
        found: Any = None
        for found, _at_ms in _decoded(part, source):  # noqa: B007 - the last one is wanted
            pass
        if found is not None:
            still.add(found, part["stands"])
        protocol.write(sink, protocol.DONE)
        sink.flush()
    jpeg, coarse = still.made()
    protocol.write(sink, protocol.JPEG, jpeg, pts=coarse, dts=still.pictures)
    sink.flush()


if __name__ == "__main__":
    sys.exit(main())
