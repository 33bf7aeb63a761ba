"""Killed between the entry and what follows: tried again, each thing was done once."""

from typing import Any
from uuid import uuid4

import pytest

from cctv.footage.restrictions.models import Restriction
from cctv.ledger.models import LedgerLine
from cctv.subjects.deciding import finishing, proposing
from cctv.subjects.deciding.models import Decision, DecisionState
from cctv.subjects.deciding.proposing import Proposal
from cctv.subjects.delivering import carrying
from cctv.subjects.requests.models import SubjectRequest
from tests.subjects.desk.conftest import WORDS, Bureau
from tests.subjects.requests.counter import TERMINAL, Killed, kill_at

pytestmark = [pytest.mark.django_db(databases=["default", "log"])]


def killed(monkeypatch: pytest.MonkeyPatch, step: str, act: Any) -> None:
    """The act, ended at the step; the test fails where it is not reached."""
    with monkeypatch.context() as patch:
        kill_at(patch, step)
        with pytest.raises(Killed):
            act()


def test_invariant_5_a_proposal_killed_after_its_entry_is_one(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    pk, proposal = uuid4(), Proposal(outcome="refused", grounds=["others"], text=WORDS)

    def act() -> Decision:
        return proposing.propose(
            bureau.again(), proposal, actor=bureau.people.seoul_officer, terminal=TERMINAL, decision_id=pk
        )

    killed(monkeypatch, "decision.proposal-logged", act)
    assert act() == act()
    assert len(bureau.counter.court.said("request.proposed")) == Decision.objects.count() == 1


@pytest.mark.parametrize("step", ["decision.logged", "decision.sent", "decision.booked"])
def test_invariant_5_a_decision_killed_on_its_way_is_sent_and_booked_once(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    decision = bureau.propose()
    killed(monkeypatch, step, lambda: bureau.approve(decision))
    decision.refresh_from_db()
    if decision.state == DecisionState.PROPOSED:
        bureau.approve(decision)
    finishing.tend()
    decision.refresh_from_db()
    assert decision.state == DecisionState.SENT
    assert len(bureau.counter.court.said("request.decided")) == LedgerLine.objects.count() == 1


def test_invariant_5_a_stop_of_use_killed_after_it_was_placed_is_one(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    bureau.verify()
    SubjectRequest.objects.update(kind="restriction")

    def act() -> None:
        carrying.restrict(bureau.again(), actor=bureau.people.seoul_officer, terminal=TERMINAL)

    killed(monkeypatch, "request.restricted", act)
    act()
    assert bureau.again().restriction == Restriction.objects.get()
