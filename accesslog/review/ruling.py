"""What a flag rule is, and what it is given of an entry. The rules are in accesslog.review.rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, tzinfo
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from accesslog.canonical import JSON
from accesslog.review.history import History, Row
from accesslog.types import from_us

Facts = Mapping[str, JSON]


@dataclass(frozen=True, slots=True)
class Seen:
    """An entry as a rule sees it: opened, with its search rows."""

    index: int
    time_us: int
    kind: str
    body: Mapping[str, Any]
    rows: Sequence[Row]

    @property
    def time(self) -> datetime:
        return from_us(self.time_us)

    @property
    def actor(self) -> str:
        return next((row.actor for row in self.rows if row.actor), "")

    @property
    def site(self) -> str:
        return next((row.site for row in self.rows if row.site), "")

    @property
    def terminal(self) -> str:
        return next((row.terminal for row in self.rows if row.terminal), "")

    @property
    def cameras(self) -> list[str]:
        return sorted({row.camera for row in self.rows if row.camera})

    @property
    def zone(self) -> tzinfo:
        """The zone whose clocks the entry's site lives by."""
        site = self.body.get("site")
        name = site.get("zone") if isinstance(site, Mapping) else ""
        try:
            return ZoneInfo(str(name or "UTC"))
        except (KeyError, ValueError):
            return ZoneInfo("UTC")


@dataclass(frozen=True)
class Rule:
    """The base of all rules. `kinds`: the entries it is given. Other fields are its parameters."""

    kinds: tuple[str, ...]

    code: ClassVar[str] = ""
    name: ClassVar[Any] = ""
    labels: ClassVar[Mapping[str, Any]] = {}

    def look(self, entry: Seen, history: History) -> Facts | None:
        """Why the entry is marked, as numbers and ids; None where it is not."""
        raise NotImplementedError

    def why(self, facts: Mapping[str, Any]) -> str:
        """The same as a sentence."""
        raise NotImplementedError

    def says(self) -> str:
        """What the rule marks, in words."""
        raise NotImplementedError

    def parameters(self) -> dict[str, int | str]:
        """Name and value of what can be set."""
        return {
            each.name: getattr(self, each.name) for each in fields(self) if each.name in self.labels
        }  # fmt: skip
