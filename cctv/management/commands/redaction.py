"""manage.py redaction: measures how well a redacted clip hides people; touches no database and no vault."""

import json
import re
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cctv.core.errors import LetheError
from cctv.redaction.score import truth as truths
from cctv.redaction.score.measure import measure
from cctv.redaction.score.scores import Score


class Command(BaseCommand):
    """One verb each; `score` reads three files and prints."""

    help = "Score a redacted clip, made by any tool, against its source and ground truth."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        """One verb each."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        score = verbs.add_parser("score", help="measure by pixels whose heads an output shows")
        score.add_argument("--output", type=Path, required=True, help="the redacted clip")
        score.add_argument("--source", type=Path, required=True, help="the clip it was made from")
        score.add_argument("--truth", type=Path, required=True, help="who is where: CVML, MOT CSV or JSON")
        score.add_argument("--subject", help="whose head stays visible, as the truth calls them")
        score.add_argument("--frames", type=_frames, metavar="A-B", help="these pictures only, from 0 on")
        score.add_argument(
            "--truth-size", type=_size, metavar="WxH", help="what size the truth was drawn for, if another"
        )
        score.add_argument(
            "--reveal", action="store_true", help="the empty scene is meant to show: no overblur"
        )
        score.add_argument("--worst", type=int, default=10, metavar="N", help="list so many worst moments")
        score.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Measure and print; a LetheError becomes the command's error."""
        try:
            score = measure(
                options["output"],
                options["source"],
                truths.read(options["truth"], size=options["truth_size"]),
                subject=options["subject"],
                frames=options["frames"],
                reveal=options["reveal"],
            )
        except LetheError as error:
            raise CommandError(str(error)) from error
        worst = max(0, options["worst"])
        if options["json"]:
            self.stdout.write(json.dumps({**score.figures(), "worst": score.worst(worst)}))
        else:
            self._tell(score, worst)

    def _tell(self, score: Score, worst: int) -> None:
        for line in _lines(score):
            self.stdout.write(line)
        moments = score.worst(worst)
        for title, what in (("exposed", "exposed"), ("subject not visible", "subject_hidden")):
            if moments[what]:
                self.stdout.write(f"\nworst, {title}:")
            for each in moments[what]:
                self.stdout.write("  picture {frame}: {kind} {identity}, {shown_pct} % shows".format(**each))
        if moments["overblur"] and moments["overblur"][0]["pct"]:
            self.stdout.write("\nworst, needlessly covered:")
            for each in moments["overblur"]:
                self.stdout.write("  picture {frame}: {pct} %".format(**each))


def _lines(score: Score) -> list[str]:
    figures = score.figures()
    heads, plates, subject = figures["heads"], figures["plates"], figures["subject_frames"]
    besides = f", {score.plain} plain ones besides" if score.plain else ""
    lines = [f"{figures['pictures']} pictures ({score.first}-{score.last}){besides}"]
    lines.append(f"heads exposed      {_percent(score.heads_exposed_pct)}   {_of(heads, 'exposed')}")
    if plates["judged"]:
        lines.append(f"plates exposed     {_percent(score.plates_exposed_pct)}   {_of(plates, 'exposed')}")
    if score.subject is not None:
        lines.append(f"subject visible    {_percent(score.subject_visible_pct)}   {_of(subject, 'visible')}")
    lines.append(f"needlessly covered {_percent(score.overblur_pct)}")
    lines.append(f"changed in all     {_percent(figures['changed_pct'])}")
    return lines


def _of(counts: dict[str, int], what: str) -> str:
    left_out = f"{counts['outside']} hidden or outside, {counts['blank']} blank"
    return f"({counts[what]} of {counts['judged']}; not counted: {left_out})"


def _percent(value: float | None) -> str:
    return "      n/a" if value is None else f"{value:7.2f} %"


def _frames(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,9})-(\d{1,9})", text)
    if not found or int(found[1]) > int(found[2]):
        raise ArgumentTypeError("give the first and the last picture, such as 0-198")
    return int(found[1]), int(found[2])


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([1-9]\d{0,4})x([1-9]\d{0,4})", text)
    if not found:
        raise ArgumentTypeError("give width and height, such as 1920x1080")
    return int(found[1]), int(found[2])
