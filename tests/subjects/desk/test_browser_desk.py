"""The desk's pages in a browser: accessible, and within a phone's width."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import Browser, Page

from cctv.core import clock
from cctv.subjects.deciding import services
from cctv.subjects.deciding.models import Decision
from cctv.subjects.deciding.proposing import Proposal
from cctv.subjects.desk import appointments
from cctv.subjects.identity import asking, papers
from cctv.subjects.identity.models import IdentityCheck
from cctv.subjects.requests import messages, story
from cctv.subjects.requests.details import Details
from cctv.subjects.requests.models import RequestActKind, RequestState, SubjectRequest
from tests.disclosure.cases.test_pages import signed_in
from tests.people.cast import Cast
from tests.subjects.deciding.asked import request_of
from tests.subjects.identity.showing import photo

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.timeout(240),
    pytest.mark.django_db(transaction=True, databases=["default", "log"]),
    pytest.mark.usefixtures("vault_ready"),
]

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
WHO = Details(
    name="한지우", email="jiwoo@people.example", phone="010-0000-0000",
    looks="a yellow raincoat and a violin case", reason="My umbrella was taken, and I want to see by whom.",
)  # fmt: skip


@pytest.fixture
def proposed(cast: Cast) -> Decision:
    """A request with a bit of everything, and a refusal that waits; beside one late, one to be screened."""
    now = clock.now()
    span: dict[str, Any] = {"starts_at": now - 9 * DAY, "ends_at": now - 9 * DAY + 2 * HOUR}
    found = request_of(
        cast, state=RequestState.OPEN, verified_at=now, received_at=now - 8 * DAY, details=WHO, **span
    )
    late = request_of(
        cast, reference="R-2026-LATE22", received_at=now - 20 * DAY, held=False, is_urgent=True, **span
    )
    request_of(
        cast, reference="R-2026-SCREEN", received_at=now, state=RequestState.SCREENING, held=False, **span
    )
    assert late.due_at is not None
    officer, terminal = cast.privacy_officer, "10.0.0.7"
    story.act(found, RequestActKind.VERIFIED, actor=officer, terminal=terminal)
    messages.add(found, "언제쯤 볼 수 있을까요?", terminal=terminal)
    messages.add(found, "이번 주 안에 답을 드리겠습니다.", by=officer, template="first", terminal=terminal)
    appointments.propose(
        found, now + 2 * DAY, "Baram Hub, security office", is_agreed=False, actor=officer, terminal=terminal,
        appointment_id=uuid4(),
    )  # fmt: skip
    refusal = Proposal("refused", ["others"], "다른 분들의 안전을 해칠 수 있습니다.", "정문, 로비")
    return services.propose(found, refusal, actor=officer, terminal=terminal, decision_id=uuid4())


def shown(request: SubjectRequest) -> IdentityCheck:
    """Somebody has lost its secret, and has sent a picture."""
    check = asking.ask(request, "document", for_secret=True, terminal="")
    IdentityCheck.objects.filter(pk=check.pk).update(code_hash=b"h")
    papers.take(check, "document", [photo((1200, 760))], terminal="")
    asking.finish(check, terminal="")
    return check


def sound(page: Page) -> None:
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert not [(each["id"], [node["html"] for node in each["nodes"]]) for each in found], page.url
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url


def test_every_page_of_the_desk_is_accessible_and_fits_a_phone(
    cast: Cast, proposed: Decision, live_server: Any, chromium: Browser, tmp_path: Path
) -> None:
    reference = [proposed.request.reference]
    late = SubjectRequest.objects.get(reference="R-2026-LATE22").reference
    addresses = [
        reverse("requests"), reverse("requests") + "?state=decided", reverse("request", args=reference),
        reverse("request-write", args=reference) + "?template=looks",
        reverse("request-clock", args=reference), reverse("request-appoint", args=reference),
        reverse("request-withdraw", args=reference), reverse("requests-screening"),
        reverse("request-new", args=["seoul"]), reverse("request-propose", args=[late]),
        reverse("request-identity-look", args=[*reference, shown(proposed.request).pk]),
        reverse("request-decision", args=[*reference, proposed.pk]),
    ]  # fmt: skip
    for person, places in (
        (cast.privacy_officer, addresses), (cast.approver, addresses[-1:]), (cast.operator, addresses[2:3]),
    ):  # fmt: skip
        session = signed_in(person).cookies[settings.SESSION_COOKIE_NAME].value
        for width in (1440, 390):
            context = chromium.new_context(base_url=live_server.url, viewport={"width": width, "height": 900})
            context.add_cookies(
                [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}]
            )
            page = context.new_page()
            for place, address in enumerate(places):
                page.goto(address)
                page.screenshot(path=tmp_path / f"{person.name}-{place:02}-{width}.png", full_page=True)
                sound(page)
            if person == cast.privacy_officer:
                page.goto(reverse("request", args=reference))
                page.click("button:has-text('Open contact data')")
                assert WHO.reason in page.inner_text("main")
                page.screenshot(path=tmp_path / f"contact-{width}.png", full_page=True)
                sound(page)
            context.close()
