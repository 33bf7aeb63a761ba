"""A purge takes what has expired, all of it and nothing else, and says so."""

from datetime import timedelta
from hashlib import sha256
from uuid import uuid4

import pytest

from accesslog import canonical
from accesslog.merkle import leaf_hash, tree_root
from accesslog.models import LogEntry
from accesslog.selectors import load_receipt
from cctv.core import clock
from cctv.footage.models import Segment
from cctv.ingest.models import Quarantined
from cctv.retention import plan, purge
from cctv.retention.models import Certificate, PurgeItem, PurgeRun, RunState
from cctv.vault import rings
from cctv.vault.models import Epoch, EpochState
from tests.retention.yard import MINUTE, Yard, ids

pytestmark = [
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.both_databases,
]


def kinds() -> list[str]:
    return list(LogEntry.objects.order_by("index").values_list("kind", flat=True))


def test_what_expired_in_the_running_hour_loses_its_objects_at_once_and_its_key_when_the_hour_ends(
    yard: Yard,
) -> None:
    gone = [yard.segment(expires_in=-5 * MINUTE), yard.segment(yard.cameras[1], expires_in=-MINUTE)]
    kept = yard.segment(expires_in=10 * MINUTE)
    key_id = kept.row.epoch.key_id

    purge.purge_due()

    assert set(Segment.objects.values_list("pk", flat=True)) == ids([kept])
    assert yard.objects() == {
        kept.row.sealed_name,
        f"{kept.row.sealed_name}.index",
        f"{kept.row.sealed_name}.thumb",
    }
    assert rings.footage().has(key_id), "the hour still runs and something lives in it"
    run = PurgeRun.objects.get()
    assert (run.state, run.destroyed_segments, run.key_ids) == (RunState.DONE, 2, [])
    assert not Certificate.objects.exists(), "a certificate waits for the key"

    yard.move(timedelta(hours=1))
    purge.purge_due()

    assert not Segment.objects.exists()
    assert not yard.objects()
    assert not rings.footage().has(key_id)
    assert Epoch.objects.get().state == EpochState.DESTROYED
    certificate = Certificate.objects.get()
    assert certificate.number == f"DC-{yard.now.year}-0001"
    assert certificate.facts["segments"] == 3
    assert certificate.facts["deleted_from"] < certificate.facts["keys_destroyed_at"]
    assert kinds() == [
        "vault.initialised", "purge.start", "purge.done", "purge.start", "purge.done", "ledger.written",
        "certificate.issued",
    ]  # fmt: skip
    assert ids(gone).isdisjoint(Segment.objects.values_list("pk", flat=True))


def test_the_certificate_states_the_hash_tree_over_exactly_what_was_destroyed(yard: Yard) -> None:
    sealed = [yard.segment(expires_in=-timedelta(hours=3, minutes=n)) for n in (20, 10, 0)]

    purge.purge_due()

    facts = Certificate.objects.get().facts
    (epoch,) = facts["epochs"]
    leaves = [leaf_hash(sha256(each.ciphertext).digest()) for each in sealed]
    assert (epoch["root"], epoch["tree_size"]) == (tree_root(leaves).hex(), 3)
    assert facts["merkle_root"] == tree_root([leaf_hash(bytes.fromhex(epoch["root"]))]).hex()
    assert facts["cameras"] == [
        {
            "id": str(yard.cameras[0].pk), "code": "seoul-1", "name": "Gate 1", "segments": 3,
            "bytes": sum(each.row.size_bytes for each in sealed), "kept_days": [30, 30],
            "from": clock.rfc3339(sealed[0].row.starts_at), "to": clock.rfc3339(sealed[2].row.ends_at),
        }
    ]  # fmt: skip
    assert [(row["copy"], row["result"]) for row in facts["copies"]] == [
        ("ciphertext", "PASS"), ("derivatives", "PASS"), ("keys", "PASS"), ("below_file_system", "UNKNOWN")
    ]  # fmt: skip


def test_the_log_vouches_for_the_certificate_and_the_plan(yard: Yard) -> None:
    yard.segment(expires_in=-timedelta(hours=2))
    purge.purge_due()

    certificate, run = Certificate.objects.get(), PurgeRun.objects.get()
    assert certificate.entry is not None
    (named,) = certificate.facts["runs"]
    assert run.started_entries == {str(yard.sites[0].pk): named["start"]}
    assert run.done_entries == {str(yard.sites[0].pk): named["done"]}
    issued, started = load_receipt(certificate.entry), load_receipt(named["start"])
    assert issued.body["sha256"] == sha256(canonical.encode(certificate.facts)).hexdigest()
    assert started.body["digest"] == run.digest
    assert started.body["segments"] == 1


def test_each_site_has_its_own_certificate_and_numbers_have_no_gap(yard: Yard) -> None:
    for hours in (2, 3, 4):
        for camera in (yard.cameras[0], yard.cameras[2]):
            yard.segment(camera, expires_in=-timedelta(hours=hours))
        yard.move(timedelta(minutes=2))
        purge.purge_due()

    numbers = [certificate.sequence for certificate in Certificate.objects.order_by("sequence")]
    assert numbers == [1, 2, 3, 4, 5, 6]
    assert all(c.facts["segments"] == 1 for c in Certificate.objects.all())
    assert {c.facts["site"]["name"] for c in Certificate.objects.all()} == {"Seoul", "Osaka"}


def test_quarantined_objects_end_like_footage(yard: Yard) -> None:
    yard.quarantined(expires_in=-timedelta(hours=2))
    kept = yard.quarantined(expires_in=timedelta(hours=2))

    purge.purge_due()

    assert list(Quarantined.objects.values_list("pk", flat=True)) == [kept.pk]
    assert yard.objects() == {kept.sealed_name}
    assert Certificate.objects.get().facts["quarantined"] == 1


def test_footage_of_a_retired_camera_still_ends_by_its_own_time(yard: Yard) -> None:
    sealed = yard.segment(yard.cameras[3], expires_in=timedelta(minutes=5))
    type(sealed.row.camera).objects.filter(pk=sealed.row.camera_id).update(
        retired_at=yard.now, name="Old gate"
    )

    purge.purge_due()
    assert Segment.objects.filter(pk=sealed.row.pk).exists()
    yard.move(timedelta(minutes=6))
    purge.purge_due()

    assert not Segment.objects.exists()


def test_nothing_due_leaves_no_run_and_no_entry(yard: Yard) -> None:
    yard.segment(expires_in=timedelta(minutes=1))
    purge.purge_due()
    assert not PurgeRun.objects.exists()
    assert kinds() == ["vault.initialised"]


def test_an_hour_in_which_everything_was_deleted_before_still_loses_its_key(yard: Yard) -> None:
    sealed = yard.segment(expires_in=-MINUTE)
    purge.purge_due()
    assert rings.footage().has(sealed.row.epoch.key_id)

    yard.move(timedelta(hours=1))
    purge.purge_due()

    assert not rings.footage().has(sealed.row.epoch.key_id)
    last = PurgeRun.objects.first()
    assert last is not None
    assert (last.segments, last.key_ids) == (0, [sealed.row.epoch.key_id])
    assert Certificate.objects.get().facts["segments"] == 1
    assert not PurgeItem.objects.filter(certificate=None, tree_size__gt=0).exists()


def test_automatic_runs_keep_a_distance_but_all_goes_within_a_minute(yard: Yard) -> None:
    yard.segment(expires_in=-MINUTE)
    late = yard.segment(expires_in=timedelta(seconds=1))
    purge.purge_due()
    expired_at = late.row.expires_at
    while Segment.objects.filter(pk=late.row.pk).exists():
        yard.move(timedelta(seconds=20))
        purge.purge_due()
    assert yard.now - expired_at < MINUTE


def test_the_digest_is_the_same_for_the_same_cutoff_until_the_world_moves(yard: Yard) -> None:
    yard.segment(expires_in=-timedelta(hours=2))
    yard.quarantined(expires_in=-timedelta(hours=2))
    first = plan.compute(yard.now)
    assert plan.compute(yard.now).digest == first.digest
    yard.segment(expires_in=-timedelta(hours=1))
    assert plan.compute(yard.now).digest != first.digest


@pytest.mark.parametrize(("left", "taken"), [(timedelta(days=40), True), (purge.LEASE, False)])
def test_a_run_left_by_a_clock_that_ran_ahead_is_taken_up_and_one_at_work_is_not(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, left: timedelta, taken: bool
) -> None:
    yard.segment(expires_in=-5 * MINUTE)
    with monkeypatch.context() as patched:
        patched.setattr(purge, "_begin", lambda *_given: False)
        purge.purge_due()
    PurgeRun.objects.update(lease_until=clock.now() + left, lease_token=uuid4())
    purge.purge_due()
    assert Segment.objects.exists() is not taken
