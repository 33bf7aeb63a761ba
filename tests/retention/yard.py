"""A small installation to destroy things in: real keys, a real store, real sealed objects.

Its clock stands at half past an hour, later than the machine's: a segment that ended its retention
minutes ago belongs to an hour that is still running.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from cctv.core import boot, clock
from cctv.core.boot import Boot
from cctv.core.ids import new_id
from cctv.footage.models import Segment
from cctv.ingest.models import Quarantined
from cctv.retention import guards
from cctv.sites.models import Camera, Organisation, RetentionRule, Site, Zone
from cctv.vault import services as vault
from cctv.vault.models import Epoch

KEPT = timedelta(days=30)
LONG = timedelta(seconds=60)
MINUTE = timedelta(minutes=1)
REAL_CLOCK, REAL_BOOT = clock.now, boot.read


def half_past_later() -> datetime:
    """Half past the next hour: nothing real is later, and an hour's edge is far away."""
    return clock.floor_hour(datetime.now(UTC)) + timedelta(minutes=90)


@dataclass
class Sealed:
    """A segment with what an attacker may have saved of it."""

    row: Segment
    clear: bytes
    ciphertext: bytes
    object_key: bytes


@dataclass
class Yard:
    """Two sites with two cameras each, and a clock that the test moves."""

    home: Path
    now: datetime
    sites: list[Site] = field(default_factory=list)
    cameras: list[Camera] = field(default_factory=list)
    boot: Boot = field(default_factory=lambda: Boot("first", timedelta()))

    def move(self, step: timedelta) -> None:
        """Let time pass; the purge has watched all the way."""
        self.wait(step)
        guards.beat(self.now)

    def wait(self, step: timedelta) -> None:
        """Let time pass that nobody watches, on a machine that runs."""
        self.now += step
        self.boot = Boot(self.boot.id, self.boot.elapsed + step)

    def jump(self, step: timedelta) -> None:
        """Set the clock; no time passes."""
        self.now += step

    def off(self, step: timedelta) -> None:
        """Switch the machine off for that long, or set its clock while it starts again."""
        self.now += step
        self.boot = Boot(f"{self.boot.id}, again", timedelta())

    def segment(self, camera: Camera | None = None, *, expires_in: timedelta, size: int = 3000) -> Sealed:
        """Seal a segment (media, index, thumbnail) that expires then, though it may have expired already."""
        camera = camera or self.cameras[0]
        expires_at = self.now + expires_in
        epoch = self.epoch(camera.site, expires_at)
        pk, name, key = new_id(), vault.object_name(), vault.new_object_key()
        clear = sha256(pk.bytes).digest() * (size // 32)
        facts = _seal(name, key, vault.context(pk, "media"), clear)
        parts = {
            part: _seal(vault.part_name(name, part), key, vault.context(pk, part), clear[:500]).size_bytes
            for part in ("index", "thumb")
        }
        row = Segment.objects.create(
            id=pk, camera=camera, epoch=epoch, starts_at=expires_at - KEPT - LONG, ends_at=expires_at - KEPT,
            expires_at=expires_at, container="mp4", codec="h264", width=320, height=240, frames=10,
            size_bytes=facts.size_bytes, index_size_bytes=parts["index"], thumb_size_bytes=parts["thumb"],
            sealed_name=name,
            wrapped_key=vault.wrap(epoch, key), ciphertext_sha256=facts.ciphertext_sha256,
            duplicate_tag=sha256(name.encode()).digest(), ingested_at=min(self.now, expires_at - KEPT),
        )  # fmt: skip
        return Sealed(row, clear, (self.home / "footage" / name).read_bytes(), key)

    def quarantined(self, *, expires_in: timedelta, camera: Camera | None = None) -> Quarantined:
        """Seal something that could not be admitted."""
        camera = camera or self.cameras[0]
        expires_at = self.now + expires_in
        epoch = self.epoch(camera.site, expires_at)
        pk, name, key = new_id(), vault.object_name(), vault.new_object_key()
        facts = _seal(name, key, vault.context(pk, "media"), b"what a recorder sent" * 40)
        return Quarantined.objects.create(
            id=pk, site=camera.site, camera=camera, epoch=epoch, original_name="x.mp4", reason_code="garbage",
            reason="no video", received_at=expires_at - KEPT, expires_at=expires_at,
            size_bytes=facts.size_bytes, sealed_name=name, wrapped_key=vault.wrap(epoch, key),
            ciphertext_sha256=facts.ciphertext_sha256,
            duplicate_tag=sha256(name.encode()).digest(),
        )  # fmt: skip

    def epoch(self, site: Site, expires_at: datetime) -> Epoch:
        """The epoch of that hour, made when the hour was still to come."""
        then, self.now = self.now, min(self.now, clock.floor_hour(expires_at))
        try:
            return vault.ensure_epoch(site.pk, expires_at)
        finally:
            self.now = then

    def obstruct(self, sealed: Sealed) -> None:
        """Make the segment's media file one that nobody can delete, not even root."""
        path = self.home / "footage" / sealed.row.sealed_name
        path.rename(path.with_suffix(".aside"))
        path.mkdir()
        (path / "in the way").touch()

    def clear(self, sealed: Sealed) -> None:
        """Let it be deleted again."""
        path = self.home / "footage" / sealed.row.sealed_name
        (path / "in the way").unlink()
        path.rmdir()
        path.with_suffix(".aside").rename(path)

    def objects(self) -> set[str]:
        """Names in the store."""
        return {stored.name for stored in vault.list_objects()}

    def rule(
        self, days: int, *, camera: Camera | None = None, since: timedelta = -timedelta(days=400)
    ) -> Any:
        """A retention rule of the organisation, or of one camera."""
        scope: dict[str, Any] = {"camera": camera} if camera else {"organisation": self.sites[0].organisation}
        return RetentionRule.objects.create(days=days, effective_from=self.now + since, **scope)


def _seal(name: str, key: bytes, context: bytes, clear: bytes) -> Any:
    writer = vault.writer(name, key, context)
    writer.write(clear)
    return writer.close()


def register(yard: Yard) -> None:
    """Organisation, sites, zones, cameras."""
    organisation = Organisation.objects.create(name="Saebyeok Freight")
    for code, zone, law in (("seoul", "Asia/Seoul", "KR"), ("osaka", "Asia/Tokyo", "JP")):
        site = Site.objects.create(
            organisation=organisation, code=code, name=code.title(), time_zone=zone, jurisdiction=law,
            storage_place="Security office",
        )  # fmt: skip
        yard.sites.append(site)
        area = Zone.objects.create(site=site, name="Gate", kind="entrance")
        for number in (1, 2):
            yard.cameras.append(
                Camera.objects.create(
                    site=site, zone=area, code=f"{code}-{number}", name=f"Gate {number}", location="gate",
                    legal_basis="art25", scope_text="the gate", created_at=yard.now - timedelta(days=400),
                )
            )  # fmt: skip


@pytest.fixture
def yard(lethe_home: Path, settings: Any, monkeypatch: pytest.MonkeyPatch, _log_apart: None) -> Yard:
    """The installation, with its clock in the test's hands and trusted until now."""
    made = Yard(home=lethe_home, now=half_past_later())
    monkeypatch.setattr(clock, "now", lambda: made.now)
    monkeypatch.setattr(boot, "read", lambda: made.boot)
    vault.initialise()
    register(made)
    made.move(timedelta())
    return made


def ids(sealed: list[Sealed]) -> set[UUID]:
    """Primary keys."""
    return {each.row.pk for each in sealed}
