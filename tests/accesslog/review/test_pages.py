"""The pages of the review: who sees what, what is logged, and from the first entry to the signature."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from accesslog import Scope
from accesslog.events import QUERIED
from accesslog.models import LogEntry, Review
from accesslog.review import judging, months, paper, selectors, views
from accesslog.review.events import EXPORTED, SIGNED
from accesslog.selectors import load_receipt
from tests.accesslog import hooks as log_hooks
from tests.accesslog.review import hooks
from tests.accesslog.review.conftest import Log
from tests.accesslog.review.hooks import AUDITOR, COLLEAGUE, OFFICER
from tests.core import pdftext

pytestmark = pytest.mark.django_db(databases=["default", "log"])
MARCH = "/log/review/baram/2026-03/"
Reader = Callable[..., Client]


@pytest.fixture
def reader(review: str, settings: Any) -> Reader:
    """`reader(email)` is that person's signed-in browser."""
    settings.ACCESSLOG_SCOPE = "tests.accesslog.hooks.scope"
    log_hooks.SCOPES.clear()

    def make(email: str = OFFICER, *, bodies: bool = True) -> Client:
        log_hooks.SCOPES[email] = Scope(all_sites=True, bodies=bodies)
        client = Client()
        user, _made = get_user_model().objects.get_or_create(email=email)
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return make


def text(client: Client, url: str, status: int = 200) -> str:
    response = client.get(url)
    assert response.status_code == status, response.content
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", response.content.decode()))


def shown(client: Client) -> str:
    """The fingerprint of the verdicts on the page of the signature."""
    found = re.search(r'name="shown" value="([0-9a-f]*)"', client.get(f"{MARCH}sign/").content.decode())
    assert found
    return found[1]


def questions() -> list[dict[str, Any]]:
    found = LogEntry.objects.filter(kind=QUERIED).order_by("index").values_list("index", flat=True)
    return [dict(load_receipt(index).body["query"]) for index in found]


def test_from_the_list_to_the_signature(log: Log, reader: Reader) -> None:
    late, own, plain = log(at=13), log(at=14, actor=OFFICER), log(at=24)
    officer, auditor = reader(), reader(AUDITOR)
    assert officer.post(MARCH).status_code == 302
    page = text(officer, MARCH)
    assert "3 of 3 entries to look at" in page
    assert "2 wait for you." in page
    assert "At 07:48" not in page
    assert "duty on that day is 06:00–22:00." in page
    assert officer.post(f"{MARCH}entries/{own}/", {"verdict": "fine"}).status_code == 403
    assert officer.post(f"{MARCH}entries/{late}/", {"verdict": "fine"}).status_code == 302
    answer = officer.post(f"{MARCH}entries/{plain}/", {"verdict": "follow_up", "comment": ""})
    assert "missing=1" in answer.headers["Location"]
    officer.post(f"{MARCH}entries/{plain}/", {"verdict": "follow_up", "comment": "ask why"})
    assert "1 waits for somebody else." in text(officer, MARCH)
    assert officer.post(f"{MARCH}sign/", {"shown": ""}).status_code == 409
    auditor.post(f"{MARCH}entries/{own}/", {"verdict": "fine"})
    assert auditor.post(f"{MARCH}sign/").status_code == 403
    assert "Baram Hub for March 2026" in (page := text(officer, f"{MARCH}sign/"))
    assert "Fine: 2. To be followed up: 1." in page
    seen = shown(officer)
    hooks.STEPPED.clear()
    assert officer.post(f"{MARCH}sign/", {"comment": "done", "shown": seen}).status_code == 302
    assert list(hooks.STEPPED) == [f"{MARCH}sign/"]
    page = text(officer, MARCH)
    assert "Unchanged since" in page
    hooks.STEPPED.clear()
    printed = pdftext.text(officer.get(f"{MARCH}review.en.pdf").content)
    for part in ("ask why", "done", OFFICER, "The review is the one that was signed.", "06:00–22:00"):
        assert part in printed
    assert list(hooks.STEPPED) == [f"{MARCH}review.en.pdf"]
    taken = load_receipt(LogEntry.objects.get(kind=EXPORTED).index).body
    assert (taken["items"], taken["language"], taken["actor"]["id"]) == (3, "en", OFFICER)
    Review.objects.get().items.filter(index=late).update(verdict="follow_up")
    assert "This is not what was signed" in text(auditor, MARCH)


def test_looking_at_a_month_is_one_question_however_often_its_entries_are_turned(
    log: Log, reader: Reader
) -> None:
    log(at=13)
    officer = reader()
    officer.post(MARCH)
    for query in ("", "?item=0", "?only=mine"):
        text(officer, MARCH + query)
    assert questions() == [{"review": "2026-03"}]
    text(reader(COLLEAGUE), MARCH)
    assert len(questions()) == 2


def test_who_does_not_review_the_site_finds_nothing(log: Log, reader: Reader) -> None:
    log()
    for url in (MARCH, "/log/review/", "/log/review/rules/", f"{MARCH}sign/"):
        assert reader("stranger@x").get(url).status_code == 404
    assert reader().get("/log/review/minato/2026-03/").status_code == 404
    for month in ("2026-13", "2025-12", "2199-01", "x"):
        assert reader().get(f"/log/review/baram/{month}/").status_code == 404
    assert reader(AUDITOR).post(MARCH).status_code == 403
    assert Review.objects.count() == 0


def test_a_reader_without_personal_detail_sees_none(log: Log, reader: Reader) -> None:
    log(at=13, actor="minji")
    reader().post(MARCH)
    page = reader(COLLEAGUE, bodies=False).get(MARCH).content.decode()
    assert "Minji" not in page
    assert "By person" not in page
    assert "Somebody (Operator)" in page


def test_charts_count_viewings_by_the_clocks_of_the_site(log: Log, reader: Reader) -> None:
    log(at=0)
    log(at=24, actor="jihoon", camera="dock")
    log(at=25, actor="jihoon", camera="dock")
    log("test.covered", at=26)  # not a viewing of its own
    page = reader().get(MARCH).content.decode()
    hours = re.findall(r"<td>(\d+):00</td><td class=\"num\">(\d+)</td>", page)
    assert hours == [("19", "2"), ("20", "1")]
    bars = re.findall(r'<th scope="row">([^<]+)</th>.*?<td class="num">(\d+)</td>', page, re.DOTALL)
    assert bars == [("Jihoon", "2"), ("Minji", "1"), ("dock", "2"), ("gate2", "1"), ("crime", "3")]


def test_the_running_month_is_a_preview_without_a_draw(log: Log, reader: Reader) -> None:
    now = datetime.now(UTC)
    midnight = now.replace(hour=23, minute=0) - timedelta(days=1)
    if months.month_of(midnight, "Asia/Seoul") == (this := months.month_of(now, "Asia/Seoul")):
        log(at=midnight)
        judging.judge()
    page = text(reader(), f"/log/review/baram/{this}/")
    assert "This month still runs" in page
    assert "drawn by lot" in page
    assert reader().post(f"/log/review/baram/{this}/").status_code == 409


def test_the_list_names_what_is_overdue_and_the_rules_page_how_often_they_fired(
    log: Log, reader: Reader
) -> None:
    log(at=13)
    judging.judge()
    page = text(reader(), "/log/review/")
    assert "overdue" in page
    assert "Baram Hub" in page
    assert "Minato" not in page
    page = text(reader(), "/log/review/rules/")
    assert "Times the person's usual day" in page.replace("&#x27;", "'")
    assert "1 of 2 entries have been judged" in page or "of 2 entries have been judged" in page


def decided(log: Log, reader: Reader, *, count: int) -> list[int]:
    """`count` marked entries that the officer has found fine, ready to be signed."""
    numbers = [log(at=13 + n / 3600) for n in range(count)]
    reader().post(MARCH)
    Review.objects.get().items.update(verdict="fine", decided_by=OFFICER, decided_us=1)
    return numbers


def test_what_is_signed_is_what_the_page_said(log: Log, reader: Reader) -> None:
    late = decided(log, reader, count=2)[0]
    officer = reader()
    seen = shown(officer)
    assert officer.post(f"{MARCH}sign/", {}).status_code == 409
    reader(COLLEAGUE).post(f"{MARCH}entries/{late}/", {"verdict": "follow_up", "comment": "at night"})
    assert officer.post(f"{MARCH}sign/", {"shown": seen}).status_code == 409
    assert not LogEntry.objects.filter(kind=SIGNED).exists()
    assert officer.post(f"{MARCH}sign/", {"shown": shown(officer)}).status_code == 302


def test_a_long_review_is_listed_signed_and_printed_in_few_queries(
    log: Log, reader: Reader, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    numbers = decided(log, reader, count=30)
    monkeypatch.setattr(views, "WINDOW", 12)
    monkeypatch.setattr(views, "CHECKED_AT_ONCE", 5)
    monkeypatch.setattr(paper, "MOST", 10)
    officer = reader()
    Review.objects.get().items.filter(index=numbers[-1]).update(verdict="follow_up")
    page = officer.get(f"{MARCH}?item={numbers[15]}").content.decode()
    assert "11 entries before" in re.sub(r"<[^>]+>", "", page)
    assert f"item={numbers[10]}" in page
    assert f"item={numbers[23]}" in page
    assert officer.post(f"{MARCH}sign/", {"shown": shown(officer)}).status_code == 302
    with django_assert_max_num_queries(70, using="log"):
        assert "Check the signature" in text(officer, MARCH)
    assert "Unchanged since" in text(officer, f"{MARCH}?check=1")
    with django_assert_max_num_queries(30, using="log"):
        printed = pdftext.text(officer.get(f"{MARCH}review.en.pdf").content)
    assert "Only 10 of 30 entries are printed" in " ".join(printed.split())
    review = Review.objects.get()
    on_paper = [row.index for row in paper._printed(review)]
    assert on_paper == [*numbers[:9], numbers[-1]]


def test_without_personal_detail_no_name_reason_or_comment_of_anybody_is_shown(
    log: Log, reader: Reader
) -> None:
    late = log(at=13, purpose={"code": "x", "text": "Crime", "reason": "of Kim Jiho"}, reason="his ex-wife")
    officer, other = reader(), reader(COLLEAGUE, bodies=False)
    officer.post(MARCH)
    officer.post(f"{MARCH}entries/{late}/", {"verdict": "follow_up", "comment": "Minji lied"})
    officer.post(f"{MARCH}sign/", {"shown": shown(officer), "comment": "all about Minji"})
    assert "ex-wife" in text(officer, MARCH)
    pages = text(other, MARCH) + text(other, "/log/review/?most=12")
    pages += pdftext.text(other.get(f"{MARCH}review.en.pdf").content)
    for secret in ("ex-wife", "Jiho", "lied", "about Minji", OFFICER):
        assert secret not in pages
    listed = selectors.overview(hooks.PEOPLE[OFFICER], most=24)
    assert {month.signed_by for _site, found in listed for month in found} == {""}


def test_the_rules_page_counts_what_fired_at_the_readers_sites(log: Log, reader: Reader) -> None:
    log(at=24 * 6)
    for n in range(3):
        log(at=n, site="minato", actor="sora")
    judging.judge()
    sites = selectors.known_sites(hooks.PEOPLE[OFFICER])
    since = datetime(2020, 1, 1, tzinfo=UTC)
    assert selectors.fired(sites, since=since) == {"outside_duty": 1}
    both = selectors.known_sites(hooks.PEOPLE[COLLEAGUE])
    assert selectors.fired(both, since=since) == {"outside_duty": 1, "again_and_again": 1}
    officer = reader()
    log_hooks.SCOPES[OFFICER] = Scope(all_sites=False, sites=frozenset({"baram"}), bodies=True)
    assert "have been judged" not in text(officer, "/log/review/rules/")


def test_a_preview_leads_to_each_entry_says_why_and_how_many_are_listed(
    log: Log, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = log(at=13), log(at=14)
    judging.judge()
    monkeypatch.setattr(views, "PREVIEWED", 1)
    page = reader().get(MARCH).content.decode()
    assert f'href="/log/{second}/"' in page
    assert f'href="/log/{first}/"' not in page
    assert "duty on that day is 06:00–22:00." in page
    assert "the newest one" in page


def test_a_site_without_an_independent_auditor_is_named(
    log: Log, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "no independent auditor" not in text(reader(), "/log/review/")
    monkeypatch.setattr(hooks, "BARAM", replace(hooks.BARAM, auditors=hooks.BARAM.officers))
    assert "Baram Hub has no independent auditor" in text(reader(), "/log/review/")
