"""Who of the house hears of what: urgent requests, answers of requesters, objections, deadlines."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cctv.people.models import Account, OutgoingMail, RoleGrant
from cctv.subjects.deciding import objecting, receipts, words
from cctv.subjects.desk import escalating, selectors, services
from cctv.subjects.requests import alarms, messages, tending, withdrawing
from cctv.subjects.requests.models import RequestActKind, RequestState, SubjectRequest
from tests.subjects.desk.conftest import Bureau
from tests.subjects.requests.counter import DAY, DETAILS, HOUR, MINUTE, TERMINAL, Counter

pytestmark = [pytest.mark.django_db(databases=["default", "log"])]


def told(kind: str) -> set[Account]:
    return {mail.to for mail in OutgoingMail.objects.filter(kind=kind)}


def test_an_urgent_request_calls_everybody_who_works_on_requests_there(counter: Counter) -> None:
    sealed = counter.court.yard.segment(expires_in=DAY)
    counter.ask(sealed)
    assert not told("request.urgent")
    request = counter.ask(sealed, is_urgent=True).request
    people = counter.court.people
    assert {people.operator, people.officer, people.seoul_officer} <= told("request.urgent")
    assert people.osaka_auditor not in told("request.urgent")
    mail = OutgoingMail.objects.filter(kind="request.urgent").first()
    assert mail is not None
    assert request.reference in mail.subject
    for word in (DETAILS.name, DETAILS.reason, DETAILS.looks):
        assert word not in mail.text


def test_what_a_requester_writes_is_told_once_an_hour_and_stands_on_the_list(bureau: Bureau) -> None:
    SubjectRequest.objects.filter(pk=bureau.request.pk).update(state=RequestState.DECIDED)
    client = bureau.client(bureau.people.seoul_officer)
    assert not client.get("/requests/").context["rows"]
    for text in ("It was the east gate.", "No, the west one."):
        messages.add(bureau.again(), text, terminal=TERMINAL)
    assert told("request.written") == {bureau.people.officer, bureau.people.seoul_officer}
    assert OutgoingMail.objects.filter(kind="request.written").count() == 2
    assert "east gate" not in "".join(OutgoingMail.objects.values_list("text", flat=True))
    (row,) = client.get("/requests/").context["rows"]
    assert "new message" in [due.words for due in row.dues]
    client.get(bureau.url("write/"))
    assert not client.get("/requests/").context["rows"]


def test_an_answer_lets_the_clock_go_on_that_stood_for_it(bureau: Bureau) -> None:
    bureau.request.jurisdiction = "UK"
    bureau.request.save()
    bureau.verify()
    officer = bureau.people.seoul_officer
    services.pause(bureau.request, "Which gate?", actor=officer, terminal=TERMINAL)
    assert bureau.again().paused_at is not None
    bureau.counter.court.yard.move(2 * DAY)
    messages.add(bureau.again(), "The east one.", terminal=TERMINAL)
    request = bureau.again()
    assert request.paused_at is None
    assert request.acts.filter(kind=RequestActKind.RESUMED).count() == 1


def test_a_clock_that_stands_for_identity_is_not_moved_by_words(counter: Counter) -> None:
    sealed = counter.court.yard.segment(expires_in=DAY)
    site = counter.court.yard.sites[0]
    site.jurisdiction = "UK"
    site.save()
    request = counter.ask(sealed, site=site).request
    request.refresh_from_db()
    assert request.paused_at is not None
    messages.add(request, "Hurry up.", terminal=TERMINAL)
    request.refresh_from_db()
    assert request.paused_at is not None


def test_an_objection_is_told_at_once_and_every_week_until_it_is_answered(bureau: Bureau) -> None:
    bureau.approve(bureau.propose())
    bureau.counter.court.yard.move(MINUTE)
    objecting.object_to(bureau.again(), "That is not so.", terminal=TERMINAL)
    people = bureau.people
    assert told("request.objected") == {people.approver, people.officer, people.seoul_officer}
    count = OutgoingMail.objects.filter(kind="request.objected").count()
    for days, more in ((6, 0), (1, 1), (0, 1), (7, 2)):
        bureau.counter.court.yard.move(days * DAY)
        escalating.tend()
        assert OutgoingMail.objects.filter(kind="request.objected").count() == count * (1 + more)


def test_a_page_says_when_nobody_there_may_decide_on_an_objection(bureau: Bureau) -> None:
    bureau.approve(bureau.propose())
    bureau.counter.court.yard.move(MINUTE)
    objecting.object_to(bureau.again(), "That is not so.", terminal=TERMINAL)
    client = bureau.client(bureau.people.seoul_officer)
    # The officer of all sites has had no part, and may approve what the other officer proposes.
    assert "Nobody here may approve" not in client.get(bureau.url()).content.decode()
    RoleGrant.objects.filter(account=bureau.people.officer).delete()
    assert "Nobody here may approve" in client.get(bureau.url()).content.decode()


def test_who_cannot_answer_is_not_the_only_one_to_be_told(bureau: Bureau) -> None:
    people = bureau.people
    handlers = {people.officer, people.seoul_officer}
    for assigned, expected in (
        (None, handlers), (people.seoul_officer, {people.seoul_officer}),
        (people.operator, handlers | {people.operator}), (people.auditor, handlers),
    ):  # fmt: skip
        SubjectRequest.objects.filter(pk=bureau.request.pk).update(assigned_to=assigned)
        assert set(alarms.holders(bureau.again())) == expected
        counted = selectors.count_waiting(people.officer)
        assert counted == (0 if assigned == people.seoul_officer else 1), assigned


def test_what_waits_to_be_looked_at_floods_no_letter_box_and_each_tick_asks_little(counter: Counter) -> None:
    sealed = counter.court.yard.segment(expires_in=30 * DAY)
    for _count in range(6):
        counter.ask(sealed, details=counter.other(email=f"{_count}@people.example"))
    rows = SubjectRequest.objects.all()
    soon = counter.court.yard.now + HOUR
    rows.update(state=RequestState.SCREENING, reply_by=soon, due_at=soon)
    assert escalating.tend() == 0
    assert not OutgoingMail.objects.filter(kind__in=("request.reply", "request.due")).exists()
    rows.update(state=RequestState.IDENTITY)
    assert escalating.tend() == 6
    with CaptureQueriesContext(connection) as asked:
        assert escalating.tend() == 0
    assert len(asked) < 12


def test_no_proposal_waits_of_a_request_that_was_withdrawn(bureau: Bureau) -> None:
    bureau.verify()
    decision = bureau.propose()
    approver = bureau.client(bureau.people.approver)
    assert approver.get("/requests/").context["to_approve"] == [decision]
    withdrawing.withdraw(bureau.again(), terminal=TERMINAL)
    decision.refresh_from_db()
    assert decision.state == "returned"
    assert approver.get("/requests/").context["to_approve"] == []
    assert selectors.count_waiting(bureau.people.approver) == 0


def test_once_nothing_is_kept_any_more_no_page_and_no_paper_says_so(counter: Counter) -> None:
    request = counter.ask(counter.court.yard.segment(expires_in=MINUTE)).request
    SubjectRequest.objects.update(verified_at=counter.court.yard.now, state=RequestState.OPEN)
    request.refresh_from_db()
    assert words.frozen_at(request) is not None
    assert receipts.preservation_slip(request) is not None
    withdrawing.withdraw(request, terminal=TERMINAL)
    tending.tend()
    request = SubjectRequest.objects.select_related("site", "hold").get()
    assert request.hold_id is not None
    assert words.frozen_at(request) is None
    assert receipts.preservation_slip(request) is None


def test_mail_that_cannot_reach_the_requester_is_told_on_the_page(bureau: Bureau) -> None:
    client = bureau.client(bureau.people.seoul_officer)
    assert "could not be sent" not in client.get(bureau.url()).content.decode()
    bureau.request.mails.update(given_up_at=bureau.counter.court.yard.now, error="SMTPRecipientsRefused")
    assert "could not be sent" in client.get(bureau.url()).content.decode()
