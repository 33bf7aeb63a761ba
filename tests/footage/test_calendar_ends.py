"""A time at the very end of the calendar is answered like any other that a viewing is not for."""

from urllib.parse import quote
from uuid import UUID

import pytest

from tests.footage.conftest import Room

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "log"])
LAST_MS = 253_402_300_799_999
BEYOND, LAST, FIRST = "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00+14:00"


def test_times_at_the_ends_of_the_calendar_are_refused_and_fail_nowhere(room: Room) -> None:
    session, client, json = room.open(), room.client(room.operator), {"Accept": "application/json"}
    urls = room.urls(session)
    answers = {}
    for text in (BEYOND, LAST, FIRST):
        answers["from", text] = client.get(f"{urls['playlist']}?from={quote(text)}", headers=json)
        for url in (urls["still"], urls["still"].replace("still.jpg", "still.json")):
            answers[url, text] = client.post(url, {"at": text, "reason": "the van"}, headers=json)
        key = quote(f"{text}_{UUID(int=1)}")
        for page in ("stills", "bookmarks"):
            assert client.get(f"/sites/seoul/{page}/?before={key}").status_code == 200, (page, text)
    for ends in ({}, {"ends_at": LAST_MS}):
        fields = {"camera": "gate", "starts_at": LAST_MS, "note": "a van", **ends}
        answers["bookmark", str(ends)] = client.post(
            f"/viewings/{session.pk}/bookmarks.json", fields, headers=json
        )
    assert {each.status_code for each in answers.values()} <= {400, 403, 404}, {
        what: each.status_code for what, each in answers.items()
    }
