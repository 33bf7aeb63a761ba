"""For how long records are kept: the newest rule in force, else the default; never below what the law asks.

The minima of all jurisdictions in which there is a site count, because the log is one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from accesslog import IndexFields, pruning
from accesslog.services import append
from cctv.core import clock
from cctv.core.ids import new_id
from cctv.people.actors import actor_fields
from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.retention.records.errors import EndsRecords, RuleRefused
from cctv.retention.records.events import RULE_CHANGED
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
    """How long it is now; `rule` is None where the default counts."""

    months: int
    rule: RecordRule | None

    @property
    def reason(self) -> str:
        """Why; empty for the default."""
        return self.rule.reason if self.rule else ""


@dataclass(frozen=True, slots=True)
class Least:
    """The least number of months that the law allows, and whose it is ("" where nobody asks for any)."""

    months: int
    jurisdiction: str


def in_force(record_class: str, now: datetime) -> InForce:
    """The rule that counts at that moment."""
    rules = RecordRule.objects.filter(record_class=record_class, effective_from__lte=now)
    rule = rules.order_by("-effective_from", "-created_at").first()
    return InForce(rule.months if rule else DEFAULT_MONTHS[record_class], rule)


def coming(record_class: str, now: datetime) -> RecordRule | None:
    """The next rule that is announced and not in force yet."""
    rules = RecordRule.objects.filter(record_class=record_class, effective_from__gt=now)
    return rules.order_by("effective_from", "created_at").first()


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

    RuleRefused below the law's minimum or without a reason; EndsRecords, with the numbers, unless `accepted`;
    Forbidden; LogUnavailable. The entry of the log comes first.
    """
    permissions_of(actor).require_everywhere(ACTION)
    before = in_force(record_class, clock.now())
    _check(record_class, months, reason)
    now = clock.now()
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
        },
        index=[IndexFields(actor=str(actor.pk), terminal=terminal)],
        event_id=rule.pk,
    )  # fmt: skip
    rule.save(force_insert=True)
    return rule


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
