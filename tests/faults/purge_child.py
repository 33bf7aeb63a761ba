"""The process that the purge's fault tests kill: it loads Lethe once and forks a child for each command.

One JSON object a line on standard input: {"do": prepare | purge | twice | facts, "minutes": …, "kill_at": …}.
One JSON object a line comes back: {"signal": …, "said": …}. Every child is a fresh process without
threads, connections or keys in memory, as after a restart of the machine.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import django

NOW = datetime.fromisoformat("2031-05-05T10:30:00+00:00")
HOURS = timedelta(hours=1)
MINUTES = timedelta(minutes=1)


def main() -> None:
    """Serve commands until standard input ends."""
    django.setup()
    # Everything a child needs is loaded before the first fork.
    from cctv.retention import purge, tasks  # noqa: F401
    from tests.retention import attacker, yard  # noqa: F401

    for line in sys.stdin:
        command = json.loads(line)
        runners = [_fork(command) for _ in range(2 if command["do"] == "twice" else 1)]
        results = [_result(*runner) for runner in runners]
        print(json.dumps(results[0] if len(results) == 1 else results), flush=True)


def _fork(command: dict[str, Any]) -> tuple[int, int]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    os.close(reading)
    code = 1
    try:
        said = _act(command)
        os.write(writing, json.dumps(said).encode())
        code = 0
    except BaseException:
        import traceback

        os.write(writing, json.dumps(traceback.format_exc()).encode())
    finally:
        os._exit(code)


def _result(pid: int, reading: int) -> dict[str, Any]:
    said = b""
    while piece := os.read(reading, 65536):
        said += piece
    os.close(reading)
    _, status = os.waitpid(pid, 0)
    killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return {
        "signal": killed,
        "code": os.waitstatus_to_exitcode(status),
        "said": json.loads(said) if said else None,
    }


def _act(command: dict[str, Any]) -> Any:
    from cctv.core import boot, clock
    from cctv.retention import destroy

    elapsed = MINUTES * command.get("minutes", 0)
    now = NOW + elapsed
    clock.now = lambda: now
    boot.read = lambda: boot.Boot("one", elapsed)
    destroy.BATCH = 2
    acts: dict[str, Callable[[], Any]] = {"prepare": _prepare, "facts": _facts}
    return acts.get(command["do"], lambda: _purge(command.get("kill_at")))()


def _purge(kill_at: int | None) -> list[str]:
    """One tick, ended by SIGKILL when the n-th named step is reached; the steps that it passed."""
    from cctv.retention import purge
    from cctv.vault import steps

    passed: list[str] = []

    def listener(step: str) -> None:
        passed.append(step)
        if len(passed) == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    steps.listen(listener)
    purge.purge_due()
    return passed


def _prepare() -> dict[str, Any]:
    """An installation with something of everything."""
    from django.conf import settings
    from django.core.management import call_command

    from cctv.vault import rings
    from cctv.vault import services as vault
    from tests.retention.yard import Yard, register

    for alias in ("default", "log"):
        call_command("migrate", database=alias, verbosity=0)
    from cctv.core import clock

    yard = Yard(home=Path(settings.LETHE_HOME), now=NOW)
    clock.now = lambda: yard.now
    vault.initialise()
    register(yard)
    yard.move(timedelta())
    ended = [yard.segment(expires_in=-2 * HOURS - n * MINUTES) for n in range(3)]
    ended += [yard.segment(yard.cameras[2], expires_in=-3 * HOURS)]
    running = [yard.segment(expires_in=-5 * MINUTES), yard.segment(yard.cameras[3], expires_in=-MINUTES)]
    yard.quarantined(expires_in=-2 * HOURS)
    living = [yard.segment(expires_in=10 * MINUTES), yard.segment(yard.cameras[2], expires_in=50 * HOURS)]
    return {
        "living": [each.row.sealed_name for each in living],
        "ended_keys": sorted({each.row.epoch.key_id for each in ended}),
        "secrets": [rings.footage().get(e.row.epoch.key_id).hex() for e in ended],
        "running": len(running),
        "ended": len(ended),
    }


def _facts() -> dict[str, Any]:
    """What is there now."""
    from accesslog.models import LogEntry
    from cctv.footage.models import Segment
    from cctv.ingest.models import Quarantined
    from cctv.retention.models import Certificate, PurgeRun
    from cctv.vault import rings
    from cctv.vault import services as vault

    runs = PurgeRun.objects.exclude(state="abandoned")
    return {
        "rows": sorted(Segment.objects.values_list("sealed_name", flat=True)),
        "quarantined": Quarantined.objects.count(),
        "objects": sorted({stored.name.partition(".")[0] for stored in vault.list_objects()}),
        "keys": sorted(rings.footage().key_ids()),
        "opened": all(
            _opens(segment) for segment in Segment.objects.filter(expires_at__gt=NOW).select_related("epoch")
        ),
        "states": sorted(set(runs.values_list("state", flat=True))),
        "destroyed": [sum(runs.values_list("destroyed_segments", flat=True)),
                      sum(runs.values_list("destroyed_quarantined", flat=True))],
        "kinds": sorted(LogEntry.objects.exclude(kind="vault.initialised").values_list("kind", flat=True)),
        "entries": sum(run.items.values("site").distinct().count() for run in runs),
        "certificates": [
            [c.number, c.facts["segments"], c.facts["quarantined"], c.entry is not None,
             sum(epoch["tree_size"] for epoch in c.facts["epochs"])]
            for c in Certificate.objects.order_by("sequence")
        ],
    }  # fmt: skip


def _opens(segment: Any) -> bool:
    """Whether the segment's key opens its object, as the doors would do it."""
    from cctv.vault import keyfile, rings, sealing
    from cctv.vault import services as vault
    from cctv.vault.doors import footage_storage

    key = keyfile.unwrap_key(rings.footage().get(segment.epoch.key_id), bytes(segment.wrapped_key))
    data = footage_storage().read_range(segment.sealed_name, 0, segment.size_bytes)
    return len(sealing.open_bytes(key, vault.context(segment.pk, "media"), data)) > 0


if __name__ == "__main__":
    main()
