"""Taking recordings in: the door for whoever has a file or a stream at hand."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Protocol

from cctv.ingest import arrivals
from cctv.ingest.admission import take_in
from cctv.ingest.files import PIECE_BYTES, source_file
from cctv.ingest.incoming import Admission, Incoming
from cctv.ingest.models import Recorder, Source
from cctv.sites.models import Camera


class Stream(Protocol):
    """Something that hands out bytes in order."""

    def read(self, size: int, /) -> bytes | None: ...


def admit(
    *,
    camera: Camera,
    starts_at: datetime,
    origin: str,
    original_name: str,
    path: Path | None = None,
    stream: Stream | None = None,
    source: Source | None = None,
    recorder: Recorder | None = None,
    expected_sha256: bytes | None = None,
    mtime: datetime | None = None,
    verify: Callable[[], None] | None = None,
    remove: Callable[[], None] | None = None,
) -> Admission:
    """Take in one recording of `camera` that began at `starts_at`, from a file or from a stream.

    A file is left in place unless `remove` takes it away; that runs only once the recording is safe.
    The outcome is live, duplicate (the segment is there already) or quarantined (with the reason).
    Raises LetheError for trouble with checksum, storage, keys, log or register: nothing was kept.
    """
    if (path is None) == (stream is None):
        raise ValueError("give either a path or a stream")
    file = source_file(path) if path is not None else None
    incoming = Incoming(
        site=camera.site,
        camera=camera,
        starts=(starts_at,),
        origin=origin,
        original_name=original_name,
        source=source,
        recorder=recorder,
        expected_sha256=expected_sha256,
        modified_at=mtime,
    )
    if file is not None:
        with file.opened() as opened:
            return take_in(incoming, arrivals.File(opened), remove=remove)
    assert stream is not None
    return take_in(incoming, arrivals.Stream(_pieces(stream), verify=verify), remove=remove)


def _pieces(stream: Stream) -> Iterator[bytes]:
    while piece := stream.read(PIECE_BYTES):
        yield piece
