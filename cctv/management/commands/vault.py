"""manage.py vault: how the keys and their mirrors stand, and what a person may do about them."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cctv.core.errors import LetheError
from cctv.vault import escrow, services, upkeep
from cctv.vault.mirrors import MirrorState
from cctv.vault.roots.upkeep import move


class Command(BaseCommand):
    """Prints; changes nothing but by `sync`, `recover`, `forget`, `move-root` and `recovery-key`."""

    help = (
        "Show the keyrings, their mirrors and escrows; bring mirrors forward; recover from one; give one up; "
        "set the offline recovery key."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """One verb each."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("status", help="generation, number of keys, file system and mirrors of each keyring")
        verbs.add_parser("sync", help="bring every reachable mirror forward")
        move = verbs.add_parser("move-root", help="move the root keys from their files to OpenBao")
        move.add_argument("--to", choices=("openbao",), required=True)
        move.add_argument("--reason", required=True, help="why, for the access log")
        key = verbs.add_parser("recovery-key", help="make a recovery key, or set one that exists")
        key.add_argument("--public", help="the public part (age1…) of a key that exists")
        key.add_argument("--replace", action="store_true", help="put it in the place of the key that is set")
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
            elif verb == "move-root":
                self._move_root(options["reason"])
            elif verb == "recovery-key":
                self._recovery_key(options["public"], replace=options["replace"])
            else:
                self._show(sync=verb == "sync")
        except LetheError as error:
            raise CommandError(str(error)) from error

    def _show(self, *, sync: bool) -> None:
        if sync:
            services.sync_mirrors()
        for ring in upkeep.status():
            keys = "1 key" if ring.keys == 1 else f"{ring.keys} keys"
            self.stdout.write(
                f"{ring.ring}: generation {ring.generation}, {keys}, {ring.folder} ({_root(ring)})"
            )
            for mirror in ring.mirrors:
                self.stdout.write(f"  mirror {mirror.path}: {_told(mirror)}")
        self._show_escrows()

    def _show_escrows(self) -> None:
        recipient = escrow.recipient()
        if not recipient:
            self.stdout.write("escrow: none; “manage.py vault recovery-key” makes a recovery key")
            return
        self.stdout.write(f"escrow of the records for {recipient}")
        for state in escrow.states():
            self.stdout.write(f"  {state.folder}: {_told_escrow(state)}")

    def _move_root(self, reason: str) -> None:
        moved = move(reason=reason)
        for ring in moved:
            self.stdout.write(f"{ring}: its root is in OpenBao, and destroyed in its files")
        if not moved:
            self.stdout.write("Nothing to move: no root lies in a file.")

    def _recovery_key(self, public: str | None, *, replace: bool) -> None:
        known = escrow.recipient()
        if known and known != public and not replace:
            raise CommandError(
                f"A recovery key is set: {known}. With --replace another one takes its place; "
                "the old one then opens nothing any more."
            )
        if public is None:
            # Shown before it is used: killed in between, nothing is in escrow for a key that nobody has.
            public, private = escrow.recovery_keypair()
            self.stdout.write(PRINT_THIS.format(public=public, private=private))
            self.stdout.flush()
        states = escrow.set_recipient(public)
        self.stdout.write(f"The keys of the records are in escrow for {escrow.recipient()}.")
        for state in states:
            if state.pending:
                self.stdout.write(f"  {state.path}: {_told(state)}")


PRINT_THIS = """\
RECOVERY KEY. Print this now: the private part is shown this once and is kept nowhere on this machine.

  public   {public}
  private  {private}

Keep the printed page with the privacy officer, away from this machine and from its backups. Together with an
escrow (escrow.age in a mirror) it opens what the log says and what is held, never footage that has ended.
"""


def _told_escrow(state: escrow.EscrowState) -> str:
    if not state.generation:
        return "MISSING"
    return f"generation {state.generation}" if state.current else f"OLD, generation {state.generation}"


def _root(ring: upkeep.RingStatus) -> str:
    if ring.root.provider == "file":
        return "overwriting verified" if ring.overwriting_is_proven else "overwriting not verified"
    gone = "the version before is refused" if ring.root.destroyed_before else "AN OLD VERSION STILL OPENS"
    return f"OpenBao key {ring.root.key} version {ring.root.version}, keyring at {ring.root.place}, {gone}"


def _told(mirror: MirrorState) -> str:
    return f"PENDING ({mirror.error})" if mirror.pending else f"confirmed at generation {mirror.generation}"
