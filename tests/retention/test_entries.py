"""Whoever may read the log of one site learns nothing of another site from what a purge writes there."""

from datetime import timedelta
from typing import Any

import pytest

from accesslog.models import LogEntry
from accesslog.selectors import EVERY_KIND, Filters, entries, load_receipt
from accesslog.types import Scope
from cctv.footage.models import Segment
from cctv.people.policy import log_scope
from cctv.retention import destroy, guards, purge
from cctv.retention import plan as plans
from cctv.retention.confirm import confirm_run
from cctv.retention.models import Certificate, PurgeRun, RunState
from cctv.vault import services as vault
from tests.retention.people import people
from tests.retention.yard import MINUTE, Yard

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.both_databases]

DAY = timedelta(days=1)


def read(account: Any) -> list[dict[str, Any]]:
    """The bodies that the account finds in the log, oldest first, with their kinds."""
    scope = log_scope(account)
    assert isinstance(scope, Scope)
    page = entries(filters=Filters(kind=EVERY_KIND), scope=scope)
    return [{"kind": each.kind, **(each.body or {})} for each in reversed(page.entries)]


def test_invariant_8_a_run_over_two_sites_is_told_to_each_site_without_the_other(yard: Yard) -> None:
    cast = people(yard.sites)
    seoul = [yard.segment(camera, expires_in=2 * DAY) for camera in yard.cameras[:2]]
    osaka = [yard.segment(yard.cameras[2], expires_in=2 * DAY, size=6400) for _n in range(3)]
    yard.off(3 * DAY)
    purge.purge_due()
    run = PurgeRun.objects.get()
    confirm_run(run_id=run.pk, actor=cast.officer, digest_prefix=run.digest[:4])
    purge.purge_due()
    assert PurgeRun.objects.get().state == RunState.DONE

    told = read(cast.osaka_auditor)
    of_run = [body for body in told if body["kind"].startswith("purge.")]
    assert [body["kind"] for body in of_run] == [
        "purge.paused",
        "purge.confirmed",
        "purge.start",
        "purge.done",
    ]
    assert {body["segments"] for body in of_run} == {3}
    assert [row["code"] for row in of_run[2]["cameras"]] == ["osaka-1"]
    assert of_run[2]["camera_count"] == 1
    size = sum(each.row.size_bytes for each in osaka)
    assert {body["bytes"] for body in of_run if "bytes" in body} == {size}
    assert of_run[3]["keys"] == [osaka[0].row.epoch.key_id]
    assert [row["epoch"] for row in of_run[3]["roots"]] == [str(osaka[0].row.epoch_id)]
    words = str(told)
    for secret in ("seoul", "Seoul", str(yard.sites[0].pk), seoul[0].row.epoch.key_id):
        assert secret not in words
    everything = [body for body in read(cast.officer) if body["kind"] == "purge.start"]
    assert sum(body["segments"] for body in everything) == 5

    certificate = Certificate.objects.get(site=yard.sites[1])
    (named,) = certificate.facts["runs"]
    assert load_receipt(named["start"]).body["site"]["id"] == str(yard.sites[1].pk)
    assert load_receipt(named["done"]).body["site"]["id"] == str(yard.sites[1].pk)


def test_invariant_8_what_makes_a_plan_unusual_is_not_told_to_a_single_site(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, client: Any
) -> None:
    cast = people(yard.sites)
    monkeypatch.setattr(guards, "FEW_SEGMENTS", 2)
    yard.segment(expires_in=-2 * timedelta(hours=1))
    purge.purge_due()
    yard.move(MINUTE)
    for camera in (yard.cameras[0], yard.cameras[2]):
        for _n in range(3):
            yard.segment(camera, expires_in=-2 * timedelta(hours=1))
    purge.purge_due()

    run = PurgeRun.objects.get(is_open=True)
    assert (run.pause_code, run.pause_facts["segments"]) == (guards.VOLUME, 6)
    (paused,) = [body for body in read(cast.osaka_auditor) if body["kind"] == "purge.paused"]
    assert (paused["segments"], paused["facts"]) == (3, {})
    client.force_login(cast.osaka_auditor)
    assert "6 of" not in client.get(f"/retention/runs/{run.pk}/").content.decode()
    client.force_login(cast.officer)
    assert "6 of" in client.get(f"/retention/runs/{run.pk}/").content.decode()


def test_a_shorter_rule_for_all_sites_is_told_to_each_with_its_own_numbers(yard: Yard) -> None:
    cast = people(yard.sites)
    yard.rule(30)
    for camera in (yard.cameras[0], yard.cameras[2], yard.cameras[3]):
        yard.segment(camera, expires_in=20 * DAY)
    yard.rule(20, since=-MINUTE)
    purge.purge_due()
    (told,) = [body for body in read(cast.osaka_auditor) if body["kind"] == "retention.shortened"]
    assert (told["segments"], told["site"]["name"]) == (2, "Osaka")
    assert LogEntry.objects.filter(kind="retention.shortened").count() == 2


def test_a_site_that_joins_a_run_after_its_plan_has_its_entry_before_anything_of_it_is_gone(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    yard.segment(expires_in=-MINUTE)
    due = destroy._due
    late: list[Any] = []

    def one_more(run: PurgeRun, since: Any) -> Any:
        if not late:
            late.append(yard.segment(yard.cameras[2], expires_in=-2 * MINUTE))
        return due(run, since)

    delete = vault.delete_objects

    def watched(names: list[str]) -> Any:
        started = LogEntry.objects.filter(kind="purge.start").order_by("index")
        sites = {load_receipt(entry.index).body["site"]["id"] for entry in started}
        owners = Segment.objects.filter(sealed_name__in=names).values_list("camera__site_id", flat=True)
        assert {str(site) for site in owners} <= sites
        return delete(names)

    monkeypatch.setattr(destroy, "_due", one_more)
    monkeypatch.setattr(vault, "delete_objects", watched)
    purge.purge_due()

    run = PurgeRun.objects.get()
    assert (run.state, run.destroyed_segments) == (RunState.DONE, 2)
    assert set(run.started_entries) == set(run.done_entries) == {str(site.pk) for site in yard.sites}
    assert not Segment.objects.exists()
    assert plans.compute(yard.now).is_empty
