"""An installation that acts: Lethe loaded once, and a forked child for each command, as after a restart.

One JSON object a line on standard input: {"do": …, "minutes": …, "kill_at": …, …}. One comes back for each:
{"signal": …, "code": …, "said": …}. The home and the databases are those of the environment.
"""

import base64
import contextlib
import io
import json
import os
import signal
import sys
import time
from contextlib import redirect_stdout
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import django

from tests.retention.backup import asked, derivatives, shown

NOW = datetime.fromisoformat("2031-05-05T10:30:00+00:00")
MINUTE = timedelta(minutes=1)


def main() -> None:
    """Serve commands until standard input ends."""
    django.setup()
    _register_kinds()
    # Everything a child needs is loaded before the first fork.
    from cctv.retention import purge, tasks  # noqa: F401
    from cctv.retention.backup import making, restoring  # noqa: F401
    from cctv.retention.holds import services  # noqa: F401
    from tests.retention import people, yard  # noqa: F401

    for line in sys.stdin:
        print(json.dumps(_fork(json.loads(line))), flush=True)


def _fork(command: dict[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reading)
        code = 1
        try:
            said = json.dumps(_act(command)).encode()
            code = 0
        except BaseException:
            import traceback

            said = json.dumps(traceback.format_exc()).encode()
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(said)
        os._exit(code)
    os.close(writing)
    said = b""
    while piece := os.read(reading, 65536):
        said += piece
    os.close(reading)
    status = os.waitpid(pid, 0)[1]
    killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    code = os.waitstatus_to_exitcode(status)
    return {"signal": killed, "code": code, "said": json.loads(said) if said else None}


def _act(command: dict[str, Any]) -> Any:
    from cctv.core import boot, clock
    from cctv.vault import steps

    elapsed = MINUTE * command.get("minutes", 0)
    now = NOW + elapsed
    clock.now = lambda: now
    boot.read = lambda: boot.Boot("one", elapsed)
    passed: list[str] = []

    def listener(step: str) -> None:
        passed.append(step)
        if len(passed) == command.get("kill_at"):
            os.kill(os.getpid(), signal.SIGKILL)

    steps.listen(listener)
    answer = ACTS[command["do"]](command)
    return {"passed": passed, "answer": answer} if command.get("steps") else answer


def _yard(command: dict[str, Any]) -> Any:
    from django.conf import settings

    from cctv.core import clock
    from cctv.sites.models import Camera, Site
    from tests.retention.yard import Yard

    yard = Yard(home=Path(settings.LETHE_HOME), now=NOW + MINUTE * command.get("minutes", 0))
    clock.now = lambda: yard.now
    yard.sites = list(Site.objects.order_by("-jurisdiction"))
    yard.cameras = list(Camera.objects.order_by("-site__jurisdiction", "code"))
    return yard


def prepare(command: dict[str, Any]) -> Any:
    """A new installation with people, cameras and a rule."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    from cctv.retention import guards
    from cctv.vault import services as vault
    from tests.retention.people import people
    from tests.retention.yard import register
    from tests.servers import templates

    for alias in ("default", "log"):
        database = Path(settings.DATABASES[alias]["NAME"])
        if on_sqlite := connections[alias].vendor == "sqlite":
            templates.begin(alias, database)
        call_command("migrate", database=alias, verbosity=0)
        if on_sqlite:
            templates.leave(alias, database)
    vault.initialise()
    yard = _yard(command)
    register(yard)
    people(yard.sites)
    guards.beat(yard.now)
    return vault.installation_id()


def recovery_key(command: dict[str, Any]) -> Any:
    """Set a recovery key; its private part."""
    from cctv.vault import escrow

    public, private = escrow.recovery_keypair()
    escrow.set_recipient(public)
    return private


def segment(command: dict[str, Any]) -> Any:
    """Seal a segment of camera number `camera` that expires in `hours` hours."""
    yard = _yard(command)
    made = yard.segment(yard.cameras[command.get("camera", 0)], expires_in=timedelta(hours=command["hours"]))
    return {
        "id": str(made.row.pk), "name": made.row.sealed_name, "clear": base64.b64encode(made.clear).decode(),
        "cipher": base64.b64encode(made.ciphertext).decode(), "key": made.object_key.hex(),
        "wrapped": base64.b64encode(made.row.wrapped_key).decode(),
    }  # fmt: skip


def hold(command: dict[str, Any]) -> Any:
    """Hold everything of a camera around a segment."""
    from cctv.footage.models import Segment
    from cctv.people.models import Account
    from cctv.retention.holds import services

    row = Segment.objects.select_related("camera__site").get(pk=command["segment"])
    placed = services.place_hold(
        actor=Account.objects.get(email="officer@example.org"), terminal="desk", site=row.camera.site,
        cameras=[row.camera], case="2031-7", reason="a theft at the gate", ground="incident",
        starts_at=row.starts_at, ends_at=row.ends_at, until=NOW + timedelta(days=300),
    )  # fmt: skip
    return {"id": str(placed.hold.pk), "number": placed.hold.number, "held": placed.held}


def release(command: dict[str, Any]) -> Any:
    """Release a hold."""
    from uuid import UUID

    from cctv.people.models import Account
    from cctv.retention.holds import services

    officer = Account.objects.get(email="officer@example.org")
    services.release_hold(hold_id=UUID(command["hold"]), actor=officer, terminal="desk", reason="settled")


def purge(command: dict[str, Any]) -> Any:
    """A purge by hand, as often as something is unfinished; the states of the last runs."""
    from cctv.retention import purge as purging
    from cctv.retention.models import PurgeRun

    for _ in range(3):
        with contextlib.suppress(*([Exception] if command.get("may_fail") else [])):
            purging.purge_due(trigger="manual")
    return [[run.state, run.pause_code, run.error_code] for run in PurgeRun.objects.all()[:4]]


def manage(command: dict[str, Any]) -> Any:
    """`manage.py ARGUMENTS`: what it printed, and the error if it refused."""
    from django.core.management import CommandError, call_command

    said = io.StringIO()
    if "input" in command:
        sys.stdin = io.StringIO(command["input"])
    try:
        with redirect_stdout(said):
            call_command(*command["arguments"], stdout=said, stderr=said)
    except CommandError as error:
        return {"error": str(error), "printed": said.getvalue()}
    except SystemExit as error:
        return {"error": f"exit {error.code}", "printed": said.getvalue()}
    return {"error": "", "printed": said.getvalue()}


def put_database(command: dict[str, Any]) -> Any:
    """One database of a backup, put back by hand: nothing is replayed, nothing is noted."""
    from cctv.retention.backup import landing, manifest, postgres, sqlite

    folder, alias = Path(command["backup"]), command["alias"]
    copied = manifest.read(folder)[0].databases[alias]
    if landing.engine(alias) == "sqlite3":
        sqlite.put_back(alias, folder / f"{alias}.sqlite3")
    else:
        postgres.make_schema(alias, copied.migrations)
        postgres.put_back(alias, folder, copied)


def chatter(command: dict[str, Any]) -> Any:
    """For some seconds: an entry of the log, then a row of the register that names it; how many."""
    from accesslog.services import append
    from cctv.retention.models import PurgeRun

    until, number = time.monotonic() + command["seconds"], 0
    while time.monotonic() < until:
        receipt = append(kind="vault.job", body={"job": "test", "objects": []})
        PurgeRun.objects.create(
            state="abandoned", is_open=None, cutoff_at=NOW, plan_sha256=b"",
            started_entries={"at": receipt.index},
        )  # fmt: skip
        number += 1
    return number


def named(command: dict[str, Any]) -> Any:
    """The entries that the register's rows of `chatter` name."""
    from cctv.retention.models import PurgeRun

    rows = PurgeRun.objects.values_list("started_entries", flat=True)
    return [entries["at"] for entries in rows if "at" in entries]


def orphans(command: dict[str, Any]) -> Any:
    """A sweep of objects without a row, at once; how many it deleted."""
    from django.conf import settings

    from cctv.ingest import orphans as sweeping

    settings.LETHE_ORPHAN_LEASE_S = -5
    return sweeping.sweep().deleted


def _how(row: Any, hold_id: str | None) -> dict[str, Any] | None:
    """By which key a segment opens: its epoch's, or that of a hold."""
    from cctv.retention.holds.models import HeldObject

    if hold_id is None:
        wrapped = bytes(row.wrapped_key)
        return {"wrapped_key": wrapped, "key_id": row.epoch.key_id, "expires_at": row.expires_at}
    held = HeldObject.objects.select_related("hold").filter(segment=row, hold_id=hold_id).first()
    if held is None or not held.hold.protects:
        return None
    return {
        "wrapped_key": bytes(held.wrapped_key), "key_id": held.hold.key_id,
        "expires_at": held.hold.opens_until, "ring": "records",
    }  # fmt: skip


def play(command: dict[str, Any]) -> Any:
    """Open a segment as a person does, with a receipt; through its hold where `hold` is given."""
    from accesslog.services import append
    from cctv.core import clock
    from cctv.core.errors import LetheError
    from cctv.footage.models import Segment
    from cctv.people.models import Account
    from cctv.vault import services as vault

    row = Segment.objects.select_related("epoch", "camera__site").filter(pk=command["segment"]).first()
    if row is None:
        return "no row"
    actor = Account.objects.get(email="officer@example.org")
    how = _how(row, command.get("hold"))
    if how is None:
        return "not held"
    receipt = append(
        kind="tests.shown",
        body={
            "actor": {"id": str(actor.pk), "name": actor.name, "role": "privacy_officer"},
            "camera": {"id": str(row.camera_id), "code": row.camera.code, "name": row.camera.name},
            "from": clock.rfc3339(row.starts_at), "to": clock.rfc3339(row.ends_at, round_up=True),
            **({"hold": {"id": command["hold"], "name": ""}} if command.get("hold") else {}),
        },
    )  # fmt: skip
    sealed = vault.KeyedObject(
        name=row.sealed_name, size_bytes=row.size_bytes, context_id=row.pk, camera_id=row.camera_id,
        site_id=row.camera.site_id, starts_at=row.starts_at, ends_at=row.ends_at, **how,
    )  # fmt: skip
    try:
        span = (row.starts_at, row.ends_at)
        with vault.open_for_person(receipt, sealed, actor_id=actor.pk, span=span) as reader:
            return base64.b64encode(reader.read()).decode()
    except LetheError as error:
        return error.code


def sentences(command: dict[str, Any]) -> Any:
    """Verify the whole log with its bodies open; how many there are, and the kinds."""
    from accesslog.models import LogBody, LogEntry
    from accesslog.selectors import load_receipt
    from accesslog.verify import verify

    report = verify()
    assert report.finding is None, report.finding
    bodies = [load_receipt(index).body for index in LogBody.objects.values_list("pk", flat=True)]
    return {
        "size": report.size, "bodies": report.bodies, "root": report.root.hex(),
        "kinds": list(LogEntry.objects.order_by("pk").values_list("kind", flat=True)),
        "reasons": [body["hold"]["name"] for body in bodies if "hold" in body],
    }  # fmt: skip


def root_of(command: dict[str, Any]) -> Any:
    """The root over the first entries of the log."""
    from accesslog import merkle, models

    leaves = models.LogEntry.objects.filter(pk__lt=command["first"]).order_by("pk")
    return merkle.tree_root(bytes(leaf) for leaf in leaves.values_list("leaf_hash", flat=True)).hex()


def facts(command: dict[str, Any]) -> Any:
    """What register, store and rings say now."""
    from cctv.footage.models import Segment
    from cctv.retention.backup.models import Restore
    from cctv.retention.backup.selectors import unfinished_restore
    from cctv.retention.holds.models import HeldObject, Hold
    from cctv.retention.models import Certificate, Heartbeat
    from cctv.vault import rings
    from cctv.vault import services as vault
    from cctv.vault.models import Epoch

    living = rings.footage().key_ids()
    return {
        "segments": sorted(str(pk) for pk in Segment.objects.values_list("pk", flat=True)),
        "objects": sorted({each.name for each in vault.list_objects()}),
        "epochs": sorted(Epoch.objects.values_list("state", flat=True)),
        "unexplained": Epoch.objects.exclude(state="destroyed").exclude(key_id__in=living).count(),
        "holds": {str(hold.pk): [hold.number, hold.state] for hold in Hold.objects.all()},
        "held": sorted(str(pk) for pk in HeldObject.objects.values_list("segment_id", flat=True)),
        "certificates": sorted(Certificate.objects.values_list("number", flat=True)),
        "generations": [ring.generation for ring in rings.both()],
        "heartbeat": list(Heartbeat.objects.values_list("footage_generation", "log_size").first() or ()),
        "restores": [[row.replayed, bool(row.finished_at), row.entry] for row in Restore.objects.all()],
        "unfinished": unfinished_restore(),
    }  # fmt: skip


def secrets(command: dict[str, Any]) -> Any:
    """Both roots as they are now, and every key that the rings hold."""
    from cctv.vault import rings
    from cctv.vault.rootfile import RootFile

    roots = [
        slot.key.hex() for ring in rings.both() for slot in RootFile(ring.folder / "root.key").slots() if slot
    ]
    return {"roots": roots, "keys": [ring.get(k).hex() for ring in rings.both() for k in ring.key_ids()]}


def shorten(command: dict[str, Any]) -> Any:
    """A rule of `days` days for one camera, in force now and applied at once."""
    from cctv.retention import shortening

    yard = _yard(command)
    yard.rule(command["days"], camera=yard.cameras[command["camera"]], since=-MINUTE)
    return shortening.apply_rules()


ACTS = {
    act.__name__: act
    for act in (
        prepare, chatter, named, orphans, put_database, recovery_key, segment, hold, release, purge,
        manage, play, sentences, facts, secrets, shorten, root_of,
    )
} | shown.ACTS | derivatives.ACTS | asked.ACTS  # fmt: skip


def _register_kinds() -> None:
    """A kind of viewing of the tests' own, as `tests/vault` has one."""
    from accesslog.registry import EventType, register
    from cctv.vault import services as vault

    register(
        EventType(
            kind="tests.shown", required=frozenset({"actor", "camera", "from", "to"}),
            optional=frozenset({"hold"}), sentence="shown",
        )
    )  # fmt: skip
    vault.register_person_kind("tests.shown")


if __name__ == "__main__":
    main()
