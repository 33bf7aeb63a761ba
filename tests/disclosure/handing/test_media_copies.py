"""A medium carries one copy of its own case, and the ledger says what the export is."""

from typing import Any

import pytest

from cctv.disclosure import services as media
from cctv.disclosure.exports.models import ExportSpan
from cctv.disclosure.handing import medium, services
from cctv.disclosure.handing.errors import CopyOver, MediumUnfit
from cctv.disclosure.handing.models import HandOver, Sending
from cctv.disclosure.models import Medium
from cctv.ledger.models import LedgerLine
from tests.disclosure.handing.conftest import Ready

pytestmark = [
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.usefixtures("vault_ready"),
]


def registered(ready: Ready, case: str = "") -> Medium:
    values = {"kind": "usb", "serial": "2", "case": case, "description": "a stick", "purpose": "training"}
    who = ready.cast.operator
    return media.register_medium(actor=who, terminal="t", site=ready.export.site, values=values)


def written(ready: Ready, on: Medium | None, is_whole: bool = True) -> HandOver:
    said: dict[str, Any] = {"medium": on} if on else {"kind": "usb", "serial": "1"}
    row, _phrase = medium.write_to_medium(
        export=ready.export, actor=ready.cast.operator, terminal="t", person="A", **said
    )
    if is_whole:
        Sending.objects.create(handover=row, grant=row.pk, is_whole=True, first_entry=1)
    return row


def give(ready: Ready, row: HandOver) -> None:
    medium.give(handover=services.copies().get(pk=row.pk), actor=ready.cast.operator, terminal="t")


def test_the_line_is_of_the_export_not_of_what_the_medium_was_for(ready: Ready) -> None:
    row = written(ready, registered(ready))
    give(ready, row)
    line = LedgerLine.objects.get()
    assert line.source == "export E-2026-0001 copy 1"
    assert "E-2026-0001" in line.item
    assert line.reason != "training"
    assert line.footage_from == ExportSpan.objects.order_by("starts_at")[0].starts_at
    with pytest.raises(CopyOver):
        give(ready, row)


def test_a_medium_of_another_case_takes_no_copy(ready: Ready) -> None:
    with pytest.raises(MediumUnfit):
        written(ready, registered(ready, "C-1999-0009"))
    written(ready, registered(ready, "C-2026-0001"))


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_second_copy_waits_until_the_first_one_was_given(ready: Ready, is_whole: bool) -> None:
    stick = registered(ready)
    first = written(ready, stick, is_whole)
    with pytest.raises(MediumUnfit):
        written(ready, stick)
    if is_whole:
        give(ready, first)
        media.take_back(actor=ready.cast.operator, terminal="t", medium=stick)
        second = written(ready, stick)
        with pytest.raises(CopyOver):
            give(ready, first)
        give(ready, second)
        assert LedgerLine.objects.filter(source__startswith="export ").count() == 2


def test_a_copy_that_was_ended_is_not_given(ready: Ready) -> None:
    row = written(ready, None)
    services.end_copy(handover=row, actor=ready.cast.operator, terminal="t")
    with pytest.raises(CopyOver):
        give(ready, row)
    assert not LedgerLine.objects.exists()
