"""An installation that has logged for years: entries of each class in some months, lines, viewings, roles.

The log's own clock is moved for the old entries; the house's clock is the yard's, and trusted.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from accesslog import IndexFields, Receipt, pruning, records, writer
from accesslog.registry import EventType, register
from accesslog.services import append
from accesslog.types import to_us
from cctv.core import clock
from cctv.footage.models import ViewedSpan, ViewingSession
from cctv.ledger.models import LedgerLine
from cctv.people.models import Account, RoleGrant
from cctv.sites.models import Purpose
from tests.retention.people import people
from tests.retention.yard import Yard

KINDS = {"access": "test.seen", "permission": "test.granted_role", "ledger": "test.lined"}
TICK = "test.tick"
PAUSE = timedelta(days=30)
for _class, _kind in (*KINDS.items(), ("always", TICK)):
    register(
        EventType(
            kind=_kind, required=frozenset({"text"}), optional=frozenset(), sentence="{text}", keep=_class
        )
    )  # fmt: skip


@dataclass
class Archive:
    """What was made, by class and month."""

    yard: Yard
    stand: Callable[[datetime | None], None]
    made: dict[tuple[str, str], Receipt] = field(default_factory=dict)
    officer: Account | None = None
    ran: datetime | None = None
    ticking: bool = True

    @property
    def home(self) -> Any:
        """LETHE_HOME."""
        return self.yard.home

    def month(self, months_ago: int) -> str:
        """The month that many months before this one, "YYYY-MM"."""
        return pruning.first_kept_month(self.yard.now, months_ago)

    def fill(self, *months_ago: int) -> None:
        """An entry of each class, a line, a viewing and an ended role in each of these months."""
        for ago in sorted(months_ago, reverse=True):
            month = self.month(ago)
            at = pruning.month_start(month) + timedelta(days=9)
            self._run_on(at)
            self.write(month, at)
        self._run_on(None)

    def write(self, month: str, at: datetime) -> None:
        """An entry of each class by the log's clock, and the rows that say the same, dated `at`."""
        officer = self.officer = self.officer or people(self.yard.sites).officer
        role = RoleGrant(
            account=officer, role="operator", site=self.yard.sites[0],
            valid_from=datetime(2015, 1, 1, tzinfo=UTC), revoked_at=at,
        )  # fmt: skip
        for record_class, kind in KINDS.items():
            body = {"text": f"Kim Minji {record_class} {month}"}
            index = [IndexFields(actor="minji", site="seoul")]
            event_id = role.revoked_event if record_class == "permission" else None
            self.made[record_class, month] = append(kind=kind, body=body, index=index, event_id=event_id)
        role.save(force_insert=True)
        self._rows(month, at, officer)

    def _run_on(self, until: datetime | None) -> None:
        """Let the log's clock run, with something to say every few weeks, as where Lethe always runs."""
        self.ran = self.ran or (until or self.yard.now) - 2 * PAUSE
        while self.ticking and self.ran < (until or self.yard.now) - PAUSE:
            self.ran += PAUSE
            self.stand(self.ran)
            append(kind=TICK, body={"text": "tick"})
        self.ran = until or self.yard.now
        self.stand(until)
        if until is None and self.ticking:
            append(kind=TICK, body={"text": "tick"})

    def _rows(self, month: str, at: datetime, officer: Account) -> None:
        site, camera = self.yard.sites[0], self.yard.cameras[0]
        LedgerLine.objects.create(
            year=at.year, sequence=at.month, kind="READ", site=site, at=at, item=month, form="video",
            handler="Kim Minji", reason="r", source=f"test {month}",
            entry=self.made["ledger", month].index,
        )  # fmt: skip
        purpose, _made = Purpose.objects.get_or_create(
            organisation=site.organisation, code="crime", defaults={"name": "Crime prevention"}
        )
        viewing = ViewingSession.objects.create(
            actor=officer, site=site, purpose=purpose, starts_at=at, ends_at=at + timedelta(hours=1),
            valid_until=at + timedelta(hours=1), terminal="127.0.0.1", closed_at=at,
            closed_entry=self.made["access", month].index,
        )  # fmt: skip
        ViewedSpan.objects.create(
            session=viewing, camera=camera, starts_at=at, ends_at=at + timedelta(minutes=1)
        )


@pytest.fixture
def log_clock(monkeypatch: pytest.MonkeyPatch) -> dict[str, datetime]:
    """The log's own clock, which stands five years ago to begin with: its times never fall."""
    stands = {"at": datetime.now(UTC) - timedelta(days=62 * 31)}
    clocked = SimpleNamespace(time_ns=lambda: to_us(stands["at"]) * 1000)
    monkeypatch.setattr(records, "time", clocked)
    monkeypatch.setattr(writer, "time", clocked)
    return stands


@pytest.fixture
def archive(log_clock: dict[str, datetime], yard: Yard) -> Archive:
    """Empty; `fill` makes it old."""

    def stand(moment: datetime | None) -> None:
        log_clock["at"] = moment or clock.now()

    return Archive(yard, stand)
