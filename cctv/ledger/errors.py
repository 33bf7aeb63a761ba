"""What can be wrong with a line."""

from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError


class LineIncomplete(LetheError):
    """A column that this kind of act must have is empty."""

    code = "ledger_line_incomplete"
    message = _("The ledger needs to know more about this act.")
    hint = _("Fill in to whom the footage goes, on which ground, and in which form.")


class TooManyLines(LetheError):
    """More than a document on paper is made of."""

    code = "ledger_too_many_lines"
    message = _("There are more lines than one document holds.")
    hint = _("Choose fewer days, or take them out as CSV.")
