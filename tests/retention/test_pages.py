"""The retention pages say within seconds whether anything is overdue, and why; and only to whom they may."""

import json
import re
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from django.urls import reverse

from accesslog import canonical
from cctv.footage.models import Segment
from cctv.retention import purge, selectors, tasks
from cctv.retention.models import Certificate, CertificateCamera, PurgeRun, RunState
from tests.retention.people import People, people, step_up
from tests.retention.yard import MINUTE, Yard

pytestmark = pytest.mark.django_db(databases=["default", "log"])

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def cast(yard: Yard) -> People:
    return people(yard.sites)


def text_of(answer: Any) -> str:
    """The words of a page, without markup."""
    assert answer.status_code == 200, answer.content[:2000]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def live_url(answer: Any) -> str:
    found = re.search(r'hx-get="([^"]+live=1[^"]+)"', answer.content.decode())
    assert found is not None
    return found[1].replace("&amp;", "&")


@pytest.fixture
def officer(client: Any, cast: People) -> Any:
    client.force_login(cast.officer)
    return client


def test_certificates_of_a_day_out_of_reach_are_asked_for_in_words(yard: Yard, officer: Any) -> None:
    for asked in ({"day": "9999-12-31"}, {"day": "0001-01-01", "camera": yard.cameras[0].code}):
        assert "This is not a day." in text_of(officer.get(reverse("certificates"), asked))


def test_a_day_of_certificates_is_one_of_the_sites_clocks(yard: Yard, officer: Any) -> None:
    yard.segment(expires_in=-2 * HOUR)
    purge.purge_due()
    row = Certificate.objects.get()
    CertificateCamera.objects.update(
        starts_at="2026-11-21T15:30:00Z", ends_at="2026-11-21T15:31:00Z"
    )  # half past midnight in Seoul and Osaka
    assert row.number in text_of(officer.get(reverse("certificates"), {"day": "2026-11-22"}))
    shown = text_of(officer.get(reverse("certificates"), {"day": "2026-11-21"}))
    assert row.number not in shown
    assert "Days begin at midnight, Asia/" in shown


def test_a_run_that_only_failed_is_not_called_destroyed(yard: Yard, officer: Any) -> None:
    yard.obstruct(yard.segment(expires_in=-2 * HOUR))
    purge.purge_due()
    assert PurgeRun.objects.get().state == RunState.DONE
    shown = text_of(officer.get(reverse("purge-runs")))
    assert "1 could not be deleted" in shown
    assert "Destroyed" not in shown


def test_an_empty_installation_says_that_nothing_is_overdue_and_what_comes(officer: Any) -> None:
    shown = text_of(officer.get(reverse("retention")))
    assert "Nothing is overdue" in shown
    assert "No run yet" in shown
    assert "Nothing ends in the next 24 hours" in shown


@pytest.mark.both_databases
def test_overdue_footage_is_the_headline_until_the_purge_has_run(yard: Yard, officer: Any) -> None:
    yard.segment(expires_in=-2 * HOUR)
    yard.segment(expires_in=-3 * HOUR)
    page = officer.get(reverse("retention"))
    assert "2 recordings are overdue" in text_of(page)

    purge.purge_due()

    fragment = officer.get(live_url(page), headers={"HX-Request": "true"})
    assert "Nothing is overdue" in text_of(fragment)
    assert "DC-" in text_of(fragment), "the run and its certificate appear without a reload"
    unchanged = officer.get(live_url(fragment), headers={"HX-Request": "true"})
    assert unchanged.status_code == 204, "nothing moved, so nothing is swapped under the reader's hands"


def test_a_pause_comes_with_a_reload_and_says_why(yard: Yard, officer: Any) -> None:
    yard.segment(expires_in=2 * DAY)
    page = officer.get(reverse("retention"))
    yard.off(3 * DAY)
    purge.purge_due()

    answer = officer.get(live_url(page), headers={"HX-Request": "true"})
    assert answer.headers["HX-Refresh"] == "true"
    shown = text_of(officer.get(reverse("retention")))
    assert "A run is paused. Nothing has been destroyed." in shown
    assert "its clock has jumped" in shown
    run = PurgeRun.objects.get()
    assert f"{run.digest[:4]} {run.digest[4:8]}" in shown


def test_the_decision_asks_for_the_password_and_then_for_the_digest(
    yard: Yard, client: Any, cast: People, monkeypatch: Any
) -> None:
    woken: list[bool] = []
    monkeypatch.setattr(tasks.purge_due, "delay", lambda: woken.append(True))
    yard.segment(expires_in=2 * DAY)
    yard.off(3 * DAY)
    purge.purge_due()
    run = PurgeRun.objects.get()
    client.force_login(cast.officer)
    url = reverse("purge-run-confirm", args=[run.pk])

    asked = client.get(url, {"digest": run.digest[:4]})
    assert asked.status_code == 302
    assert "reauthenticate" in asked["Location"]
    assert client.post(url, {"digest": run.digest[:4]}).status_code in (302, 403)
    assert PurgeRun.objects.get().state == RunState.PAUSED, "without the password nothing is confirmed"

    step_up(client, cast.officer)
    assert run.digest[:4] in client.get(url, {"digest": run.digest[:4]}).content.decode()
    wrong = client.post(url, {"digest": "0000" if run.digest[:4] != "0000" else "1111"})
    assert wrong.status_code == 400
    assert "not the first characters" in wrong.content.decode()
    done = client.post(url, {"digest": run.digest[:4]})
    assert done.status_code == 302
    assert PurgeRun.objects.get().state == RunState.PLANNED
    purge.purge_due()
    assert not Segment.objects.exists()


def test_who_cannot_decide_sees_the_pause_but_no_button(yard: Yard, client: Any, cast: People) -> None:
    yard.segment(expires_in=2 * DAY)
    yard.off(3 * DAY)
    purge.purge_due()
    client.force_login(cast.auditor)
    page = client.get(reverse("retention"))
    assert "A run is paused" in text_of(page)
    assert "btn--danger" not in page.content.decode()


@pytest.mark.both_databases
def test_promised_and_actual_show_too_much_and_too_little(yard: Yard, officer: Any) -> None:
    yard.rule(30)
    yard.rule(20, camera=yard.cameras[1], since=-10 * DAY)
    yard.segment(yard.cameras[0], expires_in=10 * DAY)  # oldest is 20 days old: 10 less than promised
    yard.segment(yard.cameras[1], expires_in=DAY)  # 29 days old under a rule of 20
    shown = text_of(officer.get(reverse("retention")))
    assert "10 d less than promised" in shown
    assert "9 d longer" in shown
    assert "No footage" in shown
    assert shown.index("9 d longer") < shown.index("10 d less"), "too long is worse than too short"


@pytest.mark.both_databases
def test_the_chart_of_the_next_24_hours_holds_what_the_figure_counts(yard: Yard, officer: Any) -> None:
    yard.segment(expires_in=DAY - MINUTE)
    assert sum(count for _hour, count in selectors.hourly(sites=None)) == 1
    assert selectors.overview(sites=None).next_segments == 1
    assert "Nothing ends in the next 24 hours" not in text_of(officer.get("/retention/"))


def test_what_could_not_be_deleted_is_shown_with_its_next_attempt(yard: Yard, officer: Any) -> None:
    sealed = yard.segment(expires_in=-2 * HOUR)
    yard.obstruct(sealed)
    purge.purge_due()
    shown = text_of(officer.get(reverse("retention")))
    assert "1 object could not be deleted and is tried again" in shown
    assert sealed.row.sealed_name in shown
    assert "1 recording is overdue" in shown


def test_a_purge_that_has_stopped_ticking_is_said(yard: Yard, officer: Any) -> None:
    purge.purge_due()
    yard.wait(10 * MINUTE)
    assert "The purge is not running." in text_of(officer.get(reverse("retention")))


def test_the_certificate_states_its_facts_on_the_page_and_as_json(yard: Yard, officer: Any) -> None:
    yard.segment(expires_in=-2 * HOUR)
    purge.purge_due()
    certificate = Certificate.objects.get()

    shown = text_of(officer.get(reverse("certificate", args=[certificate.number])))
    for word in (
        certificate.number,
        "Saebyeok Freight",
        "Seoul",
        "Gate 1",
        "Its 30 days were over.",
        "Unknown",
    ):
        assert word in shown
    assert certificate.facts["merkle_root"] in shown
    answer = officer.get(reverse("certificate-json", args=[certificate.number]))
    told = json.loads(answer.content)
    assert sha256(canonical.encode(told["facts"])).hexdigest() == told["sha256"]
    assert told["log_entry"] == certificate.entry
    found = officer.get(reverse("certificates"), {"number": certificate.number.lower()})
    assert found["Location"].endswith(f"/{certificate.number}/")


@pytest.mark.both_databases
def test_the_run_page_tells_plan_steps_and_site(yard: Yard, officer: Any) -> None:
    yard.segment(expires_in=-2 * HOUR)
    purge.purge_due()
    run = PurgeRun.objects.get()
    shown = text_of(officer.get(reverse("purge-run", args=[run.pk])))
    assert "1 recording destroyed" in shown
    assert run.digest[:16] in shown
    assert "Gate 1" in shown
    assert text_of(officer.get(reverse("purge-runs")))


def _urls(run: PurgeRun, certificate: Certificate) -> list[str]:
    return [
        reverse("retention"),
        reverse("purge-runs"),
        reverse("certificates"),
        reverse("purge-run", args=[run.pk]),
        reverse("certificate", args=[certificate.number]),
        reverse("certificate-json", args=[certificate.number]),
    ]


@pytest.mark.both_databases
def test_invariant_8_roles_and_sites_decide_what_is_shown(yard: Yard, client: Any, cast: People) -> None:
    yard.segment(expires_in=-2 * HOUR)
    purge.purge_due()
    urls = _urls(PurgeRun.objects.get(), Certificate.objects.get())

    def statuses(account: Any) -> list[int]:
        client.force_login(account)
        return [client.get(url).status_code for url in urls]

    for may in (cast.officer, cast.seoul_officer, cast.auditor, cast.approver):
        assert statuses(may) == [200] * 6
    assert statuses(cast.osaka_auditor) == [200, 200, 200, 404, 404, 404], "another site's do not exist"
    assert statuses(cast.operator) == [403] * 6
    client.logout()
    assert {client.get(url).status_code for url in urls} == {302}


def test_numbers_of_other_sites_do_not_shine_through(yard: Yard, client: Any, cast: People) -> None:
    for camera in (yard.cameras[0], yard.cameras[2], yard.cameras[2]):
        yard.segment(camera, expires_in=-2 * HOUR)
    purge.purge_due()
    run = PurgeRun.objects.get()
    client.force_login(cast.osaka_auditor)
    shown = text_of(client.get(reverse("purge-run", args=[run.pk])))
    assert "2 recordings destroyed" in shown
    assert "Seoul" not in shown
