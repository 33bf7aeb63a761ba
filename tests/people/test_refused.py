"""Who asks for what they may not see is entered, once in a while and with a count."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accesslog.errors import LogUnavailable
from accesslog.models import LogEntry
from accesslog.selectors import load_receipt
from cctv.people import access, refused
from tests.people.cast import Cast

SignIn = Callable[..., Client]
pytestmark = [
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.usefixtures("access_log"),
]


@pytest.fixture(autouse=True)
def _nothing_told() -> None:
    refused._told.clear()


def entries() -> list[dict[str, Any]]:
    indexes = LogEntry.objects.filter(kind="access.refused").order_by("pk").values_list("pk", flat=True)
    return [dict(load_receipt(index).body) for index in indexes]


def test_a_refusal_is_entered_with_who_what_and_where(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.operator)
    assert client.get("/people/").status_code == 403
    assert client.get(f"/sites/{cast.osaka.code}/").status_code == 404
    first, second = entries()
    assert (first["actor"]["name"], first["actor"]["role"]) == ("Kim Minji", "operator")
    assert (first["page"], first["address"], first["status"]) == ("people", "/people/", 403)
    assert first["terminal"] == "127.0.0.1"
    assert (second["site"]["id"], second["status"]) == (str(cast.osaka.pk), 404)


def test_the_log_itself_refuses_with_an_entry_too(cast: Cast, sign_in: SignIn) -> None:
    assert sign_in(cast.operator).get("/log/").status_code == 404
    assert [each["page"] for each in entries()] == ["log"]


def test_what_repeats_is_counted_and_told_by_the_next_entry(
    cast: Cast, sign_in: SignIn, monkeypatch: Any
) -> None:
    client = sign_in(cast.operator)
    for _ in range(5):
        client.get("/people/")
    assert len(entries()) == 1
    monkeypatch.setattr(refused, "WINDOW_S", 0.0)
    client.get("/people/")
    assert [each.get("repeated") for each in entries()] == [None, 4]


def test_no_stranger_and_no_mistyped_address_is_entered(cast: Cast, sign_in: SignIn) -> None:
    assert Client().get("/people/").status_code == 302
    assert sign_in(cast.operator).get("/no-such-page/").status_code == 404
    assert entries() == []


def test_a_refusal_stays_one_while_the_log_is_down(cast: Cast, sign_in: SignIn, monkeypatch: Any) -> None:
    client = sign_in(cast.operator)

    def refuse(**_fields: Any) -> Any:
        raise LogUnavailable

    monkeypatch.setattr(refused, "append", refuse)
    assert client.get("/people/").status_code == 403
    assert entries() == []
    monkeypatch.undo()
    client.get("/people/")
    assert len(entries()) == 1


def test_links_are_offered_to_who_may_open_the_page(cast: Cast) -> None:
    site = str(cast.seoul.pk)
    assert access.may_open(cast.privacy_officer, f"/register/sites/{cast.seoul.code}/", site)
    assert not access.may_open(cast.operator, f"/register/sites/{cast.seoul.code}/", site)
    assert not access.may_open(cast.privacy_officer, "/people/", "")
    assert not access.may_open(cast.privacy_officer, "/accounts/login/", "")
