"""The pages of cases and provisions in a browser: accessible, and within a phone's width."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import Browser, Page

from cctv.core import clock
from cctv.disclosure.cases import services
from cctv.disclosure.cases.details import Details, Party
from cctv.disclosure.cases.models import Case, Letter
from cctv.disclosure.cases.services import Stretch
from cctv.disclosure.exports.booking import book_provision
from cctv.disclosure.handing.models import RecipientNotice
from cctv.disclosure.provisions import notices
from tests.disclosure.cases.test_cases import added, opened, upload
from tests.disclosure.cases.test_pages import held, signed_in
from tests.disclosure.provisions.papers_of import AT, HOUR, export_of, hand_over
from tests.people.cast import Cast

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.timeout(240),
    pytest.mark.django_db(transaction=True, databases=["default", "log"]),
    pytest.mark.usefixtures("vault_ready"),
]


@pytest.fixture
def case(cast: Cast) -> Case:
    """With a bit of everything, and an export of which a copy left and was then erased here."""
    now = clock.now()
    found = opened(
        cast, title="Pallets missing from dock 3", reference="Mapo 2026-118",
        details=Details([Party("victim", "한지우", "010-0000-0000"), Party("witness", "Oh Sera")], "Three."),
        spans=[Stretch(cast.gate, now - timedelta(hours=3), now - timedelta(hours=2), "a van leaves")],
    )  # fmt: skip
    added(cast, found, upload=upload(), text="Handed in at the desk.", document_number="2026-118")
    held(cast, found)
    export = export_of(cast, case=found, urgency="late", ground="vital", document="")
    book_provision(hand_over(export))
    services.add_letter(
        actor=cast.operator, terminal="t", case=found, kind="note", title="Call with the insurer", text="x"
    )
    notices.tell_recipients(
        camera=cast.gate, starts_at=AT, ends_at=AT + HOUR, reason="Erased here: DSR-7", source="erasure 1"
    )
    return found


def sound(page: Page) -> None:
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    grave = [each for each in found if each["impact"] in ("serious", "critical")]
    assert not [(each["id"], [node["html"] for node in each["nodes"]]) for each in grave], page.url
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url


def test_every_page_of_cases_and_provisions_is_accessible_and_fits_a_phone(
    cast: Cast, case: Case, live_server: Any, chromium: Browser, tmp_path: Path
) -> None:
    letter, notice = (
        Letter.objects.filter(case=case).exclude(sealed_name="").get(),
        RecipientNotice.objects.get(),
    )
    session = signed_in(cast.privacy_officer).cookies[settings.SESSION_COOKIE_NAME].value
    number = [case.number]
    addresses = [
        reverse("cases"), reverse("case-new", args=[cast.seoul.code]), reverse("case", args=number),
        reverse("case-edit", args=number), reverse("case-span", args=number),
        reverse("case-close", args=number), reverse("letter-new", args=number),
        reverse("letter", args=[case.number, letter.pk]), reverse("provisions"),
        reverse("provision-statistics") + "?year=2026", reverse("notices"),
        reverse("notice", args=[notice.number]),
    ]  # fmt: skip
    for width in (1440, 390):
        context = chromium.new_context(base_url=live_server.url, viewport={"width": width, "height": 900})
        context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}]
        )
        page = context.new_page()
        for place, address in enumerate(addresses):
            page.goto(address)
            page.screenshot(path=tmp_path / f"{place:02}-{width}.png", full_page=True)
            sound(page)
        page.goto(reverse("letter", args=[case.number, letter.pk]))
        page.click("button:has-text('Read what it says')")
        assert "Handed in at the desk." in page.inner_text("main")
        sound(page)
        context.close()
