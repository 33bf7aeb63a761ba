"""Who asks for what they may not see is entered, once in a while and with a count."""

from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

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


def entries() -> list[dict[str, Any]]:
    indexes = LogEntry.objects.filter(kind="access.refused").order_by("pk").values_list("pk", flat=True)
    return [dict(load_receipt(index).body) for index in indexes]


def let_pass(monkeypatch: Any, *, seconds: float) -> None:
    now = monotonic() + seconds
    monkeypatch.setattr(refused, "monotonic", lambda: now)


def utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


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


def test_what_repeats_is_counted_and_told_when_its_time_is_over(
    cast: Cast, sign_in: SignIn, monkeypatch: Any
) -> None:
    client = sign_in(cast.operator)
    for _ in range(4):
        client.get("/people/")
    assert len(entries()) == 1
    let_pass(monkeypatch, seconds=3 * 86_400)
    # Whoever asks for whatever: nobody has to be refused again.
    assert client.get("/health/live").status_code in (200, 404)
    first, closing = entries()
    assert "repeated" not in first
    assert (closing["repeated"], closing["status"], closing["page"]) == (2, 403, "people")
    assert closing["since"] <= closing["until"] <= utc(timezone.now())
    client.get("/people/")
    assert [each.get("repeated") for each in entries()] == [None, 2, None]


def test_hammering_one_page_is_told_while_it_goes_on(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.operator)
    for _ in range(101):
        client.get("/people/")
    assert [each.get("repeated") for each in entries()] == [None, 3, 5, 89]


def test_invariant_6_a_person_fills_no_log_from_many_addresses(
    cast: Cast, sign_in: SignIn, monkeypatch: Any
) -> None:
    client = sign_in(cast.operator)
    for number in range(60):
        client.get("/people/", REMOTE_ADDR=f"2001:db8::{number:x}")  # one network, as one subscriber has it
    assert [each.get("repeated") for each in entries()] == [None, 3, 5]
    for number in range(60):
        client.get("/people/", REMOTE_ADDR=f"10.1.0.{number}")
    assert len(entries()) <= refused.PER_PERSON + len(refused.TOLD_AT)
    let_pass(monkeypatch, seconds=refused.WINDOW_S + 1)
    refused.close_due()
    # Nothing is lost: each of the 120 has an entry, or is counted by one.
    assert sum(1 + each.get("repeated", 0) for each in entries()) == 120


def test_invariant_6_all_together_fill_no_log_either(cast: Cast, sign_in: SignIn, monkeypatch: Any) -> None:
    monkeypatch.setattr(refused, "PER_INSTALLATION", 2)
    for account in (cast.operator, cast.administrator):
        client = sign_in(account)
        for page in (f"/sites/{cast.osaka.code}/", "/log/", "/log/check/"):
            client.get(page)
    told = [each["actor"]["id"] for each in entries()]
    assert told == [str(cast.operator.pk)] * 2
    refused.close_all()
    assert [each.get("repeated") for each in entries()][2:] == [None, 2]
    assert len(entries()) == 4


def test_what_the_log_could_not_take_is_told_later(cast: Cast, sign_in: SignIn, monkeypatch: Any) -> None:
    client = sign_in(cast.operator)
    client.get("/people/")
    client.get("/people/")

    def refuse(**_fields: Any) -> Any:
        raise LogUnavailable

    with monkeypatch.context() as down:
        down.setattr(refused, "append", refuse)
        let_pass(down, seconds=refused.WINDOW_S + 1)
        assert client.get("/people/").status_code == 403
    refused.close_all()
    assert [each.get("repeated") for each in entries()] == [None, 1]


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
