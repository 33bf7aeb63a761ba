"""Opening sealed objects: only with an entry that covers it, only while it has not expired."""

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from cctv.core import clock
from cctv.vault import past, rings
from cctv.vault import services as vault
from cctv.vault.errors import (
    EpochNotEnded,
    FootageExpired,
    KeyMissing,
    ObjectMissing,
    ReceiptMismatch,
    SealBroken,
    StorageMismatch,
    WrongKey,
)
from cctv.vault.keyring import Keyring
from cctv.vault.models import Epoch, EpochState
from tests.vault.conftest import ACTOR, job_receipt, receipt_for

pytestmark = pytest.mark.django_db

vault.register_person_kind("test.shown")


def read(sealed, receipt=None, *, actor_id=ACTOR, span=None, **changes) -> bytes:
    reader = vault.open_for_person(
        receipt or receipt_for(sealed), sealed.keyed(**changes), actor_id=actor_id, span=span or sealed.span()
    )
    with reader:
        return reader.read()


def test_a_receipt_that_covers_the_span_opens_the_object(seal):
    sealed = seal()
    assert read(sealed) == sealed.clear
    reader = vault.open_for_person(
        receipt_for(sealed), sealed.keyed(), actor_id=str(ACTOR), span=sealed.span()
    )
    assert reader.read_range(7, 5) == sealed.clear[7:12]


STRANGER = "5f0a3a52-0a0e-4b5b-9a5e-0d5f3c1c7a11"


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "viewing.opened"},
        {"kind": "vault.job"},
        {"actor": {"id": STRANGER}},
        {"actor": None},
        {"camera": {"id": STRANGER}},
        {"camera": {}},
        {"site": {"id": STRANGER}},
        {"from": None},
        {"to": "yesterday"},
        {"from": "2026-01-01T00:00:00"},
    ],
    ids=lambda changes: "-".join(f"{key}={value}" for key, value in changes.items())[:40],
)
def test_invariant_1_a_receipt_of_something_else_opens_nothing(seal, changes):
    sealed = seal()
    with pytest.raises(ReceiptMismatch) as raised:
        read(sealed, receipt_for(sealed, **changes))
    assert raised.value.status == 403


def test_invariant_1_another_persons_receipt_opens_nothing(seal):
    with pytest.raises(ReceiptMismatch):
        read(sealed := seal(), receipt_for(sealed), actor_id=uuid4())


@pytest.mark.parametrize("edge", ["from", "to"])
def test_invariant_1_a_receipt_that_is_a_millisecond_short_opens_nothing(seal, edge):
    sealed = seal()
    starts_at, ends_at = (clock.parse_rfc3339(clock.rfc3339(moment)) for moment in sealed.span())
    exact = {"from": clock.rfc3339(starts_at), "to": clock.rfc3339(ends_at)}
    assert read(sealed, receipt_for(sealed, **exact), span=(starts_at, ends_at)) == sealed.clear
    step = timedelta(milliseconds=1 if edge == "from" else -1)
    exact[edge] = clock.rfc3339((starts_at if edge == "from" else ends_at) + step)
    with pytest.raises(ReceiptMismatch):
        read(sealed, receipt_for(sealed, **exact), span=(starts_at, ends_at))


def test_invariant_1_a_span_outside_the_object_or_empty_opens_nothing(seal):
    sealed = seal()
    hour = timedelta(hours=1)
    wide = {"from": clock.rfc3339(sealed.starts_at - hour), "to": clock.rfc3339(sealed.ends_at + hour)}
    receipt = receipt_for(sealed, **wide)
    for span in (
        (sealed.ends_at, sealed.ends_at + hour),
        (sealed.starts_at - hour, sealed.starts_at),
        (sealed.starts_at, sealed.starts_at),
        (sealed.ends_at, sealed.starts_at),
    ):
        with pytest.raises(ReceiptMismatch):
            read(sealed, receipt, span=span)
    assert read(sealed, receipt, span=(sealed.starts_at - hour, sealed.ends_at + hour)) == sealed.clear


def test_a_job_opens_its_own_object_with_its_own_entry(seal):
    sealed, other = seal(), seal()
    with vault.open_for_system(job_receipt(sealed), sealed.keyed(), job="thumbnail") as reader:
        assert reader.read() == sealed.clear
    for receipt in (
        job_receipt(other),
        job_receipt(sealed, job="render"),
        receipt_for(sealed),
        receipt_for(sealed, job="thumbnail", object=str(sealed.id)),
    ):
        with pytest.raises(ReceiptMismatch):
            vault.open_for_system(receipt, sealed.keyed(), job="thumbnail")


def test_invariant_3_expired_footage_is_refused_to_people_and_jobs_without_any_purge(seal):
    sealed = seal()
    gone = clock.now() - timedelta(microseconds=1)
    with pytest.raises(FootageExpired) as raised:
        read(sealed, expires_at=gone)
    assert raised.value.status == 410
    with pytest.raises(FootageExpired):
        vault.open_for_system(job_receipt(sealed), sealed.keyed(expires_at=gone), job="thumbnail")


def test_invariant_3_an_open_reader_gives_nothing_any_more_once_the_time_has_come(seal, monkeypatch):
    sealed = seal()
    reader = vault.open_for_person(receipt_for(sealed), sealed.keyed(), actor_id=ACTOR, span=sealed.span())
    assert reader.read_range(0, 5) == b"frame"
    monkeypatch.setattr(clock, "now", lambda: sealed.expires_at)
    with pytest.raises(FootageExpired):
        reader.read_range(0, 5)


def end_epoch(sealed, monkeypatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: sealed.epoch.expires_hour + clock.HOUR)


def test_invariant_4_an_open_reader_gives_nothing_any_more_once_the_key_is_destroyed(seal, monkeypatch):
    sealed = seal()
    reader = vault.open_for_person(receipt_for(sealed), sealed.keyed(), actor_id=ACTOR, span=sealed.span())
    assert reader.read_range(0, 5) == b"frame"
    with monkeypatch.context() as patch:
        end_epoch(sealed, patch)
        assert vault.destroy_epochs([sealed.epoch.key_id]).complete
    with pytest.raises(KeyMissing):
        reader.read_range(0, 5)
    with pytest.raises(KeyMissing):
        read(sealed)


def test_invariant_4_destroyed_footage_cannot_be_opened_with_every_earlier_copy(seal, keys, monkeypatch):
    """The attacker has the ciphertext, the row's wrapped key, the old keyring; but not the old root."""
    sealed = seal()
    copy = keys.parent / "copied-keys"
    shutil.copytree(keys / "keys", copy)
    with monkeypatch.context() as patch:
        end_epoch(sealed, patch)
        vault.destroy_epochs([sealed.epoch.key_id])

    def attack() -> bytes:
        ring = Keyring(copy / "footage", "footage")
        try:
            from cctv.vault import keyfile
            from cctv.vault.sealing import open_bytes

            key = keyfile.unwrap_key(ring.get(sealed.epoch.key_id), sealed.wrapped_key)
            ciphertext = (keys / "footage" / sealed.name).read_bytes()
            return open_bytes(key, vault.context(sealed.id, "media"), ciphertext)
        finally:
            ring.close()

    assert attack() == sealed.clear, "positive control: whoever kept a copy of the root opens it"
    shutil.copy(keys / "keys" / "footage" / "root.key", copy / "footage" / "root.key")
    with pytest.raises(Exception, match="different generations"):
        attack()


def test_object_of_another_size_than_registered_is_refused(seal):
    sealed = seal()
    with pytest.raises(SealBroken):
        read(sealed, size_bytes=sealed.facts.size_bytes + 1)
    assert read(sealed, size_bytes=None) == sealed.clear


def test_object_moved_into_anothers_place_does_not_open(seal):
    one, two = seal(), seal()
    with pytest.raises(WrongKey):
        read(one, name=two.name)
    with pytest.raises(WrongKey):
        read(one, part="index")


def test_missing_object_is_told_from_a_missing_store(seal, keys):
    sealed = seal()
    vault.delete_object(sealed.name)
    with pytest.raises(ObjectMissing):
        read(sealed)
    (keys / "footage").rename(keys / "elsewhere")
    with pytest.raises(StorageMismatch):
        read(sealed)


def test_missing_keyring_is_an_error_and_shows_nothing(seal, keys):
    sealed = seal()
    (keys / "keys" / "footage" / "keyring").rename(keys / "keyring")
    with pytest.raises(Exception, match="keyring file is missing"):
        read(sealed)
    with pytest.raises(Exception, match="keyring file is missing"):
        seal()


# Epochs


def test_what_ends_in_the_same_hour_at_a_site_shares_an_epoch(keys, site):
    hour = clock.floor_hour(clock.now() + timedelta(hours=3))
    one = vault.ensure_epoch(site.pk, hour)
    assert vault.ensure_epoch(site.pk, hour + timedelta(minutes=59, seconds=59)).pk == one.pk
    assert vault.ensure_epoch(site.pk, hour + clock.HOUR).pk != one.pk
    assert one.key_id in rings.footage().key_ids()


def test_an_hour_that_is_over_gets_no_epoch(keys, site):
    with pytest.raises(FootageExpired):
        vault.ensure_epoch(site.pk, clock.now() - timedelta(hours=1, seconds=1))
    assert vault.ensure_epoch(site.pk, clock.floor_hour(clock.now())).key_id
    assert len(rings.footage().key_ids()) == 1


def test_invariant_5_a_live_epoch_whose_key_is_missing_never_gets_another_key(seal, site):
    sealed = seal()
    rings.footage().remove_and_ratchet([sealed.epoch.key_id])
    with pytest.raises(KeyMissing):
        vault.ensure_epoch(site.pk, sealed.expires_at)
    assert rings.footage().key_ids() == frozenset()


def test_a_row_lost_after_its_key_was_made_finds_the_same_key_again(keys, site):
    expires_at = clock.now() + timedelta(hours=2)
    key_id = vault.ensure_epoch(site.pk, expires_at).key_id
    Epoch.objects.all().delete()
    assert vault.ensure_epoch(site.pk, expires_at).key_id == key_id


def test_invariant_7_keys_of_epochs_that_have_not_ended_are_not_destroyed(seal):
    sealed = seal()
    with pytest.raises(EpochNotEnded):
        vault.destroy_epochs([sealed.epoch.key_id])
    assert read(sealed) == sealed.clear


def test_destroying_epochs_is_idempotent_and_marks_the_rows(seal, monkeypatch):
    sealed, kept = seal(), seal(expires_in=timedelta(hours=9))
    end_epoch(sealed, monkeypatch)
    first = vault.destroy_epochs([sealed.epoch.key_id])
    again = vault.destroy_epochs([sealed.epoch.key_id])
    assert (first.generation_before, first.generation_after) == (1, 2)
    assert (again.generation_before, again.generation_after, again.removed) == (1, 2, first.removed)
    assert first.generation == 2
    sealed.epoch.refresh_from_db()
    assert sealed.epoch.state == EpochState.DESTROYED
    assert sealed.epoch.destroyed_at is not None
    assert read(kept) == kept.clear


def test_a_changed_expiry_moves_the_key_to_another_epoch(seal, site, monkeypatch):
    sealed = seal()
    later = vault.ensure_epoch(site.pk, sealed.expires_at + timedelta(hours=5))
    sealed.wrapped_key = vault.rewrap(sealed.wrapped_key, old=sealed.epoch, new=later)
    with monkeypatch.context() as patch:
        end_epoch(sealed, patch)
        vault.destroy_epochs([sealed.epoch.key_id])
    sealed.epoch = later
    assert read(sealed) == sealed.clear


def test_duplicate_tag_recognises_within_an_epoch_only(keys, site):
    one = vault.ensure_epoch(site.pk, clock.now() + timedelta(hours=2))
    two = vault.ensure_epoch(site.pk, clock.now() + timedelta(hours=5))
    tag = vault.duplicate_tag(one, b"\x01" * 32)
    assert tag == vault.duplicate_tag(one, b"\x01" * 32)
    assert len({tag, vault.duplicate_tag(one, b"\x02" * 32), vault.duplicate_tag(two, b"\x01" * 32)}) == 3
    with pytest.raises(ValueError, match="digest"):
        vault.duplicate_tag(one, b"short")


def test_writing_ends_durable_or_leaves_nothing(keys):
    name, key = vault.object_name(), vault.new_object_key()

    def write_half(write: Callable[[bytes], int]) -> None:
        write(b"x" * 1_000_000)
        raise RuntimeError("the source ended early")

    with pytest.raises(RuntimeError), vault.writer(name, key, b"c") as writer:
        write_half(writer.write)
    assert not vault.object_exists(name)
    assert list(vault.list_objects()) == []
    with vault.writer(name, key, b"c") as writer:
        writer.write(b"whole")
    writer.abort()
    assert vault.provisional_reader(name, writer.close().size_bytes, key, b"c").read() == b"whole"


def test_deleting_takes_the_parts_along(keys):
    base = vault.object_name()
    for part in ("media", "index", "thumb"):
        with vault.writer(vault.part_name(base, part), vault.new_object_key(), b"c") as writer:
            writer.write(b"x")
    assert len(list(vault.list_objects())) == 3
    vault.delete_object(vault.part_name(base, "thumb"))
    assert [entry.name for entry in vault.list_objects()] == [base, f"{base}.index"]
    vault.delete_object(base)
    vault.delete_object(base)
    assert list(vault.list_objects()) == []


def test_a_job_entry_may_name_a_batch_and_opens_no_other_object(seal):
    one, two, other = seal(), seal(), seal()
    receipt = job_receipt(one, object=None, objects=[str(one.id), str(two.id)])
    for sealed in (one, two):
        with vault.open_for_system(receipt, sealed.keyed(), job="thumbnail") as reader:
            assert reader.read() == sealed.clear
    with pytest.raises(ReceiptMismatch):
        vault.open_for_system(receipt, other.keyed(), job="thumbnail")
    with pytest.raises(ReceiptMismatch):
        vault.open_for_system(
            job_receipt(other, object=None, objects=str(one.id)), one.keyed(), job="thumbnail"
        )


def test_a_derivative_is_sealed_beside_its_object_and_dies_with_it(seal):
    sealed = seal()
    thumb = sealed.keyed(name=vault.part_name(sealed.name, "thumb"), part="thumb", size_bytes=None)
    for picture in (b"killed half-way", b"jpeg"):
        size_bytes = vault.add_part(job_receipt(sealed), thumb, picture, job="thumbnail")
    assert size_bytes == 4 + 56 + 16
    with vault.open_for_person(receipt_for(sealed), thumb, actor_id=ACTOR, span=sealed.span()) as reader:
        assert reader.read() == b"jpeg"
    with pytest.raises(ReceiptMismatch):
        vault.add_part(receipt_for(sealed), thumb, b"jpeg", job="thumbnail")
    with pytest.raises(FootageExpired):
        vault.add_part(
            job_receipt(sealed),
            sealed.keyed(name=thumb.name, part="thumb", expires_at=clock.now()),
            b"jpeg",
            job="thumbnail",
        )
    with pytest.raises(ValueError, match="never replaced"):
        vault.add_part(job_receipt(sealed), sealed.keyed(), b"jpeg", job="thumbnail")
    vault.delete_object(sealed.name)
    assert not vault.object_exists(thumb.name)


def reached() -> datetime:
    return clock.now() + timedelta(days=3650)


def test_invariant_3_a_clock_that_was_set_back_opens_nothing_again(seal, settings, request):
    sealed = seal()
    assert read(sealed) == sealed.clear
    settings.LETHE_KNOWN_PAST = f"{__name__}.reached"
    request.addfinalizer(past.forget)
    past.forget()
    with pytest.raises(FootageExpired):
        read(sealed)
