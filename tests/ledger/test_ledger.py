"""The ledger: numbered without gaps, written once per source, never changed, in the statutory columns."""

import csv
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.urls import reverse
from django.utils import translation

from accesslog.errors import LogUnavailable
from accesslog.selectors import load_receipt
from cctv.ledger import print_out, services, table, views
from cctv.ledger.errors import LineIncomplete
from cctv.ledger.models import LedgerLine
from tests.core import pdftext
from tests.people.cast import Cast, give_password

NEW_YEAR_SEOUL = datetime(2026, 12, 31, 15, tzinfo=UTC)  # midnight of 1 January 2027 there

pytestmark = [
    pytest.mark.postgres_later,
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.both_databases,
    pytest.mark.usefixtures("vault_ready"),
]


@pytest.fixture
def write(cast: Cast) -> Callable[..., LedgerLine]:
    def one(source: str, **more: Any) -> LedgerLine:
        values: dict[str, Any] = {
            "kind": "DESTROY", "site": cast.seoul, "item": "3 segments of Gate", "form": "sealed video",
            "handler": "Lethe", "reason": "Its 30 days were over.", "at": NEW_YEAR_SEOUL - timedelta(hours=1),
        }  # fmt: skip
        return services.write(source=source, **(values | more))

    return one


def test_o13_lines_are_numbered_by_the_year_of_the_site_s_clocks(write: Callable[..., LedgerLine]) -> None:
    numbers = [write("a").number, write("b").number, write("c", at=NEW_YEAR_SEOUL).number, write("d").number]
    assert numbers == ["L-2026-000001", "L-2026-000002", "L-2027-000001", "L-2026-000003"]


def test_o15_a_line_is_written_once_per_source_and_stands_in_the_log(
    write: Callable[..., LedgerLine],
) -> None:
    first, again = write("certificate DC-2026-0001"), write("certificate DC-2026-0001", item="other")
    assert first.pk == again.pk
    assert LedgerLine.objects.get().item == "3 segments of Gate"
    assert first.entry is not None
    logged = load_receipt(first.entry)
    assert (logged.kind, logged.body["number"]) == ("ledger.written", first.number)


def test_a_line_whose_entry_failed_gets_it_the_next_time(
    write: Callable[..., LedgerLine], monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(**_fields: Any) -> None:
        raise LogUnavailable("the log is down")

    with monkeypatch.context() as patch:
        patch.setattr(services, "append", down)
        with pytest.raises(LogUnavailable):
            write("a")
    assert LedgerLine.objects.get().entry is None
    assert write("a").entry is not None
    assert LedgerLine.objects.get().entry is not None


@pytest.mark.parametrize("missing", ["recipient", "ground", "provided_as"])
def test_o14_a_provision_names_recipient_ground_and_form(
    write: Callable[..., LedgerLine], missing: str
) -> None:
    known = {"recipient": "Mapo police", "ground": "warrant 2026-1", "provided_as": "USB"}
    with pytest.raises(LineIncomplete):
        write("a", kind="PROVIDE", **(known | {missing: " "}))
    assert not LedgerLine.objects.exists()
    assert write("a", kind="PROVIDE", **known).recipient == "Mapo police"


@pytest.mark.parametrize(
    "attempt",
    [
        "UPDATE cctv_ledgerline SET item = 'other'",
        "UPDATE cctv_ledgerline SET sequence = 7",
        "UPDATE cctv_ledgerline SET entry = 999",
        "DELETE FROM cctv_ledgerline",
    ],
)
def test_invariant_6_no_statement_changes_or_removes_a_line(
    write: Callable[..., LedgerLine], attempt: str
) -> None:
    write("a")
    refused = pytest.raises(DatabaseError, match=r"ledger never changes|never deleted")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(attempt)
    assert LedgerLine.objects.get().item == "3 segments of Gate"


def test_a_text_too_long_for_its_column_is_cut_with_a_mark(write: Callable[..., LedgerLine]) -> None:
    line = write("a", item="x" * 400)
    assert (len(line.item), line.item[-1]) == (300, "…")


# ------------------------------------------------------------------ pages


@pytest.fixture
def officer(client: Any, cast: Cast) -> Any:
    client.force_login(cast.privacy_officer)
    give_password(client, cast.privacy_officer)
    return client


def test_the_page_asks_by_act_site_and_days(
    officer: Any, cast: Cast, write: Callable[..., LedgerLine]
) -> None:
    write("a", item="destroyed thing")
    write("b", kind="USE", item="used thing", at=NEW_YEAR_SEOUL)
    write("c", site=cast.osaka, item="osaka thing")

    def shown(**query: str) -> set[str]:
        page = officer.get(reverse("ledger"), query).content.decode()
        return {word for word in ("destroyed thing", "used thing", "osaka thing") if word in page}

    assert shown() == {"destroyed thing", "used thing", "osaka thing"}
    assert shown(kind="USE") == {"used thing"}
    assert shown(site=cast.osaka.code) == {"osaka thing"}
    assert shown(site=cast.seoul.code, first_day="2027-01-01") == {"used thing"}
    assert shown(site=cast.seoul.code, last_day="2026-12-31") == {"destroyed thing"}
    wrong = officer.get(reverse("ledger"), {"first_day": "2027-01-02", "last_day": "2027-01-01"})
    assert wrong.status_code == 400
    assert "The last day is before the first." in wrong.content.decode()


def test_a_long_ledger_goes_on_page_by_page(officer: Any, write: Callable[..., LedgerLine]) -> None:
    for number in range(45):
        write(f"s{number}", item=f"thing {number:02d}.")
    first = officer.get(reverse("ledger")).content.decode()
    assert "thing 44." in first
    assert "thing 04." not in first
    second = officer.get(reverse("ledger"), {"below": "2026-6"}).content.decode()
    assert "thing 04." in second
    assert "thing 05." not in second
    assert all(f"thing {n:02d}." in officer.get("/ledger/?print=1").content.decode() for n in range(45))


def test_invariant_8_lines_of_other_sites_do_not_show(
    client: Any, cast: Cast, write: Callable[..., LedgerLine]
) -> None:
    write("a", item="seoul thing")
    write("b", site=cast.osaka, item="osaka thing")
    client.force_login(cast.approver)
    assert "osaka thing" not in client.get(reverse("ledger")).content.decode()
    give_password(client, cast.approver)
    file = b"".join(client.get(reverse("ledger-csv")).streaming_content).decode()
    assert "seoul thing" in file
    assert "osaka thing" not in file
    assert client.get(reverse("ledger"), {"site": cast.osaka.code}).status_code == 400


@pytest.mark.parametrize("asked", [{"first_day": "0001-01-01", "site": "seoul"}, {"last_day": "9999-12-31"}])
@pytest.mark.parametrize("page", ["ledger", "ledger-csv"])
def test_a_day_out_of_reach_is_refused_in_words(officer: Any, page: str, asked: dict[str, str]) -> None:
    assert officer.get(reverse(page), asked).status_code == 400


def test_days_of_all_sites_are_those_of_their_common_clocks(
    officer: Any, write: Callable[..., LedgerLine]
) -> None:
    write("a", item="half past midnight", at=datetime(2026, 11, 21, 15, 30, tzinfo=UTC))
    asked = {"first_day": "2026-11-22", "last_day": "2026-11-22"}
    shown = officer.get(reverse("ledger"), asked).content.decode()
    assert "half past midnight" in shown


def test_taking_lines_out_asks_for_the_password(client: Any, cast: Cast) -> None:
    client.force_login(cast.approver)
    assert "reauthenticate" in client.get(reverse("ledger-csv"))["Location"]
    assert not _entries("ledger.exported")


def test_the_file_opens_in_a_spreadsheet_without_calculating_anything(
    officer: Any, cast: Cast, write: Callable[..., LedgerLine]
) -> None:
    write("a", kind="PROVIDE", recipient='=HYPERLINK("http://x")', ground="+1", provided_as="@x", item="가온")
    answer = officer.get(reverse("ledger-csv"))
    content = b"".join(answer.streaming_content)
    assert content.startswith(b"\xef\xbb\xbf")
    head, row = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    line = dict(zip(head, row, strict=True))
    assert line["Recipient or requester"] == '\'=HYPERLINK("http://x")'
    assert line["Ground"] == "'+1"
    assert line["Item"] == "가온"
    assert line["Date and time"] == "2026-12-31 23:00:00+09:00"
    newest = max(_entries("ledger.exported"))
    assert load_receipt(newest).body["lines"] == 1


@pytest.mark.parametrize("language", ["ko", "ja", "en"])
def test_the_ledger_is_taken_out_in_three_languages_across_the_page_with_its_head_on_each(
    officer: Any, write: Callable[..., LedgerLine], language: str
) -> None:
    for n in range(30):
        write(f"s{n}", item=f"Gate {n} 가온", recipient="Mapo police", ground="warrant 1", provided_as="USB")
    asked = {"language": language, "first_day": "2026-12-01", "last_day": "2027-01-31"}
    answer = officer.get(reverse("ledger-pdf"), asked)
    assert answer["Content-Type"] == "application/pdf"
    assert b"/MediaBox [0 0 841.89 595.28]" in answer.content
    pages = ["".join("".join(page).split()) for page in pdftext.pages(answer.content)]
    assert len(pages) > 1
    with translation.override(language):
        # A narrow column breaks its title: its first letters stand together.
        heads = [str(column.title)[:4].split()[0] for column in print_out._columns()]
        shown = str(LedgerLine.objects.all()[0].get_kind_display())
    assert all(head in page for page in pages for head in heads)
    for said in (shown, "L-2026-000030", "2026-12-01", "2027-01-31", "Mapo police", "가온", "Lee Seoyeon"):
        assert "".join(said.split()) in "".join(pages), said
    csv_text = b"".join(officer.get(reverse("ledger-csv"), asked).streaming_content).decode("utf-8-sig")
    with translation.override(language):
        assert csv_text.split(",")[0] == f'"{table.head()[0]}"'
    assert [load_receipt(index).body["lines"] for index in _entries("ledger.exported")] == [30, 30]


def test_more_lines_than_paper_holds_are_refused_before_anything_is_logged(
    officer: Any, write: Callable[..., LedgerLine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "ON_PAPER", 1)
    write("a")
    write("b")
    assert officer.get(reverse("ledger-pdf")).status_code == 400
    assert not _entries("ledger.exported")


def _entries(kind: str) -> list[int]:
    from accesslog.models import LogEntry

    return list(LogEntry.objects.using("log").filter(kind=kind).values_list("index", flat=True))


@pytest.mark.parametrize("cell", ["=1", " =1", "\t=1", "+1", "-1", "@a", "＝1", "|x", "%x"])  # noqa: RUF001
def test_what_a_spreadsheet_would_calculate_gets_an_apostrophe(cell: str) -> None:
    assert table.harmless(cell) == f"'{cell}"


def test_ordinary_cells_stay_as_they_are() -> None:
    assert [table.harmless(cell) for cell in ("", "a=b", "DC-1", "2026-01-01")] == [
        "", "a=b", "DC-1", "2026-01-01"
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.django_db(databases=["default", "log"], transaction=True)
def test_many_writers_at_once_leave_no_gap_and_no_double(write: Callable[..., LedgerLine]) -> None:
    def several(writer: int) -> None:
        try:
            for number in range(6):
                write(f"{writer}-{number}")
                write(f"shared-{number}")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(several, range(6)))
    sequences = sorted(LedgerLine.objects.values_list("sequence", flat=True))
    assert sequences == list(range(1, 6 * 6 + 6 + 1))
