"""The receipt and the slip that police and insurers may see; mails and templates."""

import re
from typing import Any

import pytest

from cctv.models import SubjectRequest
from cctv.subjects.deciding import receipts, texts
from cctv.subjects.deciding import words as words_of
from cctv.subjects.requests.details import Details
from cctv.subjects.requests.models import RequestState
from tests.core import pdftext
from tests.people.cast import Cast
from tests.subjects.deciding.asked import AT, MAIL, NAME, hold, request_of

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.usefixtures("vault_ready")]
SECRET = "7F3K-9QWT-2MXD-HR46"
EVERYTHING = Details(
    name=NAME, email=MAIL, phone="+82 10-5550-1234", birth_date="1984-02-29", place="turnstile",
    looks="yellow raincoat", plate="12가3456", reason="umbrella", subject_name="Younghee", relation="uncle",
    correction="Tuesday",
)  # fmt: skip


def said(pdf: bytes | None) -> str:
    assert pdf is not None
    return " ".join(line for page in pdftext.pages(pdf) for line in page)


def receipt(request: SubjectRequest, secret: str | None = None) -> str:
    return said(receipts.receipt(request, secret, "en"))


def test_the_receipt_says_what_is_kept_until_when_there_is_an_answer_and_what_comes_next(cast: Cast) -> None:
    request = request_of(cast, cast.gate)
    pdf = receipts.receipt(request, SECRET, "en")
    assert len(pdftext.pages(pdf)) == 1
    words = said(pdf)
    for each in (
        "R-2026-7K4QXM", SECRET, "stopped the deletion", "answer by Thu 26 Nov 2026",
        "By Tue 17 Nov 2026 10:42 KST", "Show who you are", "Footage is kept", "H-2026-0318",
        "Baram Hub, 1 camera", "14 Nov 2026, 16:42–19:42 KST",
        # The 26th of December is a Saturday.
        "on the last day, Thu 26 Nov 2026, until Mon 28 Dec 2026",
    ):  # fmt: skip
        assert each in words, each


def test_the_secret_is_on_the_receipt_only_when_it_has_just_been_given(cast: Cast) -> None:
    words = receipt(request_of(cast))
    assert "Secret" not in words
    assert SECRET not in words


def test_the_slip_names_nobody_and_has_no_secret(cast: Cast) -> None:
    request = request_of(cast, details=EVERYTHING)
    words = said(receipts.preservation_slip(request, "en"))
    for name in EVERYTHING.__slots__:
        assert getattr(EVERYTHING, name) not in words, name
    assert "R-2026-7K4QXM" in words
    assert "Zone of Gate 1 (1), Zone of Lobby (1)" in words
    assert "with a warrant" in words


def test_no_slip_is_given_while_nothing_is_kept(cast: Cast) -> None:
    request = request_of(cast, held=False)
    assert receipts.preservation_slip(request) is None
    assert "Footage is kept" not in receipt(request)
    assert "stopped the deletion" not in receipt(request)


def test_who_is_screened_first_is_told_so(cast: Cast) -> None:
    words = receipt(request_of(cast, held=False, state=RequestState.SCREENING))
    assert "before footage is kept for it" in words


@pytest.mark.parametrize(
    ("held", "too_late", "told"),
    [(6, 0, ""), (6, 2, "A part of it had been deleted"), (0, 4, "All of that footage had been deleted")],
)
def test_what_came_too_late_is_told_at_once(cast: Cast, held: int, too_late: int, told: str) -> None:
    request = request_of(cast, held=False)
    hold(request, held=held, too_late=too_late)
    words = receipt(request)
    assert told in words
    assert ("had been deleted" in words) == bool(told)


def test_where_the_clock_stands_until_identity_is_shown_it_is_told_so(cast: Cast) -> None:
    request = request_of(cast)
    told = "each day that it takes is added"
    assert told not in receipt(request) + texts.mail("received", request, "en")[1]
    request.paused_at = AT
    assert told in receipt(request)
    assert told in texts.mail("received", request, "en")[1]


def test_once_it_is_decided_the_slip_says_the_day(cast: Cast) -> None:
    request = request_of(cast)
    request.objection_until = words_of.objection_until(request, AT)
    assert "Until Wed 16 Dec 2026." in said(receipts.preservation_slip(request, "en"))


def test_no_mail_names_a_person_or_what_is_in_the_picture(cast: Cast) -> None:
    request = request_of(cast, details=EVERYTHING)
    for kind in (*texts.MAILS, "else"):
        subject, body = texts.mail(kind, request, "en")
        for name in EVERYTHING.__slots__:
            assert getattr(EVERYTHING, name) not in subject + body, (kind, name)
        assert cast.gate.name not in body
        assert "R-2026-7K4QXM" in subject
        assert "\n" not in subject
        assert "no advertisement" in body
        assert not re.search(r"%\(|%s", subject + body)


def test_the_mail_of_the_receipt_says_what_the_receipt_says(cast: Cast) -> None:
    subject, body = texts.mail("received", request_of(cast), "en")
    assert subject == "[Saebyeok Freight] We have received your request (R-2026-7K4QXM)"
    assert "Thu 26 Nov 2026" in body
    assert "Tue 17 Nov 2026 10:42 KST" in body
    assert "The secret is not in this mail" in body


def test_mails_lead_to_the_portal_where_lethe_knows_its_address(cast: Cast, settings: Any) -> None:
    request = request_of(cast)
    settings.LETHE_URL = ""
    assert "https" not in texts.mail("message", request, "en")[1]
    settings.LETHE_URL = "https://cctv.example.org/"
    assert "https://cctv.example.org/portal/" in texts.mail("message", request, "en")[1]


def test_the_mail_with_a_code_has_the_code_in_its_body_only(cast: Cast) -> None:
    subject, body = texts.code_mail(request_of(cast), "482 913", minutes=15, language="en")
    assert "482 913" in body
    assert "15 minutes" in body
    assert "482 913" not in subject


def test_every_template_is_filled_for_the_request(cast: Cast) -> None:
    request = request_of(cast)
    assert set(texts.templates()) == set(texts.TEMPLATES)
    for template in texts.TEMPLATES:
        words = texts.message(template, request, "en")
        assert len(words) > 60
        assert "%" not in words
    assert "Thu 26 Nov 2026" in texts.message("first", request, "en")
    assert texts.message("gone", request) == ""
