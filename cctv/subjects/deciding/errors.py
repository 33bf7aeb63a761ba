"""Why a decision is not proposed, not approved, not sent."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError


class DecisionRefused(LetheError):
    """A proposal that does not hold together; `field` says which part of the form it is about."""

    code = "decision_refused"
    status = 400
    message = _("The decision is not complete yet.")
    hint = _("Fill in what is missing, and propose it again.")

    def __init__(self, field: str, message: "str | Promise") -> None:
        """`field`: a field of the form."""
        super().__init__(message=message)
        self.field = field


class NotDecidable(LetheError):
    """It is closed, decided without an objection, or something else is to be done first."""

    code = "request_not_decidable"
    status = 409
    message = _("This request cannot be decided on now.")
    hint = _("Look at its page: it is decided already, closed, or waits for something else.")


class NotObjectable(LetheError):
    """The time to object is over, or an objection waits already."""

    code = "request_not_objectable"
    status = 409
    message = _("This answer cannot be objected to now.")
    hint = _("An objection waits already, or the time for one is over. A new request is always possible.")


class DecisionWaits(LetheError):
    """There is a proposal, and it waits for the second person."""

    code = "decision_waits"
    status = 409
    message = _("A decision is proposed already.")
    hint = _("Somebody else approves it or gives it back; then another can be proposed.")


class OwnDecision(LetheError):
    """Whoever proposed it, or had a part in what was objected to."""

    code = "own_decision"
    status = 403
    message = _("You had a part in this decision, so somebody else approves it.")
    hint = _("An approver or another privacy officer finds it in the list of requests.")


class DecisionChanged(LetheError):
    """It is not what the page showed, or was decided on meanwhile."""

    code = "decision_changed"
    status = 409
    message = _("This decision is not what you have seen.")
    hint = _("Load the page again, and look at it once more.")


class RemarkMissing(LetheError):
    """Given back without a word."""

    code = "decision_remark"
    status = 400
    message = _("Say what is to be changed.")
    hint = _("Whoever proposed it reads the remark.")
