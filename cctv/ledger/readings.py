"""Lines of reading, and of use for another purpose, from what the access log says of closed viewings.

One line for each viewing and camera of which anything was sent: who saw which span, and why. Viewing waits
for none of it: the entry `viewing.closed` is durable, and this reads it afterwards, in order.

How far it has come is what the ledger itself says: the time of the newest line that it wrote. Whoever goes on
after a kill begins at that entry again, and a second line of one source is never written; so no entry is
passed over and none counts twice.
"""

from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import Max, Min
from django.utils import translation
from django.utils.translation import gettext as _

from accesslog import Receipt, pruning
from accesslog.errors import BodyGone
from accesslog.models import ROWS_SHIFT, LogEntry, LogIndex
from accesslog.selectors import load_receipt, reading
from accesslog.types import from_us
from cctv.core.clock import parse_rfc3339
from cctv.ledger.languages import language_of
from cctv.ledger.models import LedgerKind, LedgerLine
from cctv.ledger.services import write
from cctv.sites.models import Camera, Site

CLOSED = "viewing.closed"
SOURCE = "viewing "
OTHER_PURPOSE = "other"
AT_ONCE = 200
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a viewing sent of one camera: from the first to the last moment; `pictures`: small ones only."""

    camera_id: UUID
    name: str
    code: str
    first: datetime
    last: datetime
    pictures: bool


def write_readings(*, not_before: datetime = _LONG_AGO) -> int:
    """Write the lines that are missing; how many viewings were looked at. LogUnavailable.

    `not_before`: lines of viewings closed before were erased when the ledger's own time was over.
    """
    count = 0
    start = pruning.index_at(max(_reached(), not_before))
    while True:
        with reading():
            entries = LogEntry.objects.filter(kind=CLOSED, index__gte=start).order_by("index")
            indexes = list(entries.values_list("index", flat=True)[:AT_ONCE])
        for index in indexes:
            _write_lines(index)
        count += len(indexes)
        if len(indexes) < AT_ONCE:
            return count
        start = indexes[-1] + 1


def _reached() -> datetime:
    """The time of the newest entry that has lines; or of the oldest whose line is not in the log yet."""
    mine = LedgerLine.objects.filter(source__startswith=SOURCE)
    newest = mine.aggregate(at=Max("at"))["at"]
    torn = mine.filter(entry=None).aggregate(at=Min("at"))["at"]
    return min(filter(None, (newest, torn)), default=_LONG_AGO)


def _write_lines(index: int) -> None:
    try:
        receipt = load_receipt(index)
    except BodyGone:
        return  # what it said has ended
    site = Site.objects.filter(pk=receipt.body["site"]["id"]).first()
    if site is None:
        return  # entries of a register that was replaced altogether
    with translation.override(language_of(site)):
        for seen in _seen(receipt):
            write(**_line(receipt, site, seen))


def _seen(receipt: Receipt) -> Iterator[Seen]:
    """By camera. An entry that had to leave spans out counts with the whole span of the viewing."""
    found: dict[str, Seen] = {}
    for pictures, spans in ((False, receipt.body["sent"]), (True, receipt.body["small_pictures"])):
        for span in spans:
            camera, first, last = span["camera"], parse_rfc3339(span["from"]), parse_rfc3339(span["to"])
            known = found.get(camera["id"])
            if known is None:
                at = Seen(UUID(camera["id"]), camera["name"], camera["code"], first, last, pictures)
            else:
                at = Seen(
                    known.camera_id, known.name, known.code, min(known.first, first), max(known.last, last),
                    known.pictures and pictures,
                )  # fmt: skip
            found[camera["id"]] = at
    if receipt.body.get("sent_left_out"):
        found |= {str(each.camera_id): each for each in _whole(receipt.index)}
    return iter(found.values())


def _whole(index: int) -> list[Seen]:
    """Every camera of the viewing with the viewing's whole span, from the entry's search rows."""
    with reading():
        rows = LogIndex.objects.filter(id__gte=index << ROWS_SHIFT, id__lt=(index + 1) << ROWS_SHIFT)
        spans = {row.camera: row for row in rows if row.camera and row.footage_from_us is not None}
    seen = []
    for camera in Camera.objects.filter(pk__in=list(spans)):
        row = spans[str(camera.pk)]
        first, last = from_us(row.footage_from_us or 0), from_us(row.footage_to_us or 0)
        seen.append(Seen(camera.pk, camera.name, camera.code, first, last, pictures=False))
    return seen


def _line(receipt: Receipt, site: Site, seen: Seen) -> dict[str, Any]:
    body = receipt.body
    actor = body["actor"]
    # Whoever changed the purpose looked for each of them in turn.
    purposes = body.get("purposes") or [{**body["purpose"], "case": body.get("case", "")}]
    # A viewing for a purpose that is not the cameras' own is refused as yet: no entry says `intended: false`.
    other = any(each.get("code") == OTHER_PURPOSE or each.get("intended") is False for each in purposes)
    return {
        "kind": LedgerKind.USE if other else LedgerKind.READ,
        "site": site,
        "at": receipt.time,
        "item": f"{seen.name} ({seen.code})",
        "form": _("small pictures, on screen") if seen.pictures else _("sealed video, on screen"),
        "handler": f"{actor['name']} ({actor['employer']})" if actor.get("employer") else actor["name"],
        "reason": "; ".join(_reason(each, str(each.get("case", ""))) for each in purposes),
        "ground": str(body["purpose"].get("ground", "")),
        "footage_from": seen.first,
        "footage_to": seen.last,
        "source": f"{SOURCE}{_short(UUID(str(body['viewing'])))} {_short(seen.camera_id)}",
    }


def _reason(purpose: Mapping[str, Any], case: str) -> str:
    said = [str(purpose.get("text", "")), str(purpose.get("reason", ""))]
    if case:
        said.append(_("case %(case)s") % {"case": case})
    return " · ".join(filter(None, said))


def _short(pk: UUID) -> str:
    """22 characters."""
    return urlsafe_b64encode(pk.bytes).decode().rstrip("=")
