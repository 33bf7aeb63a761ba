"""A site with a camera that has recorded half a minute, and the people who want to see it."""

import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from cctv.core import clock
from cctv.footage import viewing
from cctv.footage.models import Segment, ViewingSession
from cctv.ingest.services import admit
from cctv.people.models import Account, RoleGrant
from cctv.sites.models import Camera, Organisation, Purpose, RetentionRule, Site, Zone
from cctv.vault import services as vault
from tests.media.clips import clip

SEGMENT_S = 4
TERMINAL = "127.0.0.1"  # what Django's test client comes from


@dataclass
class Room:
    """The installation and its people."""

    home: Path
    site: Site
    gate: Camera
    yard: Camera
    purpose: Purpose
    operator: Account
    elsewhere: Account
    administrator: Account
    starts_at: datetime
    recorded: int = 0

    def client(self, account: Account) -> Client:
        """A browser in which somebody is signed in."""
        client = Client(raise_request_exception=False)
        client.force_login(account)
        return client

    def record(self, camera: Camera, start: datetime, **options: Any) -> Segment:
        """Let the camera record one segment."""
        self.recorded += 1  # no two recordings may be the same file
        data = clip(**{"seconds": SEGMENT_S, "first_number": 100 * self.recorded - 100, **options})
        admission = admit(
            camera=camera, starts_at=start, origin="import", original_name="clip", stream=io.BytesIO(data)
        )
        assert admission.segment is not None, admission.reason
        return admission.segment

    def open(
        self, *cameras: Camera, minutes: int = 30, seconds: float = 60, **options: Any
    ) -> ViewingSession:
        """The operator opens a viewing of the last recordings."""
        return self.open_as(self.operator, *cameras, minutes=minutes, seconds=seconds, **options)

    def open_as(
        self, actor: Account, *cameras: Camera, minutes: int = 30, seconds: float = 60, **options: Any
    ) -> ViewingSession:
        """The same for somebody else."""
        return viewing.open_viewing(
            actor=actor,
            terminal=TERMINAL,
            cameras=cameras or [self.gate],
            purpose=self.purpose,
            starts_at=self.starts_at,
            ends_at=self.starts_at + timedelta(seconds=seconds),
            minutes=minutes,
            **options,
        )

    def urls(
        self, session: ViewingSession, camera: Camera | None = None, segment: Segment | None = None
    ) -> dict[str, str]:
        """The addresses of a segment's pictures in a session."""
        camera = camera or self.gate
        segment = segment or Segment.objects.filter(camera=camera).earliest("starts_at")
        base = f"/viewings/{session.pk}/{camera.code}/"
        return {
            "playlist": f"{base}index.m3u8",
            "init": f"{base}{segment.pk}/init.mp4",
            "part": f"{base}{segment.pk}/0.m4s?t=0",
            "thumb": f"{base}{segment.pk}/thumb.jpg",
            "still": f"{base}still.jpg",
        }


def body_of(response: Any) -> bytes:
    """All bytes of an answer, streamed or not."""
    return b"".join(response.streaming_content) if response.streaming else bytes(response.content)


def _site_with_cameras() -> tuple[Site, Purpose, list[Camera]]:
    organisation = Organisation.objects.create(name="Saebyeok Freight")
    site = Site.objects.create(
        organisation=organisation,
        code="seoul",
        name="Baram Hub",
        time_zone="Asia/Seoul",
        jurisdiction="KR",
        storage_place="Security office",
    )
    RetentionRule.objects.create(
        organisation=organisation, days=30, effective_from=datetime(2020, 1, 1, tzinfo=UTC)
    )
    zone = Zone.objects.create(site=site, name="Gate", kind="entrance")
    purpose = Purpose.objects.create(
        organisation=organisation, code="crime-prevention", name="Crime prevention"
    )
    cameras = []
    for code, name in (("gate", "Gate 1"), ("yard", "Yard east")):
        camera = Camera.objects.create(
            site=site, zone=zone, code=code, name=name,
            location="gate", legal_basis="pipa-25-1-2", scope_text="lane",
        )  # fmt: skip
        camera.purposes.add(purpose)
        cameras.append(camera)
    return site, purpose, cameras


@pytest.fixture
def room(lethe_home: Path, _log_apart: None) -> Room:
    """The installation: one site, two cameras, three segments of the first."""
    vault.initialise()
    site, purpose, (gate, yard) = _site_with_cameras()
    operator, elsewhere, administrator = (
        Account.objects.create_user(f"{name}@example.org", "pw", name=name, employer="Guard Co.")
        for name in ("operator", "elsewhere", "administrator")
    )
    RoleGrant.objects.create(account=operator, role="operator", site=site)
    RoleGrant.objects.create(account=administrator, role="administrator", site=site)
    starts_at = (clock.now() - timedelta(minutes=5)).replace(microsecond=0)
    room = Room(lethe_home, site, gate, yard, purpose, operator, elsewhere, administrator, starts_at)
    for number in range(3):
        room.record(gate, starts_at + timedelta(seconds=SEGMENT_S * number))
    return room
