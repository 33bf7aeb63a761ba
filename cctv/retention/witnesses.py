"""Who can say that the register is an older copy of itself: what no backup puts back.

A register or a log that somebody has put back from a backup believes itself complete. Four witnesses know
better, each by what the heartbeat had noted of it when the copy was made:

* the log, when only it was put back: it is shorter than it was;
* the footage ring's generation: its root was turned more often than the register's runs explain;
* the keys' journal: a line that came since, of which the register bears no trace. What a line repeats was
  in the register first (holds, certificates), or was decided there first (erasures), so a kill between the
  two never looks like this. Lines that come before the heartbeat's number are not asked again;
* keys of epochs that came since, that no row names. One is legal: of a process killed between key and
  row. That happens within moments of a heartbeat, for the purge ticks all the time; an older copy lacks
  what was made long after its last one.

Nothing here stands in the way for ever: `restore --replay` notes anew how far everything has come.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.db.models import Max

from accesslog.models import LogHead
from accesslog.types import to_us
from cctv.core import clock
from cctv.retention.holds.models import HeldObject, Hold, HoldState
from cctv.retention.models import Certificate, Erasure, Heartbeat, PurgeRun
from cctv.vault import journal, rings
from cctv.vault import services as vault
from cctv.vault.journalfile import JournalFile, Line
from cctv.vault.models import Epoch, EpochState

# A key that was made within so long of the last heartbeat may be one that a kill has left without its row,
EPOCH_MARGIN = timedelta(minutes=5)
# and one that is younger than this may get its row in a moment.
IN_FLIGHT = timedelta(minutes=2)
EPOCH_LABEL = "epoch/"
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_IN = 500


@dataclass(frozen=True, slots=True)
class _Read:
    """The journal's lines after a number, by its file and how it ended then."""

    at: tuple[Path, int, bytes]
    lines: tuple[Line, ...]


_read: list[_Read] = []


def put_back() -> Mapping[str, Any] | None:
    """Facts of the first witness that contradicts the register, or None: which, what is known, what is there.

    JournalBroken and OSError when the journal cannot be read; vault errors.
    """
    heartbeat = Heartbeat.objects.filter(pk=1).first()
    size = log_size()
    if heartbeat is not None and size < heartbeat.log_size:
        return {"what": "log", "seen": heartbeat.log_size, "found": size}
    if not vault.is_initialised():
        return None
    explained = PurgeRun.objects.aggregate(most=Max("generation_after"))["most"] or 1
    known = max(explained, heartbeat.footage_generation if heartbeat else 0)
    generation = rings.footage().generation
    if generation > known and _keys_differ():
        return {"what": "register", "seen": known, "found": generation}
    return _by_journal(heartbeat) or _by_keys(heartbeat)


def noted(now: datetime) -> dict[str, Any]:
    """What a heartbeat notes of the witnesses while none of them contradicts."""
    known = vault.is_initialised()
    return {
        "footage_generation": rings.footage().generation if known else 0,
        "log_size": log_size(),
        "journal_number": journal_number() if known else 0,
        "keys_seen_at": now,
    }


def kept(heartbeat: Heartbeat | None) -> dict[str, Any]:
    """What a heartbeat must not lose while one contradicts, though its own moment moves on."""
    if heartbeat is None:
        return {"keys_seen_at": _LONG_AGO}
    return {"keys_seen_at": heartbeat.keys_seen_at or heartbeat.at}


def log_size() -> int:
    """How many entries the log has."""
    return LogHead.objects.filter(pk=1).values_list("size", flat=True).first() or 0


def journal_number() -> int:
    """The number of the journal's last line; 0 without a journal."""
    try:
        return JournalFile(journal.path().parent).tail().number
    except FileNotFoundError:
        return 0


def _keys_differ() -> bool:
    """Whether keyring and register name different keys as those that live."""
    named = set(Epoch.objects.exclude(state=EpochState.DESTROYED).values_list("key_id", flat=True))
    return named != rings.footage().key_ids()


def _by_keys(heartbeat: Heartbeat | None) -> Mapping[str, Any] | None:
    """Keys of epochs made well after the last heartbeat, and not just now, that no epoch names."""
    seen = (heartbeat.keys_seen_at or heartbeat.at) if heartbeat else _LONG_AGO
    since, until = to_us(seen + EPOCH_MARGIN), to_us(clock.now() - IN_FLIGHT)
    later = {
        key_id
        for key_id, (label, made_at_us) in rings.footage().labels().items()
        if since < made_at_us < until and label.startswith(EPOCH_LABEL)
    }
    if not later:
        return None
    wanted = sorted(later)
    for start in range(0, len(wanted), _IN):
        batch = wanted[start : start + _IN]
        later -= set(Epoch.objects.filter(key_id__in=batch).values_list("key_id", flat=True))
    return {"what": "keys", "seen": 0, "found": len(later)} if later else None


def _by_journal(heartbeat: Heartbeat | None) -> Mapping[str, Any] | None:
    """The first line since the last heartbeat's that the register does not bear out."""
    known = heartbeat.journal_number if heartbeat else 0
    for line in _lines_after(known):
        bears_out = _BORNE_OUT.get(line.kind)
        if bears_out is not None and not bears_out(line.facts):
            return {"what": "journal", "seen": known, "found": line.number, "kind": line.kind}
    return None


def _lines_after(number: int) -> tuple[Line, ...]:
    """The lines; read once for all who ask in a tick, since every reading checks the whole chain."""
    file = JournalFile(journal.path().parent)
    try:
        tail = file.tail()
        if tail.number <= number:
            _read.clear()
            return ()
        at = (file.path, number, tail.chain)
        if not _read or _read[0].at != at:
            _read[:] = [_Read(at, tuple(_short(line) for line in file.lines(number)))]
        return _read[0].lines
    except FileNotFoundError:
        return ()


def _short(line: Line) -> Line:
    """The line without what it tells of each object that a hold took: of a long span that is a hundred
    megabytes, and nobody here asks for more than which ones they are."""
    if "objects" not in line.facts:
        return line
    objects = [(kind, pk) for kind, pk, *_more in line.facts["objects"]]
    return replace(line, facts={**line.facts, "objects": objects})


# ------------------------------------------------------------------ what the register says of a line


def _held(facts: Mapping[str, Any]) -> bool:
    """The hold is known, as confirmed and as long as the line says, with all that it took; or it is over."""
    told = facts["hold"]
    missing = any(_not_held(told["id"], kind, ids) for kind, ids in _by_kind(facts["objects"]).items())
    # Asked last: what a hold held goes when it is over.
    hold = Hold.objects.filter(pk=told["id"]).first()
    if hold is None or not hold.protects:
        return hold is not None
    older = hold.state == HoldState.PLACED and told["state"] == HoldState.ACTIVE
    return not (missing or older or hold.until < clock.parse_rfc3339(told["until"]))


def _by_kind(objects: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for kind, pk, *_more in objects:
        found.setdefault(kind, []).append(pk)
    return found


def _not_held(hold_id: str, kind: str, ids: list[str]) -> bool:
    held = HeldObject.objects.filter(hold_id=hold_id)
    batches = (ids[start : start + _IN] for start in range(0, len(ids), _IN))
    return any(held.filter(**{f"{kind}_id__in": batch}).count() < len(set(batch)) for batch in batches)


def _hold_ended(facts: Mapping[str, Any]) -> bool:
    hold = Hold.objects.filter(pk=facts["hold"]).first()
    return hold is None or not hold.protects


def _erased(facts: Mapping[str, Any]) -> bool:
    """The decision is known; carrying it out, and telling the journal, may be done again."""
    return "erasure" not in facts or Erasure.objects.filter(pk=facts["erasure"]).exists()


def _moved(facts: Mapping[str, Any]) -> bool:
    """The epoch is known that it moved to; the move itself may be done again."""
    return Epoch.objects.filter(key_id=facts["epoch"]["key_id"]).exists()


def _certificate(facts: Mapping[str, Any]) -> bool:
    return Certificate.objects.filter(number=facts["number"]).exists()


_BORNE_OUT: dict[str, Callable[[Mapping[str, Any]], bool]] = {
    "held": _held,
    "hold_ended": _hold_ended,
    "erased": _erased,
    "moved": _moved,
    "certificate": _certificate,
}
