"""The checker's pages: no picture without an entry, and none to anybody else; a verdict says what was so."""

from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from accesslog.errors import LogUnavailable
from cctv.people.models import Account, Role, RoleGrant
from cctv.subjects.identity import asking, papers
from cctv.subjects.identity.models import CheckState, IdentityCheck, IdentityPaper
from cctv.subjects.requests import access, story
from cctv.subjects.requests.models import RequestMail, RequestState, SubjectRequest
from tests.retention.people import PASSWORD
from tests.subjects.identity.showing import Shower
from tests.subjects.requests.counter import TERMINAL

pytestmark = [pytest.mark.django_db(databases=["default", "log"])]
TICKED = ["document", "name", "covered"]


def url(check: IdentityCheck, more: str = "") -> str:
    return f"/requests/{check.request.reference}/identity/{check.pk}/{more}"


def image(check: IdentityCheck) -> str:
    return url(check, f"{IdentityPaper.objects.get().pk}.jpg")


@pytest.fixture
def officer(shower: Shower) -> Client:
    return shower.bureau.client(shower.bureau.people.seoul_officer)


def test_invariant_1_a_picture_has_its_entry_before_its_first_byte(shower: Shower, officer: Client) -> None:
    check = shower.shown()
    paper = check.papers.get()
    page = officer.get(url(check))
    assert page.status_code == 200
    assert "Kim Chulsoo" in page.content.decode()
    assert image(check) in page.content.decode()
    (opened,) = shower.bureau.counter.court.said("request.opened")
    assert opened["facts"] == {"opened": "contact"}
    answer = officer.get(image(check))
    assert Image.open(BytesIO(answer.content)).size == (320, 200)
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
    assert "no-store" in answer["Cache-Control"]
    (told,) = shower.bureau.counter.court.said("identity.opened")
    assert told["paper"] == {"id": str(paper.pk), "name": "document"}
    assert told["actor"]["id"] == str(shower.bureau.people.seoul_officer.pk)
    assert "Kim" not in str(told)


def test_while_the_log_is_down_no_byte_leaves(
    shower: Shower, officer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = shower.shown()
    read: list[Any] = []
    monkeypatch.setattr(papers, "opened", lambda *_given, **_named: read.append(1))

    def down(**_fields: object) -> None:
        raise LogUnavailable

    monkeypatch.setattr(story, "append", down)
    for address in (image(check), url(check)):
        answer = officer.get(address)
        assert answer.status_code == 503
        assert b"\xff\xd8" not in answer.content
        assert b"Kim" not in answer.content
    assert not read


def test_invariant_8_a_picture_is_the_checkers_of_its_site_and_only_until_the_verdict(
    shower: Shower, officer: Client
) -> None:
    check = shower.shown()
    addresses = (image(check), url(check))
    people, elsewhere = shower.bureau.people, Account.objects.create_user("else@example.org", PASSWORD)
    site = shower.bureau.counter.court.yard.sites[1]
    RoleGrant.objects.create(account=elsewhere, role=Role.PRIVACY_OFFICER, site=site)
    for who, refused in ((people.operator, 403), (people.approver, 403), (elsewhere, 404)):
        client = shower.bureau.client(who)
        assert [client.get(each).status_code for each in addresses] == [refused, refused], who
        assert client.post(url(check, "verdict/"), {"verdict": "them", "seen": TICKED}).status_code == refused
    for state in (CheckState.ASKED, CheckState.REFUSED, CheckState.VERIFIED, CheckState.EXPIRED):
        IdentityCheck.objects.update(state=state)
        assert [officer.get(each).status_code for each in addresses] == [404, 404], state
    IdentityCheck.objects.update(state=CheckState.SHOWN)
    SubjectRequest.objects.update(state=RequestState.WITHDRAWN)
    assert officer.get(addresses[0]).status_code == 404
    assert not shower.bureau.counter.court.said("identity.opened")


def test_a_picture_of_another_request_is_not_here(shower: Shower, officer: Client) -> None:
    check = shower.shown()
    other = shower.bureau.counter.ask(shower.bureau.sealed).request
    address = image(check).replace(check.request.reference, other.reference)
    assert officer.get(address).status_code == 404
    stray = asking.ask(other, "document", terminal=TERMINAL)
    IdentityCheck.objects.filter(pk=stray.pk).update(state=CheckState.SHOWN)
    address = address.replace(str(check.pk), str(stray.pk))
    assert officer.get(address).status_code == 404


@pytest.mark.parametrize("seen", [[], ["document"], ["document", "name"], ["name", "covered"]])
def test_it_is_them_only_if_all_of_it_is_so(shower: Shower, officer: Client, seen: list[str]) -> None:
    check = shower.shown()
    answer = officer.post(url(check, "verdict/"), {"verdict": "them", "seen": seen})
    assert answer.status_code == 400
    assert shower.request.verified_at is None
    assert IdentityPaper.objects.exists()


def test_the_checker_judges_on_the_page_and_the_desk_says_what_became_of_it(
    shower: Shower, officer: Client
) -> None:
    check = shower.shown()
    desk = f"/requests/{shower.request.reference}/"
    assert url(check) in officer.get(desk).content.decode()
    assert officer.post(url(check, "verdict/"), {"verdict": "not"}).status_code == 400, "a reason is needed"
    answer = officer.post(url(check, "verdict/"), {"verdict": "not", "reason": "numbers"})
    assert (answer.status_code, answer["Location"]) == (302, desk)
    page = officer.get(desk).content.decode()
    assert "A number on the document is not covered" in page
    assert "pictures destroyed" in page
    assert officer.post(f"{desk}identity/ask/", {"method": "document"}).status_code == 302
    again = shower.shown()
    officer.post(url(again, "verdict/"), {"verdict": "them", "seen": TICKED})
    assert shower.request.state == RequestState.OPEN
    assert officer.post(f"{desk}identity/ask/", {"method": "document"}).status_code == 302
    assert IdentityCheck.objects.filter(state=CheckState.ASKED).count() == 0


def test_at_the_desk_a_new_secret_is_shown_once_and_opens(shower: Shower, officer: Client) -> None:
    page = f"/requests/{shower.request.reference}/identity/secret/"
    old = bytes(shower.request.secret_hash)
    assert officer.post(page, {}).status_code == 302
    assert bytes(shower.request.secret_hash) == old, "nothing was seen"
    answer: Any = officer.post(page, {"seen": ["document"]})
    secret = answer.context["secret"]
    assert secret in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    opened = access.open_request(shower.request.reference, secret, terminal=TERMINAL)
    assert opened == shower.request
    assert RequestMail.objects.filter(kind="secret").exists()
    assert secret not in officer.get(f"/requests/{shower.request.reference}/").content.decode()


def test_what_waits_is_on_the_list_whatever_the_request_waits_for(shower: Shower, officer: Client) -> None:
    SubjectRequest.objects.update(
        state=RequestState.DECIDED, verified_at=shower.bureau.counter.court.yard.now
    )
    assert shower.request.reference not in officer.get("/requests/").content.decode()
    shower.shown(method="document", for_secret=True)
    assert shower.request.reference in officer.get("/requests/").content.decode()
