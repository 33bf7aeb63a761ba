"""One object that will not go never stops the others, keeps no key alive, and is tried until it is gone."""

from datetime import timedelta
from typing import Any

import pytest

from accesslog.errors import LogUnavailable
from accesslog.models import LogEntry
from cctv.footage.models import Segment
from cctv.retention import destroy, entries, purge
from cctv.retention.models import Certificate, PurgeFailure, PurgeRun, RunState
from cctv.vault import rings
from cctv.vault import services as vault
from tests.retention.yard import MINUTE, Sealed, Yard

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.both_databases]

HOUR = timedelta(hours=1)


@pytest.fixture
def stuck(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> Sealed:
    """One of ten segments cannot be deleted."""
    monkeypatch.setattr(destroy, "BATCH", 4)
    sealed = [yard.segment(expires_in=-2 * HOUR) for _n in range(10)]
    yard.obstruct(sealed[4])
    return sealed[4]


def test_the_others_go_and_its_key_goes(yard: Yard, stuck: Sealed) -> None:
    purge.purge_due()

    assert list(Segment.objects.values_list("pk", flat=True)) == [stuck.row.pk]
    assert not rings.footage().has(stuck.row.epoch.key_id)
    failure = PurgeFailure.objects.get()
    assert (failure.object_id, failure.error_code, failure.attempts) == (stuck.row.pk, "storage_failed", 1)
    run = PurgeRun.objects.get()
    assert (run.state, run.destroyed_segments, run.failed) == (RunState.DONE, 9, 1)
    facts = Certificate.objects.get().facts
    assert facts["segments"] == 9
    assert [row["object"] for row in facts["left"]] == [stuck.row.sealed_name]
    assert facts["copies"][0]["result"] == "FAIL", "what is not gone is not called gone"
    assert LogEntry.objects.filter(kind="purge.item_failed").count() == 1


def test_it_is_tried_again_with_growing_pauses_until_it_is_gone(yard: Yard, stuck: Sealed) -> None:
    purge.purge_due()
    tried = [1]
    for _minute in range(20):
        yard.move(MINUTE)
        purge.purge_due()
        tried.append(PurgeFailure.objects.get().attempts)
    assert tried == [1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5]

    yard.clear(stuck)
    yard.move(20 * MINUTE)
    purge.purge_due()

    assert not Segment.objects.exists()
    assert not yard.objects()
    assert not PurgeFailure.objects.exists()
    first, second = Certificate.objects.order_by("sequence")
    assert (first.facts["segments"], second.facts["segments"]) == (9, 1)
    assert second.facts["left"] == []
    assert second.facts["copies"][0]["result"] == "PASS"


def test_an_object_that_is_still_there_after_its_deletion_counts_as_a_failure(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = yard.segment(expires_in=-2 * HOUR)
    monkeypatch.setattr("cctv.vault.removal.os.unlink", lambda *_arguments, **_options: None)
    purge.purge_due()
    assert Segment.objects.filter(pk=sealed.row.pk).exists()
    assert PurgeFailure.objects.get().error_code == "still_there"
    assert not Certificate.objects.exists()


def test_a_missing_object_is_what_the_purge_wants(yard: Yard) -> None:
    sealed = yard.segment(expires_in=-2 * HOUR)
    vault.delete_object(sealed.row.sealed_name)
    purge.purge_due()
    assert not Segment.objects.exists()
    assert not PurgeFailure.objects.exists()


def test_invariant_1_of_endings_without_its_entry_nothing_is_destroyed(yard: Yard, monkeypatch: Any) -> None:
    sealed = yard.segment(expires_in=-2 * HOUR)

    def down(**_event: Any) -> None:
        raise LogUnavailable

    with monkeypatch.context() as broken:
        broken.setattr(entries, "append", down)
        purge.purge_due()
    run = PurgeRun.objects.get()
    assert (run.state, run.error_code, run.is_open) == (RunState.PLANNED, "log.unavailable", True)
    assert rings.footage().has(sealed.row.epoch.key_id)
    assert len(yard.objects()) == 3

    purge.purge_due()
    assert not Segment.objects.exists()
    assert PurgeRun.objects.get().state == RunState.DONE


def test_a_run_whose_mirror_is_away_waits_and_is_not_certified(
    yard: Yard, settings: Any, tmp_path: Any
) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    settings.LETHE_KEY_MIRRORS = [str(mirror)]
    sealed = yard.segment(expires_in=-2 * HOUR)
    assert (mirror / "footage" / "keyring").exists()
    away = tmp_path / "away"
    mirror.rename(away)

    purge.purge_due()

    run = PurgeRun.objects.get()
    assert (run.state, run.is_open) == (RunState.PENDING, None)
    assert not Segment.objects.exists(), "objects do not wait for the mirror"
    assert not Certificate.objects.exists()
    assert not rings.footage().has(sealed.row.epoch.key_id)

    yard.segment(yard.cameras[2], expires_in=-MINUTE)
    yard.move(MINUTE)
    purge.purge_due()
    assert not Certificate.objects.exists(), "nobody certifies while a mirror may still open it"

    away.rename(mirror)
    yard.move(MINUTE)
    purge.purge_due()
    assert PurgeRun.objects.get(pk=run.pk).state == RunState.DONE
    facts = Certificate.objects.get().facts
    assert [(row["copy"], row["result"]) for row in facts["copies"] if row["copy"] == "mirror"] == [
        ("mirror", "PASS")
    ]
