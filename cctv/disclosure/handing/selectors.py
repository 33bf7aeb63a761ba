"""What the pages show of copies: to whoever hands them over, and to whoever takes one."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.disclosure.exports.models import Export, ExportState, FileKind, PackageFile
from cctv.disclosure.exports.requirements import require_handable
from cctv.disclosure.handing import details, sending, services
from cctv.disclosure.handing.entries import HAND
from cctv.disclosure.handing.models import HandOver, Sealing, Sending, Way
from cctv.people.policy import Permissions

FOOTAGE = (FileKind.CLIP, FileKind.REDACTED, FileKind.STILL)
OPEN, USED, RAN_OUT, CLOSED, ENDED = "open", "used", "ran_out", "closed", "ended"
WORDS: dict[str, tuple[str, str | Promise]] = {
    OPEN: ("ok", _("open")),
    USED: ("", _("downloaded")),
    RAN_OUT: ("", _("ran out")),
    CLOSED: ("bad", _("closed: wrong codes")),
    ENDED: ("", _("ended")),
}


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy as the export's page shows it."""

    row: HandOver
    state: str
    person: str
    contact: str
    is_sealed_gone: bool
    sendings: Sequence[Sending]
    whole: int

    @property
    def tone(self) -> str:
        """Of the state's badge."""
        return WORDS[self.state][0]

    @property
    def word(self) -> str | Promise:
        """The state in a word."""
        return WORDS[self.state][1]

    @property
    def is_open(self) -> bool:
        """Whether it can still be ended."""
        return self.state == OPEN

    @property
    def is_medium(self) -> bool:
        """Whether it goes onto a medium."""
        return self.row.way == Way.MEDIUM

    @property
    def may_confirm(self) -> bool:
        """Whether somebody here may write down that it was received."""
        return self.whole > 0 and self.row.received_at is None


def state_of(row: HandOver) -> str:
    """Where a copy stands."""
    if row.attempts_left == 0:
        return CLOSED
    if services.is_open(row):
        return OPEN
    if row.downloads_left == 0 and _was_sent(row):
        return USED
    return ENDED if row.ended_at is not None and row.ended_at < (row.open_until or row.ended_at) else RAN_OUT


def _was_sent(row: HandOver) -> bool:
    """Whether a copy has left, be it without its last bytes."""
    size = sending.size_of(row) or sum(row.export.files.values_list("size_bytes", flat=True))
    return any(sending.is_as_good_as_whole(each, size) for each in row.sendings.all())


def copies_of(export: Export) -> list[Copy]:
    """All copies of an export, the newest first."""
    found = []
    rows = services.copies().filter(export=export).prefetch_related("sendings").order_by("-copy")
    for row in rows:
        known = details.read(row)
        sendings = list(row.sendings.all())
        found.append(
            Copy(
                row=row, state=state_of(row), person=known.person if known else "",
                contact=known.contact if known else "", is_sealed_gone=known is None, sendings=sendings,
                whole=sum(each.is_whole for each in sendings),
            )
        )  # fmt: skip
    return found


def for_export(export: Export, permissions: Permissions) -> dict[str, Any]:
    """What `_on_export.html` shows: {"copies", "may_hand", "refused", "zone", "is_ready"}."""
    refused = None
    may = permissions.may(HAND, site_id=export.site_id)
    if export.state == ExportState.READY:
        try:
            require_handable(export)
        except LetheError as error:
            refused = error
    return {
        "copies": copies_of(export), "is_ready": export.state == ExportState.READY, "refused": refused,
        "may_hand": may and export.state == ExportState.READY and refused is None, "may": may,
        "zone": export.site.time_zone, "now": clock.now(),
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """What of one camera and span is in a package."""

    camera: str
    starts_at: datetime
    ends_at: datetime
    form: str


def contents(row: HandOver) -> dict[str, Any]:
    """What the recipient is told, after the code: no file's content, no names of persons."""
    export = row.export
    files = list(PackageFile.objects.filter(export=export).exclude(done_at=None).only("kind", "size_bytes"))
    kinds = Counter(file.kind for file in files)
    spans = export.spans.select_related("camera").order_by("starts_at", "camera__name")
    return {
        "copy": row, "export": export, "zone": export.site.time_zone,
        "clips": kinds[FileKind.CLIP], "redacted": kinds[FileKind.REDACTED], "stills": kinds[FileKind.STILL],
        "files": len(files), "size": sending.size_of(row) or sum(file.size_bytes for file in files),
        "manifest": export.package.get("sha256", ""),
        "spans": [Shown(s.camera.name, s.starts_at, s.ends_at, s.get_form_display()) for s in spans],
        "by_phrase": row.sealing == Sealing.PASS_PHRASE, "by_key": row.sealing == Sealing.AGE_KEY,
    }  # fmt: skip
