"""Why the desk cannot do something."""

from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError


class NotWaiting(LetheError):
    """Somebody else has looked at it meanwhile."""

    code = "request_not_screening"
    status = 409
    message = _("This request no longer waits to be looked at.")
    hint = _("Somebody else has accepted or refused it, or it was withdrawn.")


class NotTheirs(LetheError):
    """Given to somebody who may not work on requests there."""

    code = "request_assignee"
    status = 400
    message = _("This person does not work on requests at this site.")
    hint = _("Choose somebody from the list.")


class AppointmentOver(LetheError):
    """It was kept, missed or cancelled already, or its time is still to come."""

    code = "appointment_over"
    status = 409
    message = _("The appointment cannot be changed so.")
    hint = _("Kept or missed is said after its time; one that is over stays as it was.")


class FileGone(LetheError):
    """The file was destroyed: there is nothing to open."""

    code = "request_file_gone"
    status = 410
    message = _("The file of this request was destroyed.")
    hint = _("Its story stays; names, messages and letters are gone, in the backups too.")
