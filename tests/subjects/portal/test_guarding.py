"""What robots, guessers and strangers get: nothing, alike, and nobody else is stopped by it."""

from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver, resolve

from cctv.sites.models import Organisation
from cctv.subjects.portal import sealed, sessions, throttle
from cctv.subjects.requests.models import RequestState, SubjectRequest
from tests.subjects.requests.counter import DAY, Counter

pytestmark = [pytest.mark.django_db(databases=["default", "log"], transaction=True)]
FORM = "application/x-www-form-urlencoded"
STATIC = ("", "cameras/", "privacy/", "cookies/", "accessibility/", "no-harvesting/", "contact/", "open/",
          "lost/")  # fmt: skip


@pytest.fixture
def opened(counter: Counter) -> tuple[SubjectRequest, Client]:
    """A request, and a browser in which it is open."""
    received = counter.ask(counter.court.yard.segment(expires_in=DAY))
    client = Client()
    pair = {"reference": received.request.reference, "secret": received.secret}
    assert client.post("/portal/open/", pair)["Location"] == "/portal/status/"
    return received.request, client


def proof(client: Client) -> dict[str, str]:
    page = client.get("/portal/status/").content.decode()
    return {"proof": page.partition('name="proof" value="')[2].partition('"')[0]}


def addresses(urls: str) -> set[str]:
    def walk(resolver: Any, prefix: str) -> Any:
        for each in resolver.url_patterns:
            here = prefix + str(each.pattern)
            yield from walk(each, here) if hasattr(each, "url_patterns") else [here]

    return set(walk(get_resolver(urls), ""))


def test_the_portals_process_has_no_address_of_the_office() -> None:
    own = addresses("config.portal_urls") - {"", "healthz", "readyz"}
    assert own
    assert all(each.startswith("portal/") for each in own)
    assert own == {each for each in addresses("config.urls") if each.startswith("portal/")}


@pytest.mark.urls("config.portal_urls")
def test_the_portals_process_answers_alone(counter: Counter) -> None:
    client = Client()
    assert client.get("/portal/").status_code == 200
    for office in ("/sites/", "/accounts/login/", "/log/", "/requests/", "/d/abc/", "/api/"):
        answer = client.get(office)
        assert answer.status_code == 404, office
        assert 'href="/portal/"' in answer.content.decode()


def test_a_large_body_is_refused_before_it_is_read() -> None:
    class Unread:
        def read(self, *_size: int) -> bytes:
            raise AssertionError("read")

        readline = read

    said: dict[str, Any] = {"CONTENT_LENGTH": str(2 << 30), "wsgi.input": Unread()}
    for path in ("open/", "contact/", "ask/kind/", "ask/check/", "status/write/"):
        answer = Client().generic("POST", f"/portal/{path}", "", FORM, **said)
        assert answer.status_code == 413, path


def test_every_page_is_kept_by_nobody_and_sets_no_cookie(counter: Counter) -> None:
    counter.court.yard.segment(expires_in=DAY)
    Organisation.objects.update(contact="privacy@yard.example")
    for path in STATIC:
        answer = Client().get(f"/portal/{path}")
        assert answer.status_code == 200
        assert answer["Cache-Control"] == "no-store, private"
        assert answer["Referrer-Policy"] == "no-referrer"
        assert answer["X-Robots-Tag"] == "noindex, nofollow"
        assert not answer.cookies, path
        text = answer.content.decode()
        assert "@" not in text.replace("@media", ""), path
        assert "<script" not in text


def test_who_is_too_fast_waits_and_others_do_not(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "PAGES_PER_MINUTE", 3)
    asked = [Client().get("/portal/cookies/", REMOTE_ADDR="192.0.2.1").status_code for _ in range(5)]
    assert asked == [200, 200, 200, 429, 429]
    assert Client().get("/portal/cookies/", REMOTE_ADDR="192.0.2.2").status_code == 200


def test_a_wrong_secret_and_an_unknown_reference_are_answered_alike(counter: Counter) -> None:
    received = counter.ask(counter.court.yard.segment(expires_in=DAY))
    known = received.request.reference
    pages_ = {}
    for reference in (known, "R-2026-ZZZZZZ"):
        answer = Client().post("/portal/open/", {"reference": reference, "secret": "AAAA-BBBB-CCCC-DDDD"})
        assert answer.status_code == 404
        assert not answer.cookies
        pages_[reference] = answer.content.decode().replace(reference, "")
    assert len(set(pages_.values())) == 1


def test_another_requests_cookie_opens_only_its_own(
    opened: tuple[SubjectRequest, Client], counter: Counter
) -> None:
    row, client = opened
    other = counter.ask(counter.court.yard.segment(expires_in=DAY)).request
    page = client.get("/portal/status/").content.decode()
    assert row.reference in page
    assert other.reference not in page


def test_a_new_secret_closes_the_request_on_every_browser(opened: tuple[SubjectRequest, Client]) -> None:
    row, client = opened
    SubjectRequest.objects.filter(pk=row.pk).update(secret_hash=b"x" * 64)
    assert client.get("/portal/status/")["Location"].startswith("/portal/open/")


@pytest.mark.parametrize("path", ["status/withdraw/", "status/write/", "decision/object/", "status/close/"])
def test_a_form_from_elsewhere_does_nothing(opened: tuple[SubjectRequest, Client], path: str) -> None:
    row, client = opened
    answer = client.post(f"/portal/{path}", {"text": "x", "proof": "0" * 64})
    assert answer.status_code == 403
    row.refresh_from_db()
    assert row.state == RequestState.IDENTITY
    assert not row.messages.exists()


def test_withdrawing_and_writing_work_with_the_pages_own_proof(opened: tuple[SubjectRequest, Client]) -> None:
    row, client = opened
    text = "<script>alert(1)</script> um zehn"
    assert client.post("/portal/status/write/", {"text": text, **proof(client)}).status_code == 302
    page = client.get("/portal/status/").content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page
    assert client.post("/portal/status/write/?more=1", {"text": "x", **proof(client)}).status_code == 302
    assert client.post("/portal/status/withdraw/", proof(client)).status_code == 302
    row.refresh_from_db()
    assert row.state == RequestState.WITHDRAWN


def test_closing_it_on_this_device_forgets_it(opened: tuple[SubjectRequest, Client]) -> None:
    _row, client = opened
    assert client.post("/portal/status/close/", proof(client)).status_code == 302
    assert client.get("/portal/status/")["Location"].startswith("/portal/open/")


def test_the_sheets_are_there_and_the_slip_has_no_secret(opened: tuple[SubjectRequest, Client]) -> None:
    _row, client = opened
    for path in ("receipt/receipt.pdf", "slip/slip.pdf"):
        assert client.get(f"/portal/{path}").content.startswith(b"%PDF"), path
    assert client.get("/portal/decision/").status_code == 404
    assert client.get("/portal/decision/letter.pdf").status_code == 404


def test_a_token_opens_only_what_it_was_made_for_and_not_for_ever(counter: Counter) -> None:
    token = sealed.seal("answers", {"a": 1}, lock=b"1" * 32)
    life = sessions.LIFE
    assert sealed.opened("answers", token, life=life, lock=b"1" * 32) == {"a": 1}
    assert sealed.opened("answers", token, life=life, lock=b"2" * 32) is None
    assert sealed.opened("session", token, life=life, lock=b"1" * 32) is None
    assert sealed.opened("answers", f"{token[:-4]}AAAA", life=life, lock=b"1" * 32) is None
    counter.court.yard.move(life * 2)
    assert sealed.opened("answers", token, life=life, lock=b"1" * 32) is None


def test_addresses_of_one_network_count_as_one() -> None:
    assert throttle.network_of("2001:db8::1") == throttle.network_of("2001:db8::ffff:2")
    assert throttle.network_of("2001:db8:0:1::1") != throttle.network_of("2001:db8::1")
    assert resolve("/portal/").url_name == "portal"
