"""What a place's law says to the portal's questions: a few numbers of its profile."""

from cctv.subjects.profiles import PROFILES
from cctv.subjects.requests.limits import FROZEN_KINDS

# Forms of this law ask for the reason of a request (domain.md §4).
_NEEDS_REASON = frozenset({"KR"})
_ANYWHERE = "KR"


def child_age(jurisdiction: str) -> int:
    """From which age on somebody asks for themselves (O33)."""
    return PROFILES[jurisdiction or _ANYWHERE].child_age


def longest_hours(jurisdiction: str) -> int:
    """The longest span that one request names, in hours, without margins."""
    return PROFILES[jurisdiction or _ANYWHERE].longest_hours


def needs_reason(jurisdiction: str) -> bool:
    """Whether a reason has to be given."""
    return jurisdiction in _NEEDS_REASON


def is_frozen(kind: str) -> bool:
    """Whether a request of this kind keeps its footage from being erased."""
    return kind in FROZEN_KINDS
