"""The machine whose disk is examined: `prepare FOLDER` fills it, `purge FOLDER` lets time pass and destroys.

A process of its own for each act, so that nothing of it is in memory when the disk is read. FOLDER lies
outside the examined disk: what an attacker has copied in time, which is everything but the roots.
"""

import json
import os
import shutil
import sys
from base64 import b64decode
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import django

NOW = datetime.fromisoformat("2031-05-05T10:30:00+00:00")
LATER = NOW + timedelta(hours=3)
LATEST = LATER + timedelta(hours=1)


def main() -> None:
    """Do what the first argument says."""
    django.setup()
    from cctv.retention import tasks

    tasks.purge_due.delay = lambda **_more: None
    {"prepare": prepare, "purge": purge, "leave": leave_a_root_behind}[sys.argv[1]]()


def _at(moment: datetime) -> None:
    from cctv.core import boot, clock

    clock.now = lambda: moment
    boot.read = lambda: boot.Boot("one", moment - NOW)


def _home() -> Path:
    from django.conf import settings

    return Path(settings.LETHE_HOME)


# ------------------------------------------------------------------ while it lives


def prepare() -> None:
    """Footage that will have ended when the purge comes, in every way there is, and footage that will not."""
    from django.core.management import call_command

    from cctv.vault import escrow
    from cctv.vault import services as vault
    from tests.retention.people import people
    from tests.retention.yard import Yard, register

    saved = Path(sys.argv[2])
    _at(NOW)
    for alias in ("default", "log"):
        call_command("migrate", database=alias, verbosity=0)
    yard = Yard(home=_home(), now=NOW)
    vault.initialise()
    escrow.set_recipient(escrow.recovery_keypair()[0])
    register(yard)
    who = people(yard.sites)
    yard.move(timedelta())
    copy(saved)
    minutes = [timedelta(minutes=20 + n) for n in range(6)]
    things = {
        "doomed": [yard.segment(expires_in=each, size=100_000) for each in minutes],
        "held": [yard.segment(yard.cameras[1], expires_in=minutes[0], size=50_000)],
        "released": [yard.segment(yard.cameras[2], expires_in=minutes[1], size=50_000)],
        "erased": [yard.segment(expires_in=timedelta(days=3), size=50_000)],
        "living": [yard.segment(yard.cameras[1], expires_in=timedelta(days=3), size=50_000)],
    }
    copy(saved)
    holds = {fate: _hold(things[fate][0].row, who.officer) for fate in ("held", "released")}
    copy(saved)
    facts: dict[str, Any] = {
        fate: [_saved(each, saved) for each in sealed] for fate, sealed in things.items()
    }
    facts["made"] = {fate: _made(things[fate][0], fate, saved) for fate in ("doomed", "released", "erased")}
    facts["made_of_both"] = _made(things["living"][0], "both", saved, also=things["erased"][0])
    facts |= {"holds": holds, "secrets": _secrets(things, holds) | _clear_of(facts)}
    (saved / "facts.json").write_text(json.dumps(facts))


def copy(saved: Path) -> None:
    """Databases, keyrings and journal as they are now, beside all earlier copies."""
    place = saved / f"copy-{len(list(saved.glob('copy-*')))}"
    for ring in ("footage", "records"):
        (place / ring).mkdir(parents=True)
        for name in ("keyring", "journal"):
            if (file := _home() / "keys" / ring / name).exists():
                shutil.copy(file, place / ring / name)
    shutil.copytree(_home() / "db", place / "db")


def _hold(row: Any, actor: Any) -> str:
    from cctv.retention.holds import services

    placed = services.place_hold(
        actor=actor, terminal="desk", site=row.camera.site, cameras=[row.camera], case="2031-7",
        reason="a theft at the gate", ground="incident", starts_at=row.starts_at, ends_at=row.ends_at,
        until=NOW + timedelta(days=300),
    )  # fmt: skip
    assert placed.held == 1
    return str(placed.hold.pk)


def _saved(each: Any, saved: Path) -> dict[str, Any]:
    """Its ciphertext, and every wrapping of its key that the register ever had."""
    from cctv.retention.holds.models import HeldObject

    (saved / str(each.row.pk)).write_bytes(each.ciphertext)
    held = HeldObject.objects.filter(segment=each.row.pk).values_list("wrapped_key", flat=True)
    return {
        "id": str(each.row.pk),
        "wrapped": [bytes(each.row.wrapped_key).hex(), *(bytes(key).hex() for key in held)],
        "clear": each.clear[:64].hex(),
        "clear_sha256": sha256(each.clear).hexdigest(),
    }


def _made(each: Any, fate: str, saved: Path, *, also: Any = None) -> dict[str, Any]:
    """An object that is made of footage, as `_saved` gives what it is made of; of two with both wrappings."""
    from uuid import uuid4

    from cctv.footage.derived import services as derived

    row, clear = each.row, f"what was made of {fate}: ".encode() + sha256(fate.encode()).digest() * 1000
    of = [row.pk, also.row.pk] if also else []
    with derived.keep_object(
        row, owner=uuid4(), label="out/0", part="redacted", span=(row.starts_at, row.ends_at), of=of
    ) as writer:
        writer.write(clear)
    made = writer.derived
    assert made is not None
    (saved / str(made.pk)).write_bytes((_home() / "footage" / made.sealed_name).read_bytes())
    sources = sorted([each, *([also] if also else [])], key=lambda one: one.row.pk)
    return {
        "id": str(made.pk), "context": f"lethe/1/{row.pk}/redacted/{made.pk}", "clear": clear[:64].hex(),
        "wrapped": [bytes(one.row.wrapped_key).hex() for one in sources], "stored": made.sealed_name,
    }  # fmt: skip


def _clear_of(facts: dict[str, Any]) -> dict[str, str]:
    return {f"what was made of {fate}": made["clear"] for fate, made in facts["made"].items()}


def _secrets(things: dict[str, list[Any]], holds: dict[str, str]) -> dict[str, str]:
    """What must be nowhere on the disk once all that is to go has gone, by name."""
    from cctv.retention.holds.models import Hold
    from cctv.vault import rings
    from cctv.vault.replica import Replica

    found = {}
    for ring in (rings.FOOTAGE, rings.RECORDS):
        found[f"the {ring} root of then"] = Replica(_home() / "keys" / ring, ring).read().root.key
    found["the key of the hold that ended"] = rings.records().get(
        Hold.objects.get(pk=holds["released"]).key_id
    )
    found["the key of the epoch that lost one early"] = rings.footage().get(
        things["erased"][0].row.epoch.key_id
    )
    for fate in ("doomed", "released", "erased", "held"):
        for number, each in enumerate(things[fate]):
            found[f"the object key of {fate} {number}"] = each.object_key
            found[f"the picture of {fate} {number}"] = each.clear[:64]
            if fate != "erased":
                found[f"the epoch key of {fate} {number}"] = rings.footage().get(each.row.epoch.key_id)
    return {name: secret.hex() for name, secret in found.items()}


def leave_a_root_behind() -> None:
    """What somebody does who "makes a quick copy" of a root: it is deleted again, and its bytes stay."""
    root = _home() / "keys" / sys.argv[2] / "root.key"
    copied = root.with_name("root.key.bak")
    with copied.open("wb") as file:
        file.write(root.read_bytes())
        os.fsync(file.fileno())
    copied.unlink()


# ------------------------------------------------------------------ and then


def purge() -> None:
    """Three hours later: one is erased, a hold ends, and the purge comes; then again, an hour later."""
    from cctv.footage.models import Segment
    from cctv.people.models import Account
    from cctv.retention import erase, guards
    from cctv.retention.holds import services
    from cctv.retention.models import Certificate, PurgeRun
    from cctv.retention.purge import purge_due

    saved = Path(sys.argv[2])
    facts = json.loads((saved / "facts.json").read_text())
    officer = Account.objects.get(email="officer@example.org")
    _at(LATER)
    guards.beat(LATER)
    purge_due(trigger="manual")  # the held ones live by their holds alone from here on
    copy(saved)
    row = Segment.objects.select_related("camera__site").get(pk=facts["erased"][0]["id"])
    erase.erase_segments(
        camera=row.camera, starts_at=row.starts_at, ends_at=row.ends_at, reference="DSR-1", ground="subject",
        actor=officer, terminal="desk",
    )  # fmt: skip
    services.release_hold(
        hold_id=UUID(facts["holds"]["released"]), actor=officer, terminal="desk", reason="settled"
    )
    copy(saved)
    purge_due(trigger="release")
    _at(LATEST)
    purge_due(trigger="manual")
    copy(saved)
    said = {
        "left": sorted(str(pk) for pk in Segment.objects.values_list("pk", flat=True)),
        "states": list(PurgeRun.objects.values_list("state", flat=True)),
        "certificates": list(Certificate.objects.values_list("number", flat=True)),
        "held": [_plays(each, facts["holds"]["held"]) for each in facts["held"]],
        "living": [_plays(each, None) for each in facts["living"]],
        "made": _still_stored(facts),
    }
    print(json.dumps(said))


def _still_stored(facts: dict[str, Any]) -> list[str]:
    """What was made of footage and is still in the store."""
    made = [each["stored"] for each in (*facts["made"].values(), facts["made_of_both"])]
    return [name for name in made if (_home() / "footage" / name).exists()]


def _plays(each: dict[str, Any], hold: str | None) -> bool:
    """Whether it opens on the living machine: by its epoch, or through the hold."""
    from accesslog.services import append
    from cctv.footage.models import Segment
    from cctv.footage.sealed import keyed
    from cctv.vault import services as vault

    row = Segment.objects.select_related("epoch", "camera").get(pk=each["id"])
    held = row.held.select_related("hold").get(hold=UUID(hold)) if hold else None
    body: Any = {"job": "test", "object": str(row.pk), **({"hold": {"id": hold}} if hold else {})}
    receipt = append(kind="vault.job", body=body)
    with vault.open_for_system(receipt, keyed(row, "media", held=held), job="test") as reader:
        return sha256(reader.read()).hexdigest() == each["clear_sha256"]


def wrapped_in(journal: Path) -> Iterator[bytes]:
    """Every wrapped key that stands in a copy of the journal."""
    for line in journal.read_text().splitlines():
        yield from _wrapped(json.loads(line))


def _wrapped(value: Any) -> Iterator[bytes]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _wrapped(each)
    elif isinstance(value, str) and len(value) == 56:
        try:
            yield b64decode(value, validate=True)
        except ValueError:
            return


if __name__ == "__main__":
    main()
