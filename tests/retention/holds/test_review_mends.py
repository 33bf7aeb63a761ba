"""What a review found around holds, clocks and journals, and must not come back."""

from datetime import timedelta
from unittest import mock

import pytest

from cctv.core.ids import new_id
from cctv.footage.models import Segment
from cctv.retention import confirm, erase, guards, tasks
from cctv.retention.backup import replay
from cctv.retention.holds.models import HeldObject, Hold
from cctv.retention.models import PurgeRun
from cctv.vault import journal
from cctv.vault.journalfile import JournalFile
from tests.retention.holds.court import DAY, HOUR, TERMINAL, Court
from tests.retention.yard import MINUTE

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.both_databases]


def test_invariant_3_unconfirmed_holds_do_not_carry_footage_on_from_one_to_the_next(court: Court) -> None:
    sealed = court.yard.segment(expires_in=HOUR)
    first = court.place(sealed, by=court.people.operator).hold
    court.yard.move(2 * HOUR)
    court.purge()
    again = court.place(sealed, by=court.people.operator, case="again")
    assert (again.held, again.hold.too_late) == (0, 1)
    assert court.place(sealed, case="decided").held == 1, "who may decide may carry it on"
    first.refresh_from_db()
    assert first.confirm_by is not None
    while court.yard.now < first.confirm_by:
        court.yard.move(min(6 * HOUR, first.confirm_by - court.yard.now))
    court.purge()
    assert Segment.objects.filter(pk=sealed.row.pk).exists()


def test_invariant_7_confirming_an_unusual_run_vouches_for_no_clock_that_jumped_since(court: Court) -> None:
    yard = court.yard
    living = [yard.segment(expires_in=2 * DAY + n * HOUR) for n in range(3)]
    living += [yard.segment(expires_in=20 * DAY + n * MINUTE) for n in range(10)]
    yard.segment(expires_in=-MINUTE)
    unusual = guards.Tripped(guards.VOLUME, {"segments": 1, "usual": 1, "largest": 1, "total": 2})
    with mock.patch.object(guards, "_unusual_volume", return_value=unusual):
        court.purge()
        run = PurgeRun.objects.get()
        assert run.pause_code == guards.VOLUME
        yard.jump(3 * DAY)
        with pytest.raises(confirm.CannotConfirm):
            confirm.confirm_run(
                run_id=run.pk, actor=court.people.officer, digest_prefix=run.digest[:8], terminal=TERMINAL
            )
    assert guards.clock_unsure(yard.now) is not None
    court.purge()
    assert Segment.objects.filter(pk__in=[each.row.pk for each in living]).count() == len(living)


def test_invariant_7_a_wrong_clock_makes_the_journal_forget_nothing(court: Court) -> None:
    segment = court.yard.segment(expires_in=20 * DAY).row
    erase.erase_segments(
        camera=segment.camera, starts_at=segment.starts_at, ends_at=segment.ends_at, reference="R1",
        ground="subject", actor=court.people.officer, terminal=TERMINAL,
    )  # fmt: skip
    kinds = [line.kind for line in journal.read()]
    court.yard.jump(40 * DAY)
    tasks.compact_journal()
    assert [line.kind for line in journal.read()] == kinds
    assert "erased" in kinds


def test_a_held_recording_that_came_in_again_meanwhile_is_put_back_beside_it(court: Court) -> None:
    sealed = court.recorded(court.yard.now - 20 * DAY)
    court.place(sealed)
    row = Segment.objects.get(pk=sealed.row.pk)
    HeldObject.objects.all().delete()
    Hold.cameras.through.objects.all().delete()
    Hold.objects.all().delete()
    Segment.objects.filter(pk=row.pk).delete()
    # A register from before it came; the same card is imported once more.
    row.pk, row.sealed_name = new_id(), row.sealed_name[:-4] + "aaaa"
    row.save(force_insert=True)
    replay.replay()
    assert Segment.objects.filter(pk=sealed.row.pk).exists()
    assert HeldObject.objects.filter(segment=sealed.row.pk).exists()


def test_trouble_with_a_rule_keeps_nothing_else_from_ending(
    court: Court, monkeypatch: pytest.MonkeyPatch
) -> None:
    yard = court.yard
    yard.rule(30)
    yard.segment(expires_in=20 * DAY)
    other = yard.segment(yard.cameras[2], expires_in=MINUTE)
    yard.rule(10, since=-timedelta(minutes=1))

    def broken(_file: JournalFile) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(JournalFile, "repair", broken)
    yard.move(5 * MINUTE)
    court.purge()
    assert not Segment.objects.filter(pk=other.row.pk).exists()
