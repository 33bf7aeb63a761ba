"""The machine that is killed: it loads Lethe once, and forks a child for each command.

One JSON object a line on standard input: {"do": build | act | after | …, "act": …, "kill_at": …}. One comes
back for each: {"signal": …, "code": …, "said": …}. Every child is a fresh process without threads,
connections or keys in memory, as after a restart of the machine.
"""

import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

import django

from tests.faults.world import DAY, NOW, RULE_BEGINS

MINUTES = timedelta(minutes=1)
LOADED = (
    "accesslog.router", "accesslog.verify", "cctv.footage.sealed", "cctv.ledger.services",
    "cctv.retention.erased", "cctv.retention.purge", "cctv.retention.rekey", "cctv.retention.backup.making",
    "cctv.retention.backup.restoring", "cctv.retention.holds.services", "cctv.retention.reconcile.services",
    "cctv.vault.logbodies", "config.urls", "django.core.management.commands.migrate", "tests.faults.audit",
    "tests.faults.mending", "tests.retention.people", "tests.retention.yard",
)  # fmt: skip
WANTED_HOLD = "0196a000-0000-7000-8000-000000000001"
# The lease of a dead process has run out after two minutes; nobody else looked in between.
RESTARTED = 3

now = NOW
truth: dict[str, Any] = {}


def main() -> None:
    """Serve commands until standard input ends."""
    django.setup()
    # Everything a child needs is loaded before the first fork.
    for name in LOADED:
        import_module(name)
    from cctv.retention import tasks

    tasks.purge_due.delay = lambda **_more: None
    for line in sys.stdin:
        command = json.loads(line)
        runners = [_fork(command) for _ in range(command.get("processes", 1))]
        results = [_result(*runner) for runner in runners]
        if command["do"] == "build" and not results[0]["code"]:
            truth.update(results[0]["said"])
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
        said = json.dumps(_do(command)).encode()
        code = 0
    except BaseException:
        import traceback

        said = json.dumps(traceback.format_exc()).encode()
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(said)
    os._exit(code)


def _result(pid: int, reading: int) -> dict[str, Any]:
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(pid, 0)
    return {
        "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
        "code": os.waitstatus_to_exitcode(status),
        "said": json.loads(said) if said else None,
    }


def _at(minutes: float) -> None:
    global now
    now = NOW + minutes * MINUTES


def _do(command: dict[str, Any]) -> Any:
    from cctv.core import boot, clock
    from cctv.retention import destroy, rekey, shortening
    from cctv.retention.holds import taking

    if command["do"] == "build":
        from django.conf import settings

        from tests.faults import world

        return world.build(Path(settings.LETHE_HOME))
    _at(_begins(command["act"]) + command.get("minutes", 0))
    clock.now = lambda: now
    boot.read = lambda: boot.Boot("one", now - NOW)
    destroy.BATCH, rekey.BATCH, shortening.BATCH, taking.BATCH = 8, 3, 1, 2
    return {
        "act": _act, "after": _after, "facts": _facts, "since_backup": _since_backup, "schema": _schema,
        "damage": _damage,
    }[command["do"]](command)  # fmt: skip


# ------------------------------------------------------------------ what is killed


def _act(command: dict[str, Any]) -> list[str]:
    """Do it, ended by SIGKILL when the n-th named step is reached; the steps that it passed."""
    from cctv.vault import steps

    passed: list[str] = []

    def listener(step: str) -> None:
        passed.append(step)
        if len(passed) == command.get("kill_at"):
            os.kill(os.getpid(), signal.SIGKILL)

    steps.listen(listener)
    try:
        ACTS[command["act"]]()
    except Exception as error:
        if not command.get("may_fail"):
            raise
        passed.append(f"failed: {error}")
    return passed


def _begins(act: str) -> float:
    """Minutes after NOW at which the act is tried."""
    if act in ("escalate", "lapse"):
        due = truth["escalate_at"] if act == "escalate" else truth["confirm_by"]
        return (datetime.fromisoformat(due) - NOW) / MINUTES + 1
    if act == "overdue":
        return timedelta(days=5, hours=2) / MINUTES
    return (RULE_BEGINS + timedelta(minutes=1)) / MINUTES if act == "shorten" else 0


def purge() -> None:
    from cctv.retention import purge as purging

    purging.purge_due(trigger="manual")


def place() -> None:
    from cctv.retention.holds import services
    from cctv.sites.models import Camera
    from tests.faults import world

    camera = Camera.objects.select_related("site").get(pk=truth["wanted"])
    options = world.hold_options_of(camera)
    placed = services.place_hold(**options, actor=_person("approver"), hold_id=UUID(WANTED_HOLD))
    assert placed.held == 3, placed


def confirm() -> None:
    from cctv.retention.holds import services

    services.confirm_hold(hold_id=UUID(truth["holds"]["waiting"]), actor=_person("approver"), terminal="desk")


def refuse() -> None:
    from cctv.retention.holds import services

    services.refuse_hold(
        hold_id=UUID(truth["holds"]["waiting"]),
        actor=_person("approver"),
        terminal="desk",
        reason="no ground",
    )
    purge()


def release() -> None:
    from cctv.retention.holds import services

    services.release_hold(
        hold_id=UUID(truth["holds"]["kept"]), actor=_person("officer"), terminal="desk", reason="settled"
    )
    purge()


def prolong() -> None:
    from cctv.retention.holds import services

    services.extend_until(
        hold_id=UUID(truth["holds"]["kept"]), actor=_person("officer"), terminal="desk",
        until=NOW + 400 * DAY, reason="the court wants it longer",
    )  # fmt: skip


def erase() -> None:
    from cctv.footage.models import Segment
    from cctv.retention import purge as purging
    from tests.faults import world

    (thing,) = (thing for thing in truth["things"] if thing["fate"] == "unwanted")
    row = Segment.objects.select_related("camera__site").filter(pk=thing["id"]).first()
    if row is not None:
        world.erase(row, _person("officer"), "DSR-2")
    purging.purge_due(trigger="request")


def backup() -> None:
    from cctv.retention.backup import making

    making.make(destination=_place() / "backups")


def restore() -> None:
    from cctv.retention.backup import restoring

    (made,) = (path for path in (_place() / "backups").iterdir() if path.suffix != ".partial")
    disk = _place() / "disk"  # a copy of the lost one, as old as the backup
    request = restoring.Request(
        backup=made, mirror=_place() / "mirror", footage=disk if disk.exists() else None
    )
    restoring.restore(request)


def mend() -> None:
    from tests.faults import mending

    mending.mend()


# A tick at the hour of it is all that lapsing and a shorter rule take.
ACTS: dict[str, Callable[[], None]] = {
    "purge": purge, "place": place, "confirm": confirm, "refuse": refuse, "release": release,
    "prolong": prolong, "escalate": purge, "lapse": purge, "overdue": purge, "erase": erase, "shorten": purge,
    "backup": backup, "restore": restore, "rebuild": restore, "mend": mend,
}  # fmt: skip


def _person(name: str) -> Any:
    from cctv.people.models import Account

    return Account.objects.get(email=f"{name}@example.org")


def _place() -> Path:
    from django.conf import settings

    return Path(settings.LETHE_HOME).parent


# ------------------------------------------------------------------ and afterwards


def _after(command: dict[str, Any]) -> list[str]:
    """What is to be said of the moment; a restart and ticks; again what the person tries again; the end."""
    from cctv.retention import purge as purging
    from cctv.retention.backup.errors import RegisterNotEmpty
    from tests.faults import audit, mending

    act = command["act"]
    restored, known = ACTS[act] is restore, mending.kept(truth) if act == "mend" else truth
    if restored:
        with contextlib.suppress(RegisterNotEmpty):  # the kill came when it was finished
            restore()
    audit.now_safe(known)
    if act == "mend":
        mending.told(truth)
    start = _begins(act)
    _at(start + RESTARTED)
    purging.purge_due()
    audit.now_safe(known)
    if ACTS[act] is not purge and not restored:
        _at(start + RESTARTED + 1)
        _again(act)
    for minutes in (95, 97):
        _at(start + minutes)
        purging.purge_due()
    audit.settled(known, restored=restored)
    _ended_as(act, restored)
    if act == "mend":
        mending.mended(truth)
    return _states()


def _again(act: str) -> None:
    """Who saw no answer tries it again: it is done, or it was done before."""
    from cctv.core.errors import LetheError

    try:
        ACTS[act]()
    except LetheError as error:
        if error.code not in ("hold_decided", "hold_over", "hold_refused", "nothing_to_erase"):
            raise


def _ended_as(act: str, restored: bool) -> None:
    """The act took place, once."""
    from cctv.retention.backup.models import Backup, Restore
    from cctv.retention.holds.models import Hold
    from cctv.retention.models import Erasure

    states = {name: Hold.objects.get(pk=pk).state for name, pk in truth["holds"].items()}
    later = act in ("lapse", "shorten")
    wanted = {
        "kept": "released" if act == "release" or restored else "active",
        "ended": "released",
        "waiting": {"confirm": "active", "refuse": "refused"}.get(act, "lapsed" if later else "placed"),
    }
    assert states == wanted, (states, wanted)
    assert Hold.objects.count() == 3 + (act == "place" or restored)
    assert Hold.objects.filter(until=NOW + 400 * DAY).count() == (act == "prolong")
    assert Erasure.objects.exclude(done_at=None).count() == Erasure.objects.count(), "an erasure is not done"
    if not restored:  # an erasure made after the backup is told by the journal, not by a row
        assert Erasure.objects.count() == 1 + (act == "erase")
    assert Restore.objects.filter(finished_at=None).count() == 0
    if act == "backup":
        _check_backups(Backup)


def _check_backups(model: Any) -> None:
    from cctv.retention.backup import manifest

    rows = {Path(row.place): row for row in model.objects.exclude(manifest_sha256=b"")}
    folders = [path for path in (_place() / "backups").iterdir() if path.suffix != ".partial"]
    assert folders
    for folder in folders:
        manifest.verify(folder, manifest.read(folder)[0])
    # One that was complete when its process died exists without its row knowing; none is the other way round.
    assert set(rows) <= set(folders)
    assert {Path(place) for place in model.objects.values_list("place", flat=True)} >= set(folders)


def _states() -> list[str]:
    from cctv.retention.models import PurgeRun

    return sorted(PurgeRun.objects.values_list("state", flat=True))


def _facts(_command: dict[str, Any]) -> dict[str, Any]:
    """What the tests of leases and of two processes compare."""
    from accesslog.models import LogHead
    from cctv.footage.models import Segment
    from cctv.retention.models import PurgeRun
    from cctv.vault import rings

    return {
        "states": _states(), "segments": Segment.objects.count(), "log": LogHead.objects.get(pk=1).size,
        "generation": rings.footage().generation,
        "destroyed": sum(PurgeRun.objects.values_list("destroyed_segments", flat=True)),
    }  # fmt: skip


def _schema(_command: dict[str, Any]) -> None:
    """Empty tables."""
    from django.core.management import call_command

    for alias in ("default", "log"):
        call_command("migrate", database=alias, verbosity=0)


def _damage(_command: dict[str, Any]) -> None:
    """What a check is to find."""
    from tests.faults import mending

    mending.damage(truth)


def _since_backup(_command: dict[str, Any]) -> None:
    """What a backup that was just made does not know."""
    _at(2)
    place()
    purge()
    _at(3)
    release()
    _at(4)
    erase()
    _at(5)
    purge()


if __name__ == "__main__":
    main()
