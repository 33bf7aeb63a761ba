"""Keys of holds and sealed fields: a held object outlives its epoch and dies with its hold."""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from cctv.core import clock
from cctv.vault import rings
from cctv.vault import services as vault
from cctv.vault.errors import FootageExpired, KeyMissing, KeyProtected, ReceiptMismatch, WrongKey
from cctv.vault.logbodies import LogBodySealer
from tests.vault.conftest import ACTOR, job_receipt, receipt_for
from tests.vault.rings import opens

pytestmark = pytest.mark.django_db

vault.register_person_kind("test.shown")


@pytest.fixture
def later() -> Iterator[Callable[..., None]]:
    """`later(hours=2)` lets that much time pass."""
    with contextlib.ExitStack() as stack:
        yield lambda **time: stack.enter_context(clock.pretend(clock.now() + timedelta(**time)))


def held(sealed, key_id, **changes):
    """The object as a hold hands it over."""
    wrapped = vault.wrap_for_hold(key_id=key_id, wrapped_key=sealed.wrapped_key, epoch=sealed.epoch)
    until = {"expires_at": sealed.expires_at + timedelta(days=30)}
    return sealed.keyed(**{"ring": "records", "key_id": key_id, "wrapped_key": wrapped, **until, **changes})


def opened(sealed, keyed):
    """Through the door for people, with an entry that names the hold whose key it is."""
    label = rings.records().label(keyed.key_id)
    hold: Any = {"hold": {"id": label.removeprefix("hold/"), "name": "H-1"}} if label else {}
    return vault.open_for_person(receipt_for(sealed, **hold), keyed, actor_id=ACTOR, span=sealed.span())


def read(sealed, keyed) -> bytes:
    return opened(sealed, keyed).read()


def test_a_held_object_outlives_its_epoch_and_dies_with_its_hold(seal, later):
    sealed = seal(expires_in=timedelta(minutes=5))
    key_id = vault.new_hold_key(uuid4())
    keyed = held(sealed, key_id)
    later(hours=2)
    assert vault.destroy_epochs([sealed.epoch.key_id]).complete
    with pytest.raises(FootageExpired):
        read(sealed, sealed.keyed())
    with pytest.raises(KeyMissing):
        read(sealed, sealed.keyed(expires_at=keyed.expires_at))
    assert read(sealed, keyed) == sealed.clear
    reader = opened(sealed, keyed)
    assert vault.destroy_record_keys([key_id]).removed == (key_id,)
    with pytest.raises(KeyMissing):
        reader.read_range(0, 5)
    with pytest.raises(KeyMissing):
        read(sealed, keyed)


def test_invariant_3_a_held_object_is_refused_once_the_holds_time_is_over(seal, later):
    sealed = seal()
    keyed = held(sealed, vault.new_hold_key(uuid4()), expires_at=clock.now() + timedelta(minutes=1))
    assert read(sealed, keyed) == sealed.clear
    later(minutes=1)
    with pytest.raises(FootageExpired):
        read(sealed, keyed)


def test_a_derivative_of_a_held_object_is_made_through_the_holds_key(seal, later):
    sealed = seal(expires_in=timedelta(minutes=5))
    name = vault.part_name(sealed.name, "thumb")
    hold = uuid4()
    keyed = held(sealed, vault.new_hold_key(hold), name=name, part="thumb", size_bytes=None)
    later(hours=2)
    vault.destroy_epochs([sealed.epoch.key_id])
    receipt = job_receipt(sealed, hold={"id": str(hold), "name": "H-1"})
    vault.add_part(receipt, keyed, b"picture", job="thumbnail")
    with vault.open_for_system(receipt, keyed, job="thumbnail") as reader:
        assert reader.read() == b"picture"


@pytest.mark.parametrize("named", [None, "another", "its key"])
def test_a_job_opens_what_is_held_only_with_an_entry_that_names_the_hold(seal, named):
    sealed, hold = seal(), uuid4()
    keyed = held(sealed, key_id := vault.new_hold_key(hold))
    body: Any = {None: {}, "another": {"hold": {"id": str(uuid4())}}, "its key": {"hold": {"id": key_id}}}[
        named
    ]
    with pytest.raises(ReceiptMismatch):
        vault.open_for_system(job_receipt(sealed, **body), keyed, job="thumbnail")


@pytest.mark.parametrize("named", [{}, {"hold": {"id": str(uuid4()), "name": "H-2"}}])
def test_a_persons_entry_names_the_hold_too(seal, named):
    sealed = seal()
    keyed = held(sealed, vault.new_hold_key(uuid4()))
    with pytest.raises(ReceiptMismatch):
        vault.open_for_person(receipt_for(sealed, **named), keyed, actor_id=ACTOR, span=sealed.span())


def test_a_jobs_entry_that_names_a_hold_opens_nothing_by_its_epochs_key(seal):
    sealed = seal()
    with pytest.raises(ReceiptMismatch):
        vault.open_for_system(job_receipt(sealed, hold={"id": str(uuid4())}), sealed.keyed(), job="thumbnail")


def test_a_second_hold_takes_over_what_only_the_first_can_open(seal, later):
    sealed = seal(expires_in=timedelta(minutes=5))
    first, second = vault.new_hold_key(uuid4()), vault.new_hold_key(uuid4())
    keyed = held(sealed, first)
    later(hours=2)
    vault.destroy_epochs([sealed.epoch.key_id])
    with pytest.raises(KeyMissing):
        held(sealed, second)
    wrapped = vault.wrap_hold_to_hold(from_key_id=first, to_key_id=second, wrapped_key=keyed.wrapped_key)
    vault.destroy_record_keys([first])
    taken = sealed.keyed(
        ring="records", key_id=second, wrapped_key=wrapped, expires_at=clock.now() + timedelta(days=1)
    )
    assert read(sealed, taken) == sealed.clear
    with pytest.raises(KeyMissing):
        vault.wrap_hold_to_hold(from_key_id=first, to_key_id=second, wrapped_key=keyed.wrapped_key)


def test_a_holds_key_is_the_same_when_asked_again_and_another_for_another_hold(keys):
    hold_id = uuid4()
    assert vault.new_hold_key(hold_id) == vault.new_hold_key(str(hold_id)) != vault.new_hold_key(uuid4())


def test_only_a_holds_key_wraps_for_a_hold(seal):
    sealed = seal()
    month, _ = LogBodySealer().seal("2026-01", b"{}")
    with pytest.raises(KeyProtected):
        held(sealed, month)
    with pytest.raises(KeyMissing):
        held(sealed, sealed.epoch.key_id)


def test_months_of_the_log_and_the_signing_key_are_not_destroyed_as_records(keys):
    month, body = LogBodySealer().seal("2026-01", b"{}")
    signing = rings.records().ensure("signing/1")
    key_id = vault.new_hold_key(uuid4())
    for protected in (month, signing):
        with pytest.raises(KeyProtected):
            vault.destroy_record_keys([key_id, protected])
    assert rings.records().key_ids() == {month, signing, key_id}
    assert rings.records().generation == 1
    assert LogBodySealer().open(month, body) == b"{}"


def test_destroying_records_keys_is_idempotent(keys):
    key_id = vault.new_hold_key(uuid4())
    first = vault.destroy_record_keys([key_id])
    again = vault.destroy_record_keys([key_id])
    assert (
        (first.generation_after, first.removed) == (again.generation_after, again.removed) == (2, (key_id,))
    )


def test_a_sealed_field_opens_only_in_its_place_and_until_its_key_is_destroyed(keys):
    key_id, sealed = vault.seal_record("request/1", "김민아".encode(), context=b"request/1/name")
    assert "김민아".encode() not in sealed
    assert vault.open_record(key_id, sealed, context=b"request/1/name").decode() == "김민아"
    assert vault.seal_record("request/1", b"", context=b"x")[0] == key_id
    with pytest.raises(WrongKey):
        vault.open_record(key_id, sealed, context=b"request/2/name")
    vault.destroy_record_keys([key_id])
    with pytest.raises(KeyMissing):
        vault.open_record(key_id, sealed, context=b"request/1/name")


def test_invariant_4_a_copy_of_the_keyring_from_before_opens_no_sealed_field(keys):
    key_id, _ = vault.seal_record("request/1", b"phone", context=b"c")
    copy = keys / "copy"
    shutil.copytree(keys / "keys" / "records", copy)
    assert key_id in opens(copy, "records"), "positive control"
    vault.destroy_record_keys([key_id])
    shutil.copy(keys / "keys" / "records" / "root.key", copy / "root.key")
    with pytest.raises(Exception, match="different generations"):
        opens(copy, "records")


@pytest.mark.parametrize("label", ["log/2026-01", "signing/1"])
def test_fields_are_not_sealed_under_keys_of_other_uses(keys, label):
    with pytest.raises(KeyProtected):
        vault.seal_record(label, b"x", context=b"c")
    assert rings.records().key_ids() == frozenset()
