"""Why something made of footage is not kept or not shown."""

from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError


class DerivedGone(LetheError):
    """It has been removed or replaced, or it went with the footage that it was made of."""

    code = "derived_gone"
    status = 410
    message = _("This was made of footage that is no longer there, or it was removed.")
    hint = _("If the footage is still there, make it again.")
