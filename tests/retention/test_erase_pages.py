"""Erase on request: what goes is shown to the second before anything changes, and what became of it after."""

import re
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from accesslog.errors import LogUnavailable
from cctv.footage.models import Segment
from cctv.retention import erase, purge, tasks
from cctv.retention.models import Certificate, Erasure, Trigger
from tests.retention.people import People, people, step_up
from tests.retention.test_erase import hold
from tests.retention.yard import MINUTE, Sealed, Yard

pytestmark = pytest.mark.django_db(databases=["default", "log"])

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
SEOUL = ZoneInfo("Asia/Seoul")


@pytest.fixture
def cast(yard: Yard) -> People:
    return people(yard.sites)


@pytest.fixture
def officer(client: Any, cast: People, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(tasks.purge_due, "delay", lambda *_trigger: None)
    client.force_login(cast.officer)
    return client


@pytest.fixture
def row_of(yard: Yard) -> list[Sealed]:
    start = timedelta(days=5) - timedelta(minutes=10)
    return [yard.segment(expires_in=start + n * MINUTE) for n in range(4)]


def text_of(answer: Any) -> str:
    """The words of a page, without markup."""
    words = re.sub(r"<[^>]+>", " ", answer.content.decode())
    return re.sub(r"\s+", " ", words)


def asked(first: Sealed, last: Sealed, **values: str) -> dict[str, str]:
    """The form: from 10 s into the first to 20 s before the end of the last, in Seoul."""
    starts = (first.row.starts_at + 10 * SECOND).astimezone(SEOUL)
    ends = (last.row.ends_at - 20 * SECOND).astimezone(SEOUL)
    form = {
        "day": f"{starts:%Y-%m-%d}", "start": f"{starts:%H:%M:%S}", "end_day": f"{ends:%Y-%m-%d}",
        "end": f"{ends:%H:%M:%S}", "reference": "DSR-2026-0007", "ground": "subject",
    }  # fmt: skip
    return form | values


def address(sealed: Sealed) -> str:
    return reverse("erase", args=[sealed.row.camera.code])


def digest_of(answer: Any) -> str:
    found = re.search(r'name="digest" value="(\w+)"', answer.content.decode())
    assert found is not None
    return found[1]


def test_the_preview_names_each_second_that_goes_without_having_been_asked_for(
    officer: Any, row_of: list[Sealed]
) -> None:
    page = officer.get(address(row_of[1]), asked(row_of[1], row_of[2]))
    shown = text_of(page)
    assert "Erase 2 segments for ever" in shown
    assert "30 s more than you asked for goes" in shown
    for moment in (row_of[1].row.starts_at, row_of[2].row.ends_at):
        assert f"{moment.astimezone(SEOUL):%H:%M:%S}" in shown
    assert "Before the span" in shown
    assert "After the span" in shown
    assert not Erasure.objects.exists()


@pytest.mark.both_databases
def test_it_is_erased_only_with_the_password_and_exactly_as_it_was_shown(
    officer: Any, cast: People, row_of: list[Sealed], yard: Yard
) -> None:
    form = asked(row_of[1], row_of[2])
    digest = digest_of(officer.get(address(row_of[1]), form))
    refused = officer.post(address(row_of[1]), form | {"digest": digest})
    assert refused.status_code == 302
    assert "reauthenticate" in refused.url
    assert not Erasure.objects.exists()
    step_up(officer, cast.officer)
    officer.post(address(row_of[1]), form | {"digest": "0" * 32})
    assert not Erasure.objects.exists(), "another list than the one that was shown"

    done = officer.post(address(row_of[1]), form | {"digest": digest})

    erasure = Erasure.objects.get()
    assert done.url == reverse("erasure", args=[erasure.pk])
    assert (erasure.segments, erasure.terminal) == (2, "127.0.0.1")
    assert "Nobody can open it any more" in text_of(officer.get(done.url))
    purge.purge_due(trigger=Trigger.REQUEST)
    yard.move(MINUTE)
    purge.purge_due()
    page = text_of(officer.get(done.url))
    assert "It is gone" in page
    assert Certificate.objects.get().number in page
    assert "DSR-2026-0007" in text_of(officer.get(reverse("erasures")))


def test_footage_that_came_since_the_preview_is_shown_before_it_goes(
    officer: Any, cast: People, row_of: list[Sealed], yard: Yard
) -> None:
    form = asked(row_of[1], row_of[2])
    digest = digest_of(officer.get(address(row_of[1]), form))
    yard.segment(expires_in=row_of[1].row.expires_at - yard.now + SECOND)
    step_up(officer, cast.officer)
    page = officer.post(address(row_of[1]), form | {"digest": digest})
    assert "The footage has changed since you looked at it" in text_of(page)
    assert not Erasure.objects.exists()
    officer.post(address(row_of[1]), form | {"digest": digest_of(page)})
    assert Erasure.objects.get().segments == 3


def test_what_is_held_is_said_to_stay(officer: Any, cast: People, row_of: list[Sealed], yard: Yard) -> None:
    hold(yard, row_of[2], cast)
    shown = text_of(officer.get(address(row_of[1]), asked(row_of[1], row_of[2])))
    assert "Erase 1 segment for ever" in shown
    assert "What stays, because it is held" in shown
    assert "H-2026-0001" in shown
    alone = text_of(officer.get(address(row_of[2]), asked(row_of[2], row_of[2])))
    assert "There is nothing to erase" in alone
    assert "All footage of this span is held" in alone


def test_without_the_log_the_page_says_that_nothing_has_changed_yet(
    officer: Any, cast: People, row_of: list[Sealed], monkeypatch: pytest.MonkeyPatch
) -> None:
    form = asked(row_of[1], row_of[2])
    step_up(officer, cast.officer)
    digest = digest_of(officer.get(address(row_of[1]), form))

    def down(**_values: Any) -> Any:
        raise LogUnavailable

    with monkeypatch.context() as patched:
        patched.setattr(erase, "append", down)
        answer = officer.post(address(row_of[1]), form | {"digest": digest})
    assert "Nothing has changed yet" in text_of(officer.get(answer.url))
    assert Segment.objects.count() == 4


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"reference": ""}, "required"),
        ({"end": "00:00:00", "end_day": "2026-01-01"}, "Choose an end after the start."),
        ({"ground": "because"}, "valid choice"),
    ],
)
def test_what_was_typed_wrong_is_said_beside_its_field(
    officer: Any, row_of: list[Sealed], values: dict[str, str], said: str
) -> None:
    page = officer.get(address(row_of[1]), asked(row_of[1], row_of[1], **values))
    assert said in text_of(page)
    assert "Show what goes" in text_of(page)


def test_the_way_back_from_the_preview_keeps_what_was_typed(officer: Any, row_of: list[Sealed]) -> None:
    page = officer.get(address(row_of[1]), asked(row_of[1], row_of[1]) | {"change": "1"})
    assert 'value="DSR-2026-0007"' in page.content.decode()
    assert not Erasure.objects.exists()


@pytest.mark.both_databases
def test_the_list_offers_the_cameras_of_ones_own_sites_alone(
    client: Any, cast: People, yard: Yard, row_of: list[Sealed]
) -> None:
    client.force_login(cast.seoul_officer)
    shown = client.get(reverse("erasures")).content.decode()
    assert "seoul-1" in shown
    assert "osaka-1" not in shown
    chosen = client.get(reverse("erasures"), {"camera": "seoul-2"})
    assert chosen.url == reverse("erase", args=["seoul-2"])
    assert client.get(reverse("erasures"), {"camera": "osaka-1"}).status_code == 200
    assert client.get(reverse("erase", args=["osaka-1"])).status_code == 404


def test_the_retention_page_leads_there_whoever_may_erase(client: Any, cast: People, yard: Yard) -> None:
    for account, leads in ((cast.seoul_officer, True), (cast.auditor, False), (cast.approver, False)):
        client.force_login(account)
        page = client.get(reverse("retention")).content.decode()
        assert (f'href="{reverse("erasures")}"' in page) == leads
