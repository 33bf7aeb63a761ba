"""The playback benchmark's real path: a recording that came in as any other, viewed for a purpose.

The service is what a part costs from the catalogue to its bytes: the log entry where none covers the part
yet, the vault's door, index, sealed reads, fragmented MP4, and the note of what was sent. The view puts HTTP
around it by Django's test client: middleware, the browser's session, permissions, headers.
"""

import copy
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from cctv.footage.media.parts import Part

# A new viewing after so many parts: at 8 s a part and 60 s an entry, playing costs one entry in seven parts.
PARTS_A_VIEWING = 6
TERMINAL = "127.0.0.1"


class Office:
    """An installation with one camera for each recording, and somebody who watches."""

    def __init__(self) -> None:
        from django.test import Client

        from cctv.people.models import Account, RoleGrant
        from cctv.sites.models import Organisation, Purpose, RetentionRule, Site, Zone
        from cctv.vault import services as vault

        vault.initialise()
        organisation = Organisation.objects.create(name="Bench")
        self.site = Site.objects.create(
            organisation=organisation, code="bench", name="Bench", jurisdiction="KR", storage_place="here",
            time_zone="Asia/Seoul",
        )  # fmt: skip
        RetentionRule.objects.create(
            organisation=organisation, days=30, effective_from=datetime(2020, 1, 1, tzinfo=UTC)
        )
        self.zone = Zone.objects.create(site=self.site, name="Gate", kind="entrance")
        self.purpose = Purpose.objects.create(
            organisation=organisation, code="crime", name="Crime prevention"
        )
        self.operator = Account.objects.create_user("bench@example.org", "pw", name="Kim", employer="Guard")
        RoleGrant.objects.create(account=self.operator, role="operator", site=self.site)
        self.client = Client(HTTP_HOST="localhost", REMOTE_ADDR=TERMINAL)
        self.client.force_login(self.operator)
        self.numbers = itertools.count()
        self.starts = _starts()

    def camera(self) -> Any:
        """A new camera."""
        from cctv.sites.models import Camera

        code = f"c{next(self.numbers)}"
        made = Camera.objects.create(
            site=self.site, zone=self.zone, code=code, name=code, location="gate", legal_basis="art25",
            scope_text="the gate",
        )  # fmt: skip
        made.purposes.add(self.purpose)
        return made


class Watched:
    """One recording, watched by `service` or `view`; `before` opens the next viewing outside the clock."""

    def __init__(self, office: Office, path: Any, starts_at: datetime) -> None:
        from cctv.ingest.services import admit

        self.office, self.camera = office, office.camera()
        admission = admit(
            path=path, camera=self.camera, starts_at=starts_at, origin="import", original_name=path.name
        )
        assert admission.segment is not None, admission.reason
        self.segment = admission.segment
        self._played = 0
        self._viewing: Any = None

    def again(self) -> "Watched":
        """The same recording, watched by somebody else meanwhile: with viewings of their own."""
        other = copy.copy(self)
        other._played, other._viewing = 0, None
        return other

    def before(self, part: Part) -> None:
        """Get ready to play the part: every few parts somebody opens a viewing anew."""
        from cctv.footage import viewing

        if self._played % PARTS_A_VIEWING == 0:
            self._viewing = viewing.open_viewing(
                actor=self.office.operator, terminal=TERMINAL, cameras=[self.camera],
                purpose=self.office.purpose, starts_at=self.segment.starts_at, ends_at=self.segment.ends_at,
                minutes=60,
            )  # fmt: skip
        self._played += 1

    def service(self, part: Part) -> bytes:
        """The part by the service that the view calls."""
        from cctv.footage import playback

        picture = playback.part(
            self._viewing, camera=self.camera, segment_id=self.segment.pk, number=part.number,
            base_ms=part.start_ms, plays_hevc=True,
        )  # fmt: skip
        return picture.data

    def view(self, part: Part) -> bytes:
        """The part as a browser gets it."""
        base = f"/viewings/{self._viewing.pk}/{self.camera.code}/{self.segment.pk}"
        answer: Any = self.office.client.get(f"{base}/{part.number}.m4s?t={part.start_ms:.0f}")
        data = b"".join(answer.streaming_content)
        assert answer.status_code == 200
        return data

    def bytes_read(self, part: Part) -> tuple[int, int]:
        """Bytes asked of the store for a part, and the part's own."""
        from django.core.files.storage import storages

        asked: list[int] = []
        storage: Any = storages["footage"]
        plain = storage.read_range

        def counted(name: str, offset: int, length: int) -> bytes:
            data: bytes = plain(name, offset, length)
            asked.append(len(data))
            return data

        storage.read_range = counted
        try:
            self.before(part)
            sent = len(self.service(part))
        finally:
            del storage.read_range
        return sum(asked), sent


def _starts() -> Iterator[datetime]:
    """Starts of recordings, none of which touches another."""
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=20)
    return (start + timedelta(hours=2 * number) for number in itertools.count())
