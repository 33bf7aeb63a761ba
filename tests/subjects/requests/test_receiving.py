"""A request is received: what it names is held before anybody is told that it is."""

from datetime import timedelta

import pytest

from cctv.footage.models import Segment
from cctv.retention.holds.models import HoldState
from cctv.subjects.requests import access, details, messages
from cctv.subjects.requests.errors import NotOpened
from cctv.subjects.requests.models import RequestState
from tests.subjects.requests.counter import DETAILS, MINUTE, TERMINAL, Counter

pytestmark = [pytest.mark.django_db(databases=["default", "log"])]


def test_footage_that_would_expire_one_minute_after_a_request_survives_it(counter: Counter) -> None:
    sealed = counter.court.yard.segment(expires_in=MINUTE)
    beside = counter.court.yard.segment(expires_in=2 * MINUTE)
    received = counter.ask(sealed)
    assert (received.held, received.too_late) == (1, 0)
    assert received.request.state == RequestState.IDENTITY
    hold = received.request.hold
    assert hold is not None
    assert (hold.state, hold.case) == (HoldState.ACTIVE, received.request.reference)
    counter.court.expire(timedelta(hours=3))
    assert Segment.objects.filter(pk=sealed.row.pk).exists()
    assert not Segment.objects.filter(pk=beside.row.pk).exists()
    assert [act.kind for act in received.request.acts.all()] == ["received", "frozen"]
    opened = access.open_request(received.request.reference.lower(), received.secret, terminal=TERMINAL)
    assert opened == received.request
    assert details.read(opened) == DETAILS
    with pytest.raises(NotOpened):
        access.open_request(received.request.reference, "AAAA-AAAA-AAAA-AAAA", terminal=TERMINAL)
    messages.add(opened, " Where do I come? ", terminal=TERMINAL)
    assert [each.text for each in messages.listing(opened)] == ["Where do I come?"]
