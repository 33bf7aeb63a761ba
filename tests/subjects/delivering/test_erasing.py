"""A granted erasure: as a whole or in part, never of what a hold keeps, told to whoever was given a copy."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from kombu.exceptions import OperationalError

from cctv.core import clock
from cctv.disclosure.handing.models import RecipientNotice
from cctv.disclosure.provisions import notices
from cctv.footage.models import Segment
from cctv.people.models import Account, OutgoingMail, RoleGrant
from cctv.retention import tasks
from cctv.retention.models import Erasure
from cctv.subjects.deciding import finishing, letters, services
from cctv.subjects.deciding.errors import DecisionRefused
from cctv.subjects.deciding.forms import ProposalForm
from cctv.subjects.deciding.models import Decision
from cctv.subjects.deciding.proposing import Proposal
from cctv.subjects.delivering import erasing
from cctv.subjects.delivering.erasing import Part
from cctv.subjects.requests.models import RequestState, SubjectRequest
from tests.redaction.review.conftest import Waiting, colleague
from tests.subjects.delivering.conftest import Given, ask, decided

pytestmark = pytest.mark.django_db(databases=["default", "log"])
SECONDS = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _asleep(monkeypatch: Any) -> None:
    monkeypatch.setattr(tasks.purge_due, "delay", lambda *_a: None)


@pytest.fixture
def erased(waiting: Waiting) -> SubjectRequest:
    """Somebody who is known asks that the first twelve seconds of the gate, three recordings, are erased."""
    room = waiting.desk.room
    request = ask(waiting, kind="erasure", starts_at=room.starts_at, ends_at=room.starts_at + 12 * SECONDS)
    SubjectRequest.objects.filter(pk=request.pk).update(
        state=RequestState.OPEN, verified_at=clock.now()
    )  # fmt: skip
    request.refresh_from_db()
    return request


def officer(waiting: Waiting, name: str = "officer") -> Account:
    account, _client = colleague(waiting.desk.room, "privacy_officer", name)
    return account


def propose(request: SubjectRequest, by: Account, **values: Any) -> Decision:
    proposal = Proposal(**{"outcome": "granted", "text": "", **values})
    return services.propose(request, proposal, actor=by, terminal="desk", decision_id=uuid4())


def approve(decision: Decision, by: Account) -> Decision:
    return services.approve(decision, actor=by, terminal="desk", seen=services.seen_of(decision))


def first(request: SubjectRequest) -> Part:
    """Its first recording."""
    return Part(request.cameras.get(), request.starts_at, request.starts_at + 4 * SECONDS)


def there() -> int:
    return Segment.objects.filter(expires_at__gt=clock.now()).count()


def test_a_part_is_erased_and_the_rest_stays(waiting: Waiting, erased: SubjectRequest):
    by = officer(waiting)
    before = there()
    grounds, text = ["kept"], "The rest is evidence."
    with pytest.raises(DecisionRefused) as refused:
        propose(erased, by, outcome="partly", grounds=grounds, text=text)
    assert refused.value.field == "part"
    outside = Part(erased.cameras.get(), erased.starts_at - SECONDS, erased.ends_at)
    for part, outcome in ((outside, "partly"), (first(erased), "granted")):
        with pytest.raises(DecisionRefused):
            propose(erased, by, outcome=outcome, grounds=grounds, text=text, part=[part])
    decision = propose(erased, by, outcome="partly", grounds=grounds, text=text, part=[first(erased)])
    assert there() == before
    sent = approve(decision, officer(waiting, "deputy"))
    row = Erasure.objects.get()
    assert (row.segments, row.starts_at, row.ends_at) == (1, erased.starts_at, first(erased).ends_at)
    assert there() == before - 1
    sent.refresh_from_db()
    assert sent.done["finished"] is True
    assert sent.done["erasure"]["0"]["erasure"] == str(row.pk)
    [line] = [each for each in letters._way(sent) if "Gate" in each]
    assert erasing.parts_of(sent)[0].camera.name in line


def test_a_part_that_changed_since_it_was_read_is_not_approved(waiting: Waiting, erased: SubjectRequest):
    decision = propose(
        erased, officer(waiting), outcome="partly", grounds=["kept"], text="x", part=[first(erased)]
    )
    seen = services.seen_of(decision)
    decision.done = {erasing.PART: erasing.facts(erasing.whole(erased))}
    assert services.seen_of(decision) != seen


def test_nothing_is_granted_that_a_hold_keeps(waiting: Waiting, erased: SubjectRequest):
    by, second = officer(waiting), officer(waiting, "deputy")
    decision = propose(erased, by)
    ask(waiting, starts_at=erased.starts_at, ends_at=erased.starts_at + 2 * SECONDS)  # holds the first
    with pytest.raises(DecisionRefused) as refused:
        approve(decision, second)
    assert refused.value.field == "outcome"
    assert not Erasure.objects.exists()
    services.give_back(decision, actor=by, terminal="desk", remark="")
    for part in (None, first(erased)):
        values: dict[str, Any] = {"part": [part], "outcome": "partly", "grounds": ["kept"]} if part else {}
        with pytest.raises(DecisionRefused):
            propose(erased, by, text="It is held.", **values)
    rest = Part(erased.cameras.get(), erased.starts_at + 4 * SECONDS, erased.ends_at)
    approve(propose(erased, by, outcome="partly", grounds=["kept"], text="It is held.", part=[rest]), second)
    assert Erasure.objects.get().segments == 2


def test_what_nobody_who_decided_may_do_any_more_waits_for_who_may(waiting: Waiting, erased: SubjectRequest):
    room = waiting.desk.room
    by = officer(waiting)
    approver, _client = colleague(room, "approver", "chief")
    decision = propose(erased, by)
    RoleGrant.objects.filter(account=by).delete()
    new, client = colleague(room, "privacy_officer", "new")
    sent = approve(decision, approver)
    sent.refresh_from_db()
    assert not Erasure.objects.exists()
    assert (sent.done.get("waits"), sent.done.get("finished")) == ("erasure", None)
    assert not finishing.finish(sent)
    assert [mail.to for mail in OutgoingMail.objects.filter(kind="decision.waits")] == [new]
    address = f"/requests/{erased.reference}/carry-out/{sent.pk}/"
    assert address in client.get(f"/requests/{erased.reference}/").content.decode()
    assert client.post(address).status_code == 302  # the password is fresh
    assert Erasure.objects.get().decided_by == new
    assert finishing.finish(Decision.objects.get(pk=sent.pk))
    done = Decision.objects.get(pk=sent.pk).done
    assert ("waits" in done, done["finished"]) == (False, True)


def test_a_broker_that_is_down_stops_nothing(
    waiting: Waiting, erased: SubjectRequest, monkeypatch: Any, django_capture_on_commit_callbacks: Any
):
    def down(*_args: Any) -> None:
        raise OperationalError("no broker")

    monkeypatch.setattr(tasks.purge_due, "delay", down)
    decision = propose(erased, officer(waiting))
    with django_capture_on_commit_callbacks(execute=True):
        sent = approve(decision, officer(waiting, "deputy"))
    sent.refresh_from_db()
    assert sent.done["finished"] is True
    assert Erasure.objects.get().applied_at is not None


def test_recipients_hear_of_an_erasure_and_of_a_correction(
    waiting: Waiting, erased: SubjectRequest, monkeypatch: Any
):
    told: list[dict[str, Any]] = []

    def tell(**said: Any) -> list[RecipientNotice]:
        told.append(said)
        return []

    monkeypatch.setattr(notices, "tell_recipients", tell)
    approve(propose(erased, officer(waiting)), officer(waiting, "deputy"))
    [one] = told
    assert erased.reference in one["reason"]
    assert (one["starts_at"], one["ends_at"]) == (erased.starts_at, erased.ends_at)
    told.clear()
    corrected = ask(waiting, kind="correction")
    decision = decided(corrected, officer(waiting, "third"))
    finishing.finish(decision)
    finishing.finish(decision)
    assert {each["source"] for each in told} == {f"request {decision.pk}/{corrected.cameras.get().pk}"}
    assert all(corrected.reference in each["reason"] for each in told)
    assert not RecipientNotice.objects.exists()


def test_a_new_answer_ends_the_copies_of_the_one_before(given: Given):
    client = given.granted()
    assert client.get(given.url("clip.mp4")).status_code == 200
    given.request.refresh_from_db()
    again = decided(given.request, given.officer, outcome="refused")
    assert client.get(given.url("clip.mp4")).status_code == 404
    row = given.row
    finishing.finish(again)
    row.refresh_from_db()
    assert row.ended_at is not None


def test_the_form_makes_each_camera_with_each_time_the_part(waiting: Waiting, erased: SubjectRequest):
    camera = erased.cameras.get()
    page = colleague(waiting.desk.room, "privacy_officer", "officer")[1]
    data = _written(page, erased, camera.pk)
    form = ProposalForm(data, request=erased)
    assert form.is_valid(), form.errors
    [part] = form.proposal().part
    assert (part.camera, part.starts_at, part.ends_at) == (camera, erased.starts_at, erased.ends_at)
    answer = page.post(f"/requests/{erased.reference}/decision/", data)
    assert answer.status_code == 302
    decision = Decision.objects.get()
    assert erasing.parts_of(decision) == erasing.whole(erased)
    data |= {"stretch-0-start": "25:00"}
    assert "part" in ProposalForm(data, request=erased).errors


def _written(client: Client, request: SubjectRequest, camera: Any) -> dict[str, Any]:
    """The form of a part as its page has it, with that camera."""
    page = client.get(f"/requests/{request.reference}/decision/")
    form = page.context["form"]
    data: dict[str, Any] = {"token": str(uuid4()), "outcome": "partly", "grounds": ["kept"], "text": "x"}
    data |= {"part": [str(camera)], "searched": ""}
    for name, field in form.stretches.management_form.fields.items():
        data[f"stretch-{name}"] = form.stretches.management_form.initial.get(name, field.initial)
    for name, value in form.stretches.forms[0].initial.items():
        data[f"stretch-0-{name}"] = str(value)
    return data
