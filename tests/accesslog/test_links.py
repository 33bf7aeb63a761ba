"""Where an entry leads, and for whom."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.utils.translation import gettext_lazy

from accesslog import Scope, conf, links
from accesslog.registry import EventType, register
from accesslog.review.roles import Reviewer

register(
    EventType(
        "test.linked", frozenset({"what", "actor"}), frozenset({"site"}), gettext_lazy("{what}"),
        personal=frozenset({"actor"}), link=("log_entry", "what.number"),
    )
)  # fmt: skip
register(
    EventType(
        "test.person", frozenset({"actor"}), frozenset(), gettext_lazy("{actor}"),
        personal=frozenset({"actor"}), link=("log_entry", "actor.id"),
    )
)  # fmt: skip
register(
    EventType(
        "test.medium", frozenset({"what"}), frozenset({"site"}), gettext_lazy("{what}"),
        link=("medium", "what.number"),
    )
)  # fmt: skip
READER = SimpleNamespace()
BODY: dict[str, Any] = {"what": {"number": 7}, "actor": {"id": "3"}, "site": {"id": "baram"}}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the project was asked; it says yes."""
    calls: list[tuple[Any, ...]] = []

    def yes(*given: Any) -> bool:
        calls.append(given)
        return True

    monkeypatch.setattr(conf, "may_open", yes)
    monkeypatch.setattr(conf, "scope_of", lambda _user: Scope(all_sites=True))
    return calls


def test_an_entry_leads_to_what_it_is_about(asked: list[tuple[Any, ...]]) -> None:
    address = links.link_of("test.medium", BODY, READER, personal=True)
    assert address.endswith("/7/")
    assert asked == [(READER, address, "baram")]


def test_the_logs_own_pages_open_by_its_own_injections(
    asked: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    review = {"site": {"id": "baram", "name": "B"}, "month": "2026-03"}
    nowhere = {"site": {"id": "", "name": ""}, "month": "2026-03"}

    def links_of(reviewer: Reviewer | None) -> list[str]:
        monkeypatch.setattr(conf, "reviewer_of", lambda _user: reviewer)
        kinds: Any = (("review.signed", review), ("review.opened", nowhere), ("flag.rules_changed", {}))
        return [links.link_of(kind, body, READER, personal=True) for kind, body in kinds]

    month, rules = "/log/review/baram/2026-03/", "/log/review/rules/"
    assert links_of(Reviewer("a", auditor=frozenset({"baram", ""}))) == [
        month, "/log/review/none/2026-03/", rules
    ]  # fmt: skip
    assert links_of(Reviewer("a", officer=frozenset({"minato"}))) == ["", "", rules]
    assert links_of(None) == ["", "", ""]
    assert links.link_of("test.linked", BODY, READER, personal=True) == "/log/7/"
    monkeypatch.setattr(conf, "scope_of", lambda _user: None)
    assert links.link_of("test.linked", BODY, READER, personal=True) == ""
    assert asked == []


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("test.linked", {"what": {}}),
        ("test.linked", {"what": "seven"}),
        ("test.linked", {"what": {"number": "seven"}}),
        ("test.swept", BODY),
        ("test.unknown", BODY),
    ],
)
def test_what_is_not_there_is_no_link(kind: str, body: dict[str, Any], asked: Any) -> None:
    assert links.link_of(kind, body, READER, personal=True) == ""


def test_a_link_gives_no_personal_field_away(asked: list[tuple[Any, ...]]) -> None:
    assert links.link_of("test.person", BODY, READER, personal=True) == "/log/3/"
    assert links.link_of("test.person", BODY, READER, personal=False) == ""


def test_who_may_not_open_the_page_is_shown_no_link(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conf, "may_open", lambda *_given: False)
    assert links.link_of("test.medium", BODY, READER, personal=True) == ""
