"""Durable admission of ~5 MB segments, beside a bare loop that does the least that could be called the same.

The floor reads the file, hashes it, scans its packets with PyAV, encrypts it with AES-GCM, writes it, syncs
it and commits one row. Lethe also indexes, seals in chunks, writes the index, keeps keys, checks for
duplicates and overlaps, syncs folders and removes the source. Both take one worker and files of their own;
rounds alternate. `with_sound` is the same with an AAC track, which Lethe drops by copying the packets.
"""

import hashlib
import io
import os
import secrets
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

from tests.bench.harness import interleave, median, prepare_django, rounds, seconds, spread, work_folder

SEGMENTS, QUICK_SEGMENTS = 200, 12
SECONDS, FPS, WIDTH, HEIGHT = 10, 25, 1920, 1080
BITS_PER_SECOND = 4_100_000


def run(quick: bool) -> dict[str, Any]:
    """Figures as bench.md asks, and the same for segments with sound."""
    home = prepare_django()
    from django.conf import settings

    count = rounds(quick)
    each = (QUICK_SEGMENTS if quick else SEGMENTS) // count
    with work_folder("ingest") as folder:
        camera = _camera()
        plain = _measure(Case(folder / "plain", _segment(sound=False), each, camera, days_ago=20), count)
        sound = _measure(Case(folder / "sound", _segment(sound=True), each, camera, days_ago=10), count)
    print(_sentence("video only", plain))
    print(_sentence("with sound, which is dropped", sound))
    return {
        "segments": each * count,
        "mib": round(plain["mib"], 1),
        "lethe_mib_s": plain["lethe_mib_s"],
        "floor_mib_s": plain["floor_mib_s"],
        "ratio": plain["ratio"],
        "with_sound": {key: sound[key] for key in ("lethe_mib_s", "floor_mib_s", "ratio")},
        "ms_per_segment": {"lethe": plain["lethe_ms"], "floor": plain["floor_ms"]},
        "spread": plain["spread"],
        "workers": 1,
        "database": settings.DATABASES["default"]["ENGINE"].rpartition(".")[2],
        "storage": f"file, {home.parent}",
        "rounds": count,
        "load": f"{each * count} segments of {plain['mib'] / each / count:.1f} MiB, H.264 1080p, {SECONDS} s",
    }


def _sentence(name: str, figures: dict[str, Any]) -> str:
    return (
        f"{name}: Lethe {figures['lethe_mib_s']:.0f} MiB/s ({figures['lethe_ms']:.1f} ms a segment), "
        f"floor {figures['floor_mib_s']:.0f} MiB/s ({figures['floor_ms']:.1f} ms), "
        f"ratio {figures['ratio']:.2f}"
    )


class Case:
    """One kind of segment, and the two contenders on fresh copies of it."""

    def __init__(self, folder: Path, segment: bytes, each: int, camera: Any, *, days_ago: int) -> None:
        folder.mkdir()
        self.folder = folder
        self.segment = segment
        self.each = each
        self.camera = camera
        self.size = len(segment) + 40
        self.next_start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=days_ago)

    def files(self, name: str) -> list[Path]:
        """New files, all different, on the disk before the clock starts."""
        found = []
        for number in range(self.each):
            path = self.folder / f"{name}-{number:04}.mp4"
            # A box that every reader skips makes each file another one.
            path.write_bytes(self.segment + struct.pack(">I4s", 40, b"free") + secrets.token_bytes(32))
            found.append(path)
        os.sync()
        return found

    def lethe(self) -> float:
        """Seconds for one batch by the way that every source takes."""
        files = self.files("lethe")
        return seconds(lambda: _each(self._admit, files))

    def _admit(self, path: Path) -> None:
        from cctv.ingest.files import source_file
        from cctv.ingest.services import admit

        file = source_file(path)
        admission = admit(
            path=path, camera=self.camera, starts_at=self.next_start, origin="folder",
            original_name=path.name, remove=file.remove,
        )  # fmt: skip
        assert admission.outcome == "live", admission
        assert not path.exists()
        self.next_start += timedelta(seconds=SECONDS)

    def floor(self) -> float:
        """Seconds for one batch of the bare loop."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from django.db import connection

        files = self.files("floor")
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE TABLE IF NOT EXISTS bench_floor (name TEXT, hash BLOB, packets INTEGER, size INTEGER)"
            )

        def one(path: Path) -> None:
            data = path.read_bytes()
            digest = hashlib.sha256(data).digest()
            packets = _packets(data)
            sealed = AESGCM(secrets.token_bytes(32)).encrypt(bytes(12), data, None)
            with (self.folder / f"{path.name}.sealed").open("wb") as file:
                file.write(sealed)
                file.flush()
                os.fsync(file.fileno())
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO bench_floor VALUES (%s, %s, %s, %s)", [path.name, digest, packets, len(data)]
                )

        took = seconds(lambda: _each(one, files))
        for path in self.folder.glob("floor-*"):
            path.unlink()
        return took


def _measure(case: Case, count: int) -> dict[str, Any]:
    case.lethe()
    case.floor()  # both warm
    results = interleave({"lethe": case.lethe, "floor": case.floor}, count=count)
    mib = case.each * case.size / 2**20
    lethe, floor = median(results["lethe"]), median(results["floor"])
    return {
        "mib": mib * count,
        "lethe_mib_s": round(mib / lethe, 1),
        "floor_mib_s": round(mib / floor, 1),
        "lethe_ms": round(lethe / case.each * 1000, 2),
        "floor_ms": round(floor / case.each * 1000, 2),
        "ratio": round(floor / lethe, 3),
        "spread": {name: round(spread(values), 3) for name, values in results.items()},
    }


def _each(work: Callable[[Path], None], files: list[Path]) -> None:
    for path in files:
        work(path)


def _packets(data: bytes) -> int:
    import av

    with av.open(io.BytesIO(data), "r") as container:
        return sum(packet.size > 0 for packet in container.demux(video=0))


def _camera() -> Any:
    """Keys, a site, a camera."""
    from cctv.sites.models import Camera, Organisation, RetentionRule, Site, Zone
    from cctv.vault import services as vault

    vault.initialise()
    organisation = Organisation.objects.create(name="Bench")
    site = Site.objects.create(
        organisation=organisation,
        code="bench",
        name="Bench",
        jurisdiction="KR",
        storage_place="here",
        time_zone="Asia/Seoul",
    )
    RetentionRule.objects.create(
        organisation=organisation, days=30, effective_from=datetime(2020, 1, 1, tzinfo=UTC)
    )
    zone = Zone.objects.create(site=site, name="Gate", kind="entrance")
    return Camera.objects.create(
        site=site,
        zone=zone,
        code="gate",
        name="Gate",
        location="gate",
        legal_basis="art25",
        scope_text="the gate",
    )


def _segment(*, sound: bool) -> bytes:
    """Ten seconds of 1080p25 H.264 with a 2 s GOP and two B-frames, about 5 MB; AAC beside it if `sound`."""
    import av

    sink = io.BytesIO()
    with av.open(sink, "w", format="mp4") as output:
        video: Any = output.add_stream("libx264", rate=FPS)
        video.width, video.height, video.pix_fmt, video.bit_rate = WIDTH, HEIGHT, "yuv420p", BITS_PER_SECOND
        video.options = {
            "preset": "ultrafast",
            "bf": "2",
            "g": str(2 * FPS),
            "sc_threshold": "0",
            "threads": "2",
        }
        audio: Any = output.add_stream("aac", rate=48000) if sound else None
        for frame in _frames():
            output.mux(video.encode(frame))
        if audio is not None:
            for frame in _noise_of(audio):
                output.mux(audio.encode(frame))
        for stream in filter(None, (video, audio)):
            output.mux(stream.encode(None))
    return sink.getvalue()


def _frames() -> Iterator[Any]:
    """A drifting picture with grain, so that packets have the weight of a real camera's."""
    import av
    import numpy as np

    generator = np.random.default_rng(1)
    grain = generator.integers(60, 190, (HEIGHT + 256, WIDTH), np.uint8)
    for number in range(SECONDS * FPS):
        planes = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
        planes[:HEIGHT] = grain[number % 256 : number % 256 + HEIGHT]
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, FPS)
        yield frame


def _noise_of(stream: Any) -> Iterator[Any]:
    import av
    import numpy as np

    generator = np.random.default_rng(2)
    for start in range(0, SECONDS * 48000, 1024):
        samples = generator.normal(0, 0.1, (2, 1024)).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
        yield frame
