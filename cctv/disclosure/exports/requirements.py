"""Whether a package may be made, and whether it may leave: asked anew by packaging and each hand-over."""

from cctv.core import clock
from cctv.disclosure.exports import guarding
from cctv.disclosure.exports.deciding import is_settled
from cctv.disclosure.exports.errors import ExportViolated, NotHandable
from cctv.disclosure.exports.models import Export, ExportState, Urgency
from cctv.disclosure.exports.results import redactions_of, require_pinned
from cctv.footage.restrictions.services import require_free


def require_packable(export: Export) -> None:
    """Raise unless the package may be made (go on being made) now.

    NotHandable, ExportViolated, HoldGone, FootageRestricted, and what `require_pinned` raises.
    """
    row = _fresh(export)
    if row.state != ExportState.APPROVED:
        raise NotHandable
    _require_permitted(row)
    for redaction in redactions_of(row):
        require_pinned(row, redaction)


def require_handable(export: Export) -> None:
    """Raise unless the package may leave now: whole, in time, not restricted, held, and approved or urgent.

    NotHandable, ExportViolated, HoldGone, FootageRestricted.
    """
    row = _fresh(export)
    if row.state != ExportState.READY or row.expires_at is None or clock.now() >= row.expires_at:
        raise NotHandable
    _require_permitted(row)


def _require_permitted(row: Export) -> None:
    late = row.approve_by is not None and clock.now() >= row.approve_by
    if row.urgency == Urgency.REFUSED:
        raise ExportViolated
    if (row.urgency == Urgency.LATE or (row.urgency == Urgency.WAITING and late)) and not is_settled(row):
        raise ExportViolated
    guarding.require_standing(row)
    for span in row.spans.select_related("camera"):
        require_free(span.camera, span.starts_at, span.ends_at)


def _fresh(export: Export) -> Export:
    return Export.objects.select_related("site", "case").get(pk=export.pk)
