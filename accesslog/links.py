"""Where an entry leads: the page of the project that shows what the entry is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import NoReverseMatch, Resolver404, reverse

from accesslog import conf, registry
from accesslog.errors import EventRefused


def link_of(kind: str, body: Mapping[str, Any], user: Any, *, personal: bool) -> str:
    """The address, or "": for a kind without a link, a field that is not there or not shown to this
    reader, a page that the project does not have (any more) or that the reader may not open.
    """
    try:
        event_type = registry.get(kind)
    except EventRefused:
        return ""
    if not event_type.link:
        return ""
    name, *paths = event_type.link
    if not personal and any(path.partition(".")[0] in event_type.personal for path in paths):
        return ""
    values = [_value(body, path) for path in paths]
    if not all(values):
        return ""
    site = _value(body, "site.id")
    try:
        address = reverse(name, args=values)
        return address if conf.may_open(user, address, site) else ""
    except (NoReverseMatch, Resolver404, ValueError):
        return ""


def _value(body: Mapping[str, Any], path: str) -> str:
    """The text or number at a dotted path, as text; "" where there is none."""
    value: Any = body
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
