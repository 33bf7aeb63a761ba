"""One database's part of `log_verify`, in a process of its own: `... -m tests.bench._log_verifiers 0|1`.

The environment names the databases. The log is written in bulk, published, and verified: from the database in
Python, from the tiles by Go. The last line is the figures as JSON.
"""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.bench.harness import interleave, median, percentile, prepare_django, rounds, seconds, spread

ENTRIES = 1_000_000
QUICK_ENTRIES = 20_000
BATCH = 20_000
BODY_BYTES = 420
NOTED_EVERY = 1000
KINDS = ("view.covered", "viewing.opened", "viewing.closed", "log.queried")
STARTED_US = 1_763_000_000_000_000


def main(quick: bool) -> dict[str, Any]:
    """Write, publish, verify; the figures."""
    given = {
        name: os.environ[name] for name in os.environ if name.startswith("LETHE_") and "DATABASE" in name
    }
    home = prepare_django(DJANGO_SETTINGS_MODULE="tests.bench._log_settings", **given)
    from accesslog import conf, verify
    from accesslog.publish import rounds as publishing

    count = QUICK_ENTRIES if quick else ENTRIES
    _fill(count)
    if publishing.publish() is None:
        raise SystemExit("nothing was published")
    folder = conf.folder() or home

    def ours() -> None:
        report = verify.verify(open_bodies=False)
        if report.finding is not None or report.size != count:
            raise SystemExit(f"the benchmark's log is broken: {report}")

    contenders = {"ours": lambda: seconds(ours)}
    if not given:  # the files are the same whatever the database is
        go = _go(folder, conf.signer().verifier_key())
        contenders["go"] = lambda: seconds(go)
    results = interleave(contenders, count=rounds(quick))
    return {
        "entries": count,
        "seconds": round(median(results["ours"]), 2),
        "spread": round(spread(results["ours"]), 2),
        **({"go_seconds": round(median(results["go"]), 2)} if "go" in results else {}),
        **_proofs(count),
    }


def _fill(count: int) -> None:
    """Entries, bodies and checkpoints, a row for each as the writer and the publisher leave them."""
    from django.db import connections, transaction

    from accesslog import conf, merkle

    connection = connections[conf.database()]
    mark = "(%s, %s, %s, %s, %s, %s)"
    frontier, noted = merkle.Frontier(), []
    for rows in _rows(count):
        for row in rows:
            frontier.append(row[5])
            if frontier.size % NOTED_EVERY == 0:
                noted.append((frontier.size, frontier.root(), row[2], "-"))
        bodies = [(row[0], os.urandom(BODY_BYTES), "log/2026-11") for row in rows]
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO log_entry VALUES {mark}", rows)  # noqa: S608
            cursor.executemany("INSERT INTO log_body VALUES (%s, %s, %s)", bodies)
    last_us = STARTED_US + count * 1000
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE log_head SET size = %s, frontier = %s, last_time_us = %s",
            (count, frontier.to_bytes(), last_us - 1000),
        )
        cursor.executemany("INSERT INTO log_checkpoint VALUES (%s, %s, %s, %s)", noted[:-1])


def _rows(count: int) -> Iterator[list[tuple[Any, ...]]]:
    from accesslog import entry, merkle

    for start in range(0, count, BATCH):
        rows = []
        for index in range(start, min(start + BATCH, count)):
            kind, time_us = KINDS[index % len(KINDS)], STARTED_US + index * 1000
            data = entry.encode(kind.encode(), time_us, sha256(b"%d" % index).digest())
            rows.append((index, f"{index:032x}", time_us, kind, data, merkle.leaf_hash(data)))
        yield rows


def _go(folder: Path, vkey: str) -> Any:
    from tests.accesslog.outside import tools

    command = [str(tools.go_verifier()), "-key", vkey, "-log", str(folder)]
    return lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _proofs(count: int) -> dict[str, Any]:
    """Inclusion proofs of random entries in a warm process, and the first one of a process."""
    from accesslog import proofs

    chosen = random.Random(4)
    started = time.perf_counter()
    if not proofs.inclusion(count // 2).holds:
        raise SystemExit("an entry is not proven")
    first_ms = (time.perf_counter() - started) * 1000
    times = [seconds(lambda: proofs.inclusion(chosen.randrange(count))) * 1000 for _ in range(200)]
    return {
        "proof_ms": round(median(times), 2),
        "proof_ms_p95": round(percentile(times, 95), 2),
        "first_proof_ms": round(first_ms, 1),
    }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1] == "1")))
