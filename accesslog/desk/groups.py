"""Groups of kinds: what people ask for ("viewings") instead of the kinds that it is logged as.

A project injects its own as ACCESSLOG_GROUPS; the log's own events are the group "log" in any case.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accesslog import conf


@dataclass(frozen=True)
class Group:
    """Every kind that begins with one of `prefixes` or ends with one of `endings`; groups may overlap."""

    name: str
    label: str | Promise
    prefixes: tuple[str, ...]
    endings: tuple[str, ...] = ()

    def holds(self, kind: str) -> bool:
        return kind.startswith(self.prefixes) or kind.endswith(self.endings)


OWN = Group("log", _("the log itself"), ("log.", "review.", "flag."))


def groups() -> list[Group]:
    """The project's groups, then the log's own."""
    return [*conf.groups(), OWN]


def group(name: str) -> Group | None:
    """The group of that name."""
    return next((each for each in groups() if each.name == name), None)
