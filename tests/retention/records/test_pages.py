"""The pages of records: what is kept for how long, a rule with its effect, and the certificates' files."""

import json
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accesslog.canonical import encode
from accesslog.models import LogEntry
from accesslog.selectors import load_receipt
from cctv.core import clock
from cctv.people.models import Account
from cctv.retention.records import paper, rules, services, words
from cctv.retention.records.errors import RuleRefused
from cctv.retention.records.models import RecordRule
from cctv.retention.records.rules import NOTICE
from tests.core import pdftext
from tests.people.cast import give_password
from tests.retention.records.archive import Archive

pytestmark = [pytest.mark.django_db(databases=["default", "log"])]


@pytest.fixture
def officer(client: Client, archive: Archive) -> Client:
    """The privacy officer of every site, with the password given a moment ago; records of 37 months."""
    archive.fill(37, 14, 1)
    assert archive.officer is not None
    client.force_login(archive.officer)
    give_password(client, archive.officer)
    return client


def text(page: Any) -> str:
    return " ".join(page.content.decode().split())


def test_the_page_says_how_long_and_what_ends_next(officer: Client, archive: Archive) -> None:
    page = text(officer.get(reverse("records")))
    assert "36 months" in page
    assert "60 months" in page
    assert "The law (KR) asks for at least 12 months." in page
    assert "The law (JP) asks for at least 36 months." in page
    assert f"up to and including {archive.month(37)}" in page
    services.end_due()
    page = text(officer.get(reverse("records")))
    assert f"up to and including {archive.month(14)}" in page, "the oldest that is left"
    assert "LC-" in page


def test_the_page_says_that_records_wait_where_the_log_was_silent(
    officer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = "They wait: the log was silent"
    assert waits not in text(officer.get(reverse("records")))
    monkeypatch.setattr(services, "SILENCE", timedelta())
    assert waits in text(officer.get(reverse("records")))


def test_the_page_says_why_nothing_ends(officer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cctv.retention.guards.progress.unfinished", lambda: True)
    page = text(officer.get(reverse("records")))
    assert "No records end at the moment" in page
    assert "A restore was begun and is not finished." in page


def rule(client: Client, record_class: str, **values: Any) -> Any:
    return client.post(
        reverse("record-rule", args=[record_class]), {"reason": "the works council asks for it"} | values
    )


def test_a_shorter_rule_shows_its_effect_and_takes_effect_after_its_notice(
    officer: Client, archive: Archive
) -> None:
    page = text(rule(officer, "access", months=13))
    assert "This ends" in page
    assert "2 closed viewings" in page
    assert not RecordRule.objects.exists()
    answer = rule(officer, "access", months=13, accepted="13")
    assert answer.status_code == 302
    made = RecordRule.objects.get()
    assert made.effective_from - archive.yard.now == NOTICE
    assert rules.in_force("access", archive.yard.now).months == 36
    assert rules.in_force("access", archive.yard.now + NOTICE).months == 13
    entry = LogEntry.objects.get(kind="records.rule_changed")
    body = load_receipt(entry.index).body
    assert (body["months"], body["before"], body["ends"]["rows"]) == (13, 36, 2)
    assert "13 months from" in text(officer.get(reverse("records")))


def test_a_longer_rule_counts_at_once(officer: Client, archive: Archive) -> None:
    assert rule(officer, "access", months=48).status_code == 302
    assert rules.in_force("access", clock.now()).months == 48
    services.end_due()
    assert ("access", archive.month(37)) in archive.made
    assert load_receipt(archive.made["access", archive.month(37)].index).body["text"]


@pytest.mark.parametrize(("record_class", "months"), [("access", 11), ("permission", 35), ("ledger", 35)])
def test_o41_the_law_s_minimum_is_a_floor(
    officer: Client, archive: Archive, record_class: str, months: int
) -> None:
    answer = rule(officer, record_class, months=months, accepted=str(months))
    assert answer.status_code == 400
    assert "asks for at least" in text(answer)
    with pytest.raises(RuleRefused):
        rules.change(
            record_class=record_class, months=months, reason="r", actor=archive.officer or Account(),
            terminal="", accepted=True,
        )  # fmt: skip
    assert not RecordRule.objects.exists()


def test_a_rule_asks_for_the_password(archive: Archive) -> None:
    archive.fill(1)
    assert archive.officer is not None
    stranger = Client()
    stranger.force_login(archive.officer)
    answer = rule(stranger, "access", months=48)
    assert "reauthenticate" in answer["Location"]
    assert not RecordRule.objects.exists()


@pytest.mark.parametrize("language", ["ko", "ja", "en"])
def test_the_certificate_is_given_as_page_json_and_paper(
    officer: Client, archive: Archive, language: str
) -> None:
    row = services.end_due()[0]
    page = text(officer.get(reverse("record-erasure", args=[row.number])))
    assert row.number in page
    assert bytes(row.facts_sha256).hex() in page
    package = json.loads(officer.get(reverse("record-erasure-json", args=[row.number])).content)
    assert sha256(encode(package["facts"])).hexdigest() == package["sha256"]
    document = officer.get(reverse("record-erasure-pdf", args=[row.number, language]))
    shown = "".join("".join("".join(each).split()) for each in pdftext.pages(document.content))
    assert row.number in shown
    assert bytes(row.facts_sha256).hex() in shown
    assert words.keys(row.facts).replace(" ", "") in shown
    assert paper.LANGUAGES.keys() == {"ko", "ja", "en"}
    assert officer.get(reverse("record-erasure", args=["LC-2026-9999"])).status_code == 404


def test_every_code_of_a_certificate_has_words(archive: Archive) -> None:
    archive.fill(61, 37)
    for row in services.end_due():
        for copy in words.copy_rows(row.facts):
            assert copy.name not in {each["copy"] for each in row.facts["copies"]}
            assert copy.done not in {each["done"] for each in row.facts["copies"]}
            assert copy.checked not in {each["checked"] for each in row.facts["copies"]}
