"""The end of a request's file: nothing that names the person is left, here or in any copy."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections

from cctv.core.clock import rfc3339
from cctv.models import Decision, IdentityCheck, IdentityPaper
from cctv.retention.backup import replay
from cctv.retention.holds.models import HeldObject, Hold, HoldState
from cctv.subjects.requests import access, details, doctor, ending, messages, tending, withdrawing
from cctv.subjects.requests.errors import NotOpened, RequestOver
from cctv.subjects.requests.models import RequestState, SubjectRequest
from cctv.vault import journal, records, rings, sealing
from cctv.vault import services as vault
from cctv.vault.errors import KeyMissing, WrongKey
from cctv.vault.papers import wrap_for_paper
from tests.retention.attacker import keys_of, roots_among, windows
from tests.subjects.requests.counter import (
    DAY,
    DETAILS,
    HOUR,
    MINUTE,
    TERMINAL,
    Counter,
    Killed,
    kill_at,
)

pytestmark = [pytest.mark.django_db(databases=["default", "log"])]

TEXT = "It was my grandmother's umbrella"
LETTER = b"%PDF Dear Mr Kim"


def file_of(counter: Counter) -> SubjectRequest:
    """A request with everything in its file, closed three years ago."""
    request = counter.ask(counter.court.yard.segment(expires_in=MINUTE)).request
    messages.add(request, TEXT, terminal=TERMINAL)
    Decision.objects.create(
        request=request, outcome="refused", proposed_by=counter.court.people.officer,
        letter=details.seal(request, LETTER, "letter"), details=details.seal(request, b"{}", "decision"),
    )  # fmt: skip
    counter.decide(request, objection=30 * DAY)
    counter.pass_time(31 * DAY)
    counter.court.yard.move(3 * 366 * DAY)
    request.refresh_from_db()
    return request


def words() -> list[bytes]:
    """What must be nowhere."""
    return [getattr(DETAILS, name).encode() for name in DETAILS.__slots__] + [TEXT.encode(), LETTER]


def opens(sealed: bytes, what: str, request: SubjectRequest, candidates: Iterable[bytes]) -> bytes | None:
    """What some key of these opens it to."""
    for key in candidates:
        try:
            return bytes(sealing.open_bytes(records._field_key(key), details._context(request, what), sealed))
        except (sealing.SealBroken, WrongKey):
            continue
    return None


def test_invariant_4_after_its_end_nothing_opens_a_backup_of_the_file(
    counter: Counter, tmp_path: Path
) -> None:
    request = file_of(counter)
    saved = tmp_path / "saved"
    shutil.copytree(counter.court.yard.home, saved)
    kept = {
        "details": bytes(request.details),
        f"message/{request.messages.get().pk}": bytes(request.messages.get().text),
        "letter": bytes(request.decisions.get().letter),
    }
    old_ring = (saved / "keys" / "records" / "keyring").read_bytes()
    (root,) = roots_among(windows(saved / "keys" / "records"), old_ring)
    with_root = keys_of(old_ring, root)
    assert all(opens(sealed, what, request, with_root) for what, sealed in kept.items()), "the scan can win"
    (saved / "keys" / "records" / "root.key").unlink()

    assert ending.end_due() == 1

    everything = windows(counter.court.yard.home / "keys" / "records") | windows(saved / "keys" / "records")
    now_ring = (counter.court.yard.home / "keys" / "records" / "keyring").read_bytes()
    reached = set(everything)
    for ring in (old_ring, now_ring):
        for found in roots_among(everything, ring):
            reached.update(keys_of(ring, found))
    assert not any(opens(sealed, what, request, reached) for what, sealed in kept.items())
    if connection.vendor == "sqlite":
        for alias in ("default", "log"):
            with connections[alias].cursor() as cursor:
                data = bytes(cursor.connection.serialize())
            assert not [word for word in words() if word in data], alias
            assert request.reference.encode() in data or alias == "log"
    for path in counter.court.yard.home.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not [word for word in words() if word in data], path


@pytest.mark.both_databases
def test_what_stays_is_a_skeleton_that_says_what_was_destroyed(counter: Counter) -> None:
    request = file_of(counter)
    key_id, reference = request.key_id, request.reference
    assert ending.end_due() == 1
    assert ending.end_due() == 0
    request.refresh_from_db()
    assert (request.state, request.reference) == (RequestState.ENDED, reference)
    assert not any((request.key_id, request.contact_tag, bytes(request.details), bytes(request.secret_hash)))
    assert bytes(request.messages.get().text) == b""
    assert bytes(request.decisions.get().letter) == bytes(request.decisions.get().details) == b""
    assert details.read(request) is None
    assert [each.text for each in messages.listing(request)] == [None]
    (told,) = counter.court.said("request.ended")
    assert told["facts"] == {
        "messages": 1, "decisions": 1, "key": key_id,
        "file_until": rfc3339(request.file_until) if request.file_until else None,
    }  # fmt: skip
    act = request.acts.last()
    assert act is not None
    assert (act.kind, act.entry, act.facts["generation"]) == (
        "ended", request.ended_entry, rings.records().generation,
    )  # fmt: skip


def test_an_ended_file_takes_nothing_and_makes_no_new_key(counter: Counter) -> None:
    request = file_of(counter)
    ending.end_due()
    request.refresh_from_db()
    with pytest.raises(RequestOver):
        messages.add(request, "hello", terminal=TERMINAL)
    with pytest.raises(KeyMissing):
        details.write(request, DETAILS)
    with pytest.raises(KeyMissing):
        details.seal(request, b"x", "letter")
    with pytest.raises(NotOpened):
        access.open_request(request.reference, "AAAA-AAAA-AAAA-AAAA", terminal=TERMINAL)
    assert not records.labelled(details.LABEL)


def test_a_copy_of_the_row_in_memory_seals_nothing_under_a_new_key(counter: Counter) -> None:
    stale = file_of(counter)
    ending.end_due()
    with pytest.raises(KeyMissing):
        details.write(stale, DETAILS)
    with pytest.raises(KeyMissing):
        messages.add(stale, "hello", terminal=TERMINAL)


STEPS = ("request.end-logged", "request.end-told", "request.key-destroyed")


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_the_end_comes_to_its_end_once(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    request = file_of(counter)
    with monkeypatch.context() as patch:
        kill_at(patch, step)
        with pytest.raises(Killed):
            ending.end_due()
    assert ending.end_due() == 1
    request.refresh_from_db()
    assert request.state == RequestState.ENDED
    assert not records.labelled(details.LABEL)
    assert len(counter.court.said("request.ended")) == 1


def test_what_was_shown_and_never_looked_at_ends_with_the_file(counter: Counter) -> None:
    request = file_of(counter)
    name, object_key = vault.object_name(), vault.new_object_key()
    check = IdentityCheck.objects.create(request=request, method="document", state="shown")
    key_id, wrapped = wrap_for_paper(label=f"identity/{check.pk}", object_key=object_key)
    IdentityCheck.objects.update(key_id=key_id)
    writer = vault.writer(name, object_key, vault.context(check.pk, "document"))
    writer.write(b"a passport")
    writer.close()
    IdentityPaper.objects.create(
        check_row=check, part="document", sealed_name=name, wrapped_key=wrapped, media_type="image/png",
        size_bytes=10,
    )  # fmt: skip
    assert ending.end_due() == 1
    assert not rings.records().has(key_id)
    assert name not in counter.court.yard.objects()
    assert not IdentityPaper.objects.exists()


def test_nothing_ends_before_its_time(counter: Counter) -> None:
    request = counter.ask(counter.court.yard.segment(expires_in=MINUTE)).request
    counter.decide(request, objection=30 * DAY)
    counter.pass_time(31 * DAY)
    counter.court.yard.move(3 * 365 * DAY - 32 * DAY)
    assert ending.end_due() == 0
    assert details.read(request) == DETAILS


def test_a_key_that_a_mirror_still_has_is_no_end(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    request = file_of(counter)
    with monkeypatch.context() as patch:
        patch.setattr("cctv.vault.keyring.RatchetResult.complete", property(lambda _self: False))
        ending.end_due()
        request.refresh_from_db()
        assert request.state == RequestState.CLOSED
    assert ending.end_due() == 1
    request.refresh_from_db()
    assert request.state == RequestState.ENDED


# ------------------------------------------------------------------ an older register is put back


@pytest.mark.both_databases
def test_an_older_register_gets_back_the_request_that_came_after_it(counter: Counter) -> None:
    sealed = counter.court.yard.segment(expires_in=HOUR)
    received = counter.ask(sealed, margin_minutes=30, is_urgent=True)
    before: dict[str, Any] = dict(SubjectRequest.objects.values().get())
    HeldObject.objects.all().delete()
    SubjectRequest.objects.all().delete()
    Hold.objects.all().delete()

    counts = replay.replay()

    assert counts["requests"] == 1
    opened = access.open_request(received.request.reference, received.secret, terminal=TERMINAL)
    after: dict[str, Any] = dict(SubjectRequest.objects.values().get())
    gone = {"contact_tag", "hold_id"}
    assert {name: after[name] for name in after if name not in gone} == {
        name: before[name] for name in before if name not in gone
    }
    assert details.read(opened) == DETAILS
    assert opened.hold is not None
    assert opened.hold.state == HoldState.ACTIVE
    assert list(opened.cameras.all()) == [sealed.row.camera]
    tending.tend()
    counter.court.expire(3 * HOUR)
    assert counter.there(sealed)
    assert not [each for each in doctor.requests() if each.severity]


def test_an_older_register_does_not_bring_a_destroyed_file_back(counter: Counter) -> None:
    request = file_of(counter)
    message = request.messages.get()
    ending.end_due()
    request.save()  # the row as it was, of a backup
    message.save()
    assert SubjectRequest.objects.get().state == RequestState.CLOSED
    counts = replay.replay()
    assert counts["request_files_ended"] == 1
    row = SubjectRequest.objects.get()
    assert (row.state, bytes(row.details), bytes(row.messages.get().text)) == (RequestState.ENDED, b"", b"")
    assert replay.replay()["request_files_ended"] == 0
    SubjectRequest.objects.all().delete()
    assert replay.replay()["requests"] == 0, "nor the receipt"


def test_a_new_secret_is_known_to_an_older_register(counter: Counter) -> None:
    received = counter.ask(counter.court.yard.segment(expires_in=HOUR))
    old = SubjectRequest.objects.values("secret_salt", "secret_hash").get()
    secret = access.new_secret(received.request)
    SubjectRequest.objects.update(**old)
    replay.replay()
    access.open_request(received.request.reference, secret, terminal=TERMINAL)
    with pytest.raises(NotOpened):
        access.open_request(received.request.reference, received.secret, terminal=TERMINAL)


def test_the_journal_forgets_a_request_with_its_key(counter: Counter) -> None:
    request = file_of(counter)
    journal.compact()
    assert [line.kind for line in journal.read() if line.kind.startswith("request")] == ["request"] * 2
    ending.end_file(request)
    journal.compact()
    assert [line.kind for line in journal.read() if line.kind.startswith("request")] == ["request_ended"]
    counter.court.yard.move(401 * DAY)
    journal.compact()
    assert not [line for line in journal.read() if line.kind.startswith("request")]


# ------------------------------------------------------------------ the doctor


def codes() -> list[str]:
    """What the doctor finds."""
    return [each.code for each in doctor.requests()]


def test_the_doctor_sees_what_is_not_held_not_readable_and_not_ended(counter: Counter) -> None:
    request = counter.ask(counter.court.yard.segment(expires_in=HOUR)).request
    assert codes() == ["requests.fine"]
    counter.court.yard.move(HOUR)
    Hold.objects.update(state=HoldState.ENDED)
    assert codes() == ["requests.not_held"]
    Hold.objects.update(state=HoldState.ACTIVE, case="R-2020-AAAAAA")
    assert codes() == ["requests.not_held", "requests.hold_without"]
    Hold.objects.update(case=request.reference)
    SubjectRequest.objects.update(file_until=counter.court.yard.now - 2 * DAY)
    assert codes() == ["requests.not_ended"]
    SubjectRequest.objects.update(file_until=None, state=RequestState.DECIDED)
    assert codes() == ["requests.without_letter"], "an older register was put back"
    SubjectRequest.objects.update(state=RequestState.IDENTITY)
    records.destroy_keys([request.key_id])
    assert codes() == ["requests.unreadable"]


def test_an_older_register_does_not_work_again_on_what_was_answered(counter: Counter) -> None:
    request = counter.ask(counter.court.yard.segment(expires_in=HOUR)).request
    old = SubjectRequest.objects.get()
    withdrawing.withdraw(request, terminal=TERMINAL)
    old.save()
    assert SubjectRequest.objects.get().state == RequestState.IDENTITY
    assert replay.replay()["requests_answered"] == 1
    row = SubjectRequest.objects.get()
    assert (row.state, row.file_until) == (RequestState.WITHDRAWN, request.file_until)
