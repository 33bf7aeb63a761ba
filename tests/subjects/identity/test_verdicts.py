"""What is shown over the portal: asked for, shown, judged, and destroyed with the verdict."""

from typing import Any

import pytest

from accesslog.errors import LogUnavailable
from cctv.disclosure.handing import tokens
from cctv.people.models import OutgoingMail
from cctv.people.policy import Forbidden, NotFound
from cctv.subjects.identity import asking, papers, reasons, services, settling, verdicts
from cctv.subjects.identity.errors import (
    NoReason,
    NotComplete,
    NotOffered,
    NotSeen,
    NotWaiting,
    TooManyChecks,
)
from cctv.subjects.identity.models import CheckState, IdentityCheck, IdentityPaper, Method
from cctv.subjects.requests import access
from cctv.subjects.requests.errors import NotOpened, TextMissing
from cctv.subjects.requests.models import RequestActKind, RequestMail, RequestState, SubjectRequest
from cctv.vault import rings
from cctv.vault.errors import KeyMissing
from tests.subjects.identity.showing import Shower
from tests.subjects.requests.counter import TERMINAL, Killed, kill_at

pytestmark = [pytest.mark.django_db(databases=["default", "log"])]


def kinds_of(row: SubjectRequest) -> list[str]:
    """The story, without how it began."""
    return [each.kind for each in row.acts.order_by("id") if each.kind not in ("received", "frozen")]


# ------------------------------------------------------------------ asking and showing


def test_a_requester_shows_it_and_the_checkers_are_told(shower: Shower) -> None:
    assert asking.offered(shower.request) == [Method.DOCUMENT]
    check = shower.ask()
    assert shower.ask() == check, "one for each request"
    with pytest.raises(NotOffered):
        shower.ask("registration")
    with pytest.raises(NotComplete):
        asking.finish(check, terminal=TERMINAL)
    shower.take(check)
    asking.finish(check, terminal=TERMINAL)
    asking.finish(check, terminal=TERMINAL)
    assert check.state == IdentityCheck.objects.get().state == CheckState.SHOWN
    (told,) = shower.bureau.counter.court.said("request.id_sent")
    assert told["facts"] == {"method": "document", "papers": ["document"]}
    assert told["actor"]["role"] == "subject"
    officer = shower.bureau.people.seoul_officer
    mail = OutgoingMail.objects.get(kind="identity.shown", to=officer)
    assert "Kim" not in mail.text
    assert shower.ask() == check


def test_a_guardian_and_an_owner_of_a_car_show_more(shower: Shower) -> None:
    SubjectRequest.objects.update(claimant="guardian")
    check = shower.ask()
    shower.take(check)
    with pytest.raises(NotComplete):
        asking.finish(check, terminal=TERMINAL)
    assert papers.wanted(check) == ("document", "kinship")
    IdentityCheck.objects.all().delete()
    SubjectRequest.objects.update(claimant="self", about="vehicle")
    assert asking.offered(shower.request) == [Method.REGISTRATION]
    assert papers.wanted(shower.ask("registration")) == ("document", "registration")


def test_the_desk_asks_once_more_and_the_requester_hears_of_it(
    shower: Shower, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer = shower.bureau.people.seoul_officer
    with monkeypatch.context() as patch:
        kill_at(patch, "identity.asked")
        with pytest.raises(Killed):
            shower.ask(actor=officer)
    check = shower.ask(actor=officer)
    assert len(shower.bureau.counter.court.said("request.id_asked")) == 1
    assert shower.request.acts.filter(kind=RequestActKind.IDENTITY_ASKED).count() == 1
    assert RequestMail.objects.filter(kind="identity").count() == 1
    assert shower.ask(actor=officer) == check
    people = shower.bureau.people
    for who, refused in ((people.operator, Forbidden), (people.outsider, NotFound)):
        with pytest.raises(refused):
            shower.ask(actor=who)


# ------------------------------------------------------------------ the verdict


def test_invariant_4_a_verdict_destroys_what_was_shown(shower: Shower) -> None:
    check = shower.shown()
    paper, key_id = check.papers.get(), IdentityCheck.objects.get().key_id
    assert rings.records().has(key_id)
    done = shower.verify(check)
    row = shower.request
    assert (row.state, row.verified_at is not None) == (RequestState.OPEN, True)
    assert not rings.records().has(key_id)
    assert paper.sealed_name not in shower.bureau.counter.court.yard.objects()
    assert not IdentityPaper.objects.exists()
    assert (done.state, done.decided_by, done.key_id) == (
        CheckState.VERIFIED, shower.bureau.people.seoul_officer, "",
    )  # fmt: skip
    assert done.destroyed_at is not None
    (told,) = shower.bureau.counter.court.said("identity.destroyed")
    assert told["facts"] == {
        "papers": ["document"], "objects": 1, "keys": 1, "generation": rings.records().generation,
        "verdict": "verified",
    }  # fmt: skip
    assert done.destruction["objects"] == 1
    assert kinds_of(row) == ["id_sent", "verified"]
    assert RequestMail.objects.filter(kind="verified").count() == 1
    with pytest.raises(NotWaiting):
        shower.refuse(check)
    with pytest.raises(KeyMissing):
        papers.opened(paper, _entry(shower, check, paper), actor_id=shower.bureau.people.seoul_officer.pk)


def _entry(shower: Shower, check: IdentityCheck, paper: IdentityPaper) -> Any:
    from cctv.subjects.identity import looking

    return looking.enter(check, paper, actor=shower.bureau.people.seoul_officer, terminal=TERMINAL)


def test_a_refusal_says_why_and_something_else_may_be_shown(shower: Shower) -> None:
    check = shower.shown()
    with pytest.raises(NoReason):
        shower.refuse(check, "mandate")
    with pytest.raises(TextMissing):
        shower.refuse(check, text="x" * 5000)
    done = shower.refuse(check, "numbers", "Please cover the last seven digits.")
    row = shower.request
    assert (row.state, done.state, done.reason) == (RequestState.IDENTITY, CheckState.REFUSED, "numbers")
    assert done.destroyed_at is not None
    assert not IdentityPaper.objects.exists()
    assert "number" in reasons.words(done.reason)
    assert kinds_of(row) == ["id_sent", "not_verified", "replied"]
    (told,) = shower.bureau.counter.court.said("request.not_verified")
    assert told["facts"] == {"method": "document", "seen": ["document"], "reason": "numbers"}
    assert {each.kind for each in row.mails.all()} >= {"not_verified", "message"}
    again = shower.shown()
    assert again != check
    shower.verify(again)
    assert shower.request.state == RequestState.OPEN


def test_invariant_8_only_the_checker_of_the_site_judges(shower: Shower) -> None:
    check = shower.shown()
    people = shower.bureau.people
    allowed = ((people.operator, Forbidden), (people.approver, Forbidden), (people.outsider, NotFound))
    for who, refused in allowed:
        with pytest.raises(refused):
            verdicts.verify(check, actor=who, terminal=TERMINAL)
        with pytest.raises(refused):
            verdicts.refuse(check, actor=who, terminal=TERMINAL, reason_code="unreadable")
    assert shower.request.verified_at is None


def test_while_the_log_is_down_nothing_is_judged_and_nothing_destroyed(
    shower: Shower, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = shower.shown()
    shower.bureau.counter.down(monkeypatch)
    for judge in (shower.verify, shower.refuse):
        with pytest.raises(LogUnavailable):
            judge(check)
    assert IdentityPaper.objects.count() == 1
    assert shower.request.state == RequestState.IDENTITY


def test_in_person_ends_what_was_sent_besides(shower: Shower) -> None:
    shower.take(shower.ask())
    services.verify(
        shower.request, method="in_person", seen=["document"], actor=shower.bureau.people.seoul_officer,
        terminal=TERMINAL,
    )  # fmt: skip
    sent = IdentityCheck.objects.get(method="document")
    assert (sent.state, sent.reason, sent.key_id) == (CheckState.EXPIRED, "settled", "")
    assert not IdentityPaper.objects.exists()


def test_in_the_uk_the_clock_goes_on_when_it_is_shown_and_stands_when_it_was_not_enough(
    shower: Shower,
) -> None:
    SubjectRequest.objects.update(jurisdiction="UK")
    assert settling.clock_stands(shower.request)
    check = shower.shown()
    stands = [shower.request.paused_at is not None]
    shower.refuse(check)
    stands.append(shower.request.paused_at is not None)
    shower.verify(shower.shown())
    stands.append(shower.request.paused_at is not None)
    assert stands == [False, True, False]
    assert kinds_of(shower.request).count("paused") == 2


# ------------------------------------------------------------------ a lost secret


def lost(shower: Shower, secret: str = "ABCD-EFGH-JKLM-NPQR") -> IdentityCheck:
    """Shown for a new secret, which its requester has noted already."""
    check = shower.ask(for_secret=True)
    check.code_salt = tokens.new_salt()
    check.code_hash = tokens.code_hash(secret, check.code_salt)
    check.save()
    shower.take(check)
    asking.finish(check, terminal=TERMINAL)
    return check


def opens(shower: Shower, secret: str) -> bool:
    try:
        access.open_request(shower.bureau.request.reference, secret, terminal=TERMINAL)
    except NotOpened:
        return False
    return True


def test_a_new_secret_is_good_once_it_was_judged_and_the_old_one_no_more(shower: Shower) -> None:
    old = access.new_secret(shower.request)
    check, stranger = lost(shower), lost(shower, "2222-3333-4444-5555")
    assert opens(shower, old)
    assert not opens(shower, "ABCD-EFGH-JKLM-NPQR")
    done = shower.verify(check)
    assert (opens(shower, old), opens(shower, "ABCD-EFGH-JKLM-NPQR")) == (False, True)
    assert done.destroyed_at is not None
    assert not bytes(done.code_hash)
    assert RequestMail.objects.filter(kind="secret").count() == 1
    assert shower.bureau.counter.court.said("request.secret")[-1]["facts"] == {
        "method": "document", "seen": ["document"], "for": "secret",
    }  # fmt: skip
    # Whoever else waited with a secret of theirs gets nothing.
    with pytest.raises(NotWaiting):
        shower.verify(stranger)
    assert not IdentityPaper.objects.exists()
    # The same paper shows all that this request waits for.
    assert shower.request.state == RequestState.OPEN


def test_a_lost_secret_of_a_guardian_does_not_show_that_they_are_one(shower: Shower) -> None:
    SubjectRequest.objects.update(claimant="guardian")
    shower.verify(lost(shower))
    assert shower.request.state == RequestState.IDENTITY
    assert opens(shower, "ABCD-EFGH-JKLM-NPQR")


@pytest.mark.parametrize("state", [RequestState.DECIDED, RequestState.WITHDRAWN, RequestState.SCREENING])
def test_a_secret_is_lost_in_any_state(shower: Shower, state: str) -> None:
    SubjectRequest.objects.update(state=state)
    shower.verify(lost(shower))
    assert opens(shower, "ABCD-EFGH-JKLM-NPQR")
    assert shower.request.state == state


def test_a_refused_secret_never_opens_and_the_old_one_does(shower: Shower) -> None:
    old = access.new_secret(shower.request)
    check = lost(shower)
    done = shower.refuse(check, "name")
    assert (opens(shower, old), opens(shower, "ABCD-EFGH-JKLM-NPQR")) == (True, False)
    assert not bytes(done.code_hash)
    assert RequestMail.objects.filter(kind="secret_refused").count() == 1


def test_lost_secrets_are_bounded_and_need_a_candidate(
    shower: Shower, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = shower.ask(for_secret=True)
    shower.take(check)
    with pytest.raises(NotComplete):
        asking.finish(check, terminal=TERMINAL)
    monkeypatch.setattr(asking, "MOST_FOR_SECRET", 1)
    with pytest.raises(TooManyChecks):
        shower.ask(for_secret=True)
    with pytest.raises(NotOffered):
        shower.ask("email", for_secret=True)
    SubjectRequest.objects.update(state=RequestState.ENDED)
    with pytest.raises(NotWaiting):
        shower.ask(for_secret=True)


def test_at_the_desk_a_new_secret_is_told_once(shower: Shower) -> None:
    old = access.new_secret(shower.request)
    waiting = lost(shower)
    officer = shower.bureau.people.seoul_officer
    with pytest.raises(NotSeen):
        services.renew(shower.request, seen=[], actor=officer, terminal=TERMINAL)
    with pytest.raises(Forbidden):
        services.renew(
            shower.request, seen=["document"], actor=shower.bureau.people.operator, terminal=TERMINAL
        )
    secret = services.renew(shower.request, seen=["document"], actor=officer, terminal=TERMINAL)
    assert (opens(shower, secret), opens(shower, old)) == (True, False)
    assert IdentityCheck.objects.get(pk=waiting.pk).state == CheckState.EXPIRED
    assert RequestMail.objects.filter(kind="secret").count() == 1
    assert shower.request.state == RequestState.IDENTITY
