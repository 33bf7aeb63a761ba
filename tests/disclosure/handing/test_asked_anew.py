"""Whether a copy may leave is asked of every file first, and of the open one while it is sent."""

from typing import Any

import pytest
from django.test import Client

from accesslog.errors import LogUnavailable
from cctv.core import clock
from cctv.disclosure.exports import telling
from cctv.disclosure.exports.models import ActKind, ExportAct, FileKind, PackageFile
from cctv.disclosure.handing import entries as handing_entries
from cctv.disclosure.handing import selectors, sending, services
from cctv.disclosure.handing.models import HandOver, Sending
from cctv.disclosure.packaging import opening
from cctv.footage.errors import MasksChanged
from cctv.footage.restrictions.errors import FootageRestricted
from cctv.footage.restrictions.models import Restriction
from cctv.ledger.models import LedgerLine
from cctv.people.models import OutgoingMail
from cctv.retention.backup.errors import RestoreUnfinished
from cctv.vault.errors import KeyMissing
from tests.disclosure.handing.conftest import Ready, Stream, download, entries, opened, taken, unpacked

pytestmark = [
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.usefixtures("vault_ready"),
]


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many questions for a small package."""
    monkeypatch.setattr(sending, "PIECE_BYTES", 64 << 10)
    monkeypatch.setattr(sending, "ASK_AGAIN_S", 0.0)


def pre_roll_is_restricted(ready: Ready) -> None:
    """Only what lies before the span, and is in the clip all the same."""
    file = PackageFile.objects.filter(kind=FileKind.CLIP).order_by("number")[0]
    span = ready.export.spans.get(camera=file.camera)
    assert file.starts_at is not None
    assert file.starts_at < span.starts_at
    row = Restriction.objects.create(
        site=ready.export.site, starts_at=file.starts_at, ends_at=span.starts_at, ground="other", reason="r",
        placed_by=ready.cast.operator, placed_entry=0,
    )  # fmt: skip
    row.cameras.set([span.camera])


def test_a_restriction_of_the_pre_roll_stops_the_clip_that_is_being_sent(ready: Ready) -> None:
    made = ready.link()
    stream = Stream(download(opened(Client(), made), made))
    next(stream)
    pre_roll_is_restricted(ready)
    with pytest.raises(FootageRestricted):
        next(stream)
    assert not Sending.objects.get().is_whole


def test_a_copy_with_one_file_that_may_not_leave_is_refused_as_a_whole(
    ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = ready.link()
    client = opened(Client(), made)
    last = PackageFile.objects.filter(kind=FileKind.CLIP).latest("number")
    real = opening._require_free

    def changed(file: PackageFile) -> None:
        if file.pk == last.pk:
            raise MasksChanged
        real(file)

    monkeypatch.setattr(opening, "_require_free", changed)
    answer = download(client, made)
    assert answer.status_code == MasksChanged.status
    assert not Sending.objects.exists()
    assert HandOver.objects.get().downloads_left == 1
    assert not entries("export.sent")
    assert not LedgerLine.objects.exists()


def test_where_no_byte_could_leave_the_ledger_has_no_line(
    ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = ready.link()
    client = opened(Client(), made)

    def broken(*_args: Any, **_options: Any) -> Any:
        raise KeyMissing

    with monkeypatch.context() as patch:
        patch.setattr(opening, "open_for_person", broken)
        assert download(client, made).status_code != 200
    assert not LedgerLine.objects.exists()
    stream = Stream(download(client, made))
    assert LedgerLine.objects.count() == 1, "before the first byte is taken"
    stream.close()


def test_the_right_code_is_an_entry_and_without_the_log_shows_nothing(
    ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = ready.link()

    def down(**_fields: Any) -> Any:
        raise LogUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(handing_entries, "append", down)
        answer = Client().post(f"/d/{made.token}/", {"code": made.code})
        assert (answer.status_code, answer.cookies.get("lethe_copy")) == (503, None)
    assert HandOver.objects.get().attempts_left == services.ATTEMPTS
    opened(Client(), made)
    (entry,) = entries("export.link_opened")
    assert (entry["copy"], entry["actor"]["role"], entry["terminal"]) == (1, "recipient", "192.0.2.7")


def test_a_page_that_may_not_be_downloaded_lists_nothing(ready: Ready) -> None:
    made = ready.link()
    client = opened(Client(), made)
    camera = ready.cast.gate.name
    assert camera in client.get(f"/d/{made.token}/").content.decode()
    span = ready.export.spans.get(camera=ready.cast.gate)
    row = Restriction.objects.create(
        site=ready.export.site, starts_at=span.starts_at, ends_at=span.ends_at, ground="other", reason="r",
        placed_by=ready.cast.operator, placed_entry=0,
    )  # fmt: skip
    row.cameras.set([ready.cast.gate])
    said = client.get(f"/d/{made.token}/").content.decode()
    assert "cannot be downloaded at the moment" in said
    assert camera not in said
    assert ready.export.package["sha256"] not in said


def test_a_copy_without_its_last_bytes_was_downloaded_for_all_who_ask(ready: Ready) -> None:
    made = ready.link()
    row = made.handover
    size = sending.size_of(row) or 0
    HandOver.objects.filter(pk=row.pk).update(downloads_left=0)
    row.refresh_from_db()
    one = Sending.objects.create(handover=row, at=clock.now(), sent_bytes=size // 2)
    assert selectors.state_of(row) == selectors.RAN_OUT
    Sending.objects.filter(pk=one.pk).update(sent_bytes=size - 1)
    assert selectors.state_of(row) == selectors.USED


def test_while_the_register_may_be_an_older_copy_no_link_is_made(
    ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "register_in_doubt", lambda: True)
    with pytest.raises(RestoreUnfinished):
        ready.link()
    assert not HandOver.objects.exists()


def test_the_end_of_a_download_that_broke_there_is_sent_again_and_nothing_else(ready: Ready) -> None:
    made = ready.link()
    client = opened(Client(), made)
    data = taken(download(client, made))
    size = len(data)
    for start in (size - 1, size - (64 << 10)):
        answer = download(client, made, **{"range": f"bytes={start}-"})
        assert answer.status_code == 206
        assert unpacked(data[:start] + taken(answer)) == ready.content
    for start in (0, 1, size - (64 << 10) - 1):
        assert download(client, made, **{"range": f"bytes={start}-"}).status_code == 410
    assert Sending.objects.count() == 1
    assert len(entries("export.sent")) == 2


def test_the_page_offers_no_download_that_would_be_refused(ready: Ready) -> None:
    made = ready.link()
    client = opened(Client(), made)
    for _beginning in range(sending.BEGINNINGS):
        assert "/download/" in client.get(f"/d/{made.token}/").content.decode()
        stream = Stream(download(client, made))
        next(stream)
        stream.close()
    said = client.get(f"/d/{made.token}/").content.decode()
    assert "/download/" not in said
    assert "begun as often as it may be" in said
    assert download(client, made).status_code == 410


def test_a_mail_says_that_there_is_a_remark_and_not_what_it_says(ready: Ready) -> None:
    ExportAct.objects.create(
        export=ready.export, kind=ActKind.REJECTED, by=ready.cast.approver, remark="Han Jiwoo is a minor"
    )
    telling.decided(ready.export)
    mail = OutgoingMail.objects.get(kind="export.act")
    assert "Han Jiwoo" not in mail.text
    assert "There is a remark" in mail.text
