"""Where an entry leads: the page of the project that shows what the entry is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import NoReverseMatch, Resolver404, resolve, reverse

from accesslog import conf, registry
from accesslog.errors import EventRefused
from accesslog.review.roles import NO_SITE

REVIEW, REVIEW_MONTH = "log_review", "log_review_month"


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
    if name == REVIEW_MONTH and isinstance(body.get("site"), Mapping):
        values[0] = values[0] or NO_SITE
    if not all(values):
        return ""
    site = _value(body, "site.id")
    try:
        address = reverse(name, args=values)
        return address if _may_open(user, name, address, site) else ""
    except (NoReverseMatch, Resolver404, ValueError):
        return ""


def _may_open(user: Any, name: str, address: str, site: str) -> bool:
    """The log's own pages open by its own injections; the project is asked about its pages."""
    if not resolve(address).func.__module__.startswith("accesslog."):
        return conf.may_open(user, address, site)
    if not name.startswith(REVIEW):
        return conf.scope_of(user) is not None
    reviewer = conf.reviewer_of(user)
    return reviewer is not None and (name != REVIEW_MONTH or reviewer.knows(site))


def _value(body: Mapping[str, Any], path: str) -> str:
    """The text or number at a dotted path, as text; "" where there is none."""
    value: Any = body
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
