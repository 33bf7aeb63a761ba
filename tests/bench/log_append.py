"""Durable appends a second: one caller and 32, SQLite and PostgreSQL, beside save() and django-auditlog."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.bench.harness import rounds

ROOT = Path(__file__).resolve().parent.parent.parent
LOAD = "one entry = a released minute with one search row; AES-256-GCM sealed body; 32 threads in one process"


def run(quick: bool) -> dict[str, Any]:
    """Measure both databases, one after the other, each in a process of its own."""
    from tests.servers import postgres

    server = postgres.lasting()
    urls = {
        "LETHE_DATABASE_URL": server.url("bench_main"),
        "LETHE_LOG_DATABASE_URL": server.url("bench_log"),
    }
    try:
        databases = [_measure("SQLite", {}, quick), _measure("PostgreSQL", urls, quick)]
    finally:
        for name in ("bench_main", "bench_log"):
            server.drop(name)
    for figures in databases:
        print(
            "{database}: one caller {one_per_s}/s ({ratio_one} of save()), 32 callers {c32_per_s}/s with p99 "
            "{c32_p99_ms} ms; save() {save_per_s}/s, django-auditlog {auditlog_per_s}/s".format(**figures)
        )
    return {"rounds": rounds(quick), "load": LOAD, "databases": databases}


def _measure(name: str, environment: Mapping[str, str], quick: bool) -> dict[str, Any]:
    clean = {
        key: value for key, value in os.environ.items() if not key.startswith("LETHE_") or "BENCH" in key
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench._log_contenders", "1" if quick else "0"],
        cwd=ROOT,
        env={**clean, **environment},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return {"database": name, **json.loads(done.stdout.strip().splitlines()[-1])}
