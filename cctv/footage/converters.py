"""Path converters."""

from datetime import date

from cctv.core.localtime import FIRST_DAY, LAST_DAY


class IsoDate:
    """A calendar date, `2026-11-14`."""

    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> date:
        """ValueError (no match, so 404) for days that do not exist."""
        day = date.fromisoformat(value)
        if not FIRST_DAY <= day <= LAST_DAY:
            raise ValueError(value)
        return day

    def to_url(self, value: date) -> str:
        """The ISO form."""
        return value.isoformat()
