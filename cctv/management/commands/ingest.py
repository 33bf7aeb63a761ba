"""`manage.py ingest PATH... --camera CODE`: one-off import of files and folders."""

from argparse import ArgumentTypeError
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cctv.core.errors import LetheError
from cctv.ingest import bulk
from cctv.ingest.models import SourceLayout
from cctv.ingest.patterns import BadPattern, compile_pattern
from cctv.sites.models import Camera

EPILOG = """\
exit codes: 0 everything is in (or was there before); 1 something went to quarantine or failed;
2 wrong arguments; 3 nothing could be taken in (storage, keys, log or register trouble).
"""


class Command(BaseCommand):
    """Import recordings by the same way as every other source."""

    help = "Take in recordings from files or folders, once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.epilog = EPILOG
        parser.add_argument(
            "paths", nargs="+", type=Path, metavar="PATH", help="files, or folders with files"
        )
        parser.add_argument(
            "--camera", required=True, metavar="CODE", help="the camera's code in the register"
        )
        parser.add_argument(
            "--start", type=_start, help="when a single file began: 2026-11-14T10:02:00+09:00"
        )
        parser.add_argument("--layout", choices=SourceLayout.values, default=SourceLayout.FFMPEG)
        parser.add_argument(
            "--pattern", type=_pattern, help="file name pattern, e.g. cam_%%Y%%m%%d_%%H%%M%%S.mp4"
        )
        parser.add_argument("--time-zone", type=_zone, help="zone of the file names; default: the site's")
        group = parser.add_mutually_exclusive_group()
        group.add_argument("--keep", action="store_true", help="leave the files in place (default)")
        group.add_argument("--remove", action="store_true", help="delete each file once it is safe")

    def handle(self, *args: Any, **options: Any) -> None:
        camera = Camera.objects.select_related("site").filter(code=options["camera"]).first()
        if camera is None:
            raise CommandError(f"There is no camera of the code {options['camera']!r}.", returncode=2)
        files = bulk.files_of(options["paths"])
        if not files:
            raise CommandError("There are no files at these places.", returncode=2)
        if options["start"] is not None and len(files) != 1:
            raise CommandError("--start goes with exactly one file.", returncode=2)
        job = bulk.Import(
            camera=camera,
            layout=options["layout"],
            pattern=options["pattern"] or "",
            zone=options["time_zone"] or ZoneInfo(camera.site.time_zone),
            start=options["start"],
            remove=options["remove"],
        )
        try:
            summary = bulk.run(job, files, show=options["verbosity"] > 0)
        except LetheError as error:
            raise CommandError(str(error), returncode=3) from None
        if options["verbosity"] > 0:
            self.stdout.write(summary.sentence())
        if summary.troubles:
            raise SystemExit(1)


def _start(text: str) -> datetime:
    """An aware time."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None
    if moment.tzinfo is None:
        raise ArgumentTypeError("give the offset from UTC too, for instance +09:00")
    return moment


def _zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError):
        raise ArgumentTypeError(f"{text!r} is not the name of a time zone") from None


def _pattern(text: str) -> str:
    try:
        return compile_pattern(text).text
    except BadPattern as error:
        raise ArgumentTypeError(str(error)) from None
