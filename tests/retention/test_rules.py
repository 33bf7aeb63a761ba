"""A rule that ends footage: announced a day ahead, shown in numbers, only with the password given anew."""

import re
from datetime import timedelta
from typing import Any

import pytest

from accesslog.models import LogEntry
from accesslog.selectors import load_receipt
from cctv.footage.models import Segment
from cctv.people.models import Account
from cctv.retention import purge, shortening
from cctv.sites import services
from cctv.sites.models import RetentionRule
from cctv.sites.rules import EndsFootage, RegisterRefused
from tests.people.cast import give_password
from tests.retention.people import people
from tests.retention.yard import MINUTE, Yard

pytestmark = [
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.both_databases,
    pytest.mark.postgres_later,
]

DAY = timedelta(days=1)
ADDRESS = "/register/sites/seoul/rules/add/"


@pytest.fixture
def officer(yard: Yard) -> Account:
    """The officer, and footage of Seoul: recorded 10 and 29 days ago by one camera, 1 hour ago by another."""
    officer = people(yard.sites).officer
    yard.rule(30)
    yard.segment(expires_in=20 * DAY)
    yard.segment(expires_in=DAY + MINUTE)
    yard.segment(yard.cameras[1], expires_in=30 * DAY - timedelta(hours=1))
    yard.segment(yard.cameras[2], expires_in=20 * DAY)
    return officer


def added() -> list[RetentionRule]:
    return list(RetentionRule.objects.filter(site__code="seoul"))


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_invariant_5_a_slip_of_the_pen_ends_nothing_and_is_shown_in_numbers(
    yard: Yard, officer: Account, client: Any
) -> None:
    client.force_login(officer)
    answer = client.post(ADDRESS, {"days": "2"})
    shown = text_of(answer)
    assert "It ends 3 segments of 2 cameras earlier than was promised. It cannot be undone." in shown
    assert "Destroyed as soon as the rule is in force 2" in shown
    assert 'name="days" value="2"' in answer.content.decode()
    assert not added()
    assert not LogEntry.objects.filter(kind="rule.added").exists()
    purge.purge_due()
    assert Segment.objects.count() == 4


def test_the_page_s_button_asks_for_the_password_and_the_rule_waits_for_a_day(
    yard: Yard, officer: Account, client: Any
) -> None:
    client.force_login(officer)
    answer = client.post(ADDRESS, {"days": "2", "accepts_ending": "yes"})
    assert answer.status_code == 302
    assert "reauthenticate" in answer.headers["Location"]
    assert not added()

    give_password(client, officer)
    answer = client.post(ADDRESS, {"days": "2", "accepts_ending": "yes"})
    assert answer.headers["Location"] == "/register/sites/seoul/"
    (rule,) = added()
    assert DAY <= rule.effective_from - yard.now < DAY + MINUTE
    body = load_receipt(LogEntry.objects.get(kind="rule.added").index).body
    assert body["ends"] == {"segments": 3, "quarantined": 0}

    purge.purge_due()
    yard.move(DAY - MINUTE)
    purge.purge_due()
    assert Segment.objects.count() == 4
    yard.move(3 * MINUTE)
    purge.purge_due()
    left = Segment.objects.exclude(camera=yard.cameras[2])
    assert [row.camera.code for row in left] == ["seoul-2"], "2 days are not over"
    assert Segment.objects.filter(camera=yard.cameras[2]).exists(), "Osaka's own"


def test_a_rule_for_the_same_minute_takes_it_back(yard: Yard, officer: Account) -> None:
    slip = services.add_rule(actor=officer, scope=yard.sites[0], days=1, accepts_ending=True)
    assert slip.effective_from.second == slip.effective_from.microsecond == 0
    services.add_rule(actor=officer, scope=yard.sites[0], days=30, effective_from=slip.effective_from)
    yard.move(2 * DAY)
    assert shortening.apply_rules() == 0


@pytest.mark.parametrize("hours", [0.5, 23.9])
def test_it_cannot_be_made_to_take_effect_earlier(yard: Yard, officer: Account, hours: float) -> None:
    for accepts in (False, True):
        with pytest.raises(RegisterRefused) as refused:
            services.add_rule(
                actor=officer, scope=yard.sites[0], days=1, accepts_ending=accepts,
                effective_from=yard.now + timedelta(hours=hours),
            )  # fmt: skip
        assert (refused.value.code, refused.value.field) == ("rule_too_soon", "effective_from")
    assert not added()


def test_set_up_and_programs_are_held_to_it_too(yard: Yard, officer: Account) -> None:
    with pytest.raises(EndsFootage) as asked:
        services.add_rule(actor=None, scope=yard.sites[0].organisation, days=10)
    ending = asked.value.ending
    assert (ending.segments, ending.cameras, ending.at_once) == (4, 3, 3)
    assert not LogEntry.objects.filter(kind="rule.added").exists()


def test_what_is_in_quarantine_counts_as_well(yard: Yard, officer: Account) -> None:
    Segment.objects.all().delete()
    yard.quarantined(expires_in=20 * DAY)
    with pytest.raises(EndsFootage) as asked:
        services.add_rule(actor=officer, scope=yard.sites[0], days=5)
    assert (asked.value.ending.segments, asked.value.ending.quarantined) == (0, 1)


@pytest.mark.parametrize(
    ("days", "camera"), [(30, None), (25, 3)], ids=["as long as before", "a camera without footage"]
)
def test_a_rule_that_ends_nothing_takes_effect_at_once_without_asking(
    yard: Yard, officer: Account, client: Any, days: int, camera: int | None
) -> None:
    client.force_login(officer)
    code = yard.cameras[camera].code if camera else ""
    address = f"/register/cameras/{code}/rules/add/" if code else ADDRESS
    assert client.post(address, {"days": str(days), "reason": "Audit"}).status_code == 302
    rule = RetentionRule.objects.latest("created_at")
    assert (rule.days, rule.effective_from) == (days, yard.now)


def test_what_is_announced_is_what_is_done(yard: Yard, officer: Account) -> None:
    """The numbers of the page, and of the entry when the rule has taken effect."""
    yard.rule(30, camera=yard.cameras[1])  # shields its camera
    with pytest.raises(EndsFootage) as asked:
        services.add_rule(actor=officer, scope=yard.sites[0].organisation, days=12)
    rule = services.add_rule(actor=officer, scope=yard.sites[0].organisation, days=12, accepts_ending=True)
    yard.move(rule.effective_from - yard.now)
    assert asked.value.ending.cameras == 2
    assert shortening.apply_rules() == asked.value.ending.segments == 3
