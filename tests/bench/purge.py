"""How long a purge takes from planning to certificate, beside `rm -rf` of the same tree.

Each segment is a row and three small files (video, index, thumbnail), all expired, in epochs whose
hours have ended, and they expire in the order in which they were recorded. Both contenders work on
trees of their own that were written in the same way a moment before, in turn. Each database has a
process of its own; PostgreSQL runs on the same machine. The largest sizes have fewer rounds: a round
of a million segments writes and deletes six million files.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.bench._purge_yard import Ground
from tests.bench.harness import median, spread

# Segments, and how often each size is measured.
SIZES: Mapping[str, Mapping[int, int]] = {
    "sqlite": {10_000: 5, 100_000: 3},
    "postgresql": {10_000: 5, 100_000: 3, 1_000_000: 1},
}
QUICK_SIZES: Mapping[str, Mapping[int, int]] = {
    "sqlite": {100: 2, 300: 2},
    "postgresql": {100: 2, 300: 2},
}


def run(quick: bool) -> dict[str, Any]:
    """Purge each size on each database; the figures of PostgreSQL stand at the top, all below."""
    wanted = QUICK_SIZES if quick else SIZES
    databases = [_in_a_process_of_its_own(name, sizes) for name, sizes in wanted.items()]
    return {
        "rounds": max(rounds for sizes in wanted.values() for rounds in sizes.values()),
        "load": "expired segments of three files of 1 KiB, all written a moment before",
        **databases[-1],
        "databases": databases,
    }


def _in_a_process_of_its_own(database: str, sizes: Mapping[int, int]) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.purge", database, json.dumps(sizes)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    *lines, last = done.stdout.strip().splitlines()
    print("\n".join(lines), flush=True)
    figures: dict[str, Any] = json.loads(last)
    return figures


def measure(database: str, sizes: Mapping[int, int]) -> dict[str, Any]:
    """All rounds on one database, in this process."""
    ground = Ground(database)
    taken: dict[int, list[tuple[float, float, float, float]]] = {size: [] for size in sizes}
    for number in range(max(sizes.values())):
        for size in sorted(sizes, reverse=number % 2 == 1):
            if number < sizes[size]:
                taken[size].append(_round(ground, size, floor_first=number % 2 == 0))
    return _figures(database, taken)


def _round(ground: Ground, size: int, *, floor_first: bool) -> tuple[float, float, float, float]:
    """Seconds of the purge, until the keys were gone, and of `rm -rf`; the purge's peak of memory in MiB."""
    floor = _floor(ground, size) if floor_first else 0.0
    ground.expire(size)
    _forget_peak()
    whole, dead = ground.purge(size)
    peak = _peak_mib()
    floor = floor or _floor(ground, size)
    load = os.getloadavg()[0]
    print(
        f"{ground.database:>10} {size:>9,} segments: {whole:.2f} s ({size / whole:,.0f}/s), keys gone after"
        f" {dead:.3f} s; rm -rf {floor:.2f} s, ratio {floor / whole:.2f}; {peak:.0f} MiB; load {load:.1f}",
        file=sys.stderr,
        flush=True,
    )
    return whole, dead, floor, peak


def _floor(ground: Ground, size: int) -> float:
    """`rm -rf` of as many files in as many folders."""
    for _names in ground.write_tree(size):
        pass
    ground.sync(size)
    started = time.perf_counter()
    subprocess.run(["rm", "-rf", *(str(shard) for shard in ground.shards)], check=True)
    taken = time.perf_counter() - started
    for shard in ground.shards:
        shard.mkdir(mode=0o700)
    return taken


def _figures(database: str, taken: Mapping[int, list[tuple[float, float, float, float]]]) -> dict[str, Any]:
    largest, smallest = max(taken), min(taken)
    sizes: dict[int, dict[str, float]] = {}
    for size, rounds in taken.items():
        whole, dead, floor, _peak = (median(values) for values in zip(*rounds, strict=True))
        sizes[size] = {
            "rounds": len(rounds),
            "seconds": round(whole, 3),
            "keys_gone_s": round(dead, 3),
            "us_per_segment": round(whole / size * 1e6, 1),
            "rm_seconds": round(floor, 3),
            "ratio": round(floor / whole, 3),
            "peak_mib": round(max(peak for *_times, peak in rounds), 1),
            "spread": round(spread([whole for whole, *_others in rounds]), 3),
        }
        print(
            f"{database:>10} {size:>9,} segments: {whole:.2f} s ({size / whole:,.0f}/s), keys gone after"
            f" {dead:.3f} s; rm -rf {floor:.2f} s, ratio {floor / whole:.2f}"
        )
    return {
        "database": database,
        "sizes": {str(size): figures for size, figures in sizes.items()},
        "ratio": sizes[largest]["ratio"],
        "flatness": round(sizes[largest]["us_per_segment"] / sizes[smallest]["us_per_segment"], 3),
    }


def _forget_peak() -> None:
    """Let the kernel count this process's peak of memory anew."""
    Path("/proc/self/clear_refs").write_text("5")


def _peak_mib() -> float:
    """The most memory since then."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    asked = {int(size): int(rounds) for size, rounds in json.loads(sys.argv[2]).items()}
    print(json.dumps(measure(sys.argv[1], asked)))
