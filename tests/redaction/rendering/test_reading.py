"""What was decided, as the job reads it: at once, however much it is."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cctv.redaction.editing import stored
from cctv.redaction.models import Redaction, RedactionEdit
from cctv.redaction.rendering import work
from cctv.redaction.rendering.planning import JOB, Sources, plan
from cctv.vault.errors import ReceiptMismatch
from tests.footage.conftest import Room, room
from tests.redaction.rendering import helping

__all__ = ["room"]

pytestmark = pytest.mark.django_db(databases=["default", "log"])


@pytest.fixture
def planned(room: Room) -> Redaction:
    """Of two segments; nobody has looked at it."""
    for second in range(2):
        helping.taken_in(room, room.starts_at + second * helping.SECOND, helping.walk(5 * second, 10))
    redaction = helping.begin(room, helping.viewing(room, 2), 2)
    plan(redaction, Sources(redaction, work._entry(redaction)))
    return redaction


def decided(redaction: Redaction, first: int, last: int) -> None:
    for number in range(first, last):
        made = RedactionEdit(redaction=redaction, number=number, kind="settle", made_by=redaction.made_by)
        made.save()
        stored.keep(made, {"doubt": f"low-{number}"})


def test_decisions_are_read_in_one_go_and_opened_only_by_an_entry_of_all_of_their_segments(
    planned: Redaction,
):
    receipt = work._entry(planned)
    counts = []
    for first, last in ((1, 4), (4, 20)):
        decided(planned, first, last)
        with CaptureQueriesContext(connection) as asked:
            edits = stored.edits_of(planned, stored.for_system(receipt, planned, JOB))
        assert [edit.body["doubt"] for edit in edits] == [f"low-{n}" for n in range(1, last)]
        counts.append(len(asked))
    assert counts[0] == counts[1]
    planned.parts.filter(number=0).delete()
    with pytest.raises(ReceiptMismatch):
        stored.edits_of(planned, stored.for_system(work._entry(planned), planned, JOB))
    with pytest.raises(ReceiptMismatch):
        stored.edits_of(planned, stored.for_system(receipt, planned, "thumbnail"))
