"""`manage.py log verify | root`."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accesslog import proofs, verify
from accesslog.errors import AccessLogError
from accesslog.findings import Finding

PROGRESS_EVERY = 100_000


class Command(BaseCommand):
    help = str(gettext_lazy("Verify the access log, or print its size and root."))

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        checking = actions.add_parser("verify", help="verify every entry; non-zero exit when one is wrong")
        checking.add_argument("--skip-bodies", action="store_true", help="do not open the sealed bodies")
        actions.add_parser("root", help="print size and root hash")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["action"] == "root":
                self._root()
            else:
                self._verify(open_bodies=not options["skip_bodies"], talk=options["verbosity"] > 1)
        except AccessLogError as error:
            raise CommandError(f"{error.message} {error.hint}") from error

    def _root(self) -> None:
        head = proofs.head()
        self.stdout.write(f"size {head.size}\nroot {head.root().hex()}")

    def _verify(self, *, open_bodies: bool, talk: bool) -> None:
        started = time.monotonic()
        report = verify.verify(open_bodies=open_bodies, progress=self._progress if talk else None)
        if report.finding is not None:
            raise CommandError(describe(report.finding), returncode=2)
        self.stdout.write(
            _("The log is whole: %(size)d entries, root %(root)s.")
            % {"size": report.size, "root": report.root.hex()}
        )
        self.stdout.write(
            _("%(bodies)d bodies fit their entries, %(erased)d were erased as logged; %(seconds).1f s.")
            % {"bodies": report.bodies, "erased": report.erased, "seconds": time.monotonic() - started}
        )

    def _progress(self, done: int, size: int) -> None:
        if done % PROGRESS_EVERY == 0:
            self.stdout.write(f"{done} / {size}")


def describe(finding: Finding) -> str:
    """A finding as a person reads it."""
    lines = [
        finding.what,
        _("  expected:   %(value)s") % {"value": finding.expected},
        _("  calculated: %(value)s") % {"value": finding.calculated},
        _("  what to do: %(value)s") % {"value": finding.advice},
    ]
    return "\n".join(lines)
