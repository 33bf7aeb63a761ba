"""A person releases a paused run, by the digest of the plan that they looked at, and nothing else."""

from datetime import timedelta
from typing import Any

import pytest

from accesslog.models import LogEntry
from accesslog.selectors import load_receipt
from cctv.footage.models import Segment
from cctv.people.policy import Forbidden, NotFound
from cctv.retention import guards, purge
from cctv.retention.confirm import CannotConfirm, DigestMismatch, NotPaused, PlanMoved, confirm_run
from cctv.retention.models import Certificate, Heartbeat, PurgeRun, RunState
from tests.retention.people import People, people
from tests.retention.yard import MINUTE, Yard

pytestmark = [
    pytest.mark.postgres_later,
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.both_databases,
]

DAY = timedelta(days=1)


@pytest.fixture
def cast(yard: Yard) -> People:
    return people(yard.sites)


@pytest.fixture
def paused(yard: Yard) -> PurgeRun:
    """A run over two segments of Seoul, paused because the machine was off for three days."""
    yard.segment(expires_in=2 * DAY)
    yard.segment(expires_in=2 * DAY)
    yard.segment(expires_in=9 * DAY)
    yard.off(3 * DAY)
    purge.purge_due()
    run = PurgeRun.objects.get()
    assert (run.state, run.pause_code) == (RunState.PAUSED, guards.CLOCK_AHEAD)
    return run


def test_a_confirmed_run_destroys_what_its_plan_names(yard: Yard, paused: PurgeRun, cast: People) -> None:
    confirm_run(run_id=paused.pk, actor=cast.officer, digest_prefix=paused.digest[:4], terminal="10.0.0.7")
    assert Segment.objects.count() == 3, "the decision alone destroys nothing"
    purge.purge_due()

    run = PurgeRun.objects.get()
    assert (run.state, run.destroyed_segments, run.confirmed_by) == (RunState.DONE, 2, cast.officer)
    assert Segment.objects.count() == 1
    assert Certificate.objects.get().facts["confirmed_by"] == "privacy_officer"
    index = LogEntry.objects.get(kind="purge.confirmed").index
    entry = load_receipt(index)
    assert entry.body["actor"]["name"] == "Officer"
    assert entry.body["digest"] == paused.digest
    assert Heartbeat.objects.get().at == yard.now


def test_what_expired_meanwhile_goes_with_the_next_run(yard: Yard, paused: PurgeRun, cast: People) -> None:
    yard.segment(expires_in=MINUTE)
    yard.wait(5 * MINUTE)
    purge.purge_due()
    confirm_run(run_id=paused.pk, actor=cast.officer, digest_prefix=paused.digest[:6])
    purge.purge_due()
    assert PurgeRun.objects.get(pk=paused.pk).destroyed_segments == 2
    assert Segment.objects.count() == 1, "the next run took the one that expired meanwhile"
    assert PurgeRun.objects.count() == 2


@pytest.mark.parametrize("typed", ["", "zzzz", "{0:.3}", "ffff{0:.4}"])
def test_anything_but_the_beginning_of_the_digest_is_refused(
    paused: PurgeRun, cast: People, typed: str
) -> None:
    with pytest.raises(DigestMismatch):
        confirm_run(run_id=paused.pk, actor=cast.officer, digest_prefix=typed.format(paused.digest))
    assert PurgeRun.objects.get().state == RunState.PAUSED


def test_spaces_and_capitals_in_the_digest_do_not_matter(paused: PurgeRun, cast: People) -> None:
    typed = f" {paused.digest[:4]} {paused.digest[4:8]} ".upper()
    assert confirm_run(run_id=paused.pk, actor=cast.officer, digest_prefix=typed).state == RunState.PLANNED


def test_a_plan_that_moved_is_not_carried_out_on_an_old_word(
    yard: Yard, paused: PurgeRun, cast: People
) -> None:
    yard.segment(expires_in=-DAY)
    with pytest.raises(PlanMoved):
        confirm_run(run_id=paused.pk, actor=cast.officer, digest_prefix=paused.digest[:4])
    assert PurgeRun.objects.get().state == RunState.ABANDONED
    assert Segment.objects.count() == 4
    purge.purge_due()
    again = PurgeRun.objects.get(is_open=True)
    assert (again.state, again.segments) == (RunState.PAUSED, 3)
    assert again.digest != paused.digest


def test_a_hard_guard_cannot_be_confirmed_away(yard: Yard, cast: People) -> None:
    yard.segment(expires_in=-DAY)
    marker = yard.home / "footage" / "lethe-storage.json"
    marker.unlink()
    purge.purge_due()
    run = PurgeRun.objects.get()
    with pytest.raises(CannotConfirm):
        confirm_run(run_id=run.pk, actor=cast.officer, digest_prefix=run.digest[:4])


def test_a_wrong_disk_that_came_after_the_pause_refuses_too(
    yard: Yard, paused: PurgeRun, cast: People
) -> None:
    (yard.home / "footage" / "lethe-storage.json").unlink()
    with pytest.raises(CannotConfirm):
        confirm_run(run_id=paused.pk, actor=cast.officer, digest_prefix=paused.digest[:4])
    assert Segment.objects.count() == 3


def test_it_is_confirmed_once(paused: PurgeRun, cast: People) -> None:
    confirm_run(run_id=paused.pk, actor=cast.officer, digest_prefix=paused.digest[:4])
    with pytest.raises(NotPaused):
        confirm_run(run_id=paused.pk, actor=cast.officer, digest_prefix=paused.digest[:4])


def test_invariant_8_only_who_may_decide_for_every_site_of_the_plan(
    yard: Yard, paused: PurgeRun, cast: People
) -> None:
    def attempt(actor: Any) -> None:
        confirm_run(run_id=paused.pk, actor=actor, digest_prefix=paused.digest[:4])

    for stranger in (cast.osaka_auditor, cast.outsider):
        with pytest.raises(NotFound):
            attempt(stranger)
    for knows in (cast.auditor, cast.approver, cast.operator):
        with pytest.raises(Forbidden):
            attempt(knows)
    attempt(cast.seoul_officer)


def test_invariant_8_an_officer_of_one_site_does_not_decide_for_another(yard: Yard, cast: People) -> None:
    yard.segment(expires_in=2 * DAY)
    yard.segment(yard.cameras[2], expires_in=2 * DAY)
    yard.off(3 * DAY)
    purge.purge_due()
    run = PurgeRun.objects.get()
    with pytest.raises(Forbidden):
        confirm_run(run_id=run.pk, actor=cast.seoul_officer, digest_prefix=run.digest[:4])
    confirm_run(run_id=run.pk, actor=cast.officer, digest_prefix=run.digest[:4])
