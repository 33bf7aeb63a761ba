"""What somebody tries who wants more copies than they may have, or a copy at another time."""

import threading
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections
from django.test import Client

from accesslog.models import LogEntry
from cctv.core import clock
from cctv.disclosure.exports.errors import ExportViolated
from cctv.disclosure.exports.models import ExportState
from cctv.disclosure.handing import sending, services
from cctv.disclosure.handing.errors import SendingStopped, UsedUp
from cctv.disclosure.handing.models import HandOver, Sending
from cctv.disclosure.packaging import opening
from cctv.vault import services as vault
from cctv.vault.errors import FootageExpired, KeyMissing
from tests.disclosure.handing.conftest import (
    TERMINAL,
    Ready,
    Stream,
    download,
    entries,
    opened,
    taken,
    unpacked,
)

pytestmark = [
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.usefixtures("vault_ready"),
]


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many questions for a small package."""
    monkeypatch.setattr(sending, "PIECE_BYTES", 64 << 10)
    monkeypatch.setattr(sending, "NOTE_BYTES", 256 << 10)
    monkeypatch.setattr(sending, "ASK_AGAIN_S", 0.0)


def begun(ready: Ready, pieces: int = 3, **options: Any) -> tuple[services.Made, Client, Stream, bytes]:
    """A download that has sent some pieces."""
    made = ready.link(**options)
    client = opened(Client(), made)
    stream = Stream(download(client, made))
    return made, client, stream, b"".join(next(stream) for _piece in range(pieces))


def test_a_broken_download_goes_on_where_it_broke_and_counts_once(ready: Ready) -> None:
    made, client, stream, head = begun(ready, 9)
    stream.close()
    assert 0 < Sending.objects.get().sent_bytes <= len(head)
    answer = download(client, made, **{"range": f"bytes={len(head)}-"})
    size = sending.size_of(made.handover)
    assert answer.status_code == 206
    assert answer.headers["Content-Range"] == f"bytes {len(head)}-{(size or 0) - 1}/{size}"
    assert unpacked(head + taken(answer)) == ready.content
    assert Sending.objects.count() == 1
    assert len(entries("export.sent")) == 2
    assert HandOver.objects.get().downloads_left == 0
    assert download(client, made, **{"range": f"bytes={len(head)}-"}).status_code == 410


def test_an_earlier_tag_gives_the_whole_not_a_mixture(ready: Ready) -> None:
    made, client, stream, head = begun(ready)
    stream.close()
    answer = download(client, made, **{"range": f"bytes={len(head)}-", "if-range": '"other"'})
    assert answer.status_code == 200
    assert unpacked(taken(answer)) == ready.content


def test_another_browser_does_not_go_on_with_it(ready: Ready) -> None:
    made, _client, stream, head = begun(ready)
    stream.close()
    other = Client()
    assert other.post(f"/d/{made.token}/", {"code": made.code}).status_code == 404
    assert download(other, made, **{"range": f"bytes={len(head)}-"}).status_code == 404


def test_it_does_not_go_on_after_some_hours(ready: Ready) -> None:
    made, client, stream, head = begun(ready, open_days=3)
    stream.close()
    Sending.objects.update(at=clock.now() - services.GO_ON)
    assert download(client, made, **{"range": f"bytes={len(head)}-"}).status_code == 410
    assert download(client, made).status_code == 410


@pytest.mark.parametrize(
    "asked", ["bytes=3000000-", "bytes=999999999-", "bytes=99999999999999999999999-", "bytes=4500000-4600000"]
)
def test_bytes_beyond_what_was_reached_are_not_sent(ready: Ready, asked: str) -> None:
    made, client, stream, _head = begun(ready)
    stream.close()
    answer = download(client, made, **{"range": asked})
    if answer.status_code == 200:  # not understood: the whole, from its beginning
        assert unpacked(taken(answer)) == ready.content
        return
    assert answer.status_code == 416


@pytest.mark.parametrize(
    "asked", ["bytes=-5", "bytes=0-9", "bytes=0-0,5-9", "bytes=a-b", "bytes=5-2", "words=1-2"]
)
def test_odd_ranges_give_the_whole_which_counts(ready: Ready, asked: str) -> None:
    made = ready.link()
    client = opened(Client(), made)
    answer = download(client, made, **{"range": asked})
    assert answer.status_code == 200
    assert unpacked(taken(answer)) == ready.content
    assert download(client, made).status_code == 410


def test_a_range_cannot_begin_a_download(ready: Ready) -> None:
    made = ready.link()
    assert download(opened(Client(), made), made, **{"range": "bytes=100-"}).status_code == 416
    assert HandOver.objects.get().downloads_left == 1


def test_of_two_requests_of_one_browser_the_newer_one_comes_to_its_end(ready: Ready) -> None:
    made, client, older, head = begun(ready)
    newer = iter(download(client, made).streaming_content)
    first = next(newer)
    rest: list[bytes] = []
    with pytest.raises(SendingStopped):
        rest.extend(older)
    assert unpacked(first + b"".join(newer)) == ready.content
    assert len(head) + sum(map(len, rest)) < len(first) + (sending.size_of(made.handover) or 0)
    assert [each.is_whole for each in Sending.objects.order_by("at")] == [False, True]


@pytest.mark.parametrize("sealing", ["plain", "phrase"])
def test_a_download_that_never_ends_is_not_many_copies(ready: Ready, sealing: str) -> None:
    """Who stops shortly before the end and begins again: each beginning has entries, and there are few."""
    made = ready.link(sealing=sealing)
    client = opened(Client(), made)
    places = ["192.0.2.7", "198.51.100.9", "203.0.113.50", "203.0.113.51"]
    statuses = []
    for place in places:
        answer = client.get(f"/d/{made.token}/download/", REMOTE_ADDR=place)
        statuses.append(answer.status_code)
        if answer.status_code == 200:
            stream = Stream(answer)
            for _piece in range(20):
                next(stream)
            stream.close()
    assert statuses == [200, 200, 200, 410]
    assert [each["terminal"] for each in entries("export.sent")] == [
        x for x in places[:3] for _camera in "ab"
    ]
    assert Sending.objects.count() == 3
    assert HandOver.objects.get().downloads_left == 0


def test_all_but_the_last_piece_is_whole(ready: Ready) -> None:
    made = ready.link()
    client = opened(Client(), made)
    stream = Stream(download(client, made))
    size, had = sending.size_of(made.handover) or 0, 0
    while had < size - sending.PIECE_BYTES:
        had += len(next(stream))
    next(stream)
    stream.close()
    assert Sending.objects.get().is_whole
    assert download(client, made).status_code == 410


def test_from_another_address_it_goes_on_with_entries_of_its_own(ready: Ready) -> None:
    made, client, stream, head = begun(ready, 9)
    stream.close()
    path, asked = f"/d/{made.token}/download/", {"range": f"bytes={len(head)}-"}
    answer = client.get(path, headers=asked, REMOTE_ADDR="198.51.100.9")
    assert unpacked(head + taken(answer)) == ready.content
    assert Sending.objects.count() == 1
    said = [each["terminal"] for each in entries("export.sent")]
    assert said == [TERMINAL, TERMINAL, "198.51.100.9", "198.51.100.9"]


def test_asking_again_for_much_that_was_sent_is_a_beginning(ready: Ready) -> None:
    made, client, stream, _head = begun(ready, 15)
    stream.close()
    statuses = []
    for _time in range(3):
        answer = download(client, made, **{"range": "bytes=1-"})
        statuses.append(answer.status_code)
        if answer.status_code == 206:
            again = Stream(answer)
            for _piece in range(15):
                next(again)
            again.close()
    assert statuses == [206, 206, 410]
    assert len(entries("export.sent")) == 6


def test_what_never_left_is_no_beginning(ready: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    made = ready.link()
    client = opened(Client(), made)

    def broken(*_args: Any, **_options: Any) -> Any:
        raise KeyMissing

    with monkeypatch.context() as patch:
        patch.setattr(opening, "open_for_person", broken)
        for _time in range(4):
            assert download(client, made).status_code != 200
    assert unpacked(taken(download(client, made))) == ready.content
    assert Sending.objects.count() == 1


def test_what_was_sent_whole_is_not_sent_again(ready: Ready) -> None:
    """Whoever took over shortly before the end finds it done, or ends it instead."""
    made, client, older, head = begun(ready)
    pieces = [head, *older]
    size = sending.size_of(made.handover) or 0
    assert sum(map(len, pieces)) == size
    answer = download(client, made, **{"range": f"bytes={size - (64 << 10) - 1}-"})
    assert answer.status_code == 410


@pytest.mark.django_db(transaction=True, databases=["default", "log"])
@pytest.mark.parametrize("allowed", [1, 2])
def test_of_many_at_once_exactly_the_allowed_number_wins(ready: Ready, allowed: int) -> None:
    made = ready.link(downloads=allowed)
    row = services.find(made.token)
    whole: list[bytes] = []
    start = threading.Barrier(4)

    def take() -> None:
        try:
            start.wait()
            with suppress(UsedUp):
                out = sending.send(row, grant=uuid4(), terminal="t")
                whole.append(b"".join(out.pieces))
        finally:
            for connection in connections.all():
                connection.close()

    threads = [threading.Thread(target=take) for _thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [unpacked(data) == ready.content for data in whole] == [True] * allowed
    assert Sending.objects.count() == allowed
    assert HandOver.objects.get().downloads_left == 0


def test_invariant_3_what_expires_while_it_is_sent_stops(ready: Ready) -> None:
    made, client, stream, _head = begun(ready)
    with clock.pretend(clock.now() + timedelta(days=8)), pytest.raises((SendingStopped, FootageExpired)):
        b"".join(stream)
    assert not Sending.objects.get().is_whole
    ready.change(expires_at=clock.now())
    assert download(client, made).status_code == 404


@pytest.mark.parametrize("how", ["revoked", "ended", "key destroyed", "refused afterwards"])
def test_what_ends_while_it_is_sent_stops(ready: Ready, how: str) -> None:
    made, client, stream, _head = begun(ready)
    if how == "revoked":
        services.end_copy(handover=made.handover, actor=ready.cast.operator, terminal="t")
    elif how == "ended":
        ready.change(state=ExportState.ENDED)
    elif how == "key destroyed":
        vault.destroy_record_keys([ready.export.key_id])
    else:
        ready.change(urgency="refused")
    with pytest.raises(Exception) as stopped:
        b"".join(stream)
    assert isinstance(stopped.value, (SendingStopped, KeyMissing, ExportViolated))
    assert not Sending.objects.get().is_whole
    assert download(client, made).status_code in (404, 409, 503)


def test_invariant_2_nothing_is_written_while_a_copy_is_sent(ready: Ready, no_clear_files: None) -> None:
    before = {each.name for each in vault.list_objects()}
    for sealing in ("plain", "phrase"):
        made = ready.link(sealing=sealing)
        taken(download(opened(Client(), made), made))
    assert {each.name for each in vault.list_objects()} == before


def test_guessed_tokens_lead_nowhere_and_write_no_entry(ready: Ready) -> None:
    made = ready.link()
    count = LogEntry.objects.using("log").count()
    guesses = [
        made.token[:-1] + ("A" if made.token[-1] != "A" else "B"), made.token.lower(), made.token + "A", "..",
        "%00", made.token.replace(made.token[0], "é", 1),
    ]  # fmt: skip
    for guess in guesses:
        assert Client().get(f"/d/{guess}/").status_code == 404
    assert LogEntry.objects.using("log").count() == count


def test_words_with_script_in_them_stay_words(ready: Ready) -> None:
    script = "<script>alert(1)</script>\"'>{{7*7}}"
    ready.change(recipient=script, document=script[:60])
    ready.export.refresh_from_db()
    made = ready.link(person=script, contact=script)
    client = opened(Client(), made)
    page = client.get(f"/d/{made.token}/").content.decode()
    assert "<script>" not in page
    wrong = Client().post(f"/d/{ready.link().token}/", {"code": script}).content.decode()
    assert "<script>" not in wrong
    answer = client.get(f"/d/{made.token}/?lang={script}")
    assert "<script>" not in answer.content.decode()
    sealed = ready.link(sealing="phrase", person=script)
    data = unpacked(taken(download(opened(Client(), sealed), sealed)))
    assert b"alert(1)" not in data["open.html"]
