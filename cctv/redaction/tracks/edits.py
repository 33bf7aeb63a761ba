"""People's decisions about tracks, applied in the order they were made; no Django, no state.

Kind -> body (frames from 0, inclusive ranges; portions of the picture 0..1; a box is [x, y, w, h]):

    subject       {"frame", "box"} or {"track"}: this is whoever is shown, and nobody else; {} takes it back.
                  A box without width and height is a click. {"frame", "box", "also": true} corrects where
                  the subject is in that frame, and {"track", "also": true} says that this is the subject, too
    role          {"track", "role": "hide" | "show" | "manual"}     manual: only its boxes set by hand are drawn
    box           {"track", "frame", "box"}     a box set by hand; boxes between two such are interpolated
    split         {"track", "frame"}            what comes from `frame` on becomes a track of its own
    merge         {"into", "track"}
    assign        {"track", "first", "last", "to"}   that stretch belongs to track `to`
    cover         {"id", "shape": "box" | "polygon", "keys": [{"frame", "shape"}], "first", "last"}   new or changed
    uncover       {"id"}
    mask          {"id", "polygon": [[x, y], ...]}   covered throughout
    unmask        {"id"}
    settle        {"doubt"} or {"doubt", "settled": false}
    mode, style, subject_kind   {"mode"}, {"style"}, {"kind"}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Edit:
    """One decision that stands; undone ones are left out before they come here."""

    number: int
    kind: str
    body: Mapping[str, Any]
