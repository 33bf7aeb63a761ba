"""How long a purge takes from planning to certificate, beside `rm -rf` of the same tree.

Each segment is a row and three small files (video, index, thumbnail), all expired, in epochs whose
hours have ended: keys first, then objects, then rows, then the certificate. Both contenders work on
trees of their own that were written in the same way a moment before.
"""

import subprocess
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.bench.harness import median, prepare_django, rounds, spread

SIZES = (1_000, 10_000)
QUICK_SIZES = (300, 1_000)
EPOCHS = 24
FILE_BYTES = 1_024


def run(quick: bool) -> dict[str, Any]:
    """Purge each size; figures of the largest, and the cost per segment at each."""
    prepare_django()
    from cctv.vault import services as vault

    vault.initialise()
    camera = _register()
    sizes, count = (QUICK_SIZES if quick else SIZES), rounds(quick)
    taken: dict[int, dict[str, list[float]]] = {
        size: {"purge": [], "dead": [], "floor": [], "peak": []} for size in sizes
    }
    for number in range(count):
        for size in sizes if number % 2 == 0 else reversed(sizes):
            figures = taken[size]
            figures["floor"].append(_floor(size))
            _forget_peak()
            whole, dead = _purge(camera, size)
            figures["purge"].append(whole)
            figures["dead"].append(dead)
            figures["peak"].append(_peak_mib())
    return _figures(taken, count)


def _figures(taken: dict[int, dict[str, list[float]]], count: int) -> dict[str, Any]:
    from django.conf import settings

    largest, smallest = max(taken), min(taken)
    sizes: dict[int, dict[str, float]] = {}
    for size, figures in taken.items():
        whole, dead, floor = (median(figures[name]) for name in ("purge", "dead", "floor"))
        sizes[size] = {
            "seconds": round(whole, 3),
            "keys_gone_s": round(dead, 3),
            "us_per_segment": round(whole / size * 1e6, 1),
            "rm_seconds": round(floor, 3),
            "peak_mib": round(max(figures["peak"]), 1),
        }
        print(
            f"{size:>7,} segments: {whole:.2f} s ({size / whole:,.0f}/s), keys gone after {dead:.3f} s; "
            f"rm -rf {floor:.2f} s, ratio {floor / whole:.2f}"
        )
    biggest = sizes[largest]
    return {
        "rounds": count,
        "load": f"{largest} expired segments of three small files, all written a moment before",
        "database": settings.DATABASES["default"]["ENGINE"].rpartition(".")[2],
        "sizes": {str(size): figures for size, figures in sizes.items()},
        "ratio": round(biggest["rm_seconds"] / biggest["seconds"], 3),
        "flatness": round(biggest["us_per_segment"] / sizes[smallest]["us_per_segment"], 3),
        "spread": {str(size): round(spread(figures["purge"]), 3) for size, figures in taken.items()},
    }


def _forget_peak() -> None:
    """Let the kernel count this process's peak of memory anew."""
    Path("/proc/self/clear_refs").write_text("5")


def _peak_mib() -> float:
    """The most memory since then."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def _register() -> Any:
    from cctv.core import clock
    from cctv.sites.models import Camera, Organisation, Site, Zone

    organisation = Organisation.objects.create(name="Bench")
    site = Site.objects.create(
        organisation=organisation,
        code="hub",
        name="Hub",
        time_zone="UTC",
        jurisdiction="EU",
        storage_place="x",
    )
    zone = Zone.objects.create(site=site, name="Gate", kind="entrance")
    return Camera.objects.create(
        site=site, zone=zone, code="gate", name="Gate", location="gate", legal_basis="art6f",
        scope_text="the gate", created_at=clock.now(),
    )  # fmt: skip


def _write_tree(names: list[str]) -> None:
    from cctv.vault.doors import footage_storage
    from cctv.vault.names import all_parts

    folder: Path = footage_storage().folder  # type: ignore[attr-defined]
    data = bytes(FILE_BYTES)
    for name in names:
        for part in all_parts(name):
            (folder / part).write_bytes(data)


def _floor(size: int) -> float:
    """`rm -rf` of as many files in as many folders."""
    from cctv.vault import services as vault
    from cctv.vault.doors import footage_storage
    from cctv.vault.names import SHARDS

    folder: Path = footage_storage().folder  # type: ignore[attr-defined]
    _write_tree([vault.object_name() for _n in range(size)])
    subprocess.run(["sync", "-f", str(folder)], check=True)
    started = time.perf_counter()
    subprocess.run(["rm", "-rf", *(str(folder / shard) for shard in SHARDS)], check=True)
    taken = time.perf_counter() - started
    for shard in SHARDS:
        (folder / shard).mkdir(mode=0o700)
    return taken


def _expire(camera: Any, size: int) -> None:
    """Rows, objects and epochs of footage that ended its retention hours ago."""
    from hashlib import sha256

    from cctv.core import clock
    from cctv.footage.models import Segment
    from cctv.vault import services as vault

    real, base = clock.now, clock.floor_hour(clock.now()) - timedelta(hours=EPOCHS + 1)
    epochs = []
    for number in range(EPOCHS):
        hour = base + timedelta(hours=number)
        clock.now = lambda hour=hour: hour  # type: ignore[misc]
        epochs.append(vault.ensure_epoch(camera.site_id, hour))
    clock.now = real
    names = [vault.object_name() for _n in range(size)]
    _write_tree(names)
    rows = []
    for number, name in enumerate(names):
        expires = epochs[number % EPOCHS].expires_hour + timedelta(seconds=number % 3600)
        ends = expires - timedelta(days=30)
        digest = sha256(name.encode()).digest()
        rows.append(
            Segment(
                camera=camera, epoch=epochs[number % EPOCHS], starts_at=ends - timedelta(seconds=10),
                ends_at=ends, expires_at=expires, container="mp4", codec="h264", width=320, height=240,
                frames=100,
                size_bytes=FILE_BYTES, index_size_bytes=FILE_BYTES, thumb_size_bytes=FILE_BYTES,
                sealed_name=name, wrapped_key=digest + bytes(8), ciphertext_sha256=digest,
                duplicate_tag=digest, ingested_at=ends,
            )
        )  # fmt: skip
    Segment.objects.bulk_create(rows, batch_size=500)


def _purge(camera: Any, size: int) -> tuple[float, float]:
    """Seconds of the whole run, and until no key opened anything any more."""
    from cctv.core import clock
    from cctv.footage.models import Segment
    from cctv.retention import guards, purge
    from cctv.retention.models import PurgeRun, RunState, Trigger
    from cctv.vault import steps
    from cctv.vault.doors import footage_storage

    _expire(camera, size)
    guards.beat(clock.now())
    subprocess.run(["sync", "-f", str(footage_storage().folder)], check=True)  # type: ignore[attr-defined]
    moments: dict[str, float] = {}
    steps.listen(lambda step: moments.update({step: time.perf_counter()}))
    started = time.perf_counter()
    purge.purge_due(trigger=Trigger.MANUAL)
    taken = time.perf_counter() - started
    run = PurgeRun.objects.latest("planned_at")
    if run.state != RunState.DONE or run.destroyed_segments != size or Segment.objects.exists():
        raise SystemExit(f"the purge did not do its work: {run.state} {run.error} {run.pause_facts}")
    PurgeRun.objects.update(destroyed_segments=0)  # the next round has no history to be compared with
    return taken, moments["purge.ratcheted"] - started
