"""Marking in the child: a part of a result, decoded, with a mark over each picture, encoded again.

Times and keyframes stay those of the part, picture by picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import av
import numpy as np

from cctv.redaction.child import protocol
from cctv.redaction.drawing import mark as marks
from cctv.redaction.drawing.mark import Mark


class Fed:
    """The part's bytes as a file that can only be read on."""

    def __init__(self, source: BinaryIO) -> None:
        """`source`: the pipe, at the items of the part."""
        self._source = source
        self._left = memoryview(b"")
        self._ended = False

    def read(self, size: int) -> bytes:
        """What is there, `size` at most; nothing after the part's end."""
        while not self._left and not self._ended:
            item = protocol.read(self._source)
            self._ended = item.kind == protocol.END
            if not self._ended and item.kind != protocol.PACKET:
                raise ValueError("something else than bytes of the part")
            self._left = memoryview(item.data)
        data, self._left = self._left[:size], self._left[size:]
        return bytes(data)

    def rest(self) -> None:
        """Read on to the part's end."""
        while self.read(1 << 20):
            pass


def marked(part: Fed, mark: Mark, context: Any) -> Iterator[tuple[Any, int]]:
    """Packets of the marked part and until when each is shown, in ticks of the encoder. ValueError, if a
    picture is of another size or has no time."""
    ends: dict[int, int] = {}
    with av.open(part, mode="r", format="mp4") as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        if stream.time_base != context.time_base:
            raise ValueError("another clock than the encoder's")
        for packet in container.demux(stream):
            if packet.pts is not None and packet.duration:
                ends[packet.pts] = packet.pts + packet.duration
            for frame in packet.decode():
                for done in context.encode(_laid(frame, mark, context)):
                    yield done, ends.pop(done.pts)
    for done in context.encode(None):
        yield done, ends.pop(done.pts)


def _laid(frame: Any, mark: Mark, context: Any) -> Any:
    if (frame.width, frame.height) != (context.width, context.height) or frame.pts is None:
        raise ValueError("another picture than was rendered")
    picture = frame.reformat(format="yuv420p", dst_color_range="MPEG")
    picture.make_writable()  # the decoder predicts from its own one
    plane = picture.planes[0]
    lines = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    marks.lay(mark, lines[: frame.height, : frame.width])
    kinds = av.video.frame.PictureType
    picture.pts, picture.time_base = frame.pts, context.time_base
    picture.pict_type = kinds.I if frame.key_frame else kinds.NONE
    return picture
