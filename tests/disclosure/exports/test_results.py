"""What leaves redacted is the very result that was approved with the export."""

from typing import Any

import pytest

from accesslog.models import LogEntry
from accesslog.selectors import load_receipt
from cctv.disclosure.cases.models import Letter
from cctv.disclosure.exports import asking, deciding, requirements
from cctv.disclosure.exports.errors import ExportChanged, ResultChanged
from cctv.disclosure.exports.models import Export, ExportForm, ExportState
from cctv.disclosure.exports.wishes import Wanted, Wish
from cctv.disclosure.packaging import services as packaging
from cctv.redaction.models import Redaction, RedactionReview
from cctv.redaction.review.errors import NotApproved
from tests.disclosure.packaging import helping
from tests.footage.conftest import TERMINAL
from tests.people.cast import give_password
from tests.redaction.review.conftest import SHA256, Waiting, desk, room, waiting

__all__ = ["desk", "room", "waiting"]

pytestmark = pytest.mark.django_db(databases=["default", "log"])

OTHER = "cd" * 32


def asked(waiting: Waiting) -> Export:
    waiting.approved()
    redaction, room = waiting.redaction, waiting.desk.room
    case = helping.case_of(room)
    letter = Letter.objects.create(case=case, kind="in", title="Warrant", made_by=room.operator)
    span = Wanted(
        room.gate, redaction.starts_at, redaction.ends_at, ExportForm.REDACTED, redaction
    )  # fmt: skip
    wish = Wish(
        spans=[span], recipient_kind="police", recipient="Mapo police", ground="law", document="118",
        purpose=room.purpose, letter=letter,
    )  # fmt: skip
    return asking.ask(actor=room.operator, terminal=TERMINAL, site=room.site, case=case, wish=wish)


def approved_anew(sha256: str) -> None:
    """It was edited, rendered and approved by other people, as a redaction is."""
    redaction = Redaction.objects.get()
    Redaction.objects.update(result=redaction.result | {"sha256": sha256})
    RedactionReview.objects.update(result_sha256=sha256)


def said(kind: str) -> list[Any]:
    """Which results the entries of a kind name."""
    found = LogEntry.objects.filter(kind=kind).order_by("index").values_list("index", flat=True)
    return [span["result_sha256"] for index in found for span in load_receipt(index).body["spans"]]


def test_another_result_than_the_shown_one_is_not_approved_with_it(waiting: Waiting) -> None:
    export = asked(waiting)
    approver = helping.approver(waiting.desk.room)
    client = waiting.desk.room.client(approver)
    give_password(client, approver)
    shown = client.get(f"/exports/{export.number}/").context["seen"]
    approved_anew(OTHER)

    decided = {"verdict": "approve", "seen": shown}
    assert client.post(f"/exports/{export.number}/decide/", decided).status_code == 409
    with pytest.raises(ExportChanged):
        deciding.approve(export=export, actor=approver, terminal=TERMINAL, seen=shown)
    export = helping.now(export)
    assert export.state == ExportState.ASKED

    page = client.get(f"/exports/{export.number}/")
    seen = page.context["seen"]
    # Before they click, they are told that it is not what was asked for.
    assert [tick.tone for tick in page.context["ticks"] if "changed after it was asked for" in tick.text] == [
        "warn"
    ]
    client.post(f"/exports/{export.number}/decide/", {"verdict": "approve", "seen": seen})
    export = helping.now(export)
    assert export.state == ExportState.APPROVED
    assert (said("export.asked"), said("export.approved")) == ([SHA256], [OTHER])
    requirements.require_packable(export)


def test_a_result_that_changes_while_it_is_approved_is_not(
    waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = asked(waiting)
    expected = deciding._expected

    def late(*of: Any) -> Export:
        row = expected(*of)
        approved_anew(OTHER)
        return row

    monkeypatch.setattr(deciding, "_expected", late)
    with pytest.raises(ExportChanged):
        deciding.approve(
            export=export, actor=helping.approver(waiting.desk.room), terminal=TERMINAL,
            seen=deciding.seen_of(export),
        )  # fmt: skip


def test_what_was_approved_anew_afterwards_is_not_packaged(waiting: Waiting) -> None:
    export = asked(waiting)
    deciding.approve(
        export=export, actor=helping.approver(waiting.desk.room), terminal=TERMINAL,
        seen=deciding.seen_of(export),
    )  # fmt: skip
    requirements.require_packable(export)
    approved_anew(OTHER)
    with pytest.raises(NotApproved) as refused:
        requirements.require_packable(export)
    assert isinstance(refused.value, ResultChanged)


def test_the_pin_stays_when_it_is_tried_again(waiting: Waiting) -> None:
    export = asked(waiting)
    deciding.approve(
        export=export, actor=helping.approver(waiting.desk.room), terminal=TERMINAL,
        seen=deciding.seen_of(export),
    )  # fmt: skip
    approved_anew(OTHER)
    assert helping.packaged(export).error_code == ResultChanged.code
    assert packaging.retry(export)
    export = helping.packaged(export)
    assert (export.error_code, export.files.count()) == (ResultChanged.code, 0)
