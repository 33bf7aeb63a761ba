"""Why something cannot be done with a case or a letter."""

from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError


class CaseIsOver(LetheError):
    """It is closed, or being closed."""

    code = "case_closed"
    status = 409
    message = _("This case is closed, or being closed.")
    hint = _("Nothing more is added to it. Open a new case, and name this one in it.")


class CaseWaits(LetheError):
    """An export of it is still to be decided on, or its package is being made."""

    code = "case_waits"
    status = 409
    message = _("An export of this case is still waiting for a decision, or being packaged.")
    hint = _("Decide on it or withdraw it, then close the case.")


class CaseChanged(LetheError):
    """What closing would do is not what the page had said."""

    code = "case_changed"
    status = 409
    message = _("What closing this case would do has changed meanwhile.")
    hint = _("Look at the numbers again, then close it.")


class CaseSpanWrong(LetheError):
    """The span does not fit the case."""

    code = "case_span"
    message = _("The footage does not fit this case.")
    hint = _("Choose a camera of the same site, and an end after the beginning.")


class PaperRefused(LetheError):
    """No kind of file that is taken, or not what its name says."""

    code = "paper_refused"
    message = _("This kind of file is not taken.")
    hint = _("Send a PDF, JPEG, PNG, DOCX, a mail (EML) or a plain text, named for what it is.")


class PaperTooLarge(LetheError):
    """More than the bound."""

    code = "paper_too_large"
    status = 413
    message = _("This file is too large.")
    hint = _("A file may have 20 MB. Scan it with a lower resolution, or send it in parts.")


class PaperEmpty(LetheError):
    """Neither text nor file."""

    code = "paper_empty"
    message = _("There is neither a text nor a file.")
    hint = _("Write what it says, or choose the file.")


class PaperGone(LetheError):
    """Its key was destroyed at the end of its time, or it never had a file."""

    code = "paper_gone"
    status = 410
    message = _("What this letter said is no longer kept.")
    hint = _("Its key was destroyed at the end of its time.")
