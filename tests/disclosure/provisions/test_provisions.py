"""The register of provisions, the year's numbers, and notices to those who hold what was erased (O31)."""

import csv
import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accesslog.errors import LogUnavailable
from accesslog.models import LogEntry
from accesslog.selectors import load_receipt
from cctv.disclosure.exports.booking import book_provision
from cctv.disclosure.exports.models import ActKind, Export, ExportAct, ExportState, PackageFile
from cctv.disclosure.handing.models import RecipientNotice
from cctv.disclosure.models import Medium
from cctv.disclosure.provisions import notices, statistics
from cctv.disclosure.provisions.errors import HowMissing, NoticeElsewhere
from cctv.disclosure.provisions.selectors import Question, provisions, with_exports
from cctv.ledger import services as ledger
from cctv.ledger.models import LedgerKind
from cctv.people.models import Account
from cctv.people.policy import Forbidden
from tests.core import pdftext
from tests.disclosure.provisions.papers_of import AT, HOUR, export_of, hand_over
from tests.people.cast import Cast, give_password

pytestmark = [
    pytest.mark.postgres_later,
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.usefixtures("vault_ready"),
]


def entries(kind: str) -> list[Any]:
    found = LogEntry.objects.using("log").filter(kind=kind).order_by("index")
    return [load_receipt(row.index).body for row in found]


def signed_in(account: Account) -> Client:
    client = Client()
    client.force_login(account)
    give_password(client, account)
    return client


def given(cast: Cast, number: int = 1, **more: Any) -> Export:
    """An export of which a copy was downloaded, with its line."""
    export = export_of(cast, number, **more)
    book_provision(hand_over(export))
    return export


def on_medium(cast: Cast, number: int, export: Export | None) -> Medium:
    """A stick that was handed over, made of an export or of something else; with its line."""
    medium = Medium.objects.create(
        number=f"M-2026-{number:04d}", year=2026, sequence=number, site=cast.seoul, kind="usb",
        description="copy", purpose="claim", made_by=cast.operator, handed_at=AT,
    )  # fmt: skip
    if export is not None:
        export.handovers.create(copy=9, way="medium", medium=medium, made_by=cast.operator)
    ledger.write(
        kind=LedgerKind.PROVIDE, site=cast.seoul, item=medium.number, form="USB", handler="Kim Minji",
        reason="claim", source=f"medium {medium.number} provided 1", recipient="An insurer", at=AT,
        ground="consent", provided_as="USB",
    )  # fmt: skip
    return medium


def shown(asked: Question, allowed: frozenset[Any] | None = None) -> list[str]:
    found = with_exports(provisions(allowed=allowed, asked=asked))
    return sorted(each.export.number if each.export else each.line.source for each in found)


def test_every_copy_that_left_is_a_line_whatever_it_left_on(cast: Cast) -> None:
    one = given(cast)
    own = given(cast, 2, recipient_kind="own", purpose=None, purpose_text="training")
    export_of(cast, 3)  # nothing of it has left
    on_medium(cast, 1, one)
    on_medium(cast, 2, None)
    ledger.write(
        kind=LedgerKind.DESTROY, site=cast.seoul, item="M", form="USB", handler="Kim", reason="over",
        source="medium M-2026-0002 destroyed",
    )  # fmt: skip
    assert shown(Question()) == [one.number, one.number, own.number, "medium M-2026-0002 provided 1"]


def test_a_package_that_ended_is_no_copy_that_left(cast: Cast) -> None:
    one = given(cast)
    given(cast, 2, recipient_kind="own", purpose=None, purpose_text="training")
    for number in (one.number, "E-2026-0099"):
        ledger.write(
            kind=LedgerKind.DESTROY, site=cast.seoul, item=number, form="video", handler="Lethe",
            reason="over", source=f"export {number} ended",
        )  # fmt: skip
    lines = provisions(allowed=None, asked=Question())
    assert sorted(line.kind for line in lines) == [LedgerKind.PROVIDE, LedgerKind.USE]
    (part, *_) = statistics.statistics(allowed=None, site=None, year=lines[0].year)
    assert [row.count for row in part.rows][-1] == 1, "what the organisation itself uses was handed to nobody"


def test_the_register_answers_by_site_days_recipient_ground_and_urgency(cast: Cast) -> None:
    police = given(cast)
    insurer = given(cast, 2, recipient_kind="insurer", ground="consent", urgency="late")
    japan = given(cast, 3, site=cast.osaka, camera=cast.mon)
    on_medium(cast, 1, insurer)
    on_medium(cast, 2, None)
    assert shown(Question(recipient_kind="insurer")) == [insurer.number] * 2
    assert shown(Question(ground="consent")) == [insurer.number] * 2
    assert shown(Question(urgent=True)) == [insurer.number] * 2
    assert shown(Question(site=cast.osaka)) == [japan.number]
    assert shown(Question(), frozenset({cast.osaka.pk})) == [japan.number]
    assert police.number in shown(Question(recipient_kind="police"))
    day = AT.date()
    assert shown(Question(last_day=day - timedelta(days=1))) == []
    assert shown(Question(last_day=day)) == [insurer.number, "medium M-2026-0002 provided 1"]


def test_the_page_flags_what_was_never_approved_and_the_file_is_logged_first(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    given(cast, urgency="refused", ground="vital")
    client = signed_in(cast.privacy_officer)
    page = client.get(reverse("provisions"), {"urgent": "on"}).content.decode()
    assert "E-2026-0001" in page
    assert "violation" in page
    assert client.get(reverse("provisions"), {"print": "1"}).status_code == 200

    answer = client.get(reverse("provisions-csv"), {"language": "en"})
    text = b"".join(answer).decode("utf-8-sig")
    head, row = csv.reader(io.StringIO(text))
    said = dict(zip(head, row, strict=True))
    assert (said["Export"], said["Recipient"]) == ("E-2026-0001", "Mapo police")
    assert [each["lines"] for each in entries("provision.taken_out")] == [1]

    def down(**_more: Any) -> None:
        raise LogUnavailable

    monkeypatch.setattr("cctv.disclosure.provisions.services.append", down)
    assert client.get(reverse("provisions-csv")).status_code == 503


def test_the_year_in_numbers_names_nobody(cast: Cast) -> None:
    approved = given(cast)
    ExportAct.objects.create(export=approved, kind=ActKind.APPROVED, by=cast.approver)
    export_of(cast, 2, state=ExportState.REJECTED, recipient_kind="insurer", ground="consent")
    export_of(cast, 3, state=ExportState.ASKED, urgency="late", ground="vital")
    export_of(cast, 4, state=ExportState.DRAFT)
    parts = statistics.statistics(allowed=None, site=None, year=2026)
    numbers = {row.name: row.count for part in parts for row in part.rows}
    for name, count in (
        ("Asked for", 3), ("Approved", 1), ("Refused", 1), ("Not decided yet", 1),
        ("Released before approval", 1), ("Not approved: violations", 1),
    ):  # fmt: skip
        assert numbers[name] == count, name
    assert sum(row.count for row in parts[2].rows) == 3
    assert statistics.statistics(allowed=frozenset(), site=None, year=2026)[0].rows[0].count == 0

    client = signed_in(cast.auditor)
    page = client.get(reverse("provision-statistics"), {"year": "2026"}).content.decode()
    assert "Provision in 2026" in page
    for language in ("ko", "ja", "en"):
        answer = client.get(reverse("provision-statistics-csv"), {"year": "2026", "language": language})
        text = answer.content.decode("utf-8-sig")
        assert "Mapo" not in text
        assert "E-2026" not in text
        assert len(list(csv.reader(io.StringIO(text)))) > 10


def test_what_is_rare_points_at_nobody(cast: Cast) -> None:
    for n in range(2, 5):
        export_of(cast, n, state=ExportState.ASKED, recipient_kind="police", ground="law")
    export_of(cast, 5, state=ExportState.REJECTED, recipient_kind="subject", ground="subject")
    export_of(cast, 6, state=ExportState.REJECTED, recipient_kind="insurer", ground="consent")
    parts = statistics.statistics(allowed=None, site=None, year=2026)
    for part in parts[1:3]:
        assert [row.count for row in part.rows] == [3, 2]
        assert part.rows[1].is_few
    client = signed_in(cast.auditor)
    page = client.get(reverse("provision-statistics"), {"year": "2026"}).content.decode()
    answer = client.get(reverse("provision-statistics-csv"), {"year": "2026", "language": "en"})
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert ["Refused", "1 or 2"] in [row[3:] for row in rows]
    assert {row[4] for row in rows[1:]} == {"5", "3", "1 or 2", "0"}
    for text in (page, str(rows)):
        assert "insurer" not in text
        assert "given to the person" not in text
    assert "1 or 2" in page


def told_of(cast: Cast, span: tuple[datetime, datetime] = (AT, AT + HOUR), **more: Any) -> list[str]:
    values: dict[str, Any] = {"camera": cast.gate, "reason": "erasure ER-1", "source": "erasure 1", **more}
    made = notices.tell_recipients(starts_at=span[0], ends_at=span[1], **values)
    return [each.export.number for each in made]


def test_o31_whoever_holds_a_copy_of_what_was_erased_is_told_once(cast: Cast) -> None:
    given(cast)
    sent_nothing = export_of(cast, 2)
    hand_over(sent_nothing, sent=False)
    given(cast, 3, camera=cast.lobby)
    given(cast, 4, span=(AT + HOUR, AT + 2 * HOUR))
    medium = export_of(cast, 5)
    on_medium(cast, 1, medium)
    assert told_of(cast) == ["E-2026-0001", "E-2026-0005"]
    assert told_of(cast) == []
    assert told_of(cast, source="erasure 2") == ["E-2026-0001", "E-2026-0005"]
    assert sorted(RecipientNotice.objects.values_list("number", flat=True)) == [
        f"N-{each.year}-{each.sequence:04d}" for each in RecipientNotice.objects.order_by("sequence")
    ]


def test_o31_what_a_clip_shows_before_its_span_counts_too(cast: Cast) -> None:
    export = given(cast)
    before = (AT - timedelta(seconds=3), AT - timedelta(seconds=1))
    assert told_of(cast, before) == []
    PackageFile.objects.create(
        export=export, number=1, kind="clip", name="clips/a.mp4", camera=cast.gate,
        starts_at=AT - timedelta(seconds=2), ends_at=AT + HOUR,
    )  # fmt: skip
    assert told_of(cast, before) == [export.number]


def test_o31_a_notice_is_told_then_answered_each_with_an_entry_before(cast: Cast) -> None:
    given(cast)
    told_of(cast)
    notice = RecipientNotice.objects.get()
    with pytest.raises(Forbidden):
        notices.tell(notice=notice, actor=cast.approver, terminal="t", how="by letter")
    with pytest.raises(HowMissing):
        notices.tell(notice=notice, actor=cast.privacy_officer, terminal="t", how=" ")
    with pytest.raises(NoticeElsewhere):
        notices.answer(notice=notice, actor=cast.privacy_officer, terminal="t")

    client = signed_in(cast.privacy_officer)
    assert "1 recipient is still to be told" in client.get(reverse("provisions")).content.decode()
    page = client.get(reverse("notice", args=[notice.number])).content.decode()
    assert "erasure ER-1" in page
    letter = client.get(reverse("notice-letter", args=[notice.number])).content
    said = pdftext.text(letter)
    assert notice.number in said
    assert "Mapo police" in said
    client.post(reverse("notice-told", args=[notice.number]), {"how": "by letter"})
    client.post(reverse("notice-answered", args=[notice.number]))
    notice.refresh_from_db()
    assert (notice.told_by, notice.told_how) == (cast.privacy_officer, "by letter")
    assert notice.answered_at is not None
    told, answered = entries("provision.told"), entries("provision.answered")
    assert [each["how"] for each in told] == ["by letter"]
    assert [each["notice"] for each in answered] == [notice.number]
    assert client.get(reverse("notices")).status_code == 200


def test_invariant_8_notices_of_another_site_are_not_there(cast: Cast) -> None:
    given(cast)
    told_of(cast)
    notice = RecipientNotice.objects.get()
    assert signed_in(cast.operator).get(reverse("notice", args=[notice.number])).status_code == 403
    from cctv.people.models import Role, RoleGrant

    stranger = Account.objects.create_user("s@example.org", "pw", name="Sato", employer="x")
    RoleGrant.objects.create(account=stranger, role=Role.AUDITOR, site=cast.osaka)
    assert signed_in(stranger).get(reverse("notice", args=[notice.number])).status_code == 404
