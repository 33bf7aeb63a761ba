"""Two people stand behind an operator's hold; whatever ends a hold is in the log before it ends."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from accesslog.errors import LogUnavailable
from cctv.core import clock
from cctv.footage.models import Segment
from cctv.people.models import OutgoingMail, Role, RoleGrant
from cctv.people.policy import Forbidden, NotFound
from cctv.retention.holds import services, telling
from cctv.retention.holds.errors import HoldDecided, HoldOver, HoldRefused, OwnHold, ReasonRequired
from cctv.retention.holds.models import HeldObject, Hold, HoldState
from cctv.vault import journal, rings
from tests.retention.holds.court import DAY, HOUR, TERMINAL, Court
from tests.retention.yard import MINUTE, ids

pytestmark = [
    pytest.mark.postgres_later,
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.both_databases,
]


def test_an_approver_confirms_and_from_then_on_it_stands_until_its_end(court: Court) -> None:
    sealed = court.yard.segment(expires_in=5 * MINUTE)
    hold = court.place(sealed, by=court.people.operator).hold
    confirmed = services.confirm_hold(hold_id=hold.pk, actor=court.people.approver, terminal=TERMINAL)
    assert (confirmed.state, confirmed.decided_by) == (HoldState.ACTIVE, court.people.approver)
    assert [body["actor"]["name"] for body in court.said("hold.confirmed")] == ["Approver"]
    assert [line.facts["hold"]["state"] for line in journal.read() if line.kind == "held"][-1] == "active"
    court.expire(6 * DAY)
    assert Segment.objects.filter(pk=sealed.row.pk).exists()
    with pytest.raises(HoldDecided):
        services.confirm_hold(hold_id=hold.pk, actor=court.people.seoul_officer, terminal=TERMINAL)


def test_nobody_confirms_what_they_placed_themselves(court: Court) -> None:
    hold = court.place(court.yard.segment(expires_in=DAY), by=court.people.operator).hold
    RoleGrant.objects.create(account=court.people.operator, role=Role.APPROVER, site=court.yard.sites[0])
    for act in (services.confirm_hold, services.refuse_hold):
        options = {"reason": "x"} if act is services.refuse_hold else {}
        with pytest.raises(OwnHold):
            act(hold_id=hold.pk, actor=court.people.operator, terminal=TERMINAL, **options)
    assert Hold.objects.get().state == HoldState.PLACED


@pytest.mark.parametrize(
    ("who", "error"), [("operator", Forbidden), ("auditor", Forbidden), ("osaka_auditor", NotFound)]
)
def test_invariant_8_who_may_not_decide(court: Court, who: str, error: type[Exception]) -> None:
    waits = court.place(court.yard.segment(expires_in=DAY), by=court.people.operator).hold
    stands = court.place(court.yard.segment(expires_in=DAY)).hold
    who_asks: dict[str, Any] = {"actor": getattr(court.people, who), "terminal": TERMINAL}
    with pytest.raises(error):
        services.confirm_hold(hold_id=waits.pk, **who_asks)
    with pytest.raises(error):
        services.refuse_hold(hold_id=waits.pk, reason="x", **who_asks)
    with pytest.raises(error):
        services.release_hold(hold_id=stands.pk, reason="x", **who_asks)
    with pytest.raises(error):
        services.extend_until(hold_id=stands.pk, reason="x", until=stands.until + DAY, **who_asks)
    assert not court.said("hold.released")


def test_releasing_wakes_the_purge_which_destroys_key_and_footage_at_once(
    court: Court, woken: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    past, living = court.yard.segment(expires_in=5 * MINUTE), court.yard.segment(expires_in=9 * DAY)
    hold = court.place(past, living).hold
    court.expire(2 * HOUR)
    assert past.row.sealed_name in court.yard.objects()
    with django_capture_on_commit_callbacks(execute=True):
        services.release_hold(
            hold_id=hold.pk, actor=court.people.approver, terminal=TERMINAL, reason="settled"
        )
    assert woken == ["release"]
    court.purge(trigger="release")
    hold.refresh_from_db()
    assert (hold.state, hold.key_id) == (HoldState.RELEASED, "")
    assert hold.key_destroyed_at is not None
    assert {segment.pk for segment in Segment.objects.all()} == ids([living])
    assert past.row.sealed_name not in court.yard.objects()
    assert not HeldObject.objects.exists()
    assert services.details_of(hold) == {}
    (body,) = court.said("hold.released")
    assert (body["held"], body["past_retention"], body["reason"]) == (2, 1, "settled")
    assert [line.facts["state"] for line in journal.read() if line.kind == "hold_ended"] == ["released"]
    with pytest.raises(HoldOver):
        services.release_hold(hold_id=hold.pk, actor=court.people.approver, terminal=TERMINAL, reason="again")


def test_with_the_log_down_nothing_is_released(court: Court, monkeypatch: pytest.MonkeyPatch) -> None:
    hold = court.place(court.yard.segment(expires_in=5 * MINUTE)).hold

    def down(**_options: Any) -> None:
        raise LogUnavailable

    monkeypatch.setattr(telling, "append", down)
    with pytest.raises(LogUnavailable):
        services.release_hold(
            hold_id=hold.pk, actor=court.people.approver, terminal=TERMINAL, reason="settled"
        )
    assert Hold.objects.get().protects


def test_of_two_who_end_it_at_once_one_is_told_that_it_has_ended(
    court: Court, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = court.place(court.yard.segment(expires_in=DAY)).hold
    act: dict[str, Any] = {"hold_id": hold.pk, "terminal": TERMINAL, "reason": "settled"}
    real, other = telling.log, [court.people.seoul_officer]

    def log(*args: Any, **options: Any) -> int:
        if other:
            services.release_hold(actor=other.pop(), **act)
        return real(*args, **options)

    monkeypatch.setattr(telling, "log", log)
    with pytest.raises(HoldOver):
        services.release_hold(actor=court.people.approver, **act)
    assert Hold.objects.get().released_by == court.people.seoul_officer
    assert len([line for line in journal.read() if line.kind == "hold_ended"]) == 1


def test_refusing_ends_it_with_a_reason(court: Court) -> None:
    sealed = court.yard.segment(expires_in=5 * MINUTE)
    hold = court.place(sealed, by=court.people.operator).hold
    court.expire()
    act: dict[str, Any] = {"hold_id": hold.pk, "actor": court.people.approver, "terminal": TERMINAL}
    with pytest.raises(ReasonRequired):
        services.refuse_hold(reason=" ", **act)
    services.refuse_hold(reason="the wrong day", **act)
    court.purge(trigger="release")
    assert not Segment.objects.exists()
    assert court.said("hold.refused")[0]["reason"] == "the wrong day"


def test_prolonging_moves_the_end_and_never_back(court: Court) -> None:
    hold = court.place(court.yard.segment(expires_in=DAY)).hold
    act: dict[str, Any] = {"hold_id": hold.pk, "actor": court.people.approver, "terminal": TERMINAL}
    with pytest.raises(HoldRefused):
        services.extend_until(until=hold.until - DAY, reason="x", **act)
    with pytest.raises(ReasonRequired):
        services.extend_until(until=hold.until + DAY, reason="", **act)
    longer = services.extend_until(until=hold.until + DAY, reason="the court asked", **act)
    assert longer.until == hold.until + DAY
    (body,) = court.said("hold.prolonged")
    assert (body["before"], body["until"]) == (clock.rfc3339(hold.until), clock.rfc3339(longer.until))


def test_over_the_end_of_its_hour_the_epochs_key_goes_and_the_held_segment_stays(court: Court) -> None:
    sealed, gone = (
        court.yard.segment(expires_in=5 * MINUTE),
        court.yard.segment(court.yard.cameras[1], expires_in=5 * MINUTE),
    )
    hold = court.place(sealed).hold
    court.expire(2 * HOUR)
    assert not rings.footage().has(sealed.row.epoch.key_id)
    assert rings.records().has(hold.key_id)
    assert {segment.pk for segment in Segment.objects.all()} == ids([sealed])
    assert gone.row.sealed_name not in court.yard.objects()


def test_a_second_hold_takes_over_what_only_the_first_can_open_any_more(court: Court) -> None:
    sealed = court.yard.segment(expires_in=5 * MINUTE)
    first = court.place(sealed).hold
    court.expire(2 * HOUR)
    second = court.place(sealed)
    assert (second.held, second.too_late) == (1, 0)
    act: dict[str, Any] = {"actor": court.people.approver, "terminal": TERMINAL, "reason": "settled"}
    services.release_hold(hold_id=first.pk, **act)
    assert court.said("hold.released")[0]["past_retention"] == 0, "the other hold keeps it"
    court.purge(trigger="release")
    assert Segment.objects.filter(pk=sealed.row.pk).exists()
    services.release_hold(hold_id=second.hold.pk, **act)
    court.purge(trigger="release")
    assert not Segment.objects.exists()


def test_released_and_held_again_before_it_expires_it_simply_lives_on(court: Court) -> None:
    sealed = court.yard.segment(expires_in=DAY)
    hold = court.place(sealed).hold
    services.release_hold(hold_id=hold.pk, actor=court.people.approver, terminal=TERMINAL, reason="settled")
    assert court.place(sealed).held == 1
    court.purge(trigger="release")
    assert Segment.objects.filter(pk=sealed.row.pk).exists()


# ------------------------------------------------------------------ time


def test_unconfirmed_it_never_lapses_before_the_end_of_the_approvers_next_working_day(court: Court) -> None:
    sealed = court.yard.segment(expires_in=5 * MINUTE)
    hold = court.place(sealed, by=court.people.operator).hold
    assert hold.confirm_by is not None
    assert hold.escalate_at is not None
    while court.yard.now < hold.confirm_by - 2 * MINUTE:
        court.yard.move(min(HOUR, hold.confirm_by - MINUTE - court.yard.now))
        services.lapse_holds()
        assert Hold.objects.get().state == HoldState.PLACED
    asked = Hold.objects.get()
    assert asked.escalated_at is not None
    assert asked.deputy == court.people.seoul_officer, "the approver had been asked already"
    assert court.said("hold.escalated")[0]["deputy"]["name"] == "Seoul"
    assert hold.confirm_by.astimezone(ZoneInfo("Asia/Seoul")).time().hour == 0
    court.yard.move(2 * MINUTE)
    court.purge()
    assert Hold.objects.get().state == HoldState.LAPSED
    court.purge()
    assert not Segment.objects.exists()
    kinds = set(OutgoingMail.objects.values_list("kind", "to__name"))
    assert kinds >= {("hold.confirm", "Approver"), ("hold.escalated", "Seoul"), ("hold.lapsed", "Operator")}
    services.lapse_holds()
    assert len(court.said("hold.lapsed")) == 1


def test_who_was_asked_too_late_gets_another_working_day(court: Court) -> None:
    hold = court.place(court.yard.segment(expires_in=DAY), by=court.people.operator).hold
    assert hold.confirm_by is not None
    court.yard.move(hold.confirm_by + HOUR - court.yard.now)
    services.lapse_holds()
    again = Hold.objects.get()
    assert again.state == HoldState.PLACED, "nobody had been reminded: the purge did not run"
    assert again.confirm_by is not None
    assert again.confirm_by > hold.confirm_by
    court.yard.move(again.confirm_by - court.yard.now)
    services.lapse_holds()
    assert Hold.objects.get().state == HoldState.LAPSED


def test_it_warns_a_week_and_a_day_before_and_ends_at_its_time(court: Court) -> None:
    sealed = court.yard.segment(expires_in=5 * MINUTE)
    hold = court.place(sealed, until=court.yard.now + 10 * DAY).hold
    told: list[str] = []
    for _day in range(10):
        court.yard.move(DAY)
        if court.yard.now < hold.until:
            court.purge()
        told = list(
            OutgoingMail.objects.filter(to=court.people.seoul_officer).values_list("subject", flat=True)
        )
    assert sorted(told) == [f"Hold {hold.number} ends in 1 day", f"Hold {hold.number} ends in 7 days"]
    assert Segment.objects.exists()
    court.purge()
    assert Hold.objects.get().state == HoldState.ENDED
    court.purge()
    assert not Segment.objects.exists()
    assert len(court.said("hold.ended")) == 1


def test_a_short_hold_is_not_announced_before_it_has_begun(court: Court) -> None:
    court.place(court.yard.segment(expires_in=DAY), until=court.yard.now + 3 * DAY)
    services.lapse_holds()
    assert not OutgoingMail.objects.exists()


def test_invariant_7_a_wrong_clock_ends_no_hold(court: Court) -> None:
    court.place(court.yard.segment(expires_in=5 * MINUTE), by=court.people.operator)
    stands = court.place(court.yard.segment(expires_in=5 * MINUTE)).hold
    court.purge()
    court.yard.jump(timedelta(days=400))
    court.purge()
    assert all(hold.protects for hold in Hold.objects.all())
    assert stands.until < court.yard.now
    assert Segment.objects.count() == 2
