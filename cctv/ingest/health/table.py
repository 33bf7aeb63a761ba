"""Gaps as a table for other programs: CSV, with times on the site's clocks."""

import csv
import io
from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from cctv.ingest.health import words
from cctv.ingest.health.gaps import Gap
from cctv.ledger.table import harmless
from cctv.sites.models import Camera, Site


def lines(rows: Iterable[tuple[Camera, Gap]], site: Site) -> Iterator[str]:
    """The file, line by line; begins with a byte order mark, as spreadsheets want it."""
    yield "\ufeff" + _line(
        [
            _("Camera"),
            _("Name"),
            _("Place"),
            _("From"),
            _("To"),
            _("Seconds"),
            _("Goes on"),
            _("Likely reason"),
        ]
    )
    zone = ZoneInfo(site.time_zone)
    for camera, gap in rows:
        first, last = (moment.astimezone(zone).isoformat(" ", "seconds") for moment in (gap.start, gap.end))
        yield _line(
            [
                camera.code, camera.name, camera.location, first, last, f"{gap.seconds:.0f}",
                _("yes") if gap.open else "", words.gap_reason(gap.reason),
            ]
        )  # fmt: skip


def _line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(map(harmless, cells))
    return out.getvalue()
