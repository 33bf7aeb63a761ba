"""What is asked for, before and after it is a row; and whether the law and the footage allow it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from cctv.core import clock
from cctv.disclosure.cases.models import Case, CaseState, Letter
from cctv.disclosure.exports import details as sealed
from cctv.disclosure.exports.details import Details
from cctv.disclosure.exports.errors import (
    CaseOver,
    ExportRefused,
    GroundRefused,
    NothingRecorded,
    RedactionUnfit,
    UrgentOnlyForLife,
)
from cctv.disclosure.exports.footage import recorded
from cctv.disclosure.exports.grounds import Ground, offered
from cctv.disclosure.exports.models import Export, ExportForm, RecipientKind
from cctv.disclosure.packaging.masked import require_native
from cctv.footage.errors import PurposeRequired
from cctv.footage.restrictions.services import require_free
from cctv.footage.viewing import LONGEST_SPAN, MOST_CAMERAS
from cctv.footage.viewings.standing import allows
from cctv.redaction.models import Redaction
from cctv.redaction.review.services import require_approved
from cctv.sites.models import Camera, Purpose, Site

MOST_SPANS = 64
MOST_KEEP_DAYS = 90


@dataclass(frozen=True, slots=True)
class Wanted:
    """A stretch of a camera, half-open, and what of it goes out."""

    camera: Camera
    starts_at: datetime
    ends_at: datetime
    form: str = ExportForm.NATIVE
    redaction: Redaction | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """Everything that is asked for. `purpose` None: another purpose, in the words of `purpose_text`."""

    spans: Sequence[Wanted]
    recipient_kind: str
    recipient: str
    ground: str
    document: str = ""
    purpose: Purpose | None = None
    purpose_text: str = ""
    letter: Letter | None = None
    keep_days: int = 7
    language: str = "en"
    watermark: bool = False
    details: Details = field(default_factory=Details)


def wish_of(export: Export) -> Wish:
    """What a row asks for."""
    rows = export.spans.select_related("camera__site", "redaction").order_by("starts_at", "camera__name")
    return Wish(
        spans=[
            Wanted(row.camera, row.starts_at, row.ends_at, row.form, row.redaction) for row in rows
        ],
        recipient_kind=export.recipient_kind, recipient=export.recipient, ground=export.ground,
        document=export.document, purpose=export.purpose, purpose_text=export.purpose_text,
        letter=export.letter, keep_days=export.keep_days, language=export.language,
        watermark=export.watermark, details=sealed.read(export) or Details(),
    )  # fmt: skip


def require_allowed(site: Site, case: Case, wish: Wish) -> None:
    """Raise unless all of it may leave now, were it approved: asked when asking and when approving.

    ExportRefused, CaseOver, GroundRefused, PurposeRequired, NothingRecorded, FootageRestricted,
    RedactionUnfit, MasksForbidNative, and what an approved redaction raises.
    """
    if case.site_id != site.pk or case.state != CaseState.OPEN:
        raise CaseOver
    require_wish(site, wish)
    if wish.letter is not None and wish.letter.case_id != case.pk:
        raise GroundRefused(hint=_("Attach the letter to the same case."))


def require_wish(site: Site, wish: Wish, *, letter_comes: bool = False) -> None:
    """The same, whatever the case; `letter_comes`: a form that is sent with its letter, not yet kept."""
    _require_words(wish)
    _require_spans(site, wish.spans)
    _require_purpose(wish)
    require_ground(site, wish, letter_comes=letter_comes)
    for span in wish.spans:
        require_free(span.camera, span.starts_at, span.ends_at)
        if span.form != ExportForm.REDACTED:
            require_native(span.camera)
        _require_redaction(span)
        if not recorded(span.camera, span.starts_at, span.ends_at).exists():
            raise NothingRecorded


def require_ground(site: Site, wish: Wish, *, letter_comes: bool = False) -> Ground:
    """The ground, if this controller may use it for this recipient and everything it asks for is there."""
    grounds = offered(
        site.jurisdiction, is_public_body=site.organisation.is_public_body, to=wish.recipient_kind
    )
    ground = next((each for each in grounds if each.code == wish.ground), None)
    if ground is None:
        raise GroundRefused
    if ground.document and not wish.document.strip():
        raise GroundRefused(hint=_("Name the warrant, order, letter or declaration of consent."))
    if ground.document and wish.letter is None and not letter_comes:
        raise GroundRefused(hint=_("Attach the warrant, order, letter or declaration of consent."))
    if ground.no_consent and not wish.details.why_no_consent.strip():
        raise GroundRefused(hint=_("Say why the consent of those concerned cannot be had."))
    return ground


def require_urgent(site: Site, wish: Wish, reason: str) -> None:
    """Raise UrgentOnlyForLife unless somebody's life is in danger, and it is said why."""
    if not require_ground(site, wish).life or not reason.strip():
        raise UrgentOnlyForLife


def _require_words(wish: Wish) -> None:
    if wish.recipient_kind not in RecipientKind.values or not wish.recipient.strip():
        raise ExportRefused(hint=_("Say which office or organisation receives it."))
    if not 1 <= wish.keep_days <= MOST_KEEP_DAYS or wish.language not in dict(settings.LANGUAGES):
        raise ExportRefused


def _require_spans(site: Site, spans: Sequence[Wanted]) -> None:
    cameras = {span.camera.pk for span in spans}
    if not 0 < len(spans) <= MOST_SPANS or len(cameras) > MOST_CAMERAS:
        raise ExportRefused
    now = clock.now()
    ends: dict[object, datetime] = {}
    for span in sorted(spans, key=lambda each: each.starts_at):
        if span.camera.site_id != site.pk or not span.starts_at < span.ends_at <= now:
            raise ExportRefused
        if ends.get(span.camera.pk, span.starts_at) > span.starts_at:
            raise ExportRefused(hint=_("Two spans of one camera overlap: make one of them."))
        ends[span.camera.pk] = span.ends_at
    if any(span.ends_at - span.starts_at > LONGEST_SPAN for span in spans):
        raise ExportRefused(hint=_("A span has at most 31 days."))


def _require_purpose(wish: Wish) -> None:
    if wish.purpose is None:
        if not wish.purpose_text.strip():
            raise PurposeRequired
        return
    if wish.recipient_kind == RecipientKind.OWN or not allows(
        wish.purpose, [span.camera for span in wish.spans]
    ):
        raise PurposeRequired


def _require_redaction(span: Wanted) -> None:
    """What leaves redacted is what was approved, of this camera, and nothing outside the span."""
    if span.form not in ExportForm.values or (span.form == ExportForm.NATIVE) != (span.redaction is None):
        raise RedactionUnfit
    if span.redaction is None:
        return
    found = span.redaction
    if found.camera_id != span.camera.pk:
        raise RedactionUnfit
    if not span.starts_at <= found.starts_at < found.ends_at <= span.ends_at:
        raise RedactionUnfit
    if span.form == ExportForm.REDACTED and (found.starts_at, found.ends_at) != (
        span.starts_at, span.ends_at
    ):  # fmt: skip
        raise RedactionUnfit(hint=_("A copy that is only redacted covers exactly the redaction's span."))
    require_approved(found)
