"""Ways in which register, store and keyring come apart, done from outside Lethe."""

import os
from datetime import timedelta
from pathlib import Path

from cctv.retention.holds.models import HeldObject, Hold, HoldState
from cctv.vault import rings
from cctv.vault import services as vault
from tests.retention.yard import Sealed, Yard

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def path(yard: Yard, name: str) -> Path:
    return yard.home / "footage" / name


def age(yard: Yard, by: timedelta = 3 * HOUR) -> None:
    """Everything in the store was written that long ago."""
    at = (yard.now - by).timestamp()
    for file in (yard.home / "footage").glob("??/*"):
        os.utime(file, (at, at))


def orphan(yard: Yard, *, age_by: timedelta = 3 * HOUR) -> str:
    """An object as a killed admission leaves it."""
    name = vault.object_name()
    with vault.writer(name, vault.new_object_key(), b"nobody's") as writer:
        writer.write(b"x" * 100)
    if path(yard, name).exists():
        at = (yard.now - age_by).timestamp()
        os.utime(path(yard, name), (at, at))
    return name


def hold(yard: Yard, sealed: Sealed, *, key: bool = True) -> Hold:
    """A hold in force on one segment, by rows alone."""
    from cctv.people.models import Account

    account = Account.objects.create_user(f"{sealed.row.pk}@example.org", None, name="H", employer="Hub")
    number = Hold.objects.count() + 1
    key_id = rings.records().ensure(f"hold/{number}") if key else "0" * 32
    made = Hold.objects.create(
        number=f"H-2026-{number:04d}", year=2026, sequence=number, site=sealed.row.camera.site, case="2026-1",
        ground="police", starts_at=sealed.row.starts_at, ends_at=sealed.row.ends_at,
        until=yard.now + 90 * DAY, state=HoldState.ACTIVE, key_id=key_id, placed_by=account,
    )  # fmt: skip
    HeldObject.objects.create(hold=made, segment=sealed.row, wrapped_key=b"w" * 40)
    return made
