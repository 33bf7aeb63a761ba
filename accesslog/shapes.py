"""What fields of a name that every area uses must look like, so that no entry is written half.

    actor          {id, name, role}: who; the id is "" for the installation itself and for nobody known
    site, camera   {id, name}; `cameras` a list of such
    purpose        {code, text}
    from, to       RFC 3339 texts in UTC ("…Z"), `from` not after `to`
    hour           an RFC 3339 text in UTC

All parts are texts; an object may have more of them. Appending is the hot path: a check is a handful of
look-ups (about 1 µs for a released minute of footage). Imports no Django.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

UTC_TIME = re.compile(r"\d{4}-(?:0\d|1[0-2])-[0-3]\dT[0-2]\d:[0-5]\d:[0-6]\d(?:\.\d{1,9})?Z\Z", re.ASCII)
_is_utc_time = UTC_TIME.match

Shape = Callable[[Any], str]
"""What is wrong with a value, or ""."""


def _object(*parts: str) -> Shape:
    expected = "an object with the texts " + ", ".join(parts)

    def check(value: Any) -> str:
        if type(value) is dict or isinstance(value, Mapping):
            for part in parts:
                if type(value.get(part)) is not str:
                    return expected
            return ""
        return expected

    return check


_thing = _object("id", "name")


def _things(value: Any) -> str:
    if isinstance(value, list | tuple) and not any(map(_thing, value)):
        return ""
    return "a list of objects with the texts id, name"


def _time(value: Any) -> str:
    return "" if type(value) is str and _is_utc_time(value) else "an RFC 3339 time in UTC"


SHAPES: dict[str, Shape] = {
    "actor": _object("id", "name", "role"),
    "site": _thing,
    "camera": _thing,
    "cameras": _things,
    "purpose": _object("code", "text"),
    "from": _time,
    "to": _time,
    "hour": _time,
}


def wrong(body: Mapping[str, Any], checks: tuple[tuple[str, Shape], ...]) -> str:
    """What is wrong with the fields that `checks` names, or "": of fields that are there and not None."""
    for name, check in checks:
        value = body.get(name)
        if value is not None and (fault := check(value)):
            return f"{name} must be {fault}"
    starts, ends = body.get("from"), body.get("to")
    # Without the Z, the texts of UTC times sort as the times do, with or without fractions.
    if type(starts) is str and type(ends) is str and starts[:-1] > ends[:-1]:
        return "from must not be after to"
    return ""
