"""The desk's side: looking for it, stopping its use, erasing, showing it here."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from accesslog.selectors import load_receipt
from cctv.core import clock
from cctv.footage.models import CloseReason, Segment
from cctv.footage.restrictions.errors import FootageRestricted
from cctv.footage.restrictions.services import require_free
from cctv.footage.viewings.closing import close_viewing
from cctv.footage.viewings.purposes import change_purpose
from cctv.people.policy import Forbidden
from cctv.retention import tasks
from cctv.retention.models import Erasure
from cctv.subjects.delivering import carrying, found, services, showing
from cctv.subjects.delivering.errors import NothingToFind, NotSigned
from cctv.subjects.delivering.models import Appointment, DeliverySending
from cctv.subjects.requests.models import RequestState, SubjectRequest
from tests.footage.conftest import body_of
from tests.redaction.review.conftest import RESULT, Waiting, colleague
from tests.subjects.delivering.conftest import Given, ask, decided
from tests.subjects.delivering.test_result import WHOLE, logged
from tests.subjects.requests.counter import Killed, kill_at

pytestmark = pytest.mark.django_db(databases=["default", "log"])


def test_the_viewing_that_looks_for_it_is_bound_to_the_request_and_its_hold(waiting: Waiting):
    request = ask(waiting)
    operator = waiting.desk.room.operator
    session = found.open_viewing(request, actor=operator, terminal="desk")
    assert (session.case, session.hold_id) == (request.reference, request.hold_id)
    assert (session.starts_at, session.ends_at) == (request.starts_at, request.ends_at)
    act = request.acts.get(kind="found")
    assert act.facts == {"viewing": str(session.pk), "cameras": 1}
    assert close_viewing(session, reason=CloseReason.USER)
    [closed] = logged("viewing.closed")
    assert load_receipt(closed).body["case"] == request.reference
    with pytest.raises(Forbidden):
        found.open_viewing(request, actor=waiting.desk.room.administrator, terminal="desk")
    request.state = RequestState.CLOSED
    with pytest.raises(NothingToFind):
        found.open_viewing(request, actor=operator, terminal="desk")


def test_what_is_frozen_for_a_request_is_looked_at_for_it_alone(waiting: Waiting):
    request, room = ask(waiting), waiting.desk.room
    session = room.open(hold=request.hold, case="2026-99 the stolen bicycle")
    assert session.case == request.reference
    changed = change_purpose(session, purpose=room.purpose, case="another", reason="curious")
    assert (changed.case, changed.purpose_text) == (request.reference, "curious")
    assert room.open(case="another").case == "another"


def test_a_granted_erasure_takes_what_no_hold_keeps_once(waiting: Waiting, monkeypatch: Any):
    monkeypatch.setattr(tasks.purge_due, "delay", lambda *_a: None)
    room = waiting.desk.room
    officer, _client = colleague(room, "privacy_officer", "officer")
    later = {"starts_at": room.starts_at, "ends_at": room.starts_at + timedelta(seconds=12)}
    keeps = ask(waiting)  # somebody else asks for a copy of the first seconds: held
    request = ask(waiting, kind="erasure", **later)
    assert (request.hold, keeps.hold is not None) == (None, True)
    decision = decided(request, officer)
    carrying.carry_out(decision)
    Erasure.objects.update(done_at=clock.now())  # its objects are gone meanwhile
    carrying.carry_out(decision)
    row = Erasure.objects.get()
    assert (row.segments, row.held_back, row.reference) == (2, 1, request.reference)
    there = Segment.objects.filter(camera=room.gate, expires_at__gt=clock.now())
    assert there.count() == 1
    decision.refresh_from_db()
    [told] = decision.done["erasure"].values()
    assert told == {"erasure": str(row.pk), "segments": 2, "held": 1}


def test_invariant_5_an_erasure_killed_after_it_was_made_is_one(waiting: Waiting, monkeypatch: Any):
    monkeypatch.setattr(tasks.purge_due, "delay", lambda *_a: None)
    officer, _client = colleague(waiting.desk.room, "privacy_officer", "officer")
    decision = decided(ask(waiting, kind="erasure"), officer)
    with monkeypatch.context() as patch:
        kill_at(patch, "request.erased")
        with pytest.raises(Killed):
            carrying.carry_out(decision)
    carrying.carry_out(decision)
    assert Erasure.objects.count() == 1


def test_invariant_5_copies_killed_after_their_entry_are_made_once(given: Given, monkeypatch: Any):
    given.decision.deliveries.all().delete()
    given.request.acts.filter(kind="delivered").delete()
    with monkeypatch.context() as patch:
        kill_at(patch, "delivery.logged")
        with pytest.raises(Killed):
            services.make_deliveries(given.decision)
    assert len(services.make_deliveries(given.decision)) == 1
    services.make_deliveries(given.decision)
    assert given.decision.deliveries.count() == 1
    assert len(logged("request.delivered")) == 1


def test_nothing_is_erased_for_whom_nobody_has_identified(waiting: Waiting):
    officer, _client = colleague(waiting.desk.room, "privacy_officer", "officer")
    request = ask(waiting, kind="erasure")
    decision = decided(request, officer)
    request.verified_at = None
    carrying.carry_out(decision)
    assert not Erasure.objects.exists()


def test_use_stops_when_a_correction_is_verified_and_is_free_once_it_is_over(waiting: Waiting):
    officer, _client = colleague(waiting.desk.room, "privacy_officer", "officer")
    request = ask(waiting, kind="correction")
    span = waiting.redaction.camera, request.starts_at, request.ends_at
    assert not carrying.on_verified(request, actor=officer, terminal="desk")
    SubjectRequest.objects.update(verified_at=clock.now(), state=RequestState.OPEN)
    request.refresh_from_db()
    assert not carrying.on_verified(request, actor=waiting.desk.room.operator, terminal="desk")
    assert carrying.on_verified(request, actor=officer, terminal="desk")
    with pytest.raises(FootageRestricted):
        require_free(*span)
    carrying.tend()
    with pytest.raises(FootageRestricted):
        require_free(*span)
    SubjectRequest.objects.update(state=RequestState.CLOSED)
    carrying.tend()
    require_free(*span)


def test_a_granted_suspension_stands_after_the_request(waiting: Waiting):
    officer, _client = colleague(waiting.desk.room, "privacy_officer", "officer")
    request = ask(waiting, kind="restriction")
    carrying.carry_out(decided(request, officer))
    SubjectRequest.objects.update(state=RequestState.CLOSED)
    carrying.tend()
    with pytest.raises(FootageRestricted):
        require_free(waiting.redaction.camera, request.starts_at, request.ends_at)
    assert request.acts.filter(kind="restricted").count() == 1


def test_it_is_shown_on_site_under_an_entry_and_signed_for(given: Given):
    client = given.waiting.desk.room.client(given.officer)
    address = f"/requests/{given.request.reference}/copies/{given.row.pk}/"
    pk = uuid4()
    page = client.post(address, {"do": "show", "showing_id": str(pk)})
    assert page.status_code == 200
    clip = f"/requests/{given.request.reference}/showing/{pk}/clip.mp4"
    assert body_of(client.get(clip)) == WHOLE
    [entry] = logged("delivery.shown")
    assert load_receipt(entry).body["actor"]["id"] == str(given.officer.pk)
    _other, theirs = colleague(given.waiting.desk.room, "privacy_officer", "third")
    answer = theirs.get(clip)
    assert answer.status_code == 404
    assert RESULT not in body_of(answer)
    visit = Appointment.objects.create(request=given.request, at=clock.now(), place="Office")
    told: dict[str, Any] = {"appointment_id": visit.pk, "actor": given.officer, "terminal": "desk"}
    with pytest.raises(NotSigned):
        showing.attended(given.request, **told, signed=False)
    showing.attended(given.request, **told, signed=True)
    visit.refresh_from_db()
    assert (visit.state, visit.signed, visit.supervised_by) == ("kept", True, given.officer)
    assert DeliverySending.objects.get().terminal != "portal"
    # Showing it here takes none of the requester's own downloads.
    assert given.row.downloads_left == 3
