"""Why restricted footage is not shown, and why a restriction is not placed or lifted."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError
from cctv.templatetags import _times

if TYPE_CHECKING:
    from cctv.footage.restrictions.models import Restriction
    from cctv.sites.models import Camera


class FootageRestricted(LetheError):
    """Nobody may see this for now. Says which stretch and since when; never on whose account."""

    code = "footage_restricted"
    status = 403
    message = _("This footage may not be shown for now.")
    hint = _("It stays where it is. Ask the privacy officer when it may be shown again.")

    def __init__(self, camera: "Camera | None" = None, restriction: "Restriction | None" = None) -> None:
        """`restriction` is in force over some of what was asked for of the camera."""
        if camera is None or restriction is None:
            super().__init__()
            return
        zone = camera.site.time_zone
        says: dict[str, Any] = {
            "camera": camera.name,
            "span": _span(restriction.starts_at, restriction.ends_at, zone),
            "since": _times.absolute(_times.localise(restriction.placed_at, zone), "datetime"),
        }
        super().__init__(
            _now("%(camera)s, %(span)s, may not be shown for now.") % says,
            hint=_now(
                "It was restricted on %(since)s and stays where it is. Ask the privacy officer when it may"
                " be shown again."
            )
            % says,
        )


def _span(start: datetime, end: datetime, zone: str) -> str:
    return " ".join(_times.span(_times.localise(start, zone), _times.localise(end, zone), seconds=True))


class RestrictionRefused(LetheError):
    """What was asked for cannot be restricted: no camera, another site's, an empty span, no such ground."""

    code = "restriction_refused"
    status = 400
    message = _("This cannot be restricted.")
    hint = _("Choose cameras of one site, an end after the start, and say why.")


class RestrictionOver(LetheError):
    """Somebody lifted it before."""

    code = "restriction_over"
    status = 409
    message = _("This restriction has been lifted already.")
    hint = _("Its page says by whom and why. If the footage must not be shown again, place a new one.")


class LiftReasonRequired(LetheError):
    """A restriction is lifted for a reason that somebody can read later."""

    code = "reason_required"
    status = 400
    message = _("Say why, in a few words.")
    hint = _("Whoever looks at this later has only these words.")
