"""Why footage is not shown."""

from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError


class ViewingClosed(LetheError):
    """The session has ended: by its viewer, by idleness, by its time or with the permission."""

    code = "viewing_closed"
    status = 403
    message = _("This viewing is closed, so no more pictures are sent.")
    hint = _("Open a new one and say why you need the pictures.")


class OutsideViewing(LetheError):
    """The camera or the time is not what this session was opened for."""

    code = "outside_viewing"
    status = 403
    message = _("This viewing was opened for other cameras or another time.")
    hint = _("Open a new viewing that covers what you need.")


class PurposeRequired(LetheError):
    """No purpose, or none that these cameras are registered for."""

    code = "purpose_required"
    status = 400
    message = _("Say for which purpose you need the pictures.")
    hint = _("Choose one of the purposes that these cameras are registered for.")


class PurposeChangesSpent(LetheError):
    """A viewing changes its purpose only so often: its last entry tells each of them."""

    code = "purpose_changes_spent"
    status = 409
    message = _("The purpose of this viewing has been changed as often as one viewing allows.")
    hint = _("Close it, open a new viewing, and say there why you need the pictures.")


class PurposeRetired(LetheError):
    """The purpose of a viewing was retired, or its cameras are no longer registered for it, meanwhile."""

    code = "purpose_retired"
    status = 409
    message = _("The purpose of this viewing is no longer in use, so it gets no more time.")
    hint = _("Change the purpose, and then extend it. Without that it goes on until its time is up.")


class SpanRefused(LetheError):
    """The span is empty, too long or holds nothing."""

    code = "span_refused"
    status = 400
    message = _("This span of time cannot be viewed.")
    hint = _("Choose an end after the start, and at most 31 days.")


class WindowRefused(LetheError):
    """A window of a playlist that is no span of time."""

    code = "window_refused"
    status = 400
    message = _("This is no span of time.")
    hint = _("Ask from a time to a later one, both with their time zone.")


class FootageExpired(LetheError):
    """Its retention has ended; nobody may see it any more, purged or not."""

    code = "footage_expired"
    status = 410
    message = _("This footage has reached the end of its retention and can no longer be shown.")
    hint = _("Nothing brings it back. The retention page has the certificate of its destruction.")


class HoldEnded(LetheError):
    """The hold that the viewing was opened from holds nothing any more."""

    code = "hold_ended"
    status = 410
    message = _("This hold has ended, so nothing opens through it any more.")
    hint = _(
        "What is past its retention is being destroyed. What is not opens from the camera's day as usual."
    )


class MasksUnreadable(LetheError):
    """What the register holds as the camera's privacy masks is none: nothing is shown rather than all."""

    code = "masks_unreadable"
    status = 409
    message = _("The privacy masks of this camera cannot be read, so no picture of it is sent.")
    hint = _("Have an administrator open the camera's masks on the register and save them anew.")


class MasksChanged(LetheError):
    """The address was made for other masks than the camera has now; the playlist has the new ones."""

    code = "masks_changed"
    status = 409
    message = _("The privacy masks of this camera were changed meanwhile.")
    hint = _("Load the playlist again; it has the addresses of the pictures as they are masked now.")


class OtherTerminal(LetheError):
    """The session was opened at another terminal; its entries name that one."""

    code = "other_terminal"
    status = 403
    message = _("This viewing was opened at another terminal.")
    hint = _("Open a new one here, so that the log says where the pictures went.")


class ViewingBusy(LetheError):
    """Other requests for the same camera are still waiting for the log."""

    code = "viewing_busy"
    status = 503
    message = _("The access log is slow, so the pictures have to wait.")
    hint = _("Try again in a moment. Nothing was sent.")
