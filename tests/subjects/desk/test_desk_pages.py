"""The desk's pages: who sees what, what is done on them, and what the log says of it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from allauth.account.internal.flows.reauthentication import STATE_SESSION_KEY

from cctv.people.models import OutgoingMail
from cctv.subjects.deciding.models import DecisionState
from cctv.subjects.desk import dues, escalating, screening, selectors
from cctv.subjects.desk.errors import NotWaiting
from cctv.subjects.requests import access, limits, messages
from cctv.subjects.requests.models import Message, RequestActKind, RequestMail, RequestState, SubjectRequest
from tests.subjects.desk.conftest import WORDS, Bureau
from tests.subjects.requests.counter import DAY, DETAILS, HOUR, MINUTE, TERMINAL

pytestmark = [pytest.mark.django_db(databases=["default", "log"])]

OF_PERSON = (DETAILS.name, DETAILS.email, "5550", DETAILS.birth_date, DETAILS.reason, DETAILS.subject_name)


def text_of(answer: Any) -> str:
    return answer.content.decode()


def test_an_operator_sees_what_to_look_for_and_nothing_of_who_asks(bureau: Bureau) -> None:
    bureau.verify()
    decision = bureau.propose()
    messages.add(bureau.request, "I am Chulsoo.", terminal=TERMINAL)
    client = bureau.client(bureau.people.operator)
    page = text_of(client.get(bureau.url()))
    assert DETAILS.looks in page
    assert bureau.request.hold is not None
    assert bureau.request.hold.number in page
    for word in (*OF_PERSON, "I am Chulsoo", WORDS, str(decision.pk)):
        assert word not in page
    assert bureau.request.reference in text_of(client.get("/requests/"))
    for more in ("write/", "clock/", "decision/", "withdraw/", "appointments/", f"decisions/{decision.pk}/"):
        assert client.get(bureau.url(more)).status_code == 403, more
    assert client.post(bureau.url("contact/")).status_code == 403
    assert client.get(bureau.url(f"decisions/{decision.pk}/letter.pdf")).status_code == 403
    assert not bureau.counter.court.said("request.opened")


def test_who_may_not_know_the_site_or_any_request_gets_nothing(bureau: Bureau) -> None:
    people = bureau.people
    for person, status in ((people.outsider, 403), (people.auditor, 403), (people.osaka_auditor, 403)):
        assert bureau.client(person).get(bureau.url()).status_code == status
        assert bureau.client(person).get("/requests/").status_code == status
    elsewhere = bureau.handler("elsewhere")
    elsewhere.grants.update(site=bureau.counter.court.yard.sites[1])
    client = bureau.client(elsewhere)
    assert client.get(bureau.url()).status_code == 404
    assert client.post(bureau.url("contact/")).status_code == 404
    assert client.get("/requests/R-2026-NOSUCH/").status_code == 404
    assert bureau.request.reference not in text_of(client.get("/requests/"))


def test_contact_data_is_opened_one_time_at_a_time_each_an_entry(bureau: Bureau) -> None:
    client = bureau.client(bureau.people.seoul_officer)
    page = text_of(client.get(bureau.url()))
    for word in OF_PERSON:
        assert word not in page
    opened = client.post(bureau.url("contact/"))
    for word in (DETAILS.name, DETAILS.email, DETAILS.reason):
        assert word in text_of(opened)
    assert "no-store" in opened["Cache-Control"]
    (entry,) = bureau.counter.court.said("request.opened")
    assert entry["facts"] == {"opened": "contact"}
    assert entry["actor"]["id"] == str(bureau.people.seoul_officer.pk)
    assert DETAILS.name not in str(entry)


def test_with_the_log_down_no_contact_data_is_shown(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    client = bureau.client(bureau.people.seoul_officer)
    bureau.counter.down(monkeypatch)
    answer = client.post(bureau.url("contact/"))
    assert answer.status_code == 503
    assert DETAILS.name not in text_of(answer)


def test_an_approver_reads_everything_but_contact_data(bureau: Bureau) -> None:
    bureau.verify()
    decision = bureau.propose()
    client = bureau.client(bureau.people.approver)
    assert client.get(bureau.url()).status_code == 200
    assert client.post(bureau.url("contact/")).status_code == 403
    page = client.get(bureau.url(f"decisions/{decision.pk}/"))
    assert WORDS in text_of(page)
    letter = client.get(bureau.url(f"decisions/{decision.pk}/letter.pdf"))
    assert letter.content.startswith(b"%PDF")
    assert [entry["facts"]["opened"] for entry in bureau.counter.court.said("request.opened")] == [
        "letter"
    ] * 2


def test_on_the_pages_it_is_proposed_and_approved_with_the_password_again(bureau: Bureau) -> None:
    bureau.verify()
    officer, approver = bureau.people.seoul_officer, bureau.people.approver
    form = {
        "token": str(uuid4()), "outcome": "refused", "grounds": ["others"], "text": WORDS, "searched": ""
    }  # fmt: skip
    client = bureau.client(officer)
    assert client.post(bureau.url("decision/"), {**form, "grounds": []}).status_code == 400
    assert client.post(bureau.url("decision/"), form).status_code == 302
    assert client.post(bureau.url("decision/"), form).status_code == 302, "sent twice, proposed once"
    decision = bureau.request.decisions.get()
    to = bureau.url(f"decisions/{decision.pk}/decide/")
    own = client.get(bureau.url(f"decisions/{decision.pk}/"))
    assert 'value="approve"' not in text_of(own)
    assert client.post(to, {"verdict": "approve", "seen": own.context["seen"]}).status_code == 403
    assert selectors.count_waiting(approver) == 1
    assert OutgoingMail.objects.filter(kind="decision.proposed", to=approver).count() == 1

    stale = bureau.client(approver)
    seen = stale.get(bureau.url(f"decisions/{decision.pk}/")).context["seen"]
    asked = stale.post(to, {"verdict": "approve", "seen": seen})
    assert asked.status_code == 302
    assert STATE_SESSION_KEY in stale.session
    decision.refresh_from_db()
    assert decision.state == DecisionState.PROPOSED
    fresh = bureau.client(approver, fresh=True)
    assert fresh.post(to, {"verdict": "approve", "seen": "else"}).status_code == 409
    assert fresh.post(to, {"verdict": "return", "remark": ""}).status_code == 400
    assert fresh.post(to, {"verdict": "approve", "seen": seen})["Location"] == bureau.url()
    assert bureau.again().state == RequestState.DECIDED
    assert selectors.count_waiting(approver) == 0


def test_a_letter_that_came_last_week_is_taken_in_as_of_then_and_its_secret_shown_once(
    bureau: Bureau,
) -> None:
    yard = bureau.counter.court.yard
    zone = ZoneInfo("Asia/Seoul")
    start, end = (each.astimezone(zone) for each in (bureau.request.starts_at, bureau.request.ends_at))
    arrived = (yard.now - 7 * DAY).astimezone(zone)
    form = {
        "token": str(uuid4()), "channel": "paper", "received_day": f"{arrived:%Y-%m-%d}",
        "received_time": f"{arrived:%H:%M:%S}", "kind": "copy", "about": "person", "claimant": "self",
        "language": "ko", "cameras": [str(bureau.sealed.row.camera_id)], "margin_minutes": "0",
        "day": f"{start:%Y-%m-%d}", "start": f"{start:%H:%M:%S}", "end_day": f"{end:%Y-%m-%d}",
        "end": f"{end + MINUTE:%H:%M:%S}", "name": "Han Jiwoo", "email": "", "phone": "", "reason": "",
    }  # fmt: skip
    client = bureau.client(bureau.people.seoul_officer)
    assert client.get("/requests/new/seoul/").status_code == 200
    future = client.post("/requests/new/seoul/", {**form, "received_day": "2199-01-01"})
    assert future.status_code == 400
    assert "received_day" in future.context["form"].errors
    for_child = client.post("/requests/new/seoul/", {**form, "claimant": "guardian"})
    assert "subject_name" in for_child.context["form"].errors
    assert SubjectRequest.objects.count() == 1

    page = client.post("/requests/new/seoul/", form)
    row = SubjectRequest.objects.exclude(pk=bureau.request.pk).get()
    secret = page.context["received"].secret
    assert secret in text_of(page)
    assert "no-store" in page["Cache-Control"]
    assert access.open_request(row.reference, secret, terminal=TERMINAL) == row
    assert (row.channel, row.taken_in_by) == ("paper", bureau.people.seoul_officer)
    assert abs(row.received_at - (yard.now - 7 * DAY)) < timedelta(seconds=1)
    assert row.hold is not None
    assert row.due_at is not None
    assert row.due_at < yard.now + 5 * DAY, "the clock runs from the letter"
    pdf = client.post(f"/requests/{row.reference}/receipt.pdf", {"secret": secret})
    assert pdf.content.startswith(b"%PDF")
    assert secret not in text_of(client.get(f"/requests/{row.reference}/"))
    assert client.get(f"/requests/{row.reference}/kept.pdf").content.startswith(b"%PDF")


def test_a_template_writes_in_the_requesters_language_and_the_first_message_is_the_first_reply(
    bureau: Bureau,
) -> None:
    client = bureau.client(bureau.people.seoul_officer)
    messages.add(bureau.request, "When do I hear?", terminal=TERMINAL)
    page = client.get(bureau.url("write/?template=first"))
    assert bureau.request.reference in page.context["form"]["text"].value()
    assert Message.objects.get().read_at is not None
    assert client.post(bureau.url("write/"), {"text": " "}).status_code == 400
    assert client.post(bureau.url("write/"), {"text": "Soon.", "template": "first"}).status_code == 302
    request = bureau.again()
    assert request.replied_at is not None
    last = Message.objects.latest("at")
    assert (last.by, last.template) == (bureau.people.seoul_officer, "first")
    assert RequestMail.objects.filter(kind="message").count() == 1


def test_it_is_given_to_who_works_there_and_to_nobody_else(bureau: Bureau) -> None:
    client = bureau.client(bureau.people.seoul_officer)
    client.post(bureau.url("assign/"), {"to": str(bureau.people.auditor.pk)})
    assert bureau.again().assigned_to is None
    client.post(bureau.url("assign/"), {"to": str(bureau.people.operator.pk)})
    assert bureau.again().assigned_to == bureau.people.operator
    client.post(bureau.url("assign/"), {"to": str(bureau.people.operator.pk)})
    assert len(bureau.counter.court.said("request.assigned")) == 1
    assert bureau.people.operator.name in text_of(client.get(bureau.url()))
    client.post(bureau.url("assign/"), {"to": ""})
    assert bureau.again().assigned_to is None


def test_the_clock_stands_while_the_requester_is_asked_and_both_are_told(bureau: Bureau) -> None:
    SubjectRequest.objects.filter(pk=bureau.request.pk).update(jurisdiction="UK")
    bureau.verify()
    client = bureau.client(bureau.people.seoul_officer)
    due_at = bureau.again().due_at
    assert client.post(bureau.url("clock/"), {"verb": "pause", "text": ""}).status_code == 400
    client.post(bureau.url("clock/"), {"verb": "pause", "text": "Which gate?"})
    assert bureau.again().paused_at is not None
    bureau.counter.court.yard.move(3 * DAY)
    client.post(bureau.url("clock/"), {"verb": "resume"})
    request = bureau.again()
    assert request.paused_at is None
    assert due_at is not None
    assert request.due_at is not None
    assert request.due_at >= due_at + 3 * DAY
    client.post(bureau.url("clock/"), {"verb": "extend", "reason": "complex", "text": ""})
    assert bureau.again().extended_at is not None
    assert client.get(bureau.url("extension.pdf")).content.startswith(b"%PDF")
    assert Message.objects.filter(request=request).count() == 3, "each is told to the requester"


def test_grounds_that_are_still_ticked_do_not_stand_in_the_way_of_another_answer(bureau: Bureau) -> None:
    bureau.verify()
    client = bureau.client(bureau.people.seoul_officer)
    form = {
        "token": str(uuid4()), "outcome": "none_held", "grounds": ["others"], "text": WORDS,
        "searched": "Gate 1, all of Monday.",
    }  # fmt: skip
    assert client.post(bureau.url("decision/"), form).status_code == 302
    assert bureau.request.decisions.get().grounds == []


def test_an_appointment_is_proposed_agreed_and_kept_or_missed_after_its_time(bureau: Bureau) -> None:
    client = bureau.client(bureau.people.seoul_officer)
    local = (bureau.counter.court.yard.now + DAY).astimezone(ZoneInfo("Asia/Seoul"))
    form = {"token": str(uuid4()), "day": f"{local:%Y-%m-%d}", "time": f"{local:%H:%M}", "place": "Gate 1"}
    past = {**form, "day": "2020-01-01"}
    assert client.post(bureau.url("appointments/"), past).status_code == 400
    for _twice in range(2):
        assert client.post(bureau.url("appointments/"), form).status_code == 302
    row = bureau.request.appointments.get()
    assert (row.state, row.place) == ("proposed", "Gate 1")
    to = bureau.url(f"appointments/{row.pk}/")
    for state, expected in (("kept", "proposed"), ("agreed", "agreed"), ("missed", "agreed")):
        client.post(to, {"state": state})
        row.refresh_from_db()
        assert row.state == expected, "kept or missed only once its time has come"
    bureau.counter.court.yard.move(2 * DAY)
    bureau.client(bureau.people.seoul_officer).post(to, {"state": "kept"})
    row.refresh_from_db()
    assert row.state == "kept"
    assert [act.facts["state"] for act in bureau.request.acts.filter(kind="appointed")] == [
        "proposed", "agreed", "kept"
    ]  # fmt: skip
    assert RequestMail.objects.filter(kind="appointment").count() == 1


def test_what_is_screened_is_accepted_and_held_or_refused_with_a_reason(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "REQUEST_HOURS", 0)
    rows = [bureau.counter.ask(bureau.sealed, language="en").request for _ in range(3)]
    assert {row.state for row in rows} == {RequestState.SCREENING}
    assert not any(row.hold_id for row in rows)
    client = bureau.client(bureau.people.seoul_officer)
    assert "Camera-hours" in text_of(client.get("/requests/screening/"))
    client.post("/requests/screening/", {"chosen": [str(rows[0].pk), "x"], "verdict": "accept"})
    rows[0].refresh_from_db()
    assert rows[0].state == RequestState.IDENTITY
    assert rows[0].hold is not None
    kinds = [act.kind for act in rows[0].acts.all()]
    assert kinds.index("screened") < kinds.index("frozen")
    client.post(
        "/requests/screening/", {"chosen": [str(row.pk) for row in rows[1:]], "verdict": "refuse",
                                 "reason": "much"},
    )  # fmt: skip
    for row in rows[1:]:
        row.refresh_from_db()
        assert (row.state, row.hold) == (RequestState.CLOSED, None)
        (told,) = messages.listing(row)
        assert told.text is not None
        assert "far more footage" in told.text
        assert "If you do not agree" in told.text
    with pytest.raises(NotWaiting):
        screening.accept(rows[1], actor=bureau.people.seoul_officer, terminal=TERMINAL)


def test_an_objection_by_telephone_is_taken_in_and_is_first_to_be_done(bureau: Bureau) -> None:
    client = bureau.client(bureau.people.seoul_officer)
    client.post(bureau.url("objection/"), {"text": "No!"})
    assert bureau.again().objected_at is None, "there is no answer to object to yet"
    bureau.verify()
    bureau.approve(bureau.propose())
    assert bureau.request.reference not in text_of(client.get("/requests/"))
    bureau.counter.court.yard.move(HOUR)
    client = bureau.client(bureau.people.seoul_officer)
    client.post(bureau.url("objection/"), {"text": "No!"})
    assert bureau.again().objected_at is not None
    assert [due.words for due in dues.dues_of(bureau.request)] == ["objection waits"]
    assert bureau.request.reference in text_of(client.get("/requests/"))
    assert "Answer the objection" in text_of(client.get(bureau.url()))


def test_a_request_is_withdrawn_for_who_calls_with_the_password_again(bureau: Bureau) -> None:
    client = bureau.client(bureau.people.seoul_officer)
    assert client.get(bureau.url("withdraw/")).status_code == 200
    assert "reauthenticate" in client.post(bureau.url("withdraw/"))["Location"]
    assert bureau.again().state == RequestState.IDENTITY
    fresh = bureau.client(bureau.people.seoul_officer, fresh=True)
    assert fresh.post(bureau.url("withdraw/"))["Location"] == bureau.url()
    assert bureau.again().state == RequestState.WITHDRAWN
    assert fresh.post(bureau.url("withdraw/")).status_code == 302


def test_the_list_puts_first_what_is_due_first_and_says_it_in_words(bureau: Bureau) -> None:
    yard = bureau.counter.court.yard
    now = yard.now
    others = [bureau.counter.ask(bureau.sealed).request for _ in range(3)]
    for row, due_in, urgent in zip(others, (2 * DAY, -2 * DAY, 40 * DAY), (False, False, True), strict=True):
        SubjectRequest.objects.filter(pk=row.pk).update(
            due_at=now + due_in, is_urgent=urgent, replied_at=now, reply_by=now
        )
    SubjectRequest.objects.filter(pk=bureau.request.pk).update(due_at=now + 9 * DAY, reply_by=now + HOUR)
    client = bureau.client(bureau.people.seoul_officer)
    page = client.get("/requests/")
    assert [row.request for row in page.context["rows"]] == [others[2], others[1], bureau.request, others[0]]
    text = text_of(page)
    for words in ("days overdue", "first reply is due", "urgent"):
        assert words in text
    SubjectRequest.objects.filter(pk=others[0].pk).update(assigned_to=bureau.people.seoul_officer)
    mine = client.get("/requests/?whose=mine")
    assert [row.request for row in mine.context["rows"]] == [others[0]]
    assert not client.get("/requests/?state=decided").context["rows"]
    assert len(client.get("/requests/?site=seoul&state=identity").context["rows"]) == 4


def test_before_a_deadline_is_missed_who_has_it_is_told_and_then_who_answers_for_it(bureau: Bureau) -> None:
    yard, people = bureau.counter.court.yard, bureau.people
    SubjectRequest.objects.filter(pk=bureau.request.pk).update(
        due_at=yard.now + 10 * DAY, assigned_to=people.seoul_officer, reply_by=yard.now + HOUR
    )
    assert escalating.tend() == 0
    told = OutgoingMail.objects.filter(kind="request.reply")
    assert [mail.to for mail in told] == [people.seoul_officer]
    yard.move(8 * DAY)
    assert escalating.tend() == 0
    assert {mail.to for mail in OutgoingMail.objects.filter(kind="request.due")} == {people.seoul_officer}
    yard.move(DAY + MINUTE)
    assert escalating.tend() == 1
    assert escalating.tend() == 0
    request = bureau.again()
    assert request.escalated_at == yard.now
    assert request.acts.filter(kind=RequestActKind.ESCALATED).count() == 1
    chiefs = {mail.to for mail in OutgoingMail.objects.filter(kind="request.escalated")}
    assert chiefs == {people.approver, people.seoul_officer, people.officer}
    mail = OutgoingMail.objects.filter(kind="request.escalated").first()
    assert mail is not None
    assert bureau.request.reference in mail.text


def test_a_day_overdue_is_counted_on_the_sites_clocks(bureau: Bureau) -> None:
    zone = ZoneInfo("Asia/Seoul")
    request = bureau.request
    request.replied_at = request.received_at
    # The first moment too late: local midnight after the last day, 3 December.
    request.due_at = datetime(2026, 12, 4, tzinfo=zone)
    for moment, words in (
        (datetime(2026, 11, 30, 23, 59, tzinfo=zone), "due in 3 days"),
        (datetime(2026, 12, 2, 0, 1, tzinfo=zone), "due tomorrow"),
        (datetime(2026, 12, 3, 23, 59, tzinfo=zone), "due today"),
        (datetime(2026, 12, 4, 0, 1, tzinfo=zone), "1 day overdue"),
    ):
        (due,) = dues.dues_of(request, moment)
        assert due.words == words
        assert "3 Dec 2026" in due.on
    request.paused_at = request.received_at
    (due,) = dues.dues_of(request)
    assert due.words == "The clock stands"
