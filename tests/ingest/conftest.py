"""A small installation that recordings come into: real keys, a real store, a real log."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cctv.core import clock
from cctv.footage.models import Segment
from cctv.ingest import sweep
from cctv.ingest.closed import walk
from cctv.ingest.models import Quarantined, Recorder, Source
from cctv.ingest.services import admit
from cctv.people.models import Account, RoleGrant
from cctv.sites.models import Camera, Organisation, RetentionRule, Site, Zone
from cctv.vault import services as vault
from tests.media.clips import clip

DAYS = 30


@dataclass
class Yard:
    """One site in Seoul with two cameras, an administrator, and a folder that a recorder drops files into."""

    home: Path
    site: Site
    gate: Camera
    yard: Camera
    admin: Account
    drop: Path

    def began(self, minutes_ago: float = 10) -> datetime:
        """A start in the recent past, on a whole second."""
        return (clock.now() - timedelta(minutes=minutes_ago)).replace(microsecond=0)

    def name(self, start: datetime, camera: str = "gate", suffix: str = "mp4") -> str:
        """An ffmpeg name in Seoul time."""
        local = start.astimezone(clock_zone("Asia/Seoul"))
        return f"{camera}/{local:%Y-%m-%d_%H-%M-%S}.{suffix}"

    def put(self, name: str, data: bytes, *, settled: bool = True, mtime: datetime | None = None) -> Path:
        """A file in the drop folder, finished a minute ago unless told otherwise."""
        path = self.drop / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        if mtime is not None:
            os.utime(path, (mtime.timestamp(), mtime.timestamp()))
        if settled:
            # The time of the last change of the inode cannot be set, so the sweep must have seen the file.
            found = walk(self.drop)
            for file in found.files:
                sweep._settling._seen[file.path] = (file.state, time.monotonic() - 3600)
        return path

    def source(self, **values: Any) -> Source:
        """A source over the drop folder."""
        defaults = {
            "site": self.site,
            "name": "Drop",
            "layout": "ffmpeg",
            "time_zone": "Asia/Seoul",
            "folder": str(self.drop),
        }
        return Source.objects.create(**{**defaults, **values})

    def sweep(self, source: Source, **options: Any) -> Any:
        """One sweep now, whatever failed before."""
        result = sweep.sweep_source(source_id=source.pk, at_once=True, **options)
        source.refresh_from_db()
        return result

    def admit(
        self, data: bytes, *, camera: Camera | None = None, start: datetime | None = None, **more: Any
    ) -> Any:
        """Admit bytes as a stream."""
        import io

        values: dict[str, Any] = {"origin": "upload", "original_name": "x.mp4", "stream": io.BytesIO(data)}
        return admit(camera=camera or self.gate, starts_at=start or self.began(), **{**values, **more})

    def objects(self) -> set[str]:
        """Names in the store."""
        return {stored.name for stored in vault.list_objects()}

    def expected_objects(self) -> set[str]:
        """The objects that the rows name."""
        names = set(Quarantined.objects.values_list("sealed_name", flat=True))
        for name in Segment.objects.values_list("sealed_name", flat=True):
            names |= {name, vault.part_name(name, "index")}
        return names


def clock_zone(name: str) -> Any:
    """A zone."""
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)


@pytest.fixture
def office(lethe_home: Path, _log_apart: None) -> Yard:
    """The installation."""
    vault.initialise()
    sweep._backoff.clear()
    organisation = Organisation.objects.create(name="Saebyeok Freight")
    site = Site.objects.create(
        organisation=organisation, code="seoul", name="Seoul depot", time_zone="Asia/Seoul",
        jurisdiction="KR", storage_place="Security office",
    )  # fmt: skip
    RetentionRule.objects.create(
        organisation=organisation, days=DAYS, effective_from=datetime(2020, 1, 1, tzinfo=UTC)
    )
    zone = Zone.objects.create(site=site, name="Gate", kind="entrance")
    cameras = [
        Camera.objects.create(
            site=site,
            zone=zone,
            code=code,
            name=code.title(),
            location="gate",
            legal_basis="art25",
            scope_text="the gate",
        )
        for code in ("gate", "yard")
    ]
    admin = Account.objects.create_user("admin@example.org", "pw", name="Ada Admin", employer="Saebyeok")
    RoleGrant.objects.create(account=admin, role="administrator", site=site)
    drop = lethe_home / "drop" / "recorder"
    drop.mkdir()
    return Yard(lethe_home, site, cameras[0], cameras[1], admin, drop)


@pytest.fixture
def recorder(office: Yard) -> tuple[Recorder, str]:
    """A recorder for the gate camera alone, and its token."""
    from cctv.ingest.recorders import create_recorder

    return create_recorder(
        actor=office.admin, terminal="127.0.0.1", site=office.site, name="NVR", cameras=[office.gate]
    )


@pytest.fixture
def variant() -> Callable[..., bytes]:
    """`variant(n)`: a short clip that differs from all others, by its frame numbers."""

    def make(number: int = 0, **options: Any) -> bytes:
        return clip(**{"seconds": 2, "first_number": number * 100, **options})

    return make
