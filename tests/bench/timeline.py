"""What a site's timeline costs: a day and a month of sixteen cameras, among ten million segments.

The whole request, by Django's test client: sign-in, permissions, the database and the JSON. Each request is
for another site and another time. On PostgreSQL the last day came in after the last vacuum, as in service.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
LOAD = (
    "GET timeline.json of 16 cameras on 1,400 pixels, each for another site and time, warm: segments of five"
    " minutes with gaps, every fourth camera with recording hours; beside it 16 cameras with segments of ten"
    " seconds"
)
# Segments and cameras, those of ten seconds and their cameras.
SIZES = {"PostgreSQL": (10_000_000, 1000), "SQLite": (1_000_000, 100)}
SHORT = {"PostgreSQL": (4_300_000, 16), "SQLite": (1_000_000, 16)}
QUICK, QUICK_SHORT = (20_000, 16), (20_000, 16)


def run(quick: bool) -> dict[str, Any]:
    """Fill and measure both databases, each load in a process of its own."""
    from tests.servers import postgres

    server = postgres.lasting()
    found = []
    try:
        for name in SIZES:
            found.append(_measure(server, name, QUICK if quick else SIZES[name], 300))
            found[-1]["short"] = _measure(server, name, QUICK_SHORT if quick else SHORT[name], 10)
    finally:
        _drop(server)
    for each in found:
        short = each["short"]
        print(
            f"{each['database']}: {each['segments']:,} segments of {each['cameras']} cameras; day p95"
            f" {each['day16_p95_ms']} ms, {each['day16_kb']} kB; month p95 {each['month16_p95_ms']} ms; in"
            f" segments of ten seconds {short['day16_p95_ms']} and {short['month16_p95_ms']} ms"
        )
    named = ("segments", "cameras", "database", "day16_p95_ms", "month16_p95_ms", "day16_kb")
    return {
        **{name: found[0][name] for name in named},
        "rounds": found[0]["asked"],
        "load": LOAD,
        "databases": found,
    }


def _drop(server: Any) -> None:
    for name in ("bench_main", "bench_log"):
        server.drop(name)


def _measure(server: Any, name: str, size: tuple[int, int], seconds: int) -> dict[str, Any]:
    environment: Mapping[str, str] = {}
    if name == "PostgreSQL":
        _drop(server)
        environment = {
            "LETHE_DATABASE_URL": server.url("bench_main"),
            "LETHE_LOG_DATABASE_URL": server.url("bench_log"),
        }
    clean = {
        key: value for key, value in os.environ.items() if not key.startswith("LETHE_") or "BENCH" in key
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench._timeline", *map(str, size), str(seconds)],
        cwd=ROOT,
        env={**clean, **environment},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return {"database": name, **json.loads(done.stdout.strip().splitlines()[-1])}
