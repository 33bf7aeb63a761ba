"""The machine whose disk is examined: `prepare FOLDER` fills it, `purge` lets time pass and destroys.

A process of its own for each act, so that nothing of it is in memory when the disk is read. FOLDER lies
outside the examined disk: what an attacker has copied in time.
"""

import json
import os
import shutil
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import django

NOW = datetime.fromisoformat("2031-05-05T10:30:00+00:00")
LATER = NOW + timedelta(hours=3)


def main() -> None:
    """Do what the first argument says."""
    django.setup()
    {"prepare": prepare, "purge": purge, "leave": leave_a_root_behind}[sys.argv[1]]()


def _at(moment: datetime, elapsed: timedelta) -> None:
    from cctv.core import boot, clock

    clock.now = lambda: moment
    boot.read = lambda: boot.Boot("one", elapsed)


def prepare() -> None:
    """Footage that will have ended when the purge comes, and footage that will not."""
    from django.conf import settings
    from django.core.management import call_command

    from cctv.vault import rings
    from cctv.vault import services as vault
    from cctv.vault.replica import Replica
    from tests.retention.yard import Yard, register

    saved = Path(sys.argv[2])
    home = Path(settings.LETHE_HOME)
    _at(NOW, timedelta())
    for alias in ("default", "log"):
        call_command("migrate", database=alias, verbosity=0)
    yard = Yard(home=home, now=NOW)
    vault.initialise()
    register(yard)
    yard.move(timedelta())
    doomed = [yard.segment(expires_in=timedelta(minutes=20 + n), size=200_000) for n in range(6)]
    doomed += [yard.segment(yard.cameras[2], expires_in=timedelta(minutes=40), size=200_000)]
    living = [yard.segment(expires_in=timedelta(days=3), size=50_000)]
    shutil.copytree(home / "db", saved / "db")
    rings_saved = {}
    for ring in (rings.FOOTAGE, rings.RECORDS):
        (saved / ring).mkdir()
        shutil.copy(home / "keys" / ring / "keyring", saved / ring / "keyring")
        rings_saved[ring] = Replica(home / "keys" / ring, ring).read().root.key.hex()
    facts = {
        "root": rings_saved[rings.FOOTAGE],
        "epoch_keys": sorted({rings.footage().get(each.row.epoch.key_id).hex() for each in doomed}),
        "object_keys": [each.object_key.hex() for each in doomed],
        "clear": [each.clear[:64].hex() for each in doomed],
        "doomed": [_sealed(each, saved) for each in doomed],
        "living": [_sealed(each, saved) for each in living],
        "living_key": living[0].row.epoch.key_id,
    }
    (saved / "facts.json").write_text(json.dumps(facts))


def _sealed(each: Any, saved: Path) -> dict[str, str]:
    (saved / str(each.row.pk)).write_bytes(each.ciphertext)
    return {
        "id": str(each.row.pk),
        "wrapped": bytes(each.row.wrapped_key).hex(),
        "clear": each.clear[:64].hex(),
    }


def leave_a_root_behind() -> None:
    """What somebody does who "makes a quick copy": the copy is deleted again, and its bytes stay."""
    from django.conf import settings

    root = Path(settings.LETHE_HOME) / "keys" / "footage" / "root.key"
    copy = root.with_name("root.key.bak")
    with copy.open("wb") as file:
        file.write(root.read_bytes())
        os.fsync(file.fileno())
    copy.unlink()


def purge() -> None:
    """Three hours later: the tick that destroys, and one that finds nothing more to do."""
    from cctv.footage.models import Segment
    from cctv.retention import guards
    from cctv.retention.models import Certificate, PurgeRun
    from cctv.retention.purge import purge_due

    _at(LATER, LATER - NOW)
    guards.beat(LATER)
    purge_due()
    purge_due()
    said = {
        "left": Segment.objects.count(),
        "states": list(PurgeRun.objects.values_list("state", flat=True)),
        "certificates": list(Certificate.objects.values_list("number", flat=True)),
    }
    print(json.dumps(said))


if __name__ == "__main__":
    main()
