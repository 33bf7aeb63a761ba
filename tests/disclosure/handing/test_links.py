"""A one-time link: entered before any byte, counted, and open to nobody else."""

from datetime import timedelta
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import pytest
from django.core import mail
from django.test import Client

from accesslog.errors import LogUnavailable
from cctv.core import clock
from cctv.disclosure.exports.models import ExportState
from cctv.disclosure.handing import details, sending, services
from cctv.disclosure.handing.errors import CopyExists, CopyOver
from cctv.disclosure.handing.models import HandOver, Sending
from cctv.footage.restrictions.models import Restriction
from cctv.ledger.models import LedgerLine
from cctv.people.models import OutgoingMail
from cctv.people.policy import Forbidden, NotFound
from tests.disclosure.handing.conftest import CLIPS, Ready, Stream, download, entries, opened, taken, unpacked

pytestmark = [
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.usefixtures("vault_ready"),
]
NOWHERE = b"This link leads nowhere"


def get(client: Client, made: services.Made, **headers: str) -> Any:
    return client.get(f"/d/{made.token}/", headers=headers)


def test_invariant_1_each_camera_is_entered_before_the_first_byte_and_names_survive(ready: Ready) -> None:
    made = ready.link()
    client = opened(Client(), made)
    answer = download(client, made)
    said = entries("export.sent")
    assert [each["camera"]["code"] for each in said] == ["gate", "lobby"]
    assert {each["actor"]["id"] for each in said} == {str(made.handover.pk)}
    assert {(each["actor"]["name"], each["actor"]["role"]) for each in said} == {("마포 경찰서", "recipient")}
    assert Sending.objects.get().first_entry is not None
    data = taken(answer)
    assert int(answer.headers["Content-Length"]) == len(data)
    assert unpacked(data) == ready.content
    saved_as = answer.headers["Content-Disposition"].partition("filename*=utf-8''")[2]
    assert unquote(saved_as) == "E-2026-0001 바람 허브 copy 1.zip"
    line = LedgerLine.objects.get()
    assert (line.kind, line.source) == ("PROVIDE", "export E-2026-0001 copy 1")
    assert Sending.objects.get().is_whole


def test_invariant_1_a_log_that_is_down_sends_nothing_and_counts_nothing(
    ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = ready.link()
    client = opened(Client(), made)

    def down(**_facts: Any) -> Any:
        raise LogUnavailable

    with monkeypatch.context() as patched:
        patched.setattr("cctv.disclosure.handing.entries.append", down)
        answer = download(client, made)
        assert answer.status_code == 503
        assert not getattr(answer, "streaming", False)
    assert not Sending.objects.exists()
    assert not LedgerLine.objects.exists()
    assert unpacked(taken(download(client, made))) == ready.content


def test_token_code_and_names_are_kept_in_no_row_and_no_entry(ready: Ready) -> None:
    made = ready.link(sealing="phrase")
    row = HandOver.objects.get()
    kept = (
        repr(HandOver.objects.values().get()) + repr(entries("export.link_made")) + repr(bytes(row.details))
    )
    for secret in (made.token, made.code, made.code.replace("-", ""), made.phrase, "Inspector", "02-000"):
        assert secret not in kept
    known = details.read(services.copies().get())
    assert known is not None
    assert (known.person, known.contact) == ("Inspector Han", "02-000-0000")
    assert made.phrase not in known.key


def test_the_code_is_asked_first_and_however_it_is_typed(ready: Ready) -> None:
    made = ready.link()
    client = Client()
    page = get(client, made)
    assert page.status_code == 200
    assert b"E-2026-0001" not in page.content
    assert download(client, made).status_code == 302
    wide = "".join(chr(ord(letter) + 0xFEE0) if letter.isalnum() else " " for letter in made.code.lower())
    assert client.post(f"/d/{made.token}/", {"code": wide}).status_code == 302
    assert b"E-2026-0001" in get(client, made).content


def test_what_every_answer_says_of_itself(ready: Ready) -> None:
    made = ready.link()
    client = Client()
    sent = download(opened(client, made), made)
    Stream(sent).close()
    for answer in (get(Client(), ready.link()), client.get("/d/nothing/"), get(client, made), sent):
        assert answer.headers["Cache-Control"] == "no-store, private"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in answer.headers["X-Robots-Tag"]


@pytest.mark.parametrize(
    "why", ["unknown", "malformed", "ended", "expired", "ran out", "used up", "not ready"]
)
def test_links_that_lead_nowhere_are_answered_alike(ready: Ready, why: str) -> None:
    made = ready.link()
    token = made.token
    if why == "unknown":
        token = token[::-1]
    elif why == "malformed":
        token = "x"
    elif why == "ended":
        services.end_copy(handover=made.handover, actor=ready.cast.operator, terminal="t")
    elif why == "expired":
        ready.change(expires_at=clock.now())
    elif why == "ran out":
        HandOver.objects.update(open_until=clock.now())
    elif why == "used up":
        taken(download(opened(Client(), made), made))
    elif why == "not ready":
        ready.change(state=ExportState.ENDED)
    other = Client().get("/d/" + "A" * 43 + "/")
    for method, path in (("get", ""), ("post", ""), ("get", "download/")):
        answer = getattr(Client(), method)(f"/d/{token}/{path}", {"code": made.code})
        assert answer.status_code == 404
        assert NOWHERE in answer.content
        assert answer.content == other.content


def test_wrong_codes_close_the_link_and_whoever_made_it_is_told(ready: Ready) -> None:
    made = ready.link()
    client = Client()
    for left in (4, 3, 2, 1):
        answer = client.post(f"/d/{made.token}/", {"code": "AAAA-AAAA"})
        assert answer.status_code == 403
        assert f"You can try {left} more".encode() in answer.content
    assert not entries("export.refused")
    answer = client.post(f"/d/{made.token}/", {"code": "AAAA-AAAA"}, REMOTE_ADDR="192.0.2.9")
    assert answer.status_code == 403
    assert b"This link is closed" in answer.content
    said = entries("export.refused")
    assert [(each["copy"], each["attempts"], each["terminal"]) for each in said] == [(1, 5, "192.0.2.9")]
    assert OutgoingMail.objects.get().to == ready.cast.operator
    assert client.post(f"/d/{made.token}/", {"code": made.code}).status_code == 404
    assert not mail.outbox


def test_a_closing_that_the_log_did_not_take_is_entered_later(
    ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = ready.link()
    HandOver.objects.update(attempts_left=1)

    def down(**_facts: Any) -> Any:
        raise LogUnavailable

    with monkeypatch.context() as patched:
        patched.setattr("cctv.disclosure.handing.entries.append", down)
        assert Client().post(f"/d/{made.token}/", {"code": "wrong"}).status_code == 503
    assert Client().post(f"/d/{made.token}/", {"code": made.code}).status_code == 404
    monkeypatch.setattr(services, "SETTLE_S", 0.0)
    services.tend()
    services.tend()
    assert len(entries("export.refused")) == 1
    assert OutgoingMail.objects.count() == 1


def test_the_right_code_costs_no_attempt(ready: Ready) -> None:
    made = ready.link(downloads=3)
    for _again in range(7):
        opened(Client(), made)
    assert HandOver.objects.get().attempts_left == services.ATTEMPTS


def test_a_grant_of_one_link_opens_no_other_and_none_when_it_is_old(ready: Ready) -> None:
    one, other = ready.link(), ready.link()
    client = opened(Client(), one)
    cookie = client.cookies["lethe_copy"]
    assert cookie["httponly"]
    assert cookie["path"] == f"/d/{one.token}/"
    stranger = Client()
    stranger.cookies["lethe_copy"] = cookie.value
    assert download(stranger, other).status_code == 302
    assert services.grant_of(other.handover, cookie.value) is None
    assert services.grant_of(one.handover, cookie.value) is not None
    with pytest.MonkeyPatch.context() as later:
        later.setattr("django.core.signing.time.time", lambda: clock.now().timestamp() + 6 * 3600 + 5)
        assert services.grant_of(one.handover, cookie.value) is None


def test_it_is_sent_as_often_as_it_may_be_and_head_counts_nothing(ready: Ready) -> None:
    made = ready.link(downloads=2)
    client = opened(Client(), made)
    for _look in range(3):
        answer = client.head(f"/d/{made.token}/download/")
        assert answer.status_code == 200
        assert int(answer.headers["Content-Length"]) == sending.size_of(made.handover)
    assert not Sending.objects.exists()
    for _time in range(2):
        assert unpacked(taken(download(client, made))) == ready.content
    assert download(client, made).status_code == 410
    assert Client().post(f"/d/{made.token}/", {"code": made.code}).status_code == 404
    assert len(entries("export.sent")) == 4
    assert LedgerLine.objects.count() == 1


def test_what_was_restricted_is_not_sent(ready: Ready) -> None:
    made = ready.link()
    client = opened(Client(), made)
    span = ready.export.spans.first()
    assert span is not None
    row = Restriction.objects.create(
        site=ready.cast.seoul, starts_at=span.starts_at, ends_at=span.ends_at, ground="objection",
        reason="R-1", placed_by=ready.cast.privacy_officer,
    )  # fmt: skip
    row.cameras.add(span.camera)
    answer = download(client, made)
    assert answer.status_code not in (200, 206)
    assert not Sending.objects.exists()
    assert b"It cannot be downloaded at the moment" in get(client, made).content


def test_the_recipient_confirms_once_and_only_after_it_was_sent(ready: Ready) -> None:
    made = ready.link()
    client = opened(Client(), made)
    assert client.post(f"/d/{made.token}/received/").status_code == 409
    taken(download(client, made))
    assert opened_without_code(made, client).status_code == 404
    for _again in range(2):
        assert client.post(f"/d/{made.token}/received/").status_code == 302
    assert [each["actor"]["role"] for each in entries("export.received")] == ["recipient"]
    assert HandOver.objects.get().received_at is not None


def opened_without_code(made: services.Made, _client: Client) -> Any:
    """Somebody else, who has the address only."""
    return Client().post(f"/d/{made.token}/received/")


def test_who_may_not_hand_over_makes_no_link(ready: Ready) -> None:
    cast = ready.cast
    for actor, error in ((cast.auditor, Forbidden), (cast.osaka_operator, NotFound)):
        with pytest.raises(error):
            services.make_link(export=ready.export, actor=actor, terminal="t", person="x")
    assert not HandOver.objects.exists()


def test_a_form_that_is_sent_twice_makes_one_link(ready: Ready) -> None:
    attempt = uuid4()
    ready.link(new_id=attempt)
    with pytest.raises(CopyExists):
        ready.link(new_id=attempt)
    assert len(entries("export.link_made")) == 1


def test_a_link_is_never_open_longer_than_the_package_is_kept(ready: Ready) -> None:
    made = ready.link(open_days=30)
    assert made.handover.open_until == ready.export.expires_at
    until = ready.link(open_days=2).handover.open_until
    assert until is not None
    assert until < clock.now() + timedelta(days=2, seconds=1)


def test_what_has_ended_is_not_ended_again(ready: Ready) -> None:
    made = ready.link()
    services.end_copy(handover=made.handover, actor=ready.cast.operator, terminal="t")
    with pytest.raises(CopyOver):
        services.end_copy(handover=made.handover, actor=ready.cast.operator, terminal="t")
    assert len(entries("export.link_ended")) == 1


def test_too_many_tries_from_one_address_are_sent_away(ready: Ready) -> None:
    made = ready.link()
    with clock.pretend(clock.now().replace(second=0)):  # within one minute, on a slow machine too
        codes = {Client().post("/d/" + "A" * 43 + "/", {"code": "x"}).status_code for _try in range(35)}
        assert codes == {404, 429}
        assert Client().post(f"/d/{made.token}/", {"code": made.code}).status_code == 429


def test_the_page_speaks_the_recipients_language(ready: Ready) -> None:
    made = ready.link()
    assert get(Client(), made, **{"accept-language": "ja"}).content.count(b'lang="ja"') >= 1
    client = Client()
    answer = client.get(f"/d/{made.token}/?lang=ko", follow=True)
    assert b'<html lang="ko"' in answer.content


def test_clips_begin_before_their_span_and_are_covered(ready: Ready) -> None:
    made = ready.link()
    taken(download(opened(Client(), made), made))
    file = ready.export.files.filter(name__in=CLIPS).first()
    assert file is not None
    assert file.starts_at is not None
    assert all(each["from"] <= clock.rfc3339(file.starts_at) for each in entries("export.sent"))
