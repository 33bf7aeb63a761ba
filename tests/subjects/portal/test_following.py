"""What a requester does once there is something to answer: read it, object, come by."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from accesslog.errors import LogUnavailable
from cctv.subjects.deciding.models import Decision
from cctv.subjects.delivering.models import Appointment, AppointmentState, Delivery
from cctv.subjects.desk import appointments
from cctv.subjects.requests import access
from cctv.subjects.requests.models import RequestState, SubjectRequest
from tests.subjects.desk.conftest import WORDS, Bureau, bureau, redaction
from tests.subjects.portal.test_guarding import proof
from tests.subjects.requests.counter import DAY, MINUTE, TERMINAL

__all__ = ["bureau"]

pytestmark = [pytest.mark.django_db(databases=["default", "log"], transaction=True)]
LETTER = "/portal/decision/letter.pdf"


@pytest.fixture
def requester(bureau: Bureau) -> Client:
    """A browser in which the request is open."""
    client = Client()
    pair = {"reference": bureau.request.reference, "secret": access.new_secret(bureau.request)}
    assert client.post("/portal/open/", pair)["Location"] == "/portal/status/"
    return client


@pytest.fixture
def refused(bureau: Bureau) -> Decision:
    """The answer, sent."""
    bureau.verify()
    sent = bureau.approve(bureau.propose())
    bureau.counter.court.yard.move(MINUTE)
    return sent


def test_the_answer_is_read_with_its_reasons_its_letter_and_whom_to_turn_to(
    requester: Client, refused: Decision
) -> None:
    assert 'href="/portal/decision/"' in requester.get("/portal/status/").content.decode()
    page = requester.get("/portal/decision/").content.decode()
    for said in (WORDS, "PIPA Art. 35(4)2", "Centre for reports of privacy infringement", LETTER):
        assert said in page
    assert requester.get(LETTER).content.startswith(b"%PDF-")


def test_an_objection_is_taken_once_and_the_page_says_who_looks_at_it(
    bureau: Bureau, requester: Client, refused: Decision
) -> None:
    assert 'href="/portal/decision/object/"' in requester.get("/portal/decision/").content.decode()
    form = proof(requester)
    empty = requester.post("/portal/decision/object/", {**form, "text": " "})
    assert empty.status_code == 400
    sent = requester.post("/portal/decision/object/", {**form, "text": "You looked at the wrong gate."})
    assert sent["Location"] == "/portal/status/"
    assert bureau.again().objected_at is not None
    assert "somebody else looks at it again" in requester.get("/portal/status/").content.decode()
    again = requester.post("/portal/decision/object/", {**form, "text": "And at the wrong day."})
    assert again.status_code == 400
    assert "/portal/decision/object/" not in requester.get("/portal/decision/").content.decode()


@pytest.mark.parametrize(
    ("answer", "state", "offered"),
    [("yes", AppointmentState.AGREED, 1), ("no", AppointmentState.CANCELLED, 0)],
)
def test_a_visit_is_agreed_to_or_called_off(
    bureau: Bureau, requester: Client, answer: str, state: str, offered: int
) -> None:
    visit = appointments.propose(
        bureau.request, bureau.counter.court.yard.now + timedelta(days=2), "Baram Hub, security office",
        is_agreed=False, actor=bureau.people.seoul_officer, terminal=TERMINAL, appointment_id=uuid4(),
    )  # fmt: skip
    form = proof(requester)
    assert "Baram Hub, security office" in requester.get("/portal/status/").content.decode()
    done = requester.post(f"/portal/status/visit/{visit.pk}/", {**form, "answer": answer})
    assert done["Location"] == "/portal/status/"
    assert Appointment.objects.get(pk=visit.pk).state == state
    page = requester.get("/portal/status/").content.decode()
    assert page.count("Baram Hub, security office") == offered
    assert 'value="yes"' not in page


def test_while_the_log_is_down_a_stranger_is_told_what_to_do_and_nothing_of_our_cellar(
    bureau: Bureau, requester: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = proof(requester)

    def down(**_fields: Any) -> None:
        raise LogUnavailable

    monkeypatch.setattr("cctv.subjects.requests.story.append", down)
    answer = requester.post("/portal/status/withdraw/", form)
    assert answer.status_code == 503
    page = answer.content.decode()
    assert "go back and try again" in page
    assert "administrator" not in page
    assert bureau.again().state == RequestState.IDENTITY


def test_a_page_that_is_not_there_is_the_portals_own_beside_the_office_too() -> None:
    answer = Client().get("/portal/nothing/")
    assert answer.status_code == 404
    assert 'href="/portal/"' in answer.content.decode()
    assert "colleague" not in answer.content.decode()


def test_an_answer_that_there_is_none_says_what_was_looked_through(bureau: Bureau, requester: Client) -> None:
    bureau.verify()
    bureau.approve(bureau.propose(outcome="none_held", grounds=[], searched="Gate 1, all of Monday."))
    assert "Gate 1, all of Monday." in requester.get("/portal/decision/").content.decode()


def test_a_clip_that_has_ended_is_told_and_not_just_gone(bureau: Bureau, requester: Client) -> None:
    bureau.verify()
    row = redaction(bureau)
    now = bureau.counter.court.yard.now
    decision = Decision.objects.create(
        request=bureau.request, outcome="granted", proposed_by=bureau.people.seoul_officer, state="sent",
        sent_at=now,
    )  # fmt: skip
    SubjectRequest.objects.update(state=RequestState.DECIDED, decided_at=now)
    copy = Delivery.objects.create(
        request=bureau.request, decision=decision, redaction=row, result_sha256="a" * 64,
        way="portal", open_until=now + DAY,
    )  # fmt: skip
    assert "Your clip is ready" in requester.get("/portal/decision/").content.decode()
    Delivery.objects.filter(pk=copy.pk).update(ended_at=now)
    page = requester.get("/portal/decision/").content.decode()
    assert "Your clip is ready" not in page
    assert "Your clip has ended" in page
