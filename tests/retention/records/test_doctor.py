"""What the doctor says of ends of records."""

from datetime import timedelta

import pytest

from cctv.retention.records import doctor
from cctv.retention.records.models import RecordErasure
from tests.retention.yard import Yard

pytestmark = [pytest.mark.django_db(databases=["default", "log"])]


@pytest.mark.parametrize(
    ("state", "facts", "days", "said"),
    [
        ("pruned", {"stands_still": "The disk is full."}, 3, "The disk is full."),
        ("keys", {}, 3, "A mirror of the keys has not confirmed"),
        ("pruned", {"stands_still": "The disk is full."}, 1, ""),
        ("started", {}, 3, ""),
        ("done", {}, 3, ""),
    ],
)
def test_an_end_that_stands_still_for_days_is_told(
    yard: Yard, state: str, facts: dict[str, str], days: int, said: str
) -> None:
    RecordErasure.objects.create(
        year=2026, sequence=1, number="LC-2026-0001", record_class="access", kept_from="2023-11", below=0,
        state=state, facts=facts, started_at=yard.now - timedelta(days=days),
    )  # fmt: skip
    warned = [finding for finding in doctor.records_end() if finding.code == "records.stands_still"]
    assert bool(warned) == bool(said)
    assert all(said in str(finding.what) for finding in warned)
