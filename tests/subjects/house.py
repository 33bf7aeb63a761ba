"""A station in Yokohama: two cameras, what they recorded four weeks ago, who works there, and a clock that
the test moves for everybody, the server's threads included."""

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from playwright.sync_api import Browser, Locator, Page

from cctv.core import boot, clock
from cctv.core.boot import Boot
from cctv.disclosure.handing import tokens
from cctv.footage.models import Segment
from cctv.footage.viewings.closing import close_idle_viewings
from cctv.ingest.services import admit
from cctv.people import outbox
from cctv.people.models import Account, RoleGrant
from cctv.retention import guards, purge
from cctv.sites.models import Camera, Zone
from cctv.subjects.deciding import finishing
from cctv.subjects.delivering import tasks as delivering
from cctv.subjects.portal import wizard_views
from cctv.subjects.requests import ending, mails, tending
from cctv.vault import services as vault
from tests.footage.conftest import Room
from tests.redaction.test_browser_story import PEOPLE as WALKING

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
# Their footage is kept for 30 days: a day is left when somebody asks.
AGO = 29 * DAY
SHOTS = os.environ.get("WAY_SHOTS", "")
REAL_BOOT = boot.read
PEOPLE = {
    "officer": ("privacy_officer", "森 彩"), "approver": ("approver", "佐藤 健"),
    "second": ("approver", "清水 遥"), "auditor": ("auditor", "伊藤 直"),
}  # fmt: skip


@dataclass
class Time:
    """How far the clock is moved."""

    moved: timedelta = field(default_factory=timedelta)

    def get(self) -> timedelta:
        """What `clock.now` adds."""
        return self.moved

    def boot(self) -> Boot:
        """The machine ran all the time."""
        real = REAL_BOOT()
        return Boot(real.id, real.elapsed + self.moved)

    def go_on(self, step: timedelta) -> None:
        """Let time pass that somebody watches, with a tick of everything at its end."""
        self.moved += step
        guards.beat(clock.now())
        self.tick()

    def tick(self) -> None:
        """What beat wakes."""
        close_idle_viewings()
        finishing.tend()
        delivering.tend()
        tending.tend()
        for _ in range(2):  # what the first lets go the second destroys
            purge.purge_due(trigger="manual")
        ending.end_due()


@dataclass
class House:
    """The station."""

    room: Room
    time: Time
    hall: Camera
    parking: Camera
    asked: Segment
    unasked: Segment
    people: dict[str, Account]

    @property
    def operator(self) -> Account:
        return self.room.operator

    @property
    def home(self) -> Path:
        return self.room.home

    def there(self, segment: Segment) -> bool:
        """Whether a recording is in the register, and its object in the store."""
        has_row = Segment.objects.filter(pk=segment.pk).exists()
        assert has_row == vault.object_exists(segment.sealed_name)
        return has_row

    def post(self) -> list[str]:
        """What went out by mail since the last time: subject and words."""
        mails.send_waiting()
        outbox.send_waiting()
        sent = [f"{each.subject}\n{each.body}" for each in mail.outbox]
        mail.outbox.clear()
        return sent


@pytest.fixture
def time_(monkeypatch: pytest.MonkeyPatch) -> Time:
    """The clock in the test's hands: of every thread, and of what is bound to `clock.now` already."""
    made = Time()
    monkeypatch.setattr(clock, "_shift", made)
    monkeypatch.setattr(boot, "read", made.boot)
    return made


@pytest.fixture
def house(room: Room, time_: Time, monkeypatch: pytest.MonkeyPatch) -> House:
    """The station, its recordings, its people."""
    cache.clear()
    monkeypatch.setattr(tokens, "SCRYPT_N", 1 << 4)
    monkeypatch.setattr(wizard_views, "QUICKEST", timedelta(0))  # a browser fills in faster than a person
    guards.beat(clock.now())
    _moved_to_yokohama(room)
    starts_at = datetime.now(UTC).replace(microsecond=0) - AGO
    asked = _recorded(room.yard, starts_at, WALKING.read_bytes())
    room.starts_at = starts_at
    unasked = room.record(room.gate, starts_at)
    people = {each: _person(room, each, *who) for each, who in PEOPLE.items()}
    return House(room, time_, room.yard, room.gate, asked, unasked, people)


def _moved_to_yokohama(room: Room) -> None:
    site = room.site
    site.name, site.jurisdiction, site.time_zone = "みなと駅", "JP", "Asia/Tokyo"
    site.address = "横浜市西区1-2-3"
    site.save()
    organisation = site.organisation
    organisation.name, organisation.contact = "みなと鉄道", "045-000-0100"
    organisation.save()
    room.yard.zone.name = "改札前"
    room.yard.zone.save()
    room.yard.name, room.gate.name = "改札 東", "駐車場 1"
    room.gate.zone = Zone.objects.create(site=site, name="駐車場", kind="parking")
    room.purpose.name = "防犯"
    for each in (room.yard, room.gate, room.purpose):
        each.save()


def _recorded(camera: Camera, starts_at: datetime, data: bytes) -> Segment:
    admission = admit(
        camera=camera, starts_at=starts_at, origin="import", original_name="people", stream=io.BytesIO(data)
    )
    assert admission.segment is not None, admission.reason
    return admission.segment


def _person(room: Room, short: str, role: str, name: str) -> Account:
    account = Account.objects.create_user(f"{short}@example.org", "pw", name=name, employer="みなと鉄道")
    RoleGrant.objects.create(account=account, role=role, site=room.site)
    return account


@dataclass
class Screens:
    """Browsers, one context for each person; what their scripts stumble over fails the test."""

    chromium: Browser
    base: str
    room: Room
    opened: list[Any] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    shots: int = 0

    def phone(self) -> Page:
        """A Japanese phone, signed in nowhere."""
        return self._page(
            viewport={"width": 390, "height": 844}, locale="ja-JP", has_touch=True, is_mobile=True,
            device_scale_factor=2,
        )  # fmt: skip

    def enter(self, account: Account) -> Page:
        """Somebody's desk, signed in."""
        page = self._page(viewport={"width": 1440, "height": 900}, locale="en")
        name = settings.SESSION_COOKIE_NAME
        cookie = self.room.client(account).cookies[name].value
        page.context.add_cookies([{"name": name, "value": cookie, "url": self.base}])
        return page

    def follow(self, link: Locator) -> None:
        """A link or a button that leads to another page, which is there when this returns."""
        with link.page.expect_navigation():
            link.click()

    def look(self, page: Page, name: str) -> None:
        """Nothing is wider than the screen; with WAY_SHOTS a picture of it."""
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url
        self.shots += 1
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/{self.shots:02}-{name}.png", full_page=True)

    def _page(self, **options: Any) -> Page:
        context = self.chromium.new_context(base_url=self.base, **options)
        self.opened.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: self.problems.append(f"{page.url}: {error}"))
        return page


@pytest.fixture
def screens(house: House, live_server: Any, chromium: Browser) -> Iterator[Screens]:
    """For everybody in the story."""
    made = Screens(chromium, live_server.url, house.room)
    yield made
    for context in made.opened:
        context.close()
    assert not made.problems, made.problems
