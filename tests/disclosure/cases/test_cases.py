"""Cases are numbered, their parties sealed; letters are sealed as they come in and opened with an entry."""

import zipfile
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accesslog.errors import LogUnavailable
from accesslog.models import LogEntry
from accesslog.selectors import load_receipt
from cctv.core import clock
from cctv.disclosure.cases import details, letters, services
from cctv.disclosure.cases.details import Details, Party
from cctv.disclosure.cases.errors import CaseIsOver, CaseSpanWrong, PaperGone, PaperRefused, PaperTooLarge
from cctv.disclosure.cases.models import Case, CaseState, Letter
from cctv.disclosure.cases.services import Stretch
from cctv.people.policy import Forbidden, NotFound
from cctv.vault import records, rings
from cctv.vault import services as vault
from cctv.vault.doors import footage_storage
from cctv.vault.errors import ReceiptMismatch
from cctv.vault.papers import open_paper
from tests.people.cast import Cast

pytestmark = [
    pytest.mark.postgres_later,
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.usefixtures("vault_ready"),
]
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"


def entries(kind: str) -> list[Any]:
    found = LogEntry.objects.using("log").filter(kind=kind).order_by("index")
    return [load_receipt(row.index).body for row in found]


def opened(cast: Cast, **more: Any) -> Case:
    values: dict[str, Any] = {"title": "Theft at the gate", "site": cast.seoul, **more}
    return services.open_case(actor=cast.operator, terminal="10.0.0.1", **values)


def added(cast: Cast, case: Case, **more: Any) -> Letter:
    values: dict[str, Any] = {"kind": "in", "title": "Warrant 2026-118", **more}
    return services.add_letter(actor=cast.operator, terminal="10.0.0.1", case=case, **values)


def upload(name: str = "Warrant of Han Jiwoo.pdf", data: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def test_cases_are_numbered_without_gaps_and_what_the_log_did_not_take_gives_its_number_back(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = opened(cast)
    with monkeypatch.context() as broken:
        broken.setattr("cctv.disclosure.cases.entries.append", _down)
        with pytest.raises(LogUnavailable):
            opened(cast)
    second = opened(cast)
    assert [first.number, second.number] == [f"C-{first.year}-0001", f"C-{first.year}-0002"]
    assert [each["case"] for each in entries("case.opened")] == [first.number, second.number]


def _down(**_kwargs: Any) -> None:
    raise LogUnavailable


def test_who_is_concerned_is_sealed_and_stands_neither_in_the_row_nor_in_the_log(cast: Cast) -> None:
    who = Details([Party("victim", "Han Jiwoo", "010-1234-5678")], "A bag was taken.")
    case = opened(cast, details=who)
    assert details.read(case) == who
    assert b"Jiwoo" not in bytes(case.details)
    assert "Jiwoo" not in repr(entries("case.opened"))

    records.destroy_keys([case.details_key_id])
    assert details.read(case) is None


def test_a_case_takes_only_footage_of_its_site_and_only_while_it_is_open(cast: Cast) -> None:
    case, now = opened(cast), clock.now()
    hour = timedelta(hours=1)
    for wrong in (Stretch(cast.mon, now - hour, now), Stretch(cast.gate, now, now - hour)):
        with pytest.raises(CaseSpanWrong):
            services.add_span(case=case, actor=cast.operator, terminal="t", span=wrong)
    right = Stretch(cast.gate, now - hour, now, "at the door")
    one = services.add_span(case=case, actor=cast.operator, terminal="t", span=right)
    again = services.add_span(case=case, actor=cast.operator, terminal="t", span=right)
    assert one.pk == again.pk
    assert [each["camera"]["code"] for each in entries("case.changed")] == [cast.gate.code]

    Case.objects.filter(pk=case.pk).update(state=CaseState.CLOSED)
    with pytest.raises(CaseIsOver):
        services.remove_span(case=case, actor=cast.operator, terminal="t", span_id=one.pk)
    with pytest.raises(CaseIsOver):
        added(cast, Case.objects.get(pk=case.pk), text="too late")


def test_invariant_8_strangers_do_not_know_the_site_and_auditors_change_nothing(cast: Cast) -> None:
    with pytest.raises(NotFound):
        services.open_case(actor=cast.osaka_operator, terminal="t", site=cast.seoul, title="x")
    with pytest.raises(Forbidden):
        services.open_case(actor=cast.auditor, terminal="t", site=cast.seoul, title="x")


def test_invariant_2_a_letter_is_sealed_with_its_name_and_comes_back_bit_for_bit(cast: Cast) -> None:
    letter = added(cast, opened(cast), upload=upload(), text="Handed in by Han Jiwoo", sender="Mapo police")
    stored = footage_storage().read_range(letter.sealed_name, 0, 10_000)
    assert b"%PDF" not in stored
    row = Letter.objects.values().get(pk=letter.pk)
    assert "Jiwoo" not in repr(row)
    assert b"Jiwoo" not in bytes(row["details"])
    assert "Jiwoo" not in repr(entries("letter.added"))

    name, pieces = letters.open_file(letter=letter, actor=cast.approver, terminal="t")
    assert (name, b"".join(pieces)) == ("Warrant of Han Jiwoo.pdf", PDF)
    words = letters.open_text(letter=letter, actor=cast.approver, terminal="t")
    assert (words.text, words.sender) == ("Handed in by Han Jiwoo", "Mapo police")
    assert [each["actor"]["id"] for each in entries("letter.opened")] == [str(cast.approver.pk)] * 2


def test_invariant_1_no_letter_is_opened_while_the_log_is_down_or_by_the_entry_of_another(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = opened(cast)
    one, other = added(cast, case, upload=upload()), added(cast, case, upload=upload())
    letters.open_file(letter=other, actor=cast.approver, terminal="t")
    receipt = load_receipt(LogEntry.objects.using("log").get(kind="letter.opened").index)
    for paper, actor in ((letters.paper_of(one), cast.approver), (letters.paper_of(other), cast.operator)):
        with pytest.raises(ReceiptMismatch):
            open_paper(receipt, paper, actor_id=actor.pk)
    assert open_paper(receipt, letters.paper_of(other), actor_id=cast.approver.pk).read() == PDF

    monkeypatch.setattr("cctv.disclosure.cases.entries.append", _down)
    for act in (letters.open_file, letters.open_text):
        with pytest.raises(LogUnavailable):
            act(letter=one, actor=cast.approver, terminal="t")


def test_what_the_log_did_not_take_leaves_no_object(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    case = opened(cast)
    before = {each.name for each in vault.list_objects()}
    monkeypatch.setattr("cctv.disclosure.cases.entries.append", _down)
    with pytest.raises(LogUnavailable):
        added(cast, case, upload=upload())
    assert {each.name for each in vault.list_objects()} == before
    assert not Letter.objects.exists()


def test_a_letter_is_over_when_the_key_of_its_year_is_destroyed(cast: Cast) -> None:
    letter = added(cast, opened(cast), upload=upload(), text="said")
    assert rings.records().label(letter.key_id) == f"letter/{letter.made_at.year}"
    records.destroy_keys([letter.key_id])
    for act in (letters.open_file, letters.open_text):
        with pytest.raises(PaperGone):
            act(letter=letter, actor=cast.operator, terminal="t")


def _docx() -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<document/>")
    return out.getvalue()


MAIL = b"From: a@b.kr\r\nDate: Mon, 1 Jun 2026 10:00:00 +0900\r\nSubject: CCTV\r\n\r\nHello\r\n"


@pytest.mark.parametrize(
    ("name", "data", "media_type"),
    [
        ("a.PDF", PDF, "application/pdf"),
        ("a.jpg", b"\xff\xd8\xff\xe0" + b"x" * 9, "image/jpeg"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + b"x" * 9, "image/png"),
        ("영장.docx", _docx(), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.eml", MAIL, "message/rfc822"),
        ("a.txt", "영장 사본".encode("cp949"), "text/plain"),
        ("a.txt", "捜査".encode("cp932"), "text/plain"),
        ("a.pdf", b"MZ\x90\x00" + b"x" * 99, None),
        ("a.exe", PDF, None),
        ("a.txt", b"MZ\x90\x00\x03\x00", None),
        ("a.docx", b"PK\x03\x04" + b"x" * 40, None),
        ("a.html", b"<script>alert(1)</script>", None),
        ("a.svg", b"<svg/>", None),
        ("a.eml", b"<html><body>", None),
        ("a.pdf", b"", None),
    ],
)
def test_only_papers_that_are_what_they_say_are_taken(
    cast: Cast, name: str, data: bytes, media_type: str | None
) -> None:
    case = opened(cast)
    if media_type is None:
        with pytest.raises(PaperRefused):
            added(cast, case, upload=upload(name, data))
        return
    assert added(cast, case, upload=upload(name, data)).media_type == media_type


def test_a_file_above_the_bound_is_refused(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cctv.disclosure.cases.letters.MOST_BYTES", len(PDF) - 1)
    with pytest.raises(PaperTooLarge):
        added(cast, opened(cast), upload=upload())
