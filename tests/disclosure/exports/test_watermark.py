"""A mark is asked for with the export, shown to whoever decides, and stands in what they approve."""

import pytest

from cctv.disclosure.exports import checks
from cctv.disclosure.exports.models import Export
from cctv.footage.marks import stills
from tests.disclosure.exports.conftest import Desk
from tests.disclosure.exports.test_pages import form, send

pytestmark = pytest.mark.django_db(databases=["default", "log"])
NOTHING = "Nothing in it can carry the mark that was asked for"


def test_the_form_asks_for_a_mark_and_the_entry_says_so(desk: Desk) -> None:
    client = desk.client(desk.operator)
    letter = {"letter": str(desk.letter.pk), "case": desk.case.number}
    for number, asked in enumerate(({"watermark": "on"}, {})):
        assert send(client, **form(desk, **letter, **asked)).status_code == 302
        export = Export.objects.order_by("-sequence")[0]
        assert export.watermark is (number == 0)
        assert [each.get("watermark") for each in desk.said("export.asked")[-1]["spans"]] == [
            True if asked else None
        ]
    page = client.get("/exports/new/seoul/").content.decode()
    assert "stay untouched" in page


def test_whoever_decides_sees_it_approves_it_and_it_stays_when_it_is_asked_back(desk: Desk) -> None:
    export = desk.ask(wish=desk.wish(watermark=True))
    page = desk.client(desk.approver).get(f"/exports/{export.number}/").content.decode()
    assert "clips as recorded stay untouched" in page
    desk.act("return_", export)
    edit = desk.client(desk.operator).get(f"/exports/{export.number}/edit/")
    assert edit.context["form"]["watermark"].value() is True
    export = desk.ask(wish=desk.wish(watermark=True))
    desk.act("approve", export)
    assert [each["watermark"] for each in desk.said("export.approved")[-1]["spans"]] == [True]


def test_a_mark_that_nothing_would_carry_is_told_before_it_is_approved(desk: Desk) -> None:
    export = desk.ask(wish=desk.wish(watermark=True))
    said = [str(each.text) for each in checks.ticks_of(export, checks.facts_of(export), None)]
    assert NOTHING in said
    session = desk.room.open(desk.room.gate, case=desk.case.number)
    stills.keep(session, camera=desk.room.gate, at=desk.room.starts_at, reason="the van")
    said = [str(each.text) for each in checks.ticks_of(export, checks.facts_of(export), None)]
    assert NOTHING not in said
    assert "Redacted copies and stills are marked with number and recipient" in said
