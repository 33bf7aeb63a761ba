"""Two people stand behind each copy: who may do what with an export, in which state, and what it leaves."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from accesslog.errors import LogUnavailable
from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.disclosure.exports import asking, deciding, details, guarding, requirements, services
from cctv.disclosure.exports.errors import (
    ExportChanged,
    ExportDecided,
    ExportViolated,
    NotHandable,
    OwnExport,
    RemarkRequired,
)
from cctv.disclosure.exports.models import Export, ExportState, Urgency
from cctv.footage.restrictions import services as restrictions
from cctv.footage.restrictions.errors import FootageRestricted
from cctv.people.models import OutgoingMail
from cctv.people.policy import Forbidden, NotFound
from cctv.retention.holds.models import Hold, HoldState
from tests.disclosure.exports.conftest import Desk
from tests.footage.conftest import TERMINAL

pytestmark = [
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.both_databases,
]

HOUR = timedelta(hours=1)


def test_a_copy_is_asked_for_held_and_approved_by_another_person(desk: Desk) -> None:
    export = desk.ask()

    assert (export.state, export.number) == (ExportState.ASKED, f"E-{export.year}-0001")
    hold = guarding.holds_of(export).get()
    assert (hold.state, hold.case, hold.objects_held.count()) == (HoldState.PLACED, desk.case.number, 2)
    assert hold.until > clock.now() + timedelta(days=export.keep_days)
    [asked] = desk.said("export.asked")
    assert (asked["recipient"], asked["purpose"]["intended"]) == ("Mapo police, desk 2", True)
    assert asked["document"] == "warrant 2026-118"
    assert OutgoingMail.objects.filter(to=desk.approver, kind="export.asked").count() == 1

    export = desk.act("approve", export)

    assert (export.state, desk.packaged) == (ExportState.APPROVED, [export.number])
    hold.refresh_from_db()
    assert (hold.state, hold.decided_by) == (HoldState.ACTIVE, desk.approver)
    assert [each["actor"]["id"] for each in desk.said("export.approved")] == [str(desk.approver.pk)]
    assert [act.kind for act in export.acts.all()] == ["asked", "approved"]


def test_who_receives_it_is_sealed_and_stands_in_no_entry(desk: Desk) -> None:
    export = desk.ask()
    known = details.read(export)
    assert known is not None
    assert (known.person, known.contact) == ("Inspector Han", "02-000-0000")
    assert b"Inspector" not in bytes(export.details)
    assert "Inspector" not in str(desk.said("export.asked"))


def test_whoever_asked_never_decides_whatever_their_roles(desk: Desk) -> None:
    export = desk.ask(actor=desk.approver)
    for act in ("approve", "return_", "reject"):
        with pytest.raises(OwnExport):
            desk.act(act, export)
    urgent = desk.urgent(actor=desk.approver)
    for act in ("confirm_urgent", "refuse_urgent"):
        with pytest.raises(OwnExport):
            desk.act(act, urgent)


def test_invariant_8_an_approver_of_another_site_finds_nothing_and_an_operator_may_not(desk: Desk) -> None:
    export, urgent = desk.ask(), desk.urgent()
    acts = [("approve", export), ("return_", export), ("reject", export), ("withdraw", export),
            ("confirm_urgent", urgent), ("refuse_urgent", urgent)]  # fmt: skip
    colleague = desk.room.elsewhere
    desk.stranger.grants.model.objects.create(account=colleague, role="operator", site=desk.room.site)
    for act, row in acts:
        with pytest.raises(NotFound):
            desk.act(act, row, desk.stranger)
        with pytest.raises(Forbidden):
            desk.act(act, row, colleague)


# What each act leads to, from each state; everything else is refused.
LEADS = {
    ("approve", ExportState.ASKED): ExportState.APPROVED,
    ("return_", ExportState.ASKED): ExportState.RETURNED,
    ("reject", ExportState.ASKED): ExportState.REJECTED,
    ("resubmit", ExportState.RETURNED): ExportState.ASKED,
    **{("withdraw", state): ExportState.WITHDRAWN for state in deciding.WITHDRAWABLE},
}
ACTS = ("approve", "return_", "reject", "resubmit", "withdraw", "confirm_urgent", "refuse_urgent")


@pytest.mark.parametrize("act", ACTS)
def test_each_state_allows_its_acts_and_no_other(desk: Desk, act: str) -> None:
    for state in ExportState:
        export = desk.ask()
        Export.objects.filter(pk=export.pk).update(state=state)
        entries = _entries(desk)
        try:
            _do(desk, act, export)
        except ExportDecided:
            assert (act, state) not in LEADS, act
            assert _entries(desk) == entries, "what was refused is not told as done"
        else:
            assert LEADS.get((act, state)) is not None, act
        export.refresh_from_db()
        assert export.state == LEADS.get((act, state), state)


def _do(desk: Desk, act: str, export: Export) -> Any:
    if act == "resubmit":
        return asking.resubmit(export=export, actor=desk.operator, terminal=TERMINAL, wish=desk.wish())
    return desk.act(act, export)


def _entries(desk: Desk) -> int:
    acts = ("approved", "returned", "rejected", "withdrawn", "confirmed", "violated")
    return sum(len(desk.said(f"export.{act}")) for act in acts)


def test_a_rejected_export_lets_its_footage_go_and_leaves_no_copy(desk: Desk) -> None:
    export = desk.act("reject", desk.ask())
    assert export.state == ExportState.REJECTED
    assert guarding.holds_of(export).get().state == HoldState.RELEASED
    assert desk.packaged == []
    assert [each["reason"] for each in desk.said("export.rejected")] == ["the wrong camera"]


def test_whoever_asked_takes_it_back_and_what_was_made_of_it_ends(
    desk: Desk, django_capture_on_commit_callbacks: Any
) -> None:
    export = desk.act("approve", desk.ask())
    with django_capture_on_commit_callbacks(execute=True):
        export = desk.act("withdraw", export, desk.operator)
    assert (export.state, desk.ended) == (ExportState.WITHDRAWN, ["asked"])
    assert guarding.holds_of(export).get().state == HoldState.RELEASED


def test_a_refusal_says_why(desk: Desk) -> None:
    export = desk.ask()
    for act in ("return_", "reject"):
        with pytest.raises(RemarkRequired):
            desk.act(act, export, remark="  ")


def test_what_was_changed_meanwhile_is_not_approved_unseen(desk: Desk) -> None:
    export = desk.ask()
    seen = deciding.seen_of(export)
    desk.act("return_", export, desk.officer)
    changed = replace(desk.wish(), recipient="Somebody else", keep_days=20)
    asking.resubmit(export=export, actor=desk.operator, terminal=TERMINAL, wish=changed)

    with pytest.raises(ExportChanged):
        desk.act("approve", export, seen=seen)
    assert desk.act("approve", export).recipient == "Somebody else"
    assert [each.get("asked_again") for each in desk.said("export.asked")] == [None, True]


def test_asked_anew_for_less_it_holds_less(desk: Desk) -> None:
    export = desk.ask()
    first = guarding.holds_of(export).get()
    desk.act("return_", export)
    [span] = desk.wish().spans
    shorter = replace(span, ends_at=span.starts_at + timedelta(seconds=2))
    asking.resubmit(
        export=export, actor=desk.operator, terminal=TERMINAL, wish=desk.wish(spans=[shorter])
    )  # fmt: skip

    first.refresh_from_db()
    assert first.state == HoldState.RELEASED
    assert guarding.holds_of(export).get().objects_held.count() == 1


def test_spans_that_lie_apart_are_held_each_by_itself(desk: Desk) -> None:
    [span] = desk.wish().spans
    second = timedelta(seconds=1)
    spans = [
        replace(span, ends_at=span.starts_at + second),
        replace(span, starts_at=span.ends_at, ends_at=span.ends_at + second),
    ]
    export = desk.ask(wish=desk.wish(spans=spans))
    held = [hold.objects_held.count() for hold in guarding.holds_of(export)]
    assert held == [1, 1]  # what lies between the two is in neither


def test_a_lapsed_hold_is_placed_anew_by_whoever_approves(desk: Desk) -> None:
    export = desk.ask()
    Hold.objects.update(state=HoldState.LAPSED)
    with pytest.raises(LetheError):
        guarding.require_standing(export)
    export = desk.act("approve", export)
    hold = guarding.holds_of(export).get()
    assert (hold.state, hold.placed_by) == (HoldState.ACTIVE, desk.approver)


def test_o30_restricted_footage_is_not_asked_for_approved_or_handed_out(desk: Desk) -> None:
    export, other = desk.ask(), desk.act("approve", desk.ask())
    Export.objects.filter(pk=other.pk).update(state=ExportState.READY, expires_at=clock.now() + HOUR)
    requirements.require_handable(other)
    restrictions.place(
        actor=desk.officer, terminal=TERMINAL, site=desk.room.site, cameras=[desk.room.gate],
        starts_at=desk.room.starts_at, ends_at=desk.room.starts_at + HOUR, ground="correction",
        reason="the name is wrong",
    )  # fmt: skip
    with pytest.raises(FootageRestricted):
        desk.ask()
    with pytest.raises(FootageRestricted):
        desk.act("approve", export)
    with pytest.raises(FootageRestricted):
        requirements.require_handable(other)


def test_invariant_1_with_the_log_down_nothing_is_asked_for_held_or_approved(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = desk.ask()

    def down(**_values: Any) -> None:
        raise LogUnavailable

    monkeypatch.setattr("cctv.disclosure.exports.entries.append", down)
    with pytest.raises(LogUnavailable):
        desk.ask()
    with pytest.raises(LogUnavailable):
        desk.act("approve", export)
    export.refresh_from_db()
    assert (Export.objects.count(), Hold.objects.count(), export.state) == (1, 1, ExportState.ASKED)
    assert desk.packaged == []


@pytest.mark.parametrize("step", ["export.draft", "export.held"])
def test_what_a_killed_process_left_is_finished_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def killed(name: str) -> None:
        if name == step:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(asking, "reached", killed)
        with pytest.raises(KeyboardInterrupt):
            desk.ask()
    export = Export.objects.get()
    assert export.state == ExportState.DRAFT
    with pytest.raises(ExportDecided):
        desk.act("approve", export)

    assert services.finish_drafts() == 0  # its process may still be at it
    with clock.pretend(clock.now() + HOUR):
        assert services.finish_drafts() == 1
    export.refresh_from_db()
    assert (export.state, Hold.objects.count(), len(desk.said("export.asked"))) == (ExportState.ASKED, 1, 1)


@pytest.mark.parametrize(
    ("act", "step", "state"),
    [
        ("approve", "export.confirmed", ExportState.APPROVED),
        ("approve", "export.approved", ExportState.APPROVED),
        ("reject", "export.rejected", ExportState.REJECTED),
        ("withdraw", "export.withdrawn", ExportState.WITHDRAWN),
    ],
)
def test_a_decision_that_was_killed_halfway_is_done_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, act: str, step: str, state: ExportState
) -> None:
    export = desk.ask()

    def killed(name: str) -> None:
        if name == step:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(deciding, "reached", killed)
        with pytest.raises(KeyboardInterrupt):
            desk.act(act, export)
    if step == "export.confirmed":  # nothing was decided yet: the same person does it again
        desk.act(act, export)
    services.let_go_left()
    export.refresh_from_db()
    hold = guarding.holds_of(export).get()
    assert (export.state, _entries(desk)) == (state, 1)
    assert hold.protects == (state == ExportState.APPROVED)


def test_an_export_is_asked_for_once_whoever_finishes_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(name: str) -> None:
        if name == "export.asked":
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(asking, "reached", killed)
        with pytest.raises(KeyboardInterrupt):
            desk.ask()
    with clock.pretend(clock.now() + HOUR):
        assert services.finish_drafts() == 0
    assert Export.objects.get().state == ExportState.ASKED


def test_the_same_form_asks_once(desk: Desk) -> None:
    first = desk.ask()
    again = desk.ask(export_id=first.pk)
    assert (again.pk, Export.objects.count(), Hold.objects.count()) == (first.pk, 1, 1)
    with pytest.raises(NotFound):
        desk.ask(actor=desk.approver, export_id=first.pk)


def test_glass_is_broken_at_once_and_everybody_who_answers_for_it_is_told(desk: Desk) -> None:
    export = desk.urgent()

    assert (export.state, export.urgency) == (ExportState.APPROVED, Urgency.WAITING)
    assert desk.packaged == [export.number]
    assert len(desk.said("export.urgent")) == 1
    assert "missing" not in str(desk.said("export.urgent"))
    told = OutgoingMail.objects.filter(kind="export.urgent").values_list("to__name", flat=True)
    assert sorted(told) == ["approver", "officer"]

    export = desk.act("confirm_urgent", export)
    assert (export.urgency, len(desk.said("export.confirmed"))) == (Urgency.APPROVED, 1)
    assert guarding.holds_of(export).get().state == HoldState.ACTIVE
    with pytest.raises(ExportDecided):
        desk.act("confirm_urgent", export)


def test_an_urgent_one_that_nobody_approves_in_a_day_is_a_violation(desk: Desk) -> None:
    export = desk.urgent()
    Export.objects.update(state=ExportState.READY, expires_at=clock.now() + 48 * HOUR)
    assert services.mark_late() == 0
    requirements.require_handable(export)

    with clock.pretend(clock.now() + 25 * HOUR):
        with pytest.raises(ExportViolated):  # also before anything has marked it
            requirements.require_handable(export)
        assert (services.mark_late(), services.mark_late()) == (1, 0)
        export.refresh_from_db()
        assert export.urgency == Urgency.LATE
        assert [each["why"] for each in desk.said("export.violated")] == ["late"]
        assert OutgoingMail.objects.filter(kind="export.violated").count() == 3

        confirmed = desk.act("confirm_urgent", export)
        assert confirmed.urgency == Urgency.LATE, "it stays a violation"
        requirements.require_handable(export)


def test_an_urgent_one_that_is_refused_is_a_violation_and_ends(desk: Desk) -> None:
    export = desk.act("refuse_urgent", desk.urgent())
    assert (export.state, export.urgency) == (ExportState.REJECTED, Urgency.REFUSED)
    assert [each["why"] for each in desk.said("export.violated")] == ["refused"]
    assert guarding.holds_of(export).get().state == HoldState.RELEASED


def test_to_withdraw_an_urgent_one_does_not_spare_its_decision(desk: Desk) -> None:
    export = desk.act("withdraw", desk.urgent(), desk.operator)
    assert export.urgency == Urgency.WAITING
    with clock.pretend(clock.now() + 25 * HOUR):
        assert services.mark_late() == 1


def test_only_a_whole_package_in_time_is_handed_out(desk: Desk) -> None:
    export = desk.act("approve", desk.ask())
    with pytest.raises(NotHandable):
        requirements.require_handable(export)
    requirements.require_packable(export)
    Export.objects.update(state=ExportState.READY, expires_at=clock.now() - HOUR)
    with pytest.raises(NotHandable):
        requirements.require_handable(export)
    with pytest.raises(NotHandable):
        requirements.require_packable(export)
