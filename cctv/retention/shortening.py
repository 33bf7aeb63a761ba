"""A shorter retention rule reaches the footage that exists when it takes effect; a longer one does not.

A rule is applied once when it has taken effect, and once more a while later, for segments that were
being admitted under the old rule meanwhile. A segment that moves gets its key wrapped anew under the
epoch of its new hour, so that it ends with its own hour and not with the old one (`moving`); the epoch
that it left is given a new key by the next run (`rekey`), or an older copy of the register would open
it until the old hour ends. A kill between two batches leaves both whole, and the next tick goes on.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError
from django.db.models import Count, F, Max, Min, Q, QuerySet

from accesslog.errors import AccessLogError
from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.footage.models import Segment
from cctv.ingest.models import Quarantined
from cctv.retention import entries, moving
from cctv.retention.models import RuleApplication
from cctv.sites.expiry import rule_in_force
from cctv.sites.foresight import Ending
from cctv.sites.models import Camera, Organisation, RetentionRule, Site
from cctv.sites.selectors import as_rule, rules_for
from cctv.vault.steps import reached

log = logging.getLogger("cctv.retention")

BATCH = 200
SETTLE_AFTER = timedelta(minutes=15)


def apply_rules(now: datetime | None = None) -> int:
    """Apply every rule that had taken effect by `now` and was not applied; how many objects end earlier."""
    now = now or clock.now()
    moved = 0
    for rule in _to_apply(now):
        try:
            moved += _apply(rule, now)
        except (LetheError, AccessLogError, DatabaseError, OSError) as error:
            # The next tick tries again; what the rule would end is a while late, the rest is not.
            log.error("the rule %s cannot be applied yet: %s", rule.pk, error)
    return moved


def would_end(*, scope: Organisation | Site | Camera, days: int, effective_from: datetime) -> Ending:
    """What a rule that is not there yet would end earlier of what exists now, by the same conditions.

    Called by `sites.services` through settings.LETHE_RULE_ENDS.
    """
    rule = RetentionRule(days=days, effective_from=effective_from)
    setattr(rule, type(scope).__name__.lower(), scope)
    cameras = [camera for camera in _cameras(rule) if _would_decide(rule, camera)]
    segments = Segment.objects.filter(camera__in=cameras, ends_at__lt=effective_from)
    quarantined = Quarantined.objects.filter(camera__in=cameras, received_at__lt=effective_from)
    earlier = _either(segments, "ends_at", rule)
    earlier_quarantined = _either(quarantined, "received_at", rule)
    at_once = _too_long(segments, "ends_at", rule)[0][0].count()
    return Ending(
        **earlier.aggregate(
            segments=Count("pk"), cameras=Count("camera", distinct=True), starts_at=Min("starts_at"),
            ends_at=Max("ends_at"),
        ),
        quarantined=earlier_quarantined.count(),
        at_once=at_once,
    )  # fmt: skip


def _either(existing: QuerySet[Any], began: str, rule: RetentionRule) -> QuerySet[Any]:
    (over, _ending), (shorter, _later) = _too_long(existing, began, rule)
    return over | shorter


def _would_decide(rule: RetentionRule, camera: Camera) -> bool:
    """Whether the rule would decide for the camera if it were added now, as the last in the list."""
    added = as_rule(rule)
    return rule_in_force([*rules_for(camera), added], rule.effective_from) is added


def rules_waiting(now: datetime) -> bool:
    """Whether a rule that had taken effect by then is still to be applied."""
    return any(True for _rule in _to_apply(now))


def _to_apply(now: datetime) -> Iterable[RetentionRule]:
    fresh = Q(application=None)
    settling = Q(application__settled_at=None, application__applied_at__lte=now - SETTLE_AFTER)
    return (
        RetentionRule.objects.filter(fresh | settling, effective_from__lte=now)
        .select_related("organisation", "site", "camera", "created_by", "application")
        .order_by("effective_from", "pk")
    )


def _apply(rule: RetentionRule, now: datetime) -> int:
    found: dict[Camera, tuple[int, int]] = {}
    for camera in _cameras(rule):
        if _decides(rule, camera):
            found[camera] = (_shorten_segments(rule, camera), _shorten_quarantined(rule, camera))
    segments = sum(numbers[0] for numbers in found.values())
    quarantined = sum(numbers[1] for numbers in found.values())
    application = getattr(rule, "application", None)
    if application is None:
        application = RuleApplication(rule=rule, applied_at=now)
    else:
        application.settled_at = now
    application.shortened += segments
    if segments or quarantined:
        entries.shortened(application, found)
        reached("retention.shortened-logged")
    application.save()
    reached("retention.rule-applied")
    return segments + quarantined


def _cameras(rule: RetentionRule) -> list[Camera]:
    """The cameras of the rule's scope, retired ones too: their footage still ends."""
    cameras = Camera.objects.select_related("site")
    if rule.camera_id:
        return list(cameras.filter(pk=rule.camera_id))
    if rule.site_id:
        return list(cameras.filter(site_id=rule.site_id))
    return list(cameras.filter(site__organisation=rule.organisation))


def _decides(rule: RetentionRule, camera: Camera) -> bool:
    """Whether this rule, and not one of a narrower scope, decided for the camera when it took effect."""
    decided = rule_in_force(rules_for(camera), rule.effective_from)
    return decided is not None and decided.days == rule.days


def _shorten_segments(rule: RetentionRule, camera: Camera) -> int:
    existing = Segment.objects.filter(camera=camera, ends_at__lt=rule.effective_from)
    return sum(_shorten(rows.defer("parts"), ending) for rows, ending in _too_long(existing, "ends_at", rule))


def _shorten_quarantined(rule: RetentionRule, camera: Camera) -> int:
    """Quarantined objects count from their receipt: nobody knows when they were recorded."""
    existing = Quarantined.objects.filter(camera=camera, received_at__lt=rule.effective_from)
    return sum(_shorten(rows, ending) for rows, ending in _too_long(existing, "received_at", rule))


def _too_long(
    existing: QuerySet[Any], began: str, rule: RetentionRule
) -> list[tuple[QuerySet[Any], Callable[[Any], datetime]]]:
    """What the rule ends earlier, and when: after its days, but never before it was in force."""
    kept = timedelta(days=rule.days)
    over_already = rule.effective_from - kept
    return [
        (
            existing.filter(**{f"{began}__lt": over_already}, expires_at__gt=rule.effective_from),
            lambda _row: rule.effective_from,
        ),
        (
            existing.filter(**{f"{began}__gte": over_already}, expires_at__gt=F(began) + kept),
            lambda row: getattr(row, began) + kept,
        ),
    ]


def _shorten(too_long: QuerySet[Any], ending: Callable[[Any], datetime]) -> int:
    moved = 0
    while batch := list(too_long.select_related("epoch").order_by("pk")[:BATCH]):
        moved += moving.end_earlier(batch, ending)
        reached("retention.shortened-batch")
    return moved
