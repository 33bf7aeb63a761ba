"""What the journal keeps of a held object's row makes the very same row again."""

import json
from typing import Any

import pytest

from cctv.retention.holds import remembered
from tests.retention.holds.court import DAY, Court

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.both_databases]


@pytest.mark.parametrize("kind", ["segment", "quarantined"])
def test_row_is_made_again_column_by_column(court: Court, kind: str) -> None:
    row, other = _row(court, kind), _row(court, kind)
    row.refresh_from_db()
    told = remembered.describe(kind, [row.pk, other.pk])
    assert set(told) == {row.pk, other.pk}
    facts = json.loads(json.dumps(told[row.pk]))
    row.__class__.objects.filter(pk=row.pk).delete()
    assert remembered.recreate(kind, str(row.pk), facts, epoch_lives=True)
    again = row.__class__.objects.get(pk=row.pk)
    for field in row._meta.concrete_fields:
        before, after = (getattr(each, field.attname) for each in (row, again))
        if field.name != "source":  # may have come after the register's time
            assert _bytes(after) == _bytes(before), field.name


def _row(court: Court, kind: str) -> Any:
    if kind == "segment":
        return court.yard.segment(expires_in=DAY).row
    return court.yard.quarantined(expires_in=DAY)


def _bytes(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value
