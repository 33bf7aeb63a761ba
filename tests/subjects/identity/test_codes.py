"""A code by mail settles who asks where the law wants no document, and nowhere else."""

import smtplib
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage

from accesslog.errors import LogUnavailable
from cctv.subjects.identity import asking, codes
from cctv.subjects.identity.errors import CodeNotSent, NoCode, NotWaiting, TooManyCodes, WrongCode
from cctv.subjects.identity.models import CheckState, IdentityCheck, Method
from cctv.subjects.requests import withdrawing
from cctv.subjects.requests.models import RequestState, SubjectRequest
from tests.subjects.identity.showing import Shower
from tests.subjects.requests.counter import DETAILS, TERMINAL, Killed, kill_at

pytestmark = [pytest.mark.django_db(databases=["default", "log"])]


@pytest.fixture
def check(shower: Shower) -> IdentityCheck:
    """Of a complaint."""
    SubjectRequest.objects.update(kind="complaint", language="en")
    assert asking.offered(shower.request) == [Method.EMAIL_CODE]
    return shower.ask("email")


def sent(check: IdentityCheck) -> str:
    """The code of a fresh mail."""
    codes.send(check, terminal=TERMINAL)
    return str(mail.outbox[-1].body).split("Your code is ")[1].split(".")[0]


def test_the_right_code_settles_who_asks(shower: Shower, check: IdentityCheck) -> None:
    code = sent(check)
    assert mail.outbox[-1].to == [DETAILS.email]
    kept = IdentityCheck.objects.get()
    assert code.replace("-", "").encode() not in bytes(kept.code_hash) + bytes(kept.code_salt)
    assert codes.try_code(check, code.lower(), terminal=TERMINAL)
    row, done = shower.request, IdentityCheck.objects.get()
    assert (row.state, row.verified_at is not None) == (RequestState.OPEN, True)
    assert (done.state, done.decided_by, bytes(done.code_hash)) == (CheckState.VERIFIED, None, b"")
    (told,) = shower.bureau.counter.court.said("request.verified")
    assert (told["facts"], told["actor"]["role"]) == ({"method": "email", "seen": []}, "job")
    assert len(shower.bureau.counter.court.said("identity.code")) == 1
    with pytest.raises(NotWaiting):
        codes.try_code(check, code, terminal=TERMINAL)


def test_a_code_is_good_for_five_guesses(shower: Shower, check: IdentityCheck) -> None:
    code = sent(check)
    lefts = []
    for _guess in range(4):
        with pytest.raises(WrongCode) as wrong:
            codes.try_code(check, "AAAA-AAAA", terminal=TERMINAL)
        lefts.append(wrong.value.left)
    assert lefts == [4, 3, 2, 1]
    with pytest.raises(NoCode):
        codes.try_code(check, "AAAA-AAAA", terminal=TERMINAL)
    with pytest.raises(NoCode):
        codes.try_code(check, code, terminal=TERMINAL)
    assert shower.request.verified_at is None
    assert codes.try_code(check, sent(check), terminal=TERMINAL)


def test_a_code_is_good_for_twenty_minutes_and_the_last_one_only(
    shower: Shower, check: IdentityCheck
) -> None:
    first, second = sent(check), sent(check)
    with pytest.raises(WrongCode):
        codes.try_code(check, first, terminal=TERMINAL)
    shower.bureau.counter.court.yard.move(timedelta(minutes=20))
    with pytest.raises(NoCode):
        codes.try_code(check, second, terminal=TERMINAL)


def test_three_mails_an_hour_are_enough(check: IdentityCheck) -> None:
    for _mail in range(3):
        sent(check)
    with pytest.raises(TooManyCodes):
        sent(check)


def test_without_a_server_or_with_one_that_refuses_nothing_is_pretended(
    check: IdentityCheck, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_given: Any) -> None:
        raise smtplib.SMTPServerDisconnected

    with monkeypatch.context() as patch:
        patch.setattr(EmailMessage, "send", refuse)
        with pytest.raises(CodeNotSent):
            codes.send(check, terminal=TERMINAL)
    monkeypatch.setattr(codes, "is_configured", lambda: False)
    with pytest.raises(CodeNotSent):
        codes.send(check, terminal=TERMINAL)


def test_a_code_settles_nothing_that_wants_a_document(shower: Shower, check: IdentityCheck) -> None:
    for other in ({"method": "document"}, {"method": "email", "for_secret": True}):
        IdentityCheck.objects.update(**other)
        with pytest.raises(NotWaiting):
            codes.send(check, terminal=TERMINAL)
    IdentityCheck.objects.update(for_secret=False)
    withdrawing.withdraw(shower.request, terminal=TERMINAL)
    with pytest.raises(NotWaiting):
        codes.send(check, terminal=TERMINAL)


def test_while_the_log_is_down_no_code_leaves_and_none_is_used(
    shower: Shower, check: IdentityCheck, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = sent(check)
    with monkeypatch.context() as patch:
        shower.bureau.counter.down(patch)
        with pytest.raises(LogUnavailable):
            codes.send(check, terminal=TERMINAL)
        with pytest.raises(LogUnavailable):
            codes.try_code(check, code, terminal=TERMINAL)
    assert len(mail.outbox) == 1
    assert codes.try_code(check, code, terminal=TERMINAL)


@pytest.mark.parametrize("step", ["identity.code-logged", "identity.code-taken"])
def test_invariant_5_a_code_that_was_cut_off_settles_it_once(
    shower: Shower, check: IdentityCheck, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    code = sent(check)
    with monkeypatch.context() as patch:
        kill_at(patch, step)
        with pytest.raises(Killed):
            codes.try_code(check, code, terminal=TERMINAL)
    if shower.request.verified_at is None:
        codes.try_code(check, code, terminal=TERMINAL)
    assert shower.request.state == RequestState.OPEN
    assert len(shower.bureau.counter.court.said("request.verified")) == 1
