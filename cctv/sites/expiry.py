"""When footage expires: pure arithmetic over a camera's history of retention rules (no Django).

A rule is in force from a moment on, until a later one of the same scope replaces it. The narrowest
scope that has a rule in force decides: camera over site over organisation. Footage expires `days`
times 24 hours after its end, by the rule in force when it was recorded. A shorter rule applies to
existing footage from the moment it takes effect; a longer one does not, because longer was never
promised to the people in it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

ORGANISATION, SITE, CAMERA = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Rule:
    """`days` to keep, from `effective_from` (aware) on; `scope` ranks CAMERA over SITE over ORGANISATION."""

    effective_from: datetime
    days: int
    scope: int

    def __post_init__(self) -> None:
        """Moments of one local zone compare and add by their clocks; those of UTC by time itself."""
        object.__setattr__(self, "effective_from", self.effective_from.astimezone(UTC))


def rule_in_force(rules: Iterable[Rule], at: datetime) -> Rule | None:
    """The rule that decides at a moment; of two that begin together the later in the list wins."""
    at = at.astimezone(UTC)
    current = [rule for rule in rules if rule.effective_from <= at]
    return max(reversed(current), key=lambda rule: (rule.scope, rule.effective_from), default=None)


def expires_at(ends_at: datetime, rules: Iterable[Rule], *, now: datetime, default_days: int) -> datetime:
    """When footage that ended at `ends_at` expires, as known at `now`.

    `default_days` counts where no rule was in force. Rules that take effect after `now` do not count yet,
    so with time the answer can only become earlier. The answer is in UTC, whatever zone the moments are
    told in: a day is 24 hours, also where the clocks change.
    """
    rules = list(rules)
    ends_at, now = ends_at.astimezone(UTC), now.astimezone(UTC)
    recorded = rule_in_force(rules, ends_at)
    earliest = ends_at + timedelta(days=recorded.days if recorded else default_days)
    for rule in rules:
        if ends_at < rule.effective_from <= now:
            decided = rule_in_force(rules, rule.effective_from)
            assert decided is not None  # `rule` itself is in force from then on
            # It takes effect when it does: nothing expires before the rule that ends it was in force.
            earliest = min(earliest, max(rule.effective_from, ends_at + timedelta(days=decided.days)))
    return earliest


def ended_before(rules: Iterable[Rule], *, now: datetime, default_days: int) -> datetime:
    """The latest moment such that, by the rules, all footage that ended before it has expired at `now`; UTC.

    The inverse of `expires_at`, as far as it has one: where a shorter rule was followed by a longer one, more
    may have expired later on, with footage in between that has not.
    """
    rules, now = list(rules), now.astimezone(UTC)
    edges = sorted({rule.effective_from for rule in rules if rule.effective_from <= now})
    deciding = [rule_in_force(rules, edge) for edge in edges]
    days = [default_days, *(rule.days for rule in deciding if rule)]
    for number, end in enumerate([*edges, now]):
        # Footage of before `end` was promised days[number]; each later rule counts for it as well.
        limit = now - timedelta(days=min(days[number:]))
        if limit < end:
            return max(limit, edges[number - 1]) if number else limit
    return now
