"""Facts told from an object open by its doors; many at once, and none that would not open alone."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from cctv.core import clock
from cctv.vault import doors
from cctv.vault import services as vault
from cctv.vault.errors import FootageExpired, ReceiptMismatch, SealBroken, WrongKey
from cctv.vault.sealing import open_bytes, open_small, seal_bytes
from tests.vault.conftest import ACTOR, job_receipt, receipt_for

pytestmark = pytest.mark.django_db

vault.register_person_kind("test.told", "motion")


def test_a_fact_told_from_an_object_opens_by_the_same_doors_and_dies_with_it(seal, monkeypatch):
    sealed = seal()
    obj = sealed.keyed(part="motion")
    told = vault.seal_fact(obj, b"something moved")
    again = vault.seal_fact(obj, b"something moved", label="2")
    assert b"moved" not in told + again

    def opened(kind: str, fact: bytes = told, **more) -> bytes:
        receipt = receipt_for(sealed, kind=kind)
        return vault.fact_for_person(receipt, obj, fact, actor_id=ACTOR, span=sealed.span(), **more)

    assert opened("test.told") == b"something moved"
    assert opened("test.told", again, label="2") == b"something moved"
    job = job_receipt(sealed)
    assert vault.fact_for_system(job, obj, told, job=job.body["job"]) == b"something moved"
    with pytest.raises(WrongKey):
        opened("test.told", again)
    with pytest.raises(ReceiptMismatch):
        opened("viewing.opened")
    monkeypatch.setattr(clock, "now", lambda: sealed.expires_at)
    with pytest.raises(FootageExpired):
        opened("test.told")
    with pytest.raises(FootageExpired):
        vault.seal_fact(obj, b"too late")


def test_many_facts_open_in_order_and_each_is_asked_whether_it_still_may(seal):
    site = seal()
    others = [seal() for _ in range(4)]
    for each in others:
        each.camera_id = site.camera_id
    objects = [each.keyed(part="motion") for each in (site, *others)]
    told = [(obj, vault.seal_fact(obj, f"fact {number}".encode())) for number, obj in enumerate(objects)]
    gone, lost = replace(objects[1], expires_at=clock.now()), replace(objects[3], key_id="none")
    told[1], told[3] = (gone, told[1][1]), (lost, told[3][1])
    receipt = receipt_for(site, kind="test.told")
    found = vault.facts_for_person(receipt, told, actor_id=ACTOR, span=site.span())
    assert list(found) == [b"fact 0", None, b"fact 2", None, b"fact 4"]
    assert list(vault.facts_for_person(receipt, [], actor_id=ACTOR, span=site.span())) == []


def test_many_facts_need_an_entry_for_all_of_the_span_and_for_each_of_them(seal, monkeypatch):
    monkeypatch.setattr(doors, "AT_ONCE", 2)
    sealed, other = seal(), seal()
    obj = sealed.keyed(part="motion")
    fact = vault.seal_fact(obj, b"something moved")
    start, end = sealed.span()
    later = replace(obj, starts_at=sealed.ends_at, ends_at=sealed.ends_at + timedelta(minutes=1))

    def opened(*objects, span=(start, end), kind="test.told", actor=ACTOR, **changes):
        receipt = receipt_for(sealed, kind=kind, **changes)
        given = [(each, fact) for each in objects]
        return list(vault.facts_for_person(receipt, given, actor_id=actor, span=span))

    assert opened(obj, obj, obj) == [b"something moved"] * 3
    stranger = replace(obj, camera_id=other.camera_id)
    refused = [
        lambda: opened(obj, kind="test.shown.else"),
        lambda: opened(obj, actor=uuid4()),
        lambda: opened(stranger),
        lambda: opened(obj, stranger),
        lambda: opened(obj, replace(obj, part="media")),
        lambda: opened(obj, replace(obj, site_id=uuid4())),
        lambda: opened(obj, later),
        lambda: opened(obj, span=(start, sealed.ends_at + timedelta(hours=1))),
        lambda: opened(obj, to=clock.rfc3339(end - timedelta(seconds=1))),
    ]
    for refusal in refused:
        with pytest.raises(ReceiptMismatch):
            refusal()


def test_small_objects_open_as_others_do_and_no_altered_one():
    key, context = bytes(range(32)), b"lethe/1/x/motion"
    for clear in (b"", b"x", b"facts" * 40, bytes(16_383), bytes(16_384), bytes(40_000)):
        sealed = seal_bytes(key, context, clear)
        assert open_small(key, context, sealed) == open_bytes(key, context, sealed) == clear
    sealed = seal_bytes(key, context, b"facts")
    for spoilt in (sealed[:-1], sealed + b"x", sealed[:-1] + bytes([sealed[-1] ^ 1]), b""):
        with pytest.raises(SealBroken):
            open_small(key, context, spoilt)
    with pytest.raises(WrongKey):
        open_small(key, b"lethe/1/y/motion", sealed)
