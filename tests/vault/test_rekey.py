"""A new key for an epoch: what was erased dies with the old one, what stays moves to the new one."""

from datetime import timedelta
from os import urandom

import pytest

from cctv.core import clock
from cctv.ingest.models import Quarantined
from cctv.vault import rings, steps
from cctv.vault import services as vault
from cctv.vault.errors import EpochNotEnded, EpochRetired, FootageExpired, KeyMissing, SurvivorsRemain
from cctv.vault.models import Epoch, EpochState
from tests.vault.conftest import ACTOR, Sealed, receipt_for

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

vault.register_person_kind("test.shown")


class Killed(BaseException):
    """Stands for the end of the process: nothing in the code catches it."""


@pytest.fixture
def kill_at(monkeypatch):
    def arm(step: str) -> None:
        def listener(reached: str) -> None:
            if reached == step:
                steps._listeners.clear()
                raise Killed

        monkeypatch.setattr(steps, "_listeners", [listener])

    return arm


@pytest.fixture
def sealed(seal) -> Sealed:
    return seal()


def row_for(sealed: Sealed) -> Quarantined:
    """A row of a higher layer that points to the epoch."""
    return Quarantined.objects.create(
        site=sealed.epoch.site,
        epoch=sealed.epoch,
        original_name="x.mp4",
        reason_code="broken_media",
        reason="",
        expires_at=sealed.expires_at,
        size_bytes=1,
        sealed_name=sealed.name,
        wrapped_key=sealed.wrapped_key,
        ciphertext_sha256=bytes(32),
        duplicate_tag=urandom(32),
    )


def read(sealed: Sealed, **changes) -> bytes:
    return vault.open_for_person(
        receipt_for(sealed), sealed.keyed(**changes), actor_id=ACTOR, span=sealed.span()
    ).read()


def test_a_rekeyed_epoch_has_a_successor_with_another_key_that_ingest_uses_from_then_on(sealed):
    old = sealed.epoch
    Epoch.objects.filter(pk=old.pk).update(needs_new_key=True)
    new = vault.rekey_epoch(old)
    assert (new.site_id, new.expires_hour, new.state) == (old.site_id, old.expires_hour, EpochState.LIVE)
    assert new.key_id != old.key_id
    assert rings.footage().get(new.key_id) != rings.footage().get(old.key_id)
    assert rings.footage().label(new.key_id) == rings.footage().label(old.key_id)
    old.refresh_from_db()
    assert (old.state, old.needs_new_key) == (EpochState.RETIRED, False)
    assert old.retired_at is not None
    assert vault.ensure_epoch(old.site_id, sealed.expires_at) == new


def test_invariant_5_survivors_open_before_and_after_their_move_and_outlive_the_old_key(sealed, seal):
    erased, old = seal(), sealed.epoch
    assert erased.epoch == old
    new = vault.rekey_epoch(old)
    assert read(sealed) == sealed.clear
    wrapped = vault.rewrap(sealed.wrapped_key, old=old, new=new)
    assert vault.destroy_epochs([old.key_id]).removed == (old.key_id,)
    assert read(sealed, wrapped_key=wrapped, key_id=new.key_id) == sealed.clear
    for each in (erased, sealed):  # as an older copy of the register would have it
        with pytest.raises(KeyMissing):
            read(each)
    old.refresh_from_db()
    assert (old.state, old.destroyed_at is not None) == (EpochState.DESTROYED, True)
    new.refresh_from_db()
    assert new.state == EpochState.LIVE


def test_rekeying_again_finds_the_successor_and_makes_nothing(sealed):
    new = vault.rekey_epoch(sealed.epoch)
    stale = Epoch.objects.get(pk=sealed.epoch.pk)
    stale.state = EpochState.LIVE  # as a caller had it in hand
    assert vault.rekey_epoch(stale) == vault.rekey_epoch(sealed.epoch) == new
    assert len(rings.footage().key_ids()) == 2


def test_an_epoch_is_rekeyed_any_number_of_times(sealed):
    first = vault.rekey_epoch(sealed.epoch)
    second = vault.rekey_epoch(first)
    assert vault.rekey_epoch(sealed.epoch) == second
    assert Epoch.objects.filter(state=EpochState.RETIRED).count() == 2
    assert vault.destroy_epochs([sealed.epoch.key_id, first.key_id]).complete
    with pytest.raises(KeyMissing):
        vault.rekey_epoch(first)
    assert rings.footage().key_ids() == {second.key_id}


@pytest.mark.faults
@pytest.mark.parametrize(
    "step", ["keyring.written", "keyring.durable", "rekey.key", "rekey.uncommitted", "rekey.rows"]
)
def test_invariant_5_a_rekey_killed_at_any_step_is_finished_by_the_next(sealed, kill_at, step):
    kill_at(step)
    with pytest.raises(Killed):
        vault.rekey_epoch(sealed.epoch)
    assert read(sealed) == sealed.clear
    new = vault.rekey_epoch(Epoch.objects.get(pk=sealed.epoch.pk))
    assert vault.ensure_epoch(sealed.epoch.site_id, sealed.expires_at) == new
    assert rings.footage().key_ids() == {sealed.epoch.key_id, new.key_id}
    assert set(Epoch.objects.values_list("state", flat=True)) == {EpochState.LIVE, EpochState.RETIRED}


@pytest.mark.faults
@pytest.mark.parametrize("step", ["ratchet.begin", "ratchet.destroyed", "ratchet.released"])
def test_destroying_a_retired_key_killed_at_any_step_is_finished_by_the_next(sealed, kill_at, step):
    new = vault.rekey_epoch(sealed.epoch)
    kill_at(step)
    with pytest.raises(Killed):
        vault.destroy_epochs([sealed.epoch.key_id])
    assert vault.destroy_epochs([sealed.epoch.key_id]).removed == (sealed.epoch.key_id,)
    assert rings.footage().key_ids() == {new.key_id}
    sealed.epoch.refresh_from_db()
    assert sealed.epoch.state == EpochState.DESTROYED


def test_invariant_5_a_retired_key_is_not_destroyed_while_something_alive_hangs_on_it(sealed):
    row = row_for(sealed)
    new = vault.rekey_epoch(sealed.epoch)
    with pytest.raises(SurvivorsRemain):
        vault.destroy_epochs([sealed.epoch.key_id])
    assert rings.footage().generation == 1
    row.epoch, row.wrapped_key = new, vault.rewrap(sealed.wrapped_key, old=sealed.epoch, new=new)
    row.save()
    assert vault.destroy_epochs([sealed.epoch.key_id]).complete
    assert read(sealed, wrapped_key=bytes(row.wrapped_key), key_id=new.key_id) == sealed.clear


def test_what_was_erased_does_not_keep_its_retired_key(sealed):
    row = row_for(sealed)
    vault.rekey_epoch(sealed.epoch)
    Quarantined.objects.filter(pk=row.pk).update(expires_at=clock.now())
    assert vault.destroy_epochs([sealed.epoch.key_id]).complete


def test_invariant_7_a_live_epoch_is_still_not_destroyed_before_its_hour_beside_a_retired_one(sealed):
    new = vault.rekey_epoch(sealed.epoch)
    with pytest.raises(EpochNotEnded):
        vault.destroy_epochs([sealed.epoch.key_id, new.key_id])
    assert rings.footage().key_ids() == {sealed.epoch.key_id, new.key_id}


def test_nothing_comes_to_an_epoch_after_it_was_retired(sealed):
    vault.lock_live(sealed.epoch)
    new = vault.rekey_epoch(sealed.epoch)
    with pytest.raises(EpochRetired):
        vault.lock_live(sealed.epoch)
    vault.lock_live(new)
    vault.destroy_epochs([sealed.epoch.key_id])
    with pytest.raises(FootageExpired):
        vault.lock_live(sealed.epoch)


def test_an_ended_hour_takes_its_live_and_its_retired_keys(sealed):
    new = vault.rekey_epoch(sealed.epoch)
    with clock.pretend(sealed.epoch.expires_hour + timedelta(hours=1)):
        assert vault.destroy_epochs([sealed.epoch.key_id, new.key_id]).complete
    assert set(Epoch.objects.values_list("state", flat=True)) == {EpochState.DESTROYED}
