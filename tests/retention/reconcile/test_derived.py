"""A check knows what was made of footage: lost, changed, left over, and what goes with a lost recording."""

import time
from datetime import timedelta
from typing import Any

import pytest

from accesslog.models import LogEntry
from cctv.footage.derived.models import Derived
from cctv.footage.models import Segment
from cctv.ingest import orphans
from cctv.retention.reconcile import codes, services
from cctv.retention.reconcile.models import Depth, FsckRun
from cctv.vault import steps
from tests.footage.derived.making import CLEAR, Workshop, workshop
from tests.retention.reconcile.damage import DAY, age, path
from tests.retention.test_held import hold
from tests.retention.yard import Yard

__all__ = ["workshop"]

pytestmark = [
    pytest.mark.postgres_later,
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.both_databases,
]


def found(run: FsckRun) -> dict[str, list[str]]:
    """Names by code."""
    assert run.error_code == "", run.error
    names: dict[str, list[str]] = {}
    for finding in run.findings.all():
        names.setdefault(finding.code, []).append(finding.name)
    return names


@pytest.mark.parametrize("depth", Depth.values)
def test_what_is_made_of_footage_is_known(workshop: Workshop, yard: Yard, depth: str) -> None:
    first, second = (yard.segment(expires_in=5 * DAY) for _n in range(2))
    workshop.object(first)
    workshop.fact(first)
    workshop.object(first, "out/1", of=[first, second])
    age(yard)
    run = services.check(depth=depth)
    assert found(run) == {}
    assert (run.rows, run.stored) == (4, 8)
    assert found(services.check(site=yard.sites[0])) == {}


def test_lost_ones_are_named_and_taken_off_unless_a_hold_keeps_them(workshop: Workshop, yard: Yard) -> None:
    first, held = (yard.segment(expires_in=5 * DAY) for _n in range(2))
    hold(yard, held.row)
    lost, kept = workshop.object(first), workshop.object(held, "out/1")
    for row in (lost, kept):
        path(yard, row.sealed_name).unlink()
    run = services.check(repair=[codes.OBJECT_MISSING])
    assert found(run) == {codes.DERIVED_MISSING: sorted([lost.sealed_name, kept.sealed_name])}
    assert run.repaired == {}
    run = services.check(repair=[codes.DERIVED_MISSING])
    assert run.repaired == {codes.DERIVED_MISSING: 1}
    assert workshop.labels() == {"out/1"}
    assert Segment.objects.count() == 2
    assert LogEntry.objects.filter(kind="fsck.repaired").count() == 1


def test_what_ends_with_another_segment_is_not_missed(workshop: Workshop, yard: Yard) -> None:
    first, second = (yard.segment(expires_in=5 * DAY) for _n in range(2))
    made = workshop.object(first, of=[first, second])
    path(yard, made.sealed_name).unlink()
    assert found(services.check()) == {codes.DERIVED_MISSING: [made.sealed_name]}
    Segment.objects.filter(pk=second.row.pk).update(expires_at=yard.now)
    assert found(services.check()) == {}


def test_changed_ones_are_named(workshop: Workshop, yard: Yard) -> None:
    segment = yard.segment(expires_in=5 * DAY)
    short, changed = workshop.object(segment), workshop.object(segment, "out/1")
    data = path(yard, short.sealed_name).read_bytes()
    path(yard, short.sealed_name).write_bytes(data[:-1])
    path(yard, changed.sealed_name).write_bytes(bytes(len(data)))
    assert found(services.check(depth=Depth.SIZE)) == {codes.SIZE_DIFFERS: [short.sealed_name]}
    assert found(services.check(depth=Depth.HASH))[codes.HASH_DIFFERS] == [changed.sealed_name]


def test_with_a_lost_recording_goes_what_was_made_of_it(workshop: Workshop, yard: Yard) -> None:
    lost, *others = (yard.segment(expires_in=5 * DAY) for _n in range(3))
    made, both = workshop.object(lost), workshop.object(others[0], "out/1", of=[lost, others[0]])
    kept = Workshop(yard).object(others[0])
    path(yard, lost.row.sealed_name).unlink()
    run = services.check(repair=[codes.OBJECT_MISSING])
    assert run.repaired == {codes.OBJECT_MISSING: 1}
    assert Derived.objects.get().pk == kept.pk
    assert not {made.sealed_name, both.sealed_name} & yard.objects()
    assert found(services.check()) == {}


class Killed(BaseException):
    """Stands in for kill -9: nothing catches it."""


@pytest.mark.parametrize("step", ["derived.durable", "derived.unnamed"])
def test_invariant_5_a_kill_leaves_an_object_without_a_row_at_most_and_a_sweep_takes_it(
    workshop: Workshop,
    yard: Yard,
    step: str,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    segment = yard.segment(expires_in=5 * DAY)
    workshop.object(segment, "out/0")
    kept = workshop.object(segment, "out/1")

    def die(name: str) -> None:
        if name == step:
            raise Killed

    before = yard.objects()
    with monkeypatch.context() as patched:
        patched.setattr(steps, "_listeners", [die])
        with pytest.raises(Killed), django_capture_on_commit_callbacks(execute=True):
            workshop.object(segment, "out/0")
    (new,) = yard.objects() - before
    row = Derived.objects.get(label="out/0")
    assert (row.sealed_name == new) == (step == "derived.unnamed")
    age(yard)
    (left,) = found(services.check()).pop(codes.ORPHAN_OBJECT)
    orphans.sweep()
    monkeypatch.setattr(orphans, "monotonic", lambda: time.monotonic() + timedelta(hours=2).total_seconds())
    assert orphans.sweep().deleted == 1
    assert left not in yard.objects()
    assert workshop.read(row) == workshop.read(kept) == CLEAR
    assert found(services.check()) == {}
