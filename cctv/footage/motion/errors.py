"""Why a question about motion is refused."""

from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError


class MotionRefused(LetheError):
    """No span of the viewing, or no region of the picture."""

    code = "motion_refused"
    status = 400
    message = _("This cannot be searched for motion.")
    hint = _("Choose a stretch of time within the viewing, and a region of the picture that is not masked.")
