"""An hour of one camera for the export benchmark: the clear files, and the same files sealed by ingest."""

from __future__ import annotations

import os
import secrets
import struct
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

SECONDS = 10
# Made once; the files of each run are copies of it, told apart by a box that every reader skips.
CACHE = "lethe-bench-export-segment-1.mp4"


def segment() -> bytes:
    """Ten seconds of 1080p25 H.264, about 5 MB, from the cache or made for it."""
    path = Path(tempfile.gettempdir()) / "cache" / CACHE
    if not path.exists():
        from tests.bench.ingest import _segment

        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}")
        part.write_bytes(_segment(sound=False))
        part.replace(path)
    return path.read_bytes()


class Hour:
    """`count` recordings that follow each other, as clear files in `folder` and sealed in the vault."""

    def __init__(self, folder: Path, count: int) -> None:
        from tests.bench._viewing import Office

        office = Office()
        self.site, self.operator, self.purpose = office.site, office.operator, office.purpose
        self.camera = office.camera()
        self.starts_at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
        self.ends_at = self.starts_at + timedelta(seconds=count * SECONDS)
        self.files: list[Path] = []
        self.size = 0
        data = segment()
        folder.mkdir()
        for number in range(count):
            path = folder / f"{number:04}.mp4"
            file = data + struct.pack(">I4s", 40, b"free") + secrets.token_bytes(32)
            path.write_bytes(file)
            self.files.append(path)
            self.size += len(file)
            self._admit(path, self.starts_at + timedelta(seconds=number * SECONDS))
        self._close()

    def _admit(self, path: Path, starts_at: datetime) -> None:
        from cctv.ingest.services import admit

        admission = admit(
            path=path, camera=self.camera, starts_at=starts_at, origin="import", original_name=path.name
        )
        assert admission.segment is not None, admission.reason

    @staticmethod
    def _close() -> None:
        """The roots of what has come in are logged: every recording can be proven."""
        from cctv.core import clock
        from cctv.ingest import hours

        with clock.pretend(clock.now() + timedelta(hours=2)):
            hours.close_hours()
