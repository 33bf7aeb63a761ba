"""A newcomer reads in one sentence whether anything is overdue, since when, why, and what to do."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from cctv.footage.models import Segment
from cctv.retention import guards, headline, purge, selectors
from cctv.retention.models import CertificateCamera, Erasure, Heartbeat, PurgeRun, RunState
from cctv.retention.promises import Promise, promises
from cctv.retention.reconcile.models import FsckRun
from tests.retention.people import People, people
from tests.retention.reconcile.damage import hold
from tests.retention.test_pages import text_of
from tests.retention.yard import MINUTE, Yard

pytestmark = [pytest.mark.postgres_later, pytest.mark.django_db(databases=["default", "log"])]

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def cast(yard: Yard) -> People:
    return people(yard.sites)


@pytest.fixture
def officer(client: Any, cast: People) -> Any:
    client.force_login(cast.officer)
    return client


def first_cause() -> str:
    return headline.causes(selectors.overview(sites=None), None)[0].code


def verdict(client: Any) -> str:
    """The words of the headline and its cause, as they stand at the top of the page."""
    answer = client.get(reverse("retention"))
    assert answer.status_code == 200, answer.headers
    html = answer.content.decode()
    head = html[html.index('<h1 class="verdict') : html.index('<dl class="figures')]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", head))


@pytest.mark.both_databases
def test_invariant_5_held_footage_past_its_time_is_not_overdue(yard: Yard, officer: Any) -> None:
    made = hold(yard, yard.segment(expires_in=-3 * DAY))
    assert selectors.overview(sites=None).overdue == selectors.overview(sites=None).overdue_keys
    purge.purge_due()
    assert "Nothing is overdue" in verdict(officer)
    shown = text_of(officer.get(reverse("retention")))
    assert "1 of them past their own time: held, not overdue" in shown
    made.state = "released"
    made.save()
    assert "1 recording is overdue" in verdict(officer)


@pytest.mark.both_databases
def test_overdue_says_since_when_and_that_nobody_can_open_it(yard: Yard, officer: Any) -> None:
    yard.segment(expires_in=-2 * DAY)
    yard.segment(expires_in=-1 * DAY)
    assert selectors.overview(sites=None).overdue_since == yard.now - 2 * DAY
    assert "Nobody can open them any more" in verdict(officer)


def test_without_trouble_the_next_run_takes_it(yard: Yard, officer: Any) -> None:
    yard.segment(expires_in=-2 * HOUR)
    assert first_cause() == "soon"
    assert "The next run takes them" in verdict(officer)


def test_a_wrong_clock_is_the_cause_and_the_remedy_is_to_set_it(
    yard: Yard, officer: Any, cast: People
) -> None:
    cast.officer.grants.update(valid_from=yard.now - 400 * DAY)
    yard.segment(expires_in=-2 * HOUR)
    yard.segment(expires_in=-9 * DAY)
    yard.jump(-3 * HOUR)
    purge.purge_due()
    assert first_cause() == "paused"
    assert "Destruction is paused. The clock of this machine stands at" in verdict(officer)
    assert "Set the clock of the machine right" in verdict(officer)


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        (guards.CLOCK_APART, "time service"),
        (guards.STORE_EMPTIED, "right disk"),
        (guards.RESTORED, "“manage.py restore --replay”"),
    ],
)
def test_the_remedy_fits_the_cause(yard: Yard, code: str, wanted: str) -> None:
    now = yard.now.isoformat()
    PurgeRun.objects.create(
        planned_at=yard.now, cutoff_at=yard.now, plan_sha256=b"", state=RunState.PAUSED, pause_code=code,
        pause_facts={"now": now, "seen": now, "looked": 3, "missing": 3},
    )  # fmt: skip
    (cause,) = headline.causes(selectors.overview(sites=None), None)
    assert wanted in cause.todo
    assert "“manage.py restore”" not in cause.todo


def test_a_worker_that_was_never_started_is_the_cause(yard: Yard, officer: Any) -> None:
    yard.segment(expires_in=-2 * HOUR)
    Segment.objects.update(ingested_at=yard.now - 3 * HOUR)
    Heartbeat.objects.all().delete()
    assert first_cause() == "silent"
    assert "Why The purge is not running." in verdict(officer)


def test_a_silent_worker_is_the_cause(yard: Yard, officer: Any) -> None:
    purge.purge_due()
    yard.segment(expires_in=-2 * HOUR)
    yard.wait(10 * MINUTE)
    assert first_cause() == "silent"
    assert "Why The purge is not running." in verdict(officer)


def test_an_object_that_will_not_go_is_the_cause(yard: Yard, officer: Any) -> None:
    stuck = yard.segment(expires_in=-2 * HOUR)
    yard.obstruct(stuck)
    purge.purge_due()
    assert first_cause() == "failures"
    assert "1 object could not be deleted and is tried again." in verdict(officer)
    assert stuck.row.sealed_name in verdict(officer)


@pytest.mark.both_databases
def test_a_mirror_that_has_not_confirmed_is_told_though_nothing_is_overdue(yard: Yard, officer: Any) -> None:
    yard.segment(expires_in=-2 * HOUR)
    purge.purge_due()
    PurgeRun.objects.update(state=RunState.PENDING, is_open=None)
    shown = verdict(officer)
    assert "Nothing is overdue" in shown
    assert "A mirror of the keys has not confirmed yet." in shown


def test_every_guard_has_a_remedy_in_words() -> None:
    codes = {value for name, value in vars(guards).items() if name.isupper() and isinstance(value, str)}
    assert codes >= guards.HARD
    assert all(headline._todo(code).endswith(".") for code in codes)


def of(yard: Yard, number: int = 0) -> Promise:
    return next(row for row in promises(sites=None) if row.camera == yard.cameras[number])


@pytest.mark.both_databases
def test_held_footage_older_than_promised_is_held_not_too_long(yard: Yard, officer: Any) -> None:
    yard.rule(30)
    for days in (0.5, 3, 29.5):
        yard.segment(expires_in=days * DAY)
    hold(yard, yard.segment(expires_in=-9 * DAY))
    row = of(yard)
    assert (row.state, row.held, row.held_longer_days, row.overdue) == ("held", 1, 9, 0)
    assert "9 d longer, held" in text_of(officer.get(reverse("retention")))


@pytest.mark.both_databases
def test_a_shorter_rule_that_is_not_applied_yet_is_the_reason_for_too_much(yard: Yard, officer: Any) -> None:
    yard.rule(30)
    yard.segment(expires_in=5 * DAY)
    yard.rule(10, since=-MINUTE)
    assert (of(yard).state, of(yard).reason) == ("longer", "rule_pending")
    assert "has not been applied yet" in text_of(officer.get(reverse("retention")))


@pytest.mark.both_databases
def test_a_young_camera_is_no_loss(yard: Yard) -> None:
    yard.segment(expires_in=20 * DAY)
    yard.cameras[0].created_at = yard.now - 12 * DAY
    yard.cameras[0].save()
    assert (of(yard).state, of(yard).reason) == ("young", "young")


@pytest.mark.both_databases
def test_a_gap_at_the_beginning_is_told_from_a_first_recording(yard: Yard) -> None:
    yard.rule(30)
    yard.segment(expires_in=20 * DAY)
    assert (of(yard).state, of(yard).reason) == ("less", "first")
    yard.segment(yard.cameras[1], expires_in=-2 * HOUR)
    yard.segment(yard.cameras[1], expires_in=20 * DAY)
    purge.purge_due()
    certificate = yard.sites[0].certificates.get()
    row, _made = CertificateCamera.objects.get_or_create(
        certificate=certificate, camera=yard.cameras[1],
        defaults={"starts_at": yard.now - 30 * DAY, "ends_at": yard.now - 30 * DAY + MINUTE, "segments": 1},
    )  # fmt: skip
    assert row.camera == yard.cameras[1]
    assert (of(yard, 1).state, of(yard, 1).reason) == ("less", "gap")


@pytest.mark.both_databases
def test_erased_footage_is_the_reason_for_too_little(yard: Yard, cast: People) -> None:
    yard.segment(expires_in=20 * DAY)
    Erasure.objects.create(
        site=yard.sites[0], camera=yard.cameras[0], starts_at=yard.now - 20 * DAY,
        ends_at=yard.now - 15 * DAY, reference="R-1", ground="request", decided_by=cast.officer,
    )  # fmt: skip
    assert of(yard).reason == "erased"


@pytest.mark.both_databases
def test_a_camera_that_has_fallen_silent_is_said(yard: Yard, officer: Any) -> None:
    yard.rule(30)
    yard.segment(expires_in=0.3 * DAY)
    yard.segment(expires_in=20 * DAY)
    assert (of(yard).state, of(yard).reason) == ("silent", "silent")
    assert "Nothing comes in" in text_of(officer.get(reverse("retention")))


@pytest.mark.both_databases
def test_a_short_promise_can_be_missed_too(yard: Yard) -> None:
    yard.rule(1)
    yard.segment(expires_in=29.9 * DAY)
    assert of(yard).state == "less"


@pytest.mark.both_databases
def test_a_camera_without_footage_says_whether_it_ever_had_any(yard: Yard) -> None:
    assert (of(yard).state, of(yard).reason) == ("empty", "nothing_yet")
    hold(yard, yard.segment(expires_in=-9 * DAY))
    assert (of(yard).state, of(yard).reason) == ("empty", "nothing_since")


@pytest.mark.both_databases
def test_held_footage_is_not_among_the_next_24_hours(yard: Yard) -> None:
    hold(yard, yard.segment(expires_in=HOUR))
    assert selectors.overview(sites=None).next_segments == 0
    assert sum(count for _hour, count in selectors.hourly(sites=None)) == 0
    assert of(yard).next_segments == 0


def test_the_checks_have_a_page_in_words(yard: Yard, officer: Any, client: Any, cast: People) -> None:
    from cctv.retention.reconcile import services
    from tests.retention.reconcile.damage import path

    assert "have not been checked yet" in text_of(officer.get(reverse("fsck")))
    lost = yard.segment(expires_in=5 * DAY)
    path(yard, lost.row.sealed_name).unlink()
    path(yard, "holiday.mp4").write_bytes(b"")
    run = services.check()
    for url in (reverse("fsck"), reverse("fsck-run", args=[run.pk])):
        shown = text_of(officer.get(url))
        assert "sealed objects" in shown
        assert "1 thing does not fit" in shown
        assert "1 recording is on the register, but its sealed object is gone." in shown
        assert "Something outside Lethe has removed it" in shown
        assert lost.row.sealed_name in shown
    assert "1 finding" in text_of(officer.get(reverse("retention")))
    client.force_login(cast.seoul_officer)
    shown = text_of(client.get(reverse("fsck")))
    assert lost.row.sealed_name in shown
    assert "holiday.mp4" not in shown, "what is no site's is for those who see all sites"
    assert "sealed objects" not in shown, "the totals are of all sites"
    FsckRun.objects.update(error_code="storage_failed", error="/srv/osaka is gone")
    assert "/srv/osaka" not in text_of(client.get(reverse("fsck")))


@pytest.mark.both_databases
def test_invariant_8_a_run_tells_of_no_other_sites_keys(yard: Yard, client: Any, cast: People) -> None:
    for camera in (yard.cameras[0], yard.cameras[2], yard.cameras[2]):
        yard.segment(camera, expires_in=-2 * HOUR)
    yard.segment(yard.cameras[2], expires_in=-5 * HOUR)
    purge.purge_due()
    run = PurgeRun.objects.get()
    assert len(run.key_ids) == 3
    assert (
        selectors.keys_of(run, sites=None),
        selectors.keys_of(run, sites=frozenset({yard.sites[0].pk})),
    ) == (3, 1)
    client.force_login(cast.seoul_officer)
    assert "Keys to destroy 1" in text_of(client.get(reverse("purge-run", args=[run.pk])))
