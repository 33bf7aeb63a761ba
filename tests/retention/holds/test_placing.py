"""A hold takes what still lives, at once, and says what it came too late for."""

from datetime import timedelta
from typing import Any

import pytest

from accesslog.errors import LogUnavailable
from cctv.core.ids import new_id
from cctv.ingest import admission, quarantine
from cctv.ingest.incoming import Admission, Outcome
from cctv.people.models import Account, OutgoingMail, Role, RoleGrant
from cctv.people.policy import Forbidden, NotFound
from cctv.retention.holds import services, taking, telling
from cctv.retention.holds.errors import HoldRefused, ReasonRequired
from cctv.retention.holds.models import HeldObject, Hold, HoldGate, HoldState
from cctv.vault import journal
from cctv.vault import services as vault
from cctv.vault.errors import VaultWriteFailed
from tests.retention.holds.court import CASE, DAY, HOUR, TERMINAL, Court
from tests.retention.yard import ids

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.both_databases]


def test_it_holds_what_lives_in_the_span_and_tells_of_what_came_too_late(court: Court) -> None:
    inside = [court.yard.segment(expires_in=timedelta(minutes=n)) for n in (5, 10)]
    late = court.yard.segment(expires_in=-timedelta(minutes=1))
    beside = court.yard.segment(expires_in=DAY)
    elsewhere = court.yard.segment(court.yard.cameras[1], expires_in=timedelta(minutes=7))
    placed = court.place(*inside, late)
    assert (placed.held, placed.too_late) == (2, 1)
    assert court.held(placed.hold) == ids(inside)
    assert not HeldObject.objects.filter(segment__in=[beside.row, elsewhere.row]).exists()
    assert HoldGate.objects.get().version > 0


def test_invariant_5_a_form_sent_again_with_another_span_is_another_hold(court: Court) -> None:
    one, other = court.yard.segment(expires_in=DAY), court.yard.segment(expires_in=9 * DAY)
    token = new_id()
    first = court.place(one, hold_id=token)
    assert court.place(one, hold_id=token).hold == first.hold
    again = [court.place(other, hold_id=token) for _n in range(2)]
    assert again[0].hold == again[1].hold != first.hold
    assert court.held(again[0].hold) == {other.row.pk}
    assert Hold.objects.count() == 2


def test_quarantined_objects_belong_by_the_time_they_claim_or_else_by_when_they_came(court: Court) -> None:
    inside = court.yard.segment(expires_in=DAY)
    came = court.yard.quarantined(expires_in=DAY)
    claimed = court.yard.quarantined(expires_in=9 * DAY)
    claimed.claimed_start = inside.row.starts_at
    claimed.save()
    court.yard.quarantined(expires_in=9 * DAY)
    foreign = court.yard.quarantined(expires_in=DAY, camera=court.yard.cameras[1])
    other_day = court.yard.quarantined(expires_in=DAY)
    other_day.claimed_start = inside.row.starts_at - 3 * DAY
    other_day.save()
    placed = court.place(inside, ends_at=inside.row.ends_at + HOUR)
    assert court.held(placed.hold) == {inside.row.pk, came.pk, claimed.pk}
    assert foreign.pk not in court.held(placed.hold)


def test_the_entry_says_who_what_why_and_how_much_but_not_the_sealed_reason(court: Court) -> None:
    sealed = court.yard.segment(expires_in=DAY)
    placed = court.place(sealed)
    (body,) = court.said("hold.placed")
    assert body["hold"] == {"id": str(placed.hold.pk), "name": placed.hold.number}
    assert (body["actor"]["name"], body["terminal"], body["case"]) == ("Approver", TERMINAL, CASE)
    assert (body["held"], body["too_late"], body["needs"]) == (1, 0, False)
    assert [camera["id"] for camera in body["cameras"]] == [str(sealed.row.camera_id)]
    assert "Chulsoo" not in str(body)
    assert Hold.objects.get().placed_entry is not None
    assert services.details_of(placed.hold) == {"reason": "Kim Chulsoo fell at the dock"}
    assert b"Chulsoo" not in bytes(Hold.objects.get().details)


def test_the_journal_repeats_the_hold_and_each_wrapped_key(court: Court) -> None:
    sealed = court.yard.segment(expires_in=DAY)
    placed = court.place(sealed)
    lines = [line for line in journal.read() if line.kind == "held"]
    objects = [each for line in lines for each in line.facts["objects"]]
    assert [each[:2] for each in objects] == [["segment", str(sealed.row.pk)]]
    facts = lines[-1].facts["hold"]
    assert (facts["number"], facts["key_id"], facts["state"]) == (
        placed.hold.number,
        placed.hold.key_id,
        "active",
    )
    assert "Approver" not in str(facts)
    assert Hold.objects.get().pending == []


def test_an_operators_hold_holds_at_once_and_waits_for_an_approver_who_gets_mail(court: Court) -> None:
    sealed = court.yard.segment(expires_in=timedelta(minutes=5))
    placed = court.place(sealed, by=court.people.operator)
    assert placed.hold.state == HoldState.PLACED
    assert placed.hold.confirm_by is not None
    assert placed.hold.confirm_by > court.yard.now
    mail = OutgoingMail.objects.get()
    assert mail.to == court.people.approver
    assert placed.hold.number in mail.subject
    assert "Chulsoo" not in mail.text


@pytest.mark.parametrize("who", ["approver", "seoul_officer"])
def test_a_hold_of_who_may_decide_is_in_force_at_once(court: Court, who: str) -> None:
    placed = court.place(court.yard.segment(expires_in=DAY), by=getattr(court.people, who))
    assert placed.hold.state == HoldState.ACTIVE
    assert placed.hold.confirm_by is None


def test_invariant_8_who_may_not_place_is_refused_and_strangers_know_nothing(court: Court) -> None:
    sealed = court.yard.segment(expires_in=DAY)
    with pytest.raises(Forbidden):
        court.place(sealed, by=court.people.auditor)
    with pytest.raises(NotFound):
        court.place(sealed, by=court.people.osaka_auditor)
    assert not Hold.objects.exists()


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"reason": "  "}, ReasonRequired),
        ({"case": ""}, HoldRefused),
        ({"ground": "curiosity"}, HoldRefused),
        ({"cameras": []}, HoldRefused),
        ({"until_in": -DAY}, HoldRefused),
        ({"until_in": 4000 * DAY}, HoldRefused),
        ({"backwards": True}, HoldRefused),
        ({"foreign": True}, HoldRefused),
    ],
)
def test_what_cannot_be_held_is_refused_before_anything_is_made(
    court: Court, options: dict[str, Any], error: type[Exception]
) -> None:
    sealed = court.yard.segment(expires_in=DAY)
    if step := options.pop("until_in", None):
        options["until"] = court.yard.now + step
    if options.pop("backwards", False):
        options |= {"starts_at": sealed.row.ends_at, "ends_at": sealed.row.starts_at}
    if options.pop("foreign", False):
        options["cameras"] = [court.yard.cameras[2]]
    with pytest.raises(error):
        court.place(sealed, **options)
    assert not Hold.objects.exists()


def test_numbers_run_without_gaps_and_a_form_sent_twice_is_one_hold(court: Court) -> None:
    sealed = court.yard.segment(expires_in=DAY)
    token = new_id()
    first = court.place(sealed, hold_id=token)
    again = court.place(sealed, hold_id=token)
    other = court.place(sealed)
    assert first.hold.pk == again.hold.pk == token
    year = court.yard.now.year
    assert [first.hold.number, other.hold.number] == [f"H-{year}-0001", f"H-{year}-0002"]
    assert len(court.said("hold.placed")) == 2
    with pytest.raises(NotFound):
        court.place(sealed, hold_id=token, by=court.people.operator)


def test_with_the_log_down_it_holds_all_the_same_and_the_tick_writes_the_entry(
    court: Court, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = court.yard.segment(expires_in=timedelta(minutes=5))

    def down(**_options: Any) -> None:
        raise LogUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(telling, "append", down)
        with pytest.raises(LogUnavailable):
            court.place(sealed)
    assert HeldObject.objects.count() == 1, "protection stands"
    assert not court.said("hold.placed")
    court.expire()
    assert len(court.said("hold.placed")) == 1
    assert Hold.objects.get().pending == []
    assert sealed.row.sealed_name in court.yard.objects()


def test_with_the_journal_full_everything_is_held_all_the_same_and_told_later(
    court: Court, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = [court.yard.segment(expires_in=timedelta(minutes=n)) for n in (5, 6, 7)]
    monkeypatch.setattr(taking, "BATCH", 1)

    def full(*_args: Any) -> int:
        raise VaultWriteFailed

    with monkeypatch.context() as patch:
        patch.setattr(journal, "append", full)
        with pytest.raises(VaultWriteFailed):
            court.place(*sealed)
    assert HeldObject.objects.count() == 3
    services.extend_holds()
    told = [each[1] for line in journal.read() if line.kind == "held" for each in line.facts["objects"]]
    assert sorted(told) == sorted(str(pk) for pk in ids(sealed))
    assert len(court.said("hold.placed")) == 1


def test_what_comes_into_the_span_later_is_held_too(court: Court) -> None:
    placed = court.tomorrow()
    assert placed.held == 0
    court.yard.move(2 * HOUR)
    new = court.recorded(court.yard.now - HOUR)
    court.recorded(court.yard.now - HOUR, court.yard.cameras[1])
    thing = court.yard.quarantined(expires_in=29 * DAY + 23 * HOUR)
    assert services.extend_holds(full=True) == 2
    assert court.held(placed.hold) == {new.row.pk, thing.pk}
    version = HoldGate.objects.get().version
    assert services.extend_holds(full=True) == 0
    assert HoldGate.objects.get().version == version, "an idle tick makes no plan stale"


def test_what_is_about_to_expire_is_held_at_the_next_tick_not_at_the_next_full_look(court: Court) -> None:
    placed = court.tomorrow()
    services.extend_holds()
    soon = court.recorded(court.yard.now)
    type(soon.row).objects.filter(pk=soon.row.pk).update(expires_at=court.yard.now + timedelta(minutes=1))
    assert services.extend_holds() == 1
    assert court.held(placed.hold) == {soon.row.pk}


def test_one_object_without_its_key_holds_up_no_other(court: Court, monkeypatch: pytest.MonkeyPatch) -> None:
    good, broken = court.yard.segment(expires_in=DAY), court.yard.segment(expires_in=DAY + HOUR)
    real = vault.wrap_for_hold

    def wrap(**options: Any) -> bytes:
        if options["epoch"].pk == broken.row.epoch_id:
            raise vault_errors.KeyMissing
        return real(**options)

    from cctv.vault import errors as vault_errors

    monkeypatch.setattr(vault, "wrap_for_hold", wrap)
    placed = court.place(good, broken)
    assert (placed.held, placed.too_late) == (1, 1)


def test_invariant_5_what_is_held_in_quarantine_stays_there_even_when_a_later_try_admits_it(
    court: Court, monkeypatch: pytest.MonkeyPatch
) -> None:
    thing = court.yard.quarantined(expires_in=DAY)
    placed = court.place(
        cameras=[court.yard.cameras[0]], starts_at=thing.received_at - HOUR, ends_at=thing.received_at + HOUR
    )
    assert court.held(placed.hold) == {thing.pk}
    administrator = Account.objects.create_user("admin@example.org", "pw", name="Admin", employer="Hub")
    RoleGrant.objects.create(account=administrator, role=Role.ADMINISTRATOR, site=None)
    monkeypatch.setattr(admission, "take_in", lambda *_args: Admission(Outcome.LIVE))
    quarantine.retry(actor=administrator, terminal=TERMINAL, row=thing)
    assert thing.sealed_name in court.yard.objects()
    assert court.held(placed.hold) == {thing.pk}
