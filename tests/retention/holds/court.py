"""The yard with its people and short ways to place holds on what it recorded."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from accesslog.models import LogEntry
from accesslog.selectors import load_receipt
from cctv.people.models import Account
from cctv.retention import purge
from cctv.retention.holds import services
from cctv.retention.holds.models import HeldObject, Hold
from cctv.retention.holds.services import Placed
from cctv.sites.models import Camera
from tests.retention.people import People, people
from tests.retention.yard import KEPT, LONG, MINUTE, Sealed, Yard

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
CASE = "2026-118"
TERMINAL = "10.0.0.7"


@dataclass
class Court:
    """Who places holds, and on what."""

    yard: Yard
    people: People

    def place(self, *sealed: Sealed, by: Account | None = None, **options: Any) -> Placed:
        """A hold on just these segments' times and cameras; by the approver unless said otherwise."""
        values: dict[str, Any] = {
            "actor": by or self.people.approver, "terminal": TERMINAL, "site": self.yard.sites[0],
            "case": CASE,
            "cameras": list({each.row.camera_id: each.row.camera for each in sealed}.values()),
            "reason": "Kim Chulsoo fell at the dock", "ground": "incident", "until": self.yard.now + 90 * DAY,
        }  # fmt: skip
        if sealed:
            values["starts_at"] = min(each.row.starts_at for each in sealed)
            values["ends_at"] = max(each.row.ends_at for each in sealed)
        return services.place_hold(**(values | options))

    def tomorrow(self, *, camera: Camera | None = None) -> Placed:
        """A hold of the approver whose span begins now and ends in a day."""
        cameras = [camera or self.yard.cameras[0]]
        return self.place(cameras=cameras, starts_at=self.yard.now, ends_at=self.yard.now + DAY)

    def recorded(self, at: datetime, camera: Camera | None = None) -> Sealed:
        """A segment that began then."""
        return self.yard.segment(camera, expires_in=at + LONG + KEPT - self.yard.now)

    def purge(self, *, trigger: str = "manual") -> None:
        """One tick, whenever the last one was."""
        purge.purge_due(trigger=trigger)

    def expire(self, step: timedelta = HOUR + MINUTE) -> None:
        """Let hours pass in which somebody watches, and purge at the end of each."""
        end = self.yard.now + step
        while self.yard.now < end:
            self.yard.move(min(HOUR, end - self.yard.now))
            self.purge()

    def said(self, kind: str) -> list[dict[str, Any]]:
        """The bodies of all entries of a kind."""
        found = LogEntry.objects.filter(kind=kind).order_by("index").values_list("index", flat=True)
        return [dict(load_receipt(index).body) for index in found]

    def held(self, hold: Hold) -> set[Any]:
        """The segments under a hold."""
        rows = HeldObject.objects.filter(hold=hold)
        return {row.segment_id or row.quarantined_id for row in rows}


@pytest.fixture
def court(yard: Yard) -> Court:
    return Court(yard, people(yard.sites))
