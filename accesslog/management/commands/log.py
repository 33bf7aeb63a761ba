"""`manage.py log verify | root | …`."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accesslog import proofs
from accesslog.errors import AccessLogError
from accesslog.findings import Finding
from accesslog.outside import verifying
from accesslog.publish import commands
from accesslog.verify import Report

PROGRESS_EVERY = 100_000
WRONG = 2
MOST_SHOWN = 2000  # characters of a cell: somebody may have put a book into it


class Command(BaseCommand):
    help = str(gettext_lazy("Verify the access log, or print its size and root."))

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        checking = actions.add_parser("verify", help="verify every entry; exit code 2 when one is wrong")
        checking.add_argument(
            "--full",
            action="store_true",
            help="open every body too, and read the published files and the witnesses' signatures",
        )
        checking.add_argument(
            "--against",
            action="append",
            type=Path,
            default=[],
            metavar="FILE",
            help="a checkpoint kept elsewhere: as mailed or published, or “size N” and “root HEX”",
        )
        checking.add_argument(
            "--skip-bodies", action="store_true", help="do not open the sealed bodies (what is done anyway)"
        )
        actions.add_parser("root", help="print size and root hash")
        commands.add_to(actions)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["action"] == "root":
                self._root()
            elif options["action"] in commands.ACTIONS:
                commands.run(self, options["action"], options)
            else:
                self._verify(full=options["full"], against=options["against"], talk=options["verbosity"] > 1)
        except AccessLogError as error:
            raise CommandError(f"{error.message} {error.hint}") from error

    def _root(self) -> None:
        head = proofs.head()
        self.stdout.write(f"size {head.size}\nroot {head.root().hex()}")

    def _verify(self, *, full: bool, against: list[Path], talk: bool) -> None:
        started = time.monotonic()
        report = verifying.run(full=full, against=against, progress=self._progress if talk else None)
        seconds = time.monotonic() - started
        if report.finding is None:
            self._say(report, full=full, seconds=seconds)
        for folder, why in report.away:
            said = _("%(folder)s cannot be read, so nothing was compared with it: %(why)s.")
            self.stderr.write(said % {"folder": folder, "why": why})
        try:
            index = verifying.log(report, full=full, against=against)
            if index is not None:
                self.stdout.write(_("This was logged as entry %(index)d.") % {"index": index})
        finally:  # whatever a broken log does with the entry, what was found is said, and once
            if report.finding is not None:
                raise CommandError(describe(report.finding), returncode=WRONG)

    def _say(self, report: Report, *, full: bool, seconds: float) -> None:
        self.stdout.write(
            _("The log is whole: %(size)d entries, root %(root)s.")
            % {"size": report.size, "root": report.root.hex()}
        )
        if full:
            said = _(
                "%(bodies)d bodies fit their entries, %(erased)d were erased as logged; %(seconds).1f s."
            )
        else:
            said = _("%(bodies)d bodies are there, %(erased)d were erased as logged; %(seconds).1f s.")
        self.stdout.write(said % {"bodies": report.bodies, "erased": report.erased, "seconds": seconds})
        if report.anchors:
            said = _("Its beginnings have the roots of %(count)d checkpoints that were signed.")
            self.stdout.write(said % {"count": report.anchors})

    def _progress(self, done: int, size: int) -> None:
        if done % PROGRESS_EVERY < 4096:
            self.stdout.write(f"{done} / {size}")


def describe(finding: Finding) -> str:
    """A finding as a person reads it."""
    lines = [
        finding.what,
        _("  expected:   %(value)s") % {"value": finding.expected[:MOST_SHOWN]},
        _("  calculated: %(value)s") % {"value": finding.calculated[:MOST_SHOWN]},
        _("  what to do: %(value)s") % {"value": finding.advice},
    ]
    return "\n".join(lines)
