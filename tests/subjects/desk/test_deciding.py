"""An answer is proposed by one person and approved by another; then letter, ledger and clock follow."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from accesslog.errors import LogUnavailable
from cctv.core.errors import LetheError
from cctv.ledger.models import LedgerLine
from cctv.people.models import OutgoingMail
from cctv.people.policy import Forbidden
from cctv.redaction.models import RedactionReview
from cctv.subjects.deciding import booking, finishing, objecting, proposing, services
from cctv.subjects.deciding.errors import (
    DecisionChanged,
    DecisionRefused,
    DecisionWaits,
    NotDecidable,
    OwnDecision,
    RemarkMissing,
)
from cctv.subjects.deciding.models import DecisionState
from cctv.subjects.desk.storytelling import story_of
from cctv.subjects.profiles import ground_text
from cctv.subjects.requests import details
from cctv.subjects.requests.models import RequestMail, RequestState
from tests.subjects.desk.conftest import WORDS, Bureau, redaction
from tests.subjects.requests.counter import DAY, HOUR, TERMINAL, register_of_requests

pytestmark = [pytest.mark.django_db(databases=["default", "log"])]


@pytest.fixture
def approved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every redaction's result, as it is now, was approved."""

    def result(row: Any) -> RedactionReview:
        row.refresh_from_db()
        return RedactionReview(redaction=row, result_sha256=row.result["sha256"])

    for module in (proposing, services):
        monkeypatch.setattr(module, "require_approved", result)


def test_a_refusal_is_sent_by_the_second_person_with_letter_ledger_and_window(bureau: Bureau) -> None:
    bureau.verify()
    decision = bureau.propose()
    assert bureau.again().state == RequestState.OPEN
    assert not RequestMail.objects.filter(kind="decided").exists()
    sent = bureau.approve(decision)

    request = bureau.again()
    now = bureau.counter.court.yard.now
    assert (sent.state, sent.approved_by) == (DecisionState.SENT, bureau.people.approver)
    assert (request.state, request.decided_at) == (RequestState.DECIDED, now)
    assert request.objection_until is not None
    assert 30 * DAY <= request.objection_until - now < 33 * DAY
    letter = details.unseal(request, bytes(sent.letter), f"letter/{sent.pk}")
    assert letter is not None
    assert letter.startswith(b"%PDF")
    assert RequestMail.objects.filter(kind="decided", request=request).count() == 1
    line = LedgerLine.objects.get(kind="READ")
    assert request.reference in line.recipient
    with translation.override("ko"):  # of the law of the site
        assert ground_text("KR", "others") in line.reason
    assert line.provided_as
    assert (line.footage_from, line.footage_to) == (request.starts_at, request.ends_at)
    assert [act.kind for act in request.acts.all()][-2:] == ["proposed", "decided"]
    (entry,) = bureau.counter.court.said("request.decided")
    assert entry["facts"]["outcome"] == "refused"
    assert entry["actor"]["id"] == str(bureau.people.approver.pk)


def test_nothing_of_the_requester_or_the_words_stands_in_clear(bureau: Bureau) -> None:
    bureau.verify()
    bureau.approve(bureau.propose())
    line = LedgerLine.objects.get(kind="READ")
    told = (
        register_of_requests() + "".join(map(str, vars(line).values())) + str(OutgoingMail.objects.values())
    )
    for secret in ("Chulsoo", WORDS, "people.example", "5550"):
        assert secret not in told


def test_whoever_proposed_it_never_approves_it_and_who_may_not_decide_neither(bureau: Bureau) -> None:
    bureau.verify()
    decision = bureau.propose()
    with pytest.raises(OwnDecision):
        bureau.approve(decision, bureau.people.seoul_officer)
    for person in (bureau.people.operator, bureau.people.auditor):
        with pytest.raises(Forbidden):
            bureau.approve(decision, person)
    with pytest.raises(Forbidden):
        bureau.propose(bureau.people.approver)
    assert not services.may_approve(decision, bureau.people.seoul_officer)
    assert bureau.approve(decision, bureau.people.officer).state == DecisionState.SENT


def test_only_what_was_read_is_approved(bureau: Bureau) -> None:
    bureau.verify()
    decision = bureau.propose()
    seen = services.seen_of(decision)
    decision.grounds = ["law"]
    decision.save()
    with pytest.raises(DecisionChanged):
        bureau.approve(decision, seen=seen)
    with pytest.raises(DecisionChanged):
        bureau.approve(decision, seen="")
    bureau.approve(decision)
    with pytest.raises(DecisionChanged):
        bureau.approve(decision)


def test_an_incomplete_proposal_is_refused(bureau: Bureau) -> None:
    with pytest.raises(DecisionRefused) as refused:
        bureau.propose(outcome="granted", grounds=[])
    assert refused.value.field == "outcome", "nobody has shown yet who asks"
    bureau.verify()
    for changes, field in (
        ({"grounds": []}, "grounds"), ({"grounds": ["invented"]}, "grounds"), ({"text": " "}, "text"),
        ({"outcome": "granted", "grounds": []}, "redactions"),
        ({"outcome": "granted"}, "grounds"),
        ({"outcome": "none_held", "grounds": []}, "searched"),
        ({"outcome": "postponed", "grounds": []}, "postponed_until"),
        ({"text": "x" * 9000}, "text"),
    ):  # fmt: skip
        with pytest.raises(DecisionRefused) as refused:
            bureau.propose(**changes)
        assert refused.value.field == field, changes
    assert not bureau.request.decisions.exists()
    assert not bureau.counter.court.said("request.proposed")
    bureau.propose()
    with pytest.raises(DecisionWaits):
        bureau.propose()


@pytest.mark.usefixtures("approved")
def test_a_copy_that_changed_after_it_was_proposed_does_not_leave(bureau: Bureau) -> None:
    bureau.verify()
    copy = redaction(bureau)
    decision = bureau.propose(outcome="granted", grounds=[], text="", redactions=[copy])
    assert decision.results == {str(copy.pk): "a" * 64}
    assert bureau.counter.court.said("request.redacted")[0]["facts"] == {"copies": [copy.number]}
    assert [line.more for line in story_of(bureau.again())][1] == copy.number
    copy.result = {"sha256": "b" * 64}
    copy.save()
    with pytest.raises(DecisionChanged):
        bureau.approve(decision)
    assert bureau.again().state == RequestState.OPEN


@pytest.mark.usefixtures("approved")
def test_what_is_given_is_kept_as_long_as_it_can_be_fetched(bureau: Bureau) -> None:
    bureau.verify()
    bureau.approve(bureau.propose(outcome="granted", grounds=[], text="", redactions=[redaction(bureau)]))
    request = bureau.again()
    assert request.objection_until is not None
    now = bureau.counter.court.yard.now
    assert 14 * DAY <= request.objection_until - now < 18 * DAY
    assert request.objection_until.astimezone(ZoneInfo(request.site.time_zone)).hour == 0


@pytest.mark.usefixtures("approved")
def test_a_copy_of_somebody_else_is_never_given(bureau: Bureau) -> None:
    bureau.verify()
    other = redaction(bureau, case="R-2026-OTHERS", hold=None)
    with pytest.raises(DecisionRefused) as refused:
        bureau.propose(outcome="granted", grounds=[], redactions=[other])
    assert refused.value.field == "redactions"


def test_given_back_it_is_told_why_and_another_can_be_proposed(bureau: Bureau) -> None:
    bureau.verify()
    decision = bureau.propose()
    with pytest.raises(RemarkMissing):
        services.give_back(decision, actor=bureau.people.approver, terminal=TERMINAL, remark=" ")
    with pytest.raises(Forbidden):
        services.give_back(decision, actor=bureau.people.operator, terminal=TERMINAL, remark="no")
    services.give_back(decision, actor=bureau.people.approver, terminal=TERMINAL, remark="Name the article.")
    decision.refresh_from_db()
    assert decision.state == DecisionState.RETURNED
    texts = proposing.texts_of(decision)
    assert texts is not None
    assert (texts["remark"], texts["text"]) == ("Name the article.", WORDS)
    assert OutgoingMail.objects.filter(kind="decision.returned", to=bureau.people.seoul_officer).exists()
    with pytest.raises(DecisionChanged):
        bureau.approve(decision)
    again = bureau.propose()
    services.give_back(again, actor=bureau.people.seoul_officer, terminal=TERMINAL, remark="")


def test_after_an_objection_nobody_who_had_a_part_approves_the_new_answer(bureau: Bureau) -> None:
    bureau.verify()
    bureau.approve(bureau.propose())
    with pytest.raises(NotDecidable):
        bureau.propose()
    bureau.counter.court.yard.move(HOUR)
    objecting.object_to(bureau.again(), "That cannot be.", terminal=TERMINAL)
    again = bureau.propose(bureau.people.officer, outcome="none_held", grounds=[], searched="both gates")
    for person in (bureau.people.approver, bureau.people.seoul_officer):
        with pytest.raises(OwnDecision):
            bureau.approve(again, person)
    first = bureau.again().objection_until
    bureau.counter.court.yard.move(HOUR)
    bureau.approve(again, bureau.handler("third"))
    request = bureau.again()
    assert request.decided_at is not None
    assert request.objected_at is not None
    assert request.decided_at > request.objected_at
    assert first is not None
    assert request.objection_until is not None
    assert request.objection_until >= first
    assert RequestMail.objects.filter(kind="objected").count() == 1


def test_a_postponed_answer_is_told_and_the_request_stays_open(bureau: Bureau) -> None:
    bureau.verify()
    until = bureau.counter.court.yard.now + 20 * DAY
    decision = bureau.propose(outcome="postponed", grounds=[], postponed_until=until)
    bureau.approve(decision)
    request = bureau.again()
    assert request.state == RequestState.OPEN
    assert request.decided_at is None
    assert request.due_at is not None
    assert request.due_at > until
    assert RequestMail.objects.filter(kind="extended").exists()
    bureau.propose()


def test_with_the_log_down_nothing_is_proposed_and_nothing_sent(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    bureau.verify()
    decision = bureau.propose()
    with monkeypatch.context() as patch:
        bureau.counter.down(patch)
        with pytest.raises(LogUnavailable):
            bureau.approve(decision)
    assert bureau.again().state == RequestState.OPEN
    decision.refresh_from_db()
    assert (decision.state, bytes(decision.letter)) == (DecisionState.PROPOSED, b"")
    assert not RequestMail.objects.filter(kind="decided").exists()


def test_what_follows_a_decision_is_done_by_the_next_tick_and_once(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    bureau.verify()
    decision = bureau.propose()

    def refuse(_decision: Any) -> None:
        raise LetheError

    with monkeypatch.context() as patch:
        patch.setattr(booking, "book_reading", refuse)
        bureau.approve(decision)
    assert bureau.again().state == RequestState.DECIDED
    assert not LedgerLine.objects.exists()
    assert finishing.tend() == 1
    assert finishing.tend() == 0
    assert LedgerLine.objects.count() == 1


def test_a_withdrawn_request_is_not_decided_on(bureau: Bureau) -> None:
    bureau.verify()
    decision = bureau.propose()
    bureau.request.state = RequestState.WITHDRAWN
    bureau.request.save()
    with pytest.raises(NotDecidable):
        bureau.approve(decision)
    bureau.counter.court.yard.move(timedelta(days=1))
    with pytest.raises(NotDecidable):
        objecting.object_to(bureau.again(), "no", terminal=TERMINAL)
