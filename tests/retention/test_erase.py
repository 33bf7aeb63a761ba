"""Single segments are erased on request: at once for everybody, for good with the next run."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from accesslog.errors import LogUnavailable
from accesslog.models import LogEntry
from accesslog.selectors import load_receipt
from accesslog.services import append
from cctv.core import clock
from cctv.footage import sealed as doors
from cctv.footage.models import ErasedSpan, Segment
from cctv.ingest.models import Quarantined
from cctv.people.policy import Forbidden, NotFound
from cctv.retention import erase, purge
from cctv.retention import erased as erased_module
from cctv.retention.holds.models import HeldObject, Hold, HoldState
from cctv.retention.models import Erasure, PurgeRun, RunState, Trigger
from cctv.vault import journal, keyfile, rings, sealing
from cctv.vault import services as vault
from cctv.vault.errors import FootageExpired
from cctv.vault.models import Epoch, EpochState
from tests.retention.people import People, people
from tests.retention.yard import MINUTE, Sealed, Yard

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.both_databases]

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def cast(yard: Yard) -> People:
    return people(yard.sites)


@pytest.fixture
def row_of(yard: Yard) -> list[Sealed]:
    """Five segments of one camera in a row, a minute each, in one epoch."""
    start = timedelta(days=5) - timedelta(minutes=10)
    return [yard.segment(expires_in=start + n * MINUTE) for n in range(5)]


def erased(cast: People, first: Sealed, last: Sealed, **values: Any) -> Erasure:
    """Erase from 10 s into the first to 10 s before the end of the last."""
    asked: dict[str, Any] = {
        "camera": first.row.camera,
        "starts_at": first.row.starts_at + 10 * SECOND,
        "ends_at": last.row.ends_at - 10 * SECOND,
        "reference": "DSR-2026-0007",
        "ground": "subject",
        "actor": cast.officer,
        "terminal": "198.51.100.7",
    }
    return erase.erase_segments(**(asked | values))


def opens(sealed: Sealed) -> bool:
    """Whether the register, the ring and the saved ciphertext give the clear bytes."""
    row = Segment.objects.select_related("epoch").get(pk=sealed.row.pk)
    key = keyfile.unwrap_key(rings.footage().get(row.epoch.key_id), bytes(row.wrapped_key))
    return bytes(sealing.open_bytes(key, vault.context(row.pk, "media"), sealed.ciphertext)) == sealed.clear


def hold(yard: Yard, sealed: Sealed, cast: People) -> Hold:
    """A hold over one segment."""
    made = Hold.objects.create(
        number="H-2026-0001", year=2026, sequence=1, site=sealed.row.camera.site, case="C-1", ground="police",
        starts_at=sealed.row.starts_at, ends_at=sealed.row.ends_at, until=yard.now + 90 * DAY,
        state=HoldState.ACTIVE, key_id="k", placed_by=cast.officer,
    )  # fmt: skip
    HeldObject.objects.create(hold=made, segment=sealed.row, wrapped_key=b"w" * 40)
    return made


def test_whatever_touches_the_span_is_erased_whole_and_its_neighbours_stay(
    yard: Yard, cast: People, row_of: list[Sealed]
) -> None:
    before, first, middle, last, after = row_of
    other = yard.segment(yard.cameras[1], expires_in=first.row.expires_at - yard.now)
    old_key = first.row.epoch.key_id

    erasure = erased(cast, first, last)

    assert (erasure.segments, erasure.held_back, erasure.applied_at) == (3, 0, yard.now)
    assert not Erasure.objects.exclude(done_at=None).exists()
    for sealed in (first, middle, last):
        assert Segment.objects.get(pk=sealed.row.pk).expires_at == yard.now, "refused from this moment"
    purge.purge_due(trigger=Trigger.REQUEST)
    yard.move(MINUTE)
    purge.purge_due()

    assert set(Segment.objects.values_list("pk", flat=True)) == {s.row.pk for s in (before, after, other)}
    assert all(opens(sealed) for sealed in (before, after, other))
    assert yard.objects() == {
        vault.part_name(s.row.sealed_name, part)
        for s in (before, after, other)
        for part in ("media", "index", "thumb")
    }
    assert not rings.footage().has(old_key)
    run = PurgeRun.objects.get(trigger=Trigger.REQUEST)
    assert (run.state, run.retired_key_ids, run.destroyed_segments) == (RunState.DONE, [old_key], 3)
    erasure.refresh_from_db()
    assert erasure.done_at is not None
    (live,) = Epoch.objects.filter(state=EpochState.LIVE, expires_hour=first.row.epoch.expires_hour)
    assert not live.needs_new_key


def test_invariant_3_no_door_opens_what_was_erased_before_any_purge_has_run(
    yard: Yard, cast: People, row_of: list[Sealed]
) -> None:
    sealed = row_of[1]
    erased(cast, sealed, sealed)
    row = Segment.objects.select_related("epoch", "camera").get(pk=sealed.row.pk)
    receipt = append(kind="vault.job", body={"job": "t", "object": str(row.pk)})
    with pytest.raises(FootageExpired):
        doors.for_system(receipt, row, job="t").media()


def test_the_entry_is_durable_before_anything_changes_and_names_the_spans_that_go(
    yard: Yard, cast: People, row_of: list[Sealed], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, last = row_of[1], row_of[2]

    def down(**_values: Any) -> Any:
        raise LogUnavailable

    with monkeypatch.context() as patched:
        patched.setattr(erase, "append", down)
        erasure = erased(cast, first, last)
    assert (erasure.entry, erasure.applied_at) == (None, None)
    assert not Segment.objects.filter(expires_at__lte=yard.now).exists()
    assert not ErasedSpan.objects.exists()
    assert "erased" not in [line.kind for line in journal.read()]

    purge.purge_due()  # the tick carries it on

    erasure.refresh_from_db()
    assert erasure.applied_at == yard.now
    body = load_receipt(LogEntry.objects.get(kind="footage.erased").index).body
    assert (body["segments"], body["reference"], body["ground"]) == (2, "DSR-2026-0007", "subject")
    (span,) = body["spans"]
    assert [clock.parse_rfc3339(text) for text in span] == [first.row.starts_at, last.row.ends_at]
    assert body["actor"]["name"] == cast.officer.name
    assert not Segment.objects.filter(pk__in=[first.row.pk, last.row.pk]).exists()


def test_asked_again_while_it_is_not_done_it_is_the_same_erasure(
    yard: Yard, cast: People, row_of: list[Sealed]
) -> None:
    one, same = erased(cast, row_of[1], row_of[2]), erased(cast, row_of[1], row_of[2])
    assert one.pk == same.pk
    assert LogEntry.objects.filter(kind="footage.erased").count() == 1
    purge.purge_due(trigger=Trigger.REQUEST)
    purge.purge_due()
    with pytest.raises(erase.NothingToErase):
        erased(cast, row_of[1], row_of[2])


def test_invariant_5_what_is_held_is_left_and_counted_and_survives_the_new_key(
    yard: Yard, cast: People, row_of: list[Sealed]
) -> None:
    hold(yard, row_of[2], cast)
    erasure = erased(cast, row_of[1], row_of[3])
    assert (erasure.segments, erasure.held_back) == (2, 1)
    purge.purge_due(trigger=Trigger.REQUEST)
    assert opens(row_of[2])
    assert Segment.objects.get(pk=row_of[2].row.pk).expires_at == row_of[2].row.expires_at
    with pytest.raises(erase.NothingToErase):
        erased(cast, row_of[2], row_of[2], reference="other")


def test_quarantined_objects_that_claim_to_begin_in_the_span_go_with_it(
    yard: Yard, cast: People, row_of: list[Sealed]
) -> None:
    claims = row_of[1].row.starts_at + 30 * SECOND
    inside, outside = yard.quarantined(expires_in=5 * DAY), yard.quarantined(expires_in=5 * DAY)
    Quarantined.objects.filter(pk=inside.pk).update(claimed_start=claims)
    Quarantined.objects.filter(pk=outside.pk).update(claimed_start=row_of[4].row.ends_at)
    erasure = erased(cast, row_of[1], row_of[1])
    assert (erasure.segments, erasure.quarantined) == (1, 1)
    purge.purge_due(trigger=Trigger.REQUEST)
    yard.move(MINUTE)
    purge.purge_due()
    assert list(Quarantined.objects.values_list("pk", flat=True)) == [outside.pk]
    erasure.refresh_from_db()
    assert erasure.done_at


def test_only_the_objects_named_go(yard: Yard, cast: People, row_of: list[Sealed]) -> None:
    erasure = erased(cast, row_of[0], row_of[4], only=[row_of[2].row.pk])
    assert erasure.segments == 1
    assert Segment.objects.filter(expires_at__lte=yard.now).get().pk == row_of[2].row.pk


def test_an_erased_span_is_named_until_the_recording_would_have_ended_anyway(
    yard: Yard, cast: People, row_of: list[Sealed]
) -> None:
    sealed = row_of[1]
    erased(cast, sealed, sealed)
    named = ErasedSpan.objects.get()
    assert (named.starts_at, named.ends_at) == (sealed.row.starts_at, sealed.row.ends_at)
    assert named.until == sealed.row.expires_at
    for _day in range(5):
        assert ErasedSpan.objects.exists()
        yard.move(DAY)
        purge.purge_due()
    assert not ErasedSpan.objects.exists()


def test_invariant_7_a_wrong_clock_does_not_forget_what_was_erased(
    yard: Yard, cast: People, row_of: list[Sealed]
) -> None:
    erased(cast, row_of[1], row_of[1])
    yard.jump(40 * DAY)
    purge.purge_due()
    assert ErasedSpan.objects.exists()


def test_the_journal_tells_it_to_a_register_that_is_put_back(
    yard: Yard, cast: People, row_of: list[Sealed]
) -> None:
    sealed = row_of[1]
    erasure = erased(cast, sealed, sealed)
    (line,) = [line for line in journal.read() if line.kind == "erased"]
    moments = (sealed.row.starts_at, sealed.row.ends_at, sealed.row.expires_at)
    assert line.facts["segments"] == [str(sealed.row.pk)]
    assert line.facts["camera"] == str(erasure.camera_id)
    assert [[datetime.fromisoformat(text) for text in span] for span in line.facts["spans"]] == [
        list(moments)
    ]


@pytest.mark.parametrize(
    "wrong", [{"reference": " "}, {"ground": "because"}, {"reference": "x" * 41}, {"ends_at": None}]
)
def test_a_request_that_makes_no_sense_changes_nothing(
    yard: Yard, cast: People, row_of: list[Sealed], wrong: dict[str, Any]
) -> None:
    if "ends_at" in wrong:
        wrong = {"ends_at": row_of[1].row.starts_at}
    with pytest.raises(erase.BadErasure):
        erased(cast, row_of[1], row_of[1], **wrong)
    assert not Erasure.objects.exists()


def test_invariant_8_only_the_privacy_officer_of_the_site_erases(
    yard: Yard, cast: People, row_of: list[Sealed]
) -> None:
    for actor in (cast.auditor, cast.approver, cast.operator):
        with pytest.raises(Forbidden):
            erased(cast, row_of[1], row_of[1], actor=actor)
    osaka = yard.segment(yard.cameras[2], expires_in=5 * DAY)
    with pytest.raises(NotFound):
        erased(cast, osaka, osaka, actor=cast.seoul_officer)
    assert erased(cast, row_of[1], row_of[1], actor=cast.seoul_officer).segments == 1


STEPS = ["erase.decided", "erase.logged", "erase.journalled", "erase.uncommitted", "erase.applied"]


class Killed(BaseException):
    """Stands in for kill -9: nothing catches it."""


@pytest.mark.parametrize("step", STEPS)
def test_an_erasure_killed_at_any_step_is_carried_on_by_the_next_tick(
    yard: Yard, cast: People, row_of: list[Sealed], step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(name: str) -> None:
        if name == step:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(erase, "reached", die)
        with pytest.raises(Killed):
            erased(cast, row_of[1], row_of[2])
    assert Erasure.objects.count() == 1
    purge.purge_due()
    yard.move(MINUTE)
    purge.purge_due()
    erasure = Erasure.objects.get()
    assert (erasure.segments, bool(erasure.done_at)) == (2, True)
    assert Segment.objects.count() == 3
    assert LogEntry.objects.filter(kind="footage.erased").count() == 1


def test_what_comes_to_the_span_after_the_decision_is_not_erased_with_it(
    yard: Yard, cast: People, row_of: list[Sealed]
) -> None:
    erased(cast, row_of[1], row_of[1])
    late = yard.segment(expires_in=row_of[1].row.expires_at - yard.now + SECOND)
    purge.purge_due(trigger=Trigger.REQUEST)
    purge.purge_due()
    assert Segment.objects.filter(pk=late.row.pk, expires_at=late.row.expires_at).exists()
    assert opens(late)


def is_done() -> bool:
    return erased_module.close_done() > 0 or Erasure.objects.exclude(done_at=None).exists()


def test_an_erasure_is_not_done_while_an_object_of_it_cannot_be_deleted(
    yard: Yard, cast: People, row_of: list[Sealed]
) -> None:
    erased(cast, row_of[1], row_of[2])
    assert not is_done(), "objects and keys are there"
    yard.obstruct(row_of[2])
    purge.purge_due(trigger=Trigger.REQUEST)
    assert not rings.footage().has(row_of[1].row.epoch.key_id)
    assert not is_done(), "an object is there"
    yard.clear(row_of[2])
    yard.move(5 * MINUTE)
    purge.purge_due()
    assert is_done()


def test_an_erasure_is_not_done_while_a_mirror_may_have_its_key(
    yard: Yard, cast: People, row_of: list[Sealed], tmp_path: Path, settings: Any
) -> None:
    mirror, away = tmp_path / "mirror", tmp_path / "away"
    mirror.mkdir()
    settings.LETHE_KEY_MIRRORS = [str(mirror)]
    vault.sync_mirrors()
    erased(cast, row_of[1], row_of[2])
    mirror.rename(away)
    purge.purge_due(trigger=Trigger.REQUEST)
    assert PurgeRun.objects.get().state == RunState.PENDING
    assert not Segment.objects.filter(expires_at__lte=yard.now).exists()
    assert not is_done()
    away.rename(mirror)
    yard.move(MINUTE)
    purge.purge_due()
    assert is_done()


def test_o31_whoever_has_copies_hears_of_it_when_footage_is_erased(
    row_of: list[Sealed], cast: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(
        "cctv.disclosure.provisions.notices.tell_recipients", lambda **said: told.append(said)
    )
    made = erased(cast, row_of[1], row_of[2])
    assert told == [
        {
            "camera": made.camera, "starts_at": made.starts_at, "ends_at": made.ends_at,
            "reason": f"여기에서 파기됨: {made.reference}", "source": f"erasure {made.pk}",
        }
    ]  # fmt: skip
