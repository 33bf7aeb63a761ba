"""A camera's masks by where they hold, as its register keeps them in one list. Pure.

A polygon is a privacy mask: burnt into every picture that anybody sees. {"copies": polygon} is a place that
whoever watches has to see (a screen, a name that the recorder burns in), and that every redaction and every
still covers.
A release that knows of no such places takes them for something else than masks, and so sends no picture.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from cctv.sites.masks import polygons
from cctv.sites.masks.polygons import VERSION_CHARS, BadMasks, Masks

COPIES = "copies"


@dataclass(frozen=True)
class CameraMasks:
    """`always`: in every picture. `copies`: besides those, in what is made to be handed out."""

    always: Masks = ()
    copies: Masks = ()

    @property
    def of_copies(self) -> Masks:
        """All that is covered in a copy."""
        return self.always + self.copies

    @property
    def version(self) -> str:
        """A short name of exactly these, scopes included; "" for none, and as `polygons.version` without any
        place for copies alone."""
        if not self.of_copies:
            return ""
        return hashlib.sha256(json.dumps(kept(self)).encode()).hexdigest()[:VERSION_CHARS]


def read(value: Any) -> CameraMasks:
    """What the register or a form holds; BadMasks unless all of it is sound, at most 16 together."""
    if not isinstance(value, (list, tuple)):
        raise BadMasks("not_a_list")
    shapes = [_shape(each, number) for number, each in enumerate(value, start=1)]
    found = polygons.read(shapes)
    scoped = [(isinstance(each, dict), polygon) for each, polygon in zip(value, found, strict=True)]
    return CameraMasks(
        tuple(polygon for copies, polygon in scoped if not copies),
        tuple(polygon for copies, polygon in scoped if copies),
    )


def kept(masks: CameraMasks) -> list[Any]:
    """As the register keeps them."""
    return [*polygons.plain(masks.always), *({COPIES: each} for each in polygons.plain(masks.copies))]


def shows_less(value: Any) -> bool:
    """Whether viewers see less than the whole picture; what cannot be read shows nothing."""
    try:
        return bool(read(value).always)
    except BadMasks:
        return True


def uncovers(old: CameraMasks, new: CameraMasks) -> bool:
    """Whether anything is seen that was covered: by who watches, or in a copy."""
    return polygons.uncovers(old.always, new.always) or polygons.uncovers(old.of_copies, new.of_copies)


def _shape(each: Any, number: int) -> Any:
    if not isinstance(each, dict):
        return each
    if set(each) != {COPIES}:
        raise BadMasks("not_a_list", number)
    return each[COPIES]
