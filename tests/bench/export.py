"""One hour of 1080p in 10 s recordings, from the sealed recordings to the sealed files of a package.

Lethe opens each recording through the job's door, cuts the clip packet by packet, seals it while it is written,
hashes clear and sealed bytes, and writes what makes every recorder's file again from the clip. The peer copies the
same clear files with `ffmpeg -c copy` and takes the SHA-256 of each, which is what an office does by hand; it neither
seals nor opens anything, and syncs nothing to the disk.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
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
        ours.package()
        peer.copy()  # both warm
        count = rounds(quick)
        took = interleave({"lethe": ours.timed, "ffmpeg": peer.timed}, count=count)
        verify_mib_s = ours.verified()
    mib = hour.size / 2**20
    lethe, ffmpeg = median(took["lethe"]), median(took["ffmpeg"])
    print(
        f"{mib:,.0f} MiB: Lethe {lethe:.2f} s ({mib / lethe:,.0f} MiB/s), ffmpeg and SHA-256 {ffmpeg:.2f} s, ratio "
        f"{ffmpeg / lethe:.2f}; {ours.peak_mib:.0f} MiB of memory; verified at {verify_mib_s:,.0f} MiB/s"
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
    """The package's clip and recipes, sealed into the store; what was made before goes."""

    def __init__(self, hour: Any) -> None:
        self.hour = hour
        self.peak_mib = 0.0
        self.names: list[str] = []

    def timed(self) -> float:
        """Seconds of one package; its peak of memory is kept."""
        _forget_peak()
        took = seconds(self.package)
        self.peak_mib = max(self.peak_mib, _peak_mib())
        return took

    def package(self) -> None:
        """One package."""
        from accesslog.services import append
        from accesslog.types import to_us
        from cctv.disclosure.packages import clips, rebuild
        from cctv.vault import services as vault

        for name in self.names:
            vault.delete_object(name)
        rows = self.hour.segments()
        receipt = append(kind="vault.job", body={"job": "bench", "objects": [str(row.pk) for row in rows]})
        sources = [self._source(receipt, row) for row in rows]
        self.names = [vault.object_name() for _ in range(2)]
        writers = [vault.writer(name, vault.new_object_key(), b"bench") for name in self.names]
        found = clips.plan(sources, to_us(self.hour.starts_at), to_us(self.hour.ends_at))
        assert len(found) == 1
        facts = clips.write_clip(found[0], writers[0])
        for source, placed in zip(sources, facts.parts, strict=True):
            assert rebuild.write_recipe(source, placed, writers[1]) is not None
        for writer in writers:
            writer.close()

    def _source(self, receipt: Any, row: Any) -> Any:
        from accesslog.types import to_us
        from cctv.disclosure.packages.clips import Source
        from cctv.footage import sealed
        from cctv.vault.sealing import clear_size

        opened = sealed.for_system(receipt, row, job="bench")
        media: list[Any] = []

        def read(offset: int, size: int) -> bytes:
            if not media:
                media.append(opened.media())
            return media[0].read_range(offset, size)

        def done() -> None:
            media.pop().close()

        return Source(str(row.pk), to_us(row.starts_at), opened.index, read, clear_size(row.size_bytes), done)

    def verified(self) -> float:
        return 0.0
