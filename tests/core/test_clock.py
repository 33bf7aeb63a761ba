"""Times as they stand in the log and in addresses."""

from datetime import UTC, datetime

import pytest

from cctv.core import clock


@pytest.mark.parametrize(
    "text",
    [
        "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2026-11-22T10:00:00",
        "2026-02-30T10:00:00Z", "soon", "",
    ],
)  # fmt: skip
def test_what_is_no_time_in_utc_is_refused_as_one(text: str) -> None:
    with pytest.raises(ValueError):
        clock.parse_rfc3339(text)


def test_the_ends_of_the_calendar_are_times() -> None:
    assert clock.parse_rfc3339("9999-12-31T23:59:59.999999Z") == datetime.max.replace(tzinfo=UTC)
    assert clock.parse_rfc3339("0001-01-01T09:00:00+09:00") == datetime.min.replace(tzinfo=UTC)
