"""`manage.py fsck`: register, storage and keyring held against each other, and mended only when told to."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cctv.retention.reconcile import codes, services
from cctv.retention.reconcile.models import ONLY_SITE, Depth, FsckRun
from cctv.sites.models import Site


class Command(BaseCommand):
    """Exit status: 0 when everything fits, 1 with findings, 2 when the check stopped or refused to repair."""

    help = "Check that register, footage storage and keyring fit; repairs only what --repair names."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--depth", choices=Depth.values, default=Depth.PRESENCE, help="how much to read")
        parser.add_argument("--site", help="code of the only site to look at")
        parser.add_argument(
            "--repair", nargs="+", default=[], choices=sorted(codes.REPAIRABLE), metavar="CODE",
            help=f"mend findings of these kinds: {', '.join(sorted(codes.REPAIRABLE))}",
        )  # fmt: skip
        parser.add_argument(
            "--rate-mb", type=float, default=services.RATE_BYTES_PER_S / 1e6, help="read at most MB/s (hash)"
        )
        parser.add_argument("--json", action="store_true", help="one JSON object instead of sentences")

    def handle(self, *args: Any, **options: Any) -> None:
        site = None
        if options["site"] and (site := Site.objects.filter(code=options["site"]).first()) is None:
            raise CommandError(f"There is no site “{options['site']}”.")
        if options["rate_mb"] <= 0:
            raise CommandError("--rate-mb must be above 0.")
        try:
            run = services.check(
                depth=options["depth"], site=site, repair=options["repair"],
                rate_bytes_per_s=options["rate_mb"] * 1e6,
            )  # fmt: skip
        except KeyboardInterrupt:
            raise CommandError("The check was interrupted before its end.", returncode=130) from None
        if options["json"]:
            self.stdout.write(json.dumps(_facts(run)))
        else:
            self._say(run)
        if run.error_code:
            sys.exit(2)
        left = sum(n - run.repaired.get(code, 0) for code, n in _totals(run).items())
        sys.exit(1 if left else 0)

    def _say(self, run: FsckRun) -> None:
        self.stdout.write(f"{run.rows} rows, {run.stored} stored objects and {run.keys} keys were looked at.")
        for code, kind in codes.KINDS.items():
            if n := _totals(run).get(code, 0):
                self.stdout.write(f"\n{kind.title_for(n)} [{code}]\n  {kind.meaning}\n  {kind.todo}")
                for finding in run.findings.filter(code=code)[:5]:
                    self.stdout.write(f"  {finding.name}")
        for code, n in run.repaired.items():
            self.stdout.write(f"\nRepaired: {n} × {code}.")
        if run.error_code:
            self.stderr.write(f"\n{run.error}")
        elif not _totals(run):
            self.stdout.write("Everything fits.")


def _totals(run: FsckRun) -> dict[str, int]:
    return {code: sum(by_site.values()) for code, by_site in run.counts.items() if code != ONLY_SITE}


def _facts(run: FsckRun) -> dict[str, Any]:
    findings = run.findings.values("code", "name", "facts", "repaired_at")
    return {
        "run": str(run.pk), "depth": run.depth, "rows": run.rows, "stored": run.stored, "keys": run.keys,
        "foreign": run.foreign, "counts": _totals(run), "repaired": run.repaired,
        "error_code": run.error_code, "error": run.error, "entry": run.entry,
        "findings": [
            {**finding, "repaired_at": finding["repaired_at"] and finding["repaired_at"].isoformat()}
            for finding in findings
        ],
    }  # fmt: skip
