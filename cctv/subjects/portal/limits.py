"""What a place's law says to the portal's questions: a few numbers."""

_CHILD_AGE = {"KR": 14, "JP": 15, "EU": 16, "UK": 13}
# Forms of this law ask for the reason of a request (domain.md §4).
_NEEDS_REASON = frozenset({"KR"})


def child_age(jurisdiction: str) -> int:
    """From which age on somebody asks for themselves (O33)."""
    return _CHILD_AGE.get(jurisdiction, 14)


def longest_hours(jurisdiction: str) -> int:
    """The longest span that one request names, in hours, without margins."""
    return 24


def needs_reason(jurisdiction: str) -> bool:
    """Whether a reason has to be given."""
    return jurisdiction in _NEEDS_REASON
