"""`manage.py backup DEST`: databases, keyrings, journal and held footage, while the system runs."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.retention.backup import ending, making, selectors
from cctv.retention.backup.errors import BackupInterrupted
from cctv.retention.backup.models import Backup


class Command(BaseCommand):
    """Make a backup, list them, or note that one is gone."""

    help = "Back up register, access log, keyrings and held footage. Root keys are never in it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "destination", nargs="?", type=Path, metavar="DEST", help="a folder; best on another disk"
        )
        parser.add_argument(
            "--keep-days", type=_days, default=making.KEEP_DAYS, metavar="N",
            help="you promise to delete it after so many days (default: %(default)s)",
        )  # fmt: skip
        parser.add_argument("--no-held", action="store_true", help="leave out the footage under legal hold")
        parser.add_argument(
            "--prune", action="store_true", help="delete own expired and unfinished backups in DEST first"
        )
        parser.add_argument("--list", action="store_true", help="show the backups that may still exist")
        parser.add_argument("--forget", metavar="ID", help="note that this backup was deleted by hand")
        parser.add_argument("--json", action="store_true", help="JSON instead of sentences")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["list"]:
                self._list(as_json=options["json"])
            elif options["forget"]:
                row = ending.forget(backup_id=options["forget"])
                self.stdout.write(f"Noted: the backup {row.pk} no longer exists.")
            elif options["destination"] is None:
                raise CommandError("Where to? Give the folder: manage.py backup DEST", returncode=2)
            else:
                self._make(options)
        except BackupInterrupted as error:
            raise CommandError(str(error), returncode=130) from error
        except LetheError as error:
            raise CommandError(str(error)) from error

    def _make(self, options: dict[str, Any]) -> None:
        if options["prune"]:
            for row in ending.prune(destination=options["destination"]):
                self.stdout.write(f"Deleted: {row.place}")
        made = making.make(
            destination=options["destination"], keep_days=options["keep_days"], held=not options["no_held"]
        )
        if options["json"]:
            self.stdout.write(json.dumps(_facts(made)))
            return
        self.stdout.write(
            f"{made.place}: {made.size_bytes:,} bytes, {made.log_size} log entries, {made.held_objects} held "
            f"objects. Delete it by {made.expires_at:%Y-%m-%d}. It opens nothing without the current root "
            "keys: keep a mirror of them and the recovery key elsewhere."
        )

    def _list(self, *, as_json: bool) -> None:
        rows = selectors.existing()
        if as_json:
            self.stdout.write(json.dumps([_facts(row) for row in rows]))
            return
        for row in rows:
            state = "unfinished" if not bytes(row.manifest_sha256) else f"{row.size_bytes:,} bytes"
            late = ", past its time: delete it, then --forget" if row.expires_at <= clock.now() else ""
            self.stdout.write(
                f"{row.pk}  {row.made_at:%Y-%m-%d %H:%M}  until {row.expires_at:%Y-%m-%d}  {state}  "
                f"{row.held_objects} held  {row.place}{late}"
            )
        if not rows:
            self.stdout.write("There is no backup.")


def _days(text: str) -> int:
    days = int(text)
    if not 1 <= days <= 3660:
        raise ValueError(text)
    return days


def _facts(row: Backup) -> dict[str, Any]:
    return {
        "id": str(row.pk), "place": row.place, "made_at": clock.rfc3339(row.made_at),
        "expires_at": clock.rfc3339(row.expires_at), "bytes": row.size_bytes, "log_size": row.log_size,
        "held_objects": row.held_objects, "finished": bool(bytes(row.manifest_sha256)),
        "footage_generation": row.footage_generation, "records_generation": row.records_generation,
    }  # fmt: skip
