"""Making a backup while the system runs.

The order is the point:

1. The row comes first, so that certificates know of a backup from before its first byte.
2. The register before the log: every act that the register knows was logged before it was done, so a log
   that is copied later has the entries of all of them. The other way round a restored register would know
   of acts that its log does not. What the log knows besides is the direction in which it may err.
3. The keyrings after both, so that they have every key that either names; then the journal, which may
   repeat what the register knows already.
4. The held objects last, by the list of the moment after the register was copied: one whose hold ends
   meanwhile is gone, and is left out.
5. Everything synced, the manifest, and only then the name without `.partial`.

Whatever goes wrong before that name, the unfinished folder is removed at once and its row ended; where that
fails too, the row stays, and certificates say that it may hold something.

Never in a backup: a root key, and the escrow of the records' root. What is wrapped in here opens only with
the roots that stand at that time, and each purge replaces those.
"""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import connections

from accesslog.merkle import Frontier
from accesslog.services import append
from cctv.core import clock
from cctv.core.atomic import fsync_dir
from cctv.core.ids import new_id
from cctv.footage.derived import selectors as derived
from cctv.footage.models import Segment
from cctv.ingest.models import Quarantined, Source
from cctv.retention.backup import manifest as manifests
from cctv.retention.backup import postgres, sqlite, unfinished
from cctv.retention.backup.errors import BackupNested
from cctv.retention.backup.manifest import HELD, PARTIAL, Copied, Manifest, RingFacts
from cctv.retention.backup.models import Backup
from cctv.retention.holds.models import PROTECTING
from cctv.vault import keyfile, rings
from cctv.vault.doors import footage_storage
from cctv.vault.errors import ObjectMissing
from cctv.vault.names import all_parts
from cctv.vault.steps import reached

DATABASES = ("default", "log")
KEEP_DAYS = 30
JOURNAL = "journal"
_PIECE = 1 << 20


def make(*, destination: Path, keep_days: int = KEEP_DAYS, held: bool = True) -> Backup:
    """Make a backup in a new folder of `destination`; BackupFailed, BackupNested, storage errors.

    `keep_days`: how long it may exist, which its keeper promises. `held`: take the held objects along.
    """
    destination = destination.resolve()
    _refuse_nested(destination)
    now = clock.now()
    backup_id = new_id()
    folder = destination / f"lethe-{now:%Y-%m-%dT%H%M%SZ}-{backup_id.hex[-6:]}"
    partial = folder.with_name(folder.name + PARTIAL)
    row = Backup.objects.create(
        id=backup_id, made_at=now, place=str(folder), expires_at=now + timedelta(days=keep_days),
        footage_generation=rings.footage().generation, records_generation=rings.records().generation,
        log_size=0, manifest_sha256=b"",
    )  # fmt: skip
    reached("backup.row")
    with unfinished.undone_on_error(row, partial):
        destination.mkdir(parents=True, exist_ok=True)
        partial.mkdir(mode=0o700)
        with unfinished.being_written(partial):
            _fill(row, partial, held=held)
        partial.rename(folder)
        fsync_dir(destination)
    reached("backup.complete")
    row.save()
    reached("backup.noted")
    _log_made(row)
    reached("backup.logged")
    return row


def _fill(row: Backup, partial: Path, *, held: bool) -> None:
    copied: dict[str, Copied] = {}
    head = (0, b"")
    for alias in DATABASES:
        copied[alias], found = _copy_database(alias, partial)
        head = found or head
        reached(f"backup.{alias}")
    names = list(_held_names()) if held else []
    made = list(_names_made_of_held()) if held else []
    facts = _copy_keys(partial)
    reached("backup.keys")
    Backup.objects.filter(pk=row.pk).update(held_objects=len(names))  # before the first of them is there
    row.held_objects = sum(_copy_object(name, partial) for name in names)
    for name in made:
        _copy_object(name, partial)
    reached("backup.held")
    files = manifests.settle(partial)
    manifest = Manifest(
        id=str(row.pk), installation=rings.installation_id(), version=settings.LETHE_VERSION,
        made_at=clock.rfc3339(row.made_at), expires_at=clock.rfc3339(row.expires_at),
        log_size=head[0], log_root=Frontier.from_bytes(*head).root().hex(), rings=facts, databases=copied,
        files=files, held_objects=row.held_objects,
    )  # fmt: skip
    row.manifest_sha256 = manifests.write(partial, manifest)
    row.size_bytes, row.log_size = manifest.size_bytes, manifest.log_size
    row.footage_generation = facts[rings.FOOTAGE].generation
    row.records_generation = facts[rings.RECORDS].generation
    reached("backup.manifest")


def _log_made(row: Backup) -> None:
    append(
        kind="backup.made",
        body={
            "backup": str(row.pk), "place": row.place, "bytes": row.size_bytes,
            "held_objects": row.held_objects, "expires": clock.rfc3339(row.expires_at),
            "manifest": bytes(row.manifest_sha256).hex(), "footage_generation": row.footage_generation,
            "records_generation": row.records_generation, "log_size": row.log_size,
        },
        event_id=row.pk,
    )  # fmt: skip


def _copy_database(alias: str, partial: Path) -> tuple[Copied, tuple[int, bytes] | None]:
    if connections[alias].vendor == "postgresql":
        return postgres.copy_out(alias, partial)
    return sqlite.copy_out(alias, partial)


def _copy_keys(partial: Path) -> dict[str, RingFacts]:
    """Both keyrings and the journal. A keyring is replaced in one rename, so a read has it whole."""
    facts = {}
    for ring in rings.both():
        place = partial / "keys" / ring.ring
        place.mkdir(parents=True, mode=0o700)
        keys = len(ring.key_ids())  # of a shared ring this brings this host's copy forward, too
        data = (ring.folder / "keyring").read_bytes()
        (place / "keyring").write_bytes(data)
        header = keyfile.read_header(keyfile.split(data)[1])
        facts[ring.ring] = RingFacts(header.ring_id.hex(), header.generation, header.serial, keys)
    journal = rings.footage().folder / JOURNAL
    if journal.exists():
        shutil.copyfile(journal, partial / "keys" / rings.FOOTAGE / JOURNAL)
    return facts


def _held_names() -> Iterator[str]:
    """The objects that a hold in force keeps, each with its parts."""
    for model in (Segment, Quarantined):
        rows = model._default_manager.filter(held__hold__state__in=PROTECTING)
        yield from rows.values_list("sealed_name", flat=True).distinct().order_by("sealed_name").iterator()


def _names_made_of_held() -> Iterator[str]:
    """The objects that are made of what a hold in force keeps, and of nothing else."""
    held = Segment.objects.filter(held__hold__state__in=PROTECTING)
    yield from derived.names_made_of(held).order_by("sealed_name").iterator()


def _copy_object(name: str, partial: Path) -> int:
    """Copy the ciphertext and its parts; 1, or 0 when the object was destroyed meanwhile."""
    storage, copied = footage_storage(), 0
    for part in all_parts(name):
        try:
            size = storage.size(part)
            path = partial / HELD / part
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with path.open("xb") as file:
                for offset in range(0, size, _PIECE):
                    file.write(storage.read_range(part, offset, _PIECE))
            copied += 1
        except ObjectMissing:
            (partial / HELD / part).unlink(missing_ok=True)
    return 1 if copied else 0


def _refuse_nested(destination: Path) -> None:
    """A backup among the keys would be one with the root; among footage or recordings, a foreign body."""
    own = [settings.LETHE_KEYS_ROOT, settings.LETHE_FOOTAGE_ROOT, *settings.LETHE_KEY_MIRRORS]
    rooms = [settings.LETHE_HOME, *Source.objects.filter(retired_at=None).values_list("folder", flat=True)]
    if connections["default"].vendor == "sqlite":
        rooms += [sqlite.path_of(alias).parent for alias in DATABASES]
    within = any(destination.is_relative_to(Path(str(each)).resolve()) for each in (*own, *rooms))
    # Above them is no better: whoever copies that folder copies the root with it.
    if within or any(Path(str(each)).resolve().is_relative_to(destination) for each in own):
        raise BackupNested(f"{BackupNested.message} ({destination})")
