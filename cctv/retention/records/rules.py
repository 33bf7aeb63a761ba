"""For how long records are kept: the newest rule in force, else the default; never below what the law asks.

The minima of all jurisdictions in which there is a site count, because the log is one: when a rule is set,
and again whenever something would end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any

from django.utils.translation import gettext as _

from accesslog import IndexFields, pruning
from accesslog.services import append
from cctv.core import clock
from cctv.core.ids import new_id
from cctv.people.actors import actor_fields
from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.retention.records.errors import EndsRecords, RuleRefused
from cctv.retention.records.events import RULE_CHANGED, RULE_WITHDRAWN
from cctv.retention.records.extent import extent
from cctv.retention.records.models import RecordClass, RecordRule
from cctv.sites.models import Site

ACTION = "retention.rule"
LONGEST_MONTHS = 240
# A rule that ends records is announced that long before.
NOTICE = timedelta(hours=24)
DEFAULT_MONTHS: Mapping[str, int] = {
    RecordClass.ACCESS: 36, RecordClass.PERMISSION: 36, RecordClass.LEDGER: 60
}  # fmt: skip
LEAST_MONTHS: Mapping[str, Mapping[str, int]] = {
    "KR": {RecordClass.ACCESS: 12, RecordClass.PERMISSION: 36},
    "JP": {RecordClass.LEDGER: 36},
}
# KR: where many people or sensitive data are concerned; nobody but the operator knows whether that is so.
ADVISED_MONTHS: Mapping[str, Mapping[str, int]] = {"KR": {RecordClass.ACCESS: 24}}


@dataclass(frozen=True, slots=True)
class InForce:
    """How long it is now; `rule` is None where the default counts.

    `law` is the jurisdiction whose minimum counts because what is set is less, else "".
    """

    months: int
    rule: RecordRule | None
    law: str = ""

    @property
    def reason(self) -> str:
        """Why; empty for the default."""
        return self.rule.reason if self.rule else ""

    @property
    def is_default(self) -> bool:
        """Whether nobody has set anything; a withdrawal that led back to the default gives no reason."""
        return not self.reason

    @property
    def said(self) -> int:
        """The months of rule or default, which the law may have lengthened."""
        return self.rule.months if self.rule else self.months


@dataclass(frozen=True, slots=True)
class Least:
    """The least number of months that the law allows, and whose it is ("" where nobody asks for any)."""

    months: int
    jurisdiction: str


def in_force(record_class: str, now: datetime) -> InForce:
    """What counts at that moment: the newest rule, or the law's minimum where that is longer.

    It is looked at here, not only when a rule is set: a site of a stricter law may have come since.
    """
    rule = next((each for each in reversed(_valid(record_class)) if each.effective_from <= now), None)
    months, floor = rule.months if rule else DEFAULT_MONTHS[record_class], least(record_class)
    if months < floor.months:
        return InForce(floor.months, rule, floor.jurisdiction)
    return InForce(months, rule)


def coming(record_class: str, now: datetime) -> RecordRule | None:
    """The rule that is announced and not in force yet: there is at most one."""
    return next((each for each in _valid(record_class) if each.effective_from > now), None)


def _valid(record_class: str) -> list[RecordRule]:
    """The rules that came or will come into force, in that order.

    A rule that was made while another was still announced took its place: that one never counts.
    """
    made = list(RecordRule.objects.filter(record_class=record_class).order_by("created_at", "pk"))
    return [
        rule
        for rule, next_one in zip_longest(made, made[1:])
        if next_one is None or next_one.created_at >= rule.effective_from
    ]


def least(record_class: str) -> Least:
    """What the law of the strictest site asks for."""
    return _strictest(LEAST_MONTHS, record_class)


def advised(record_class: str) -> Least:
    """What the law asks for where much or sensitive data is concerned."""
    return _strictest(ADVISED_MONTHS, record_class)


def _strictest(table: Mapping[str, Mapping[str, int]], record_class: str) -> Least:
    here = set(Site.objects.values_list("jurisdiction", flat=True).distinct())
    found = [(table[each].get(record_class, 0), each) for each in sorted(here & table.keys())]
    months, jurisdiction = max(found, default=(0, ""))
    return Least(max(months, 1), jurisdiction if months else "")


def change(
    *, record_class: str, months: int, reason: str, actor: Account, terminal: str, accepted: bool = False
) -> RecordRule:
    """Set how long records of a class are kept: from now on, or in 24 hours if that ends records that exist.

    It takes the place of a rule that is announced. RuleRefused below the law's minimum or without a reason;
    EndsRecords, with the numbers, unless `accepted`; Forbidden; LogUnavailable. The log's entry comes first.
    """
    permissions_of(actor).require_everywhere(ACTION)
    _check(record_class, months, reason)
    now = clock.now()
    before, waiting = in_force(record_class, now), coming(record_class, now)
    # What the rule before ends by itself is no effect of this one.
    ends = None
    if months < before.months:
        ends = extent(record_class, pruning.first_kept_month(now + NOTICE, months))
        if not ends.is_empty and not accepted:
            raise EndsRecords(ends)
    effective = now if ends is None or ends.is_empty else now + NOTICE
    rule = RecordRule(
        id=new_id(), record_class=record_class, months=months, reason=reason, effective_from=effective,
        created_at=now, created_by=actor,
    )  # fmt: skip
    append(
        kind=RULE_CHANGED,
        body={
            "actor": actor_fields(actor, ACTION), "terminal": terminal, "record_class": record_class,
            "months": months, "before": before.months, "reason": reason,
            "effective_from": clock.rfc3339(effective),
            "ends": {"records": ends.records, "rows": ends.rows} if ends else None,
            "replaced": _announced(waiting) if waiting else None,
        },
        index=[IndexFields(actor=str(actor.pk), terminal=terminal)],
        event_id=rule.pk,
    )  # fmt: skip
    rule.save(force_insert=True)
    return rule


def withdraw(*, record_class: str, announced: str, actor: Account, terminal: str) -> RecordRule | None:
    """Take back the rule that is announced; what counts now goes on. None where that rule waits no more.

    `announced` is the id of the rule that was shown. A row like that of now takes its place: also where the
    announced one came into force a moment ago, so no second decides what ends. Forbidden; LogUnavailable.
    """
    permissions_of(actor).require_everywhere(ACTION)
    now = clock.now()
    waiting, force = coming(record_class, now), in_force(record_class, now)
    if waiting is None or str(waiting.pk) != announced:
        return None
    rule = RecordRule(
        id=new_id(), record_class=record_class, months=force.said, reason=force.reason, effective_from=now,
        created_at=now, created_by=actor,
    )  # fmt: skip
    append(
        kind=RULE_WITHDRAWN,
        body={
            "actor": actor_fields(actor, ACTION), "terminal": terminal, "record_class": record_class,
            "kept": force.months, **_announced(waiting),
        },
        index=[IndexFields(actor=str(actor.pk), terminal=terminal)],
        event_id=rule.pk,
    )  # fmt: skip
    rule.save(force_insert=True)
    return rule


def _announced(rule: RecordRule) -> dict[str, Any]:
    return {"months": rule.months, "effective_from": clock.rfc3339(rule.effective_from)}


def _check(record_class: str, months: int, reason: str) -> None:
    floor = least(record_class)
    if months < floor.months:
        raise RuleRefused(
            "months",
            _("The law of a site (%(law)s) asks for at least %(months)d months.")
            % {"law": floor.jurisdiction or "–", "months": floor.months},
            _("Choose a longer time."),
        )
    if months > LONGEST_MONTHS:
        raise RuleRefused("months", _("At most %(months)d months.") % {"months": LONGEST_MONTHS})
    if not reason.strip():
        raise RuleRefused(
            "reason", _("A reason is needed: what is kept, and for how long, must be justified.")
        )
