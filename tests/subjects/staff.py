"""What those who work at the station do about a request, each in a browser of their own."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from playwright.sync_api import Locator, Page, expect

from cctv.redaction.models import Redaction, State
from cctv.redaction.rendering import work
from cctv.subjects.deciding.models import Decision
from cctv.subjects.requests.models import SubjectRequest
from tests.redaction.test_browser_editor import press, said
from tests.redaction.test_browser_story import on_picture
from tests.subjects.house import House, Screens
from tests.subjects.subject import EMAIL, LOOKS, NAME, PLAYED, REASON, numbers_on

LENGTH_S = 3


def again(request: SubjectRequest) -> SubjectRequest:
    """As it is now."""
    return SubjectRequest.objects.select_related("site", "hold", "assigned_to").get(pk=request.pk)


def gives_the_password(page: Page) -> None:
    """Step-up."""
    page.locator("[name=password]").fill("pw")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("[name=password]")).to_have_count(0)


@dataclass
class Desk:
    """Somebody at work on a request."""

    house: House
    screens: Screens
    page: Page
    request: SubjectRequest

    who = ""

    def sees(self, name: str) -> None:
        self.screens.look(self.page, f"{self.who}-{name}")

    @property
    def url(self) -> str:
        return f"/requests/{self.request.reference}/"

    def follow(self, where: Locator | str) -> None:
        """To the page that this leads to."""
        self.screens.follow(self.page.locator(where) if isinstance(where, str) else where)

    def opens_it(self) -> None:
        """Out of the list, whose address stands in the navigation."""
        self.page.goto("/")
        self.follow("nav a[href='/requests/'] >> nth=0")
        self.sees("list")
        self.follow(f"main a[href='{self.url}'] >> nth=0")
        self.sees("request")


@dataclass
class Officer(Desk):
    """The privacy officer: answers, recognises, proposes."""

    who = "officer"

    def token(self) -> str:
        """What the forms of this browser carry."""
        named = {str(each.get("name")): str(each.get("value")) for each in self.page.context.cookies()}
        return named[settings.CSRF_COOKIE_NAME]

    def takes_it(self) -> None:
        """Reads what is asked, opens who asks, and has it from now on."""
        page = self.page
        main = page.locator("main")
        expect(main).to_contain_text(LOOKS)
        expect(main).not_to_contain_text(NAME)
        self.follow(page.get_by_role("button", name="Open contact data"))
        for known in (NAME, EMAIL, REASON):
            expect(main).to_contain_text(known)
        self.sees("contact")
        page.goto(self.url)
        page.locator("[name=to]").select_option(str(self.house.people["officer"].pk))
        self.follow("form.assign button")
        expect(page.locator("form.assign option[selected]")).to_have_text(self.house.people["officer"].name)

    def replies(self) -> None:
        """The first answer, from a template in the requester's language."""
        page = self.page
        page.goto(self.url)
        self.follow(f"main a[href='{self.url}write/'] >> nth=0")
        self.follow("a[href='?template=first']")
        expect(page.locator("[name=text]")).to_contain_text(self.request.reference)
        self.sees("reply")
        self.follow(page.get_by_role("button", name="Send"))
        assert again(self.request).replied_at is not None

    def recognises_by_papers(self) -> None:
        """Looks at what was sent: no number is on it; it is them, and it is gone."""
        page = self.page
        page.goto(self.url)
        self.follow("main a.btn--primary[href*='/identity/'] >> nth=0")
        expect(page.locator("main")).to_contain_text(NAME)
        pictures = page.locator("img.proof")
        addresses = [str(each.get_attribute("src")) for each in pictures.all()]
        assert addresses
        for address in addresses:
            data = page.request.get(address).body()
            assert not numbers_on(data), "what was covered has arrived"
        self.sees("papers")
        for what in page.locator("[name=seen]").all():
            what.check()
        self.follow(page.locator("main").get_by_role("button", name="It is them"))
        expect(page.locator("main")).to_contain_text("Who asks is settled.")
        for address in addresses:
            assert page.request.get(address).status == 404

    def recognises_in_person(self) -> None:
        """What lay before them is ticked."""
        page = self.page
        page.goto(self.url)
        page.locator("[name=method]").select_option("in_person")
        for paper in page.locator("[name=seen]").all():
            paper.check()
        self.sees("identity")
        self.follow(page.get_by_role("button", name="It is them"))
        expect(page.locator("main")).to_contain_text("Who asks is settled.")

    def proposes(self, outcome: str, *, text: str = "", ground: str = "", copies: int = 0) -> Decision:
        """An answer; then it is somebody else's."""
        page = self.page
        page.goto(self.url)
        self.follow(f"main a[href='{self.url}decision/'] >> nth=0")
        page.locator(f"[name=outcome][value={outcome}]").check()
        for each in page.locator("[name=grounds]").all():  # those of an answer that was given back are there
            each.set_checked(each.get_attribute("value") == ground)
        page.fill("[name=text]", text)
        expect(page.locator("[name=redactions]")).to_have_count(copies)
        for copy in page.locator("[name=redactions]").all():
            copy.check()
        self.sees("propose")
        self.follow(page.get_by_role("button", name="Propose it"))
        assert "/decisions/" in page.url
        self.sees("proposed")
        expect(page.get_by_role("button", name=re.compile("^Approve"))).to_have_count(0)
        return Decision.objects.filter(request=self.request).latest("proposed_at")

    def proposes_a_visit(self, day: datetime) -> None:
        """A day and a time, on the clocks of the place."""
        page = self.page
        page.goto(self.url)
        self.follow(f"a[href='{self.url}appointments/']")
        page.fill("[name=day]", f"{day:%Y-%m-%d}")
        page.fill("[name=time]", f"{day:%H:%M}")
        self.sees("visit")
        self.follow(page.get_by_role("button", name="Propose"))
        assert page.url.endswith(self.url)

    def shows_it_here(self) -> None:
        """On a screen at the station, beside the visitor, who signs."""
        page = self.page
        page.goto(self.url)
        self.follow(f"main a[href^='{self.url}copies/']")
        self.follow(page.get_by_role("button", name="Begin to show it"))
        assert float(page.locator("video.showing").evaluate(PLAYED)) > 1
        self.sees("shown")
        page.locator("[name=signed]").check()
        self.follow(page.get_by_role("button", name="Close the visit"))
        assert page.url.endswith(self.url)


@dataclass
class Operator(Desk):
    """Finds the minutes, and makes the copy in which only the requester is seen."""

    who = "operator"

    def closes_the_viewing(self) -> None:
        """Then the log has what was seen."""
        page = self.page
        self.follow(page.get_by_role("link", name="Back to the viewing"))
        page.locator(".sessionbar").get_by_role("button", name="Close", exact=True).click()
        expect(page.get_by_role("heading", name="This viewing is closed")).to_be_visible()

    def finds_it(self) -> None:
        """The viewing that is bound to the request: who asks is nowhere, what to look for is."""
        page = self.page
        main = page.locator("main")
        expect(main).to_contain_text(LOOKS)
        for unknown in (NAME, EMAIL, REASON):
            expect(main).not_to_contain_text(unknown)
        self.follow(page.get_by_role("button", name="Look for it"))
        assert re.search("/viewings/[0-9a-f-]{36}", page.url)
        expect(page.locator(".sessionbar")).to_contain_text(self.request.reference)
        expect(page.locator(".tile.has-picture")).to_be_visible(timeout=30_000)
        self.sees("viewing")

    def begins_a_redaction(self) -> Redaction:
        """Of the seconds in which they walk."""
        page = self.page
        self.follow("[data-act=redact]")
        zone = ZoneInfo(self.request.site.time_zone)
        begins = self.house.asked.starts_at.astimezone(zone)
        ends = begins + timedelta(seconds=LENGTH_S)
        page.locator("[name=starts]").fill(f"{begins:%Y-%m-%dT%H:%M:%S}")
        page.locator("[name=ends]").fill(f"{ends:%Y-%m-%dT%H:%M:%S}")
        self.sees("redact")
        self.follow(page.get_by_role("button", name=re.compile("^Begin")))
        assert re.search("/redactions/RD-[0-9-]+/edit/", page.url)
        work.work_due()
        said(page, "The computer has looked")
        return Redaction.objects.get()

    def shows_only_them(self, redaction: Redaction) -> None:
        """A press on the requester, a doubt settled, off to review; the computer renders it."""
        page = self.page
        page.locator("[data-act=track]").first.click()
        expect(page.locator(".box:not(.box--motion)").first).to_be_visible()
        press(page, "s")
        page.mouse.click(*on_picture(page, "him"))
        said(page, "The subject is set.")
        self.sees("edit")
        press(page, "r")
        page.locator("#send-sheet").get_by_role("button", name=re.compile("^Send to review")).click()
        expect(page.locator("[data-edit=work]")).to_contain_text("Rendering")
        work.work_due()
        redaction.refresh_from_db()
        assert (redaction.state, redaction.error) == (State.REVIEW, "")
        assert (redaction.case, redaction.hold_id) == (self.request.reference, self.request.hold_id)


@dataclass
class Approver(Desk):
    """The second person."""

    who = "approver"

    def reviews(self, redaction: Redaction) -> None:
        """Steps through the doubtful moments, and approves the file that was sent."""
        page = self.page
        page.goto("/redactions/")
        self.follow(page.get_by_role("link", name=redaction.number))
        self.follow(page.get_by_role("link", name="Review it"))
        expect(page.locator("[data-review=says]")).to_have_text("")  # what is pressed before is lost
        doubts = page.locator(".doubt")
        for place in range(doubts.count()):
            press(page, "n")
            expect(doubts.nth(place)).to_have_class(re.compile("doubt--done"), timeout=15_000)
        self.sees("review")
        self.follow("[data-review=approve]")
        gives_the_password(page)
        expect(page.locator("main")).to_contain_text("A second person has approved it as it is.")
        redaction.refresh_from_db()
        assert redaction.state == State.APPROVED

    def reads(self, decision: Decision) -> None:
        """The proposal, out of the list of what waits for them."""
        page = self.page
        page.goto("/requests/")
        self.sees("list")
        self.follow(f"main a[href='{self.url}decisions/{decision.pk}/'] >> nth=0")
        self.sees("decision")

    def gives_it_back(self, decision: Decision, remark: str) -> None:
        """Not without a word."""
        page = self.page
        self.reads(decision)
        self.follow(page.get_by_role("button", name="Give it back"))
        decision.refresh_from_db()
        assert decision.state == "proposed"
        page.fill("[name=remark]", remark)
        self.follow(page.get_by_role("button", name="Give it back"))
        decision.refresh_from_db()
        assert decision.state == "returned"

    def cannot_approve(self, decision: Decision) -> None:
        """Who had a part in what was objected to."""
        self.page.goto(f"{self.url}decisions/{decision.pk}/")
        expect(self.page.locator("main")).to_contain_text("You may not.")
        expect(self.page.get_by_role("button", name=re.compile("^Approve"))).to_have_count(0)
        self.sees("barred")

    def approves(self, decision: Decision) -> None:
        """Reads the letter, and sends the answer."""
        page = self.page
        self.reads(decision)
        sheet = page.request.get(str(page.locator("a[href$='.pdf']").first.get_attribute("href")))
        assert sheet.body().startswith(b"%PDF")
        self.follow(page.get_by_role("button", name="Approve and send"))
        if page.locator("[name=password]").count():
            gives_the_password(page)
        assert page.url.endswith(self.url)
        decision.refresh_from_db()
        assert decision.state == "sent"


@dataclass
class Auditor(Desk):
    """Reads what is written down, and only that."""

    who = "auditor"

    def sees_no_request(self) -> None:
        """Not the register's page."""
        assert self.page.request.get(self.url).status in (403, 404)

    def reads_the_log(self) -> list[str]:
        """Everything about the request, the oldest first, as sentences."""
        page = self.page
        page.goto(f"/log/?case={self.request.reference}")
        self.sees("log")
        sentences = page.locator("main .rows .row .row__say").all_inner_texts()
        while (older := page.locator("a[rel=next]")).count():
            self.follow(older.first)
            sentences += page.locator("main .rows .row .row__say").all_inner_texts()
        return sentences[::-1]

    def opens_an_entry(self, text: str) -> None:
        """It is proven to be in the log, unchanged."""
        page = self.page
        page.goto(f"/log/?case={self.request.reference}")
        page.locator("main .rows .row", has_text=text).first.click()
        expect(page.locator("#e .pill--ok")).to_have_text("Proven")
        self.sees("entry")

    def reads_the_ledger(self) -> list[str]:
        """Its lines, the oldest first."""
        page = self.page
        page.goto("/ledger/")
        self.sees("ledger")
        return page.locator("main tbody tr").all_inner_texts()[::-1]
