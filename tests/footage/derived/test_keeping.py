"""What is made of a segment is kept sealed, and opens only by the doors that the segment has."""

from datetime import timedelta
from typing import Any

import pytest

from cctv.core import clock
from cctv.footage import sealed
from cctv.footage.derived import selectors
from cctv.footage.derived import services as derived
from cctv.footage.derived.errors import DerivedGone
from cctv.footage.derived.models import Derived, DerivedSource
from cctv.footage.errors import HoldEnded
from cctv.footage.models import Segment
from cctv.vault import services as vault
from cctv.vault.errors import FootageExpired, KeyMissing, ReceiptMismatch, SealBroken, StorageFailed, WrongKey
from tests.footage.derived.making import ACTOR, CLEAR, JOB, MINUTE, Workshop
from tests.retention.test_held import end, hold
from tests.retention.yard import Yard

pytestmark = pytest.mark.django_db(databases=["default", "log"])

LATER, HOUR = timedelta(days=3), timedelta(hours=1)


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Any) -> Any:
    """Inside, what is to follow a commit follows."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def test_facts_and_objects_come_back_as_they_were_kept(workshop: Workshop, yard: Yard) -> None:
    segment = yard.segment(expires_in=LATER)
    fact, made = workshop.fact(segment), workshop.object(segment)
    assert (fact.sealed_name, made.sealed) == ("", None)
    assert workshop.read(fact) == b"a box at 3 4"
    assert workshop.read(made) == CLEAR
    with derived.open_for_person(workshop.shown(made), made, actor_id=ACTOR) as reader:
        assert reader.read_range(65_530, 12) == CLEAR[65_530:65_542]
    receipt = workshop.job(fact)
    assert derived.read_for_system(receipt, fact, job=JOB) == b"a box at 3 4"
    assert derived.read_for_system(receipt, made, job=JOB) == CLEAR
    assert set(selectors.all_of(owner=workshop.owner)) == {"looked/0", "out/0"}


def test_invariant_2_no_byte_of_it_is_stored_in_clear(workshop: Workshop, yard: Yard) -> None:
    segment = yard.segment(expires_in=LATER)
    made = workshop.object(segment)
    stored = (yard.home / "footage" / made.sealed_name).read_bytes()
    assert b"nobody" not in stored
    assert len(stored) == made.size_bytes
    assert b"box" not in bytes(workshop.fact(segment).sealed or b"")


@pytest.mark.parametrize("what", ["actor", "camera", "site", "from", "to", "kind"])
def test_invariant_1_without_an_entry_that_covers_all_of_it_nothing_opens(
    workshop: Workshop, yard: Yard, what: str
) -> None:
    made = workshop.object(yard.segment(expires_in=LATER))
    later, earlier = made.starts_at + timedelta(seconds=1), made.ends_at - timedelta(seconds=1)
    wrong: dict[str, Any] = {
        "actor": {"id": "5f0a3a52-0a0e-4b5b-9a5e-0d5f3c1c7a11"}, "from": clock.rfc3339(later),
        "camera": {"id": str(yard.cameras[1].pk)}, "site": {"id": str(yard.sites[1].pk)},
        "to": clock.rfc3339(earlier),
    }  # fmt: skip
    receipt = workshop.job(made) if what == "kind" else workshop.shown(made, **{what: wrong[what]})
    with pytest.raises(ReceiptMismatch):
        derived.open_for_person(receipt, made, actor_id=ACTOR)


def test_invariant_1_an_entry_for_one_part_opens_no_other(workshop: Workshop, yard: Yard) -> None:
    plate = workshop.fact(yard.segment(expires_in=LATER), "plate/small", part="plate")
    with pytest.raises(ReceiptMismatch):
        workshop.read(plate)


def test_one_kept_thing_does_not_open_in_the_place_of_another(workshop: Workshop, yard: Yard) -> None:
    segment = yard.segment(expires_in=LATER)
    one, two = workshop.object(segment), workshop.object(segment, "out/1")
    folder = yard.home / "footage"
    (folder / one.sealed_name).write_bytes((folder / two.sealed_name).read_bytes())
    with pytest.raises(WrongKey):
        workshop.read(one)
    (folder / two.sealed_name).write_bytes((folder / two.sealed_name).read_bytes()[:-1])
    with pytest.raises(SealBroken):
        workshop.read(two)


def test_kinds_that_open_footage_itself_are_not_registered_here() -> None:
    for parts in ((), ("media",), ("looked", "index"), ("thumb",)):
        with pytest.raises(ValueError):
            derived.register("test.too_much", *parts)


def test_an_entry_for_this_opens_no_footage(workshop: Workshop, yard: Yard) -> None:
    made = workshop.object(yard.segment(expires_in=LATER))
    obj = sealed.keyed(made.segment, "media")
    with pytest.raises(ReceiptMismatch):
        vault.open_for_person(workshop.shown(made), obj, actor_id=ACTOR, span=(made.starts_at, made.ends_at))


def test_a_label_is_replaced_and_its_old_object_deleted(
    workshop: Workshop, yard: Yard, committed: Any
) -> None:
    segment = yard.segment(expires_in=LATER)
    before = yard.objects()
    with committed():
        old = workshop.object(segment)
    with committed():
        new = workshop.object(segment)
    assert yard.objects() - before == {new.sealed_name}
    with pytest.raises(DerivedGone):
        workshop.read(old)
    with committed():
        fact = workshop.fact(segment, "out/0", part="redacted")
    assert yard.objects() == before
    assert workshop.read(fact) == b"a box at 3 4"


def test_what_was_not_closed_leaves_nothing(workshop: Workshop, yard: Yard) -> None:
    segment = yard.segment(expires_in=LATER)
    before = yard.objects()
    with pytest.raises(TypeError), workshop.writer(segment) as writer:
        writer.write("something went wrong")  # type: ignore[arg-type]
    assert (yard.objects(), Derived.objects.count()) == (before, 0)


def test_a_row_that_cannot_be_written_leaves_no_object(workshop: Workshop, yard: Yard) -> None:
    segment = yard.segment(expires_in=LATER)
    before = yard.objects()
    writer = workshop.writer(segment)
    writer.write(CLEAR)
    Segment.objects.filter(pk=segment.row.pk).update(expires_at=yard.now)  # erased while it was made
    with pytest.raises(FootageExpired):
        writer.close()
    assert (yard.objects(), Derived.objects.count()) == (before, 0)
    with pytest.raises(FootageExpired):
        workshop.fact(segment)


def test_all_of_an_owner_is_removed_and_nothing_of_others(
    workshop: Workshop, yard: Yard, committed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    segment = yard.segment(expires_in=LATER)
    other = Workshop(yard)
    kept, second = other.object(segment), yard.segment(expires_in=LATER)
    for number in range(2):
        workshop.object(segment, f"out/{number}", of=[segment, second])
        workshop.fact(segment, f"looked/{number}")
    with committed():
        assert derived.remove(owner=workshop.owner, label="out/1") == 1
        assert derived.remove(owner=workshop.owner, beginning="looked/") == 2
    assert workshop.labels() == {"out/0"}
    assert selectors.sources_of(owner=workshop.owner)
    monkeypatch.setattr("cctv.vault.storage.FootageFileStorage.remove", _refuse)
    with committed():
        derived.remove(owner=workshop.owner)  # the store refuses: the sweep of orphans has it
    assert not workshop.labels()
    assert not selectors.sources_of(owner=workshop.owner)
    assert other.read(kept) == CLEAR


def _refuse(*_args: Any) -> None:
    raise StorageFailed


def test_invariant_3_what_is_made_of_an_expired_segment_is_refused_before_any_purge(
    workshop: Workshop, yard: Yard
) -> None:
    segment = yard.segment(expires_in=MINUTE)
    fact, made = workshop.fact(segment), workshop.object(segment)
    receipt, job = workshop.shown(made), workshop.job(made)
    reader = derived.open_for_person(receipt, made, actor_id=ACTOR)
    assert reader.read_range(0, 6) == CLEAR[:6]
    yard.move(2 * MINUTE)
    with pytest.raises(FootageExpired):
        reader.read_range(0, 6)
    for row in (fact, made):
        with pytest.raises(FootageExpired):
            workshop.read(row)
        with pytest.raises(FootageExpired):
            derived.read_for_system(job, row, job=JOB)
    assert [*derived.facts_for_person(workshop.shown(fact), [fact], actor_id=ACTOR)] == [None]


def test_invariant_3_what_is_made_of_several_segments_is_refused_with_the_first_that_ends(
    workshop: Workshop, yard: Yard
) -> None:
    first, second = yard.segment(expires_in=LATER), yard.segment(expires_in=LATER)
    plate = workshop.object(first, of=[first, second])
    alone = workshop.fact(first)
    Segment.objects.filter(pk=second.row.pk).update(expires_at=yard.now)  # erased on request
    with pytest.raises(FootageExpired):
        workshop.read(plate)
    with pytest.raises(FootageExpired):
        workshop.object(first, "out/1", of=[first, second])
    assert workshop.read(alone) == b"a box at 3 4"


def test_invariant_4_what_is_made_of_several_segments_has_no_key_once_one_of_theirs_is_destroyed(
    workshop: Workshop, yard: Yard
) -> None:
    first, second = yard.segment(expires_in=LATER), yard.segment(expires_in=30 * MINUTE)
    plate, fact = workshop.object(first, of=[first, second]), workshop.fact(first, of=[second])
    assert workshop.read(plate) == CLEAR
    assert derived.read_for_system(workshop.job(plate, other=second), plate, job=JOB) == CLEAR
    with pytest.raises(ReceiptMismatch):
        derived.read_for_system(workshop.job(plate), plate, job=JOB)  # it names only one of them
    yard.move(2 * HOUR)
    vault.destroy_epochs([second.row.epoch.key_id])
    # An old copy of the register, or a changed one, helps nobody.
    Segment.objects.filter(pk=second.row.pk).update(expires_at=yard.now + LATER)
    for row in (plate, fact):
        with pytest.raises(KeyMissing):
            workshop.read(row)
    DerivedSource.objects.filter(segment=second.row).delete()
    for row in (plate, fact):
        with pytest.raises(WrongKey):
            workshop.read(row)


def test_shared_things_of_an_owner_are_made_of_the_same_segments(workshop: Workshop, yard: Yard) -> None:
    first, second, third = (yard.segment(expires_in=LATER) for _n in range(3))
    workshop.fact(first, of=[second])
    with pytest.raises(ValueError, match="other segments"):
        workshop.object(first, of=[first, third])
    assert len(yard.objects()) == 9, "its object is deleted again"


def test_many_facts_are_opened_at_once(workshop: Workshop, yard: Yard) -> None:
    segment = yard.segment(expires_in=LATER)
    facts = [workshop.fact(segment, f"looked/{n}", data=bytes([n])) for n in range(5)]
    receipt = workshop.shown(facts[0])
    assert [*derived.facts_for_person(receipt, facts, actor_id=ACTOR)] == [bytes([n]) for n in range(5)]
    assert [*derived.facts_for_person(receipt, [], actor_id=ACTOR)] == []
    derived.remove(owner=workshop.owner)
    with pytest.raises(DerivedGone):
        derived.facts_for_person(receipt, facts, actor_id=ACTOR)


class TestHeld:
    """What a hold keeps opens through the hold's key, by whoever comes through it, until it ends."""

    def test_invariant_5_it_opens_past_its_time_and_new_things_are_kept(
        self, workshop: Workshop, yard: Yard
    ) -> None:
        segment = yard.segment(expires_in=MINUTE)
        made = workshop.object(segment)
        placed = hold(yard, segment.row)
        yard.move(2 * MINUTE)
        assert workshop.read(made, hold_id=placed.pk) == CLEAR
        new = workshop.object(segment, "out/1", hold_id=placed.pk)
        fact = workshop.fact(segment, hold_id=placed.pk, of=[segment])
        job = workshop.job(made, hold={"id": str(placed.pk)})
        assert derived.read_for_system(job, new, job=JOB, hold_id=placed.pk) == CLEAR
        assert derived.read_for_system(job, fact, job=JOB, hold_id=placed.pk) == b"a box at 3 4"
        with pytest.raises(FootageExpired):
            workshop.read(made)  # not through the hold
        with pytest.raises(ReceiptMismatch):  # an entry that says nothing of the hold
            derived.read_for_person(workshop.shown(made), made, actor_id=ACTOR, hold_id=placed.pk)

    def test_a_jobs_entry_names_the_hold_that_it_opens_by(self, workshop: Workshop, yard: Yard) -> None:
        segment = yard.segment(expires_in=LATER)
        made = workshop.object(segment)
        placed, other = hold(yard, segment.row), hold(yard, segment.row)
        for receipt, by in (
            (workshop.job(made), placed.pk),
            (workshop.job(made, hold={"id": str(other.pk)}), placed.pk),
            (workshop.job(made, hold={"id": str(placed.pk)}), None),
        ):
            with pytest.raises(ReceiptMismatch):
                derived.open_for_system(receipt, made, job=JOB, hold_id=by)

    def test_it_opens_nothing_that_it_does_not_hold(self, workshop: Workshop, yard: Yard) -> None:
        held, free = yard.segment(expires_in=LATER), yard.segment(expires_in=LATER)
        placed = hold(yard, held.row)
        with pytest.raises(HoldEnded):
            workshop.read(workshop.fact(free), hold_id=placed.pk)
        both = workshop.object(held, of=[held, free])
        with pytest.raises(HoldEnded):
            workshop.read(both, hold_id=placed.pk)
        with pytest.raises(HoldEnded):
            workshop.object(held, of=[held, free], hold_id=placed.pk)

    def test_with_its_end_it_opens_nothing_more(self, workshop: Workshop, yard: Yard) -> None:
        segment = yard.segment(expires_in=LATER)
        made = workshop.object(segment)
        placed = hold(yard, segment.row)
        writer = workshop.writer(segment, "out/1", hold_id=placed.pk)
        end(placed)
        with pytest.raises(HoldEnded):
            workshop.read(made, hold_id=placed.pk)
        with pytest.raises(HoldEnded):
            writer.close()
        assert workshop.read(made) == CLEAR, "its own time still runs"
