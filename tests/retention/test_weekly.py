"""The weekly mail: what ends within seven days, per site, once a week, in the reader's language."""

from datetime import timedelta

import pytest

from cctv.footage.models import Segment
from cctv.people.models import OutgoingMail
from cctv.retention import guards, purge, weekly
from cctv.retention.models import PurgeRun, RunState
from tests.retention.people import PASSWORD, People, people
from tests.retention.reconcile.damage import DAY, hold
from tests.retention.yard import Yard

pytestmark = [
    pytest.mark.postgres_later,
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.both_databases,
]

HOUR = timedelta(hours=1)


@pytest.fixture
def cast(yard: Yard) -> People:
    return people(yard.sites)


def mail_to(account) -> str:
    return OutgoingMail.objects.get(to=account, kind=weekly.KIND).text


def test_only_privacy_officers_get_it_and_of_their_own_sites(yard: Yard, cast: People) -> None:
    yard.segment(yard.cameras[0], expires_in=2 * DAY)
    yard.segment(yard.cameras[2], expires_in=2 * DAY)
    assert weekly.send_weekly() == 2
    assert set(OutgoingMail.objects.values_list("to", flat=True)) == {cast.officer.pk, cast.seoul_officer.pk}
    assert "Osaka" in mail_to(cast.officer)
    assert "Osaka" not in mail_to(cast.seoul_officer)


def test_it_counts_what_ends_within_seven_days_camera_by_camera(yard: Yard, cast: People) -> None:
    for days in (1, 6):
        yard.segment(yard.cameras[0], expires_in=days * DAY)
    yard.segment(yard.cameras[1], expires_in=8 * DAY)
    weekly.send_weekly()
    text = mail_to(cast.seoul_officer)
    assert "2 recordings end and are destroyed" in text
    assert "Gate 1 (seoul-1): 2 recordings" in text
    assert "seoul-2" not in text
    assert "Nothing is overdue." in text


def test_what_a_hold_keeps_is_said_apart(yard: Yard, cast: People) -> None:
    hold(yard, yard.segment(expires_in=2 * DAY))
    hold(yard, yard.segment(expires_in=-5 * DAY))
    purge.purge_due()
    weekly.send_weekly()
    text = mail_to(cast.seoul_officer)
    assert "nothing ends here" in text
    assert "2 recordings would end too, but holds keep them." in text
    assert "Nothing is overdue." in text


def test_what_is_overdue_is_said(yard: Yard, cast: People) -> None:
    yard.segment(expires_in=-5 * HOUR)
    weekly.send_weekly()
    assert "OVERDUE: 1 recording should have been gone since" in mail_to(cast.seoul_officer)


def test_keys_that_should_be_gone_are_overdue_too(yard: Yard, cast: People) -> None:
    yard.segment(expires_in=-5 * HOUR)
    Segment.objects.all().delete()
    weekly.send_weekly()
    text = mail_to(cast.seoul_officer)
    assert "Nothing is overdue." not in text
    assert "OVERDUE: 1 key should have been destroyed since" in text


def test_it_says_that_destruction_stands_still_and_what_to_do(yard: Yard, cast: People) -> None:
    yard.segment(expires_in=2 * DAY)
    PurgeRun.objects.create(
        planned_at=yard.now, cutoff_at=yard.now, plan_sha256=b"", state=RunState.PAUSED,
        pause_code=guards.STORAGE, pause_facts={"error": "no marker"},
    )  # fmt: skip
    weekly.send_weekly()
    text = mail_to(cast.seoul_officer)
    assert "Destruction is paused." in text
    assert "Have the footage storage of this installation mounted" in text


def test_a_week_has_one_mail_and_the_next_week_another(yard: Yard, cast: People) -> None:
    sent = 0
    for _day in range(14):
        sent += weekly.send_weekly()
        yard.move(DAY)
    assert sent in (4, 6), "two officers, two or three weeks touched by 14 days"
    assert weekly.send_weekly() + weekly.send_weekly() <= 2


def test_it_is_in_the_readers_language(yard: Yard, cast: People) -> None:
    cast.seoul_officer.language = "ko"
    cast.seoul_officer.save()
    weekly.send_weekly()
    mail = OutgoingMail.objects.get(to=cast.seoul_officer)
    yard_year = f"{yard.now + 7 * DAY:%Y}년"
    assert yard_year in mail.text


def test_it_names_no_person(yard: Yard, cast: People) -> None:
    hold(yard, yard.segment(expires_in=2 * DAY))
    weekly.send_weekly()
    told = mail_to(cast.officer)
    assert PASSWORD
    assert not [name for name in ("Seoul_officer", "Operator", "Officer", "@") if name in told]


def test_an_officer_whose_role_has_ended_gets_none(yard: Yard, cast: People) -> None:
    cast.seoul_officer.grants.update(revoked_at=yard.now)
    cast.officer.is_active = False
    cast.officer.save()
    assert weekly.send_weekly() == 0
