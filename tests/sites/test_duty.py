"""Duty hours: by the clocks of the site, past midnight, a person's own instead of the site's."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from accesslog.models import LogEntry
from accesslog.review.rules import Duty
from accesslog.selectors import load_receipt
from cctv.people.models import RoleGrant
from cctv.people.policy import Forbidden
from cctv.sites import duty
from cctv.sites.models import DutyHours
from cctv.sites.rules import RegisterRefused
from tests.people.cast import Cast

pytestmark = [
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.usefixtures("vault_ready"),
]
NIGHTS = ["22:00-06:00", "22:00-06:00", *[""] * 5]  # Monday and Tuesday nights


def at(cast: Cast, day: int, hour: int, *, person: Any = None) -> Duty | None:
    """March 2026 by UTC: the 2nd is a Monday; Seoul is nine hours ahead."""
    account = person or cast.operator
    return duty.duty_at(str(cast.seoul.pk), str(account.pk), datetime(2026, 3, day, hour, tzinfo=UTC))


def set_hours(cast: Cast, texts: list[str], *, person: Any = None, actor: Any = None) -> None:
    duty.set_duty_hours(
        actor=actor or cast.administrator, site=cast.seoul, account=person, texts=texts, terminal="::1"
    )


def test_without_hours_nothing_is_said(cast: Cast) -> None:
    assert at(cast, 2, 3) is None
    assert duty.duty_at("no-id", "no-id", datetime(2026, 3, 2, tzinfo=UTC)) is None


def test_hours_go_on_past_midnight_by_the_clocks_of_the_site(cast: Cast) -> None:
    set_hours(cast, NIGHTS)
    evening = at(cast, 2, 13)  # Monday, 22:00 in Seoul
    assert evening is not None
    assert evening.on
    assert evening.hours == ["22:00–24:00"]
    states = [at(cast, day, hour) for day, hour in ((2, 12), (2, 20), (2, 21), (3, 20), (4, 13))]
    assert [state.on for state in states if state] == [False, True, False, True, False]


def test_a_persons_own_hours_replace_those_of_the_site(cast: Cast) -> None:
    set_hours(cast, NIGHTS)
    set_hours(cast, ["09:00-18:00", *[""] * 6], person=cast.operator)
    own, site = at(cast, 2, 3), at(cast, 2, 3, person=cast.approver)
    assert (own and own.on, site and site.on) == (True, False)
    set_hours(cast, [""] * 7, person=cast.operator)
    again = at(cast, 2, 3)
    assert again is not None
    assert not again.on


def test_a_change_is_an_entry_with_before_and_after_and_no_change_is_none(cast: Cast) -> None:
    set_hours(cast, NIGHTS)
    set_hours(cast, NIGHTS)
    entries = LogEntry.objects.filter(kind="duty.changed").values_list("index", flat=True)
    assert len(entries) == 1
    body = load_receipt(entries[0]).body
    assert body["before"] == [""] * 7
    assert body["after"][:2] == ["22:00-24:00", "00:00-06:00, 22:00-24:00"]


def test_who_may_set_them_and_for_whom(cast: Cast) -> None:
    with pytest.raises(Forbidden):
        set_hours(cast, NIGHTS, actor=cast.operator)
    with pytest.raises(RegisterRefused, match="no role"):
        set_hours(cast, NIGHTS, person=cast.osaka_operator)
    with pytest.raises(ValueError):
        set_hours(cast, ["9 to 5", *[""] * 6])
    assert not DutyHours.objects.exists()


def test_the_hours_of_somebody_who_left_can_be_removed_and_nothing_else(
    cast: Cast, sign_in: Callable[..., Client]
) -> None:
    set_hours(cast, NIGHTS, person=cast.operator)
    RoleGrant.objects.filter(account=cast.operator).delete()
    with pytest.raises(RegisterRefused, match="no role"):
        set_hours(cast, ["09:00-18:00", *[""] * 6], person=cast.operator)
    client = sign_in(cast.privacy_officer)
    page = f"/register/sites/seoul/duty/{cast.operator.pk}/"
    assert client.post(page, {}).status_code == 302
    assert not DutyHours.objects.exists()
    assert LogEntry.objects.filter(kind="duty.changed").count() == 2


def test_the_page_sets_them_and_points_at_what_cannot_be_read(
    cast: Cast, sign_in: Callable[..., Client]
) -> None:
    client = sign_in(cast.privacy_officer)
    page = "/register/sites/seoul/duty/"
    bad = client.post(page, {"hours_2": "9 to 5"})
    assert bad.status_code == 400
    assert "“9 to 5” is no time from and to" in bad.content.decode()
    assert client.post(page, {"hours_0": "06:00-14:00"}).status_code == 302
    assert client.post(f"{page}{cast.operator.pk}/", {"hours_1": "14:00-22:00"}).status_code == 302
    assert duty.hours_of(cast.seoul).texts == ["06:00-14:00", *[""] * 6]
    assert [each.account for each in duty.people_with_hours(cast.seoul)] == [cast.operator]
    assert "Kim Minji" in client.get(page).content.decode()
