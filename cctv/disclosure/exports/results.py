"""Which result of each redaction an export is of: what was approved leaves, and no other.

An approved redaction may be edited, rendered and approved anew, also by whoever asked for the export. So the
row pins the hash of each result when it is asked for, and anew when it is approved, beside what is recorded.
"""

from cctv.disclosure.exports.errors import ResultChanged
from cctv.disclosure.exports.models import Export
from cctv.redaction.models import Redaction, RedactionReview
from cctv.redaction.review.services import require_approved

RESULTS = "results"


def redactions_of(export: Export) -> list[Redaction]:
    """What goes out redacted, each once."""
    return list(Redaction.objects.filter(exported__export=export).distinct().order_by("pk"))


def rendered(export: Export) -> dict[str, str]:
    """The result of each redaction as it is now, approved or not: what a page shows."""
    return {str(each.pk): str(each.result.get("sha256", "")) for each in redactions_of(export)}


def pin(export: Export) -> dict[str, str]:
    """Write into `package` which results these are; the caller saves it. What `require_approved` raises."""
    found = {str(each.pk): require_approved(each).result_sha256 for each in redactions_of(export)}
    export.package = {**export.package, RESULTS: found}
    return found


def pinned(export: Export, redaction: Redaction) -> str:
    """The result that was asked for, or approved; "" where none was."""
    return str(export.package.get(RESULTS, {}).get(str(redaction.pk), ""))


def require_pinned(export: Export, redaction: Redaction) -> RedactionReview:
    """The approval of the redaction, of the very result that was approved with the export.

    ResultChanged (a NotApproved), and what `require_approved` raises.
    """
    review = require_approved(redaction)
    if review.result_sha256 != pinned(export, redaction):
        raise ResultChanged
    return review
