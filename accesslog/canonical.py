"""Canonical JSON (RFC 8785), restricted to what entry bodies hold. Imports no Django.

Bodies hold objects, lists, strings, booleans, null and integers that every JSON reader keeps exact
(|n| <= 2^53 - 1). Floats are refused: their printed form is where canonical encoders disagree.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TypeAlias

JSON: TypeAlias = "bool | int | str | list[JSON] | tuple[JSON, ...] | Mapping[str, JSON] | None"

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 16

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


class NotCanonical(ValueError):
    """The value has no canonical form here; the message names the place."""


def encode(value: JSON) -> bytes:
    """Canonical UTF-8 bytes of `value`. Raises NotCanonical."""
    return encode_normal(normal(value))


def encode_normal(value: JSON) -> bytes:
    """Canonical bytes of a value that came from `normal`."""
    try:
        return _encode(value).encode("utf-8")
    except UnicodeEncodeError as error:
        raise NotCanonical("a string holds a lone surrogate, which has no UTF-8 form") from error


def decode(data: bytes) -> JSON:
    """The value of canonical bytes. Raises NotCanonical if `data` is not the one canonical spelling."""
    try:
        value: JSON = json.loads(data)
        again = encode(value)
    except (ValueError, RecursionError) as error:
        raise NotCanonical(f"not canonical JSON: {error}") from error
    if again != data:
        raise NotCanonical("the JSON is not in its canonical form")
    return value


def normal(value: JSON, place: str = "body", depth: int = 0) -> JSON:
    """A checked deep copy of plain dicts and lists, its keys in RFC 8785 order (UTF-16 code units)."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is int:
        if -MAX_INTEGER <= value <= MAX_INTEGER:  # type: ignore[operator]
            return value
        raise NotCanonical(f"{place}: the integer {value} is beyond ±(2^53 - 1)")
    if depth >= MAX_DEPTH:
        raise NotCanonical(f"{place}: nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, Mapping):
        return _object(value, place, depth)
    if isinstance(value, list | tuple):
        return [normal(item, f"{place}[{n}]", depth + 1) for n, item in enumerate(value)]
    if isinstance(value, str):
        return str.__str__(value)
    raise NotCanonical(f"{place}: a {kind.__name__} cannot stand in a body")


def _object(value: Mapping[str, JSON], place: str, depth: int) -> JSON:
    keys = list(value)
    for key in keys:
        if type(key) is not str:
            raise NotCanonical(f"{place}: the key {key!r} is not a string")
    if all(key.isascii() for key in keys):
        keys.sort()
    else:
        keys.sort(key=lambda key: key.encode("utf-16-be", "surrogatepass"))
    return {key: normal(value[key], f"{place}.{key}", depth + 1) for key in keys}
