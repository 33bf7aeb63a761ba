"""The archive around a sealed package: the sealed file, the page that opens it, what to do.

How long the sealed file will be is not known before it is sealed, so this archive is written as streams are:
each file deflated (without shrinking it) and followed by its sizes, which every system's own tools read. Made
while it is sent: a few pieces are in memory, nothing is on disk. No Django.
"""

import zipfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import IO, cast

# From here on the sizes of the sealed file would not fit into 32 bits.
LARGE_BYTES = (4 << 30) - (64 << 20)
PLAIN_FILE = 0o100644 << 16


class _Sink:
    """What the library writes, taken away piece by piece; it cannot be sought."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Keep it until it is taken."""
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits here."""

    def take(self) -> bytes:
        """All since the last time."""
        taken, self._parts = b"".join(self._parts), []
        return taken


def around(
    sealed: Iterator[bytes], *, name: str, about_bytes: int, beside: Mapping[str, bytes], modified: datetime
) -> Iterator[bytes]:
    """The archive's bytes. `beside` are the small files, which come first; `about_bytes` is the size of what
    was sealed; `modified` is aware, and its own wall clock is shown."""
    sink = _Sink()
    with zipfile.ZipFile(cast("IO[bytes]", sink), "w", zipfile.ZIP_DEFLATED) as archive:
        for each, data in beside.items():
            archive.writestr(_entry(each, modified), data)
        yield sink.take()
        large = about_bytes >= LARGE_BYTES
        with archive.open(_entry(name, modified, level=0), "w", force_zip64=large) as target:
            for piece in sealed:
                target.write(piece)
                if taken := sink.take():
                    yield taken
    yield sink.take()


def _entry(name: str, modified: datetime, *, level: int = 6) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, modified.timetuple()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry._compresslevel = level  # type: ignore[attr-defined]  # `open` takes it from nowhere else
    entry.create_system, entry.external_attr = 3, PLAIN_FILE
    return entry
