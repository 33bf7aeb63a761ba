"""Putting a backup back: into an empty home, with the current keys, and told of everything since.

    checked    the backup is whole, the mirror ours and not older           nothing is changed yet
    begun      `restore.json` lies in the home: nothing serves now          repeat: goes on
    keys       both rings taken from the mirror, never over newer ones      repeat: the same
    databases  the register, then the log; each in one step                 repeat: skipped when done
    published  entries of the log since then, from its published files    repeat: goes on
    replay     journal, holds, erasures, certificates, tombstones           repeat: changes nothing
    objects    held ciphertext, surviving footage, where missing            repeat: skipped when there
    logged     the entry `register.restored`                                repeat: by its event id
    finished   heartbeat trusted, row closed, `restore.json` removed

Killed anywhere, the same command goes on. The keys never come from the backup alone: its keyrings are
wrapped under roots of its own time, which each purge has replaced since.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.conf import settings

from accesslog.models import LogHead
from accesslog.publish import recovery
from accesslog.services import append, close
from cctv.core import clock
from cctv.core.ids import new_id
from cctv.retention import certificates, purge
from cctv.retention.backup import keys, landing, objects, progress, replay
from cctv.retention.backup import manifest as manifests
from cctv.retention.backup.errors import OtherRestore, RestoreUnfinished
from cctv.retention.backup.manifest import Manifest
from cctv.retention.backup.models import Backup, Restore
from cctv.retention.backup.progress import Progress
from cctv.retention.models import PurgeRun, RunState
from cctv.vault import rings
from cctv.vault.steps import reached

GIVEN_UP = "register_restored"


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be put back, from where. `recovery_key` is the private key's text, asked for when needed."""

    backup: Path
    mirror: Path | None
    footage: Path | None = None
    escrow: Path | None = None
    over: bool = False
    recovery_key: Callable[[], str] | None = None
    without_copies: Sequence[Path] = ()


def restore(request: Request) -> Restore:
    """Restore, or go on with a restore that was killed. Any refusal comes before anything is changed."""
    home = Path(str(settings.LETHE_HOME))
    manifest, digest = manifests.read(request.backup)
    begun = progress.load(home)
    if begun is not None and begun.backup_id != manifest.id:
        raise OtherRestore()
    manifests.verify(request.backup, manifest)
    landing.check(manifest)
    if begun is None:
        landing.refuse_occupied(over=request.over)
    taken = keys.check(request.mirror, manifest, request.backup, escrow_folder=request.escrow)
    reached("restore.checked")
    if begun is None:
        begun = Progress(restore_id=str(new_id()), backup_id=manifest.id)
        progress.save(home, begun)
    reached("restore.begun")
    _step(home, begun, "keys", lambda: _take_keys(request, manifest, taken, begun))
    _step(home, begun, "register", lambda: landing.put_register(request.backup, manifest, begun))
    _step(home, begun, "log", lambda: landing.put_log(request.backup, manifest))
    landing.migrate()
    reached("restore.migrated")
    _note_backup(request.backup, manifest, digest)
    row = Restore.objects.get(pk=begun.restore_id)
    return _bring_up_to_date(row, request=request, manifest=manifest, begun=begun)


def replay_only(*, without_copies: Sequence[Path] = ()) -> Restore:
    """Tell a register that was put back by other means what has happened since its time."""
    if progress.load(Path(str(settings.LETHE_HOME))) is not None:
        raise RestoreUnfinished()
    row = Restore.objects.filter(finished_at=None, backup_id=UUID(int=0)).first()
    if row is None:
        # Of when it is, nobody can say: its own last entry in the log is not its time.
        row = Restore.objects.create(backup_id=UUID(int=0), backup_made_at=clock.now())
    recovery.recover(without=without_copies)
    return _bring_up_to_date(row)


def _bring_up_to_date(
    row: Restore,
    *,
    request: Request | None = None,
    manifest: Manifest | None = None,
    begun: Progress | None = None,
) -> Restore:
    """Put the log's published entries back, replay, put objects back, log, and only then let it serve."""
    if request is not None:
        # Before the first append: an entry below what was signed would fork what outsiders hold. A home that
        # was empty has no folder of the published log either.
        recovery.recover(new_folder=True, without=request.without_copies)
    reached("restore.log-recovered")
    counts = replay.replay()
    if request is not None and manifest is not None:
        counts["objects"] = objects.put_back(request.backup, manifest, footage=request.footage)
    reached("restore.objects")
    for run in PurgeRun.objects.filter(state__in=(RunState.PLANNED, RunState.PAUSED)):
        purge.give_up(run, GIVEN_UP)
    # Certificates that came out of the journal get an entry and a line in the ledger again.
    for run in PurgeRun.objects.filter(certificates__entry=None, state=RunState.DONE).distinct():
        certificates.issue(run)
    # A killed restore has counted what it had changed; the next one only the rest.
    row.replayed = {name: n for name, n in sorted((replay.Counts(row.replayed) + counts).items()) if n}
    row.save(update_fields=["replayed"])
    reached("restore.counted")
    row.entry = _log(row, manifest, begun)
    reached("restore.logged")
    replay.trust(counts)
    row.finished_at = clock.now()
    row.save()
    reached("restore.row-finished")
    progress.clear(Path(str(settings.LETHE_HOME)))
    reached("restore.finished")
    close()
    return row


def _step(home: Path, begun: Progress, name: str, act: Callable[[], None]) -> None:
    """Do a step that a kill may repeat, unless it is done."""
    if name not in begun.done:
        act()
        reached(f"restore.{name}-put")
        begun.done.append(name)
        progress.save(home, begun)
    reached(f"restore.{name}")


def _take_keys(request: Request, manifest: Manifest, taken: keys.Sources, begun: Progress) -> None:
    begun.recovery_key_used = keys.take(taken, manifest, request.backup, request.recovery_key)
    keys.adopt_journal([request.backup / "keys" / rings.FOOTAGE, *taken.folders(rings.FOOTAGE)])


def _note_backup(folder: Path, manifest: Manifest, digest: bytes) -> None:
    """The backup's own row is as it was before the copying was done: complete it."""
    Backup.objects.filter(pk=manifest.uuid, manifest_sha256=b"").update(
        manifest_sha256=digest, size_bytes=manifest.size_bytes, log_size=manifest.log_size,
        held_objects=manifest.held_objects, place=str(folder)[:400],
        footage_generation=manifest.rings[rings.FOOTAGE].generation,
        records_generation=manifest.rings[rings.RECORDS].generation,
    )  # fmt: skip


def _log(row: Restore, manifest: Manifest | None, begun: Progress | None) -> int:
    body = {
        "restore": str(row.pk), "replayed": row.replayed, "footage_generation": rings.footage().generation,
        "records_generation": rings.records().generation,
        "log_size": LogHead.objects.get(pk=1).size,
    }  # fmt: skip
    if manifest is not None and begun is not None:
        body |= {"backup": manifest.id, "backup_made": manifest.made_at}
        body["recovery_key"] = begun.recovery_key_used
    return append(kind="register.restored", body=body, event_id=row.pk).index
