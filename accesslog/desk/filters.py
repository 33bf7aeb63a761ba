"""A question to the log as its selectors understand it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

# As `Filters.kind`: routine entries too. An empty kind leaves them out.
EVERY_KIND = "*"
# Begins a `Filters.kind` that names a group of kinds (accesslog.desk.groups).
GROUP = ":"


@dataclass(frozen=True, slots=True)
class Filters:
    """A question to the log. Ids are those of the search rows; spans are half-open and aware.

    `kind` is one kind, a group (":viewings"), EVERY_KIND, or "" for everything but routine jobs.
    """

    actor: str = ""
    camera: str = ""
    site: str = ""
    purpose: str = ""
    case: str = ""
    terminal: str = ""
    kind: str = ""
    seen_from: datetime | None = None
    seen_to: datetime | None = None
    footage_from: datetime | None = None
    footage_to: datetime | None = None

    def given(self) -> dict[str, str]:
        """The filters that are set, as text."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in values.items()
            if value
        }
