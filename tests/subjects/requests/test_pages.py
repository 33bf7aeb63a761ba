"""What the console shows of a receipt's hold and its entries, to whom it may."""

import re
from typing import Any

import pytest
from django.test import Client

from cctv.people.models import Account
from tests.retention.people import step_up
from tests.subjects.requests.counter import DETAILS, HOUR, Counter

pytestmark = [pytest.mark.django_db(databases=["default", "log"])]


def page(account: Account, path: str) -> Any:
    """What the person gets there."""
    client = Client()
    client.force_login(account)
    return client.get(path)


def test_the_page_of_a_receipts_hold_says_whose_it_is_and_offers_no_end(counter: Counter) -> None:
    request = counter.ask(counter.court.yard.segment(expires_in=HOUR)).request
    assert request.hold is not None
    people, number = counter.court.people, request.hold.number
    for reader in (people.officer, people.approver, people.operator, people.auditor):
        for path in ("/holds/", f"/holds/{number}/"):
            answer = page(reader, path)
            assert answer.status_code == 200, (reader, path)
            html = answer.content.decode()
            assert number in html
            assert request.reference in html
            assert "/release/" not in html
            assert DETAILS.name not in html
    assert "Receipt of a request" in page(people.officer, f"/holds/{number}/").content.decode()
    assert page(people.osaka_auditor, f"/holds/{number}/").status_code == 404


def test_releasing_it_by_its_address_is_refused_with_what_ends_it(counter: Counter) -> None:
    request = counter.ask(counter.court.yard.segment(expires_in=HOUR)).request
    assert request.hold is not None
    client = Client()
    client.force_login(counter.court.people.officer)
    step_up(client, counter.court.people.officer)
    answer = client.post(f"/holds/{request.hold.number}/release/", {"reason": "settled"})
    assert answer.status_code == 409
    request.hold.refresh_from_db()
    assert request.hold.protects


def test_the_log_reads_as_a_story_without_the_person(counter: Counter) -> None:
    request = counter.ask(counter.court.yard.segment(expires_in=HOUR)).request
    html = page(counter.court.people.officer, f"/log/?case={request.reference}").content.decode()
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
    assert f"Request {request.reference} was received at Seoul" in words
    assert DETAILS.name not in html
    entry = page(counter.court.people.officer, f"/log/{request.received_entry}/")
    assert entry.status_code == 200
