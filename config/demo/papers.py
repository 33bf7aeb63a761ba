"""What the demonstration's people have written: a hold on footage whose time is over, and one that waits."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cctv.core import clock
from cctv.people.models import Account
from cctv.retention.holds.services import place_hold
from cctv.sites.models import Camera
from config.demo.plan import EXPIRED, RECENT

TERMINAL = "192.0.2.17"
KEPT = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Paper:
    """A hold in the words of whoever placed it."""

    camera: str
    by: str
    case: str
    ground: str
    reason: str


# Footage of the loading hall that would have ended hours ago, but for this.
FORKLIFT = Paper(
    "dock-5", "approver@demo.lethe", "2026-031", "incident",
    "A forklift hit a rack; the insurer asks for what led to it.",
)  # fmt: skip
# What an operator holds under time pressure, for the chief manager to confirm.
BARRIER = Paper(
    "gate-1", "operator@demo.lethe", "2026-034", "incident",
    "A lorry left before the barrier was up; its driver disputes it.",
)  # fmt: skip


def create() -> None:
    """Place both holds, each at the moment at which its people would have."""
    now = clock.now().replace(microsecond=0)
    age, length = EXPIRED[0]
    with clock.pretend(now - age + length + timedelta(minutes=20)):
        _hold(FORKLIFT, now - age, now - age + length, until=now + KEPT)
    age, _length = RECENT
    _hold(BARRIER, now - age, now - age + timedelta(minutes=4), until=now + KEPT)


def _hold(paper: Paper, starts_at: datetime, ends_at: datetime, *, until: datetime) -> None:
    camera = Camera.objects.select_related("site").get(code=paper.camera)
    place_hold(
        actor=Account.objects.get(email=paper.by),
        terminal=TERMINAL,
        site=camera.site,
        cameras=[camera],
        case=paper.case,
        reason=paper.reason,
        ground=paper.ground,
        starts_at=starts_at,
        ends_at=ends_at,
        until=until,
    )
