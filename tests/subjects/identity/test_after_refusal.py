"""Refused because nobody knew who asked: whoever objects may still show it, and is answered anew."""

import pytest
from django.test import Client

from cctv.subjects.deciding import objecting
from cctv.subjects.deciding.proposing import has_objection
from cctv.subjects.identity import asking, services, showing, tending
from cctv.subjects.identity.errors import NotWaiting
from cctv.subjects.identity.models import CheckState
from cctv.subjects.requests import access
from cctv.subjects.requests.models import RequestState
from tests.subjects.identity.showing import Shower
from tests.subjects.requests.counter import DAY, TERMINAL

pytestmark = [pytest.mark.django_db(databases=["default", "log"])]


def refused(shower: Shower) -> None:
    """It was refused for want of proof, a minute ago."""
    bureau = shower.bureau
    bureau.approve(bureau.propose(grounds=["identity"]))
    bureau.counter.court.yard.move(DAY)


def test_after_an_answer_nothing_is_shown_until_somebody_objects(shower: Shower) -> None:
    refused(shower)
    assert asking.offered(shower.request) == []
    with pytest.raises(NotWaiting):
        shower.ask()
    assert showing.step_of(shower.request).name == "settled"
    objecting.object_to(shower.request, "It is me.", terminal=TERMINAL)
    assert asking.offered(shower.request)[0] == "document"
    assert showing.step_of(shower.request).name == "paper"


def test_who_objects_shows_a_document_and_can_be_given_something(shower: Shower) -> None:
    refused(shower)
    objecting.object_to(shower.request, "It is me.", terminal=TERMINAL)
    secret = access.new_secret(shower.request)
    client = Client()
    client.post("/portal/open/", {"reference": shower.request.reference, "secret": secret})
    assert "Your next step: show who you are" in client.get("/portal/status/").content.decode()
    check = shower.shown()
    tending.tend()
    check.refresh_from_db()
    assert check.state == CheckState.SHOWN, "nothing ends what is wanted"
    shower.verify(check)
    request = shower.request
    assert request.verified_at is not None
    assert request.state == RequestState.DECIDED, "it waits for its new answer"
    assert has_objection(request)
    bureau, second = shower.bureau, shower.bureau.handler("second")
    decision = bureau.propose(second, outcome="none_held", grounds=[], searched="All of it.")
    answered = bureau.approve(decision, bureau.people.officer)
    assert answered.state == "sent"


def test_who_objects_may_come_by_instead(shower: Shower) -> None:
    refused(shower)
    objecting.object_to(shower.request, "It is me.", terminal=TERMINAL)
    officer = shower.bureau.people.seoul_officer
    page = shower.bureau.client(officer).get(shower.bureau.url()).content.decode()
    assert "It is them" in page
    services.verify(shower.request, method="in_person", seen=["document"], actor=officer, terminal=TERMINAL)
    assert shower.request.verified_at is not None
