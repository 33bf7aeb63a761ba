"""Long exports of several cameras, and how their memory grows with their hours.

    python -m tests.bench._export_days --hours 1 6 24 --cameras 4

Recordings of 10 s with few, small pictures, so that a day of four cameras fits on any disk: what grows with
an export is what is kept for each recording and each clip. The peak counts all of the process (VmHWM, told
to the kernel anew before each package), so the shortest is measured first.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.bench.harness import prepare_django, seconds, work_folder
from tests.bench.purge import _forget_peak, _peak_mib

SECONDS = 10
FPS = 2


class Days:
    """The same hours of every camera, sealed by ingest; `cameras` show up in spans."""

    def __init__(self, folder: Path, hours: int, cameras: int) -> None:
        from tests.bench._export_yard import Hour
        from tests.bench._viewing import Office

        office = Office()
        self.site, self.operator, self.purpose = office.site, office.operator, office.purpose
        self.cameras = [office.camera() for _each in range(cameras)]
        self.gate = self.cameras[0]
        self.starts_at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=3)
        self.count = hours * 3600 // SECONDS
        for camera in self.cameras:
            self._record(folder, camera)
        Hour._close()

    def _record(self, folder: Path, camera: Any) -> None:
        from cctv.ingest.services import admit
        from tests.media.clips import clip

        data = clip(seconds=SECONDS, fps=FPS, gop=FPS * SECONDS, width=64, height=48)
        path = folder / "recording.mp4"
        for number in range(self.count):
            path.write_bytes(data + _apart(camera.code, number))
            admission = admit(
                path=path, camera=camera, starts_at=self.starts_at + timedelta(seconds=number * SECONDS),
                origin="import", original_name=path.name,
            )  # fmt: skip
            assert admission.segment is not None, admission.reason


def _apart(code: str, number: int) -> bytes:
    """A box that every reader skips: no two recordings are the same file."""
    import struct

    words = f"{code} {number:06}".encode().ljust(32)
    return struct.pack(">I4s", 8 + len(words), b"free") + words


def measure(hours: Sequence[int], cameras: int) -> list[dict[str, Any]]:
    """One package for each of `hours`, shortest first: seconds, MiB at the peak and before, files, MiB."""
    prepare_django()
    from tests.disclosure.packaging import helping

    with work_folder("export-days") as folder:
        started = time.perf_counter()
        days = Days(folder, max(hours), cameras)
        print(f"{cameras} x {days.count} recordings came in within {time.perf_counter() - started:.0f} s")
        found = []
        for each in sorted(hours):
            spans = [(camera, 0, each * 3600) for camera in days.cameras]
            export = helping.approved(days, *spans)  # type: ignore[arg-type]
            found.append({"hours": each, "cameras": cameras, **_packaged(export)})
            print(found[-1], flush=True)
    return found


def _packaged(export: Any) -> dict[str, Any]:
    import gc

    from cctv.core import clock
    from cctv.disclosure.packaging.work import package_due
    from cctv.retention import guards
    from tests.disclosure.packaging import helping

    # As the purge does each minute: a working installation does not read the journal from its beginning.
    guards.beat(clock.now())
    gc.collect()
    _forget_peak()
    before = _peak_mib()
    took = seconds(package_due)
    done = helping.now(export)
    assert done.state == "ready", (done.error_code, done.error)
    return {
        "seconds": round(took, 1), "before_mib": round(before, 1), "peak_mib": round(_peak_mib(), 1),
        "files": done.package["files"], "mib": round(done.package["bytes"] / 2**20, 1),
        "manifest_mib": round(done.package["size"] / 2**20, 2),
    }  # fmt: skip


if __name__ == "__main__":
    import argparse

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=int, nargs="+", default=[1, 6, 24])
    parser.add_argument("--cameras", type=int, default=4)
    asked = parser.parse_args()
    measure(asked.hours, asked.cameras)
