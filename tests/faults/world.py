"""Footage in every situation that a purge, a hold, an erasure or a restore can find it in.

`build` makes it, at a fixed time, in the process that calls it; what it returns is the ground truth that
`audit` holds everything against afterwards: each object, its bytes on the disk, and what is to become of it.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from tests.retention.yard import Yard

# A Monday that is a holiday in Korea: a hold that waits must not lapse before the end of Tuesday.
NOW = datetime.fromisoformat("2031-05-05T10:30:00+00:00")
MORNING = timedelta(hours=-6)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
RULE_BEGINS = timedelta(days=6)
# As the yard has it: what is kept for 30 days, in segments of a minute.
KEPT, LONG = timedelta(days=30), timedelta(seconds=60)


@dataclass
class Thing:
    """One sealed object; `fate` says which part it plays, `hold` by which hold it is kept or was."""

    kind: str
    id: str
    name: str
    site: str
    epoch: str
    expires_at: str
    object_key: str
    clear_sha256: str
    ciphertext_sha256: str
    size_bytes: int
    fate: str
    hold: str = ""


class Builder:
    """A yard, its people, and short ways to seal and hold."""

    def __init__(self, home: Path) -> None:
        from cctv.core import boot, clock
        from tests.retention.yard import Yard

        self.yard = Yard(home=home, now=NOW)
        self.things: list[Thing] = []
        self.holds: dict[str, str] = {}
        clock.now = lambda: self.yard.now
        boot.read = lambda: boot.Boot("one", self.yard.now - NOW)
        self.move_to(MORNING)

    def move_to(self, since: timedelta) -> None:
        """Let time pass, watched."""
        from cctv.retention import guards

        self.yard.now = NOW + since
        if self.yard.sites:
            guards.beat(self.yard.now)

    def segment(self, fate: str, camera: int, expires: timedelta, size: int = 1600, hold: str = "") -> None:
        """A segment that expires then, measured from NOW."""
        made = self.yard.segment(
            self.yard.cameras[camera],
            expires_in=NOW + expires - self.yard.now,
            size=size + 32 * len(self.things),
        )
        self._note("segment", made.row, made.object_key, made.clear, fate, hold)

    def quarantined(self, fate: str, camera: int, expires: timedelta, hold: str = "") -> None:
        """A quarantined object."""
        from cctv.vault import keyfile, rings

        row = self.yard.quarantined(
            expires_in=NOW + expires - self.yard.now, camera=self.yard.cameras[camera]
        )
        key = keyfile.unwrap_key(rings.footage().get(row.epoch.key_id), bytes(row.wrapped_key))
        self._note("quarantined", row, key, b"what a recorder sent" * 40, fate, hold)

    def _note(self, kind: str, row: Any, key: bytes, clear: bytes, fate: str, hold: str) -> None:
        data = (self.yard.home / "footage" / row.sealed_name).read_bytes()
        self.things.append(
            Thing(
                kind, str(row.pk), row.sealed_name, str(row.epoch.site_id), row.epoch.key_id,
                row.expires_at.isoformat(), key.hex(), sha256(clear).hexdigest(), sha256(data).hexdigest(),
                len(data), fate, hold,
            )
        )  # fmt: skip

    def hold(self, name: str, camera: int, actor: Any) -> None:
        """Hold what was sealed for the hold of that name."""
        from cctv.retention.holds import services

        placed = services.place_hold(**hold_options_of(self.yard.cameras[camera]), actor=actor)
        assert placed.held == sum(thing.hold == name for thing in self.things)
        self.holds[name] = str(placed.hold.pk)


def hold_options_of(camera: Any) -> dict[str, Any]:
    """All that was recorded by the camera."""
    return {
        "terminal": "desk", "site": camera.site, "cameras": [camera],
        "case": "2031-7", "reason": "a theft at the gate", "ground": "incident",
        "starts_at": NOW - KEPT - DAY, "ends_at": NOW - LONG, "until": NOW + timedelta(days=300),
    }  # fmt: skip


# Cameras of the yard: 0, 1 at Seoul, 2, 3 at Osaka; those that `_more_cameras` adds are at Seoul.
KEPT_CAMERA, ENDED_CAMERA, WAITING_CAMERA, WANTED_CAMERA, ERASED_CAMERA, SHORT_CAMERA = range(4, 10)


def _more_cameras(yard: "Yard") -> None:
    from cctv.sites.models import Camera

    first = yard.cameras[0]
    for number in range(KEPT_CAMERA, SHORT_CAMERA + 1):
        yard.cameras.append(
            Camera.objects.create(
                site=first.site, zone=first.zone, code=f"seoul-{number}", name=f"Gate {number}",
                location="gate", legal_basis="art25", scope_text="the gate", created_at=first.created_at,
            )
        )  # fmt: skip


def build(home: Path) -> dict[str, Any]:
    """The whole installation, as it is a moment before NOW; returns the ground truth."""
    from django.core.management import call_command

    from cctv.retention import purge
    from cctv.vault import escrow, rings
    from cctv.vault import services as vault
    from tests.retention.people import people
    from tests.retention.yard import register

    for alias in ("default", "log"):
        call_command("migrate", database=alias, verbosity=0)
    builder = Builder(home)
    yard = builder.yard
    vault.initialise()
    register(yard)
    _more_cameras(yard)
    who = people(yard.sites)
    escrow.set_recipient(escrow.recovery_keypair()[0])
    builder.move_to(MORNING)
    _seal_all(builder)
    _rule_and_hold(builder, who)
    secrets = [rings.footage().get(thing.epoch).hex() for thing in builder.things]
    secrets += [rings.records().get(_hold(pk).key_id).hex() for pk in builder.holds.values()]
    # What is over by then goes in a run of its own: the keys of what is held go with it.
    builder.move_to(-70 * MINUTE)
    purge.purge_due(trigger="manual")
    purge.purge_due(trigger="manual")
    builder.move_to(-MINUTE)
    _decide(builder, who)
    return {
        "things": [asdict(thing) for thing in builder.things],
        "holds": builder.holds,
        "escalate_at": _hold(builder.holds["waiting"]).escalate_at.isoformat(),
        "confirm_by": _hold(builder.holds["waiting"]).confirm_by.isoformat(),
        "secrets": {thing.name: secret for thing, secret in zip(builder.things, secrets, strict=False)},
        "wanted": str(yard.cameras[WANTED_CAMERA].pk),
    }


def _rule_and_hold(builder: Builder, who: Any) -> None:
    builder.hold("kept", KEPT_CAMERA, who.approver)
    builder.hold("ended", ENDED_CAMERA, who.approver)
    builder.hold("waiting", WAITING_CAMERA, who.operator)
    builder.yard.rule(30)
    builder.yard.rule(10, camera=builder.yard.cameras[SHORT_CAMERA], since=RULE_BEGINS - MORNING)


def _seal_all(builder: Builder) -> None:
    seal = builder.segment
    # Gone before, in the run an hour ago; in ended hours; in the hour that still runs.
    seal("gone", 0, -5 * HOUR)
    for n in range(3):
        seal("gone", 0, -50 * MINUTE + n * MINUTE)
    seal("gone", 2, -2 * HOUR + 20 * MINUTE)
    seal("gone", 0, -5 * MINUTE)
    seal("gone", 3, -2 * MINUTE)
    builder.quarantined("gone", 0, -55 * MINUTE)
    # Over within the audit's own hours.
    seal("goes", 0, 10 * MINUTE)
    # Under holds: past their time (the epoch's key is gone, or goes now), and not.
    for expires in (-5 * HOUR, -2 * HOUR, -45 * MINUTE, 5 * DAY):
        seal("held", KEPT_CAMERA, expires, hold="kept")
    builder.quarantined("held", KEPT_CAMERA, -3 * HOUR, hold="kept")
    for expires in (-3 * HOUR, -2 * HOUR + 10 * MINUTE, -40 * MINUTE):
        seal("released", ENDED_CAMERA, expires, hold="ended")
    for expires in (-2 * HOUR, -30 * MINUTE - 10 * MINUTE, 20 * MINUTE):
        seal("waiting", WAITING_CAMERA, expires, hold="waiting")
    # What somebody is about to hold.
    for expires in (30 * MINUTE, 2 * DAY, 20 * DAY):
        seal("wanted", WANTED_CAMERA, expires)
    # Erased before their time; what shares their epochs and stays.
    seal("erased", ERASED_CAMERA, 5 * DAY - 10 * MINUTE)
    for n in range(3):
        seal("lives", 1, 5 * DAY + n * MINUTE)
    builder.quarantined("lives", 1, 5 * DAY + 5 * MINUTE)
    # What somebody is about to erase, and what a shorter rule is about to end.
    seal("unwanted", ERASED_CAMERA, 15 * DAY)
    seal("short", SHORT_CAMERA, 15 * DAY + MINUTE)
    seal("shorter", SHORT_CAMERA, 28 * DAY)
    seal("lives", 1, 15 * DAY + 2 * MINUTE)
    seal("lives", 2, 28 * DAY)


def _decide(builder: Builder, who: Any) -> None:
    """A minute before: a hold has ended and something was erased, and no run has come to it yet."""
    from cctv.footage.models import Segment
    from cctv.retention.holds import services

    services.release_hold(
        hold_id=UUID(builder.holds["ended"]), actor=who.approver, terminal="desk", reason="settled"
    )
    (erased,) = (thing for thing in builder.things if thing.fate == "erased")
    erase(Segment.objects.select_related("camera__site").get(pk=erased.id), who.officer, "DSR-1")


def erase(row: Any, actor: Any, reference: str) -> None:
    """A granted request for one segment."""
    from cctv.retention import erase as erasing

    erasing.erase_segments(
        camera=row.camera, starts_at=row.starts_at, ends_at=row.ends_at, reference=reference,
        ground="subject", actor=actor, terminal="desk",
    )  # fmt: skip


def _hold(pk: str) -> Any:
    from cctv.retention.holds.models import Hold

    return Hold.objects.get(pk=pk)
