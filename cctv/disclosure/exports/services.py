"""Acts on exports, as others call them (`asking`, `deciding`, `watching`, `booking` say how)."""

from cctv.disclosure.exports.asking import ask, finish_drafts, resubmit
from cctv.disclosure.exports.deciding import (
    approve,
    confirm_urgent,
    let_go_left,
    mark_late,
    refuse_urgent,
    reject,
    return_,
    withdraw,
)
from cctv.disclosure.exports.watching import watch

__all__ = (
    "approve", "ask", "confirm_urgent", "finish_drafts", "let_go_left", "mark_late", "refuse_urgent",
    "reject", "resubmit", "return_", "watch", "withdraw",
)  # fmt: skip
