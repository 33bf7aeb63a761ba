"""What an edit's body must look like: hostile ones are refused, others come back in their canonical form."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeGuard

Reason = Literal["kind", "body", "frame", "box", "polygon", "id", "track", "same", "nothing", "many"]

MOST_POINTS = 64
MOST_KEYS = 500
# What is drawn by hand may begin or end a picture's width beside the picture.
_FAR = 1.0
# Smaller than this is a click.
_SMALL = 1e-4
_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
_DOUBT = re.compile(r"[a-z]{1,12}\.([0-9]{1,7}(-[0-9]{1,7}){0,11})?\.[0-9]{1,7}-[0-9]{1,7}")
_MOST_TRACK = 1_000_000
_MOST = 1e9

Body = dict[str, Any]


class EditRefused(ValueError):
    """A decision that means nothing; `reason` says what is wrong with it."""

    def __init__(self, reason: Reason) -> None:
        """One of the few reasons that a person is told in words."""
        self.reason: Reason = reason
        super().__init__(reason)


def checked(kind: str, body: object, *, frames: int) -> Body:
    """The body with nothing in it but what its kind knows. Raises EditRefused; believes nothing."""
    check = _CHECKS.get(kind)
    if check is None:
        raise EditRefused("kind")
    if not isinstance(body, Mapping):
        raise EditRefused("body")
    return check(body, frames)


def _subject(body: Mapping[str, Any], frames: int) -> Body:
    if not body:
        return {}
    also = {"also": True} if _flag(body, "also", default=False) else {}
    if "track" in body:
        return {"track": _track(body, "track"), **also}
    return {"frame": _frame(body, "frame", frames), "box": _box(body.get("box"), click=True), **also}


def _role(body: Mapping[str, Any], _frames: int) -> Body:
    return {"track": _track(body, "track"), "role": _one_of(body, "role", ("hide", "show", "manual"))}


def _keyed_box(body: Mapping[str, Any], frames: int) -> Body:
    where = {"track": _track(body, "track"), "frame": _frame(body, "frame", frames)}
    return {**where, "box": _box(body.get("box"))}


def _split(body: Mapping[str, Any], frames: int) -> Body:
    return {"track": _track(body, "track"), "frame": _frame(body, "frame", frames)}


def _merge(body: Mapping[str, Any], _frames: int) -> Body:
    into, track = _track(body, "into"), _track(body, "track")
    if into == track:
        raise EditRefused("same")
    return {"into": into, "track": track}


def _assign(body: Mapping[str, Any], frames: int) -> Body:
    track, to = _track(body, "track"), _track(body, "to")
    if track == to:
        raise EditRefused("same")
    return {"track": track, **_range(body, frames), "to": to}


def _cover(body: Mapping[str, Any], frames: int) -> Body:
    shape = _one_of(body, "shape", ("box", "polygon"))
    given = body.get("keys")
    if not isinstance(given, list) or not given:
        raise EditRefused("body")
    if len(given) > MOST_KEYS:
        raise EditRefused("many")
    keys: dict[int, Any] = {}
    for each in given:
        if not isinstance(each, Mapping):
            raise EditRefused("body")
        at = _frame(each, "frame", frames)
        keys[at] = _box(each.get("shape")) if shape == "box" else _polygon(each.get("shape"))
    in_order = [{"frame": at, "shape": keys[at]} for at in sorted(keys)]
    return {"id": _id(body), "shape": shape, "keys": in_order, **_range(body, frames)}


def _uncover(body: Mapping[str, Any], _frames: int) -> Body:
    return {"id": _id(body)}


def _mask(body: Mapping[str, Any], _frames: int) -> Body:
    return {"id": _id(body), "polygon": _polygon(body.get("polygon"))}


def _settle(body: Mapping[str, Any], _frames: int) -> Body:
    key = body.get("doubt")
    if not isinstance(key, str) or not _DOUBT.fullmatch(key):
        raise EditRefused("id")
    return {"doubt": key, "settled": _flag(body, "settled", default=True)}


def _mode(body: Mapping[str, Any], _frames: int) -> Body:
    return {"mode": _one_of(body, "mode", ("reveal", "hide", "manual"))}


def _style(body: Mapping[str, Any], _frames: int) -> Body:
    return {"style": _one_of(body, "style", ("fill", "pixelate", "blur"))}


def _subject_kind(body: Mapping[str, Any], _frames: int) -> Body:
    return {"kind": _one_of(body, "kind", ("person", "vehicle", "belonging", "nobody"))}


def _nothing(body: Mapping[str, Any], _frames: int) -> Body:
    if body:
        raise EditRefused("body")
    return {}


_CHECKS: dict[str, Callable[[Mapping[str, Any], int], Body]] = {
    "subject": _subject,
    "role": _role,
    "box": _keyed_box,
    "split": _split,
    "merge": _merge,
    "assign": _assign,
    "cover": _cover,
    "uncover": _uncover,
    "mask": _mask,
    "unmask": _uncover,
    "settle": _settle,
    "mode": _mode,
    "style": _style,
    "subject_kind": _subject_kind,
    "sharp": _nothing,
    "coarse": _nothing,
}
KINDS = tuple(_CHECKS)


def _whole(value: object) -> int:
    """JSON numbers are sometimes 3.0; true is not 1."""
    if not _is_number(value) or value != int(value):
        raise EditRefused("body")
    return int(value)


def _is_number(value: object) -> TypeGuard[int | float]:
    """One that can be reckoned with: JSON's integers may have hundreds of digits."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= _MOST and math.isfinite(value)


def _frame(body: Mapping[str, Any], name: str, frames: int) -> int:
    frame = _whole(body.get(name))
    if not 0 <= frame < frames:
        raise EditRefused("frame")
    return frame


def _range(body: Mapping[str, Any], frames: int) -> Body:
    first, last = _frame(body, "first", frames), _frame(body, "last", frames)
    if last < first:
        raise EditRefused("frame")
    return {"first": first, "last": last}


def _track(body: Mapping[str, Any], name: str) -> int:
    number = _whole(body.get(name))
    if not 0 <= number <= _MOST_TRACK:
        raise EditRefused("track")
    return number


def _id(body: Mapping[str, Any]) -> str:
    value = body.get("id")
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise EditRefused("id")
    return value


def _flag(body: Mapping[str, Any], name: str, *, default: bool) -> bool:
    value = body.get(name, default)
    if not isinstance(value, bool):
        raise EditRefused("body")
    return value


def _one_of(body: Mapping[str, Any], name: str, values: tuple[str, ...]) -> str:
    value = body.get(name)
    if not isinstance(value, str) or value not in values:
        raise EditRefused("body")
    return value


def _numbers(value: object, count: int) -> list[float]:
    if not isinstance(value, list | tuple) or len(value) != count:
        raise EditRefused("box")
    out = []
    for each in value:
        if not _is_number(each):
            raise EditRefused("box")
        out.append(round(float(each), 6))
    return out


def _box(value: object, *, click: bool = False) -> list[float]:
    """[x, y, w, h], some of it in the picture; a `click` may be smaller than a point."""
    x, y, w, h = _numbers(value, 4)
    if not (-_FAR <= x < 1 and -_FAR <= y < 1 and 0 <= w <= 3 and 0 <= h <= 3):
        raise EditRefused("box")
    if x + w < 0 or y + h < 0:
        raise EditRefused("box")
    if not click and (w < _SMALL or h < _SMALL):
        raise EditRefused("box")
    return [x, y, w, h]


def _polygon(value: object) -> list[list[float]]:
    """[[x, y], ...], three points or more with an area."""
    if not isinstance(value, list | tuple) or len(value) < 3:
        raise EditRefused("polygon")
    if len(value) > MOST_POINTS:
        raise EditRefused("many")
    points = [_numbers(point, 2) for point in value]
    if any(not -_FAR <= each <= 1 + _FAR for point in points for each in point):
        raise EditRefused("polygon")
    after = [*points[1:], points[0]]
    twice = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, after, strict=True))
    if abs(twice) < _SMALL * _SMALL:
        raise EditRefused("polygon")
    return points
