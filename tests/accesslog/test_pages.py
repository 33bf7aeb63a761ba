"""The pages of the log: sentences, filters, proof, who may see them, and that asking is logged first."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from accesslog import IndexFields, Scope, services
from accesslog.events import QUERIED
from accesslog.models import LogEntry
from accesslog.selectors import load_receipt
from tests.accesslog import hooks
from tests.accesslog.cast import COVERED, cover, covered, index_of, note
from tests.accesslog.test_verify import edit_body, edit_entry_and_leaf, with_the_databases_password

pytestmark = [
    pytest.mark.postgres_later,
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.both_databases,
    pytest.mark.usefixtures("access_log"),
]

EVERYTHING = Scope(all_sites=True, bodies=True)
Reader = Callable[..., Client]


@pytest.fixture
def reader(settings: Any) -> Reader:
    """`reader(scope)` is a browser that somebody with this scope has signed in with."""
    settings.ACCESSLOG_SCOPE = "tests.accesslog.hooks.scope"
    settings.ACCESSLOG_ACTOR = "tests.accesslog.hooks.actor"
    hooks.SCOPES.clear()

    def make(scope: Scope | None = EVERYTHING, email: str = "officer@example.org") -> Client:
        hooks.SCOPES[email] = scope
        client = Client()
        user, _ = get_user_model().objects.get_or_create(email=email)
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return make


class _Links(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found.append(dict(attrs))


def text(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))


def get(client: Client, url: str, **query: Any) -> str:
    response = client.get(url, query)
    assert response.status_code == 200, response.content
    return str(response.content.decode())


def rows(page: str) -> list[int]:
    return [int(number) for number in re.findall(r"<span>entry (\d+)</span>", page)]


def link(page: str, rel: str) -> str:
    return next(str(each["href"]) for each in _Links(page).found if each.get("rel") == rel)


def questions() -> list[dict[str, Any]]:
    indexes = LogEntry.objects.filter(kind=QUERIED).order_by("index").values_list("index", flat=True)
    return [dict(load_receipt(index).body["query"]) for index in indexes]


def test_entries_are_told_as_sentences_newest_first(reader: Reader):
    cover(actor="minji", camera="gate2")
    note("the lamp was changed")
    page = get(reader(), "/log/")
    assert rows(page) == [1, 0]
    assert "Noted: the lamp was changed." in text(page)
    assert "was released to Minji for crime prevention." in text(page)
    assert "<b>Minji</b>" in page


def test_invariant_1_a_question_is_logged_before_it_is_answered(reader: Reader):
    cover()
    client = reader()
    page = get(client, "/log/", actor="minji", camera="gate2")
    assert questions() == [{"actor": "minji", "camera": "gate2"}]
    assert "Asking this was logged as entry 1." in text(page)
    assert load_receipt(1).body["actor"]["name"] == "officer@example.org"
    get(client, "/log/", actor="minji", camera="gate2")
    assert len(questions()) == 2


def test_invariant_1_no_answer_while_the_log_is_down(reader: Reader, monkeypatch: pytest.MonkeyPatch):
    cover(actor="minji")
    client = reader()

    def down(**_: Any) -> None:
        from accesslog.errors import LogUnavailable

        raise LogUnavailable

    monkeypatch.setattr(services, "append", down)
    for url in ("/log/", "/log/0/"):
        response = client.get(url)
        assert response.status_code == 503
        assert b"Minji" not in response.content


def test_turning_pages_is_not_another_question(reader: Reader):
    for n in range(120):
        cover(minute=n)
    client = reader()
    first = get(client, "/log/", actor="minji")
    second = get(client, "/log/" + link(first, "next"))
    third = get(client, "/log/" + link(second, "next"))
    assert rows(first) + rows(second) + rows(third) == list(range(119, -1, -1))
    back = get(client, "/log/" + link(third, "prev"))
    assert rows(back) == rows(second)
    assert questions() == [{"actor": "minji"}]
    assert 'rel="prev"' not in first
    assert 'rel="next"' not in third


def test_the_pages_of_an_answer_cannot_be_had_without_its_question(reader: Reader):
    for n in range(60):
        cover(minute=n)
    client = reader()
    older = link(get(client, "/log/", actor="minji"), "next")
    query = dict(parse_qsl(urlsplit(older).query))
    get(client, "/log/", **{**query, "actor": "somebody-else"})
    assert questions()[-1] == {"actor": "somebody-else"}
    get(reader(email="other@example.org"), "/log/", **query)
    assert len(questions()) == 3
    get(client, "/log/", before="40", actor="minji")
    assert len(questions()) == 4


def test_every_part_of_the_question_narrows_the_answer(reader: Reader):
    cover(actor="minji", camera="gate2", minute=2, case="2026-118", terminal="gh-01")
    cover(actor="jihoon", camera="dock5", minute=500, site="osaka", purpose="safety")
    note("a remark")
    client = reader()
    start = LogEntry.objects.get(index=1)
    for query, expected in [
        ({"actor": "minji"}, [0]),
        ({"camera": "dock5"}, [1]),
        ({"site": "osaka"}, [1]),
        ({"purpose": "crime"}, [0]),
        ({"case": "2026-118"}, [0]),
        ({"terminal": "gh-01"}, [0]),
        ({"kind": COVERED}, [1, 0]),
        ({"kind": COVERED, "camera": "gate2"}, [0]),
        ({"footage_from": "2026-11-14T10:02", "footage_to": "2026-11-14T10:03"}, [0]),
        ({"footage_from": "2026-11-14T10:03"}, [1]),
        ({"footage_to": "2026-11-14T10:02"}, []),
        ({"camera": "gate2", "footage_from": "2026-11-14T10:00", "footage_to": "2026-11-15T10:00"}, [0]),
        ({"seen_to": "2020-01-01T00:00"}, []),
        ({"seen_from": "2020-01-01T00:00", "kind": COVERED}, [1, 0]),
        ({"actor": "nobody"}, []),
    ]:
        assert rows(get(client, "/log/", **query)) == expected, query
    assert start.index == 1


def test_routine_entries_are_listed_when_they_are_asked_for(reader: Reader):
    swept = services.append(kind="test.swept", body={"n": 1}).index
    cover()
    client = reader(Scope(all_sites=True, bodies=True))
    assert swept not in rows(get(client, "/log/"))
    assert swept in rows(get(client, "/log/", kind="*"))
    assert swept in rows(get(client, "/log/", kind="test.swept"))


def test_a_moment_between_two_entries_parts_them(reader: Reader):
    from accesslog.selectors import Filters, entries
    from accesslog.types import from_us

    receipts = [note(str(n)) for n in range(9)]
    moment = from_us(receipts[4].time_us)
    later = entries(filters=Filters(seen_from=moment), scope=EVERYTHING).entries
    earlier = entries(filters=Filters(seen_to=moment), scope=EVERYTHING).entries
    assert [each.index for each in later] == [8, 7, 6, 5, 4]
    assert [each.index for each in earlier] == [3, 2, 1, 0]


def test_times_are_asked_and_told_by_the_clocks_of_the_site(reader: Reader):
    site = {"id": "baram", "name": "Baram Hub", "zone": "Asia/Seoul"}
    services.append(kind=COVERED, body=covered(minute=0, site=site), index=[index_of(minute=0)])
    asked = {"footage_from": "2026-11-14T19:00", "footage_to": "2026-11-14T19:01", "zone": "Asia/Seoul"}
    page = get(reader(), "/log/", **asked)
    assert rows(page) == [0]
    assert "KST" in page
    assert rows(get(reader(), "/log/", **{**asked, "zone": "UTC"})) == []


def test_what_a_question_means_does_not_depend_on_what_was_logged_lately(reader: Reader, settings: Any):
    settings.ACCESSLOG_CHOICES = "tests.accesslog.hooks.two_clocks"
    asked = {"footage_from": "2026-11-14T19:00", "footage_to": "2026-11-14T19:01"}
    for zone in ("", "Europe/London", "America/New_York"):
        if zone:
            site = {"id": "elsewhere", "name": "Elsewhere", "zone": zone}
            services.append(kind=COVERED, body=covered(minute=0, site=site), index=[index_of(minute=0)])
        page = get(reader(), "/log/", **asked)
        assert questions()[-1]["footage_from"] == "2026-11-14T19:00:00+09:00"
        # Said on the page, and part of every address that leads on from it.
        assert "Times by the clocks of Asia/Seoul." in text(page)
        ours = [str(each["href"]) for each in _Links(page).found if "footage_from" in str(each.get("href"))]
        assert ours
        assert all("zone=Asia%2FSeoul" in each or "entry=" in each for each in ours)
    get(reader(), "/log/", camera="dock5", **asked)
    assert questions()[-1]["footage_from"] == "2026-11-14T19:00:00+00:00"
    get(reader(), "/log/", camera="dock5", zone="Asia/Seoul", **asked)
    assert questions()[-1]["footage_from"] == "2026-11-14T19:00:00+09:00"


@pytest.mark.parametrize("zone", ["Asia", "a" * 300, "../../etc/passwd", "/etc/passwd", "Asia/\0", "Nowhere"])
def test_a_zone_that_is_none_is_passed_over(reader: Reader, zone: str):
    assert reader().get("/log/", {"zone": zone}).status_code == 200


def test_a_question_that_ends_before_it_starts_is_refused_and_not_logged(reader: Reader):
    cover(actor="minji")
    response = reader().get("/log/", {"seen_from": "2026-11-14T10:00", "seen_to": "2026-11-14T09:00"})
    assert response.status_code == 400
    assert "This must be later than the start." in response.content.decode()
    assert "Minji" not in response.content.decode()
    assert questions() == []


@pytest.mark.parametrize(
    ("wrong", "advice"),
    [
        ({"seen_from": "yesterday"}, "Logged from: Enter a valid date/time."),
        ({"camera": "a\0b"}, "Camera: Null characters are not allowed."),
        (
            {"seen_from": "2026-11-14T10:00", "seen_to": "2026-11-14T09:00"},
            "Logged until: This must be later than the start.",
        ),
    ],
)
def test_a_refused_question_names_the_part_that_is_wrong(reader: Reader, wrong: dict[str, str], advice: str):
    response = reader().get("/log/", wrong)
    assert response.status_code == 400
    assert f"<li>{advice}</li>" in response.content.decode()


def test_the_question_offers_what_the_log_names(reader: Reader):
    cover(actor="minji", camera="gate2")
    page = get(reader(), "/log/", camera="gate2")
    assert re.search(r'<a class="pick" href="\?camera=gate2&amp;actor=minji">Minji</a>', page)
    assert re.search(r'<a class="pick" href="\?camera=gate2" aria-current="true">Gate2</a>', page)
    assert '<option value="gate2" selected>Gate2</option>' in page
    assert re.search(r'class="token" popovertarget="ask-camera">Gate2</button>', page)
    assert re.search(r'class="token token--any" popovertarget="ask-site">any site</button>', page)


def test_an_opened_entry_shows_its_details_and_that_it_is_proven(reader: Reader):
    for n in range(20):
        cover(minute=n)
    client = reader()
    page = get(client, "/log/")
    row = next(str(each["href"]) for each in _Links(page).found if "entry=7" in str(each.get("href")))
    opened = get(client, "/log/" + row)
    assert "Proven" in opened
    assert re.sub(r"\s", "", load_receipt(7).leaf_hash.hex()) in opened
    assert len(questions()) == 1
    assert 'aria-current="true"' in opened
    alone = get(client, "/log/7/")
    assert "Proven" in alone
    assert questions()[-1] == {"entry": 7}


def test_an_entry_outside_the_answer_is_not_opened_beside_it(reader: Reader):
    cover(actor="minji")
    cover(actor="jihoon")
    page = get(reader(), "/log/", actor="minji", entry="1")
    assert "Choose an entry." in text(page)
    assert "Jihoon" not in page.split('id="log"')[1]


def test_a_changed_entry_is_shown_as_not_proven(reader: Reader):
    for n in range(10):
        cover(minute=n)
    with with_the_databases_password():
        edit_entry_and_leaf()
    assert "Not proven" in get(reader(), "/log/3/")


def test_a_changed_body_is_shown_as_damaged(reader: Reader):
    for n in range(10):
        cover(minute=n)
    with with_the_databases_password():
        edit_body()
    page = get(reader(), "/log/3/")
    assert "Not proven" in page
    assert "This entry is damaged" in page
    assert "This entry is damaged" in get(reader(), "/log/")


def test_invariant_8_without_a_scope_the_log_does_not_exist(reader: Reader):
    cover()
    client = reader(None)
    assert client.get("/log/").status_code == 404
    assert client.get("/log/0/").status_code == 404
    assert questions() == []


def test_invariant_8_other_sites_do_not_exist(reader: Reader):
    cover(actor="minji", site="baram")
    cover(actor="jihoon", site="osaka")
    note("about no site")
    client = reader(Scope(all_sites=False, sites=frozenset({"baram"}), bodies=True))
    page = get(client, "/log/")
    assert rows(page) == [0]
    assert "Jihoon" not in page
    assert rows(get(client, "/log/", actor="jihoon")) == []
    for hidden in (1, 2, 999_999):
        assert client.get(f"/log/{hidden}/").status_code == 404
    assert client.get("/log/0/").status_code == 200


def test_a_reader_without_the_right_to_bodies_sees_no_person(reader: Reader):
    services.append(
        kind=COVERED, body=covered(terminal="10.0.0.7"), index=[IndexFields(actor="minji", camera="gate2")]
    )
    client = reader(Scope(all_sites=True, bodies=False))
    for page in (get(client, "/log/"), get(client, "/log/", camera="gate2"), get(client, "/log/0/")):
        assert "Minji" not in page
        assert "minji" not in page
        assert "10.0.0.7" not in page
    assert "somebody (Operator)" in get(client, "/log/")
    assert rows(get(client, "/log/", actor="nobody", camera="gate2")) == [0]


def test_strangers_are_sent_to_sign_in():
    response = Client().get("/log/")
    assert response.status_code == 302
    assert "/accounts/login/" in response["Location"]


def test_the_page_keeps_the_content_policy(reader: Reader):
    cover()
    page = get(reader(), "/log/", entry="0")
    assert not re.search(r"<[^>]+\sstyle=", page)
    assert "<style" not in page
    assert not re.search(r"<script(?![^>]*\ssrc=)", page)
    assert not re.search(r"\son\w+=", page)
