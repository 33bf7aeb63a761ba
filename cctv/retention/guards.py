"""When not to destroy: a wrong clock, a wrong mount, an emptied register, an unusual amount (invariant 7).

Two kinds. A *hard* guard says that the world is not as it should be: nobody can confirm it away, and
it clears by itself when the world is mended (the run is then given up and planned anew). A *soft*
guard says that the plan is unusual but may be meant: a person confirms the plan's digest.

Guards only ever stop destruction. Reading expired footage stays refused while one of them holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Sum
from django.db.models.functions import TruncDate
from django.utils.translation import gettext as _

from accesslog.models import LogHead
from accesslog.types import from_us, to_us
from cctv.core import boot, clock
from cctv.core.errors import LetheError
from cctv.footage.models import Segment
from cctv.ingest.models import Quarantined
from cctv.retention.models import Heartbeat, PurgeRun
from cctv.retention.plan import Plan
from cctv.templatetags._times import absolute, localise
from cctv.vault import services as vault
from cctv.vault.errors import StorageMismatch

# Clocks of one machine agree; of several, NTP keeps them well within this.
BEHIND_TOLERANCE = timedelta(minutes=2)
# Within one boot the wall clock and the time since the boot run together; NTP slews far less than this.
STEP_TOLERANCE = timedelta(minutes=2)
# After a reboot only the wall clock is left: a longer silence than a night and a day means either that the
# machine was off or that its clock jumped.
AHEAD_TOLERANCE = timedelta(hours=36)
BOOTS_KEPT = 8
HISTORY = timedelta(days=30)
# Up to this many segments, an unusual plan is simply a small installation.
FEW_SEGMENTS = 100
UNUSUAL = 5

CLOCK_BEHIND = "clock_behind"
CLOCK_AHEAD = "clock_ahead"
CLOCK_STEPPED = "clock_stepped"
STORAGE = "storage_mismatch"
EMPTIED = "register_emptied"
VOLUME = "unusual_volume"
HARD = frozenset({CLOCK_BEHIND, STORAGE, EMPTIED})


@dataclass(frozen=True, slots=True)
class Tripped:
    """A guard that stops destruction: its code, and the facts that its sentence names."""

    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def hard(self) -> bool:
        """Whether no confirmation can release it."""
        return self.code in HARD


def check(plan: Plan, *, now: datetime, confirmed: bool = False) -> Tripped | None:
    """The first guard that the plan trips, or None. `confirmed`: a person has looked at this very plan.

    A confirmation vouches for the clock of its moment by moving the heartbeat, so the clock is still asked.
    """
    if tripped := hard(plan, now=now):
        return tripped
    if plan.is_empty:
        return None
    return clock_unsure(now) or (None if confirmed else _unusual_volume(plan, now))


def hard(plan: Plan, *, now: datetime) -> Tripped | None:
    """The first hard guard that trips. With nothing registered and nothing to do there is none to ask."""
    if tripped := clock_behind(now):
        return tripped
    if plan.is_empty and not Segment.objects.exists():
        return None
    return storage() or _register_emptied(plan)


def clock_behind(now: datetime) -> Tripped | None:
    """The clock stands before moments that this installation has already seen."""
    heartbeat = Heartbeat.objects.filter(pk=1).values_list("at", flat=True).first()
    newest = Segment.objects.order_by("-pk").values_list("ingested_at", flat=True).first()
    seen = {"heartbeat": heartbeat, "log": _log_time(), "ingest": newest}
    known = {name: moment for name, moment in seen.items() if moment is not None}
    for name, moment in known.items():
        if now < moment - BEHIND_TOLERANCE:
            facts = {"against": name, "seen": clock.rfc3339(moment), "now": clock.rfc3339(now)}
            return Tripped(CLOCK_BEHIND, facts)
    return None


def _log_time() -> datetime | None:
    time_us = LogHead.objects.filter(pk=1, size__gt=0).values_list("last_time_us", flat=True).first()
    return from_us(time_us) if time_us else None


def clock_trusted(now: datetime) -> bool:
    """Whether what this clock says may have consequences."""
    return clock_behind(now) is None and clock_unsure(now) is None


def clock_unsure(now: datetime) -> Tripped | None:
    """The clock has been stepped, or is far ahead of the last trusted moment; a person must look at it.

    Only the heartbeat is trusted: log entries and segments made since a jump carry the jumped time. Where
    this boot has ticked before, what has passed since is measured by the time since the boot, to minutes.
    Else, after a reboot or on another machine, the clock may be ahead by what a machine may be off.
    Where the purge has never run, the last segment's admission stands in for the heartbeat.
    """
    heartbeat = Heartbeat.objects.filter(pk=1).first()
    here = boot.read()
    if heartbeat is not None and here.id in heartbeat.boots:
        at_us, elapsed_us = heartbeat.boots[here.id]
        due = from_us(at_us) + here.elapsed - timedelta(microseconds=elapsed_us)
        if abs(now - due) <= STEP_TOLERANCE:
            return None
        facts = {"seen": from_us(at_us), "due": due, "now": now}
        return Tripped(CLOCK_STEPPED, {name: clock.rfc3339(moment) for name, moment in facts.items()})
    seen = heartbeat.at if heartbeat else Segment.objects.aggregate(at=Max("ingested_at"))["at"]
    if seen is None or now - seen <= AHEAD_TOLERANCE:
        return None
    return Tripped(CLOCK_AHEAD, {"seen": clock.rfc3339(seen), "now": clock.rfc3339(now)})


def beat(now: datetime, *, vouched: bool = False) -> None:
    """Trust the clock up to `now`. `vouched`: by a person, whatever other boots have seen of it."""
    heartbeat = Heartbeat.objects.filter(pk=1).first()
    boots = dict(heartbeat.boots) if heartbeat and not vouched else {}
    here = boot.read()
    if here.id:
        boots[here.id] = [to_us(now), here.elapsed // timedelta(microseconds=1)]
    latest = sorted(boots.items(), key=lambda each: each[1][0])[-BOOTS_KEPT:]
    values = {"at": now, "ticked_at": now, "boots": dict(latest)}
    Heartbeat.objects.update_or_create(pk=1, defaults=values)


def tick(now: datetime) -> None:
    """Note that the purge runs, whatever it thinks of the clock."""
    Heartbeat.objects.filter(pk=1).update(ticked_at=now)


def storage() -> Tripped | None:
    """The footage store is missing, or another installation's."""
    try:
        vault.check_storage()
    except StorageMismatch as error:
        return Tripped(STORAGE, {"error": str(error.message)[:200]})
    except (LetheError, OSError) as error:
        return Tripped(STORAGE, {"error": str(getattr(error, "message", error))[:200]})
    return None


def _register_emptied(plan: Plan) -> Tripped | None:
    """Keys would go although the register knows no footage at all and the store is full of it."""
    if plan.segments or plan.quarantined or Segment.objects.exists() or Quarantined.objects.exists():
        return None
    if next(iter(vault.list_objects()), None) is None:
        return None
    return Tripped(EMPTIED, {})


def _unusual_volume(plan: Plan, now: datetime) -> Tripped | None:
    """Far more than ever in the last 30 days, and a large part of everything or of many usual days.

    A first run has nothing to be compared with and is left alone: its clock and storage were checked.
    """
    runs = PurgeRun.objects.filter(planned_at__gt=now - HISTORY, destroyed_segments__gt=0)
    largest = runs.aggregate(largest=Max("destroyed_segments"))["largest"]
    if largest is None or plan.segments <= max(FEW_SEGMENTS, UNUSUAL * largest):
        return None
    days = runs.annotate(day=TruncDate("planned_at")).values("day").annotate(n=Sum("destroyed_segments"))
    usual = max(day["n"] for day in days)
    total = Segment.objects.aggregate(n=Count("pk"))["n"]
    if plan.segments <= UNUSUAL * usual and plan.segments * 2 <= total:
        return None
    return Tripped(VOLUME, {"segments": plan.segments, "usual": usual, "largest": largest, "total": total})


def sentence(code: str, facts: Mapping[str, Any], zone: object = None) -> str:
    """Why destruction is paused, in the reader's language and on the clocks of `zone`."""
    texts = {
        CLOCK_BEHIND: _(
            "The clock of this machine stands at %(now)s, but %(seen)s has already been seen here."
        ),
        CLOCK_AHEAD: _(
            "The clock of this machine stands at %(now)s; the last moment that it was known to be right was"
            " %(seen)s. Either the machine was switched off, or its clock has jumped."
        ),
        CLOCK_STEPPED: _(
            "The clock of this machine stands at %(now)s. By the time that has passed since %(seen)s it"
            " should stand at %(due)s: the clock was set, or it has jumped."
        ),
        STORAGE: _("The footage storage is not mounted, or it belongs to another installation: %(error)s"),
        EMPTIED: _("The register knows no footage, but the storage is full of it: it may have been emptied."),
        VOLUME: _("The plan takes %(segments)s of %(total)s segments; a usual day takes %(usual)s."),
    }
    text = texts.get(code)
    shown = dict(facts)
    for name in {"now", "seen", "due"} & shown.keys():
        shown[name] = absolute(localise(clock.parse_rfc3339(shown[name]), zone), "datetime")
    return text % shown if text else code
