"""Why a package is not made, or no longer, in the reader's words: the row keeps the code of what happened."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise

from cctv.core.errors import LetheError
from cctv.disclosure.exports.models import ActKind, Export, ExportAct, ExportState


@dataclass(frozen=True, slots=True)
class Stopped:
    """What happened, what to do, and when it is tried again by itself (None: not)."""

    message: str | Promise
    hint: str | Promise
    again_at: datetime | None


def stopped_of(export: Export) -> Stopped | None:
    """Why the packaging stands still; None where it does not."""
    if export.state != ExportState.APPROVED or not export.error_code:
        return None
    again_at = export.not_before if export.work_asked_at is not None else None
    known = next((each for each in _kinds(LetheError) if each.code == export.error_code), None)
    # What is no error of ours bears the code of one, and its own words, which say more.
    if known is None or (known.__name__ == "PackagingFailed" and str(known.message) not in export.error):
        return Stopped(export.error, known.hint if known else "", again_at)
    return Stopped(known.message, known.hint, again_at)


def ended_by(export: Export) -> ExportAct | None:
    """Who rejected or withdrew it, and why; None where nobody did."""
    if export.state not in (ExportState.REJECTED, ExportState.WITHDRAWN):
        return None
    acts = export.acts.filter(kind__in=(ActKind.REJECTED, ActKind.WITHDRAWN)).select_related("by")
    return acts.order_by("-at", "-id").first()


def _kinds(of: type[LetheError]) -> Iterator[type[LetheError]]:
    for each in of.__subclasses__():
        yield each
        yield from _kinds(each)
