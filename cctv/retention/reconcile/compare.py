"""What does not fit between register, store and keyring. Reads only; nothing here changes anything."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from accesslog.types import from_us
from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.ingest.orphans import lease_s
from cctv.retention.holds.models import PROTECTING, Hold
from cctv.retention.models import PurgeRun, RunState
from cctv.retention.reconcile import codes, sides
from cctv.retention.reconcile.models import Depth
from cctv.retention.reconcile.sides import IN, Row, Stored
from cctv.vault import inspection
from cctv.vault import services as vault
from cctv.vault.errors import ObjectMissing, StorageMismatch
from cctv.vault.models import Epoch, EpochState

UNDER_WAY = (RunState.STARTED, RunState.RATCHETED, RunState.DELETED)
EPOCH_LABEL = "epoch/"
_MISSING = {sides.DERIVED: codes.DERIVED_MISSING}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not fit. `files`: how many objects of the store it stands for."""

    code: str
    name: str
    site_id: UUID | None = None
    camera_id: UUID | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    row: Row | None = None
    files: int = 0


@dataclass(slots=True)
class Look:
    """How a check looks: how deep, at which site only, as of when, and what it has counted."""

    depth: str
    site_id: UUID | None
    now: datetime
    throttle: inspection.Throttle
    rows: int = 0
    # Rows whose retention runs: their objects have to be there.
    owed: int = 0
    stored: int = 0
    keys: int = 0

    @property
    def lease_ended(self) -> datetime:
        """What is younger than this may belong to an admission that is still under way."""
        return self.now - timedelta(seconds=lease_s())


def shard(name: str, look: Look) -> list[Finding]:
    """What does not fit in one shard. Raises StorageMismatch and other errors of a whole store."""
    there = list(sides.stored(name))
    rows = sides.rows(name, site_id=look.site_id)
    look.rows += len(rows)
    look.owed += sum(row.expires_at > look.now for row in rows)
    look.stored += sum(each.files for each in there)
    unpaired: list[Row] = []
    dead: list[Row] = []
    found: list[Finding] = []
    for row, stored in sides.merged(rows, iter(there)):
        if row is None:
            found += _orphan(stored, look) if stored is not None and look.site_id is None else []
            continue
        if row.epoch_state == EpochState.DESTROYED and row.kind != sides.DERIVED:
            dead.append(row)
        if stored is None or stored.media is None:
            unpaired.append(row)
        if stored is not None:
            found += _pair(row, stored, look)
    return found + _missing(unpaired, look) + _dead(dead, look) + _missing_elsewhere(name, there, look)


def _missing_elsewhere(name: str, there: list[Stored], look: Look) -> list[Finding]:
    """Letters and files of packages whose objects are not there: asked again, as they come and go
    meanwhile."""
    seen = {each.name for each in there if each.media is not None}
    suspects = sides.kept_elsewhere(name, site_id=look.site_id).keys() - seen
    if not suspects:
        return []
    still = sides.kept_elsewhere(name, site_id=look.site_id)
    return [
        Finding(codes.KEPT_MISSING, each, still[each])
        for each in sorted(suspects)
        if each in still and not vault.object_exists(each)
    ]


def _pair(row: Row, stored: Stored, look: Look) -> Iterator[Finding]:
    sizes = {each.name: each.size_bytes for each in stored.parts}
    if row.expires_at > look.now:  # the purge deletes parts and object one after another
        for name in row.parts.keys() - sizes.keys():
            if stored.media is not None and _lacks(name):
                yield _of_row(codes.PART_MISSING, row, name=name, part=name.rpartition(".")[2])
    for part in stored.parts:
        if part.name not in row.parts and part.modified_at < look.lease_ended:
            yield Finding(codes.ORPHAN_PART, part.name, row.site_id, row.camera_id, files=1)
    if look.depth == Depth.PRESENCE:
        return
    if stored.media is not None:
        sizes[row.name] = stored.media.size_bytes
    for name, expected in (row.parts | {row.name: row.size_bytes}).items():
        if name in sizes and sizes[name] != expected:
            yield _of_row(codes.SIZE_DIFFERS, row, name=name, size=sizes[name], expected=expected)
    if look.depth == Depth.HASH and stored.media is not None and sizes[row.name] == row.size_bytes:
        yield from _hash(row, look)


def _hash(row: Row, look: Look) -> Iterator[Finding]:
    try:
        digest = inspection.ciphertext_sha256(row.name, look.throttle)
    except (ObjectMissing, StorageMismatch):
        vault.check_storage()  # gone since it was listed: purged, or a finding of the next check
    except (LetheError, OSError) as error:
        yield _of_row(codes.UNREADABLE, row, error=str(getattr(error, "message", error))[:200])
    else:
        if digest != row.sha256:
            yield _of_row(codes.HASH_DIFFERS, row, found=digest.hex(), expected=row.sha256.hex())


def _lacks(name: str) -> bool:
    return not vault.object_exists(name)


def _missing(suspects: list[Row], look: Look) -> list[Finding]:
    """Rows whose object is not there: looked at again, because rows are younger than the listing.

    What has expired is on its way out with the next run, unless a hold keeps it.
    """
    held = sides.held_by(suspects)
    gone = [
        row
        for row in suspects
        if (row.expires_at > look.now or row.pk in held) and not vault.object_exists(row.name)
    ]
    still, ending = sides.known([row.name for row in gone]), sides.ending(gone)
    return [
        _of_row(_MISSING.get(row.kind, codes.OBJECT_MISSING), row, held=held.get(row.pk, []))
        for row in gone
        if row.name in still and row.pk not in ending
    ]


def _dead(suspects: list[Row], look: Look) -> list[Finding]:
    """Rows whose key is destroyed, that no hold keeps, and that no run is about to take away."""
    if not suspects:
        return []
    held, failing = sides.held_by(suspects), sides.failing(suspects)
    waiting = look.lease_ended if not purge_under_way() else None
    return [
        _of_row(codes.ROW_OF_DESTROYED, row)
        for row in suspects
        if row.pk not in held
        and row.pk not in failing
        and (row.expires_at > look.now or (waiting is not None and row.expires_at < waiting))
    ]


def _orphan(stored: Stored, look: Look) -> list[Finding]:
    files = [each for each in (stored.media, *stored.parts) if each is not None]
    if max(each.modified_at for each in files) >= look.lease_ended or sides.known([stored.name]):
        return []
    if stored.media is None:
        return [Finding(codes.ORPHAN_PART, each.name, files=1) for each in stored.parts]
    size = sum(each.size_bytes for each in files)
    facts = {"modified": clock.rfc3339(stored.media.modified_at), "size": size}
    return [Finding(codes.ORPHAN_OBJECT, stored.name, facts=facts, files=len(files))]


def _of_row(code: str, row: Row, *, name: str = "", **facts: Any) -> Finding:
    told = {
        "from": clock.rfc3339(row.starts_at), "to": clock.rfc3339(row.ends_at),
        "expires": clock.rfc3339(row.expires_at), "kind": row.kind, **facts,
    }  # fmt: skip
    return Finding(code, name or row.name, row.site_id, row.camera_id, told, row)


def keys(look: Look) -> Iterator[Finding]:
    """The keyring against the epochs of the register, and the holds against the records ring."""
    ring = inspection.footage_keys()
    mine = [key for key in ring if _of_site(key.label, look.site_id)]
    look.keys += len(mine)
    for start in range(0, len(mine), IN):
        batch = mine[start : start + IN]
        states = dict(
            Epoch.objects.filter(key_id__in=[key.key_id for key in batch]).values_list("key_id", "state")
        )
        for key in batch:
            if key.key_id not in states:
                if from_us(key.made_at_us) < look.lease_ended:
                    yield Finding(codes.KEY_UNKNOWN, key.key_id, facts={"label": key.label})
            elif states[key.key_id] == EpochState.DESTROYED:
                yield Finding(codes.KEY_OF_DESTROYED, key.key_id, facts={"label": key.label})
    yield from _keyless({key.key_id for key in ring}, look)
    holds = Hold.objects.filter(state__in=PROTECTING)
    for hold in holds if look.site_id is None else holds.filter(site_id=look.site_id):
        if not inspection.has_record_key(hold.key_id):
            yield Finding(codes.HELD_KEY_MISSING, hold.number, hold.site_id)


def _keyless(ring: set[str], look: Look) -> Iterator[Finding]:
    live = Epoch.objects.filter(state=EpochState.LIVE)
    if look.site_id is not None:
        live = live.filter(site_id=look.site_id)
    busy = purge_under_way()
    columns = live.values_list("key_id", "site_id", "expires_hour")
    for key_id, site_id, hour in columns.iterator(chunk_size=2000):
        # The ratchet comes before the row says so: a run that is under way explains an ended hour.
        if key_id not in ring and not (busy and hour + clock.HOUR <= look.now):
            yield Finding(codes.KEY_MISSING, key_id, site_id, facts={"hour": clock.rfc3339(hour)})


def hour_is_over(label: str, now: datetime) -> bool:
    """Whether everything under a key with this label has expired, whatever the register knows."""
    try:
        hour = clock.parse_rfc3339(f"{label.rpartition('/')[2][:13]}:00:00Z")
    except ValueError:
        return False
    return label.startswith(EPOCH_LABEL) and hour + clock.HOUR <= now


def purge_under_way() -> bool:
    """Whether a run is destroying something at this moment."""
    return PurgeRun.objects.filter(is_open=True, state__in=UNDER_WAY).exists()


def _of_site(label: str, site_id: UUID | None) -> bool:
    """Keys of epochs (of the site); others in the ring are not the register's."""
    return label.startswith(EPOCH_LABEL if site_id is None else f"{EPOCH_LABEL}{site_id}/")
