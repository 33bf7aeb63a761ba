"""`manage.py doctor`: what is wrong with this installation, why it matters, and how to mend it."""

import json
import sys
from dataclasses import asdict
from importlib import import_module
from typing import IO, Any, cast

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from cctv.core import doctor
from cctv.core.doctor import Finding, Severity

STYLES = {Severity.OK: "green", Severity.WARN: "yellow", Severity.BAD: "bold red"}
WORDS = {Severity.OK: "ok", Severity.WARN: "look", Severity.BAD: "BAD"}
INDENT = (0, 0, 0, 6)


class Command(BaseCommand):
    """Ask every area; exit code 0 when all is well, 1 with something to look at, 2 with something bad."""

    help = "Look for what breaks the promises of this installation. Changes nothing."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="an array of findings")
        parser.add_argument("--all", action="store_true", help="also what is well, one line each")

    def handle(self, *args: Any, **options: Any) -> None:
        for module in settings.LETHE_DOCTORS:
            import_module(module)
        found = doctor.examine()
        if options["json"]:
            rows = [{**asdict(each), "severity": each.severity.name.lower()} for each in found]
            self.stdout.write(json.dumps(rows, indent=1))
        else:
            self._tell(found, everything=options["all"])
        if worst := max((each.severity for each in found), default=Severity.OK):
            sys.exit(int(worst))

    def _tell(self, found: list[Finding], *, everything: bool) -> None:
        out = cast(IO[str], self.stdout)  # it has what a text file has
        console = Console(file=out, width=None if sys.stdout.isatty() else 110, highlight=False)
        for each in found:
            if each.severity == Severity.OK and not everything:
                continue
            console.print(Text.assemble((f"{WORDS[each.severity]:6}", STYLES[each.severity]), each.code))
            console.print(Padding(Text(each.what), INDENT, expand=False))
            for label, text in (("why: ", each.why), ("mend: ", each.mend)):
                if text:
                    console.print(Padding(Text.assemble((label, "dim"), text), INDENT, expand=False))
        well = sum(each.severity == Severity.OK for each in found)
        worse = len(found) - well
        console.print(
            f"{well} things are well, {worse} are not." if worse else f"All {well} things are well."
        )
