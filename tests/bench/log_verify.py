"""Verifying a million entries: from the database in Python, from the published tiles by Go's own library.

The Go program is the peer here, of another make and of less work: it opens no database. Also measured is how
long an inclusion proof takes.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.bench.harness import rounds

ROOT = Path(__file__).resolve().parent.parent.parent
_WORST = ("seconds", "spread", "proof_ms", "proof_ms_p95", "first_proof_ms")
LOAD = (
    "entries with sealed bodies and a noted checkpoint per 1,000; every hash, column and checkpoint compared"
)


def run(quick: bool) -> dict[str, Any]:
    """Measure both databases, one after the other, each in a process of its own."""
    from tests.servers import postgres

    sqlite = _measure({}, quick)
    server = postgres.lasting()
    urls = {
        "LETHE_DATABASE_URL": server.url("verify_main"),
        "LETHE_LOG_DATABASE_URL": server.url("verify_log"),
    }
    try:
        postgresql = _measure(urls, quick)
    finally:
        for name in ("verify_main", "verify_log"):
            server.drop(name)
    print(
        "{entries} entries: {seconds} s from SQLite, {other} s from PostgreSQL, {go_seconds} s by Go from "
        "the tiles; an inclusion proof takes {proof_ms} ms".format(**sqlite, other=postgresql["seconds"])
    )
    both = {"SQLite": sqlite, "PostgreSQL": postgresql}
    worst = {name: max(each[name] for each in both.values()) for name in _WORST}
    return {"rounds": rounds(quick), "load": LOAD, **sqlite, **worst, "databases": both}


def _measure(environment: Mapping[str, str], quick: bool) -> dict[str, Any]:
    clean = {
        key: value for key, value in os.environ.items() if not key.startswith("LETHE_") or "BENCH" in key
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench._log_verifiers", "1" if quick else "0"],
        cwd=ROOT,
        env={**clean, **environment},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    figures: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return figures
