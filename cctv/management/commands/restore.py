"""`manage.py restore BACKUP --mirror DIR`: into an empty home, and told of what has ended since."""

import getpass
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accesslog.errors import AccessLogError
from cctv.core.errors import LetheError
from cctv.retention.backup import restoring
from cctv.retention.backup.models import Restore

CONFIRMATION = "replace the register"


class Command(BaseCommand):
    """Restore, go on with a restore that was interrupted, or only replay."""

    help = (
        "Put register and access log back from a backup, with the keys of a mirror, and replay what has "
        "ended since. Stop Lethe on every host first. After a crash, run the same command again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("backup", nargs="?", type=Path, metavar="BACKUP", help="the folder of the backup")
        parser.add_argument(
            "--mirror", type=Path, metavar="DIR", help="a mirror of the keys (as in LETHE_KEY_MIRRORS)"
        )
        parser.add_argument(
            "--recovery-key",
            metavar="FILE",
            help="the offline recovery key; “-” asks for it or reads it from the input",
        )
        parser.add_argument(
            "--escrow",
            type=Path,
            metavar="DIR",
            help="a folder of LETHE_ESCROW_FOLDERS, if no mirror has the escrow",
        )
        parser.add_argument(
            "--footage", type=Path, metavar="DIR",
            help="a surviving footage folder to copy from; not needed where LETHE_FOOTAGE_ROOT survived",
        )  # fmt: skip
        parser.add_argument(
            "--without-copy", action="append", type=Path, default=[], metavar="DIR",
            help="go on without what only this copy of the published log knows",
        )  # fmt: skip
        parser.add_argument(
            "--over", action="store_true", help="replace a register that is here, after asking"
        )
        parser.add_argument(
            "--replay",
            action="store_true",
            help="only replay, into a register that was put back by other means",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            without = options["without_copy"]
            again = options["replay"]
            self._say(restoring.replay_only(without_copies=without) if again else self._restore(options))
        except (LetheError, AccessLogError) as error:
            raise CommandError(str(error)) from error

    def _restore(self, options: dict[str, Any]) -> Restore:
        if options["backup"] is None:
            raise CommandError(
                "Which backup? Give its folder: manage.py restore BACKUP --mirror DIR", returncode=2
            )
        if options["over"]:
            self._confirm()
        given = options["recovery_key"]
        request = restoring.Request(
            backup=options["backup"].resolve(), mirror=options["mirror"], escrow=options["escrow"],
            footage=options["footage"],
            over=options["over"], without_copies=options["without_copy"],
            recovery_key=(lambda: _recovery_key(given)) if given else None,
        )  # fmt: skip
        return restoring.restore(request)

    def _confirm(self) -> None:
        self.stdout.write("The register and the access log that are here now will be lost.")
        if input(f"Type “{CONFIRMATION}” to go on: ").strip() != CONFIRMATION:
            raise CommandError("Nothing was changed.")

    def _say(self, row: Restore) -> None:
        counts = dict(row.replayed)
        self.stdout.write("The register is restored and may serve again.")
        for name, sentence in SENTENCES.items():
            if counts.get(name):
                self.stdout.write(f"- {counts[name]} {sentence}")
        self.stdout.write(
            "Look at accounts, grants and recorder tokens: what was withdrawn since the backup is back."
        )


SENTENCES = {
    "tombstones_segment": "segments had been destroyed since, and are gone from the register",
    "tombstones_quarantined": "quarantined objects had been destroyed since",
    "moved": "objects have their newer keys",
    "expiries": "objects end earlier, as had been decided since",
    "erased": "segments had been erased on request since",
    "holds": "holds had been placed since, and are in force again",
    "held_recreated": "held objects came in after the backup, and are known again from the journal",
    "held": "objects are held again",
    "holds_ended": "holds had ended since",
    "restrictions": "restrictions of footage had been placed since, and are in force again",
    "restrictions_lifted": "restrictions had been lifted since",
    "masks": "cameras have the privacy masks again that were set since",
    "stills_deleted": "kept stills had been deleted since, and are gone from the register",
    "bookmarks_removed": "bookmarks had been removed since",
    "certificates": "certificates had been issued since",
    "objects": "sealed objects were put into the footage store",
    "held_unknown": "HELD OBJECTS belong to cameras that came after the backup: they are lost",
    "holds_without_site": "HOLDS belong to sites that came after the backup: they are lost",
    "restrictions_without_site": "RESTRICTIONS belong to sites that came after the backup: they are lost",
    "unreadable": "OBJECTS HAVE NOT EXPIRED AND HAVE NO KEY: look for a newer mirror of the keys",
}


def _recovery_key(given: str) -> str:
    if given != "-":
        return Path(given).read_text()
    return getpass.getpass("Recovery key: ") if sys.stdin.isatty() else sys.stdin.readline()
