"""Pages of the search desk: each filter and the usual combinations, first page and deep in the answer."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
LOAD = (
    "a page of 50 entries, and whether there is newer and older, as the desk asks for it: no bodies, warm; "
    "four years of 80 people, 240 cameras and 12 sites; every question is about other people, cameras, times"
)
SIZES = {"PostgreSQL": 10_000_000, "SQLite": 1_000_000}
QUICK = 20_000


def run(quick: bool) -> dict[str, Any]:
    """Fill and measure both databases, each in a process of its own."""
    from tests.servers import postgres

    server = postgres.lasting()
    urls = {
        "LETHE_DATABASE_URL": server.url("bench_main"),
        "LETHE_LOG_DATABASE_URL": server.url("bench_log"),
    }
    try:
        databases = [_measure("PostgreSQL", urls, quick), _measure("SQLite", {}, quick)]
    finally:
        for name in ("bench_main", "bench_log"):
            server.drop(name)
    for figures in databases:
        slowest = max(figures["filters"], key=lambda name: figures["filters"][name])
        print(
            f"{figures['database']}: {figures['entries']:,} entries laid in {figures['fill_s']} s; "
            f"slowest filter {slowest}: p95 {figures['filters'][slowest]} ms"
        )
    return {"rounds": databases[0]["asked"], "load": LOAD, "databases": databases}


def _measure(name: str, environment: Mapping[str, str], quick: bool) -> dict[str, Any]:
    clean = {
        key: value for key, value in os.environ.items() if not key.startswith("LETHE_") or "BENCH" in key
    }
    count = QUICK if quick else SIZES[name]
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench._log_search", str(count)],
        cwd=ROOT,
        env={**clean, **environment},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return {"database": name, **json.loads(done.stdout.strip().splitlines()[-1])}
