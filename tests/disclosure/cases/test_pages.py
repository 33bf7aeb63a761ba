"""The pages of cases in a browser's hands: list, story, letters, the end."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from cctv.core import clock, uploads
from cctv.core.clock import rfc3339
from cctv.core.ids import new_id
from cctv.disclosure.cases import closing, services
from cctv.disclosure.cases.details import Details, Party
from cctv.disclosure.cases.models import Case, CaseState, Letter
from cctv.disclosure.cases.services import Stretch
from cctv.disclosure.exports.models import Export, ExportState
from cctv.disclosure.models import Medium
from cctv.footage.models import ViewingSession
from cctv.people.models import Account
from cctv.retention.holds.models import Hold, HoldState
from tests.disclosure.cases.test_cases import PDF, added, entries, opened
from tests.people.cast import Cast, give_password

pytestmark = [
    pytest.mark.postgres_later,
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.usefixtures("vault_ready"),
]


def signed_in(account: Account) -> Client:
    client = Client()
    client.force_login(account)
    give_password(client, account)
    return client


def held(cast: Cast, case: Case, **more: Any) -> Hold:
    from cctv.retention.holds import services as holds

    now = clock.now()
    return holds.place_hold(
        actor=cast.operator, terminal="t", site=case.site, cameras=[cast.gate], case=case.number,
        reason="theft", ground="incident", starts_at=now - timedelta(hours=1), ends_at=now,
        until=now + timedelta(days=30), **more,
    ).hold  # fmt: skip


def test_a_case_is_opened_found_and_read_in_the_browser(cast: Cast) -> None:
    client = signed_in(cast.operator)
    data = {
        "title": "Theft at the gate", "reference": "2026-118", "token": str(new_id()),
        "facts": "A bag is gone.",
        "parties": "victim; Han Jiwoo; 010-1234-5678\n\nwitness; Oh Sera",
    }  # fmt: skip
    for _again in range(2):
        answer = client.post(reverse("case-new", args=[cast.seoul.code]), data)
    case = Case.objects.get()
    assert answer.headers["Location"] == reverse("case", args=[case.number])

    page = client.get(reverse("case", args=[case.number])).content.decode()
    for known in ("Theft at the gate", "2026-118", "Han Jiwoo", "Oh Sera", "A bag is gone."):
        assert known in page
    listed = client.get(reverse("cases"), {"q": "2026-118"}).content.decode()
    assert case.number in listed
    assert "Han Jiwoo" not in listed
    assert case.number not in client.get(reverse("cases"), {"q": "nothing"}).content.decode()


def test_footage_of_a_viewing_or_the_timeline_goes_to_a_new_case_or_an_open_one(cast: Cast) -> None:
    client, now = signed_in(cast.operator), clock.now().replace(microsecond=0)
    case = opened(cast)
    session = ViewingSession.objects.create(
        actor=cast.operator, site=cast.seoul, purpose=cast.crime,
        starts_at=now - timedelta(hours=1), ends_at=now, valid_until=now + timedelta(hours=1),
    )  # fmt: skip
    session.cameras.set([cast.gate])
    new = reverse("case-new", args=[cast.seoul.code])
    span = {"from": rfc3339(now - timedelta(minutes=5)), "to": rfc3339(now)}
    chosen = f"{new}?{urlencode({'camera': cast.gate.code, **span})}"
    for url, start in (
        (f"{new}?viewing={session.pk}", session.starts_at), (chosen, now - timedelta(minutes=5))
    ):  # fmt: skip
        page = client.get(url)
        assert [(each.camera, each.starts_at) for each in page.context["spans"]] == [(cast.gate, start)]
        assert case in page.context["cases"]
        for _again in range(2):
            answer = client.post(url, {"into": case.number})
        assert answer.headers["Location"] == reverse("case", args=[case.number])
    assert case.spans.count() == 2

    other = opened(cast)
    take = reverse("case-span", args=[other.number])
    assert str(session.pk) in client.get(take).content.decode()
    client.post(take, {"viewing": str(session.pk)})
    assert other.spans.get().starts_at == session.starts_at
    # Nobody takes in what somebody else looks at, and nothing of another site.
    assert str(session.pk) not in signed_in(cast.approver).get(take).content.decode()
    signed_in(cast.approver).post(take, {"viewing": str(session.pk)})
    assert other.spans.count() == 1


def test_what_names_the_case_stands_in_one_story_newest_first_and_only_what_one_may_see(cast: Cast) -> None:
    case, now = opened(cast), clock.now()
    services.add_span(
        case=case, actor=cast.operator, terminal="t",
        span=Stretch(cast.gate, now - timedelta(hours=1), now, "the door"),
    )  # fmt: skip
    added(cast, case, text="from the insurer")
    hold = held(cast, case)
    Medium.objects.create(
        number="M-2026-0001", year=2026, sequence=1, site=cast.seoul, kind="usb", description="the copy",
        purpose="claim", case=case.number, made_by=cast.operator,
    )  # fmt: skip
    other = Medium.objects.create(
        number="M-2026-0002", year=2026, sequence=2, site=cast.seoul, kind="usb", description="another",
        purpose="claim", case="free text", made_by=cast.operator,
    )  # fmt: skip
    page = signed_in(cast.operator).get(reverse("case", args=[case.number])).content.decode()
    places = [page.index(each) for each in ("M-2026-0001", hold.number, "Warrant 2026-118", "the door")]
    assert places == sorted(places)
    assert other.number not in page
    assert "from the insurer" not in page


def test_a_letter_comes_in_by_a_form_and_goes_back_as_an_attachment_that_nothing_runs(cast: Cast) -> None:
    case, client = opened(cast), signed_in(cast.operator)
    big = PDF + b"%" * (3 << 20)  # more than Django keeps in memory by itself
    data = {
        "kind": "in", "title": "Warrant 2026-118", "dated": "2026-06-01", "sender": "Mapo police",
        "upload": SimpleUploadedFile("압수수색 영장.pdf", big),
    }  # fmt: skip
    assert client.post(reverse("letter-new", args=[case.number]), data).status_code == 302
    letter = Letter.objects.get()
    assert letter.size_bytes == len(big)

    page = client.get(reverse("letter", args=[case.number, letter.pk])).content.decode()
    assert "Mapo police" not in page
    assert entries("letter.opened") == []
    answer = client.post(reverse("letter-file", args=[case.number, letter.pk]))
    assert b"".join(answer) == big
    assert answer.headers["Content-Disposition"].startswith("attachment; filename*=utf-8''")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert len(entries("letter.opened")) == 1
    assert (
        "Mapo police" in client.post(reverse("letter-text", args=[case.number, letter.pk])).content.decode()
    )


def test_no_upload_ever_touches_the_disk_in_clear_and_what_is_too_large_is_said(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spooled(*_args: Any, **_kwargs: Any) -> None:
        raise AssertionError("a temporary file")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", spooled)
    monkeypatch.setattr("django.core.files.uploadedfile.TemporaryUploadedFile.__init__", spooled)
    monkeypatch.setattr(uploads, "MOST_BYTES", 4 << 20)
    case, client = opened(cast), signed_in(cast.operator)
    for size, status in ((3 << 20, 302), (5 << 20, 400)):
        file = SimpleUploadedFile("a.pdf", PDF + b"%" * size)
        data = {"kind": "in", "title": "Warrant", "upload": file}
        answer = client.post(reverse("letter-new", args=[case.number]), data)
        assert answer.status_code == status
    assert "too large" in answer.content.decode()
    assert Letter.objects.count() == 1


def test_of_somebody_who_is_not_signed_in_no_file_is_kept(cast: Cast) -> None:
    file = SimpleUploadedFile("a.pdf", PDF)
    request = Client().post(reverse("account_login"), {"upload": file}).wsgi_request
    assert getattr(request.FILES["upload"], "size", None) == 0


def test_closing_says_in_numbers_what_it_does_and_does_it(cast: Cast) -> None:
    case = opened(cast)
    first, second = held(cast, case), held(cast, case)
    another = held(cast, opened(cast))
    Export.objects.create(
        number="E-2026-0001", year=2026, sequence=1, site=cast.seoul, case=case, state=ExportState.READY,
        recipient_kind="police", recipient="Mapo", ground="law", asked_by=cast.operator,
    )  # fmt: skip
    client = signed_in(cast.approver)
    page = client.get(reverse("case-close", args=[case.number])).content.decode()
    assert "This releases 2 holds" in page
    assert "ends 1 copy" in page
    seen = closing.effect_of(case).seen
    client.post(reverse("case-close", args=[case.number]), {"seen": seen})
    case.refresh_from_db()
    assert (case.state, case.closed_by) == (CaseState.CLOSED, cast.approver)
    states = [Hold.objects.get(pk=each.pk).state for each in (first, second, another)]
    assert states == [HoldState.RELEASED, HoldState.RELEASED, HoldState.PLACED]
    assert [(each["holds"], each["copies"]) for each in entries("case.closed")] == [(2, 1)]


def test_numbers_that_changed_meanwhile_close_nothing(cast: Cast) -> None:
    case = opened(cast)
    seen = closing.effect_of(case).seen
    hold = held(cast, case)
    answer = signed_in(cast.approver).post(reverse("case-close", args=[case.number]), {"seen": seen})
    assert answer.status_code == 409
    case.refresh_from_db()
    hold.refresh_from_db()
    assert (case.state, hold.state) == (CaseState.OPEN, HoldState.PLACED)


def test_who_may_not_release_holds_begins_the_end_and_destroys_nothing(cast: Cast) -> None:
    case = opened(cast)
    hold = held(cast, case)
    client, url = signed_in(cast.operator), reverse("case-close", args=[case.number])
    client.post(url, {"seen": closing.effect_of(case).seen})
    case.refresh_from_db()
    hold.refresh_from_db()
    assert (case.state, hold.state) == (CaseState.CLOSING, HoldState.PLACED)
    client.post(reverse("case-reopen", args=[case.number]))
    case.refresh_from_db()
    assert case.state == CaseState.OPEN


def test_while_an_export_waits_the_case_cannot_be_closed(cast: Cast) -> None:
    case = opened(cast)
    Export.objects.create(
        number="E-2026-0001", year=2026, sequence=1, site=cast.seoul, case=case, state=ExportState.ASKED,
        recipient_kind="police", recipient="Mapo", ground="law", asked_by=cast.operator,
    )  # fmt: skip
    client, url = signed_in(cast.approver), reverse("case-close", args=[case.number])
    assert "1 export still waits" in client.get(url).content.decode()
    assert client.post(url, {"seen": closing.effect_of(case).seen}).status_code == 409
    case.refresh_from_db()
    assert case.state == CaseState.OPEN


def test_invariant_8_a_letter_of_another_case_or_site_is_not_there(cast: Cast) -> None:
    one, other = opened(cast), opened(cast)
    letter = added(cast, one, text="x")
    client = signed_in(cast.operator)
    assert client.get(reverse("letter", args=[other.number, letter.pk])).status_code == 404
    stranger = signed_in(cast.osaka_operator)
    for name in ("letter-text", "letter-file"):
        assert stranger.post(reverse(name, args=[one.number, letter.pk])).status_code == 404
    assert entries("letter.opened") == []


def test_parties_of_the_auditor_are_read_not_changed(cast: Cast) -> None:
    case = opened(cast, details=Details([Party("victim", "Han Jiwoo")]))
    client = signed_in(cast.auditor)
    assert "Han Jiwoo" in client.get(reverse("case", args=[case.number])).content.decode()
    assert client.get(reverse("case-edit", args=[case.number])).status_code == 403
