"""Where an export stands, as a row of steps."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cctv.disclosure.exports.checks import Step
from cctv.disclosure.exports.models import ActKind, Export, ExportAct, ExportState, Urgency

_BEFORE = (ExportState.DRAFT, ExportState.ASKED, ExportState.RETURNED)
_STOPPED = (ExportState.REJECTED, ExportState.WITHDRAWN)


def steps_of(export: Export, *, is_mine_to_decide: bool) -> list[Step]:
    """Asked, held, redacted (where it is), decided, packaged, handed over."""
    acts = list(export.acts.select_related("by").order_by("at", "id"))
    found = [Step(_("Asked for"), "done", moment=export.asked_at), _held(export)]
    redactions = export.spans.exclude(redaction=None).values("redaction").distinct().count()
    if redactions:
        said = ngettext("%(n)d clip", "%(n)d clips", redactions) % {"n": redactions}
        found.append(Step(_("Redacted"), "done", said))
    return [*found, _decided(export, acts, is_mine_to_decide), _packaged(export), _handed(export)]


def _held(export: Export) -> Step:
    if export.hold is None:
        return Step(_("Held"), "now" if export.state == ExportState.DRAFT else "stopped")
    if export.hold.protects:
        return Step(_("Held"), "done", _("until"), export.hold.opens_until, "date")
    return Step(_("Held"), "stopped", _("ended"))


def _decided(export: Export, acts: list[ExportAct], is_mine: bool) -> Step:
    last = {act.kind: act for act in acts}
    if export.urgency:
        return _decided_urgent(export, last)
    if export.state in (ExportState.ASKED, ExportState.DRAFT):
        return Step(_("Approve"), "now", _("you") if is_mine else _("a second person"))
    if export.state == ExportState.RETURNED:
        return Step(_("Asked back"), "now", export.asked_by.name)
    if export.state == ExportState.REJECTED and (act := last.get(ActKind.REJECTED)):
        return Step(_("Rejected"), "stopped", act.by.name if act.by else "")
    if act := last.get(ActKind.APPROVED):
        return Step(_("Approved"), "done", act.by.name if act.by else "")
    return Step(_("Approve"), "stopped" if export.state in _STOPPED else "todo")


def _decided_urgent(export: Export, last: dict[str, ExportAct]) -> Step:
    if export.urgency == Urgency.REFUSED:
        return Step(_("Not approved"), "stopped", _("a violation"))
    if act := last.get(ActKind.CONFIRMED):
        return Step(_("Approved afterwards"), "done", act.by.name if act.by else "")
    if export.urgency == Urgency.LATE:
        return Step(_("Not approved in time"), "stopped", _("a violation"))
    return Step(_("Approve afterwards"), "now", _("until"), export.approve_by, "datetime")


def _packaged(export: Export) -> Step:
    if export.state == ExportState.APPROVED:
        if export.error_code:
            return Step(_("Package"), "stopped", _("stopped"))
        return Step(_("Package"), "now", f"{export.work_permille // 10} %")
    if export.state in (ExportState.READY, ExportState.ENDED):
        return Step(_("Packaged"), "done")
    return Step(_("Package"), "stopped" if export.state in _STOPPED else "todo")


def _handed(export: Export) -> Step:
    handed = export.handovers.count()
    if handed:
        said = ngettext("%(n)d copy", "%(n)d copies", handed) % {"n": handed}
        return Step(_("Handed over"), "done", said)
    if export.state == ExportState.READY:
        return Step(_("Hand over"), "now", _("until"), export.expires_at, "date")
    over = export.state in (*_STOPPED, ExportState.ENDED)
    return Step(_("Hand over"), "stopped" if over else "todo")
