"""Invariant 5: what the journal of the keys was told of a hold last is not always what was decided last."""

from typing import Any

import pytest

from cctv.retention.backup import replay
from cctv.retention.holds import services, telling, upkeep
from cctv.retention.holds.models import Hold, HoldState
from cctv.vault import journal
from tests.retention.holds.court import DAY, TERMINAL, Court
from tests.retention.yard import MINUTE

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.both_databases]


def state_of(hold: Hold) -> str:
    hold.refresh_from_db()
    return hold.state


@pytest.mark.parametrize("decision", ["confirmed", "prolonged"])
def test_invariant_5_a_restored_register_keeps_what_was_decided_while_the_tick_told_the_journal(
    court: Court, decision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tick has read the hold; somebody decides, which the journal is told first; the tick tells last."""
    yard = court.yard
    by = court.people.operator if decision == "confirmed" else court.people.approver
    sealed = court.recorded(yard.now - 29 * DAY)
    hold = court.place(sealed, by=by, ends_at=yard.now, until=yard.now + 5 * DAY).hold
    later = hold.until + 30 * DAY
    yard.move(6 * MINUTE)
    court.recorded(yard.now - 20 * DAY)
    tell, decided = telling._journal, []

    def decide() -> None:
        decided.append(True)
        who: Any = {"hold_id": hold.pk, "actor": court.people.approver, "terminal": TERMINAL}
        if decision == "confirmed":
            services.confirm_hold(**who)
        else:
            services.extend_until(**who, until=later, reason="a trial")

    def slow(read: Hold, each: dict[str, Any]) -> None:
        if each["what"] == telling.HELD and not decided:
            decide()
        tell(read, each)

    monkeypatch.setattr(telling, "_journal", slow)
    upkeep.extend_holds(full=True)
    assert decided
    told = [line.facts["hold"] for line in journal.read() if line.kind == "held"]
    assert [told[-1]["state"], told[-1]["until"]] != [told[-2]["state"], told[-2]["until"]]

    replay.replay()
    assert state_of(hold) == HoldState.ACTIVE
    assert hold.until == (later if decision == "prolonged" else yard.now + 5 * DAY - 6 * MINUTE)


def test_invariant_5_a_restored_register_gives_back_the_working_day_of_an_escalation(court: Court) -> None:
    sealed = court.recorded(court.yard.now - 29 * DAY)
    hold = court.place(sealed, by=court.people.operator).hold
    assert hold.confirm_by is not None
    later = hold.confirm_by + DAY
    Hold.objects.filter(pk=hold.pk).update(confirm_by=later)
    replay.replay()
    assert state_of(hold) == HoldState.PLACED
    assert hold.confirm_by == later
