"""A lost secret: nobody learns what exists, nothing opens before the verdict, nobody is kept out."""

import re
import time
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accesslog.errors import LogUnavailable
from cctv.subjects.identity import papers, recovering, verdicts
from cctv.subjects.identity.models import CheckState, IdentityCheck, IdentityPaper
from cctv.subjects.requests import access
from cctv.subjects.requests.models import RequestMail, RequestState, SubjectRequest
from tests.subjects.desk.conftest import Bureau
from tests.subjects.identity.sender import Requester, states
from tests.subjects.identity.showing import photo
from tests.subjects.requests.counter import DAY, TERMINAL, Counter, Killed, kill_at

pytestmark = [pytest.mark.django_db(databases=["default", "log"], transaction=True)]
NOBODYS = "R-2026-ZZZZZZ"
SECRET = re.compile(r'class="secret">([0-9A-Z-]{19})<')


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovering, "EVEN_S", 0.0)


class Loser:
    """Somebody without their secret, at a browser of their own."""

    def __init__(self, reference: str, network: str = "198.51.100.7") -> None:
        self.client = Client(REMOTE_ADDR=network)
        self.seen: list[str] = []
        self.answers: list[Any] = []
        self._keep(self.client.post("/portal/lost/", {"reference": reference}))
        page = self._keep(self.client.get("/portal/lost/secret/")).content.decode()
        found = SECRET.search(page)
        assert found
        self.secret = found[1]
        self.proof = (
            self._keep(self.client.get("/portal/lost/show/")).content.decode()
            .partition('name="proof" value="')[2].partition('"')[0]
        )  # fmt: skip

    def _keep(self, answer: Any) -> Any:
        self.answers.append(answer)
        return answer

    def send(self, picture: bytes | None = None, proof: str | None = None) -> Any:
        file = SimpleUploadedFile("a.jpg", photo() if picture is None else picture, "image/jpeg")
        fields = {"proof": self.proof if proof is None else proof, "part": "document", "picture": file}
        return self._keep(self.client.post("/portal/lost/show/", fields))

    def told(self, reference: str) -> list[tuple[int, str, list[str]]]:
        """All that came back, without what is their own."""

        def plain(answer: Any) -> str:
            text = answer.content.decode()
            for mine in (reference, self.secret, self.proof):
                text = text.replace(mine, "")
            return str(text)

        return [
            (each.status_code, plain(each) + each.get("Location", ""), list(each.cookies))
            for each in self.answers
        ]


def opens(reference: str, secret: str) -> bool:
    answer = Client(REMOTE_ADDR="203.0.113.9").post(
        "/portal/open/", {"reference": reference, "secret": secret}
    )
    return bool(answer.status_code == 302)


def test_a_reference_that_nobody_has_is_answered_alike_and_nothing_of_it_is_kept(counter: Counter) -> None:
    received = counter.ask(counter.court.yard.segment(expires_in=DAY))
    before = counter.court.yard.objects()
    told = []
    for reference in (NOBODYS, received.request.reference):
        loser = Loser(reference)
        assert loser.send(b"GIF89a").status_code == 400
        assert loser.send().status_code == 302
        loser._keep(loser.client.get("/portal/lost/show/"))
        assert "It has arrived" in loser.answers[-1].content.decode()
        told.append(loser.told(reference))
        if reference == NOBODYS:
            assert counter.court.yard.objects() == before
            assert not IdentityCheck.objects.exists()
            assert not RequestMail.objects.filter(kind="secret_asked").exists()
    assert told[0] == told[1]
    assert IdentityPaper.objects.count() == 1


def test_typing_a_reference_leaves_no_trace_and_writes_to_nobody(counter: Counter) -> None:
    received = counter.ask(counter.court.yard.segment(expires_in=DAY))
    mails = RequestMail.objects.count()
    Loser(received.request.reference)
    assert RequestMail.objects.count() == mails
    assert not IdentityCheck.objects.exists()
    wrong = Client().post("/portal/lost/", {"reference": "010-5550-1234"})
    assert wrong.status_code == 400
    assert not wrong.cookies


def test_the_new_secret_opens_from_the_verdict_on_and_the_old_one_until_then(bureau: Bureau) -> None:
    requester = Requester(bureau.counter)
    loser = Loser(requester.reference)
    assert loser.send().status_code == 302
    check = IdentityCheck.objects.get()
    assert (check.for_secret, check.state) == (True, CheckState.SHOWN)
    assert RequestMail.objects.get(kind="secret_asked").request == requester.again()
    old = requester.received.secret
    assert opens(requester.reference, old)
    assert not opens(requester.reference, loser.secret)
    # It is asked for a secret, not for the request: that waits for its own proof.
    assert requester.again().state == RequestState.IDENTITY
    assert "multipart" in requester.page()
    verdicts.verify(check, actor=bureau.people.seoul_officer, terminal=TERMINAL)
    assert opens(requester.reference, loser.secret)
    assert not opens(requester.reference, old)
    assert requester.client.get("/portal/status/")["Location"].startswith("/portal/open/")


def test_a_refused_one_opens_nothing_and_leaves_the_old(bureau: Bureau) -> None:
    requester = Requester(bureau.counter)
    loser = Loser(requester.reference)
    loser.send()
    check = IdentityCheck.objects.get()
    verdicts.refuse(check, actor=bureau.people.seoul_officer, terminal=TERMINAL, reason_code="name")
    assert not opens(requester.reference, loser.secret)
    assert opens(requester.reference, requester.received.secret)
    assert "not enough" not in requester.page()


def test_it_works_for_a_request_that_is_decided_and_not_for_one_that_has_ended(counter: Counter) -> None:
    received = counter.ask(counter.court.yard.segment(expires_in=DAY))
    counter.decide(received.request)
    Loser(received.request.reference).send()
    assert states() == [CheckState.SHOWN]
    SubjectRequest.objects.update(state=RequestState.ENDED)
    assert Loser(received.request.reference).send().status_code == 302
    assert states() == [CheckState.SHOWN]


def test_who_only_knows_the_reference_keeps_nobody_from_theirs(counter: Counter) -> None:
    requester = Requester(counter)
    for network in range(1, access.PICTURES_PER_REFERENCE + 1):
        assert Loser(requester.reference, f"192.0.2.{network}").send().status_code == 302
    for reference in (requester.reference, NOBODYS):
        for network in range(10, 10 + access.PICTURES_PER_REFERENCE):
            if reference == NOBODYS:
                Loser(reference, f"192.0.2.{network}").send()
        refused = Loser(reference, "192.0.2.99").send()
        assert refused.status_code == 429
        assert "Come to our place" in refused.content.decode()
    assert len(states()) == access.PICTURES_PER_REFERENCE
    # Where it was opened before, it is their own count; and tomorrow it is anybody's again.
    assert Loser(requester.reference, "127.0.0.1").send().status_code == 302
    assert len(states()) == access.PICTURES_PER_REFERENCE + 1
    # A new secret that is asked for is no wrong guess of the old one.
    assert opens(requester.reference, requester.received.secret)


def test_what_has_been_sent_is_not_sent_again(counter: Counter) -> None:
    loser = Loser(counter.ask(counter.court.yard.segment(expires_in=DAY)).request.reference)
    assert loser.send().status_code == 302
    again = loser.send()
    assert again.status_code == 200
    assert "It has arrived" in again.content.decode()
    assert states() == [CheckState.SHOWN]


def test_a_form_from_elsewhere_and_one_that_is_too_old_do_nothing(counter: Counter) -> None:
    received = counter.ask(counter.court.yard.segment(expires_in=DAY))
    loser = Loser(received.request.reference)
    assert loser.send(proof="0" * 64).status_code == 403
    counter.court.yard.move(recovering.LIFE * 2)
    for path in ("secret/", "show/"):
        assert loser.client.get(f"/portal/lost/{path}")["Location"] == "/portal/lost/?ended=1"
    assert not IdentityCheck.objects.exists()


def test_the_answer_comes_after_whole_steps_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(recovering, "EVEN_S", 1.5)
    monkeypatch.setattr(time, "sleep", waited.append)
    for took in (0.1, 1.4, 1.6):
        monkeypatch.setattr(time, "monotonic", lambda took=took: 100.0 + took)
        recovering._even(100.0)
    assert [round(each, 6) for each in waited] == [1.4, 0.1, 1.4]


def test_many_at_once_are_no_more_than_many_after_one_another(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is still on its way when the next one comes."""
    received = counter.ask(counter.court.yard.segment(expires_in=DAY))
    losers = [
        Loser(received.request.reference, "192.0.2.8") for _ in range(access.PICTURES_PER_REFERENCE + 3)
    ]
    answers: list[int] = []
    examine = papers.examine

    def slow(chunks: Any, **where: Any) -> bytes:
        if losers:
            answers.append(losers.pop().send().status_code)
        return examine(chunks, **where)

    monkeypatch.setattr(papers, "examine", slow)
    answers.append(losers.pop().send().status_code)
    assert answers.count(302) == access.PICTURES_PER_REFERENCE
    assert set(answers) == {302, 429}
    assert len(states()) == access.PICTURES_PER_REFERENCE


def test_what_was_no_picture_is_not_counted(counter: Counter) -> None:
    loser = Loser(counter.ask(counter.court.yard.segment(expires_in=DAY)).request.reference)
    for _ in range(access.PICTURES_PER_REFERENCE + 2):
        assert loser.send(b"GIF89a").status_code == 400
    assert loser.send().status_code == 302


def test_a_log_that_is_down_does_not_tell_what_exists_and_leaves_nothing(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    received = counter.ask(counter.court.yard.segment(expires_in=DAY))
    losers = [Loser(reference) for reference in (NOBODYS, received.request.reference)]
    before = counter.court.yard.objects()

    def refuse(**_options: Any) -> None:
        raise LogUnavailable

    with monkeypatch.context() as patch:
        counter.down(patch)
        patch.setattr(recovering, "append", refuse)
        assert [each.send().status_code for each in losers] == [503, 503]
    assert counter.court.yard.objects() == before
    assert not IdentityCheck.objects.exists()
    assert [each.send().status_code for each in losers] == [302, 302]
    assert len(counter.court.said("identity.lost")) == 1, "once a day, whatever was typed"


def test_a_try_that_breaks_half_way_leaves_neither_picture_nor_candidate(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    loser = Loser(counter.ask(counter.court.yard.segment(expires_in=DAY)).request.reference)
    before = counter.court.yard.objects()
    with monkeypatch.context() as patch:
        kill_at(patch, "identity.sent")
        with pytest.raises(Killed):
            loser.send()
    check = IdentityCheck.objects.get()
    assert check.state == CheckState.EXPIRED
    assert not bytes(check.code_hash)
    assert counter.court.yard.objects() == before
    assert loser.send().status_code == 302


def test_holding_the_last_bytes_back_does_not_tell_what_exists(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is evened out begins once the picture is there, however long its sender took."""
    received = counter.ask(counter.court.yard.segment(expires_in=DAY))
    came: list[float] = []
    began: list[float] = []
    examine = papers.examine

    def looked(chunks: Any, **where: Any) -> bytes:
        seen = examine(chunks, **where)
        came.append(time.monotonic())
        return seen

    monkeypatch.setattr(papers, "examine", looked)
    monkeypatch.setattr(recovering, "_even", began.append)
    for reference in (NOBODYS, received.request.reference):
        assert Loser(reference).send().status_code == 302
    assert len(began) == 2
    assert all(start >= there for start, there in zip(began, came, strict=True))
