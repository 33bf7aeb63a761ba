"""The ledger's line for each copy (O13, O14): who received what, on which ground, how, and what for."""

from typing import Any

import pytest

from accesslog.review.history import History
from accesslog.review.ruling import Seen
from cctv.disclosure.exports import booking
from cctv.disclosure.handing.models import HandOver
from cctv.footage import rules
from cctv.ledger.models import LedgerLine
from tests.disclosure.exports.conftest import Desk

pytestmark = pytest.mark.django_db(databases=["default", "log"])


def copy(desk: Desk, number: int = 1, **changes: Any) -> HandOver:
    export = desk.ask(wish=desk.wish(**changes))
    return HandOver.objects.create(
        export=export, copy=number, way="link", sealing="age", made_by=desk.operator
    )


def test_a_provision_has_the_statutory_columns_in_the_language_of_the_law(desk: Desk) -> None:
    handed = copy(desk)
    line = booking.book_provision(handed)

    assert (line.kind, line.recipient) == ("PROVIDE", "Mapo police, desk 2")
    assert "warrant 2026-118" in line.ground
    assert line.item.startswith(f"{handed.export.number} ({desk.case.number}): Gate 1")
    assert line.handler == "operator, Guard Co."
    assert line.reason == "Crime prevention"
    assert line.provided_as
    assert line.footage_from == desk.room.starts_at
    assert "Han" not in str(LedgerLine.objects.values()), "who exactly took it is sealed"


def test_the_same_copy_is_booked_once_and_another_one_again(desk: Desk) -> None:
    handed = copy(desk)
    assert booking.book_provision(handed).pk == booking.book_provision(handed).pk
    handed.copy = 2
    booking.book_provision(handed)
    assert LedgerLine.objects.count() == 2


def test_within_the_house_it_is_a_use_for_another_purpose(desk: Desk) -> None:
    line = booking.book_provision(
        copy(desk, recipient_kind="own", recipient="Training", purpose=None, purpose_text="training")
    )
    assert (line.kind, line.recipient) == ("USE", "Training")
    assert "training" in line.reason


def test_the_log_s_review_marks_another_purpose(desk: Desk) -> None:
    copy(desk, purpose=None, purpose_text="training")
    copy(desk)
    marked = []
    for body in desk.said("export.asked"):
        seen = Seen(1, 0, "export.asked", body, [])
        marked.append(rules.OTHER_PURPOSE.look(seen, History()) is not None)
    assert marked == [True, False]
    assert "export.asked" in rules.OTHER_PURPOSE.kinds
    assert "export.urgent" in rules.OTHER_PURPOSE.kinds
