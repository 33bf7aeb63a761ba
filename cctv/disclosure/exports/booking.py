"""The line of the ledger for each copy that is handed over (O13, O14, O37): who, what, why, how."""

from django.utils import translation
from django.utils.translation import gettext as _

from cctv.disclosure.exports.grounds import ground_text
from cctv.disclosure.exports.models import Export, RecipientKind
from cctv.disclosure.handing.models import HandOver
from cctv.disclosure.services import LANGUAGES
from cctv.ledger import services as ledger
from cctv.ledger.models import LedgerKind, LedgerLine

_NAMED = 4


def book_provision(handover: HandOver) -> LedgerLine:
    """Write the copy's line, once: PROVIDE, or USE where it stays in the house for another purpose.

    In the language of the site's law. Called when the copy leaves, in whatever transaction that is.
    LogUnavailable.
    """
    export = handover.export
    kind = LedgerKind.USE if export.recipient_kind == RecipientKind.OWN else LedgerKind.PROVIDE
    on = f" {handover.medium.number}" if handover.medium else ""
    spans = list(export.spans.select_related("camera").order_by("starts_at", "camera__name"))
    with translation.override(LANGUAGES.get(export.site.jurisdiction, "en")):
        by = handover.made_by
        return ledger.write(
            kind=kind,
            site=export.site,
            item=_item(export, [span.camera.name for span in spans]),
            form=str(_forms({span.form for span in spans})),
            handler=f"{by.name}, {by.employer}".rstrip(", "),
            reason=_reason(export),
            source=f"export {export.number} copy {handover.copy}",
            recipient=export.recipient,
            ground=_ground(export),
            provided_as=f"{handover.get_way_display()}{on}; {handover.get_sealing_display()}",
            footage_from=min(span.starts_at for span in spans),
            footage_to=max(span.ends_at for span in spans),
        )


def _item(export: Export, cameras: list[str]) -> str:
    names = list(dict.fromkeys(cameras))
    shown = ", ".join(names[:_NAMED])
    if len(names) > _NAMED:
        shown = _("%(cameras)s and %(n)d more") % {"cameras": shown, "n": len(names) - _NAMED}
    return f"{export.number} ({export.case.number}): {shown}"


def _forms(forms: set[str]) -> str:
    if forms == {"native"}:
        return _("video as recorded")
    return _("redacted video") if forms == {"redacted"} else _("video as recorded, and redacted")


def _reason(export: Export) -> str:
    if export.purpose is None:
        return _("Another purpose: %(purpose)s") % {"purpose": export.purpose_text}
    said = f"{export.purpose.name}: {export.purpose_text}" if export.purpose_text else export.purpose.name
    return str(said)


def _ground(export: Export) -> str:
    said = ground_text(export.site.jurisdiction, export.ground)
    return f"{said} ({export.document})" if export.document else said
