"""One database's part of `log_append`, in a process of its own: `... -m tests.bench._log_contenders 0|1`.

The environment names the databases. The last line is the figures as JSON. The floor is what a project does
without an access log of its own: `save()` of one row with the same facts, autocommitted; the peer is the same
row under django-auditlog. Floor and peer have one index, ours ten.
"""

import json
import os
import sys
import threading
import time
from typing import Any

from tests.bench.harness import interleave, median, percentile, prepare_django, rounds, spread

CALLERS = 32
LOAD = {"save": 1500, "auditlog": 500, "one": 1500, "callers": 9600}
QUICK_LOAD = {"save": 150, "auditlog": 60, "one": 150, "callers": 960}


def main(quick: bool) -> dict[str, Any]:
    """Set up, run all contenders in turn, sum up."""
    given = {
        name: os.environ[name] for name in os.environ if name.startswith("LETHE_") and "DATABASE" in name
    }
    prepare_django(DJANGO_SETTINGS_MODULE="tests.bench._log_settings", **given)
    load = QUICK_LOAD if quick else LOAD
    plain, audited = _models()
    from accesslog import services
    from accesslog.verify import verify

    _append()
    contenders = {
        "save": lambda: _times(lambda: _save(plain), load["save"]),
        "auditlog": lambda: _times(lambda: _save(audited), load["auditlog"]),
        "one": lambda: _times(_append, load["one"]),
        "callers": lambda: _together(load["callers"] // CALLERS),
    }
    results = interleave(contenders, count=rounds(quick))
    services.close()
    report = verify()
    if report.finding is not None:
        raise SystemExit(f"the benchmark's log is broken: {report.finding}")
    return _figures(results, entries=report.size)


def _figures(results: dict[str, list[tuple[float, list[float]]]], *, entries: int) -> dict[str, Any]:
    rates = {name: [len(each) / seconds for seconds, each in runs] for name, runs in results.items()}
    middle = {name: median(values) for name, values in rates.items()}
    return {
        "one_per_s": round(middle["one"]),
        "one_p50_ms": round(median([percentile(each, 50) for _, each in results["one"]]) * 1000, 3),
        "c32_per_s": round(middle["callers"]),
        "c32_p99_ms": round(median([percentile(each, 99) for _, each in results["callers"]]) * 1000, 2),
        "save_per_s": round(middle["save"]),
        "auditlog_per_s": round(middle["auditlog"]),
        "ratio_one": round(middle["one"] / middle["save"], 2),
        "spread": {name: round(spread(values), 2) for name, values in rates.items()},
        "entries": entries,
    }


def _models() -> tuple[Any, Any]:
    """Two tables with the facts of an entry in clear; the second is registered with django-auditlog."""
    from auditlog.registry import auditlog
    from django.db import connection, models

    def make(name: str) -> Any:
        text = {
            field: models.CharField(max_length=64)
            for field in ("actor", "camera", "site", "case", "terminal")
        }
        fields = {
            **text,
            "purpose": models.CharField(max_length=64),
            "at": models.DateTimeField(auto_now_add=True, db_index=True),
            "body": models.JSONField(),
            "__module__": __name__,
            "Meta": type("Meta", (), {"app_label": "auditlog", "db_table": f"bench_{name}"}),
        }
        return type(name.title(), (models.Model,), fields)

    plain, audited = make("plain"), make("audited")
    with connection.schema_editor() as editor:
        editor.create_model(plain)
        editor.create_model(audited)
    auditlog.register(audited)
    return plain, audited


BODY = {
    "actor": {"id": "0192e4a1-7c11-7a31-9c60-5d0c2f3a1b01", "name": "Kim Minji", "employer": "Hanbit Guard",
              "role": "operator"},
    "terminal": "10.20.0.7",
    "site": {"id": "0192e4a1-7c11-7a31-9c60-5d0c2f3a1b02", "name": "Baram Hub"},
    "camera": {"id": "0192e4a1-7c11-7a31-9c60-5d0c2f3a1b03", "code": "G2", "name": "Gate 2 in"},
    "purpose": {"code": "crime", "text": "crime prevention"},
    "case": "2026-118",
    "from": "2026-11-14T10:02:00Z",
    "to": "2026-11-14T10:03:00Z",
}  # fmt: skip
ROW = {
    "actor": BODY["actor"]["id"], "camera": BODY["camera"]["id"], "site": BODY["site"]["id"],  # type: ignore[index]
    "purpose": "crime", "case": "2026-118", "terminal": "10.20.0.7",
}  # fmt: skip


def _save(model: Any) -> None:
    model(**ROW, body=BODY).save()


def _append() -> None:
    from accesslog import IndexFields, services
    from tests.accesslog.cast import COVERED, TEN

    row = IndexFields(**ROW, footage_from=TEN, footage_to=TEN.replace(minute=1))
    services.append(kind=COVERED, body=BODY, index=[row])  # type: ignore[arg-type]


def _times(work: Any, count: int) -> tuple[float, list[float]]:
    """(seconds in all, seconds of each call)."""
    times = []
    started = time.perf_counter()
    for _ in range(count):
        before = time.perf_counter()
        work()
        times.append(time.perf_counter() - before)
    return time.perf_counter() - started, times


def _together(count: int) -> tuple[float, list[float]]:
    found: list[list[float]] = []
    threads = [
        threading.Thread(target=lambda: found.append(_times(_append, count)[1])) for _ in range(CALLERS)
    ]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - started, [each for times in found for each in times]


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1] == "1")))
