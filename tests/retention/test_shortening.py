"""A shorter rule reaches existing footage when it takes effect; a longer one does not."""

from datetime import timedelta

import pytest

from accesslog.models import LogEntry
from accesslog.selectors import load_receipt
from cctv.core import clock
from cctv.footage.models import Segment
from cctv.ingest.models import Quarantined
from cctv.retention import purge, shortening
from cctv.retention.models import RuleApplication
from cctv.sites.models import RetentionRule
from cctv.vault import keyfile, rings, sealing
from cctv.vault import services as vault
from tests.retention.yard import KEPT, Sealed, Yard

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.both_databases]

DAY = timedelta(days=1)


def expiry(sealed: Sealed) -> timedelta:
    """How long after its end the segment expires now."""
    row = Segment.objects.get(pk=sealed.row.pk)
    return row.expires_at - row.ends_at


def opens(sealed: Sealed) -> bool:
    row = Segment.objects.select_related("epoch").get(pk=sealed.row.pk)
    key = keyfile.unwrap_key(rings.footage().get(row.epoch.key_id), bytes(row.wrapped_key))
    return bytes(sealing.open_bytes(key, vault.context(row.pk, "media"), sealed.ciphertext)) == sealed.clear


def test_a_shorter_rule_moves_expiry_and_key_and_the_footage_still_opens(yard: Yard) -> None:
    yard.rule(30)
    sealed = yard.segment(expires_in=20 * DAY)
    yard.rule(20, since=-timedelta(minutes=1))

    assert shortening.apply_rules() == 1

    row = Segment.objects.select_related("epoch").get()
    assert expiry(sealed) == 20 * DAY
    assert row.epoch.expires_hour == clock.floor_hour(row.expires_at)
    assert row.epoch_id != sealed.row.epoch_id
    assert opens(sealed)
    assert shortening.apply_rules() == 0, "once is enough"


def test_what_the_shorter_rule_has_ended_is_destroyed_by_the_next_tick_with_its_key(yard: Yard) -> None:
    yard.rule(30)
    sealed = [yard.segment(expires_in=n * DAY) for n in (2, 3, 25)]
    yard.rule(10, since=-timedelta(minutes=1))

    purge.purge_due()

    assert list(Segment.objects.values_list("pk", flat=True)) == [sealed[2].row.pk]
    epochs = {row.epoch.key_id for row in Segment.objects.select_related("epoch")}
    yard.move(timedelta(hours=1))
    purge.purge_due()
    assert epochs <= rings.footage().key_ids()
    receipt = load_receipt(LogEntry.objects.get(kind="retention.shortened").index)
    assert (receipt.body["segments"], receipt.body["days"]) == (3, 10)


def test_footage_older_than_the_shorter_rule_expires_when_the_rule_takes_effect_and_not_before(
    yard: Yard,
) -> None:
    yard.rule(30)
    sealed = yard.segment(expires_in=2 * DAY)
    yard.rule(10, since=-timedelta(minutes=1))

    assert shortening.apply_rules() == 1

    row = Segment.objects.get(pk=sealed.row.pk)
    assert row.expires_at == RetentionRule.objects.get(days=10).effective_from
    assert row.expires_at > row.ends_at + 10 * DAY
    assert shortening.apply_rules() == 0


def test_a_longer_rule_does_not_touch_existing_footage(yard: Yard) -> None:
    yard.rule(30)
    sealed = yard.segment(expires_in=20 * DAY)
    yard.rule(60, since=-timedelta(minutes=1))
    assert shortening.apply_rules() == 0
    assert expiry(sealed) == KEPT
    assert not LogEntry.objects.filter(kind="retention.shortened").exists()


def test_a_rule_that_is_announced_waits_for_its_day(yard: Yard) -> None:
    yard.rule(30)
    sealed = yard.segment(expires_in=25 * DAY)
    yard.rule(20, since=DAY)
    assert shortening.apply_rules() == 0
    assert expiry(sealed) == KEPT
    yard.move(DAY)
    assert shortening.apply_rules() == 1
    assert expiry(sealed) == 20 * DAY


def test_a_narrower_rule_shields_its_camera(yard: Yard) -> None:
    yard.rule(30)
    yard.rule(30, camera=yard.cameras[1])
    shielded = yard.segment(yard.cameras[1], expires_in=20 * DAY)
    other = yard.segment(yard.cameras[0], expires_in=20 * DAY)
    yard.rule(15, since=-timedelta(minutes=1))
    shortening.apply_rules()
    assert (expiry(shielded), expiry(other)) == (KEPT, 15 * DAY)


def test_footage_recorded_after_the_rule_is_not_its_business(yard: Yard) -> None:
    yard.rule(30)
    yard.rule(10, since=-28 * DAY)
    kept_by_another = yard.segment(expires_in=20 * DAY)  # recorded 10 days ago
    assert shortening.apply_rules() == 0
    assert expiry(kept_by_another) == KEPT


def test_a_retired_camera_is_shortened_too(yard: Yard) -> None:
    yard.rule(30)
    sealed = yard.segment(expires_in=20 * DAY)
    type(yard.cameras[0]).objects.filter(pk=yard.cameras[0].pk).update(retired_at=yard.now)
    yard.rule(20, since=-timedelta(minutes=1))
    shortening.apply_rules()
    assert expiry(sealed) == 20 * DAY


def test_what_was_admitted_under_the_old_rule_meanwhile_is_found_a_while_later(yard: Yard) -> None:
    yard.rule(30)
    rule = yard.rule(20, since=-timedelta(minutes=1))
    shortening.apply_rules()
    late = yard.segment(expires_in=20 * DAY)
    assert shortening.apply_rules() == 0
    yard.move(timedelta(minutes=16))
    assert shortening.apply_rules() == 1
    assert expiry(late) == 20 * DAY
    assert RuleApplication.objects.get(rule=rule).settled_at is not None


def test_quarantined_objects_are_shortened_by_their_receipt(yard: Yard) -> None:
    yard.rule(30)
    row = yard.quarantined(expires_in=20 * DAY)
    yard.rule(20, since=-timedelta(minutes=1))
    shortening.apply_rules()
    now = Quarantined.objects.get(pk=row.pk)
    assert now.expires_at - now.received_at == 20 * DAY


def test_a_segment_whose_key_is_gone_expires_all_the_same(yard: Yard) -> None:
    yard.rule(30)
    sealed = yard.segment(expires_in=20 * DAY)
    rings.footage().remove_and_ratchet([sealed.row.epoch.key_id])
    yard.rule(20, since=-timedelta(minutes=1))
    shortening.apply_rules()
    assert expiry(sealed) == 20 * DAY
