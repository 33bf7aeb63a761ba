"""What was made of footage ends with it: by the purge, with its certificate, and by nothing earlier."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cctv.core.ids import new_id
from cctv.footage.derived import services as derived
from cctv.footage.derived.models import Derived, DerivedSource
from cctv.footage.models import Segment
from cctv.retention import destroy, erase, purge, shortening
from cctv.retention.models import Certificate, PurgeFailure, PurgeRun, RunState, Trigger
from cctv.vault import rings
from cctv.vault import services as vault
from cctv.vault.errors import FootageExpired, KeyMissing
from tests.footage.derived.making import CLEAR, Workshop, workshop
from tests.retention.people import people
from tests.retention.test_held import end, hold
from tests.retention.yard import MINUTE, Yard

__all__ = ["workshop"]

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.both_databases]

HOUR, DAY, LATER = timedelta(hours=1), timedelta(days=1), timedelta(days=3)


def test_invariant_4_what_was_made_of_footage_is_destroyed_with_it(workshop: Workshop, yard: Yard) -> None:
    gone, stays = yard.segment(expires_in=20 * MINUTE), yard.segment(expires_in=LATER)
    alone, fact = workshop.object(gone), workshop.fact(gone)
    plate = workshop.fact(stays, "plate/small", of=[gone, stays])
    whole = workshop.object(stays, "out/1", of=[gone, stays])
    other = Workshop(yard)
    kept = other.object(stays)
    yard.move(2 * HOUR)
    purge.purge_due()

    assert set(Derived.objects.values_list("pk", flat=True)) == {kept.pk}, (alone, fact, plate, whole)
    assert not DerivedSource.objects.exists()
    assert not {alone.sealed_name, whole.sealed_name} & yard.objects()
    assert other.read(kept) == CLEAR
    certificate = Certificate.objects.get()
    copies = {row["copy"]: row["result"] for row in certificate.facts["copies"]}
    assert (copies["ciphertext"], copies["derivatives"]) == ("PASS", "PASS")


def test_a_purge_asks_as_often_however_many_segments_have_something_made_of_them(
    workshop: Workshop, yard: Yard
) -> None:
    asked = []
    for number in (1, 4):
        for each in range(number):
            sealed = yard.segment(expires_in=-MINUTE)
            Segment.objects.filter(pk=sealed.row.pk).update(expires_at=yard.now + LATER)
            workshop.object(Segment.objects.get(pk=sealed.row.pk), f"out/{number}/{each}")
            Segment.objects.filter(pk=sealed.row.pk).update(expires_at=sealed.row.expires_at)
        with CaptureQueriesContext(connection) as queries:
            purge.purge_due()
        asked.append(sum("derived" in query["sql"] for query in queries))
        yard.move(HOUR)
    assert asked[0] == asked[1]
    assert asked[0] <= 6


def test_a_made_object_that_cannot_be_deleted_keeps_its_segments_and_says_so(
    workshop: Workshop, yard: Yard
) -> None:
    first, second = (yard.segment(expires_in=20 * MINUTE) for _n in range(2))
    free, living = yard.segment(expires_in=20 * MINUTE), yard.segment(expires_in=LATER)
    stuck = workshop.object(first, of=[first, second])
    path = yard.home / "footage" / stuck.sealed_name
    path.rename(aside := path.with_suffix(".aside"))
    path.mkdir()
    (path / "in the way").touch()
    yard.move(2 * HOUR)
    purge.purge_due()

    there = set(Segment.objects.values_list("pk", flat=True))
    assert there == {first.row.pk, second.row.pk, living.row.pk}
    assert set(PurgeFailure.objects.values_list("object_id", flat=True)) == {first.row.pk, second.row.pk}
    assert Derived.objects.filter(pk=stuck.pk).exists()
    copies = {row["copy"]: row["result"] for row in Certificate.objects.get().facts["copies"]}
    assert copies["derivatives"] == "FAIL"
    (path / "in the way").unlink()
    path.rmdir()
    aside.rename(path)
    yard.move(HOUR)
    purge.purge_due()
    assert Segment.objects.get().pk == living.row.pk
    assert not Derived.objects.exists()
    assert stuck.sealed_name not in yard.objects()
    assert free.row.sealed_name not in yard.objects()


def test_what_is_made_while_its_segment_is_destroyed_does_not_outlive_it(
    workshop: Workshop, yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = yard.segment(expires_in=20 * MINUTE)
    fact = workshop.fact(gone)
    real: Any = vault.delete_objects
    late: list[Derived] = []

    def deleted(names: Any) -> Any:
        left = real(names)
        if not late:  # its process had asked before the segment expired, and is that slow
            made = Derived.objects.get(pk=fact.pk)
            late.append(made)
            made.pk, made.label, made.sealed = new_id(), "out/0", None
            made.sealed_name = vault.object_name()
            with vault.writer(made.sealed_name, vault.new_object_key(), b"late") as writer:
                writer.write(CLEAR)
            made.save(force_insert=True)
        return left

    monkeypatch.setattr(vault, "delete_objects", deleted)
    yard.move(2 * HOUR)
    purge.purge_due()
    assert Segment.objects.exists(), "the attempt is taken back whole"
    assert PurgeRun.objects.get().error_code == "world_moved"
    yard.move(MINUTE)
    purge.purge_due()
    assert PurgeRun.objects.get().state == RunState.DONE
    assert PurgeRun.objects.get().destroyed_segments == 1
    assert not Derived.objects.exists()
    assert late[0].sealed_name not in yard.objects()


class Killed(BaseException):
    """Stands in for kill -9: nothing catches it."""


def test_a_purge_that_was_killed_with_objects_gone_and_rows_there_goes_on(
    workshop: Workshop, yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, stays = yard.segment(expires_in=20 * MINUTE), yard.segment(expires_in=LATER)
    made, both = workshop.object(gone), workshop.object(stays, "out/1", of=[gone, stays])
    yard.move(2 * HOUR)

    def die(step: str) -> None:
        if step == "purge.objects-deleted":
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(destroy, "reached", die)
        with pytest.raises(Killed):
            purge.purge_due()
    assert not {made.sealed_name, both.sealed_name} & yard.objects()
    for row in (made, both):
        with pytest.raises((FootageExpired, KeyMissing)):
            workshop.read(row)
    PurgeRun.objects.update(lease_until=None, lease_token=None)  # as when it has run out
    yard.move(MINUTE)
    purge.purge_due()
    assert Segment.objects.get().pk == stays.row.pk
    assert not Derived.objects.exists()
    assert PurgeRun.objects.get().destroyed_segments == 1


def test_invariant_5_what_was_made_of_held_footage_stays_and_goes_with_the_hold(
    workshop: Workshop, yard: Yard
) -> None:
    held, other = (yard.segment(expires_in=20 * MINUTE) for _n in range(2))
    made, fact = workshop.object(held), workshop.fact(held)
    placed = hold(yard, held.row)
    yard.move(2 * HOUR)
    purge.purge_due()
    assert not Segment.objects.filter(pk=other.row.pk).exists()
    assert workshop.read(made, hold_id=placed.pk) == CLEAR
    assert workshop.read(fact, hold_id=placed.pk) == b"a box at 3 4"

    end(placed)
    yard.move(MINUTE)
    purge.purge_due()
    assert not Segment.objects.exists()
    assert not Derived.objects.exists()
    assert not yard.objects()


def test_what_is_made_of_a_held_segment_and_one_that_is_not_goes_with_the_latter(
    workshop: Workshop, yard: Yard
) -> None:
    held, free = (yard.segment(expires_in=20 * MINUTE) for _n in range(2))
    alone, both = workshop.object(held), workshop.object(held, "out/1", of=[held, free])
    placed = hold(yard, held.row)
    yard.move(2 * HOUR)
    purge.purge_due()
    assert set(Derived.objects.values_list("pk", flat=True)) == {alone.pk}
    assert both.sealed_name not in yard.objects()
    assert workshop.read(alone, hold_id=placed.pk) == CLEAR


def test_removing_it_earlier_leaves_the_purge_nothing(workshop: Workshop, yard: Yard) -> None:
    gone = yard.segment(expires_in=20 * MINUTE)
    workshop.object(gone)
    derived.remove(owner=workshop.owner)
    yard.move(2 * HOUR)
    purge.purge_due()
    assert PurgeRun.objects.get().state == RunState.DONE
    assert not Segment.objects.exists()


class TestNewKeys:
    """A segment's key is wrapped anew and stays the same: what was made of it opens as before, or is over."""

    def test_an_erasure_takes_what_was_made_and_leaves_what_its_neighbour_has(
        self, workshop: Workshop, yard: Yard
    ) -> None:
        erased, stays = (yard.segment(expires_in=5 * DAY - n * MINUTE) for n in (10, 15))
        assert erased.row.epoch_id == stays.row.epoch_id
        gone, both = workshop.object(erased), workshop.fact(stays, "plate/small", of=[erased, stays])
        kept = Workshop(yard)
        made, fact = kept.object(stays), kept.fact(stays)
        erase.erase_segments(
            camera=erased.row.camera, starts_at=erased.row.starts_at, ends_at=erased.row.ends_at,
            reference="DSR-1", ground="subject", actor=people(yard.sites).officer, terminal="",
        )  # fmt: skip
        for row in (gone, both):
            with pytest.raises(FootageExpired):
                workshop.read(row)
        purge.purge_due(trigger=Trigger.REQUEST)
        assert not rings.footage().has(erased.row.epoch.key_id), "the old key is destroyed"
        assert set(Derived.objects.values_list("pk", flat=True)) == {made.pk, fact.pk}
        assert gone.sealed_name not in yard.objects()
        assert kept.read(made) == CLEAR
        assert kept.read(fact) == b"a box at 3 4"
        new = kept.object(stays, "out/1")
        assert kept.read(new) == CLEAR

    def test_what_was_being_made_meanwhile_is_kept_under_the_key_of_its_segment(
        self, workshop: Workshop, yard: Yard
    ) -> None:
        yard.rule(30)
        segment = yard.segment(expires_in=20 * DAY)
        writer = workshop.writer(segment)
        writer.write(CLEAR[:1000])
        yard.rule(20, since=-MINUTE)
        assert shortening.apply_rules() == 1
        writer.write(CLEAR[1000:])
        assert workshop.read(writer.close()) == CLEAR

    def test_invariant_3_a_shorter_rule_ends_it_as_early_as_its_segment(
        self, workshop: Workshop, yard: Yard
    ) -> None:
        yard.rule(30)
        segment = yard.segment(expires_in=20 * DAY)
        made, fact = workshop.object(segment), workshop.fact(segment)
        yard.rule(20, since=-MINUTE)
        assert shortening.apply_rules() == 1
        assert Segment.objects.get().epoch_id != segment.row.epoch_id
        assert workshop.read(made) == CLEAR
        yard.move(11 * DAY)
        for row in (made, fact):
            with pytest.raises(FootageExpired):
                workshop.read(row)
        purge.purge_due()
        assert not Derived.objects.exists()
        assert made.sealed_name not in yard.objects()
