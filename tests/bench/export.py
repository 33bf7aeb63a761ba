"""One hour of 1080p in 10 s recordings, from the sealed recordings to the sealed files of a package.

Lethe's side is the job from an approved export to READY: it opens each recording through its door, cuts the
clip packet by packet, seals it while it is written, hashes clear and sealed bytes, writes what makes every
recorder's file again from the clip, the evidence of each, papers, manifest and signature. The peer copies the
same clear files with `ffmpeg -c copy` and takes the SHA-256 of each, which is what an office does by hand; it
neither seals nor opens anything, and syncs nothing to the disk. `verify_mib_s` is the program in the package,
run over the archive as a recipient has it: it hashes every file, and every recorder's file made again.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from tests.bench.harness import interleave, median, prepare_django, rounds, seconds, spread, work_folder
from tests.bench.purge import _forget_peak, _peak_mib

SEGMENTS, QUICK_SEGMENTS = 360, 12
PIECE_BYTES = 1 << 20


def run(quick: bool) -> dict[str, Any]:
    """Figures of the contract `export`."""
    prepare_django()
    from tests.bench._export_yard import Hour

    with work_folder("export") as folder:
        hour = Hour(folder / "clear", QUICK_SEGMENTS if quick else SEGMENTS)
        ours, peer = Ours(hour), Peer(folder, hour)
        ours.timed()
        peer.copy()  # both warm
        count = rounds(quick)
        took = interleave({"lethe": ours.timed, "ffmpeg": peer.timed}, count=count)
        ours.write(folder / "package.zip")
        verify_mib_s = _verified(folder / "package.zip", count)
    mib = hour.size / 2**20
    lethe, ffmpeg = median(took["lethe"]), median(took["ffmpeg"])
    print(
        f"{mib:,.0f} MiB: Lethe {lethe:.2f} s ({mib / lethe:,.0f} MiB/s), ffmpeg and SHA-256 {ffmpeg:.2f} s, "
        f"ratio {ffmpeg / lethe:.2f}; {ours.peak_mib:.0f} MiB of memory; verified at {verify_mib_s:.0f} MiB/s"
    )
    return {
        "seconds": round(lethe, 3),
        "ffmpeg_seconds": round(ffmpeg, 3),
        "ratio": round(ffmpeg / lethe, 3),
        "peak_mib": round(ours.peak_mib, 1),
        "verify_mib_s": round(verify_mib_s, 1),
        "mib": round(mib, 1),
        "spread": {name: round(spread(values), 3) for name, values in took.items()},
        "rounds": count,
        "load": f"{len(hour.files)} recordings of 10 s, H.264 1080p at 25, {mib:,.0f} MiB",
    }


class Peer:
    """`ffmpeg -c copy` of the clear files into one MP4, and the SHA-256 of each of them."""

    def __init__(self, folder: Path, hour: Any) -> None:
        self.files = hour.files
        self.clip = folder / "clip.mp4"
        self.list = folder / "list.txt"
        self.list.write_text("".join(f"file '{path}'\n" for path in self.files))

    def timed(self) -> float:
        """Seconds of one copy."""
        return seconds(self.copy)

    def copy(self) -> None:
        """One copy."""
        ffmpeg = shutil.which("ffmpeg") or "ffmpeg"
        command = [ffmpeg, "-v", "error", "-y", "-f", "concat", "-safe", "0", "-i", str(self.list)]
        subprocess.run([*command, "-c", "copy", str(self.clip)], check=True)
        for path in self.files:
            with path.open("rb") as file:
                hashlib.file_digest(file, "sha256").hexdigest()


class Ours:
    """Exports of the hour, approved beforehand; the job's own way from there to READY."""

    def __init__(self, hour: Any) -> None:
        self.hour = hour
        self.peak_mib = 0.0
        self.export: Any = None

    def timed(self) -> float:
        """Seconds of one package; its peak of memory is kept, the one before goes."""
        self._approve()
        _forget_peak()
        took = seconds(self._package)
        self.peak_mib = max(self.peak_mib, _peak_mib())
        return took

    def _approve(self) -> None:
        from tests.disclosure.packaging import helping

        self.end()
        length = (self.hour.ends_at - self.hour.starts_at).total_seconds()
        self.export = helping.approved(self.hour, (self.hour.camera, 0, length))

    def end(self) -> None:
        """Let the package that is there expire, and destroy it."""
        from cctv.core import clock
        from cctv.disclosure.exports.models import Export
        from cctv.disclosure.packaging.ending import end_packages

        if self.export is not None:
            Export.objects.filter(pk=self.export.pk).update(expires_at=clock.now())
            assert end_packages() == 1

    def _package(self) -> None:
        from cctv.disclosure.exports.models import Export, ExportState
        from cctv.disclosure.packaging.work import package_due

        package_due()
        self.export = Export.objects.select_related("site", "case").get(pk=self.export.pk)
        assert self.export.state == ExportState.READY, (self.export.error_code, self.export.error)

    def write(self, path: Path) -> None:
        """The package as it is sent, in one archive."""
        from accesslog.services import append
        from cctv.disclosure.packages.zipping import Entry, stream_zip
        from cctv.disclosure.packaging import opening, sources

        rows = list(self.export.files.select_related("export", "camera"))
        body: dict[str, Any] = {"job": sources.JOB, "objects": [str(row.pk) for row in rows]}
        receipt = append(kind="vault.job", body={**body, "export": sources.named(self.export)})

        def pieces(row: Any) -> Iterator[bytes]:
            with opening.open_for_system(receipt, row) as reader:
                while data := reader.read(PIECE_BYTES):
                    yield data

        entries = [
            Entry(row.name, row.size_bytes, row.crc32, partial(pieces, row), self.export.asked_at)
            for row in rows
        ]
        with path.open("wb") as file:
            for piece in stream_zip(entries):
                file.write(piece)


def _verified(package: Path, count: int) -> float:
    """MiB/s of the program that lies in the package, over the package, as its own process; the median."""
    from cctv.disclosure.packages import check

    program = package.with_name(check.PROGRAM)
    program.write_bytes(check.program())
    command = [sys.executable, str(program), str(package), "--language", "en"]
    took = [
        seconds(lambda: subprocess.run(command, check=True, stdout=subprocess.PIPE)) for _ in range(count)
    ]
    return package.stat().st_size / 2**20 / median(took)
