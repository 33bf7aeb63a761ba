"""Statutory clocks: when an answer is due, and how a stop, an extension or a postponement moves that.

Pure, but for `stored`, which reads a request's clock from its rows.
"""

from cctv.subjects.clocks.calendar import last_day, reply_by
from cctv.subjects.clocks.due import (
    Clock,
    Deadlines,
    NotPossible,
    Pause,
    deadlines,
    extended,
    file_until,
    objection_until,
    paused,
    postponed,
    resumed,
)
from cctv.subjects.clocks.rules import CLARIFICATION, IDENTITY, is_offered, rule_of

__all__ = [
    "CLARIFICATION", "IDENTITY", "Clock", "Deadlines", "NotPossible", "Pause", "deadlines", "extended",
    "file_until", "is_offered", "last_day", "objection_until", "paused", "postponed", "reply_by", "resumed",
    "rule_of",
]  # fmt: skip
