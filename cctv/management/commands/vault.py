"""manage.py vault: how the keys and their mirrors stand, and what a person may do about them."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cctv.core.errors import LetheError
from cctv.vault import services, upkeep
from cctv.vault.mirrors import MirrorState


class Command(BaseCommand):
    """Prints; changes nothing but by `sync`, `recover` and `forget`."""

    help = "Show the keyrings and their mirrors; bring mirrors forward; recover from one; give one up."

    def add_arguments(self, parser: CommandParser) -> None:
        """One verb each."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("status", help="generation, number of keys, file system and mirrors of each keyring")
        verbs.add_parser("sync", help="bring every reachable mirror forward")
        for verb, help_text in (
            ("recover", "take over the keys of a mirror, because those of this machine are lost"),
            ("forget", "stop waiting for a mirror that was physically destroyed"),
        ):
            sub = verbs.add_parser(verb, help=help_text)
            sub.add_argument("ring", choices=("footage", "records"))
            sub.add_argument("mirror", type=Path, help="the mirror's folder of that keyring")
            sub.add_argument("--reason", required=True, help="why, for the access log")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        """Do one; a LetheError becomes the command's error."""
        try:
            if verb == "recover":
                generation = upkeep.recover(
                    ring=options["ring"], mirror=options["mirror"], reason=options["reason"]
                )
                self.stdout.write(f"{options['ring']}: recovered at generation {generation}")
            elif verb == "forget":
                upkeep.forget_mirror(ring=options["ring"], mirror=options["mirror"], reason=options["reason"])
            else:
                self._show(sync=verb == "sync")
        except LetheError as error:
            raise CommandError(str(error)) from error

    def _show(self, *, sync: bool) -> None:
        if sync:
            services.sync_mirrors()
        for ring in upkeep.status():
            proven = "overwriting verified" if ring.overwriting_is_proven else "overwriting not verified"
            keys = "1 key" if ring.keys == 1 else f"{ring.keys} keys"
            self.stdout.write(f"{ring.ring}: generation {ring.generation}, {keys}, {ring.folder} ({proven})")
            for mirror in ring.mirrors:
                self.stdout.write(f"  mirror {mirror.path}: {_told(mirror)}")


def _told(mirror: MirrorState) -> str:
    return f"PENDING ({mirror.error})" if mirror.pending else f"confirmed at generation {mirror.generation}"
