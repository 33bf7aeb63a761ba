"""Who has watched somebody: told out of the log, without a name, with proofs that outsiders can check."""

import base64
import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from accesslog.errors import LogUnavailable
from accesslog.models import LogEntry
from cctv.footage import viewing
from cctv.footage.models import CloseReason
from cctv.footage.viewings.closing import close_viewing
from cctv.footage.viewings.purposes import change_purpose
from cctv.people.models import Account
from cctv.sites.models import Purpose
from cctv.subjects.deciding.models import Decision
from cctv.subjects.portal import sessions
from cctv.subjects.requests.models import RequestState, SubjectRequest
from cctv.subjects.watched import services
from cctv.subjects.watched.errors import NotTold
from cctv.vault.doors import person_kinds
from tests.footage.conftest import Room, body_of, room
from tests.subjects.delivering.conftest import decided
from tests.subjects.requests.conftest import _fresh

__all__ = ["_fresh", "room"]

pytestmark = pytest.mark.django_db(databases=["default", "log"])


@pytest.fixture
def asked(room: Room) -> SubjectRequest:
    """Somebody who is known and asks who saw the first four seconds of the gate."""
    row = SubjectRequest.objects.create(
        reference="R-2026-7K4QXM", kind="watched", site=room.site, jurisdiction="KR",
        starts_at=room.starts_at, ends_at=room.starts_at + timedelta(seconds=4), secret_hash=b"x" * 32,
    )  # fmt: skip
    row.cameras.set([room.gate])
    decided(row, room.operator)
    return row


def watch(room: Room, *, ends: bool = True, reason: str = "the blue van of Mr Lee") -> Any:
    """The operator watches a second of it."""
    session = room.open(reason=reason)
    start = room.starts_at + timedelta(seconds=1)
    viewing.cover(session, camera=room.gate, start=start, end=start + timedelta(seconds=1))
    viewing.record_sent(session, camera=room.gate, start=start, end=start + timedelta(seconds=1))
    if ends:
        close_viewing(session, reason=CloseReason.USER)
    return session


def test_every_viewing_is_told_by_role_number_seconds_and_purpose(room: Room, asked: SubjectRequest):
    watch(room)
    watch(room)
    first, second = services.report(asked).lines
    start = room.starts_at + timedelta(seconds=1)
    assert first.spans == second.spans == ((start, start + timedelta(seconds=1)),)
    number = Account.objects.filter(pk__lte=room.operator.pk).count()
    assert first.who == second.who == f"Security office, person {number}"
    assert (first.camera, first.purpose, first.what) == ("Gate 1", "Crime prevention", services.WATCHED)
    assert len(first.entries) == 2
    said = repr(first)
    assert not any(each in said for each in (room.operator.name, "van", "Lee", "127.0.0.1", "Guard Co."))


def test_what_goes_on_is_told_as_reserved_and_what_showed_other_minutes_is_not(
    room: Room, asked: SubjectRequest
):
    watch(room, ends=False)
    [line] = services.report(asked).lines
    assert line.spans == ((room.starts_at + timedelta(seconds=1), asked.ends_at),)
    SubjectRequest.objects.update(starts_at=room.starts_at - timedelta(hours=2), ends_at=room.starts_at)
    asked.refresh_from_db()
    assert services.report(asked).lines == []


def test_nothing_is_told_to_whom_nobody_has_identified_nor_without_the_log(
    room: Room, asked: SubjectRequest, monkeypatch: Any
):
    services.report(asked)
    assert LogEntry.objects.using("log").filter(kind="watched.told").count() == 1

    def refuse(**_options: Any) -> None:
        raise LogUnavailable

    monkeypatch.setattr(services, "append", refuse)
    with pytest.raises(LogUnavailable):
        services.report(asked)
    for changed in ({"verified_at": None}, {"state": RequestState.OPEN}, {"kind": "copy"}):
        row = SubjectRequest.objects.get(pk=asked.pk)
        for name, value in changed.items():
            setattr(row, name, value)
        with pytest.raises(NotTold):
            services.report(row)


def test_a_viewing_whose_purpose_changed_is_told_with_each_and_its_own_seconds(
    room: Room, asked: SubjectRequest
):
    other = Purpose.objects.create(
        organisation=room.site.organisation, code="fire-prevention", name="Fire prevention"
    )
    room.gate.purposes.add(other)
    session = room.open()
    first, second = (room.starts_at + timedelta(seconds=each) for each in (0, 2))
    for start, purpose in ((first, None), (second, other)):
        if purpose is not None:
            session = change_purpose(session, purpose=purpose)
        viewing.cover(session, camera=room.gate, start=start, end=start + timedelta(seconds=1))
        viewing.record_sent(session, camera=room.gate, start=start, end=start + timedelta(seconds=1))
    close_viewing(session, reason=CloseReason.USER)
    told = {line.purpose: line for line in services.report(asked).lines}
    assert set(told) == {"Crime prevention", "Fire prevention"}
    assert told["Crime prevention"].spans[0][0] == first
    assert told["Fire prevention"].spans == ((second, second + timedelta(seconds=1)),)
    assert all(len(line.entries) == 2 for line in told.values())


@pytest.mark.parametrize("outcome", ["refused", "none_held", "postponed"])
def test_only_what_was_granted_is_told(room: Room, asked: SubjectRequest, outcome: str):
    Decision.objects.update(outcome=outcome)
    with pytest.raises(NotTold):
        services.report(asked)


def test_another_requester_and_who_gets_a_copy_on_a_medium_are_not_taken_for_somebody_else(
    room: Room, asked: SubjectRequest
):
    who = services._Who(asked)
    subject = {"actor": {"id": "", "role": "subject"}, "case": asked.reference}
    assert who.told(subject, services.SHOWN) == "You"
    assert who.told({**subject, "case": "R-2026-AAAAAA"}, services.SHOWN) != "You"
    medium = {"actor": {"id": str(room.operator.pk), "role": "operator"}, "recipient": "Mapo police station"}
    assert who.told(medium, services.COPY) == "Mapo police station"


def test_whatever_shows_pictures_to_a_person_is_told():
    without_pictures = {"motion.covered", "motion.searched"}
    # Tests of the vault register kinds of their own.
    kinds = {each for each in person_kinds() if not each.startswith("test.")}
    assert kinds - set(services.WHAT) == without_pictures


def test_the_proofs_stand_on_their_own_and_name_nobody(
    room: Room, asked: SubjectRequest, settings: Any, tmp_path: Any
):
    settings.ACCESSLOG_FOLDER, settings.ACCESSLOG_COPIES = tmp_path / "log", []
    watch(room)
    client, answer = Client(raise_request_exception=False), HttpResponse()
    sessions.begin(answer, asked)
    client.cookies[sessions.COOKIE] = answer.cookies[sessions.COOKIE].value
    data = body_of(client.get("/portal/watched/proofs.zip"))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        told = json.loads(archive.read("report.json"))
        numbers = told["seen"][0]["entries"]
        proofs = [archive.read(f"proofs/{each}.tlog-proof").decode() for each in numbers]
        everything = b"".join(archive.read(each) for each in archive.namelist())
    assert all(each.startswith("c2sp.org/tlog-proof@v1\nextra ") for each in proofs)
    assert len(proofs) == 2
    extras = [json.loads(base64.b64decode(each.split("extra ")[1].split("\n")[0])) for each in proofs]
    assert [list(each) for each in extras] == [["entry"], ["entry"]]  # the record would name people
    assert room.operator.name.encode() not in everything.replace(b"Security office", b"")
    page = client.get("/portal/watched/")
    assert page.status_code == 200
    assert "Security office, person" in page.content.decode()
    assert Client().get("/portal/watched/proofs.zip").status_code in (302, 404)
