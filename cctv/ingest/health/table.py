"""Gaps as a table for other programs: CSV, with times on the site's clocks."""

import csv
import io
from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from cctv.ingest.health import words
from cctv.ingest.health.gaps import UNTOLD
from cctv.ingest.health.report import Gaps
from cctv.ledger.table import harmless
from cctv.sites.models import Site


def lines(found: Gaps, site: Site) -> Iterator[str]:
    """The file, line by line; begins with a byte order mark, as spreadsheets want it.

    What is not in it, its last lines say.
    """
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
    for camera, gap in found.rows:
        first, last = (moment.astimezone(zone).isoformat(" ", "seconds") for moment in (gap.start, gap.end))
        yield _line(
            [
                camera.code, camera.name, camera.location, first, last, f"{gap.seconds:.0f}",
                _("yes") if gap.open else "", words.gap_reason(gap.reason),
            ]
        )  # fmt: skip
    if found.left_out:
        text = _("%(n)s shorter gaps are left out: ask for one camera, or for fewer days.")
        yield _line([text % {"n": f"{found.left_out:,}"}])
    if len(found.rows) and any(gap.reason == UNTOLD for _camera, gap in found.rows):
        yield _line([_("Without a reason: only the longest gaps were held against the other cameras.")])
    if found.page.last - found.page.first + 1 < found.page.of:
        yield _line([words.page(found.page)])


def _line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(map(harmless, cells))
    return out.getvalue()
