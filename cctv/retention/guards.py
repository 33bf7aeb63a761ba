"""When not to destroy: a wrong clock, a wrong mount, an emptied register, an unusual amount (invariant 7).

Two kinds. A *hard* guard says that the world is not as it should be: nobody can confirm it away, and
it clears by itself when the world is mended (the run is then given up and planned anew). A *soft*
guard says that the plan is unusual but may be meant: a person confirms the plan's digest.

Guards only ever stop destruction. Reading expired footage stays refused while one of them holds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Count, Max, Sum
from django.db.models.functions import TruncDate
from django.utils.translation import gettext as _

from accesslog.models import LogHead
from accesslog.types import from_us, to_us
from cctv.core import boot, clock
from cctv.core.errors import LetheError
from cctv.footage.models import Segment
from cctv.ingest.models import Quarantined
from cctv.retention import witnesses
from cctv.retention.backup import progress
from cctv.retention.models import Heartbeat, PurgeRun
from cctv.retention.plan import Plan, due_quarantined, due_segments
from cctv.templatetags._times import absolute, localise
from cctv.vault import services as vault
from cctv.vault.errors import JournalBroken, StorageMismatch

if TYPE_CHECKING:
    from django.db.models import QuerySet

# Clocks of one machine agree; of several, NTP keeps them well within this.
BEHIND_TOLERANCE = timedelta(minutes=2)
# Within one boot the wall clock and the time since the boot run together; NTP slews far less than this.
STEP_TOLERANCE = timedelta(minutes=2)
# A clock is slewed by at most 500 millionths of the time that passes: twice that.
SLEW = 1000
# After a reboot only the wall clock is left: a longer silence than a night and a day means either that the
# machine was off or that its clock jumped.
AHEAD_TOLERANCE = timedelta(hours=36)
BOOTS_KEPT = 8
HISTORY = timedelta(days=30)
# Up to this many segments, an unusual plan is simply a small installation.
FEW_SEGMENTS = 100
UNUSUAL = 5
# So many objects of the plan, and of what lives on, are looked for in the store.
LOOKED_FOR = 32
# Ingest stores an object moments before its row: only older ones without any row are strange.
SETTLED = timedelta(minutes=10)
FEW_OBJECTS = 3
# Trouble with a hold that is over sooner (a log that starts again, a busy register) alarms nobody.
PATIENCE = timedelta(minutes=1)

CLOCK_BEHIND = "clock_behind"
CLOCK_AHEAD = "clock_ahead"
CLOCK_STEPPED = "clock_stepped"
CLOCK_APART = "clock_apart"
CLOCK_DOUBTED = "clock_doubted"
STORAGE = "storage_mismatch"
STORE_EMPTIED = "store_emptied"
EMPTIED = "register_emptied"
RESTORED = "register_restored"
RESTORING = "restore_unfinished"
JOURNAL = "journal_unreadable"
KEYS = "keys_unreachable"
UNTENDED = "holds_untended"
VOLUME = "unusual_volume"
HARD = frozenset({CLOCK_BEHIND, CLOCK_APART, STORAGE, EMPTIED, RESTORED, RESTORING, JOURNAL, KEYS, UNTENDED})
# What a person vouches for by releasing a run.
CLOCKS = frozenset({CLOCK_AHEAD, CLOCK_STEPPED, CLOCK_DOUBTED})


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
    return clock_unsure(now) or (None if confirmed else store_emptied(plan) or _unusual_volume(plan, now))


def hard(plan: Plan, *, now: datetime) -> Tripped | None:
    """The first hard guard that trips. With nothing registered and nothing to do, nothing may be stored."""
    if tripped := clock_behind(now) or clock_apart():
        return tripped
    if plan.is_empty and not Segment.objects.exists():
        return _unless_unprepared(lambda: _register_emptied(plan, now) or in_doubt() or untended(now))
    return storage() or _register_emptied(plan, now) or in_doubt() or untended(now)


def _unless_unprepared(ask: Callable[[], Tripped | None]) -> Tripped | None:
    """The answer, but for an installation that has neither keys nor a store yet."""
    try:
        return ask()
    except (LetheError, OSError):
        return None


def clock_behind(now: datetime) -> Tripped | None:
    """The clock stands before a moment at which it was trusted: that moment cannot have been wrong."""
    heartbeat = Heartbeat.objects.filter(pk=1).values_list("at", flat=True).first()
    return _before(now, CLOCK_BEHIND, {"heartbeat": heartbeat})


def _doubted(now: datetime) -> Tripped | None:
    """The clock stands before what log or admissions say: it is behind, or it was ahead when they were made.

    Nobody but a person can tell; and once the clock has been mended after a jump, only a person can say so.
    """
    newest = Segment.objects.order_by("-pk").values_list("ingested_at", flat=True).first()
    return _before(now, CLOCK_DOUBTED, {"log": _log_time(), "ingest": newest})


def _before(now: datetime, code: str, seen: Mapping[str, datetime | None]) -> Tripped | None:
    for name, moment in seen.items():
        if moment is not None and now < moment - BEHIND_TOLERANCE:
            facts = {"against": name, "seen": clock.rfc3339(moment), "now": clock.rfc3339(now)}
            return Tripped(code, facts)
    return None


def clock_apart() -> Tripped | None:
    """The clocks of this machine and of the database disagree: one is wrong, and nobody knows which."""
    theirs = database_clock()
    machine = datetime.now(UTC)
    if theirs is None or abs(machine - theirs) <= BEHIND_TOLERANCE:
        return None
    return Tripped(CLOCK_APART, {"seen": clock.rfc3339(theirs), "now": clock.rfc3339(machine)})


def database_clock() -> datetime | None:
    """What time the database server has; None where the database is a file."""
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (moment,) = cursor.fetchone()
    return moment if isinstance(moment, datetime) else None


def _log_time() -> datetime | None:
    time_us = LogHead.objects.filter(pk=1, size__gt=0).values_list("last_time_us", flat=True).first()
    return from_us(time_us) if time_us else None


def clock_trusted(now: datetime) -> bool:
    """Whether what this clock says may have consequences."""
    return clock_behind(now) is None and clock_unsure(now) is None


def trusted(now: datetime) -> bool:
    """Whether clock and register may end anything: a wrong one would have ended it for good once mended."""
    return clock_trusted(now) and in_doubt() is None


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
        at_us, elapsed_us, *first = heartbeat.boots[here.id]
        # From the last tick, so that a step is seen; and from the first, so that many small ones are.
        for from_at_us, from_elapsed_us in ((at_us, elapsed_us), first or (at_us, elapsed_us)):
            passed = here.elapsed - timedelta(microseconds=from_elapsed_us)
            due = from_us(from_at_us) + passed
            if abs(now - due) > STEP_TOLERANCE + passed / SLEW:
                facts = {"seen": from_us(from_at_us), "due": due, "now": now}
                return Tripped(CLOCK_STEPPED, {name: clock.rfc3339(moment) for name, moment in facts.items()})
        return None
    if tripped := _doubted(now):
        return tripped
    seen = heartbeat.at if heartbeat else Segment.objects.aggregate(at=Max("ingested_at"))["at"]
    if seen is None or now - seen <= AHEAD_TOLERANCE:
        return None
    return Tripped(CLOCK_AHEAD, {"seen": clock.rfc3339(seen), "now": clock.rfc3339(now)})


def beat(now: datetime, *, vouched: bool = False) -> None:
    """Trust the clock up to `now`. `vouched`: by a person, whatever other boots have seen of it.

    Notes as well how far keyring and log have come, unless this register is an older copy of itself.
    """
    heartbeat = Heartbeat.objects.filter(pk=1).first()
    boots = dict(heartbeat.boots) if heartbeat and not vouched else {}
    here = boot.read()
    if here.id:
        tick = [to_us(now), here.elapsed // timedelta(microseconds=1)]
        first = boots[here.id][2:] or boots[here.id][:2] if here.id in boots else tick
        boots[here.id] = [*tick, *first]
    latest = sorted(boots.items(), key=lambda each: each[1][0])[-BOOTS_KEPT:]
    values: dict[str, Any] = {"at": now, "ticked_at": now, "boots": dict(latest)}
    values |= witnesses.noted(now) if in_doubt() is None else witnesses.kept(heartbeat)
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


def _register_emptied(plan: Plan, now: datetime) -> Tripped | None:
    """The register knows no footage, and the store is full of it; where keys would go, one object counts."""
    if plan.segments or plan.quarantined or Segment.objects.exists() or Quarantined.objects.exists():
        return None
    objects = vault.list_objects()
    if not plan.is_empty:
        return Tripped(EMPTIED) if next(iter(objects), None) else None
    settled = (stored for stored in objects if stored.modified_at <= now - SETTLED)
    return Tripped(EMPTIED) if len(list(islice(settled, FEW_OBJECTS))) == FEW_OBJECTS else None


def store_emptied(plan: Plan) -> Tripped | None:
    """The store is ours by its marker, but what the register names is not there: another copy of the disk.

    None of the plan's first objects is found, nor at least half of what is the next to end. A single row
    is no evidence: one object may have been lost. Whoever has released such a run has said that the content
    of then is lost: what had come in by then is not looked for again.
    """
    told = PurgeRun.objects.filter(pause_code=STORE_EMPTIED).aggregate(at=Max("confirmed_at"))["at"]
    since = {"ingested_at__gt": told} if told else {}
    received = {"received_at__gt": told} if told else {}
    segments, quarantined = due_segments(plan.cutoff_at), due_quarantined(plan.cutoff_at)
    due = [*_names(segments.filter(**since)), *_names(quarantined.filter(**received))]
    if not due or any(vault.object_exists(name) for name in due):
        return None
    living = _names(Segment.objects.filter(expires_at__gt=plan.cutoff_at, **since))
    missing = sum(not vault.object_exists(name) for name in living)
    if len(due) + len(living) < 2 or missing * 2 < len(living):
        return None
    return Tripped(STORE_EMPTIED, {"looked": len(due) + len(living), "missing": len(due) + missing})


def _names(rows: "QuerySet[Any]") -> list[str]:
    return list(rows.order_by("expires_at", "pk").values_list("sealed_name", flat=True)[:LOOKED_FOR])


def in_doubt() -> Tripped | None:
    """The register is being put back, or was, or nobody can tell: nothing may end because it says so."""
    return restore_unfinished() or register_restored()


def restore_unfinished() -> Tripped | None:
    """A restore was begun, here or into this register from elsewhere, and is not finished."""
    return Tripped(RESTORING) if progress.unfinished() else None


def register_restored() -> Tripped | None:
    """The register or the log knows less than this installation has done: it was put back from a backup.

    See `witnesses` for who says so. A journal that cannot be read leaves it open, which stops as well.
    """
    try:
        facts = witnesses.put_back()
    except (JournalBroken, OSError) as error:
        return Tripped(JOURNAL, {"error": str(getattr(error, "message", error))[:200]})
    except LetheError as error:  # the key server is away, say: its keys bear no witness
        return Tripped(KEYS, {"error": str(error.message)[:200]})
    return Tripped(RESTORED, facts) if facts is not None else None


def note_holds(error: Exception | None, *, now: datetime) -> None:
    """Remember that holds could not be looked after, or that they were: what every process asks."""
    if error is None:
        Heartbeat.objects.filter(pk=1).exclude(untended="").update(untended="", untended_since=None)
        return
    text = str(getattr(error, "message", "") or error)[:400] or type(error).__name__
    if not Heartbeat.objects.filter(pk=1).exists():
        # None yet: the last admission stands in for a trusted moment, as it does for the guards.
        at = Segment.objects.aggregate(at=Max("ingested_at"))["at"] or now
        Heartbeat.objects.get_or_create(pk=1, defaults={"at": at, "ticked_at": now})
    Heartbeat.objects.filter(pk=1, untended_since=None).update(untended_since=now)
    Heartbeat.objects.filter(pk=1).exclude(untended=text).update(untended=text)


def untended(now: datetime) -> Tripped | None:
    """Holds have not been looked after for a while: something may be waiting to be held."""
    heartbeat = Heartbeat.objects.filter(pk=1).exclude(untended_since=None).first()
    if heartbeat is None or heartbeat.untended_since is None or now - heartbeat.untended_since < PATIENCE:
        return None
    facts = {"error": heartbeat.untended[:200], "seen": clock.rfc3339(heartbeat.untended_since)}
    return Tripped(UNTENDED, facts)


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
        KEYS: _("The keys cannot be asked: %(error)s"),
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
        CLOCK_APART: _(
            "The clock of this machine stands at %(now)s, that of the database at %(seen)s: one is wrong."
        ),
        STORE_EMPTIED: _(
            "The footage storage is this installation’s own, but %(missing)s of %(looked)s objects that were"
            " looked for are not there: another copy of the disk may be mounted, or its content is lost."
        ),
        RESTORED: _(
            "Keys and log have gone further than the register knows: it was put back from a backup without"
            " “manage.py restore”. Run “manage.py restore --replay”."
        ),
        RESTORING: _("A restore was begun and is not finished."),
        JOURNAL: _(
            "The journal of the keys cannot be read, so that nobody can tell whether the register is an older"
            " copy: %(error)s"
        ),
        UNTENDED: _("Since %(seen)s, legal holds could not be looked after: %(error)s"),
        VOLUME: _("The plan takes %(segments)s of %(total)s segments; a usual day takes %(usual)s."),
    }
    text = texts.get(CLOCK_BEHIND if code == CLOCK_DOUBTED else code)
    return text % _shown(facts, zone) if text else code


def _shown(facts: Mapping[str, Any], zone: object) -> dict[str, Any]:
    """The facts with their moments as a person reads them; of a register put back, `seen` is a number."""
    shown = dict(facts)
    for name in ("now", "seen", "due"):
        if isinstance(shown.get(name), str):
            shown[name] = absolute(localise(clock.parse_rfc3339(shown[name]), zone), "datetime")
    return shown
