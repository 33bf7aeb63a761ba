"""A privacy officer signs a month with the keyboard, her own entry goes to the auditor, on a phone too."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, expect

from accesslog import IndexFields, records, writer
from accesslog.models import Review
from accesslog.review import judging, record
from accesslog.review.months import bounds, month_of, previous
from accesslog.services import append
from accesslog.types import to_us
from cctv.core.clock import rfc3339
from cctv.people.models import Account
from cctv.sites.duty import set_duty_hours
from cctv.sites.models import Organisation, Site
from tests.e2e.test_holds import PHONE, sound
from tests.people.cast import PASSWORD, Cast

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, databases=["default", "log"]),
]
VIEWINGS = 14


class Clock:
    """The log's clock: turned back to `moment`, or right."""

    moment: datetime | None = None

    def time_ns(self) -> int:
        return time.time_ns() if self.moment is None else to_us(self.moment) * 1000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Turned back to the beginning of last month by Seoul's clocks, before anything is logged."""
    month = previous(month_of(datetime.now(UTC), "Asia/Seoul"))
    clock = Clock()
    clock.moment = bounds(month, "Asia/Seoul")[0]
    monkeypatch.setattr(writer, "time", clock)
    monkeypatch.setattr(records, "time", clock)
    return clock


def who(account: Account) -> dict[str, str]:
    return {"id": str(account.pk), "name": account.name, "employer": account.employer, "role": "operator"}


@pytest.fixture
def last_month(clock: Clock, vault_ready: Any, cast: Cast) -> None:
    """Viewings of last month: one at night, and an officer who was refused again and again."""
    start = clock.moment
    assert start is not None
    for model in (Site, Organisation):
        model.objects.update(created_at=start)
    site = cast.seoul.logged()
    for number in range(VIEWINGS):
        camera = (cast.gate, cast.lobby)[number % 3 == 0]
        moment = start + timedelta(days=number, hours=9 + number % 8 if number != 6 else 23)
        span = (moment - timedelta(hours=3), moment - timedelta(hours=2))
        viewing: dict[str, Any] = {
            "actor": who(cast.operator), "terminal": "10.0.0.7", "site": site,
            "purpose": {"code": "crime-prevention", "text": "Crime prevention", "reason": ""},
            "viewing": str(UUID(int=number)), "from": rfc3339(span[0]), "to": rfc3339(span[1]),
            "cameras": [{"id": str(camera.pk), "code": camera.code, "name": camera.name}],
            "valid_until": rfc3339(moment + timedelta(minutes=30)),
        }  # fmt: skip
        index = IndexFields(
            actor=str(cast.operator.pk), camera=str(camera.pk), site=str(cast.seoul.pk), terminal="10.0.0.7",
            purpose="crime-prevention", footage_from=span[0], footage_to=span[1],
        )  # fmt: skip
        clock.moment = moment
        append(kind="viewing.opened", body=viewing, index=[index])
    officer = cast.privacy_officer
    index = IndexFields(actor=str(officer.pk), site=str(cast.seoul.pk), terminal="10.0.0.8")
    body: dict[str, Any] = {
        "actor": who(officer) | {"role": "privacy_officer"}, "terminal": "10.0.0.8", "site": site,
        "page": "viewing-new", "address": "/sites/seoul/view/", "status": 403, "repeated": 4,
    }  # fmt: skip
    clock.moment = start + timedelta(days=20)
    append(kind="access.refused", body=body, index=[index])
    clock.moment = None
    set_duty_hours(actor=cast.administrator, site=cast.seoul, account=None, texts=["07:00-22:00"] * 7)
    judging.judge()


@pytest.fixture
def office(chromium: Browser, live_server: Any) -> Iterator[Any]:
    """`office(account, width)` is that person's signed-in page."""
    contexts = []

    def sign_in(account: Account, width: int = 1440) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, locale="en-US", base_url=live_server.url
        )
        contexts.append(context)
        page = context.new_page()
        page.goto("/accounts/login/")
        page.fill("[name=login]", account.email)
        page.fill("[name=password]", PASSWORD)
        page.press("[name=password]", "Enter")
        page.wait_for_load_state("networkidle")
        return page

    yield sign_in
    for context in contexts:
        context.close()


def decide_all(page: Page) -> None:
    """One entry after the other, with 1 and 2: what was at night is to be followed up."""
    while page.get_by_role("button", name="Fine").count():
        night = page.locator("#item").get_by_text("Outside duty hours").count()
        number = page.locator("#item-h").inner_text()
        if night:
            page.keyboard.press("2")
            page.keyboard.type("ask why at night")
            page.keyboard.press("Enter")
        else:
            page.keyboard.press("1")
        page.wait_for_function(
            "before => document.getElementById('item-h')?.innerText !== before", arg=number, timeout=5000
        )


def test_a_month_is_reviewed_with_the_keyboard_and_signed(last_month: None, cast: Cast, office: Any) -> None:
    page: Page = office(cast.privacy_officer)
    page.locator("nav.nav").get_by_role("link", name="Review").click()
    sound(page)
    page.get_by_role("button", name="Begin the review Baram Hub").first.click()
    expect(page.get_by_role("heading", name="Baram Hub")).to_be_visible()
    sound(page)
    decide_all(page)
    expect(page.get_by_text("This is about yourself")).to_be_visible()
    sound(page)

    phone: Page = office(cast.auditor, PHONE)
    phone.goto(page.url.split("?")[0])
    sound(phone)
    phone.get_by_role("button", name="Fine").click()
    expect(phone.get_by_text("Everything is decided; a privacy officer signs.")).to_be_visible()

    page.goto(page.url.split("?")[0])
    page.get_by_role("link", name="Sign the review").click()
    if "reauthenticate" in page.url:
        page.fill("[name=password]", PASSWORD)
        page.keyboard.press("Enter")
    expect(page.get_by_text("To be followed up: 1.")).to_be_visible()
    sound(page)
    page.get_by_role("button", name="Sign").click()
    expect(page.get_by_text("Unchanged since")).to_be_visible()
    sound(page)
    phone.goto("/log/review/")
    sound(phone)
    phone.goto("/log/review/rules/")
    sound(phone)
    assert record.state(Review.objects.get()) == record.STANDS
