"""Taking an answer out, what to ask next, and how many people an answer is of."""

import csv
import io
import re
from datetime import UTC
from typing import Any

import pytest
from django.utils import translation

from accesslog import IndexFields, Scope, sentences, services
from accesslog.desk import exports
from accesslog.desk.groups import groups
from accesslog.models import LogEntry
from accesslog.selectors import load_receipt
from cctv.people.models import Role
from tests.accesslog.cast import COVERED, TEN, cover, covered, index_of, note
from tests.accesslog.test_pages import Reader, get, reader, rows, text

__all__ = ["reader"]

pytestmark = [
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.usefixtures("access_log"),
]


@pytest.fixture(autouse=True)
def confirmed(settings: Any) -> None:
    """The reader has just given the password."""
    settings.ACCESSLOG_STEP_UP = ""


def taken(response: Any) -> list[list[str]]:
    """The rows of a CSV answer."""
    data = b"".join(response.streaming_content).decode()
    assert data.startswith("\ufeff")
    return list(csv.reader(io.StringIO(data[1:])))


def entries_of(table: list[list[str]]) -> list[list[str]]:
    return table[next(n for n, row in enumerate(table) if row[:1] == ["Entry"]) + 1 :]


def test_a_table_holds_the_answer_the_question_and_the_root(reader: Reader):
    cover(actor="minji", camera="gate2")
    cover(actor="jihoon", camera="dock5")
    response = reader().get("/log/export.csv", {"actor": "minji"})
    assert "attachment" in response["Content-Disposition"]
    table = taken(response)
    head = dict(row for row in table if len(row) == 2)
    assert "done by Minji" in head["Question"]
    assert re.fullmatch(r"[0-9a-f]{64}", head["Root of the log (SHA-256)"])
    assert head["Entries"] == "1"
    [row] = entries_of(table)
    assert row[0] == "0"
    assert row[4:7] == ["Minji", "Operator", ""]
    assert row[9] == TEN.isoformat(" ", "seconds")
    assert row[-1] == load_receipt(0).leaf_hash.hex()


def test_invariant_1_taking_out_is_logged_before_the_first_byte(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
):
    for n in range(3):
        cover(minute=n)
    client = reader()
    response = client.get("/log/export.csv", {"camera": "gate2"})
    entry = LogEntry.objects.get(kind="log.exported")
    body = load_receipt(entry.index).body
    assert (body["entries"], body["format"], body["query"]) == (3, "csv", {"camera": "gate2"})
    assert len(entries_of(taken(response))) == 3

    def down(**_: Any) -> None:
        from accesslog.errors import LogUnavailable

        raise LogUnavailable

    monkeypatch.setattr(services, "append", down)
    for form in ("csv", "pdf"):
        refused = client.get(f"/log/export.{form}")
        assert refused.status_code == 503
        assert b"Minji" not in refused.content


def test_what_is_left_out_is_said(reader: Reader, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(exports.MOST, "csv", 2)
    monkeypatch.setattr(exports, "CHUNK", 1)
    for n in range(4):
        cover(minute=n)
    table = taken(reader().get("/log/export.csv", {"kind": COVERED}))
    assert [row[0] for row in entries_of(table)] == ["3", "2"]
    assert [
        "Not complete",
        "Only the newest 2 entries are here; there are more. Ask about a shorter time.",
    ] in table


def test_a_cell_never_calculates(reader: Reader):
    note("=1+1", index=[IndexFields(actor="minji")])
    services.append(kind=COVERED, body=covered(case="@SUM(A1)"), index=[index_of()])
    for row in entries_of(taken(reader().get("/log/export.csv"))):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)


def test_a_table_without_the_right_to_bodies_names_nobody(reader: Reader):
    services.append(kind=COVERED, body=covered(terminal="10.0.0.7"), index=[index_of()])
    response: Any = reader(Scope(all_sites=True, bodies=False)).get("/log/export.csv")
    data = b"".join(response.streaming_content).decode()
    assert "Minji" not in data
    assert "10.0.0.7" not in data
    assert "People and terminals: your role does not show them." in data


def test_the_paper_is_a_pdf_and_only_where_the_project_makes_one(reader: Reader, settings: Any):
    cover(actor="minji")
    client = reader()
    made = client.get("/log/export.pdf", {"actor": "minji"})
    assert made.content.startswith(b"%PDF-")
    assert load_receipt(1).body["format"] == "pdf"
    settings.ACCESSLOG_PDF = ""
    assert client.get("/log/export.pdf").status_code == 404


def test_invariant_8_nothing_is_taken_out_of_a_log_that_does_not_exist(reader: Reader):
    cover(actor="minji", site="baram")
    cover(actor="jihoon", site="osaka")
    assert reader(None).get("/log/export.csv").status_code == 404
    part = reader(Scope(all_sites=False, sites=frozenset({"baram"}), bodies=True))
    assert [row[0] for row in entries_of(taken(part.get("/log/export.csv")))] == ["0"]


def test_taking_out_asks_who_is_there(reader: Reader, settings: Any):
    settings.ACCESSLOG_STEP_UP = "cctv.people.stepup.require_step_up"
    response = reader().get("/log/export.csv")
    assert "/reauthenticate/" in response["Location"]
    assert not LogEntry.objects.filter(kind="log.exported").exists()


def test_after_the_password_comes_a_page_that_fetches_the_file_once(reader: Reader, settings: Any):
    cover(actor="minji")
    client, asked = reader(), {"actor": "minji"}
    settings.ACCESSLOG_STEP_UP = "cctv.people.stepup.require_step_up"
    assert client.get("/log/export.csv", asked).status_code == 302
    settings.ACCESSLOG_STEP_UP = ""  # the password was given
    page = get(client, "/log/export.csv", **asked)
    assert not LogEntry.objects.filter(kind="log.exported").exists()
    fetched = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', page)
    assert fetched
    assert 'href="/log/?actor=minji"' in page
    assert len(entries_of(taken(client.get(fetched[1].replace("&amp;", "&"))))) == 1
    assert LogEntry.objects.filter(kind="log.exported").count() == 1


def test_a_print_is_short(reader: Reader):
    from accesslog import proofs

    cover(actor="minji")
    answer = exports.Answer([0], False, "", 1, TEN, UTC, True)
    columns, [row] = exports.pdf_rows(answer)
    assert sum(share for _title, share in columns) == pytest.approx(1)
    assert row[-1] == f"{proofs.inclusion(0).leaf_hash.hex()[:16]}…"
    assert exports.MOST["pdf"] <= 500


def test_a_wrong_question_takes_nothing_out(reader: Reader):
    wrong = {"seen_from": "2026-11-14T10:00", "seen_to": "2026-11-14T09:00"}
    assert reader().get("/log/export.csv", wrong).status_code == 400
    assert not LogEntry.objects.filter(kind="log.exported").exists()


def test_the_quick_question_becomes_the_whole_one(reader: Reader):
    cover(camera="gate2", minute=3)
    cover(camera="gate2", minute=30)
    quick = {"camera": "gate2", "day": "2026-11-14", "after": "10:00", "until": "10:10", "kind": ""}
    response = reader().get("/log/", quick)
    assert response.status_code == 302
    assert "footage_from=2026-11-14T10%3A00" in response["Location"]
    assert not LogEntry.objects.filter(kind="log.queried").exists()
    assert rows(get(reader(), response["Location"])) == [0]
    whole_day = reader().get("/log/", {**quick, "after": "", "until": ""})
    assert rows(get(reader(), whole_day["Location"])) == [1, 0]


@pytest.mark.parametrize(
    "wrong",
    [
        {"day": "9999-12-31"},
        {"day": "0001-01-01"},
        {"day": "yesterday"},
        {"day": "2026-01-01", "after": "10:00+09:00", "until": "11:00"},
    ],
)
def test_a_quick_question_about_no_day_is_refused(reader: Reader, wrong: dict[str, str]):
    client = reader()
    assert client.get("/log/", wrong).status_code == 400
    assert not LogEntry.objects.filter(kind="log.queried").exists()


def test_the_quick_question_and_what_is_taken_out_say_whose_clocks(reader: Reader, settings: Any):
    settings.ACCESSLOG_CHOICES = "tests.accesslog.hooks.two_clocks"
    quick = {"camera": "dock5", "day": "2026-11-14", "after": "10:00", "until": "10:10", "kind": ""}
    assert "zone=Europe%2FLondon" in reader().get("/log/", quick)["Location"]
    table = taken(reader().get("/log/export.csv", {"footage_from": "2026-11-14T19:00"}))
    assert ["Times by the clocks of", "Asia/Seoul"] in table


def test_no_cell_holds_another_whatever_separates_them(reader: Reader):
    services.append(kind=COVERED, body=covered(case="x;=HYPERLINK(A1)"), index=[index_of()])
    response: Any = reader().get("/log/export.csv")
    data = b"".join(response.streaming_content).decode()
    assert '"x;\'=HYPERLINK(A1)"' in data
    other = list(csv.reader(io.StringIO(data), delimiter=";"))
    assert not any(cell.startswith("=") for row in other for cell in row)


def test_the_count_is_of_people_and_entries(reader: Reader):
    for actor in ("minji", "jihoon"):
        for n in range(40):
            cover(actor=actor, minute=n)
    client = reader()
    assert "2 people, in 80 entries." in text(get(client, "/log/", kind=COVERED))
    assert "1 person, in 40 entries." in text(get(client, "/log/", actor="minji"))
    nameless = reader(Scope(all_sites=True, bodies=False), email="other@example.org")
    assert "80 entries." in text(get(nameless, "/log/", kind=COVERED))


def test_an_entry_leads_to_the_next_questions(reader: Reader, settings: Any):
    settings.ACCESSLOG_GROUPS = ""
    services.append(kind=COVERED, body=covered(case="7", minute=0), index=[index_of(case="7")])
    page = get(reader(), "/log/0/")
    for question in ("Who saw this minute?", "What did Minji see?", "Everything about case 7"):
        assert question in page
    assert re.search(r'<a href="/log/\?actor=minji"><b>Minji</b></a>', page)
    href = re.search(r'<a href="(/log/\?camera=gate2[^"]+)">Who saw this minute', page)
    assert href
    assert rows(get(reader(), href[1].replace("&amp;", "&"))) == [0]
    nameless = reader(Scope(all_sites=True, bodies=False), email="other@example.org")
    assert "Minji" not in get(nameless, "/log/0/")


def test_every_kind_of_the_project_is_in_a_group():
    from accesslog import registry

    lost = [
        each.kind
        for each in registry.all_types()
        if not each.kind.startswith("test.") and not any(group.holds(each.kind) for group in groups())
    ]
    assert lost == []


def test_every_field_of_an_entry_has_a_label_that_is_translated():
    from accesslog import presenting, registry

    nameless = {
        f"{each.kind}: {field}"
        for each in registry.all_types()
        if not each.kind.startswith(("test.", "clinic."))
        for field in each.fields - presenting.labels().keys()
    }
    assert nameless == set()
    assert presenting.label("kept", "records.rule_withdrawn") != presenting.label("kept", "log.loss_accepted")


def test_roles_and_details_are_told_in_the_readers_language(reader: Reader):
    services.append(kind=COVERED, body=covered(), index=[index_of()])
    client = reader()
    assert "Operator" in text(get(client, "/log/0/"))
    with translation.override("ko"):
        assert (
            sentences.show("role", "operator, auditor", UTC) == f"{Role.OPERATOR.label}, {Role.AUDITOR.label}"
        )
        assert "o" not in sentences.show("role", "operator", UTC).lower()
    nameless = reader(Scope(all_sites=True, bodies=False), email="other@example.org")
    assert "(Operator)" in text(get(nameless, "/log/0/"))


def test_what_was_typed_turns_no_line_round(reader: Reader):
    turned = "7\u202e fdp.\u2066"
    services.append(kind=COVERED, body=covered(case=turned), index=[index_of(case=turned)])
    client = reader()
    export: Any = client.get("/log/export.csv", {"case": turned})
    for shown in (
        get(client, "/log/", case=turned), get(client, "/log/0/"), b"".join(export.streaming_content).decode()
    ):  # fmt: skip
        assert not re.search("[\u202a-\u202e\u2066-\u2069]", re.sub(r'value="[^"]*"', "", shown))
        assert "[U+202E]" in shown


def test_a_name_that_ends_in_a_full_stop_ends_the_sentence():
    body = covered(purpose={"code": "crime", "text": "guarding by Hanguk Guard Co."})
    assert sentences.sentence(body, COVERED).endswith("guarding by Hanguk Guard Co.")
    assert sentences.sentence_html(body, COVERED).endswith("Co</em>.")
    note = services.append(kind="test.noted", body={"text": "by A. Co."}, index=[])
    assert sentences.sentence(note.body, "test.noted") == "Noted: by A. Co."


def test_what_came_in_since_the_question_does_not_make_its_answer_uncertain(reader: Reader):
    for number in range(3):
        note(f"lamp {number}")
    browser = reader()
    first = browser.get("/log/")
    note("later")
    for page in (first, browser.get("/log/?" + first.context["query"])):
        assert (page.context["count"], page.context["count_is_whole"]) == (3, True)
