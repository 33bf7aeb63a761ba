"""Path converters."""

from datetime import date


class IsoDate:
    """A calendar date, `2026-11-14`."""

    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> date:
        """ValueError (no match, so 404) for days that do not exist."""
        return date.fromisoformat(value)

    def to_url(self, value: date) -> str:
        """The ISO form."""
        return value.isoformat()
