"""Showing who one is over the portal: pictures go sealed to the checker, bounded, and nowhere else."""

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accesslog.errors import LogUnavailable
from cctv.people.models import OutgoingMail
from cctv.subjects.identity import papers, verdicts
from cctv.subjects.identity.models import CheckState, IdentityCheck, IdentityPaper, Method
from cctv.subjects.portal import throttle
from cctv.subjects.requests import story
from cctv.subjects.requests.models import RequestActKind, RequestState, SubjectRequest
from tests.subjects.desk.conftest import Bureau
from tests.subjects.identity.sender import Requester, only_paper, states
from tests.subjects.identity.showing import photo
from tests.subjects.requests.counter import TERMINAL, Counter

pytestmark = [pytest.mark.django_db(databases=["default", "log"], transaction=True)]
HERE = "/portal/identity/"
BOUNDARY = "x" * 20
FORM = f"multipart/form-data; boundary={BOUNDARY}"


@pytest.fixture
def requester(counter: Counter) -> Requester:
    return Requester(counter)


class Socket:
    """A body that counts what was read of it."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def read(self, size: int = -1) -> bytes:
        piece = self.data[self.at :] if size < 0 else self.data[self.at : self.at + size]
        self.at += len(piece)
        return piece

    def readline(self, size: int = -1) -> bytes:
        return self.read(size)


def body(picture: bytes, **fields: str) -> bytes:
    """A form: its fields, then the picture."""
    parts = [f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
             for name, value in fields.items()]  # fmt: skip
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="picture"; filename="a.jpg"\r\n\r\n'
    return b"".join(parts) + head.encode() + picture + f"\r\n--{BOUNDARY}--\r\n".encode()


def post(client: Client, socket: Socket, **meta: Any) -> Any:
    length = str(len(socket.data))
    said = {"CONTENT_TYPE": FORM, "CONTENT_LENGTH": length, "wsgi.input": socket, **meta}
    return client.generic("POST", HERE, "", FORM, **said)


def test_invariant_2_a_picture_goes_sealed_to_the_checker_and_is_no_file_in_between(
    requester: Requester, no_clear_files: None
) -> None:
    yard = requester.counter.court.yard
    before = yard.objects()
    assert 'enctype="multipart/form-data"' in requester.page()
    assert requester.send(photo(comment=b"GPS 37.5665 N")).status_code == 302
    paper = only_paper()
    assert (states(), paper.part) == ([CheckState.SHOWN], "document")
    assert yard.objects() - before == {paper.sealed_name}
    act = requester.again().acts.get(kind=RequestActKind.IDENTITY_SENT)
    assert act.facts == {"method": "document", "papers": ["document"]}
    assert "It has arrived" in requester.page()
    assert "one of us looks at what you sent" in requester.page("/portal/status/")
    # What waits for the checker is not changed under their eyes.
    assert requester.send(proof=requester.proof("/portal/status/")).status_code == 409
    assert only_paper().pk == paper.pk


@pytest.mark.urls("config.portal_urls")
def test_the_portals_own_process_tells_the_checker_where_it_lies(requester: Requester) -> None:
    assert requester.send().status_code == 302
    told = OutgoingMail.objects.filter(kind="identity.shown")
    assert told.exists()
    assert all(f"/requests/{requester.reference}/" in each.text for each in told)


def test_who_stands_for_somebody_sends_one_paper_after_the_other(counter: Counter) -> None:
    requester = Requester(counter, claimant="guardian")
    assert "Picture 1 of 2" in requester.page()
    assert requester.send(part="document").status_code == 302
    assert states() == [CheckState.ASKED]
    second = requester.page()
    assert "Picture 2 of 2" in second
    assert 'name="part" value="kinship"' in second
    first = only_paper().pk
    again = requester.page(f"{HERE}?part=document")
    assert 'name="part" value="document"' in again
    assert requester.send(part="document").status_code == 302
    assert only_paper().pk != first
    assert requester.send(part="mandate").status_code == 409
    assert requester.send(part="kinship").status_code == 302
    assert states() == [CheckState.SHOWN]
    assert IdentityPaper.objects.count() == 2


def test_two_gigabytes_are_refused_before_a_byte_is_read(requester: Requester) -> None:
    socket = Socket(body(b"\xff" * 1000, proof=requester.proof(), part="document"))
    answer = post(requester.client, socket, CONTENT_LENGTH=str(2 << 30))
    assert (answer.status_code, socket.at) == (413, 0)
    assert "too large" in answer.content.decode()


def test_chunks_without_a_length_are_not_read_at_all(requester: Requester) -> None:
    socket = Socket(body(photo(), proof=requester.proof(), part="document"))
    answer = post(requester.client, socket, CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="chunked")
    assert (answer.status_code, socket.at) == (403, 0)
    assert not IdentityCheck.objects.exists()


def test_no_more_is_read_than_a_picture_may_have(
    requester: Requester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(papers, "MOST_BYTES", 200_000)
    socket = Socket(body(b"\xff\xd8\xff" + b"\0" * 5_000_000, proof=requester.proof(), part="document"))
    answer = post(requester.client, socket)
    assert answer.status_code == 413
    assert socket.at < 600_000
    assert not IdentityPaper.objects.exists()


@pytest.mark.parametrize("stranger", [True, False])
def test_a_form_from_elsewhere_is_not_read_to_its_picture(requester: Requester, stranger: bool) -> None:
    client = Client() if stranger else requester.client
    socket = Socket(body(b"\xff" * 3_000_000, proof="0" * 64, part="document"))
    answer = post(client, socket)
    assert answer.status_code == (302 if stranger else 403)
    assert socket.at < 300_000
    assert not IdentityCheck.objects.exists()


@pytest.mark.parametrize("sent", [
    b"", b"--", b"--" + b"x" * 20, b"\0" * 5000, body(photo()), body(photo(), proof="x" * 5000),
    body(photo(), **{f"f{n}": "1" for n in range(40)}),
])  # fmt: skip
def test_what_is_no_form_of_ours_gets_nothing(requester: Requester, sent: bytes) -> None:
    assert post(requester.client, Socket(sent)).status_code == 403
    assert not IdentityCheck.objects.exists()


@pytest.mark.parametrize("more", [{"part": "x" * 5000}, {f"f{n}": "1" for n in range(40)}])
def test_a_form_of_many_or_long_fields_is_not_read_to_its_picture(
    requester: Requester, more: dict[str, str]
) -> None:
    fields = {"proof": requester.proof(), **more, "part": more.get("part", "document")}
    socket = Socket(body(b"\xff" * 3_000_000, **fields))
    assert post(requester.client, socket).status_code in (400, 403)
    assert socket.at < 300_000


def test_a_connection_that_breaks_leaves_nothing(requester: Requester) -> None:
    class Broken(Socket):
        def read(self, size: int = -1) -> bytes:
            if self.at > 100_000:
                raise TimeoutError
            return super().read(size)

    socket = Broken(body(b"\xff\xd8\xff" + b"\0" * 500_000, proof=requester.proof(), part="document"))
    answer = post(requester.client, socket)
    assert answer.status_code == 400
    assert "did not arrive whole" in answer.content.decode()
    assert not IdentityPaper.objects.exists()


def test_what_is_no_picture_is_told_on_the_page_and_to_its_script_in_words(requester: Requester) -> None:
    answer = requester.send(b"<script>alert(1)</script>")
    assert answer.status_code == 400
    assert "errsum" in answer.content.decode()
    assert "multipart" in answer.content.decode()
    told = requester.send(b"GIF89a", headers={"Accept": "application/json"})
    assert told.status_code == 400
    assert told.json()["error"]["code"] == "identity_not_a_picture"
    assert not IdentityPaper.objects.exists()
    without = requester.client.post(HERE, {"proof": requester.proof(), "part": "document"})
    assert "There was no picture" in without.content.decode()
    assert requester.send(headers={"Accept": "application/json"}).status_code == 302


def test_a_refused_picture_may_be_sent_again_and_the_page_says_why(bureau: Bureau) -> None:
    requester = Requester(bureau.counter)
    assert requester.send().status_code == 302
    check = IdentityCheck.objects.get()
    verdicts.refuse(check, actor=bureau.people.seoul_officer, terminal=TERMINAL, reason_code="unreadable")
    page = requester.page()
    assert "What you showed was not enough, and is destroyed" in page
    assert "blurred" in page
    assert requester.send().status_code == 302
    assert states() == [CheckState.REFUSED, CheckState.SHOWN]


def test_while_the_log_is_down_nothing_is_said_to_have_arrived(
    requester: Requester, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(**_fields: object) -> None:
        raise LogUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(story, "append", down)
        assert requester.send().status_code == 503
    assert states() == [CheckState.ASKED]
    # The last paper is asked for again, and ends it.
    assert requester.send().status_code == 302
    assert states() == [CheckState.SHOWN]


@pytest.mark.parametrize(("state", "words"), [
    (RequestState.SCREENING, "somebody looks at your request first"),
    (RequestState.OPEN, "does not wait for it"), (RequestState.WITHDRAWN, "does not wait for it"),
])  # fmt: skip
def test_a_request_that_does_not_wait_takes_no_picture(requester: Requester, state: str, words: str) -> None:
    proof = requester.proof()
    SubjectRequest.objects.update(state=state)
    page = requester.page()
    assert words in page
    assert "multipart" not in page
    assert requester.send(proof=proof).status_code == 409
    assert not IdentityCheck.objects.exists()


def test_a_complaint_is_shown_by_a_code_to_its_address(counter: Counter) -> None:
    requester = Requester(counter, kind="complaint", details=counter.other(email="me@example.org"))
    assert "Send me a code by e-mail" in requester.page()
    code_url = f"{HERE}code/"
    assert requester.client.post(code_url, {"proof": requester.proof(), "go": "send"}).status_code == 302
    said = str(mail.outbox[-1].body)
    wrong = requester.client.post(code_url, {"proof": requester.proof(), "code": "AAAA-AAAA"})
    assert wrong.status_code == 403
    assert "This is not the code" in wrong.content.decode()
    code = re.search(r"[2-9A-Z]{4}-[2-9A-Z]{4}", said)
    assert code is not None
    right = requester.client.post(code_url, {"proof": requester.proof(), "code": code[0].lower()})
    assert right["Location"] == "/portal/status/"
    assert requester.again().state == RequestState.OPEN
    assert IdentityCheck.objects.get().method == Method.EMAIL_CODE
    assert "We know already that it is you" in requester.page()


def test_a_document_is_no_code_and_a_code_no_document(requester: Requester) -> None:
    answer = requester.client.post(f"{HERE}code/", {"proof": requester.proof(), "go": "send"})
    assert answer.status_code == 409
    assert not IdentityCheck.objects.exists()


def test_one_connection_sends_only_so_many_pictures(
    requester: Requester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "PICTURES_PER_HOUR", 1)
    assert requester.send(b"GIF89a").status_code == 400
    assert requester.send().status_code == 429
    assert not IdentityPaper.objects.exists()
