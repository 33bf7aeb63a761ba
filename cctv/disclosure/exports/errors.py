"""Why an export is not asked for, decided or handed out."""

from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError
from cctv.redaction.review.errors import NotApproved


class ExportRefused(LetheError):
    """The spans do not fit together: no camera, another site's, an empty or future span, too many."""

    code = "export_refused"
    message = _("This cannot be exported.")
    hint = _("Choose cameras of one site and spans that have ended, each with an end after its start.")


class NothingRecorded(LetheError):
    """Of a span there is no recording, or no longer."""

    code = "export_nothing"
    status = 409
    message = _("Of one of the spans there is no recording here.")
    hint = _("Choose a span with footage; what is past its retention is gone.")


class GroundRefused(LetheError):
    """O37, O38: not for this recipient, this kind of organisation, or without what the ground asks for."""

    code = "ground_refused"
    message = _("This ground does not allow it.")
    hint = _("Choose a ground that is offered for this recipient, and give what it asks for.")


class RedactionUnfit(LetheError):
    """Not of this camera and span, or another site's."""

    code = "redaction_unfit"
    message = _("This redaction does not fit the span.")
    hint = _("Choose an approved redaction of the same camera, within the span.")


class ResultChanged(NotApproved):
    """The redaction has another result than the one that was approved with the export."""

    code = "export_result_changed"
    message = _("The redacted copy was changed after this export had been approved.")
    hint = _("What was approved is no longer there. Withdraw this export and ask for it anew.")


class UrgentOnlyForLife(LetheError):
    """Break-glass is for life, with a reason."""

    code = "urgent_only_for_life"
    message = _("Only an urgent threat to life goes out before it is approved.")
    hint = _("Choose the ground of danger to life, and say in a few words what threatens whom.")


class CaseOver(LetheError):
    """A closed case, or another site's, takes no new export."""

    code = "case_over"
    status = 409
    message = _("This case is closed, or belongs to another site.")
    hint = _("Choose an open case of the site, or open a new one.")


class OwnExport(LetheError):
    """Two people stand behind each copy that leaves."""

    code = "own_export"
    status = 403
    message = _("You asked for this export yourself, so somebody else decides on it.")
    hint = _("Ask another approver or the privacy officer of the site.")


class ExportDecided(LetheError):
    """Somebody was faster."""

    code = "export_decided"
    status = 409
    message = _("This export is not where it would have to be for that.")
    hint = _("Load its page again to see what became of it.")


class ExportChanged(LetheError):
    """The page that was decided on is no longer what is asked for."""

    code = "export_changed"
    status = 409
    message = _("This export was changed after you had opened the page.")
    hint = _("Look at it again, then decide.")


class RemarkRequired(LetheError):
    """A refusal without a word why helps nobody."""

    code = "remark_required"
    message = _("Say why, in a few words.")
    hint = _("Whoever asked reads it, and the log keeps it.")


class NotHandable(LetheError):
    """Nothing of it may leave now."""

    code = "not_handable"
    status = 409
    message = _("Nothing of this export may be handed out now.")
    hint = _("Its page says what is missing.")


class ExportViolated(LetheError):
    """An urgent one that nobody approved in time, or that was refused."""

    code = "export_violated"
    status = 409
    message = _("This urgent export was not approved: nothing more of it may be handed out.")
    hint = _("An approver of the site has to decide on it.")


class HoldGone(LetheError):
    """What guards the footage does not stand any more."""

    code = "export_hold_gone"
    status = 409
    message = _("The hold that keeps the footage of this export has ended.")
    hint = _("Ask for it anew.")
